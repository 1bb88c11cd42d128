#include "services/scheduler/clock.h"

#include <set>

#include "api/sqs.h"
#include "aws/target.h"
#include "base/log.h"
#include "base/strings.h"
#include "services/scheduler/limits.h"
#include "wire/json.h"

namespace unkai::services::scheduler {

namespace {

using wire::Json;

// What a target without an input gets.
std::string default_input(const OwedCall& owed) {
    return Json::object({{"version", "0"},
                         {"id", owed.id},
                         {"detail-type", "Scheduled Event"},
                         {"source", "aws.scheduler"},
                         {"account", owed.account},
                         {"time", iso8601(owed.due)},
                         {"region", owed.region},
                         {"resources", Json::array({owed.arn})},
                         {"detail", "{}"}})
        .dump();
}

std::string input_of(const OwedCall& owed, int64_t attempts) {
    if (!owed.target.input) return default_input(owed);
    std::string out = *owed.target.input;
    out = replace_all(out, "<aws.scheduler.schedule-arn>", owed.arn);
    out = replace_all(out, "<aws.scheduler.scheduled-time>", iso8601(owed.due));
    out = replace_all(out, "<aws.scheduler.execution-id>", owed.id);
    return replace_all(out, "<aws.scheduler.attempt-number>", std::to_string(attempts + 1));
}

aws::Caller scheduler_for(const OwedCall& owed, std::string region) {
    aws::Caller caller =
        aws::service_caller("scheduler.amazonaws.com", owed.account, std::move(region));
    caller.principal.arn = owed.arn;
    return caller;
}

}  // namespace

std::string schedule_arn(const ScheduleKey& key) {
    const auto& [account, region, group, name] = key;
    return "arn:aws:scheduler:" + region + ":" + account + ":schedule/" + group + "/" + name;
}

std::optional<Time> next_time(const StoredSchedule& schedule, Time after) {
    const auto& shape = schedule.shape;
    const auto expression = aws::ScheduleExpression::parse(shape.schedule_expression);
    const auto zone = aws::TimeZone::find(shape.schedule_expression_timezone.value_or("UTC"));
    if (!expression || !zone) return std::nullopt;
    const bool once = expression->kind() == aws::ScheduleExpression::Kind::at;
    const Time anchor = shape.start_date.value_or(schedule.created);
    if (shape.start_date && !once) after = std::max(after, *shape.start_date - Duration(1));
    const auto next = expression->next_after(after, **zone, anchor);
    if (next && shape.end_date && !once && *next > *shape.end_date) return std::nullopt;
    return next;
}

Clock::Clock(Env& env, store::Store& store, aws::Client& client)
    : env_(env),
      store_(store),
      client_(client),
      outbox_(env, store, schema::deliveries, *this),
      watch_(store.watch(schema::schedules.prefix(), [this](auto, bool) {
          look_ = true;
          changed_.notify_all();
      })) {}

std::optional<Time> Clock::next_of(const StoredSchedule& schedule, Time late) const {
    if (schedule.shape.state.value_or("ENABLED") != "ENABLED") return std::nullopt;
    return next_time(schedule, std::max(schedule.fired, late));
}

Task<Status> Clock::fire(ScheduleKey key, Time due) {
    store::Txn txn = store_.begin();
    auto schedule = schema::schedules.get(txn, key);
    if (!schedule || schedule->fired >= due) co_return ok();
    const auto& [account, region, group, name] = key;
    schedule->fired = due;
    const OwedCall owed{.account = account,
                        .region = region,
                        .arn = schedule_arn(key),
                        .id = env_.random.uuid(),
                        .due = due,
                        .target = schedule->shape.target};
    aws::Delivery delivery{.lane = owed.target.arn, .next = due};
    const auto& window = schedule->shape.flexible_time_window;
    if (window.mode == "FLEXIBLE") {
        const auto minutes = window.maximum_window_in_minutes.value_or(1);
        const auto length = Duration(std::chrono::minutes(minutes)).count();
        delivery.next += Duration(static_cast<int64_t>(
            env_.random.below(static_cast<uint64_t>(std::max<int64_t>(length, 1)))));
    }
    store::Codec<OwedCall>::encode(delivery.body, owed);
    const bool last = !next_time(*schedule, due);
    if (last && schedule->shape.action_after_completion.value_or("NONE") == "DELETE")
        schema::schedules.erase(txn, key);
    else
        schema::schedules.put(txn, key, *schedule);
    const int64_t id = outbox_.add(txn, std::move(delivery));
    CO_REQUIRE(co_await store_.commit(txn));
    outbox_.begin(id);
    co_return ok();
}

Task<Status> Clock::to_dead_letters(const OwedCall& owed, const Error& why, int64_t attempts) {
    if (!owed.target.dead_letter_config || !owed.target.dead_letter_config->arn) co_return ok();
    const auto parts = split(*owed.target.dead_letter_config->arn, ':');
    if (parts.size() != 6) co_return ok();
    api::sqs::SendMessageInput in{.message_body = input_of(owed, attempts)};
    in.queue_url = "https://sqs." + std::string(parts[3]) + ".amazonaws.com/" +
                   std::string(parts[4]) + "/" + std::string(parts[5]);
    const auto tell = [&](const char* name, const std::string& value) {
        in.message_attributes[name] = {.string_value = value.empty() ? "-" : value,
                                       .data_type = "String"};
    };
    tell("ERROR_CODE", why.code);
    tell("ERROR_MESSAGE", why.message);
    tell("EXECUTION_ID", owed.id);
    tell("EXECUTION_TIME", iso8601(owed.due));
    tell("RETRY_ATTEMPTS", std::to_string(attempts));
    tell("SCHEDULE_ARN", owed.arn);
    tell("TARGET_ARN", owed.target.arn);
    const auto sent = co_await client_.call<api::sqs::op::SendMessage>(
        scheduler_for(owed, std::string(parts[3])), std::move(in));
    if (!sent && aws::may_pass(sent.error())) co_return sent.error();
    co_return ok();
}

Task<aws::Outcome> Clock::deliver(aws::Delivery delivery) {
    OwedCall owed;
    const bool good = store::Codec<OwedCall>::decode(delivery.body, owed);
    CHECK(good, "a damaged call in the store");
    const auto& target = owed.target;
    aws::TargetCall call{
        .arn = target.arn, .input = input_of(owed, delivery.attempts), .id = owed.id};
    call.caller = scheduler_for(owed, owed.region);
    if (target.sqs_parameters) call.group = target.sqs_parameters->message_group_id.value_or("");
    if (target.ecs_parameters) call.ecs_parameters = aws::protocol::to_json(*target.ecs_parameters);
    if (target.event_bridge_parameters) {
        call.source = target.event_bridge_parameters->source;
        call.detail_type = target.event_bridge_parameters->detail_type;
    }
    const Status called = co_await aws::call_target(client_, env_, std::move(call));
    if (called) co_return aws::Outcome{};
    const auto& policy = target.retry_policy;
    const int64_t most = policy ? policy->maximum_retry_attempts.value_or(limits::retry_attempts)
                                : limits::retry_attempts;
    const std::chrono::seconds age(
        policy ? policy->maximum_event_age_in_seconds.value_or(limits::retry_seconds)
               : limits::retry_seconds);
    const Duration wait =
        aws::back_off(delivery.attempts, 1s, std::chrono::minutes(8), env_.random);
    if (aws::may_pass(called.error()) && delivery.attempts < most &&
        env_.now() + wait < delivery.made + age)
        co_return aws::Outcome{false, wait};
    log::info("scheduler: a call was given up",
              {{"schedule", owed.arn}, {"target", target.arn}, {"error", called.error().message}});
    const Status buried = co_await to_dead_letters(owed, called.error(), delivery.attempts);
    if (!buried) co_return aws::Outcome{false, 20s};
    co_return aws::Outcome{};
}

Task<void> Clock::run(Stop& stop) {
    std::set<std::pair<Time, ScheduleKey>> due;
    while (!stop.requested()) {
        if (std::exchange(look_, false)) {
            due.clear();
            store::Txn txn = store_.begin();
            for (const auto& [key, schedule] : schema::schedules.list(txn))
                if (const auto next = next_of(schedule, env_.now() - limits::make_up))
                    due.emplace(*next, key);
        }
        if (!due.empty() && due.begin()->first <= env_.now()) {
            const auto [time, key] = *due.begin();
            due.erase(due.begin());
            if (const Status fired = co_await fire(key, time); !fired)
                log::warn("scheduler: a schedule did not fire", {{"error", fired.error().message}});
            continue;
        }
        if (look_) continue;
        const Steady until =
            due.empty()
                ? never
                : env_.loop.steady() + std::max(due.begin()->first - env_.now(), Duration(1000));
        if (co_await changed_.wait(env_.loop, until, &stop) == Wake::stopped) co_return;
    }
}

}  // namespace unkai::services::scheduler
