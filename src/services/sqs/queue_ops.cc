#include "aws/paging.h"
#include "aws/policy.h"
#include "base/strings.h"
#include "services/sqs/limits.h"
#include "services/sqs/sqs.h"

namespace unkai::services::sqs {

namespace {

Unexpected no_such_queue() {
    return unexpected(errors::QueueDoesNotExist("The specified queue does not exist."));
}

// Services that deliver in their own name need the queue's leave; those that act with a role of the
// account (Lambda, EventBridge Scheduler) have it as the account has.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/
// sqs-basic-examples-of-sqs-policies.html
bool needs_policy(const aws::Principal& principal, const LiveQueue& queue) {
    if (principal.kind != aws::Principal::Kind::service) return principal.account != queue.account;
    for (const std::string_view name :
         {"sns.amazonaws.com", "events.amazonaws.com", "s3.amazonaws.com"})
        if (principal.service == name) return true;
    return false;
}

bool may(const aws::Principal& principal, const LiveQueue& queue, std::string_view action) {
    if (!needs_policy(principal, queue)) return true;
    if (queue.settings.policy.empty()) return false;
    const std::string full = "sqs:" + std::string(action);
    const std::string arn = queue.arn();
    aws::PolicyRequest request{.principal = principal, .action = full, .resource = arn};
    if (principal.kind == aws::Principal::Kind::service) {
        request.context.emplace("aws:sourcearn", principal.arn);
        request.context.emplace("aws:sourceaccount", principal.account);
    } else {
        request.context.emplace("aws:principalarn", principal.arn);
    }
    return aws::evaluate(std::string_view(queue.settings.policy), request) == aws::Decision::allow;
}

bool asks_for(const List<std::string>& names, std::string_view name) {
    for (const std::string& wanted : names)
        if (wanted == name || wanted == "All") return true;
    return false;
}

}  // namespace

Unexpected invalid_parameter(std::string message) {
    return fail("InvalidParameterValue", std::move(message), 400);
}

Result<QueuePointer> Sqs::open(const aws::Call& call, std::string_view url,
                               std::string_view action) const {
    while (url.ends_with('/')) url.remove_suffix(1);
    const size_t slash = url.rfind('/');
    const std::string_view before = slash == url.npos ? "" : url.substr(0, slash);
    const std::string name(slash == url.npos ? url : url.substr(slash + 1));
    const std::string account(slash == url.npos ? std::string_view(call.account)
                                                : before.substr(before.rfind('/') + 1));
    if (name.empty() || (slash != url.npos && account.size() != 12))
        return fail("InvalidAddress",
                    "The address " + std::string(url) + " is not valid for this endpoint.", 404);
    const QueuePointer queue = queues_.find(account, call.region, name);
    if (queue == nullptr) return no_such_queue();
    if (!may(call.principal, *queue, action))
        return fail(
            "AccessDenied",
            "Access to the resource " + std::string(url) +
                " is denied: the queue's policy does not allow sqs:" + std::string(action) +
                " to " +
                (call.principal.service.empty() ? call.principal.arn : call.principal.service) +
                ".",
            403);
    return queue;
}

std::string Sqs::url_of(const aws::Call& call, const LiveQueue& queue) const {
    const std::string host(call.http.host);
    const std::string base =
        host.empty() ? base_url_ : (call.http.secure ? "https://" : "http://") + host;
    return base + "/" + queue.account + "/" + queue.record.name;
}

// The dead-letter queue must be there, take from this queue, and be of its kind.
Status Sqs::check_redrive(const LiveQueue* queue, const aws::Call& call, const std::string& arn,
                          const AttributeMap& attributes, bool fifo) const {
    const Settings settings = settings_of(attributes);
    if (!settings.redrive) return ok();
    const QueuePointer dead = queues_.find_arn(settings.redrive->target);
    const std::string prefix = queue_arn(call.account, call.region, "");
    const auto refuse = [&](const std::string& why) {
        return invalid_parameter("Value " + attributes.at("RedrivePolicy") +
                                 " for parameter RedrivePolicy is invalid. Reason: " + why);
    };
    if (!settings.redrive->target.starts_with(prefix))
        return refuse("Dead-letter queue must be in the same account and region as the source.");
    if (dead == nullptr) return refuse("Dead letter target does not exist.");
    if (dead.get() == queue) return refuse("A queue cannot be its own dead-letter queue.");
    if (dead->settings.fifo != fifo)
        return refuse("Dead-letter queue must be same type of queue as the source.");
    if (!dead->settings.redrive_allow.allows(arn))
        return refuse("The dead-letter queue's RedriveAllowPolicy does not allow this queue.");
    return ok();
}

Result<CreateQueueOutput> Sqs::CreateQueue(aws::Call& call, const CreateQueueInput& in) {
    const auto kind = in.attributes.find("FifoQueue");
    const bool fifo = kind != in.attributes.end() && kind->second == "true";
    REQUIRE(check_queue_name(in.queue_name, fifo));
    if (kind != in.attributes.end() && !fifo)
        return errors::InvalidAttributeValue(
            "Invalid value for the parameter FifoQueue. Reason: Leave it out for a standard "
            "queue.");
    REQUIRE(check_attributes(in.attributes, fifo, true));
    if (in.tags.size() > limits::tags)
        return invalid_parameter("Too many tags added for queue " + in.queue_name + ".");
    if (const auto there = queues_.find(call.account, call.region, in.queue_name)) {
        const AttributeMap shown = shown_attributes(there->record.attributes);
        for (const auto& [name, value] : in.attributes) {
            const auto found = shown.find(name);
            if (found == shown.end() ? !value.empty() : found->second != value)
                return errors::QueueNameExists(
                    "A queue already exists with the same name and a different value for "
                    "attribute " +
                    name);
        }
        return CreateQueueOutput{.queue_url = url_of(call, *there)};
    }
    if (queues_.list(call.account, call.region).size() >= limits::queues)
        return errors::OverLimit("There are 100,000 queues. Delete some.");
    StoredQueue record{.name = in.queue_name, .created = call.now, .modified = call.now};
    merge_attributes(record.attributes, in.attributes);
    const std::string arn = queue_arn(call.account, call.region, in.queue_name);
    REQUIRE(check_redrive(nullptr, call, arn, record.attributes, fifo));
    for (const auto& [key, value] : in.tags) record.tags[key] = value;
    const auto made = queues_.create(call.txn(), call.account, call.region, std::move(record));
    return CreateQueueOutput{.queue_url = url_of(call, *made)};
}

Result<GetQueueUrlOutput> Sqs::GetQueueUrl(aws::Call& call, const GetQueueUrlInput& in) {
    const std::string account = in.queue_owner_aws_account_id.value_or(call.account);
    const auto queue = queues_.find(account, call.region, in.queue_name);
    if (queue == nullptr || !may(call.principal, *queue, "GetQueueUrl")) return no_such_queue();
    return GetQueueUrlOutput{.queue_url = url_of(call, *queue)};
}

Result<GetQueueAttributesOutput> Sqs::GetQueueAttributes(aws::Call& call,
                                                         const GetQueueAttributesInput& in) {
    TRY(const QueuePointer queue, open(call, in.queue_url, "GetQueueAttributes"));
    for (const std::string& name : in.attribute_names)
        if (!is_attribute_name(name))
            return errors::InvalidAttributeName("Unknown Attribute " + name + ".");
    Queue& order = queue->order;
    order.advance(call.now);
    AttributeMap all = shown_attributes(queue->record.attributes);
    all["QueueArn"] = queue->arn();
    all["CreatedTimestamp"] = std::to_string(whole_seconds(queue->record.created));
    all["LastModifiedTimestamp"] = std::to_string(whole_seconds(queue->record.modified));
    all["ApproximateNumberOfMessages"] = std::to_string(order.ready());
    all["ApproximateNumberOfMessagesNotVisible"] = std::to_string(order.in_flight());
    all["ApproximateNumberOfMessagesDelayed"] = std::to_string(order.delayed());
    GetQueueAttributesOutput out;
    for (auto& [name, value] : all)
        if (asks_for(in.attribute_names, name)) out.attributes[name] = std::move(value);
    return out;
}

Result<SetQueueAttributesOutput> Sqs::SetQueueAttributes(aws::Call& call,
                                                         const SetQueueAttributesInput& in) {
    TRY(const QueuePointer queue, open(call, in.queue_url, "SetQueueAttributes"));
    REQUIRE(check_attributes(in.attributes, queue->settings.fifo, false));
    AttributeMap merged = queue->record.attributes;
    merge_attributes(merged, in.attributes);
    REQUIRE(check_attributes(merged, queue->settings.fifo, true));  // The pairs that must agree.
    if (in.attributes.contains("RedrivePolicy"))
        REQUIRE(check_redrive(queue.get(), call, queue->arn(), merged, queue->settings.fifo));
    queue->record.attributes = std::move(merged);
    queue->record.modified = call.now;
    queues_.save(call.txn(), *queue);
    return SetQueueAttributesOutput{};
}

Result<ListQueuesOutput> Sqs::ListQueues(aws::Call& call, const ListQueuesInput& in) {
    const int32_t most = in.max_results.value_or(limits::listed_queues);
    if (most < 1 || most > static_cast<int32_t>(limits::listed_queues))
        return invalid_parameter(
            "Value for parameter MaxResults is invalid. Reason: must be an "
            "integer between 1 and 1000.");
    std::vector<std::string> names;
    for (const auto& queue : queues_.list(call.account, call.region))
        if (queue->record.name.starts_with(in.queue_name_prefix.value_or("")))
            names.push_back(queue->record.name);
    TRY(const auto page, aws::page(
                             names, [](const std::string& name) { return name; }, in.next_token,
                             static_cast<size_t>(most), "InvalidParameterValue"));
    ListQueuesOutput out;
    for (const std::string* name : page.items)
        out.queue_urls.push_back(url_of(call, *queues_.find(call.account, call.region, *name)));
    if (in.max_results) out.next_token = page.next;
    return out;
}

Result<DeleteQueueOutput> Sqs::DeleteQueue(aws::Call& call, const DeleteQueueInput& in) {
    TRY(const QueuePointer queue, open(call, in.queue_url, "DeleteQueue"));
    queues_.erase(call.txn(), queue, call.now);
    return DeleteQueueOutput{};
}

Result<PurgeQueueOutput> Sqs::PurgeQueue(aws::Call& call, const PurgeQueueInput& in) {
    TRY(const QueuePointer queue, open(call, in.queue_url, "PurgeQueue"));
    if (queue->record.purged + limits::purge_again > call.now)
        return errors::PurgeQueueInProgress("Only one PurgeQueue operation on " +
                                            queue->record.name + " is allowed every 60 seconds.");
    queue->record.purged = call.now;
    queues_.drop_messages(call.txn(), *queue, call.now);
    queues_.save(call.txn(), *queue);
    return PurgeQueueOutput{};
}

Result<ListDeadLetterSourceQueuesOutput> Sqs::ListDeadLetterSourceQueues(
    aws::Call& call, const ListDeadLetterSourceQueuesInput& in) {
    TRY(const QueuePointer dead, open(call, in.queue_url, "ListDeadLetterSourceQueues"));
    std::vector<std::string> names;
    for (const auto& queue : queues_.list(call.account, call.region))
        if (queue->settings.redrive && queue->settings.redrive->target == dead->arn())
            names.push_back(queue->record.name);
    const auto most = static_cast<size_t>(in.max_results.value_or(limits::listed_queues));
    TRY(const auto page, aws::page(
                             names, [](const std::string& name) { return name; }, in.next_token,
                             most, "InvalidParameterValue"));
    ListDeadLetterSourceQueuesOutput out;
    for (const std::string* name : page.items)
        out.queue_urls.push_back(url_of(call, *queues_.find(call.account, call.region, *name)));
    out.next_token = page.next;
    return out;
}

}  // namespace unkai::services::sqs
