#include <algorithm>

#include "aws/paging.h"
#include "aws/schedule_expression.h"
#include "services/application_autoscaling/autoscaling.h"
#include "services/application_autoscaling/limits.h"

namespace unkai::services::application_autoscaling {

namespace {

Status check_schedule(const ScheduledAction& action) {
    const auto schedule = aws::ScheduleExpression::parse(action.schedule);
    if (!schedule)
        return validation_error("Schedule " + action.schedule + ": " + schedule.error().message);
    if (!action.timezone) return ok();
    const auto zone = aws::TimeZone::find(*action.timezone);
    if (!zone) return validation_error(zone.error().message);
    return ok();
}

Status check_action(const ScheduledAction& action) {
    REQUIRE(check_schedule(action));
    const auto& wanted = action.scalable_target_action;
    if (!wanted || (!wanted->min_capacity && !wanted->max_capacity))
        return validation_error("ScalableTargetAction needs MinCapacity or MaxCapacity.");
    if (wanted->min_capacity && wanted->max_capacity &&
        *wanted->min_capacity > *wanted->max_capacity)
        return validation_error("MinCapacity must not be above MaxCapacity.");
    if (action.start_time && action.end_time && *action.start_time >= *action.end_time)
        return validation_error("StartTime must be before EndTime.");
    return ok();
}

}  // namespace

Result<PutScheduledActionOutput> Autoscaling::PutScheduledAction(
    aws::Call& call, const PutScheduledActionInput& in) {
    const TargetName name = target_name(call, in);
    REQUIRE(find_target(call, name));
    const auto key = key_of(name, in.scheduled_action_name);
    const auto before = schema::actions.get(call.txn(), key);
    StoredAction action;
    if (before) action = *before;
    ScheduledAction& shape = action.shape;
    if (!before) {
        if (!in.schedule) return validation_error("Schedule is required for a new action.");
        shape.scheduled_action_name = in.scheduled_action_name;
        shape.scheduled_action_arn = "arn:aws:autoscaling:" + call.region + ":" + call.account +
                                     ":scheduledAction:" + call.env.random.uuid() + ":resource/" +
                                     name.space + "/" + name.resource + ":scheduledActionName/" +
                                     in.scheduled_action_name;
        shape.service_namespace = name.space;
        shape.resource_id = name.resource;
        shape.scalable_dimension = name.dimension;
        shape.creation_time = call.now;
    }
    shape.schedule = in.schedule.value_or(shape.schedule);
    if (in.timezone) shape.timezone = in.timezone;
    if (in.start_time) shape.start_time = in.start_time;
    if (in.end_time) shape.end_time = in.end_time;
    if (in.scalable_target_action) shape.scalable_target_action = in.scalable_target_action;
    REQUIRE(check_action(shape));
    const auto all = schema::actions.list(call.txn(), name.account, name.region, name.space,
                                          name.resource, name.dimension);
    if (!before && all.size() >= limits::scheduled_per_target)
        return errors::LimitExceededException("A target has at most 200 scheduled actions.");
    action.fired = call.now;
    action.over = false;
    schema::actions.put(call.txn(), key, action);
    return PutScheduledActionOutput{};
}

Result<DeleteScheduledActionOutput> Autoscaling::DeleteScheduledAction(
    aws::Call& call, const DeleteScheduledActionInput& in) {
    const auto key = key_of(target_name(call, in), in.scheduled_action_name);
    if (!schema::actions.get(call.txn(), key))
        return errors::ObjectNotFoundException(
            "No scheduled action found for service namespace: " + in.service_namespace +
            ", resource ID: " + in.resource_id +
            ", scheduled action name: " + in.scheduled_action_name);
    schema::actions.erase(call.txn(), key);
    return DeleteScheduledActionOutput{};
}

Result<DescribeScheduledActionsOutput> Autoscaling::DescribeScheduledActions(
    aws::Call& call, const DescribeScheduledActionsInput& in) {
    std::vector<ScheduledAction> rows;
    const auto& names = in.scheduled_action_names;
    for (const auto& [key, action] :
         schema::actions.list(call.txn(), call.account, call.region, in.service_namespace)) {
        const ScheduledAction& shape = action.shape;
        if (!names.empty() &&
            std::find(names.begin(), names.end(), shape.scheduled_action_name) == names.end())
            continue;
        if (in.resource_id && *in.resource_id != shape.resource_id) continue;
        if (in.scalable_dimension && in.scalable_dimension != shape.scalable_dimension) continue;
        rows.push_back(shape);
    }
    TRY(const auto page,
        aws::page(
            rows,
            [](const ScheduledAction& row) {
                return row.resource_id + " " + row.scheduled_action_name;
            },
            in.next_token, static_cast<size_t>(in.max_results.value_or(limits::listed)),
            "InvalidNextTokenException"));
    DescribeScheduledActionsOutput out;
    for (const ScheduledAction* row : page.items) out.scheduled_actions.push_back(*row);
    out.next_token = page.next;
    return out;
}

}  // namespace unkai::services::application_autoscaling
