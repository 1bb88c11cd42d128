// The source text of AWS::Lambda::Function's Code.ZipFile as the archive that Lambda takes.
// (AWS::Lambda::Function Code, in the CloudFormation user guide.)
#pragma once

#include <string>
#include <string_view>

namespace unkai::services::cloudformation {

// A zip with one file, index.js for nodejs runtimes and index.py otherwise, as Base64.
std::string inline_code(std::string_view source, std::string_view runtime);

}  // namespace unkai::services::cloudformation
