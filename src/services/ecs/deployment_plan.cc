#include "services/ecs/deployment_plan.h"

#include <algorithm>

#include "services/ecs/limits.h"

namespace unkai::services::ecs {

namespace {

// Where one task stands, as far as the service cares.
enum class Standing { starting, healthy, unhealthy };

class Planner {
public:
    Planner(const ServiceView& service, const std::vector<TaskView>& tasks, Time now)
        : service_(service), now_(now) {
        for (const TaskView& task : tasks) {
            if (!task.wanted) {
                leaving_.push_back(&task);
                continue;
            }
            const Standing standing = stand(task);
            standings_[&task] = standing;
            live_.push_back(&task);
            if (standing == Standing::healthy) ++healthy_;
            const auto zone = service_.zones.find(task.subnet);
            if (zone != service_.zones.end()) ++in_zone_[zone->second];
            ++in_subnet_[task.subnet];
        }
    }

    Actions run();

private:
    Standing stand(const TaskView& task);
    void wake(Time at) {
        if (at > now_ && (!actions_.wake_at || at < *actions_.wake_at)) actions_.wake_at = at;
    }
    void stop(const TaskView* task, StopReason reason);
    void stop_older(int64_t least_healthy);
    void scale_in(std::vector<const TaskView*> mine);
    void replace_unhealthy(const std::vector<const TaskView*>& mine, int64_t most);
    void start(int64_t count);
    std::string pick_subnet();
    void open_breaker();
    void settle();
    Standing standing(const TaskView* task) const { return standings_.at(task); }
    const DeploymentView& primary() const { return service_.deployments[0]; }
    StopReason health_reason(const TaskView* task) const {
        return task->health == Health::unhealthy ? StopReason::container_health
                                                 : StopReason::target_health;
    }

