#include "services/events/router.h"

#include "api/sqs.h"
#include "aws/target.h"
#include "base/log.h"
#include "base/strings.h"
#include "services/events/input.h"
#include "services/events/limits.h"

namespace unkai::services::events {

using wire::Json;

std::string bus_arn(const Bus& bus) {
    return "arn:aws:events:" + bus.region + ":" + bus.account + ":event-bus/" + bus.name;
}

std::string rule_arn(const RuleKey& key) {
    const auto& [account, region, bus, name] = key;
    return "arn:aws:events:" + region + ":" + account + ":rule/" +
           (bus == "default" ? "" : bus + "/") + name;
}

std::string bus_name(const std::optional<std::string>& name_or_arn) {
    if (!name_or_arn || name_or_arn->empty()) return "default";
    const size_t mark = name_or_arn->find(":event-bus/");
    return mark == std::string::npos ? *name_or_arn : name_or_arn->substr(mark + 11);
}

Router::Router(Env& env, store::Store& store, aws::Client& client)
    : env_(env),
      store_(store),
      client_(client),
      outbox_(env, store, schema::deliveries, *this),
      watch_(store.watch(schema::rules.prefix(), [this](auto, bool) {
          look_ = true;
          rules_changed_.notify_all();
      })) {}

const aws::EventPattern* Router::pattern(const std::string& text) {
    constexpr size_t most_kept = 10000;
    const auto found = patterns_.find(text);
    if (found != patterns_.end()) return &found->second;
    auto made = aws::EventPattern::compile(std::string_view(text));
    if (!made) return nullptr;
    if (patterns_.size() >= most_kept) patterns_.clear();
    return &patterns_.emplace(text, *std::move(made)).first->second;
}

void Router::count(const RuleKey& rule, std::string_view metric) {
    const auto& [account, region, bus, name] = rule;
    auto& metrics = metrics_.try_emplace({account, region}, "AWS/Events").first->second;
    aws::Metrics::Dimensions dimensions{{"RuleName", name}};
    if (bus != "default") dimensions.insert(dimensions.begin(), {"EventBusName", bus});
    metrics.add(metric, dimensions, "Count", 1);
}

void Router::owe(store::Txn& txn, const RuleKey& rule, const Json& event, bool passed_on,
                 std::vector<int64_t>& ids) {
    const auto& [account, region, bus, name] = rule;
    OwedEvent owed{.account = account,
                   .region = region,
                   .bus = bus,
                   .rule = name,
                   .event = event.dump(),
                   .ingested = env_.now()};
    for (const auto& [key, target] : schema::targets.list(txn, account, region, bus, name)) {
        if (passed_on && target.arn.find(":event-bus/") != std::string::npos) continue;
        owed.target = target.id;
        aws::Delivery delivery{.lane = target.arn};
        store::Codec<OwedEvent>::encode(delivery.body, owed);
        ids.push_back(outbox_.add(txn, std::move(delivery)));
    }
    count(rule, "TriggeredRules");
}

std::vector<int64_t> Router::route(store::Txn& txn, const Bus& bus, const Json& event,
                                   bool passed_on) {
    std::vector<int64_t> ids;
    for (const auto& [key, rule] : schema::rules.list(txn, bus.account, bus.region, bus.name)) {
        if (rule.state == "DISABLED" || rule.pattern.empty()) continue;
        const aws::EventPattern* const wanted = pattern(rule.pattern);
        if (wanted != nullptr && wanted->matches(event)) owe(txn, key, event, passed_on, ids);
    }
    return ids;
}

void Router::begin(const std::vector<int64_t>& ids) {
    for (const int64_t id : ids) outbox_.begin(id);
}

Task<Status> Router::bring(OwedEvent owed, api::events::Target target, Json event, std::string id) {
    const RuleKey key{owed.account, owed.region, owed.bus, owed.rule};
    std::string input = input_for(target, event, {rule_arn(key), owed.rule, owed.ingested});
    if (target.arn.find(":event-bus/") != std::string::npos) {
        const auto parts = split(target.arn, ':');
        if (parts.size() != 6) co_return aws::check_target(target.arn);
        const Bus bus{std::string(parts[4]), std::string(parts[3]), bus_name(target.arn)};
        store::Txn txn = store_.begin();
        if (bus.name != "default" && !schema::buses.has(txn, {bus.account, bus.region, bus.name}))
            co_return fail("ResourceNotFoundException",
                           "Event bus " + bus.name + " does not exist.", 400);
        const auto ids = route(txn, bus, event, true);
        CO_REQUIRE(co_await store_.commit(txn));
        begin(ids);
        co_return ok();
    }
    aws::TargetCall call{.arn = target.arn, .input = std::move(input), .id = std::move(id)};
    call.caller = aws::service_caller("events.amazonaws.com", owed.account, owed.region);
    call.caller.principal.arn = rule_arn(key);
    if (target.sqs_parameters) call.group = target.sqs_parameters->message_group_id.value_or("");
    if (target.ecs_parameters) call.ecs_parameters = aws::protocol::to_json(*target.ecs_parameters);
    co_return co_await aws::call_target(client_, env_, std::move(call));
}

Task<Status> Router::to_dead_letters(const OwedEvent& owed, const api::events::Target& target,
                                     const Error& why, int64_t attempts) {
    const RuleKey key{owed.account, owed.region, owed.bus, owed.rule};
    if (!target.dead_letter_config || !target.dead_letter_config->arn) co_return ok();
    const auto parts = split(*target.dead_letter_config->arn, ':');
    if (parts.size() != 6) co_return ok();
    aws::Caller caller =
        aws::service_caller("events.amazonaws.com", owed.account, std::string(parts[3]));
    caller.principal.arn = rule_arn(key);
    api::sqs::SendMessageInput in{.message_body = owed.event};
    in.queue_url = "https://sqs." + std::string(parts[3]) + ".amazonaws.com/" +
                   std::string(parts[4]) + "/" + std::string(parts[5]);
    const auto tell = [&](const char* name, const std::string& value) {
        in.message_attributes[name] = {.string_value = value.empty() ? "-" : value,
                                       .data_type = "String"};
    };
    tell("RULE_ARN", rule_arn(key));
    tell("TARGET_ARN", target.arn);
    tell("ERROR_CODE", why.code);
    tell("ERROR_MESSAGE", why.message);
    tell("RETRY_ATTEMPTS", std::to_string(attempts));
    if (aws::may_pass(why))
        tell("EXHAUSTED_RETRY_CONDITION",
             attempts >= limits::retry_attempts ? "MaximumRetryAttempts" : "MaximumEventAge");
    const auto sent =
        co_await client_.call<api::sqs::op::SendMessage>(std::move(caller), std::move(in));
    count(key, sent ? "InvocationsSentToDlq" : "InvocationsFailedToBeSentToDlq");
    if (!sent && aws::may_pass(sent.error())) co_return sent.error();
    co_return ok();
}

Task<aws::Outcome> Router::deliver(aws::Delivery delivery) {
    OwedEvent owed;
    const bool good = store::Codec<OwedEvent>::decode(delivery.body, owed);
    CHECK(good, "a damaged event in the store");
    const RuleKey key{owed.account, owed.region, owed.bus, owed.rule};
    store::Txn txn = store_.begin();
    const auto target =
        schema::targets.get(txn, {owed.account, owed.region, owed.bus, owed.rule, owed.target});
    auto event = Json::parse(owed.event);
    if (!target || !event) co_return aws::Outcome{};  // The target was removed meanwhile.
    const std::string id = (*event)["id"].string_or("") + "-" + owed.target;
    const Status brought = co_await bring(owed, *target, *std::move(event), id);
    count(key, "Invocations");
    if (brought) co_return aws::Outcome{};
    count(key, "FailedInvocations");
    const auto& policy = target->retry_policy;
    const int64_t most = policy ? policy->maximum_retry_attempts.value_or(limits::retry_attempts)
                                : limits::retry_attempts;
    const std::chrono::seconds age(
        policy ? policy->maximum_event_age_in_seconds.value_or(limits::retry_seconds)
               : limits::retry_seconds);
    const Duration wait =
        aws::back_off(delivery.attempts, 1s, std::chrono::minutes(8), env_.random);
    if (aws::may_pass(brought.error()) && delivery.attempts < most &&
        env_.now() + wait < owed.ingested + age)
        co_return aws::Outcome{false, wait};
    log::info(
        "events: an event was given up",
        {{"rule", rule_arn(key)}, {"target", target->arn}, {"error", brought.error().message}});
    const Status buried =
        co_await to_dead_letters(owed, *target, brought.error(), delivery.attempts);
    if (!buried) co_return aws::Outcome{false, 20s};
    co_return aws::Outcome{};
}

std::optional<Time> Router::next_of(const StoredRule& rule) const {
    if (rule.schedule.empty() || rule.state == "DISABLED") return std::nullopt;
    const auto schedule = aws::ScheduleExpression::parse(rule.schedule);
    if (!schedule) return std::nullopt;
    const Time late = env_.now() - limits::make_up;
    const Time after = std::max({rule.fired, rule.created, late});
    return schedule->next_after(after, aws::TimeZone::utc(), rule.created);
}

Task<Status> Router::fire(RuleKey key, Time due) {
    store::Txn txn = store_.begin();
    auto rule = schema::rules.get(txn, key);
    if (!rule || next_of(*rule) != due) co_return ok();
    const auto& [account, region, bus, name] = key;
    rule->fired = due;
    schema::rules.put(txn, key, *rule);
    const Json event = Json::object({{"version", "0"},
                                     {"id", env_.random.uuid()},
                                     {"detail-type", "Scheduled Event"},
                                     {"source", "aws.events"},
                                     {"account", account},
                                     {"time", iso8601(due)},
                                     {"region", region},
                                     {"resources", Json::array({rule_arn(key)})},
                                     {"detail", Json::object()}});
    std::vector<int64_t> ids;
    owe(txn, key, event, false, ids);
    CO_REQUIRE(co_await store_.commit(txn));
    begin(ids);
    co_return ok();
}

Task<void> Router::fire_schedules(Stop& stop) {
    std::set<std::pair<Time, RuleKey>> due;
    while (!stop.requested()) {
        if (std::exchange(look_, false)) {
            due.clear();
            store::Txn txn = store_.begin();
            for (const auto& [key, rule] : schema::rules.list(txn))
                if (const auto next = next_of(rule)) due.emplace(*next, key);
        }
        if (!due.empty() && due.begin()->first <= env_.now()) {
            const auto [time, key] = *due.begin();
            due.erase(due.begin());
            if (const Status fired = co_await fire(key, time); !fired)
                log::warn("events: a rule did not fire", {{"error", fired.error().message}});
            continue;
        }
        if (look_) continue;
        const Steady until =
            due.empty()
                ? never
                : env_.loop.steady() + std::max(due.begin()->first - env_.now(), Duration(1000));
        if (co_await rules_changed_.wait(env_.loop, until, &stop) == Wake::stopped) co_return;
    }
}

Task<void> Router::publish_often(Stop& stop) {
    while (co_await env_.loop.sleep(10s, &stop))
        for (auto& [place, metrics] : metrics_) {
            if (metrics.empty()) continue;
            const auto caller =
                aws::service_caller("events.amazonaws.com", place.first, place.second);
            const Status put = co_await metrics.publish(client_, caller, env_.now());
            if (!put) log::debug("events: metrics were refused", {{"error", put.error().message}});
        }
}

Task<void> Router::run(Stop& stop) {
    Scope scope;
    scope.spawn(fire_schedules(stop));
    co_await publish_often(stop);
    co_await scope.join();
}

}  // namespace unkai::services::events
