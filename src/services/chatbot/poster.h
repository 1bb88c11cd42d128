// From SNS to Slack: takes notifications in, and posts them to the channels' webhooks.
//
//     front_door.add_host(poster);          // https://global.sns-api.chatbot.amazonaws.com
//     scope.spawn(poster.run(stop));
//
// A notification is answered 200 when the messages for all its channels are durable; it must bear
// the ARN of a subscription that a channel made. Messages are tried for an hour, with pauses, while
// Slack does not answer or no webhook's address is known; what Slack refuses (4XX but 429) is given
// up. Either way the channel's StateReason, the log and `unkai doctor` say what is wrong.
#pragma once

#include "aws/deliveries.h"
#include "aws/front_door.h"
#include "services/chatbot/schema.h"
#include "services/chatbot/webhook.h"

namespace unkai::services::chatbot {

class Poster final : public aws::HostHandler, public aws::Deliverer {
public:
    static constexpr std::string_view host = "global.sns-api.chatbot.amazonaws.com";
    static constexpr std::string_view endpoint = "https://global.sns-api.chatbot.amazonaws.com";

    Poster(Env& env, store::Store& store, WebhookAddresses& addresses, Webhooks& webhooks)
        : env_(env),
          store_(store),
          addresses_(addresses),
          webhooks_(webhooks),
          outbox_(env, store, schema::outbox, *this) {}

    bool wants(std::string_view name, std::string_view path) const override;
    Task<void> handle(net::Exchange& exchange) override;
    // What handle() does with the body; for tests. The number of channels that get it.
    Task<Result<size_t>> take(std::string subscription_arn, std::string body);

    Task<aws::Outcome> deliver(aws::Delivery delivery) override;
    Task<void> run(Stop& stop) { return outbox_.run(stop); }
    void forget() { outbox_.forget(); }
    // Channels whose latest delivery failed, a sentence each.
    std::vector<std::string> findings() const;

private:
    Task<Result<WebhookAnswer>> post(const Channel& channel, SlackDelivery message);
    Task<void> note(std::string account, std::string name, std::string problem);

    Env& env_;
    store::Store& store_;
    WebhookAddresses& addresses_;
    Webhooks& webhooks_;
    aws::Deliveries outbox_;
};

}  // namespace unkai::services::chatbot
