#include "services/ecs/deployment_plan.h"

#include <gtest/gtest.h>

#include "services/ecs/limits.h"

namespace unkai::services::ecs {
namespace {

const Time now = from_seconds(1'800'000'000);

ServiceView service(int64_t desired) {
    ServiceView out;
    out.desired = desired;
    out.deployments = {{.id = "new"}};
    out.zones = {{"subnet-a", "az-a"}, {"subnet-b", "az-b"}};
    return out;
}

TaskView task(std::string id, std::string deployment, bool healthy = true) {
    TaskView out;
    out.id = id;
    out.deployment = std::move(deployment);
    out.subnet = "subnet-a";
    out.running = true;
    out.running_since = now - std::chrono::hours(1);
    out.target = healthy ? TargetState::healthy : TargetState::waiting;
    out.number = static_cast<int64_t>(std::hash<std::string>{}(id) % 1000);
    return out;
}

std::vector<TaskView> tasks(int count, const char* deployment, bool healthy = true) {
    std::vector<TaskView> out;
    for (int i = 0; i < count; ++i) {
        out.push_back(task(std::string(deployment) + std::to_string(i), deployment, healthy));
        out.back().number = i;
    }
    return out;
}

std::vector<TaskView> operator+(std::vector<TaskView> a, const std::vector<TaskView>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

TEST(Plan, StartsWhatIsMissingSpreadOverZones) {
    const Actions actions = plan(service(4), {}, now);
    ASSERT_EQ(actions.starts.size(), 4u);
    int in_a = 0;
    for (const auto& start : actions.starts) in_a += start.subnet == "subnet-a" ? 1 : 0;
    EXPECT_EQ(in_a, 2);
    // One is there in zone a already: the next goes to b.
    const Actions next = plan(service(2), tasks(1, "new"), now);
    ASSERT_EQ(next.starts.size(), 1u);
    EXPECT_EQ(next.starts[0].subnet, "subnet-b");
}

TEST(Plan, SteadyOnceAndQuiet) {
    ServiceView view = service(2);
    Actions actions = plan(view, tasks(2, "new"), now);
    EXPECT_TRUE(actions.complete);
    EXPECT_TRUE(actions.became_steady);
    view.deployments[0].completed = true;
    view.steady = true;
    EXPECT_TRUE(plan(view, tasks(2, "new"), now).nothing());
    EXPECT_TRUE(plan(view, tasks(1, "new"), now).lost_steady);
}

// Desired, minimum, maximum, old healthy, new starting, new healthy → starts, stops.
TEST(Plan, RollingTable) {
    struct Row {
        int desired, minimum, maximum, older, starting, ready, starts, stops;
    };
    const Row rows[] = {
        {4, 100, 200, 4, 0, 0, 4, 0},  // Facts: desired 4 and 200 %: starts 4 first.
        {4, 50, 100, 4, 0, 0, 2, 2},   // Desired 4 and 50 %: may stop 2 first, then starts into the
                                       // room.
        {4, 100, 200, 4, 4, 0, 0, 0},  // Nothing stops until the new are healthy.
        {4, 100, 200, 4, 3, 1, 0, 1}, {4, 100, 200, 4, 0, 4, 0, 4}, {4, 100, 150, 4, 0, 0, 2, 0},
        {4, 100, 150, 4, 2, 0, 0, 0}, {4, 100, 150, 4, 0, 2, 2, 2}, {1, 100, 200, 1, 0, 0, 1, 0},
        {1, 0, 100, 1, 0, 0, 1, 1},   {1, 100, 100, 1, 0, 0, 0, 0},  // The configuration forbids
                                                                     // every step.
        {3, 50, 150, 3, 0, 0, 2, 1},  // ceil(1.5) = 2 stay healthy, floor(4.5) = 4 in all.
        {0, 100, 200, 2, 0, 0, 0, 2}, {2, 100, 200, 0, 0, 3, 0, 1},  // Scaling in.
    };
    for (const Row& row : rows) {
        ServiceView view = service(row.desired);
        view.minimum_percent = row.minimum;
        view.maximum_percent = row.maximum;
        view.deployments.push_back({.id = "old", .completed = true});
        std::vector<TaskView> mine = tasks(row.starting, "new", false);
        for (auto& one : tasks(row.ready, "new")) {
            one.id = "ready" + one.id;
            mine.push_back(one);
        }
        const Actions actions = plan(view, tasks(row.older, "old") + mine, now);
        EXPECT_EQ(static_cast<int>(actions.starts.size()), row.starts)
            << row.desired << " " << row.minimum << " " << row.maximum << " " << row.older
            << row.starting << row.ready;
        EXPECT_EQ(static_cast<int>(actions.stops.size()), row.stops)
            << row.desired << " " << row.minimum << " " << row.maximum << " " << row.older
            << row.starting << row.ready;
    }
}

TEST(Plan, OlderDeploymentsGoWhenEmpty) {
    ServiceView view = service(1);
    view.deployments.push_back({.id = "old"});
    EXPECT_EQ(plan(view, tasks(1, "new"), now).finished, (std::vector<std::string>{"old"}));
    auto leaving = tasks(1, "old");
    leaving[0].wanted = false;
    const Actions actions = plan(view, tasks(1, "new") + leaving, now);
    EXPECT_TRUE(actions.finished.empty());
    EXPECT_FALSE(actions.complete);
}

TEST(Plan, UnhealthyIsReplacedFirstWhereThereIsRoom) {
    ServiceView view = service(2);
    auto mine = tasks(2, "new");
    mine[0].target = TargetState::unhealthy;
    Actions actions = plan(view, mine, now);
    EXPECT_EQ(actions.starts.size(), 1u);
    EXPECT_TRUE(actions.stops.empty());
    auto third = task("third", "new", false);
    third.running = false;
    EXPECT_TRUE(plan(view, mine + std::vector{third}, now).stops.empty());
    actions = plan(view, mine + std::vector{task("third", "new")}, now);
    ASSERT_EQ(actions.stops.size(), 1u);
    EXPECT_EQ(actions.stops[0].task, "new0");
    EXPECT_EQ(actions.stops[0].reason, StopReason::target_health);
    view.maximum_percent = 100;
    mine[0].health = Health::unhealthy;
    actions = plan(view, mine, now);
    ASSERT_EQ(actions.stops.size(), 1u);
    EXPECT_EQ(actions.stops[0].reason, StopReason::container_health);
    EXPECT_EQ(actions.starts.size(), 1u);
}

TEST(Plan, GraceHoldsHealthChecksBack) {
    ServiceView view = service(1);
    view.grace = std::chrono::seconds(60);
    auto mine = tasks(1, "new");
    mine[0].target = TargetState::unhealthy;
    mine[0].running_since = now - std::chrono::seconds(20);
    const Actions actions = plan(view, mine, now);
    EXPECT_TRUE(actions.starts.empty() && actions.stops.empty());
    EXPECT_EQ(actions.wake_at, now + std::chrono::seconds(40));
}

TEST(Plan, WithoutChecksHealthyAfterFortySeconds) {
    ServiceView view = service(1);
    auto mine = tasks(1, "new");
    mine[0].target = TargetState::none;
    mine[0].running_since = now - std::chrono::seconds(10);
    Actions actions = plan(view, mine, now);
    EXPECT_FALSE(actions.complete);
    EXPECT_EQ(actions.wake_at, now + std::chrono::seconds(30));
    EXPECT_TRUE(plan(view, mine, now + std::chrono::seconds(30)).complete);
    mine[0].health = Health::unknown;
    EXPECT_FALSE(plan(view, mine, now + std::chrono::hours(1)).complete);
}

TEST(Plan, CircuitBreaker) {
    EXPECT_EQ(breaker_threshold(0), 3);
    EXPECT_EQ(breaker_threshold(5), 3);
    EXPECT_EQ(breaker_threshold(25), 13);
    EXPECT_EQ(breaker_threshold(400), 200);
    EXPECT_EQ(breaker_threshold(800), 200);
    ServiceView view = service(2);
    view.circuit_breaker = view.roll_back = view.can_roll_back = true;
    view.deployments[0].failed_tasks = 2;
    EXPECT_FALSE(plan(view, {}, now).fail);
    view.deployments[0].failed_tasks = 3;
    EXPECT_TRUE(plan(view, {}, now).fail);
    EXPECT_TRUE(plan(view, {}, now).roll_back);
    view.can_roll_back = false;
    EXPECT_FALSE(plan(view, {}, now).roll_back);
    view.deployments[0].failed = true;
    EXPECT_TRUE(plan(view, {}, now).nothing());
    view.deployments[0] = {.id = "new", .completed = true, .failed_tasks = 50};
    EXPECT_FALSE(plan(view, {}, now).fail);
}

TEST(Plan, RestartsAreThrottled) {
    EXPECT_EQ(restart_delay(3, true), Duration{0});
    EXPECT_EQ(restart_delay(4, true), std::chrono::seconds(10));
    EXPECT_EQ(restart_delay(6, true), std::chrono::seconds(40));
    EXPECT_EQ(restart_delay(100, true), limits::longest_restart_delay);
    EXPECT_EQ(restart_delay(100, false), std::chrono::seconds(30));
    ServiceView view = service(1);
    view.retry_at = now + std::chrono::seconds(5);
    const Actions actions = plan(view, {}, now);
    EXPECT_TRUE(actions.starts.empty());
    EXPECT_EQ(actions.wake_at, view.retry_at);
}

TEST(Plan, DeletedServiceStopsAll) {
    ServiceView view = service(3);
    view.active = false;
    EXPECT_EQ(plan(view, tasks(3, "new"), now).stops.size(), 3u);
    EXPECT_TRUE(plan(view, {}, now).nothing());
}

// Minimum healthy holds at every step of a whole deployment, whatever the numbers.
TEST(Plan, NeverBelowTheMinimumNorAboveTheMaximum) {
    for (int desired = 1; desired <= 7; ++desired) {
        for (const auto& [minimum, maximum] :
             {std::pair(100, 200), std::pair(50, 200), std::pair(0, 100), std::pair(50, 150),
              std::pair(100, 150)}) {
            ServiceView view = service(desired);
            view.minimum_percent = minimum;
            view.maximum_percent = maximum;
            view.deployments.push_back({.id = "old"});
            auto all = tasks(desired, "old");
            const int64_t most = desired * maximum / 100;
            const int64_t least = (desired * minimum + 99) / 100;
            if (most == desired && least == desired) continue;
            bool done = false;
            for (int step = 0; step < 50 && !done; ++step) {
                const Actions actions = plan(view, all, now);
                for (const auto& stop : actions.stops)
                    std::erase_if(all, [&](auto& one) { return one.id == stop.task; });
                int64_t healthy = 0;
                for (auto& one : all) healthy += one.target == TargetState::healthy ? 1 : 0;
                EXPECT_GE(healthy, least) << desired << " " << minimum;
                for (auto& one : all) one.target = TargetState::healthy;
                for (size_t i = 0; i < actions.starts.size(); ++i)
                    all.push_back(
                        task("n" + std::to_string(step) + "-" + std::to_string(i), "new", false));
                EXPECT_LE(static_cast<int64_t>(all.size()), std::max<int64_t>(most, desired));
                if (!actions.finished.empty()) view.deployments.pop_back();
                done = actions.complete;
            }
            // 150 % of one is one: with a minimum of 100 % nothing can move.
            const bool stuck = most == desired && least == desired;
            EXPECT_TRUE(done || stuck || (desired == 1 && least == 1 && most == 1))
                << desired << " " << minimum << " " << maximum;
        }
    }
}

}  // namespace
}  // namespace unkai::services::ecs
