#include "base/strings.h"
#include "services/sqs/limits.h"
#include "services/sqs/mover.h"
#include "services/sqs/sqs.h"
#include "wire/json.h"

namespace unkai::services::sqs {

namespace {

using wire::Json;

bool is_running(const StoredMove& move) {
    return move.status == "RUNNING" || move.status == "CANCELLING";
}

std::string handle_of(const MoveKey& key, const StoredMove& move) {
    return base64(
        Json::object(
            {{"taskId", move.id}, {"sourceArn", std::get<0>(key)}, {"started", std::get<1>(key)}})
            .dump());
}

Unexpected no_such(const std::string& what) {
    return unexpected(errors::ResourceNotFoundException(what));
}

}  // namespace

Result<StartMessageMoveTaskOutput> Sqs::StartMessageMoveTask(aws::Call& call,
                                                             const StartMessageMoveTaskInput& in) {
    const QueuePointer source = queues_.find_arn(in.source_arn);
    if (source == nullptr || source->account != call.account)
        return no_such(
            "The resource that you specified for the SourceArn parameter doesn't "
            "exist.");
    bool is_dead_letter = false;
    for (const auto& queue : queues_.list(call.account, call.region))
        if (queue->settings.redrive && queue->settings.redrive->target == in.source_arn)
            is_dead_letter = true;
    if (!is_dead_letter)
        return invalid_parameter("Source queue must be configured as a Dead Letter Queue.");
    if (in.destination_arn) {
        const QueuePointer target = queues_.find_arn(*in.destination_arn);
        if (target == nullptr || target == source)
            return no_such(
                "The resource that you specified for the DestinationArn parameter "
                "doesn't exist.");
        if (target->settings.fifo != source->settings.fifo)
            return invalid_parameter("Source and destination must be queues of the same type.");
    }
    const int64_t rate = in.max_number_of_messages_per_second.value_or(limits::moved_each_second);
    if (rate < 1 || rate > limits::moved_each_second)
        return invalid_parameter(
            "Value for parameter MaxNumberOfMessagesPerSecond is invalid. "
            "Reason: You must enter a value between 1 and 500.");
    for (const auto& [key, move] : schema::moves.list(call.txn(), in.source_arn))
        if (is_running(move))
            return errors::UnsupportedOperation(
                "There is already a task running. Only one active task is allowed for a source "
                "queue arn at a given time.");
    StoredMove move{.id = call.env.random.uuid(),
                    .status = "RUNNING",
                    .destination = in.destination_arn.value_or(""),
                    .started = call.now,
                    .rate = rate,
                    .to_move = static_cast<int64_t>(source->order.size())};
    const MoveKey key{in.source_arn, micros(call.now)};
    schema::moves.put(call.txn(), key, move);
    const auto old = schema::moves.list(call.txn(), in.source_arn);
    if (old.size() > limits::listed_moves) schema::moves.erase(call.txn(), old.front().first);
    call.after_commit([this] { mover_.begin(); });
    return StartMessageMoveTaskOutput{.task_handle = handle_of(key, move)};
}

Result<ListMessageMoveTasksOutput> Sqs::ListMessageMoveTasks(aws::Call& call,
                                                             const ListMessageMoveTasksInput& in) {
    const QueuePointer source = queues_.find_arn(in.source_arn);
    if (source == nullptr || source->account != call.account)
        return no_such(
            "The resource that you specified for the SourceArn parameter doesn't "
            "exist.");
    const int32_t most = in.max_results.value_or(1);
    if (most < 1 || most > static_cast<int32_t>(limits::listed_moves))
        return invalid_parameter(
            "Value for parameter MaxResults is invalid. Reason: must be an "
            "integer between 1 and 10.");
    auto moves = schema::moves.list(call.txn(), in.source_arn);
    ListMessageMoveTasksOutput out;
    for (auto it = moves.rbegin(); it != moves.rend(); ++it) {
        if (out.results.size() == static_cast<size_t>(most)) break;
        const auto& [key, move] = *it;
        ListMessageMoveTasksResultEntry entry{
            .status = move.status,
            .source_arn = in.source_arn,
            .max_number_of_messages_per_second = static_cast<int32_t>(move.rate),
            .approximate_number_of_messages_moved = move.moved,
            .approximate_number_of_messages_to_move = move.to_move,
            .started_timestamp = millis(move.started)};
        if (is_running(move)) entry.task_handle = handle_of(key, move);
        if (!move.destination.empty()) entry.destination_arn = move.destination;
        if (!move.failure.empty()) entry.failure_reason = move.failure;
        out.results.push_back(std::move(entry));
    }
    return out;
}

Result<CancelMessageMoveTaskOutput> Sqs::CancelMessageMoveTask(
    aws::Call& call, const CancelMessageMoveTaskInput& in) {
    const auto text = from_base64(in.task_handle);
    const auto handle = text ? Json::parse(*text) : Result<Json>(Json());
    if (!handle || !handle->is_object())
        return invalid_parameter("Value for parameter TaskHandle is invalid.");
    const MoveKey key{(*handle)["sourceArn"].string_or(""), (*handle)["started"].int_or(0)};
    auto move = schema::moves.get(call.txn(), key);
    if (!move || move->id != (*handle)["taskId"].string_or(""))
        return no_such("Task does not exist.");
    if (move->status != "RUNNING")
        return errors::UnsupportedOperation("Only a task that is RUNNING can be cancelled.");
    move->status = "CANCELLING";
    schema::moves.put(call.txn(), key, *move);
    call.after_commit([this] { mover_.begin(); });
    return CancelMessageMoveTaskOutput{.approximate_number_of_messages_moved = move->moved};
}

}  // namespace unkai::services::sqs
