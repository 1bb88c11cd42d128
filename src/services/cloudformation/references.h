// What an expression of a template refers to: by Ref, Fn::GetAtt, Fn::Sub, Condition, Fn::If. Pure.
#pragma once

#include <set>

#include "services/cloudformation/template.h"

namespace unkai::services::cloudformation {

struct References {
    std::set<std::string> names;  // Of Ref and ${Name}: parameters and resources; no pseudo ones.
    std::set<std::pair<std::string, std::string>> attributes;  // Resource, attribute.
    std::set<std::string> conditions;  // Of Fn::If and, inside conditions, Condition.
};

// Also checks the arguments' form as far as it shows without values. `in_conditions`: inside the
// Conditions section, where {"Condition": "Name"} is a function.
Status collect_references(const Json& value, bool in_conditions, References& found);

}  // namespace unkai::services::cloudformation
