#include "aws/paging.h"
#include "services/sns/attributes.h"
#include "services/sns/limits.h"
#include "services/sns/sns.h"

namespace unkai::services::sns {

namespace {

// AWS Chatbot, and everything within AWS, needs no handshake.
bool needs_confirmation(const StoredSubscription& subscription) {
    if (subscription.protocol == "sqs" || subscription.protocol == "lambda") return false;
    return !subscription.endpoint.starts_with("https://global.sns-api.chatbot.amazonaws.com");
}

std::string topic_of(const std::string& subscription_arn) {
    return subscription_arn.substr(0, subscription_arn.rfind(':'));
}

api::sns::Subscription describe(const StoredSubscription& subscription) {
    return {.subscription_arn = subscription.pending ? "PendingConfirmation" : subscription.arn,
            .owner = subscription.owner,
            .protocol = subscription.protocol,
            .endpoint = subscription.endpoint,
            .topic_arn = subscription.topic_arn};
}

}  // namespace

Result<StoredSubscription> find_subscription(aws::Call& call, const std::string& arn) {
    if (!arn.starts_with("arn:aws:sns:") || split(arn, ':').size() != 7)
        return invalid_parameter("SubscriptionArn",
                                 "An ARN must have at least 7 elements, not " + arn);
    auto found = schema::subscriptions.get(call.txn(), {topic_of(arn), arn});
    if (!found) return errors::NotFoundException("Subscription does not exist");
    return *std::move(found);
}

void put_subscription(aws::Call& call, const StoredSubscription& subscription) {
    schema::subscriptions.put(call.txn(), {subscription.topic_arn, subscription.arn}, subscription);
}

// Before a subscription gets its first filter policy.
static Status check_filters(aws::Call& call, const StoredSubscription& made) {
    if (!made.attributes.contains("FilterPolicy")) return ok();
    size_t of_topic = 0, of_account = 0;
    for (const auto& [key, row] : schema::subscriptions.list(call.txn())) {
        if (row.arn == made.arn || !row.attributes.contains("FilterPolicy")) continue;
        of_topic += row.topic_arn == made.topic_arn ? 1 : 0;
        of_account += row.owner == made.owner ? 1 : 0;
    }
    if (of_topic < limits::filters_of_topic && of_account < limits::filters_of_account) return ok();
    return errors::FilterPolicyLimitExceededException(
        "A topic has at most 200 filter policies, an account 10,000.");
}

Result<SubscribeOutput> Sns::Subscribe(aws::Call& call, const SubscribeInput& in) {
    TRY(const StoredTopic topic, find_topic(call, in.topic_arn));
    const std::string endpoint = in.endpoint.value_or("");
    REQUIRE(check_endpoint(in.protocol, endpoint, is_fifo(topic)));
    StoredSubscription made{.topic_arn = in.topic_arn,
                            .protocol = in.protocol,
                            .endpoint = endpoint,
                            .owner = call.account,
                            .created = call.now};
    for (const auto& [name, value] : in.attributes) {
        REQUIRE(check_subscription_attribute(name, value));
        if (!value.empty() && !(name == "FilterPolicy" && value == "{}"))
            made.attributes[name] = value;
    }
    const auto rows = schema::subscriptions.list(call.txn(), in.topic_arn);
    const bool tell = in.return_subscription_arn.value_or(false);
    for (const auto& [key, row] : rows) {
        if (row.protocol != made.protocol || row.endpoint != made.endpoint) continue;
        for (const auto& [name, value] : made.attributes)
            if (const auto had = row.attributes.find(name);
                had == row.attributes.end() || had->second != value)
                return invalid_parameter("Attributes",
                                         "Subscription already exists with different attributes");
        return SubscribeOutput{.subscription_arn =
                                   row.pending && !tell ? "pending confirmation" : row.arn};
    }
    if (rows.size() >= limits::subscriptions)
        return errors::SubscriptionLimitExceededException(
            "The topic has 10,000 subscriptions. Remove some.");
    REQUIRE(check_filters(call, made));
    made.arn = in.topic_arn + ":" + call.env.random.uuid();
    made.token = call.env.random.hex(64);
    made.pending = needs_confirmation(made);
    put_subscription(call, made);
    if (!made.pending) return SubscribeOutput{.subscription_arn = made.arn};
    sender_.owe(call, made,
                {.topic_arn = in.topic_arn,
                 .type = "SubscriptionConfirmation",
                 .id = call.env.random.uuid(),
                 .message = "You have chosen to subscribe to the topic " + in.topic_arn +
                            ".\nTo confirm the subscription, visit the SubscribeURL included in "
                            "this message.",
                 .sent = call.now});
    return SubscribeOutput{.subscription_arn = tell ? made.arn : "pending confirmation"};
}

Result<ConfirmSubscriptionOutput> Sns::ConfirmSubscription(aws::Call& call,
                                                           const ConfirmSubscriptionInput& in) {
    call.region = parts_of(in.topic_arn).region;  // Without a signature none was named.
    REQUIRE(find_topic(call, in.topic_arn));
    for (auto& [key, subscription] : schema::subscriptions.list(call.txn(), in.topic_arn)) {
        if (in.token.empty() || subscription.token != in.token) continue;
        if (subscription.pending) {
            subscription.pending = false;
            subscription.authenticated = call.principal.kind != aws::Principal::Kind::anonymous &&
                                         in.authenticate_on_unsubscribe.value_or("false") == "true";
            put_subscription(call, subscription);
        }
        return ConfirmSubscriptionOutput{.subscription_arn = subscription.arn};
    }
    return invalid_parameter("Token", "The token is unknown, or older than two days.");
}

Result<UnsubscribeOutput> Sns::Unsubscribe(aws::Call& call, const UnsubscribeInput& in) {
    auto found = find_subscription(call, in.subscription_arn);
    if (!found && found.error().is("NotFound")) return UnsubscribeOutput{};
    if (!found) return found.error();
    if (found->authenticated && call.principal.kind == aws::Principal::Kind::anonymous)
        return errors::AuthorizationErrorException(
            "This subscription was confirmed with AuthenticateOnUnsubscribe: sign the request.");
    schema::subscriptions.erase(call.txn(), {found->topic_arn, found->arn});
    return UnsubscribeOutput{};
}

Result<ListSubscriptionsOutput> Sns::ListSubscriptions(aws::Call& call,
                                                       const ListSubscriptionsInput& in) {
    const std::string prefix = call.arn("sns", "");
    std::vector<StoredSubscription> rows;
    for (auto& [key, row] : schema::subscriptions.list(call.txn()))
        if (row.topic_arn.starts_with(prefix)) rows.push_back(std::move(row));
    TRY(const auto page, aws::page(
                             rows, [](const auto& row) { return row.arn; }, in.next_token,
                             limits::listed, "InvalidParameter"));
    ListSubscriptionsOutput out;
    for (const auto* row : page.items) out.subscriptions.push_back(describe(*row));
    out.next_token = page.next;
    return out;
}

Result<ListSubscriptionsByTopicOutput> Sns::ListSubscriptionsByTopic(
    aws::Call& call, const ListSubscriptionsByTopicInput& in) {
    REQUIRE(find_topic(call, in.topic_arn));
    const auto rows = schema::subscriptions.list(call.txn(), in.topic_arn);
    TRY(const auto page, aws::page(
                             rows, [](const auto& row) { return row.second.arn; }, in.next_token,
                             limits::listed, "InvalidParameter"));
    ListSubscriptionsByTopicOutput out;
    for (const auto* row : page.items) out.subscriptions.push_back(describe(row->second));
    out.next_token = page.next;
    return out;
}

Result<GetSubscriptionAttributesOutput> Sns::GetSubscriptionAttributes(
    aws::Call& call, const GetSubscriptionAttributesInput& in) {
    TRY(const StoredSubscription subscription, find_subscription(call, in.subscription_arn));
    GetSubscriptionAttributesOutput out;
    for (const auto& [name, value] : subscription.attributes) out.attributes[name] = value;
    out.attributes["SubscriptionArn"] = subscription.arn;
    out.attributes["TopicArn"] = subscription.topic_arn;
    out.attributes["Protocol"] = subscription.protocol;
    out.attributes["Endpoint"] = subscription.endpoint;
    out.attributes["Owner"] = subscription.owner;
    out.attributes["PendingConfirmation"] = subscription.pending ? "true" : "false";
    out.attributes["ConfirmationWasAuthenticated"] =
        subscription.authenticated || !needs_confirmation(subscription) ? "true" : "false";
    out.attributes.try_emplace("RawMessageDelivery", "false");
    out.attributes["SubscriptionPrincipal"] = "arn:aws:iam::" + subscription.owner + ":root";
    if (subscription.attributes.contains("FilterPolicy"))
        out.attributes.try_emplace("FilterPolicyScope", "MessageAttributes");
    return out;
}

Result<SetSubscriptionAttributesOutput> Sns::SetSubscriptionAttributes(
    aws::Call& call, const SetSubscriptionAttributesInput& in) {
    TRY(StoredSubscription subscription, find_subscription(call, in.subscription_arn));
    const std::string value = in.attribute_value.value_or("");
    REQUIRE(check_subscription_attribute(in.attribute_name, value));
    if (value.empty() || (in.attribute_name == "FilterPolicy" && value == "{}"))
        subscription.attributes.erase(in.attribute_name);
    else
        subscription.attributes[in.attribute_name] = value;
    if (in.attribute_name == "FilterPolicy") REQUIRE(check_filters(call, subscription));
    put_subscription(call, subscription);
    return SetSubscriptionAttributesOutput{};
}

}  // namespace unkai::services::sns
