// The Rules of a template: what must hold of its parameters before anything is done. Pure.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html
// Fn::Contains, Fn::EachMemberEquals and Fn::EachMemberIn are known here alone; Fn::RefAll,
// Fn::ValueOf and Fn::ValueOfAll are not had.
#pragma once

#include "services/cloudformation/evaluate.h"

namespace unkai::services::cloudformation {

// Their form. Error: ValidationError.
Status check_rule_forms(const Json& rules);
// Error: ValidationError, with the description of the first assertion that does not hold.
Status check_rules(const Values& values);

}  // namespace unkai::services::cloudformation
