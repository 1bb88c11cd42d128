#include "services/application_autoscaling/scaler.h"

#include <algorithm>

#include "base/log.h"
#include "services/application_autoscaling/limits.h"
#include "services/application_autoscaling/policy_alarms.h"

namespace unkai::services::application_autoscaling {

namespace {

constexpr size_t activities_per_pass = 200;

bool acts_on(const api::cloudwatch::MetricAlarm& alarm, const std::string& policy) {
    const auto& actions = alarm.alarm_actions;
    return alarm.state_value == "ALARM" && alarm.actions_enabled.value_or(true) &&
           std::find(actions.begin(), actions.end(), policy) != actions.end();
}

std::string cause_of(const Proposal& because) {
    return "monitor alarm " + because.alarm + " in state ALARM triggered policy " + because.policy;
}

// When a scheduled action comes next.
std::optional<Time> next_firing(const StoredAction& action) {
    const auto schedule = aws::ScheduleExpression::parse(action.shape.schedule);
    if (!schedule) return std::nullopt;
    std::shared_ptr<const aws::TimeZone> zone;
    if (action.shape.timezone)
        if (auto found = aws::TimeZone::find(*action.shape.timezone)) zone = *found;
    const Time anchor = action.shape.start_time.value_or(action.shape.creation_time);
    const Time after =
        std::max(action.fired, anchor - Duration{1});  // The start itself may be a time.
    return schedule->next_after(after, zone ? *zone : aws::TimeZone::utc(), anchor);
}

}  // namespace

Task<void> Scaler::run(Stop& stop) {
    for (;;) {
        const int64_t now = whole_seconds(env_.now() - delay);
        const Time next = Time{std::chrono::seconds{now - now % tick + tick}} + delay;
        if (!co_await env_.loop.sleep(next - env_.now(), &stop)) co_return;
        if (const Status done = co_await look(); !done)
            log::warn("autoscaling: acting failed", {{"error", done.error().message}});
    }
}

Task<Status> Scaler::look() {
    std::vector<TargetName> names;
    {
        store::Txn txn = store_.begin();
        schema::targets.each(txn, {}, [&](const auto& key, const StoredTarget&) {
            names.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key), std::get<3>(key),
                             std::get<4>(key)});
            return true;
        });
    }
    Status status;
    for (const TargetName& name : names)
        if (Status done = co_await look_at(name); !done) {
            log::warn("autoscaling: a target is passed over",
                      {{"resource", name.resource}, {"why", done.error().message}});
            if (done.error().status >= 500) status = std::move(done);
        }
    co_return status;
}

Task<Status> Scaler::look_at(TargetName name) {
    CO_TRY(const Scaled::Capacity capacity, co_await scaled_.capacity(name));
    if (!capacity.changeable) co_return ok();
    CO_REQUIRE(co_await fire_scheduled(name, capacity.desired));
    std::optional<StoredTarget> target;
    Policies policies;
    {
        store::Txn txn = store_.begin();
        target = schema::targets.get(txn, key_of(name));
        for (auto& [key, policy] : schema::policies.list(txn, name.account, name.region, name.space,
                                                         name.resource, name.dimension))
            policies.push_back(std::move(policy.shape));
    }
    if (!target) co_return ok();
    const auto& shape = target->shape;
    if (capacity.desired < shape.min_capacity || capacity.desired > shape.max_capacity)
        co_return co_await keep_bounds(name, *target, capacity.desired,
                                       "the capacity was outside of the target's bounds");
    if (policies.empty()) co_return ok();
    const int32_t base = base_capacity(*target, capacity.desired, env_.now());
    CO_TRY(const Views views, co_await ask(name, std::move(policies), base));
    const auto decision =
        decide(*target, capacity.desired, views.proposals, views.holds, env_.now());
    if (decision) CO_REQUIRE(co_await act(name, capacity.desired, *decision));
    co_return ok();
}

Task<Status> Scaler::keep_bounds(TargetName name, StoredTarget target, int32_t capacity,
                                 std::string cause) {
    const int32_t wanted =
        std::clamp(capacity, target.shape.min_capacity, target.shape.max_capacity);
    if (wanted == capacity) co_return ok();
    co_return co_await set_capacity(name, wanted, std::move(cause));
}

