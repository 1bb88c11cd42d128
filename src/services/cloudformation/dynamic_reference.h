// Dynamic references: {{resolve:ssm:name:version}}, {{resolve:ssm-secure:…}} and
// {{resolve:secretsmanager:id:SecretString:json-key:stage:version-id}} in text. Pure; whoever has
// the values puts them in.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
#pragma once

#include <map>
#include <set>

#include "services/cloudformation/template.h"

namespace unkai::services::cloudformation {

struct DynamicReference {
    enum class Service { ssm, ssm_secure, secretsmanager };
    Service service;
    std::string id;        // The parameter's name, or the secret's name or ARN.
    std::string version;   // Of a parameter; empty: the latest.
    std::string json_key;  // Of a secret; empty: the whole.
    std::string stage, version_id;
};

// The text between "{{resolve:" and "}}".
Result<DynamicReference> parse_dynamic_reference(std::string_view text);

// Every reference in `value`, as the text between "{{resolve:" and "}}".
void find_dynamic_references(const Json& value, std::set<std::string>& found);

// `value` with each reference replaced by its value; those without one stay.
Json put_dynamic_values(const Json& value, const std::map<std::string, std::string>& values);

}  // namespace unkai::services::cloudformation
