// The rule of a composite alarm: ALARM("a") AND NOT (OK(b) OR TRUE), AT_LEAST(2, ALARM, (a, b, c)).
// Pure.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
#pragma once

#include <functional>
#include <memory>

#include "services/cloudwatch/alarm_rules.h"

namespace unkai::services::cloudwatch {

struct CompositeNode {
    enum class Kind { constant, state, negation, conjunction, disjunction, at_least };
    Kind kind;
    bool value = false;                     // constant
    AlarmState wanted = AlarmState::alarm;  // state, at_least
    std::vector<std::string> alarms;        // Names.
    int32_t least = 0;                      // at_least
    bool negated = false;                   // at_least: NOT in that state.
    std::vector<std::unique_ptr<CompositeNode>> parts;
};

class CompositeRule {
public:
    // Errors: ValidationError. Names may be ARNs of this account and region.
    static Result<CompositeRule> parse(std::string_view text);
    // Whether it holds; `state_of` knows every alarm, an unknown one is INSUFFICIENT_DATA.
    bool holds(const std::function<AlarmState(const std::string&)>& state_of) const;
    // The alarms that it names, each once, in order.
    std::vector<std::string> alarms() const;

private:
    explicit CompositeRule(std::unique_ptr<CompositeNode> root) : root_(std::move(root)) {}
    std::unique_ptr<CompositeNode> root_;
};

// The name in an alarm's ARN, or the text itself.
std::string alarm_name_of(std::string_view name_or_arn);

}  // namespace unkai::services::cloudwatch