Task<Status> Scaler::fire_scheduled(TargetName name, int32_t capacity) {
    store::Txn txn = store_.begin();
    auto target = schema::targets.get(txn, key_of(name));
    if (!target) co_return ok();
    const auto& suspended = target->shape.suspended_state;
    if (suspended && suspended->scheduled_scaling_suspended.value_or(false)) co_return ok();
    std::string fired;
    for (auto [key, action] : schema::actions.list(txn, name.account, name.region, name.space,
                                                   name.resource, name.dimension)) {
        if (action.over) continue;
        const auto next = next_firing(action);
        const bool ended = !next || (action.shape.end_time && *next > *action.shape.end_time);
        if (!ended && *next > env_.now()) continue;
        action.fired = env_.now();
        action.over = ended || action.shape.schedule.starts_with("at(");
        schema::actions.put(txn, key, action);
        if (ended) continue;
        const auto& wanted = *action.shape.scalable_target_action;
        auto& shape = target->shape;
        if (wanted.min_capacity) shape.min_capacity = *wanted.min_capacity;
        if (wanted.max_capacity) shape.max_capacity = *wanted.max_capacity;
        shape.max_capacity = std::max(shape.max_capacity, shape.min_capacity);
        fired = action.shape.scheduled_action_name;
        model::ScalingActivity made;
        made.description = "Setting min capacity to " + std::to_string(shape.min_capacity) +
                           " and max capacity to " + std::to_string(shape.max_capacity);
        made.cause = "scheduled action name " + fired + " was triggered";
        made.status_code = "Successful";
        made.status_message = "Successfully set min capacity to " +
                              std::to_string(shape.min_capacity) + " and max capacity to " +
                              std::to_string(shape.max_capacity);
        add_activity(txn, name, made);
    }
    if (!txn.has_writes()) co_return ok();
    schema::targets.put(txn, key_of(name), *target);
    CO_REQUIRE(co_await store_.commit(txn));
    if (fired.empty()) co_return ok();
    co_return co_await keep_bounds(name, *target, capacity,
                                   "scheduled action name " + fired + " was triggered");
}

Task<Result<std::vector<api::cloudwatch::MetricAlarm>>> Scaler::alarms(
    TargetName name, api::cloudwatch::DescribeAlarmsInput input) {
    std::vector<api::cloudwatch::MetricAlarm> out;
    for (;;) {
        CO_TRY(const auto page, co_await client_.call<api::cloudwatch::op::DescribeAlarms>(
                                    scaling_caller(name), input));
        out.insert(out.end(), page.metric_alarms.begin(), page.metric_alarms.end());
        if (!page.next_token) co_return out;
        input.next_token = page.next_token;
    }
}

Task<Result<std::optional<double>>> Scaler::newest(TargetName name,
                                                   api::cloudwatch::MetricAlarm alarm) {
    const auto data = co_await client_.call<api::cloudwatch::op::GetMetricData>(
        scaling_caller(name), newest_data(alarm, env_.now()));
    if (!data) co_return data.error();
    for (const auto& result : data->metric_data_results)
        if (!result.values.empty()) co_return std::optional(result.values.front());
    co_return std::optional<double>();
}

Task<Result<Scaler::Views>> Scaler::ask_tracking(TargetName name, model::ScalingPolicy policy,
                                                 int32_t capacity) {
    Views out;
    api::cloudwatch::DescribeAlarmsInput input;
    for (const auto& alarm : policy.alarms) input.alarm_names.push_back(alarm.alarm_name);
    CO_TRY(const auto found, co_await alarms(name, std::move(input)));
    const auto& tracking = *policy.target_tracking_scaling_policy_configuration;
    bool agrees = tracking.disable_scale_in.value_or(false);
    for (const auto& alarm : found) {
        if (!acts_on(alarm, policy.policy_arn)) continue;
        CO_TRY(const auto metric, co_await newest(name, alarm));
        if (!metric) continue;  // No data: no scaling.
        const bool high = alarm.comparison_operator == "GreaterThanThreshold";
        const int32_t cooldown = (high ? tracking.scale_out_cooldown : tracking.scale_in_cooldown)
                                     .value_or(limits::usual_cooldown);
        agrees = agrees || !high;
        out.proposals.push_back({policy.policy_name, *alarm.alarm_name,
                                 track(tracking.target_value, *metric, capacity, high), cooldown});
    }
    out.holds = agrees ? 0 : 1;
    co_return out;
}

