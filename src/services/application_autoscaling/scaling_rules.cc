#include "services/application_autoscaling/scaling_rules.h"

#include <algorithm>
#include <cmath>

#include "services/application_autoscaling/limits.h"

namespace unkai::services::application_autoscaling {

namespace {

int32_t bounded(double capacity) {
    return static_cast<int32_t>(
        std::clamp(capacity, 0.0, static_cast<double>(limits::largest_capacity)));
}

bool is_for(const model::StepAdjustment& step, double breach) {
    const double low = step.metric_interval_lower_bound.value_or(-HUGE_VAL);
    const double high = step.metric_interval_upper_bound.value_or(HUGE_VAL);
    // Above the threshold the lower bound belongs to the step, below it the upper one.
    return breach >= 0 ? breach >= low && breach < high : breach > low && breach <= high;
}

}  // namespace

int32_t track(double target, double metric, int32_t capacity, bool high) {
    const double wanted = std::ceil(capacity * metric / target - 1e-9);
    return high ? bounded(std::max(wanted, capacity + 1.0))
                : bounded(std::min(wanted, capacity - 1.0));
}

std::optional<int32_t> step(const model::StepScalingPolicyConfiguration& policy, double breach,
                            int32_t capacity) {
    for (const model::StepAdjustment& each : policy.step_adjustments) {
        if (!is_for(each, breach)) continue;
        const std::string type = policy.adjustment_type.value_or("");
        if (type == "ExactCapacity") return each.scaling_adjustment;
        if (type == "ChangeInCapacity")
            return bounded(static_cast<double>(capacity) + each.scaling_adjustment);
        const double change = capacity * each.scaling_adjustment / 100.0;
        // Percentages: above 1 down, between 0 and 1 up to 1, and so below zero.
        double whole = std::trunc(change);
        if (change > 0 && change < 1) whole = 1;
        if (change < 0 && change > -1) whole = -1;
        const double least = policy.min_adjustment_magnitude.value_or(0);
        if (each.scaling_adjustment > 0) whole = std::max(whole, least);
        if (each.scaling_adjustment < 0) whole = std::min(whole, -least);
        return bounded(capacity + whole);
    }
    return std::nullopt;
}

Status check_steps(const model::StepScalingPolicyConfiguration& policy) {
    const auto bad = [](std::string why) {
        return fail("ValidationException", std::move(why), 400);
    };
    const std::string type = policy.adjustment_type.value_or("");
    if (type != "ChangeInCapacity" && type != "PercentChangeInCapacity" && type != "ExactCapacity")
        return bad(
            "AdjustmentType must be ChangeInCapacity, PercentChangeInCapacity or "
            "ExactCapacity.");
    if (policy.step_adjustments.empty() || policy.step_adjustments.size() > limits::steps)
        return bad("A step scaling policy has 1 to 20 step adjustments.");
    if (policy.min_adjustment_magnitude && type != "PercentChangeInCapacity")
        return bad("MinAdjustmentMagnitude goes with PercentChangeInCapacity only.");
    auto steps = policy.step_adjustments;
    const auto low_of = [](const model::StepAdjustment& each) {
        return each.metric_interval_lower_bound.value_or(-HUGE_VAL);
    };
    std::sort(steps.begin(), steps.end(),
              [&](const auto& a, const auto& b) { return low_of(a) < low_of(b); });
    for (size_t i = 0; i < steps.size(); ++i) {
        const auto& each = steps[i];
        if (!each.metric_interval_lower_bound && !each.metric_interval_upper_bound &&
            steps.size() > 1)
            return bad(
                "At most one step adjustment may leave out both bounds, and then it is the "
                "only one.");
        if (each.metric_interval_upper_bound && low_of(each) >= *each.metric_interval_upper_bound)
            return bad("A step's lower bound must be less than its upper bound.");
        if (i + 1 < steps.size() &&
            each.metric_interval_upper_bound.value_or(HUGE_VAL) != low_of(steps[i + 1]))
            return bad("Steps must not overlap nor leave gaps between them.");
    }
    return ok();
}

int32_t base_capacity(const StoredTarget& target, int32_t capacity, Time now) {
    return now < target.out_until ? std::min(target.out_from, capacity) : capacity;
}

std::optional<Decision> decide(const StoredTarget& target, int32_t capacity,
                               const std::vector<Proposal>& proposals, int holds, Time now) {
    if (proposals.empty()) return std::nullopt;
    const auto largest =
        std::max_element(proposals.begin(), proposals.end(),
                         [](const auto& a, const auto& b) { return a.capacity < b.capacity; });
    const auto& shape = target.shape;
    const auto& suspended = shape.suspended_state;
    const int32_t wanted = std::clamp(largest->capacity, shape.min_capacity, shape.max_capacity);
    if (wanted > capacity) {
        if (suspended && suspended->dynamic_scaling_out_suspended.value_or(false))
            return std::nullopt;
        return Decision{wanted, *largest};
    }
    if (wanted >= capacity || holds > 0) return std::nullopt;
    if (suspended && suspended->dynamic_scaling_in_suspended.value_or(false)) return std::nullopt;
    if (now < target.in_until || now < target.out_until) return std::nullopt;
    return Decision{wanted, *largest};
}

}  // namespace unkai::services::application_autoscaling
