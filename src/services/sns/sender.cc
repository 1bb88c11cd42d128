#include "services/sns/sender.h"

#include "api/lambda.h"
#include "api/sqs.h"
#include "base/log.h"
#include "base/strings.h"
#include "services/sns/attributes.h"
#include "services/sns/limits.h"

namespace unkai::services::sns {

namespace {

std::string attribute_of(const StoredSubscription& subscription, const char* name) {
    const auto found = subscription.attributes.find(name);
    return found == subscription.attributes.end() ? "" : found->second;
}

bool is_raw(const StoredSubscription& subscription) {
    return to_lower(attribute_of(subscription, "RawMessageDelivery")) == "true";
}

// In the topic's name; the queue's or function's region.
aws::Caller sns_for(const std::string& topic_arn, const ArnParts& target) {
    aws::Caller caller =
        aws::service_caller("sns.amazonaws.com", parts_of(topic_arn).account, target.region);
    caller.principal.arn = topic_arn;
    return caller;
}

// Whether trying again may help.
bool may_pass(const Error& error) {
    return error.status >= 500 || error.status == 429 || error.is("OverLimit") ||
           error.is("TooManyRequestsException");
}

bool is_near(std::string_view url) {
    const size_t at = url.find("://");
    const std::string_view rest = at == url.npos ? url : url.substr(at + 3);
    return rest.starts_with("localhost") || rest.starts_with("127.") || rest.starts_with("[::1]");
}

std::string queue_url(const ArnParts& queue) {
    return "https://sqs." + queue.region + ".amazonaws.com/" + queue.account + "/" + queue.name;
}

}  // namespace

ArnParts parts_of(std::string_view arn) {
    const auto parts = split(arn, ':');
    if (parts.size() < 6) return {};
    std::string name(parts[5]);
    for (size_t i = 6; i < parts.size(); ++i) name.append(":").append(parts[i]);
    return {std::string(parts[4]), std::string(parts[3]), std::move(name)};
}

Sender::Sender(Env& env, store::Store& store, aws::Client& client, Outside& outside,
               std::string local_url)
    : env_(env),
      store_(store),
      client_(client),
      outside_(outside),
      local_url_(std::move(local_url)),
      outbox_(env, store, schema::deliveries, *this) {}

void Sender::owe(aws::Call& call, const StoredSubscription& subscription,
                 Notification notification) {
    notification.subscription_arn = subscription.arn;
    aws::Delivery delivery{.lane = subscription.arn};
    if (!notification.sequence.empty())
        delivery.order = subscription.arn + "\n" + notification.group;
    store::Codec<Notification>::encode(delivery.body, notification);
    outbox_.add(call, std::move(delivery));
}

// Subscriptions of one topic share it, and signing is dear.
Task<std::string> Sender::signature(std::string text, std::string version) {
    constexpr size_t most_kept = 64;
    const std::string key = version + text;
    for (const auto& [known, signature] : signatures_)
        if (known == key) co_return signature;
    const auto signer = signer_;
    std::string made = co_await env_.workers.run(
        [signer, text = std::move(text), version] { return signer->sign(text, version); });
    signatures_.emplace_front(key, made);
    if (signatures_.size() > most_kept) signatures_.pop_back();
    co_return made;
}

Task<Envelope> Sender::envelope(const Notification& notification,
                                const StoredSubscription& subscription) {
    const ArnParts topic = parts_of(notification.topic_arn);
    const bool near = is_near(subscription.endpoint) || subscription.protocol.starts_with("email");
    const std::string plain = near ? local_url_ + "/SimpleNotificationService"
                                   : "https://sns." + topic.region + ".amazonaws.com";
    Envelope out{.notification = notification,
                 .message = message_for(notification, subscription.protocol),
                 .token = subscription.token};
    store::Txn txn = store_.begin();
    if (const auto stored = schema::topics.get(txn, {topic.account, topic.region, topic.name}))
        if (const auto version = stored->attributes.find("SignatureVersion");
            version != stored->attributes.end())
            out.signature_version = version->second;
    out.subscribe_url =
        plain + "/?Action=ConfirmSubscription&TopicArn=" + percent_encode(notification.topic_arn) +
        "&Token=" + subscription.token;
    out.unsubscribe_url =
        plain + "/?Action=Unsubscribe&SubscriptionArn=" + percent_encode(subscription.arn);
    out.certificate_url = (near ? local_url_ : plain) + "/" + (signer_ ? signer_->file_name() : "");
    if (signer_) {
        // Awaited on its own line: `out` must not be half assigned meanwhile.
        std::string made = co_await signature(text_to_sign(out), out.signature_version);
        out.signature = std::move(made);
    }
    co_return out;
}

Task<Status> Sender::to_queue(const Notification& notification,
                              const StoredSubscription& subscription) {
    const ArnParts queue = parts_of(subscription.endpoint);
    api::sqs::SendMessageInput in{.queue_url = queue_url(queue)};
    if (is_raw(subscription)) {
        in.message_body = message_for(notification, "sqs");
        if (notification.attributes.size() > limits::sqs_attributes)
            co_return fail("TooManyAttributes",
                           "A raw message with more than 10 attributes does not fit into SQS.",
                           400);
        for (const auto& [name, attribute] : notification.attributes) {
            api::sqs::MessageAttributeValue value{.data_type = attribute.type};
            if (value.data_type == "String.Array") value.data_type = "String";
            const bool binary = attribute.type.starts_with("Binary");
            (binary ? value.binary_value : value.string_value) = attribute.value;
            in.message_attributes[name] = std::move(value);
        }
    } else {
        const Envelope made = co_await envelope(notification, subscription);
        in.message_body = envelope_json(made).dump_pretty();
    }
    if (!notification.group.empty()) in.message_group_id = notification.group;
    if (queue.name.ends_with(".fifo")) {
        if (!in.message_group_id) in.message_group_id = notification.topic_arn.substr(0, 128);
        in.message_deduplication_id =
            notification.deduplication.empty() ? notification.id : notification.deduplication;
    }
    CO_REQUIRE(co_await client_.call<api::sqs::op::SendMessage>(
        sns_for(notification.topic_arn, queue), std::move(in)));
    co_return ok();
}

Task<Status> Sender::to_function(const Notification& notification,
                                 const StoredSubscription& subscription) {
    const Envelope made = co_await envelope(notification, subscription);
    api::lambda::InvokeInput in{.function_name = subscription.endpoint,
                                .invocation_type = "Event",
                                .payload = lambda_event(made).dump()};
    CO_REQUIRE(co_await client_.call<api::lambda::op::Invoke>(
        sns_for(notification.topic_arn, parts_of(subscription.endpoint)), std::move(in)));
    co_return ok();
}

Task<Status> Sender::to_web(const Notification& notification,
                            const StoredSubscription& subscription) {
    const Envelope made = co_await envelope(notification, subscription);
    const bool raw = is_raw(subscription) && notification.type == "Notification";
    Outside::Post post{.url = subscription.endpoint,
                       .headers = {{"x-amz-sns-message-type", notification.type},
                                   {"x-amz-sns-message-id", notification.id},
                                   {"x-amz-sns-topic-arn", notification.topic_arn},
                                   {"content-type", "text/plain; charset=UTF-8"},
                                   {"user-agent", "Amazon Simple Notification Service Agent"}},
                       .body = raw ? made.message : envelope_json(made).dump_pretty()};
    if (notification.type == "Notification")
        post.headers.emplace_back("x-amz-sns-subscription-arn", subscription.arn);
    if (raw) post.headers.emplace_back("x-amz-sns-rawdelivery", "true");
    CO_TRY(const int status, co_await outside_.post(std::move(post)));
    if (status >= 200 && status < 300) co_return ok();
    co_return fail("EndpointRefused",
                   subscription.endpoint + " answered " + std::to_string(status) + ".",
                   status >= 400 && status < 500 ? status : 502);
}

Task<Status> Sender::to_mailbox(const Notification& notification,
                                const StoredSubscription& subscription, std::string name) {
    const Envelope made = co_await envelope(notification, subscription);
    const bool confirm = notification.type != "Notification";
    std::string text;
    if (subscription.protocol == "email-json")
        text = envelope_json(made).dump_pretty();
    else if (confirm)
        text = "You have chosen to subscribe to the topic:\n" + notification.topic_arn +
               "\n\nTo confirm this subscription, open this address:\n" + made.subscribe_url;
    else
        text = made.message + "\n\n--\nTo stop receiving notifications from this topic:\n" +
               made.unsubscribe_url;
    std::string subject = notification.subject;
    if (subject.empty())
        subject =
            confirm ? "AWS Notification - Subscription Confirmation" : "AWS Notification Message";
    co_return co_await outside_.mail(
        std::move(name),
        "From: AWS Notifications <no-reply@sns.amazonaws.com>\nTo: " + subscription.endpoint +
            "\nSubject: " + subject + "\nDate: " + http_date(notification.sent) +
            "\nMessage-ID: <" + notification.id +
            "@sns.amazonaws.com>\nMIME-Version: 1.0\nContent-Type: text/plain; "
            "charset=UTF-8\n\n" +
            text + "\n");
}

Task<Status> Sender::to_dead_letters(const Notification& notification,
                                     const StoredSubscription& subscription, Error why) {
    const auto policy = wire::Json::parse(attribute_of(subscription, "RedrivePolicy"));
    if (!policy) {
        log::info("sns: a notification was given up",
                  {{"subscription", subscription.arn}, {"error", why.message}});
        co_return ok();
    }
    const ArnParts queue = parts_of((*policy)["deadLetterTargetArn"].string_or(""));
    const Envelope made = co_await envelope(notification, subscription);
    api::sqs::SendMessageInput in{.queue_url = queue_url(queue)};
    in.message_body = is_raw(subscription) ? made.message : envelope_json(made).dump_pretty();
    in.message_attributes["ErrorCode"] = {.string_value = why.code, .data_type = "String"};
    in.message_attributes["ErrorMessage"] = {
        .string_value = why.message.empty() ? why.code : why.message, .data_type = "String"};
    in.message_attributes["RequestID"] = {.string_value = notification.id, .data_type = "String"};
    if (queue.name.ends_with(".fifo")) {
        in.message_group_id = notification.group.empty() ? notification.id : notification.group;
        in.message_deduplication_id = notification.id;
    }
    const auto sent = co_await client_.call<api::sqs::op::SendMessage>(
        sns_for(notification.topic_arn, queue), std::move(in));
    if (sent || may_pass(sent.error())) co_return sent ? ok() : Status(sent.error());
    log::warn("sns: the dead-letter queue refused a notification",
              {{"subscription", subscription.arn}, {"error", sent.error().message}});
    co_return ok();
}

Task<Status> Sender::bring(Notification notification, StoredSubscription subscription,
                           aws::Delivery delivery) {
    const std::string& protocol = subscription.protocol;
    if (protocol == "sqs") co_return co_await to_queue(notification, subscription);
    if (protocol == "lambda") co_return co_await to_function(notification, subscription);
    if (protocol.starts_with("http")) co_return co_await to_web(notification, subscription);
    co_return co_await to_mailbox(notification, subscription,
                                  std::to_string(micros(delivery.made)) + "." + notification.id +
                                      "." +
                                      subscription.arn.substr(subscription.arn.rfind(':') + 1));
}

Task<aws::Outcome> Sender::deliver(aws::Delivery delivery) {
    Notification notification;
    const bool good = store::Codec<Notification>::decode(delivery.body, notification);
    CHECK(good, "a damaged notification in the store");
    store::Txn txn = store_.begin();
    const auto subscription =
        schema::subscriptions.get(txn, {notification.topic_arn, notification.subscription_arn});
    const bool plain = notification.type == "Notification";
    // Unsubscribed meanwhile; or confirmed already.
    if (!subscription || subscription->pending == plain) co_return aws::Outcome{};
    const Status brought = co_await bring(notification, *subscription, delivery);
    if (brought) {
        if (plain) count(notification.topic_arn, "NumberOfNotificationsDelivered");
        co_return aws::Outcome{};
    }
    std::string policy = attribute_of(*subscription, "DeliveryPolicy");
    if (policy.empty()) {
        const ArnParts topic = parts_of(notification.topic_arn);
        txn = store_.begin();
        if (const auto stored = schema::topics.get(txn, {topic.account, topic.region, topic.name}))
            if (const auto own = stored->attributes.find("DeliveryPolicy");
                own != stored->attributes.end())
                policy = own->second;
    }
    const auto retry = retry_after(subscription->protocol, delivery.attempts + 1, policy);
    if (may_pass(brought.error()) && retry) co_return aws::Outcome{false, *retry};
    if (plain) count(notification.topic_arn, "NumberOfNotificationsFailed");
    const Status buried = co_await to_dead_letters(notification, *subscription, brought.error());
    if (!buried) co_return aws::Outcome{false, 20s};
    co_return aws::Outcome{};
}

Task<Status> Sender::sweep() {
    store::Txn txn = store_.begin();
    for (const auto& [key, duplicate] : schema::duplicates.list(txn))
        if (duplicate.sent + limits::deduplication < env_.now()) schema::duplicates.erase(txn, key);
    for (const auto& [key, subscription] : schema::subscriptions.list(txn))
        if (subscription.pending && subscription.created + limits::confirmation < env_.now())
            schema::subscriptions.erase(txn, key);
    co_return co_await store_.commit(txn);
}

void Sender::count(const std::string& topic_arn, std::string_view metric, double value,
                   std::string_view unit) {
    const ArnParts topic = parts_of(topic_arn);
    auto& metrics = metrics_.try_emplace({topic.account, topic.region}, "AWS/SNS").first->second;
    metrics.add(metric, {{"TopicName", topic.name}}, unit, value);
}

Task<void> Sender::publish_metrics() {
    for (auto& [place, metrics] : metrics_) {
        if (metrics.empty()) continue;
        const auto caller = aws::service_caller("sns.amazonaws.com", place.first, place.second);
        const Status put = co_await metrics.publish(client_, caller, env_.now());
        if (!put) log::debug("sns: metrics were refused", {{"error", put.error().message}});
    }
}

Task<void> Sender::run(Stop& stop) {
    while (co_await env_.loop.sleep(std::chrono::minutes(1), &stop)) {
        if (const Status swept = co_await sweep(); !swept)
            log::warn("sns: sweeping failed", {{"error", swept.error().message}});
        co_await publish_metrics();
    }
}

}  // namespace unkai::services::sns