Task<Result<Scaler::Views>> Scaler::ask_steps(TargetName name, model::ScalingPolicy policy,
                                              int32_t capacity) {
    Views out;
    CO_TRY(const auto found,
           co_await alarms(name, {.state_value = "ALARM", .action_prefix = policy.policy_arn}));
    const auto& steps = *policy.step_scaling_policy_configuration;
    for (const auto& alarm : found) {
        if (!acts_on(alarm, policy.policy_arn)) continue;
        CO_TRY(const auto metric, co_await newest(name, alarm));
        if (!metric) continue;
        const auto wanted = step(steps, *metric - alarm.threshold.value_or(0), capacity);
        if (!wanted) continue;
        out.proposals.push_back({policy.policy_name, *alarm.alarm_name, *wanted,
                                 steps.cooldown.value_or(limits::usual_cooldown)});
    }
    co_return out;
}

Task<Result<Scaler::Views>> Scaler::ask(TargetName name, Policies policies, int32_t capacity) {
    Views out;
    for (const auto& policy : policies) {
        const bool tracking = policy.policy_type == "TargetTrackingScaling";
        CO_TRY(Views views, tracking ? co_await ask_tracking(name, policy, capacity)
                                     : co_await ask_steps(name, policy, capacity));
        out.holds += views.holds;
        out.proposals.insert(out.proposals.end(), views.proposals.begin(), views.proposals.end());
    }
    co_return out;
}

Task<Status> Scaler::act(TargetName name, int32_t before, Decision decision) {
    {
        store::Txn txn = store_.begin();
        auto target = schema::targets.get(txn, key_of(name));
        if (!target) co_return ok();
        const Time until = env_.now() + std::chrono::seconds{decision.because.cooldown};
        if (decision.capacity > before) {
            if (env_.now() >= target->out_until) target->out_from = before;
            target->last_out = env_.now();
            target->out_until = until;
            target->in_until = Time{};  // Scaling out ends the wait for scaling in.
        } else {
            target->last_in = env_.now();
            target->in_until = until;
        }
        schema::targets.put(txn, key_of(name), *target);
        CO_REQUIRE(co_await store_.commit(txn));
    }
    co_return co_await set_capacity(name, decision.capacity, cause_of(decision.because));
}

Task<Status> Scaler::set_capacity(TargetName name, int32_t capacity, std::string cause) {
    model::ScalingActivity made;
    const std::string what = name.space == "ecs" ? "desired count to " : "read replica count to ";
    made.description = "Setting " + what + std::to_string(capacity) + ".";
    made.cause = std::move(cause);
    made.start_time = env_.now();
    const Status done = co_await scaled_.set(name, capacity);
    made.status_code = done ? "Successful" : "Failed";
    made.status_message = done ? "Successfully set " + what + std::to_string(capacity) +
                                     ". Change successfully fulfilled by " + name.space + "."
                               : "Failed to set " + what + std::to_string(capacity) +
                                     ". Reason: " + done.error().message;
    store::Txn txn = store_.begin();
    add_activity(txn, name, made);
    co_return co_await store_.commit(txn);
}

void Scaler::add_activity(store::Txn& txn, const TargetName& name,
                          const model::ScalingActivity& made) {
    model::ScalingActivity activity = made;
    activity.activity_id = env_.random.uuid();
    activity.service_namespace = name.space;
    activity.resource_id = name.resource;
    activity.scalable_dimension = name.dimension;
    if (activity.start_time == Time{}) activity.start_time = env_.now();
    activity.end_time = env_.now();
    schema::activities.put(
        txn, {name.account, name.region, name.space, -micros(env_.now()), activity.activity_id},
        {activity});
    // The oldest go, a few with each new one.
    std::vector<std::tuple<std::string, std::string, std::string, int64_t, std::string>> old;
    const int64_t before = micros(env_.now() - limits::activities_kept);
    const std::tuple oldest{name.account, name.region, name.space, -before, std::string()};
    schema::activities.each(
        txn, store::key_prefix(name.account, name.region, name.space),
        [&](const auto& key, const StoredActivity&) {
            old.push_back(key);
            return old.size() < activities_per_pass;
        },
        oldest);
    for (const auto& key : old) schema::activities.erase(txn, key);
}

}  // namespace unkai::services::application_autoscaling
