// The engine versions that are offered. Pure.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraMySQLReleaseNotes/ (Aurora MySQL version 3)
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace unkai::services::rds {

inline constexpr const char* engine_name = "aurora-mysql";

const std::vector<std::string>& engine_versions();  // Oldest first.
const std::string& default_engine_version();
// "8.0" chooses the default; unknown ones are InvalidParameterCombination, in AWS's words.
Result<std::string> choose_engine_version(const std::optional<std::string>& wanted);

}  // namespace unkai::services::rds
