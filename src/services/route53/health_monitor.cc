#include "services/route53/health_monitor.h"

#include "base/log.h"

namespace unkai::services::route53 {

namespace check_type = api::route53::health_check_type;

namespace {

constexpr size_t most_looks = 64;  // At a time; the others wait for their turn.
constexpr Duration alarm_interval = 10s;
constexpr Duration crowded_pause = 100ms;

Duration interval_of(const HealthCheckRecord& record) {
    return is_endpoint(record) ? Duration(std::chrono::seconds(record.interval)) : alarm_interval;
}

}  // namespace

HealthMonitor::HealthMonitor(Env& env, store::Store& store, aws::Client& client,
                             Publisher& publisher, Prober& prober)
    : env_(env), store_(store), client_(client), publisher_(publisher), prober_(prober) {
    watch_ =
        store_.watch(schema::health_checks.prefix(), [this](std::span<const store::Change>, bool) {
            changed_in_store_ = true;
            changed_.notify_all();
        });
}

void HealthMonitor::start() {
    scope_.spawn(run(*this));
    scope_.spawn(publish_metrics(*this));
}

Task<void> HealthMonitor::stop() {
    stop_.request();
    co_await scope_.join();
}

std::optional<HealthReport> HealthMonitor::find(const std::string& id) const {
    const auto place = works_.find(id);
    return place == works_.end() ? std::nullopt : std::optional(place->second.found);
}

void HealthMonitor::take_up() {
    store::Txn txn = store_.begin();
    std::set<std::string> there;
    for (auto& [key, record] : schema::health_checks.list(txn)) {
        const std::string& id = record.id;
        there.insert(id);
        const auto [place, fresh] = works_.try_emplace(id);
        Work& work = place->second;
        if (!fresh && work.record.version == record.version) continue;
        if (fresh) {
            if (const auto known = schema::health.get(txn, {id})) {
                work.streak.passing = known->passing;
                work.found.last_failure = known->last_failure;
                work.found.last_failed = known->last_failed;
            }
        }
        work.due = env_.loop.steady();  // At once, by the new rules.
        work.record = record;
    }
    std::erase_if(works_, [&](const auto& one) { return !there.contains(one.first); });
}

Steady HealthMonitor::spawn_due() {
    const Steady now = env_.loop.steady();
    Steady next = never;
    for (auto& [id, work] : works_) {
        if (work.record.disabled || work.record.type == check_type::calculated || work.busy)
            continue;
        if (work.due <= now) {
            if (scope_.running() > most_looks) return now + crowded_pause;
            work.busy = true;
            work.due = now + interval_of(work.record);
            scope_.spawn(look(*this, id, work.record.version));
        } else {
            next = std::min(next, work.due);
        }
    }
    return next;
}

Task<void> HealthMonitor::run(HealthMonitor& self) {
    while (!self.stop_.requested()) {
        if (std::exchange(self.changed_in_store_, false)) {
            self.take_up();
            self.recompute();
        }
        const Steady next = self.spawn_due();
        if (!self.changed_in_store_ &&
            co_await self.changed_.wait(self.env_.loop, next, &self.stop_) == Wake::stopped)
            break;
        // Woken on the stack of whoever changed something: let him finish first.
        if (!co_await self.env_.loop.sleep(0us, &self.stop_)) break;
    }
}

Task<void> HealthMonitor::look(HealthMonitor& self, std::string id, int64_t version) {
    // Lets the loop that spawns looks come to its end first.
    if (!co_await self.env_.loop.sleep(0us, &self.stop_)) co_return;
    const HealthCheckRecord check = self.works_[id].record;
    ProbeResult result;
    bool known = true;
    if (is_endpoint(check)) {
        result = co_await self.prober_.probe(check, &self.stop_);
    } else {
        const std::optional<bool> passes = co_await self.ask_alarm(check);
        known = passes.has_value() || check.without_data != "LastKnownStatus";
        result.passed = passes.value_or(check.without_data != "Unhealthy");
        result.report = passes ? (*passes ? "Success: the metric is within the alarm's threshold."
                                          : "Failure: the metric breaches the alarm's threshold.")
                               : "The metric has not enough data.";
    }
    if (self.stop_.requested()) co_return;
    const auto place = self.works_.find(id);
    if (place == self.works_.end()) co_return;
    place->second.busy = false;
    // Another configuration meanwhile: what was seen does not count.
    if (place->second.record.version == version && known) self.note(place->second, result);
    self.changed_.notify_all();
}

void HealthMonitor::note(Work& work, const ProbeResult& result) {
    work.found.report = result.report;
    work.found.checked = env_.now();
    if (!result.passed) {
        work.found.last_failure = result.report;
        work.found.last_failed = env_.now();
    }
    measure(work.record, result);
    const int32_t threshold = is_endpoint(work.record) ? work.record.threshold : 1;
    if (work.streak.add(result.passed, threshold)) {
        log::info("a health check turned", {{"check", work.record.id}, {"why", result.report}});
        scope_.spawn(save(work.record.id,
                          {work.streak.passing, work.found.last_failure, work.found.last_failed}));
    }
    recompute();
}

void HealthMonitor::recompute() {
    planes::dns::Health health;
    for (auto& [id, work] : works_)
        if (work.record.type != check_type::calculated)
            health[id] = work.found.healthy = is_healthy_status(work.record, work.streak.passing);
    for (auto& [id, work] : works_) {
        if (work.record.type != check_type::calculated) continue;
        work.streak.passing =
            calculated_passes(work.record, [&](const std::string& child) -> std::optional<bool> {
                const auto known = health.find(child);
                return known == health.end() ? std::nullopt : std::optional(known->second);
            });
        work.found.checked = env_.now();
        work.found.healthy = is_healthy_status(work.record, work.streak.passing);
    }
    for (auto& [id, work] : works_) health[id] = work.found.healthy;
    if (health == told_) return;
    told_ = health;
    publisher_.set_health(std::move(health));
}

// What fails here is written at the next turn; until then a restart knows the state before.
Task<void> HealthMonitor::save(std::string id, HealthRecord record) {
    store::Txn txn = store_.begin();
    if (!schema::health_checks.has(txn, {id})) co_return;
    schema::health.put(txn, {id}, record);
    if (const auto saved = co_await store_.commit(txn); !saved)
        log::warn("a health check's status was not stored",
                  {{"check", id}, {"why", saved.error().message}});
}

}  // namespace unkai::services::route53
