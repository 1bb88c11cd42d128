#include "services/cloudwatch/notifier.h"

#include "api/application-autoscaling.h"
#include "api/lambda.h"
#include "api/sns.h"
#include "base/log.h"
#include "base/strings.h"

namespace unkai::services::cloudwatch {

namespace {

constexpr Duration longest_pause = std::chrono::minutes{1};
constexpr Duration idle = std::chrono::minutes{10};

// The region in an ARN.
std::string arn_region(const std::string& arn) {
    const auto parts = split(arn, ':');
    return parts.size() > 3 ? std::string(parts[3]) : std::string();
}

Duration pause_after(int32_t attempts) {
    return std::min<Duration>(longest_pause, std::chrono::seconds{1 << std::min(attempts, 6)});
}

StoredHistory action_history(const OwedAction& action, const Status& done) {
    wire::Json::Object data;
    data["actionState"] = done ? "Succeeded" : "Failed";
    data["stateUpdateTimestamp"] = millis(action.changed);
    data["notificationResource"] = action.target;
    if (done)
        data["publishedMessage"] = action.message;
    else
        data["error"] = done.error().message;
    const std::string summary = done ? "Successfully executed action " + action.target
                                     : "Failed to execute action " + action.target +
                                           ". Received error: \"" + done.error().message + "\"";
    return {.alarm = action.alarm,
            .type = std::string(history_item_type::action),
            .summary = summary,
            .data = java_json(wire::Json(std::move(data))),
            .composite = action.composite};
}

// For policies the alarm is the source: aws:SourceArn and aws:SourceAccount.
aws::Caller acting_for(std::string service, const std::string& account, const std::string& region,
                       const OwedAction& action) {
    aws::Caller caller =
        aws::service_caller(std::move(service), account, arn_region(action.target));
    caller.principal.arn = alarm_arn(account, region, action.alarm);
    return caller;
}

}  // namespace

Task<Status> Notifier::publish(Key key, OwedAction action) {
    const auto caller =
        acting_for("cloudwatch.amazonaws.com", std::get<0>(key), std::get<1>(key), action);
    CO_REQUIRE(co_await client_.call<api::sns::op::Publish>(
        caller,
        {.topic_arn = action.target, .message = action.message, .subject = action.subject}));
    co_return ok();
}

Task<Status> Notifier::invoke(Key key, OwedAction action) {
    const auto caller = acting_for("lambda.alarms.cloudwatch.amazonaws.com", std::get<0>(key),
                                   std::get<1>(key), action);
    CO_REQUIRE(co_await client_.call<api::lambda::op::Invoke>(
        caller,
        {.function_name = action.target, .invocation_type = "Event", .payload = action.message}));
    co_return ok();
}

// arn:aws:autoscaling:REGION:ACCOUNT:scalingPolicy:ID:resource/ecs/service/…:policyName/NAME
Task<Status> Notifier::find_policy(Key key, OwedAction action) {
    const size_t at = action.target.find(":resource/");
    if (at == std::string::npos)
        co_return fail("ValidationError",
                       "Unkai has scaling policies of Application Auto Scaling only, not " +
                           action.target + ".",
                       400);
    std::string_view space = std::string_view(action.target).substr(at + 10);
    space = space.substr(0, space.find('/'));
    api::application_autoscaling::DescribeScalingPoliciesInput input{.service_namespace =
                                                                         std::string(space)};
    const auto caller = aws::service_caller("cloudwatch.amazonaws.com", std::get<0>(key),
                                            arn_region(action.target));
    for (;;) {
        CO_TRY(const auto found,
               co_await client_.call<api::application_autoscaling::op::DescribeScalingPolicies>(
                   caller, input));
        for (const auto& policy : found.scaling_policies)
            if (policy.policy_arn == action.target) co_return ok();
        if (!found.next_token) break;
        input.next_token = found.next_token;
    }
    co_return fail("ValidationError", "No scaling policy has the ARN " + action.target + ".", 400);
}

Task<Status> Notifier::act(Key key, OwedAction action) {
    if (action.target.starts_with("arn:aws:sns:")) co_return co_await publish(key, action);
    if (action.target.starts_with("arn:aws:lambda:")) co_return co_await invoke(key, action);
    co_return co_await find_policy(key, action);
}

Task<Status> Notifier::finish(Key key, OwedAction action, Status done) {
    store::Txn txn = store_.begin();
    if (!done && !done.error().sender_fault() && ++action.attempts < most_attempts) {
        action.due = env_.now() + pause_after(action.attempts);
        schema::owed.put(txn, key, action);
        co_return co_await store_.commit(txn);
    }
    if (!done)
        log::warn(
            "cloudwatch: an alarm's action failed",
            {{"alarm", action.alarm}, {"action", action.target}, {"error", done.error().message}});
    const AlarmPlace place{txn, env_.random, std::get<0>(key), std::get<1>(key), env_.now()};
    add_history(place, action_history(action, done));
    schema::owed.erase(txn, key);
    co_return co_await store_.commit(txn);
}

Task<Status> Notifier::deliver_due() {
    next_ = env_.now() + idle;
    std::vector<std::pair<Key, OwedAction>> owed;
    {
        store::Txn txn = store_.begin();
        owed = schema::owed.list(txn);
    }
    std::sort(owed.begin(), owed.end(),
              [](const auto& a, const auto& b) { return a.second.changed < b.second.changed; });
    for (const auto& [key, action] : owed) {
        if (action.due > env_.now()) {
            next_ = std::min(next_, action.due);
            continue;
        }
        Status done = co_await act(key, action);
        CO_REQUIRE(co_await finish(key, action, std::move(done)));
    }
    co_return ok();
}

Task<void> Notifier::run(Stop& stop) {
    bool dirty = true;
    const auto watch = store_.watch(schema::owed.prefix(), [this, &dirty](auto, bool) {
        dirty = true;
        changed_.notify_all();
    });
    while (!stop.requested()) {
        dirty = false;
        const Status status = co_await deliver_due();
        if (!status) log::warn("cloudwatch: acting failed", {{"error", status.error().message}});
        if (dirty && status) continue;
        const Duration rest = status ? next_ - env_.now() : longest_pause;
        co_await changed_.wait(
            env_.loop, env_.loop.steady() + std::max<Duration>(rest, std::chrono::milliseconds{1}),
            &stop);
    }
}

}  // namespace unkai::services::cloudwatch
