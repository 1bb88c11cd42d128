// CloudWatch, and AWS Chatbot, which brings its alarms to Slack.
#include "aws/client.h"
#include "aws/front_door.h"
#include "parts.h"
#include "services/chatbot/chatbot.h"
#include "services/chatbot/poster.h"
#include "services/cloudwatch/cloudwatch.h"
#include "services/cloudwatch/evaluator.h"
#include "services/cloudwatch/notifier.h"
#include "services/cloudwatch/roller.h"
#include "wire/json.h"

namespace unkai {

namespace {

class MetricsPart final : public Part {
public:
    explicit MetricsPart(const Surroundings& around)
        : account_(around.account),
          evaluator_(around.env, around.store),
          notifier_(around.env, around.store, around.client),
          roller_(around.env, around.store),
          webhooks_(around.env),
          addresses_(around.client, around.region),
          poster_(around.env, around.store, addresses_, webhooks_),
          chatbot_(around.client, addresses_) {
        around.front_door.add_host(poster_);
        around.front_door.add_control(
            "slack", [this](std::string body) { return set_webhook(std::move(body)); });
    }

    std::vector<BoundService> services() override {
        return {api::cloudwatch::bind(cloudwatch_), api::chatbot::bind(chatbot_)};
    }
    Task<Status> start() override {
        background_.spawn(evaluator_.run(stop_));
        background_.spawn(notifier_.run(stop_));
        background_.spawn(roller_.run(stop_));
        background_.spawn(poster_.run(stop_));
        co_return ok();
    }
    Task<void> stop() override {
        stop_.request();
        co_await background_.join();
        webhooks_.close();
    }
    Task<void> reset() override {
        poster_.forget();
        co_return;
    }
    std::vector<std::string> findings() const override { return poster_.findings(); }

private:
    // unkai slack TEAM CHANNEL URL
    Task<Result<std::string>> set_webhook(std::string body) {
        CO_TRY(const wire::Json wanted, wire::Json::parse(body));
        CO_REQUIRE(co_await addresses_.set(account_, wanted["team"].string_or(""),
                                           wanted["channel"].string_or(""),
                                           wanted["url"].string_or("")));
        co_return std::string("{}");
    }

    const std::string account_;
    services::cloudwatch::CloudWatch cloudwatch_;
    services::cloudwatch::Evaluator evaluator_;
    services::cloudwatch::Notifier notifier_;
    services::cloudwatch::Roller roller_;
    services::chatbot::RealWebhooks webhooks_;
    services::chatbot::WebhookAddresses addresses_;
    services::chatbot::Poster poster_;
    services::chatbot::Chatbot chatbot_;
    Stop stop_;
    Scope background_;
};

}  // namespace

std::unique_ptr<Part> make_metrics(const Surroundings& around) {
    return std::make_unique<MetricsPart>(around);
}

}  // namespace unkai
