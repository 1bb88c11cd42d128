// Actions and conditions of listeners and rules: read and checked, shown again, and compiled for
// the proxy.
#pragma once

#include "services/elbv2/elbv2.h"

namespace unkai::services::elbv2 {

// Exactly one of forward, redirect and fixed-response. `balancer`: whose listener it is; its target
// groups must not be another load balancer's. Errors: ValidationError, InvalidLoadBalancerAction,
// TargetGroupNotFound, TargetGroupAssociationLimit.
Result<ActionRecord> read_action(aws::Call& call, const List<Action>& actions,
                                 const std::string& balancer);
List<Action> show_action(const ActionRecord& action);
planes::proxy::Action compile_action(const ActionRecord& action);

// Within AWS's limits. Error: ValidationError.
Result<std::vector<ConditionRecord>> read_conditions(const List<RuleCondition>& conditions);
List<RuleCondition> show_conditions(const std::vector<ConditionRecord>& conditions);
planes::proxy::Condition compile_condition(const ConditionRecord& condition);

}  // namespace unkai::services::elbv2
