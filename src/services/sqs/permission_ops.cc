#include <algorithm>

#include "services/sqs/limits.h"
#include "services/sqs/sqs.h"
#include "wire/json.h"

namespace unkai::services::sqs {

namespace {

using wire::Json;

constexpr std::string_view grantable[] = {"*",
                                          "SendMessage",
                                          "ReceiveMessage",
                                          "DeleteMessage",
                                          "ChangeMessageVisibility",
                                          "GetQueueAttributes",
                                          "GetQueueUrl",
                                          "ListDeadLetterSourceQueues",
                                          "PurgeQueue"};

Json policy_of(const LiveQueue& queue) {
    if (auto policy = Json::parse(queue.settings.policy)) return *std::move(policy);
    return Json::object({{"Version", "2008-10-17"},
                         {"Id", queue.arn() + "/SQSDefaultPolicy"},
                         {"Statement", Json::array()}});
}

Json::Array statements_of(const Json& policy) {
    const Json& statement = policy["Statement"];
    return statement.is_array() ? statement.as_array() : Json::Array{statement};
}

void set_policy(LiveQueue& queue, const Json& policy, Time now) {
    if (policy["Statement"].size() == 0)
        queue.record.attributes.erase("Policy");
    else
        queue.record.attributes["Policy"] = policy.dump();
    queue.record.modified = now;
}

}  // namespace

Result<AddPermissionOutput> Sqs::AddPermission(aws::Call& call, const AddPermissionInput& in) {
    TRY(const QueuePointer queue, open(call, in.queue_url, "AddPermission"));
    if (in.label.empty() || in.label.size() > limits::batch_id)
        return invalid_parameter("Value " + in.label +
                                 " for parameter Label is invalid. Reason: 1 to 80 characters.");
    if (in.aws_account_ids.empty() || in.actions.empty())
        return fail("MissingParameter",
                    "The request must contain the parameters AWSAccountIds and Actions.", 400);
    Json policy = policy_of(*queue);
    Json::Array statements = statements_of(policy);
    for (const Json& statement : statements)
        if (statement["Sid"].string_or("") == in.label)
            return invalid_parameter("Value " + in.label +
                                     " for parameter Label is invalid. Reason: Already exists.");
    if (statements.size() >= limits::policy_statements)
        return errors::OverLimit("A policy holds at most 20 statements. Remove some.");
    Json::Array actions, principals;
    for (const std::string& action : in.actions) {
        if (std::find(std::begin(grantable), std::end(grantable), action) == std::end(grantable))
            return invalid_parameter("Value SQS:" + action +
                                     " for parameter ActionName is invalid. Reason: Please refer "
                                     "to the appropriate WSDL for a list of valid actions.");
        actions.push_back("SQS:" + action);
    }
    for (const std::string& account : in.aws_account_ids)
        principals.push_back("arn:aws:iam::" + account + ":root");
    statements.push_back(Json::object({{"Sid", in.label},
                                       {"Effect", "Allow"},
                                       {"Principal", Json::object({{"AWS", principals}})},
                                       {"Action", actions},
                                       {"Resource", queue->arn()}}));
    policy.set("Statement", std::move(statements));
    set_policy(*queue, policy, call.now);
    queues_.save(call.txn(), *queue);
    return AddPermissionOutput{};
}

Result<RemovePermissionOutput> Sqs::RemovePermission(aws::Call& call,
                                                     const RemovePermissionInput& in) {
    TRY(const QueuePointer queue, open(call, in.queue_url, "RemovePermission"));
    Json policy = policy_of(*queue);
    Json::Array statements = statements_of(policy);
    const size_t removed = std::erase_if(statements, [&](const Json& statement) {
        return statement["Sid"].string_or("") == in.label;
    });
    if (removed == 0)
        return invalid_parameter("Value " + in.label +
                                 " for parameter Label is invalid. Reason: can't find label.");
    policy.set("Statement", std::move(statements));
    set_policy(*queue, policy, call.now);
    queues_.save(call.txn(), *queue);
    return RemovePermissionOutput{};
}

Result<TagQueueOutput> Sqs::TagQueue(aws::Call& call, const TagQueueInput& in) {
    TRY(const QueuePointer queue, open(call, in.queue_url, "TagQueue"));
    auto tags = queue->record.tags;
    for (const auto& [key, value] : in.tags) tags[key] = value;
    if (tags.size() > limits::tags)
        return invalid_parameter("Too many tags added for queue " + queue->record.name + ".");
    queue->record.tags = std::move(tags);
    queues_.save(call.txn(), *queue);
    return TagQueueOutput{};
}

Result<UntagQueueOutput> Sqs::UntagQueue(aws::Call& call, const UntagQueueInput& in) {
    TRY(const QueuePointer queue, open(call, in.queue_url, "UntagQueue"));
    for (const std::string& key : in.tag_keys) queue->record.tags.erase(key);
    queues_.save(call.txn(), *queue);
    return UntagQueueOutput{};
}

Result<ListQueueTagsOutput> Sqs::ListQueueTags(aws::Call& call, const ListQueueTagsInput& in) {
    TRY(const QueuePointer queue, open(call, in.queue_url, "ListQueueTags"));
    ListQueueTagsOutput out;
    for (const auto& [key, value] : queue->record.tags) out.tags[key] = value;
    return out;
}

}  // namespace unkai::services::sqs
