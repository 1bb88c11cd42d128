// Filter patterns of event source mappings. Pure.
//
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
// Exact values, null, "", prefix, suffix, equals-ignore-case, anything-but, numeric, exists and
// $or, over nested objects. A message's body is matched as JSON when the pattern's body is an
// object, and as text when it is a list; a body of the other kind does not match.
#pragma once

#include <string>

#include "base/result.h"
#include "wire/json.h"

namespace unkai::services::lambda {

// Error: InvalidParameterValueException "Invalid filter pattern definition. …"
Result<wire::Json> parse_filter(const std::string& pattern);
bool filter_matches(const wire::Json& pattern, const wire::Json& event);

}  // namespace unkai::services::lambda
