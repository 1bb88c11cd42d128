#include "aws/paging.h"
#include "aws/target.h"
#include "services/scheduler/limits.h"
#include "services/scheduler/scheduler.h"

namespace unkai::services::scheduler {

namespace {

ScheduleKey schedule_key(const aws::Call& call, const std::optional<std::string>& group,
                         const std::string& name) {
    return {call.account, call.region, group.value_or("default"), name};
}

Result<StoredSchedule> find_schedule(aws::Call& call, const ScheduleKey& key) {
    auto schedule = schema::schedules.get(call.txn(), key);
    if (!schedule)
        return errors::ResourceNotFoundException("Schedule " + std::get<3>(key) +
                                                 " does not exist.");
    return *std::move(schedule);
}

Status check_target_of(const Target& target) {
    REQUIRE(aws::check_target(target.arn));
    if (target.event_bridge_put_events_v2_parameters ||
        target.event_bridge_put_raw_events_parameters)
        return invalid("Unkai puts events by EventBridgeParameters only.");
    if (target.arn.find(":cluster/") != std::string::npos && !target.ecs_parameters)
        return invalid("EcsParameters is required for the target " + target.arn + ".");
    if (target.arn.find(":event-bus/") != std::string::npos && !target.event_bridge_parameters)
        return invalid("EventBridgeParameters is required for the target " + target.arn + ".");
    const bool fifo = target.arn.starts_with("arn:aws:sqs:") && target.arn.ends_with(".fifo");
    if (fifo && (!target.sqs_parameters || !target.sqs_parameters->message_group_id))
        return invalid("SqsParameters with a MessageGroupId is required for a FIFO queue.");
    return ok();
}

Status check_schedule(const CreateScheduleInput& in) {
    REQUIRE(aws::ScheduleExpression::parse(in.schedule_expression));
    const std::string zone = in.schedule_expression_timezone.value_or("UTC");
    if (const auto found = aws::TimeZone::find(zone); !found)
        return invalid("Invalid ScheduleExpressionTimezone " + zone + ". " + found.error().message);
    const auto& window = in.flexible_time_window;
    if (window.mode == "FLEXIBLE" && !window.maximum_window_in_minutes)
        return invalid(
            "MaximumWindowInMinutes must be given when the flexible time window's "
            "Mode is FLEXIBLE.");
    if (window.mode == "OFF" && window.maximum_window_in_minutes)
        return invalid(
            "MaximumWindowInMinutes must be left out when the flexible time window's "
            "Mode is OFF.");
    if (in.kms_key_arn && !in.kms_key_arn->empty())
        return invalid("Unkai has no KMS: leave KmsKeyArn out.");
    if (in.start_date && in.end_date && *in.start_date >= *in.end_date)
        return invalid("StartDate must come before EndDate.");
    return check_target_of(in.target);
}

}  // namespace

Unexpected invalid(std::string message) {
    return fail("ValidationException", std::move(message), 400);
}

Result<CreateScheduleOutput> Scheduler::CreateSchedule(aws::Call& call,
                                                       const CreateScheduleInput& in) {
    const ScheduleKey key = schedule_key(call, in.group_name, in.name);
    REQUIRE(find_group(call, std::get<2>(key)));
    REQUIRE(check_schedule(in));
    if (const auto there = schema::schedules.get(call.txn(), key)) {
        if (in.client_token && there->shape.client_token == in.client_token)
            return CreateScheduleOutput{.schedule_arn = schedule_arn(key)};
        return errors::ConflictException("Schedule " + in.name + " already exists.");
    }
    if (schema::schedules.list(call.txn(), call.account, call.region).size() >= limits::schedules)
        return errors::ServiceQuotaExceededException("There are 100,000 schedules. Delete some.");
    // A rate begins at once: its first time is that of its creation.
    schema::schedules.put(
        call.txn(), key,
        {.shape = in, .created = call.now, .modified = call.now, .fired = call.now - Duration(1)});
    return CreateScheduleOutput{.schedule_arn = schedule_arn(key)};
}

Result<UpdateScheduleOutput> Scheduler::UpdateSchedule(aws::Call& call,
                                                       const UpdateScheduleInput& in) {
    const ScheduleKey key = schedule_key(call, in.group_name, in.name);
    TRY(StoredSchedule schedule, find_schedule(call, key));
    // What UpdateSchedule leaves out falls back to its default, as on AWS.
    CreateScheduleInput shape{.name = in.name,
                              .group_name = in.group_name,
                              .schedule_expression = in.schedule_expression,
                              .start_date = in.start_date,
                              .end_date = in.end_date,
                              .description = in.description,
                              .schedule_expression_timezone = in.schedule_expression_timezone,
                              .state = in.state,
                              .kms_key_arn = in.kms_key_arn,
                              .target = in.target,
                              .flexible_time_window = in.flexible_time_window,
                              .client_token = in.client_token,
                              .action_after_completion = in.action_after_completion};
    REQUIRE(check_schedule(shape));
    schedule.shape = std::move(shape);
    schedule.modified = call.now;
    schedule.fired = std::max(schedule.fired, call.now);
    schema::schedules.put(call.txn(), key, schedule);
    return UpdateScheduleOutput{.schedule_arn = schedule_arn(key)};
}

Result<GetScheduleOutput> Scheduler::GetSchedule(aws::Call& call, const GetScheduleInput& in) {
    const ScheduleKey key = schedule_key(call, in.group_name, in.name);
    TRY(const StoredSchedule schedule, find_schedule(call, key));
    const CreateScheduleInput& shape = schedule.shape;
    return GetScheduleOutput{
        .arn = schedule_arn(key),
        .group_name = std::get<2>(key),
        .name = in.name,
        .schedule_expression = shape.schedule_expression,
        .start_date = shape.start_date,
        .end_date = shape.end_date,
        .description = shape.description,
        .schedule_expression_timezone = shape.schedule_expression_timezone.value_or("UTC"),
        .state = shape.state.value_or("ENABLED"),
        .creation_date = schedule.created,
        .last_modification_date = schedule.modified,
        .target = shape.target,
        .flexible_time_window = shape.flexible_time_window,
        .action_after_completion = shape.action_after_completion.value_or("NONE")};
}

Result<DeleteScheduleOutput> Scheduler::DeleteSchedule(aws::Call& call,
                                                       const DeleteScheduleInput& in) {
    const ScheduleKey key = schedule_key(call, in.group_name, in.name);
    REQUIRE(find_schedule(call, key));
    schema::schedules.erase(call.txn(), key);
    return DeleteScheduleOutput{};
}

Result<ListSchedulesOutput> Scheduler::ListSchedules(aws::Call& call,
                                                     const ListSchedulesInput& in) {
    if (in.group_name) REQUIRE(find_group(call, *in.group_name));
    auto rows = schema::schedules.list(call.txn(), call.account, call.region);
    std::erase_if(rows, [&](const auto& row) {
        const auto& [account, region, group, name] = row.first;
        return (in.group_name && group != *in.group_name) ||
               !name.starts_with(in.name_prefix.value_or("")) ||
               (in.state && row.second.shape.state.value_or("ENABLED") != *in.state);
    });
    const auto key_of = [](const auto& row) {
        return std::get<2>(row.first) + "/" + std::get<3>(row.first);
    };
    std::sort(rows.begin(), rows.end(),
              [&](const auto& a, const auto& b) { return key_of(a) < key_of(b); });
    TRY(const auto page, aws::page(rows, key_of, in.next_token,
                                   static_cast<size_t>(in.max_results.value_or(limits::listed)),
                                   "ValidationException"));
    ListSchedulesOutput out;
    for (const auto* row : page.items)
        out.schedules.push_back({.arn = schedule_arn(row->first),
                                 .name = std::get<3>(row->first),
                                 .group_name = std::get<2>(row->first),
                                 .state = row->second.shape.state.value_or("ENABLED"),
                                 .creation_date = row->second.created,
                                 .last_modification_date = row->second.modified,
                                 .target = TargetSummary{.arn = row->second.shape.target.arn}});
    out.next_token = page.next;
    return out;
}

}  // namespace unkai::services::scheduler