    const ServiceView& service_;
    Time now_;
    Actions actions_;
    std::map<const TaskView*, Standing> standings_;
    std::vector<const TaskView*> live_;
    std::vector<const TaskView*> leaving_;
    int64_t healthy_ = 0;
    std::map<std::string, int64_t> in_zone_, in_subnet_;
};

Standing Planner::stand(const TaskView& task) {
    if (!task.running) return Standing::starting;
    // Within the grace period no health check stops a task.
    const Time grace_ends = task.running_since + service_.grace;
    const bool in_grace = now_ < grace_ends;
    if (task.health == Health::unhealthy || task.target == TargetState::unhealthy) {
        if (!in_grace) return Standing::unhealthy;
        wake(grace_ends);
        return Standing::starting;
    }
    const bool checked = task.health != Health::none || task.target != TargetState::none;
    if (!checked) {
        const Time counts_at = task.running_since + limits::healthy_after;
        if (now_ >= counts_at) return Standing::healthy;
        wake(counts_at);
        return Standing::starting;
    }
    const bool container_ok = task.health == Health::none || task.health == Health::healthy;
    const bool target_ok = task.target == TargetState::none || task.target == TargetState::healthy;
    return container_ok && target_ok ? Standing::healthy : Standing::starting;
}

void Planner::stop(const TaskView* task, StopReason reason) {
    actions_.stops.push_back({task->id, reason});
    if (standing(task) == Standing::healthy) --healthy_;
    if (const auto zone = service_.zones.find(task->subnet); zone != service_.zones.end())
        --in_zone_[zone->second];
    --in_subnet_[task->subnet];
    std::erase(live_, task);
}

// Tasks of earlier deployments: those that serve nobody go first, then healthy ones as far as the
// minimum allows.
void Planner::stop_older(int64_t least_healthy) {
    std::vector<const TaskView*> older;
    for (const TaskView* task : live_)
        if (task->deployment != primary().id) older.push_back(task);
    std::ranges::sort(older, {}, [&](const TaskView* task) {
        return std::pair(standing(task) == Standing::healthy, task->number);
    });
    for (const TaskView* task : older) {
        if (standing(task) == Standing::healthy && healthy_ <= least_healthy) continue;
        // A task that is on its way up may be all that the service has: keep it until the new are
        // there, unless it is unhealthy or enough others are healthy.
        if (standing(task) == Standing::starting && healthy_ < least_healthy) continue;
        stop(task, StopReason::deployment);
    }
}

// Too many of the primary deployment: from the fullest zone first, the least useful, the newest.
void Planner::scale_in(std::vector<const TaskView*> mine) {
    while (static_cast<int64_t>(mine.size()) > service_.desired) {
        const auto zone_count = [&](const TaskView* task) {
            const auto zone = service_.zones.find(task->subnet);
            return zone == service_.zones.end() ? 0 : in_zone_[zone->second];
        };
        const auto worst = std::ranges::max_element(mine, {}, [&](const TaskView* task) {
            return std::tuple(standing(task) == Standing::unhealthy,
                              standing(task) != Standing::healthy, zone_count(task), task->number);
        });
        stop(*worst, StopReason::scaling);
        mine.erase(worst);
    }
}

// The replacement first, where the maximum leaves room; else the unhealthy one goes first.
void Planner::replace_unhealthy(const std::vector<const TaskView*>& mine, int64_t most) {
    int64_t good = 0;
    for (const TaskView* task : mine) good += standing(task) == Standing::healthy ? 1 : 0;
    for (const TaskView* task : mine) {
        if (standing(task) != Standing::unhealthy) continue;
        const bool replaced = good >= service_.desired;
        const bool no_room = static_cast<int64_t>(live_.size()) >= most;
        if (replaced || no_room) stop(task, health_reason(task));
    }
}

std::string Planner::pick_subnet() {
    const std::string* best = nullptr;
    std::pair<int64_t, int64_t> best_load;
    for (const auto& [subnet, zone] : service_.zones) {
        const std::pair load(in_zone_[zone], in_subnet_[subnet]);
        if (best == nullptr || load < best_load) {
            best = &subnet;
            best_load = load;
        }
    }
    return best == nullptr ? "" : *best;
}

void Planner::start(int64_t count) {
    if (count <= 0 || primary().failed) return;
    if (now_ < service_.retry_at) return wake(service_.retry_at);
    for (int64_t i = 0; i < count; ++i) {
        const std::string subnet = pick_subnet();
        ++in_zone_[service_.zones.contains(subnet) ? service_.zones.at(subnet) : ""];
        ++in_subnet_[subnet];
        actions_.starts.push_back({primary().id, subnet});
    }
}

void Planner::open_breaker() {
    if (!service_.circuit_breaker || primary().completed || primary().failed) return;
    if (primary().failed_tasks < breaker_threshold(service_.desired)) return;
    actions_.fail = true;
    actions_.roll_back = service_.roll_back && service_.can_roll_back;
}

void Planner::settle() {
    int64_t good = 0;
    bool others = false;
    for (const TaskView* task : live_) {
        if (task->deployment != primary().id)
            others = true;
        else if (standing(task) == Standing::healthy)
            ++good;
    }
    const auto has_tasks = [&](const std::string& id) {
        const auto of = [&](const TaskView* task) { return task->deployment == id; };
        return std::ranges::any_of(live_, of) || std::ranges::any_of(leaving_, of);
    };
    for (size_t i = 1; i < service_.deployments.size(); ++i)
        if (!has_tasks(service_.deployments[i].id))
            actions_.finished.push_back(service_.deployments[i].id);
    const bool older_left = service_.deployments.size() > 1 + actions_.finished.size();
    const bool reached = !others && !older_left && good == service_.desired &&
                         static_cast<int64_t>(live_.size()) == service_.desired &&
                         actions_.starts.empty() && actions_.stops.empty() && !primary().failed;
    actions_.complete = reached && !primary().completed;
    actions_.became_steady = reached && !service_.steady;
    actions_.lost_steady = !reached && service_.steady;
}

Actions Planner::run() {
    if (!service_.active || service_.deployments.empty()) {
        for (const TaskView* task : std::vector(live_)) stop(task, StopReason::scaling);
        actions_.wake_at.reset();
        return actions_;
    }
    open_breaker();
    if (actions_.fail) return actions_;  // Decide anew when that is written.

    const int64_t most = service_.desired * service_.maximum_percent / 100;
    const int64_t least = (service_.desired * service_.minimum_percent + 99) / 100;
    stop_older(least);
    const auto of_primary = [&] {
        std::vector<const TaskView*> mine;
        for (const TaskView* task : live_)
            if (task->deployment == primary().id) mine.push_back(task);
        return mine;
    };
    replace_unhealthy(of_primary(), most);
    std::vector<const TaskView*> mine = of_primary();
    // Unhealthy ones that wait for their replacement do not count as capacity, nor as a surplus.
    std::erase_if(mine, [&](auto* task) { return standing(task) == Standing::unhealthy; });
    const auto have = static_cast<int64_t>(mine.size());
    scale_in(mine);
    const int64_t room = most - static_cast<int64_t>(live_.size());
    start(std::min(service_.desired - have, room));
    settle();
    return actions_;
}

}  // namespace

Actions plan(const ServiceView& service, const std::vector<TaskView>& tasks, Time now) {
    return Planner(service, tasks, now).run();
}

int64_t breaker_threshold(int64_t desired) {
    return std::clamp<int64_t>((desired + 1) / 2, 3, 200);
}

Duration restart_delay(int64_t quick_failures, bool never_ran) {
    if (quick_failures < first_throttled_failure) return Duration{0};
    const Duration longest = never_ran ? limits::longest_restart_delay : std::chrono::seconds(30);
    const int64_t doublings = std::min<int64_t>(quick_failures - first_throttled_failure, 10);
    return std::min<Duration>(std::chrono::seconds(10) * (int64_t{1} << doublings), longest);
}

}  // namespace unkai::services::ecs
