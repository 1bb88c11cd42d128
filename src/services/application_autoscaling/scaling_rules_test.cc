#include "services/application_autoscaling/scaling_rules.h"

#include <gtest/gtest.h>

#include <limits>

namespace unkai::services::application_autoscaling {
namespace {

TEST(ScalingRules, TrackInProportion) {
    struct Row {
        double target, metric;
        int32_t capacity;
        bool high;
        int32_t wanted;
    };
    const Row rows[] = {{50, 75, 4, true, 6},  {50, 51, 4, true, 5},    {50, 50.01, 10, true, 11},
                        {50, 200, 1, true, 4}, {50, 25, 4, false, 2},   {50, 44, 4, false, 3},
                        {50, 0, 4, false, 0},  {100, 1000, 3, true, 30}};
    for (const Row& row : rows)
        EXPECT_EQ(track(row.target, row.metric, row.capacity, row.high), row.wanted)
            << row.metric << " " << row.capacity;
}

model::StepScalingPolicyConfiguration steps_of(const std::string& type) {
    model::StepScalingPolicyConfiguration out;
    out.adjustment_type = type;
    const double none = std::numeric_limits<double>::quiet_NaN();
    const std::tuple<double, double, int32_t> all[] = {
        {none, -20, -30}, {-20, -10, -10}, {-10, 10, 0}, {10, 20, 10}, {20, none, 30}};
    for (const auto& [low, high, adjustment] : all) {
        auto& each = out.step_adjustments.emplace_back();
        if (low == low) each.metric_interval_lower_bound = low;
        if (high == high) each.metric_interval_upper_bound = high;
        each.scaling_adjustment = adjustment;
    }
    return out;
}

// User guide: application-auto-scaling-step-scaling-policies
TEST(ScalingRules, StepsOfTheDocumentation) {
    const auto percent = steps_of("PercentChangeInCapacity");
    ASSERT_TRUE(check_steps(percent));
    const std::tuple<double, int32_t, int32_t> rows[] = {
        {0, 10, 10},  {9.9, 10, 10}, {10, 10, 11}, {25, 10, 13}, {-10, 10, 9},
        {-19, 10, 9}, {-20, 10, 7},  {-50, 10, 7}, {10, 3, 4},   {-15, 3, 2}};
    for (const auto& [breach, capacity, wanted] : rows)
        EXPECT_EQ(step(percent, breach, capacity), wanted) << breach;
    EXPECT_EQ(step(steps_of("ChangeInCapacity"), 30, 10), 40);
    EXPECT_EQ(step(steps_of("ChangeInCapacity"), -30, 10), 0);
    EXPECT_EQ(step(steps_of("ExactCapacity"), 15, 3), 10);
    auto least = percent;
    least.min_adjustment_magnitude = 5;
    EXPECT_EQ(step(least, 10, 10), 15);
    auto gap = percent;
    gap.step_adjustments.erase(gap.step_adjustments.begin() + 2);
    EXPECT_FALSE(check_steps(gap));
    EXPECT_EQ(step(gap, 0, 10), std::nullopt);
    EXPECT_FALSE(check_steps(steps_of("Nonsense")));
    EXPECT_FALSE(check_steps({}));
}

StoredTarget sample_target() {
    StoredTarget out;
    out.shape.min_capacity = 1;
    out.shape.max_capacity = 10;
    return out;
}

std::optional<int32_t> decided(const StoredTarget& target, int32_t capacity,
                               std::vector<int32_t> wanted, int holds, Time now) {
    std::vector<Proposal> proposals;
    for (const int32_t each : wanted) proposals.push_back({"p", "a", each, 60});
    const auto decision = decide(target, capacity, proposals, holds, now);
    return decision ? std::optional(decision->capacity) : std::nullopt;
}

TEST(ScalingRules, TheLargestWinsWithinBoundsAndCooldowns) {
    const Time now = from_seconds(1'000'000);
    StoredTarget target = sample_target();
    EXPECT_EQ(decided(target, 4, {}, 0, now), std::nullopt);
    EXPECT_EQ(decided(target, 4, {6, 8, 2}, 0, now), 8);
    EXPECT_EQ(decided(target, 4, {30}, 0, now), 10);
    EXPECT_EQ(decided(target, 4, {2}, 0, now), 2);
    EXPECT_EQ(decided(target, 4, {0}, 0, now), 1);
    EXPECT_EQ(decided(target, 4, {2}, 1, now), std::nullopt);  // A policy does not agree.
    EXPECT_EQ(decided(target, 4, {6}, 1, now), 6);
    target.in_until = now + 10s;
    EXPECT_EQ(decided(target, 4, {2}, 0, now), std::nullopt);
    EXPECT_EQ(decided(target, 4, {6}, 0, now), 6);
    target.in_until = Time{};
    target.out_until = now + 10s;
    target.out_from = 2;
    EXPECT_EQ(decided(target, 4, {2}, 0, now), std::nullopt);
    EXPECT_EQ(base_capacity(target, 4, now), 2);  // What was added counts.
    EXPECT_EQ(base_capacity(target, 4, now + 10s), 4);
    target = sample_target();
    target.shape.suspended_state = model::SuspendedState{true, true, false};
    EXPECT_EQ(decided(target, 4, {6}, 0, now), std::nullopt);
    EXPECT_EQ(decided(target, 4, {2}, 0, now), std::nullopt);
}

}  // namespace
}  // namespace unkai::services::application_autoscaling
