// What a template means with its parameters: checked against the resource types, and compared with
// what is there. Pure, but for the stack's records that it is given.
#pragma once

#include "services/cloudformation/graph.h"
#include "services/cloudformation/resource_type.h"
#include "services/cloudformation/schema.h"

namespace unkai::services::cloudformation {

// Unknown resource types and properties, attributes that a type does not have, needed capabilities:
// before anything is created. Errors: ValidationError, InsufficientCapabilitiesException.
// Types that a condition may leave out are check_active_types' when the parameters are known.
Status check_types(const Template& declared, const Api& api);
Status check_active_types(const Values& values);
std::vector<std::string> needed_capabilities(const Template& declared);
Status check_capabilities(const Template& declared, const std::vector<std::string>& given);

// Values with parameters and conditions in place; functions for resources, exports and zones are
// the caller's.
Result<Values> values_of(const Template& declared, const Inputs& inputs, const StackRecord& stack);

// The differences between what is there and what the template wants. A value that only a deployment
// brings to light counts as changed.
Result<std::vector<PlannedChange>> plan_changes(Values values,
                                                const std::vector<ResourceRecord>& there,
                                                const Api& api);

Result<std::vector<OutputRecord>> evaluate_outputs(const Values& values);

Json json_of(const std::string& text);  // Of a record; empty text is an empty object.

}  // namespace unkai::services::cloudformation
