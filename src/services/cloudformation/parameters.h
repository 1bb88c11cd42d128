// The values of a template's parameters: given, kept from before, or the default; checked. Pure.
#pragma once

#include <map>

#include "services/cloudformation/template.h"

namespace unkai::services::cloudformation {

using ParameterTexts = std::map<std::string, std::string>;

// The text of every parameter, or the error that CloudFormation gives: undeclared names, missing
// values, AllowedValues, AllowedPattern, lengths, ranges, numbers.
Result<ParameterTexts> choose_parameters(const Template& declared, const ParameterTexts& given);

// What Ref gives: the text, or the list of its parts. `text` of an SSM type is the value that was
// looked up.
Json parameter_value(const Parameter& declared, std::string_view text);

}  // namespace unkai::services::cloudformation
