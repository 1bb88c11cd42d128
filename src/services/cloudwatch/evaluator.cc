#include "services/cloudwatch/evaluator.h"

#include <fmt/chrono.h>

#include <cmath>

#include "base/log.h"
#include "services/cloudwatch/composite_rule.h"
#include "services/cloudwatch/query.h"

namespace unkai::services::cloudwatch {

namespace {

constexpr int most_rounds = 20;  // Composite alarms of composite alarms of …

bool never_judged(const StoredAlarm& alarm) { return alarm.reason.starts_with("Unchecked"); }

// "ignore": a percentile of few samples is not judged.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/percentiles-with-low-samples.html
bool too_few_samples(const StoredAlarm& alarm, const std::vector<Observation>& range) {
    if (alarm.low_samples.value_or("") != "ignore" || !alarm.extended) return false;
    const auto statistic = parse_statistic(alarm.metric.statistic);
    if (!statistic || statistic->kind != Statistic::Kind::percentile) return false;
    const double share = statistic->high.value_or(50) / 100;
    const double rare = share >= 0.5 ? 1 - share : share;
    double samples = 0;
    for (const Observation& each : range) samples += each.samples;
    return rare > 0 && samples > 0 && samples < 10 / rare;
}

std::vector<Observation> observe_metric(const AlarmPlace& place, const StoredAlarm& alarm,
                                        int64_t from, int64_t end) {
    const int64_t period = alarm.metric.metric_period;
    std::vector<Observation> out;
    for (int64_t at = from; at < end; at += period) out.push_back({at, std::nullopt, 0});
    const MetricName name{place.account,
                          place.region,
                          alarm.metric.space,
                          alarm.metric.name,
                          {alarm.metric.dimensions.begin(), alarm.metric.dimensions.end()}};
    const auto found = find_metric(place.txn, name);
    if (!found) return out;
    const auto statistic = parse_statistic(alarm.metric.statistic);
    const SeriesRange range{from, end, period,
                            alarm.metric.unit ? unit_number(*alarm.metric.unit) : std::nullopt};
    for (const auto& [at, samples] : read_series(place.txn, found->id, range, place.now).periods) {
        Observation& each = out[static_cast<size_t>((at - from) / period)];
        each.value = statistic->of(samples);
        each.samples = samples.count;
    }
    return out;
}

Result<std::vector<Observation>> observe_queries(const AlarmPlace& place, const StoredAlarm& alarm,
                                                 int64_t from, int64_t end) {
    const int64_t period = alarm.metric.metric_period;
    const QueryScope scope{place.txn, place.account, place.region, place.now};
    const List<MetricDataQuery> queries = alarm_queries(alarm);
    QueryRun run(scope, queries, from, end);
    std::vector<Observation> out;
    for (const MetricDataQuery& query : queries) {
        if (!query.return_data.value_or(true)) continue;
        TRY(const MathValue value, run.value(query.id));
        const auto* list = std::get_if<MathList>(&value);
        const auto* series = std::get_if<MathSeries>(&value);
        if (list && list->size() == 1) series = &list->front();
        if (!series) return math_error("The expression must result in one time series.");
        for (int64_t at = from; at < end; at += period) {
            const auto point = series->points.find(at);
            out.push_back(
                {at, point == series->points.end() ? std::nullopt : std::optional(point->second),
                 0});
        }
    }
    return out;
}

// "Sunday 22 November, 2026 04:05:06 UTC"
std::string reason_time(Time time) {
    return fmt::format("{:%A %d %B, %Y %H:%M:%S} UTC",
                       std::chrono::floor<std::chrono::seconds>(time));
}

NewState composite_state(const AlarmPlace& place, const CompositeRule& rule, AlarmState state) {
    std::optional<StoredAlarm> newest;
    for (const std::string& name : rule.alarms()) {
        auto child = schema::alarms.get(place.txn, {place.account, place.region, name});
        if (child && (!newest || child->state_transitioned > newest->state_transitioned))
            newest = std::move(child);
    }
    if (!newest) return {state, "The rule has no alarms and is always the same.", ""};
    const std::string arn = place.arn(newest->name);
    const std::string value(state_name(newest->state));
    const wire::Json data = wire::Json::object(
        {{"triggeringAlarms",
          wire::Json::array({wire::Json::object(
              {{"arn", arn},
               {"state",
                wire::Json::object({{"value", value},
                                    {"timestamp", java_time(newest->state_transitioned)}})}})})}});
    return {state,
            arn + " transitioned to " + value + " at " + reason_time(newest->state_transitioned),
            data.dump()};
}

}  // namespace

Result<std::vector<Observation>> observe(const AlarmPlace& place, const StoredAlarm& alarm,
                                         int64_t end) {
    const int64_t from =
        end - static_cast<int64_t>(range_periods(alarm)) * alarm.metric.metric_period;
    if (alarm.queries.empty()) return observe_metric(place, alarm, from, end);
    return observe_queries(place, alarm, from, end);
}

AlarmPlace Evaluator::place(store::Txn& txn, const Key& key) {
    return {txn, env_.random, std::get<0>(key), std::get<1>(key), env_.now()};
}

void Evaluator::evaluate_one(store::Txn& txn, const Key& key, int64_t second) {
    auto alarm = schema::alarms.get(txn, key);
    if (!alarm || alarm->composite) return;
    const int64_t step = alarm->metric.metric_period < 60 ? tick : 60;
    if (second % step != 0 && !never_judged(*alarm)) return;
    const AlarmPlace where = place(txn, key);
    const auto range = observe(where, *alarm, second - second % step);
    if (!range) {
        log::warn("cloudwatch: an alarm cannot be judged",
                  {{"alarm", alarm->name}, {"error", range.error().message}});
        return;
    }
    if (too_few_samples(*alarm, *range)) return;
    const Verdict verdict = judge(*alarm, *range);
    if (!verdict.state || *verdict.state == alarm->state) return;
    StoredAlarm changed = *std::move(alarm);
    change_state(where, changed,
                 {*verdict.state, state_reason(changed, verdict),
                  state_reason_data(changed, verdict, where.now, changed.metric.metric_period)});
}

Task<Status> Evaluator::evaluate(int64_t second) {
    std::vector<Key> keys;
    {
        store::Txn txn = store_.begin();
        schema::alarms.each(txn, {}, [&](const Key& key, const StoredAlarm& alarm) {
            const bool due = second % 60 == 0 || alarm.metric.metric_period < 60;
            if (!alarm.composite && (due || never_judged(alarm))) keys.push_back(key);
            return true;
        });
    }
    for (size_t at = 0; at < keys.size(); at += alarms_per_slice) {
        store::Txn txn = store_.begin();
        for (size_t i = at; i < keys.size() && i < at + alarms_per_slice; ++i)
            evaluate_one(txn, keys[i], second);
        if (txn.has_writes()) CO_REQUIRE(co_await store_.commit(txn));
        co_await env_.loop.yield();
    }
    co_return ok();
}

bool Evaluator::evaluate_composite(store::Txn& txn, const Key& key) {
    auto alarm = schema::alarms.get(txn, key);
    if (!alarm) return false;
    const auto rule = CompositeRule::parse(alarm->rule);
    if (!rule) return false;
    const bool holds = rule->holds([&](const std::string& name) {
        const auto child = schema::alarms.get(txn, {std::get<0>(key), std::get<1>(key), name});
        return child ? child->state : AlarmState::insufficient_data;
    });
    const AlarmState state = holds ? AlarmState::alarm : AlarmState::ok;
    if (state == alarm->state) return false;
    const AlarmPlace where = place(txn, key);
    change_state(where, *alarm, composite_state(where, *rule, state));
    return true;
}

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-suppression.html
void Evaluator::release_actions(store::Txn& txn, const Key& key) {
    auto alarm = schema::alarms.get(txn, key);
    if (!alarm || !alarm->owed_from) return;
    const AlarmPlace where = place(txn, key);
    const auto suppressor = schema::alarms.get(
        txn, {where.account, where.region, alarm_name_of(alarm->suppressor.value_or(""))});
    const bool suppressed = suppressor && suppressor->state == AlarmState::alarm;
    const std::string before = alarm->suppressed_by;
    if (suppressed) {
        alarm->suppressed_by = actions_suppressed_by::alarm;
    } else if (before.empty()) {
        alarm->suppressed_by = actions_suppressed_by::wait_period;
        alarm->suppressed_until =
            alarm->state_transitioned + std::chrono::seconds{alarm->suppressor_wait};
    } else if (before == actions_suppressed_by::alarm) {
        alarm->suppressed_by = actions_suppressed_by::extension_period;
        alarm->suppressed_until = where.now + std::chrono::seconds{alarm->suppressor_extension};
    }
    const bool over = !suppressed && where.now >= alarm->suppressed_until;
    if (over) {
        owe_actions(where, *alarm, *alarm->owed_from);
        alarm->owed_from.reset();
        alarm->suppressed_by.clear();
    }
    waiting_ = waiting_ || (!over && !suppressed);
    if (over || alarm->suppressed_by != before) put_alarm(where, *alarm);
}

Task<Status> Evaluator::settle() {
    waiting_ = false;
    for (int round = 0; round < most_rounds; ++round) {
        dirty_ = false;
        store::Txn txn = store_.begin();
        const auto composites = schema::composites.list(txn);
        bool changed = false;
        for (const auto& [key, mark] : composites) changed |= evaluate_composite(txn, key);
        for (const auto& [key, mark] : composites) release_actions(txn, key);
        if (txn.has_writes()) CO_REQUIRE(co_await store_.commit(txn));
        if (!changed) break;
    }
    co_return ok();
}

Task<void> Evaluator::run(Stop& stop) {
    const auto watch = store_.watch(schema::alarms.prefix(), [this](auto, bool) {
        dirty_ = true;
        changed_.notify_all();
    });
    int64_t done = 0;
    while (!stop.requested()) {
        const int64_t now = whole_seconds(env_.now() - delay);
        const int64_t due = now - now % tick;
        Status status;
        if (due > done) {
            status = co_await evaluate(due);
            done = due;
        }
        if (status) status = co_await settle();
        if (!status)
            log::warn("cloudwatch: judging alarms failed", {{"error", status.error().message}});
        if (dirty_ && status) continue;
        Duration rest = Time{std::chrono::seconds{done + tick}} + delay - env_.now();
        if (waiting_) rest = std::min<Duration>(rest, std::chrono::seconds{1});
        rest = std::max<Duration>(rest, std::chrono::milliseconds{1});
        co_await changed_.wait(env_.loop, env_.loop.steady() + rest, &stop);
    }
}

}  // namespace unkai::services::cloudwatch
