#include "services/chatbot/poster.h"

#include "base/log.h"
#include "services/chatbot/limits.h"
#include "services/chatbot/slack_message.h"

namespace unkai::services::chatbot {

namespace {

std::string encoded(const SlackDelivery& delivery) {
    std::string out;
    store::Codec<SlackDelivery>::encode(out, delivery);
    return out;
}

bool subscribes(const Channel& channel, const std::string& topic, const std::string& subscription) {
    const auto found = channel.topics.find(topic);
    return found != channel.topics.end() && found->second == subscription;
}

// Trying again may help: Slack's limits and troubles, and what a person can mend meanwhile.
bool may_mend(const Result<WebhookAnswer>& answer) {
    return !answer || answer->status == 429 || answer->status >= 500;
}

std::string problem_of(const Result<WebhookAnswer>& answer) {
    if (!answer) return answer.error().message;
    if (answer->status / 100 == 2) return {};
    return "Slack's webhook answered " + std::to_string(answer->status) + " " +
           answer->body.substr(0, 200) + ".";
}

}  // namespace

bool Poster::wants(std::string_view name, std::string_view) const { return name == host; }

Task<void> Poster::handle(net::Exchange& exchange) {
    if (exchange.request().method != "POST") {
        (void)co_await exchange.respond(405, "SNS posts notifications here.\n");
        co_return;
    }
    const auto arn = exchange.request().headers.get("x-amz-sns-subscription-arn");
    const std::string subscription(arn ? *arn : std::string_view());
    auto body = co_await exchange.read_all(limits::notification_bytes);
    if (!body) {
        (void)co_await exchange.respond(413, body.error().message + "\n");
        co_return;
    }
    const auto taken = co_await take(subscription, *std::move(body));
    const int status = taken ? 200 : taken.error().status;
    (void)co_await exchange.respond(status, taken ? "" : taken.error().message + "\n");
}

Task<Result<size_t>> Poster::take(std::string subscription_arn, std::string body) {
    CO_TRY(const wire::Json envelope, wire::Json::parse(body));
    const std::string topic = envelope["TopicArn"].string_or("");
    store::Txn txn = store_.begin();
    std::vector<int64_t> made;
    size_t channels = 0;
    const auto text = slack_message(envelope["Message"].string_or(""));
    for (const auto& [key, channel] : schema::channels.list(txn)) {
        if (!subscribes(channel, topic, subscription_arn)) continue;
        ++channels;
        if (!text) {
            log::info("chatbot: a notification is of no kind that AWS Chatbot shows",
                      {{"channel", channel.name}, {"topic", topic}});
            continue;
        }
        const SlackDelivery message{std::get<0>(key), channel.name, *text};
        made.push_back(outbox_.add(txn, {.lane = channel.team_id + "/" + channel.channel_id,
                                         .order = std::get<0>(key) + "/" + channel.name,
                                         .body = encoded(message)}));
    }
    if (channels == 0)
        co_return fail(
            "UnknownSubscription",
            "No Slack channel configuration has this subscription of the topic " + topic + ".",
            403);
    if (!made.empty()) CO_REQUIRE(co_await store_.commit(txn));
    for (const int64_t id : made) outbox_.begin(id);
    co_return made.size();
}

Task<Result<WebhookAnswer>> Poster::post(const Channel& channel, SlackDelivery message) {
    CO_TRY(const std::string url,
           co_await addresses_.find(message.account, channel.team_id, channel.channel_id));
    co_return co_await webhooks_.post(url, message.text);
}

Task<void> Poster::note(std::string account, std::string name, std::string problem) {
    store::Txn txn = store_.begin();
    auto channel = schema::channels.get(txn, {account, name});
    if (!channel || channel->problem == problem) co_return;
    channel->problem = problem;
    schema::channels.put(txn, {account, name}, *channel);
    (void)co_await store_.commit(txn);  // A store that refuses says so elsewhere.
}

Task<aws::Outcome> Poster::deliver(aws::Delivery delivery) {
    SlackDelivery message;
    CHECK(store::Codec<SlackDelivery>::decode(delivery.body, message), "a damaged delivery");
    std::optional<Channel> channel;
    {
        store::Txn txn = store_.begin();
        channel = schema::channels.get(txn, {message.account, message.name});
    }
    if (!channel) co_return aws::Outcome{};  // It was deleted meanwhile.
    const auto answer = co_await post(*channel, message);
    const std::string problem = problem_of(answer);
    const bool over = env_.now() - delivery.made > limits::delivery_time;
    const bool again = !problem.empty() && may_mend(answer) && !over;
    if (!problem.empty())
        log::warn(again ? "chatbot: Slack does not have a message yet"
                        : "chatbot: a message for Slack is given up",
                  {{"channel", message.name}, {"why", problem}});
    co_await note(message.account, message.name, problem);
    if (!again) co_return aws::Outcome{};
    co_return aws::Outcome{.done = false,
                           .retry = aws::back_off(delivery.attempts, limits::first_pause,
                                                  limits::slowest_pause, env_.random)};
}

std::vector<std::string> Poster::findings() const {
    std::vector<std::string> out;
    store::Txn txn = store_.begin();
    for (const auto& [key, channel] : schema::channels.list(txn))
        if (!channel.problem.empty())
            out.push_back("Slack channel configuration " + channel.name + ": " + channel.problem);
    return out;
}

}  // namespace unkai::services::chatbot
