// YAML as CloudFormation takes it, read into a Json value. Pure; no I/O. Uses libyaml's events.
//
// Scalars: null, ~, nothing → null; true/yes/on and false/no/off → booleans; decimal integers and
// numbers → numbers. What would change its spelling by that stays a string: leading zeros and signs
// (account ids, telephone numbers), 1.10, 1_000, 12:30:45, 0x1F; dates and times are always
// strings. Quoted and block scalars are strings; !!str, !!int, !!float, !!bool and !!null say it
// themselves. CloudFormation's short tags become their long form:
//     !Ref A → {"Ref":"A"}   !Condition C → {"Condition":"C"}   !Sub "…" → {"Fn::Sub":"…"}
//     !GetAtt A.B.C → {"Fn::GetAtt":["A","B.C"]}
// Names of members are text as written. Aliases are copied in, and count toward `nodes`; merge keys
// (<<) and duplicate names are refused, as is a second document.
//
// Errors have the code "YamlError", status 400, a sentence with line and column, and these two as
// the fields "Line" and "Column" (both from 1).
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
#pragma once

#include <string_view>

#include "wire/json.h"

namespace unkai::wire {

struct YamlLimits {
    int depth = 100;
    size_t bytes = 4u << 20;
    size_t nodes = 200000;  // After aliases have been copied in.
};

Result<Json> parse_yaml(std::string_view text, YamlLimits limits = {});

}  // namespace unkai::wire
