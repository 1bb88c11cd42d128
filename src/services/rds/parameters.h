// The parameters of the family aurora-mysql8.0: what exists, its default, who may change it. Pure.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/ (AuroraMySQL.Reference)
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace unkai::services::rds {

inline constexpr std::string_view family = "aurora-mysql8.0";

struct ParameterInfo {
    std::string_view name;
    std::string_view value;    // Empty: the engine's own default.
    std::string_view type;     // string, integer, boolean, float
    std::string_view allowed;  // "0,1", "1-16000", "ROW,STATEMENT"; empty: anything.
    bool dynamic = true;
    bool cluster = false;   // In cluster parameter groups,
    bool instance = false;  // in instance parameter groups; some are in both.
    bool modifiable = true;
};

const std::vector<ParameterInfo>& parameters();  // By name.
const ParameterInfo* find_parameter(std::string_view name, bool cluster);
// Error InvalidParameterValue, in AWS's words. Formulas pass.
Status check_value(const ParameterInfo& parameter, std::string_view value);

}  // namespace unkai::services::rds
