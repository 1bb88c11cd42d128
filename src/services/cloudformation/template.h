// A CloudFormation template: read, checked for its form, and kept as plain declarations. Pure.
//
//     TRY(const Template declared, parse_template(body));
//
// What is checked here is what needs no parameter values: sections and attributes are known, names
// are alphanumeric, every Ref, GetAtt, Sub, DependsOn and Condition names something that is
// declared, functions are known. Sections that Unkai cannot honour (Rules, Hooks, macros) are
// refused by name. Errors have the code ValidationError, status 400, and CloudFormation's own words
// where they are known.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/json.h"

namespace unkai::services::cloudformation {

using wire::Json;

// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
namespace limits {
constexpr size_t template_body_bytes = 51200;    // In the request.
constexpr size_t template_url_bytes = 1u << 20;  // From S3.
constexpr size_t parameters = 200, mappings = 200, resources = 500, outputs = 200;
constexpr size_t logical_id_characters = 255, parameter_value_bytes = 4096,
                 description_bytes = 1024;
}  // namespace limits

struct Parameter {
    std::string name;
    std::string type;  // String, Number, List<Number>, CommaDelimitedList, AWS::…, AWS::SSM::…
    std::optional<std::string> default_value;
    std::vector<std::string> allowed_values;
    std::string allowed_pattern;
    std::string constraint_description;
    std::string description;
    std::optional<int64_t> min_length, max_length;
    std::optional<double> min_value, max_value;
    bool no_echo = false;

    bool is_list() const;  // Its value is a list of strings.
    bool is_ssm() const;   // Its value is the name of an SSM parameter.
    std::string_view value_type()
        const;  // The type without List<…> and AWS::SSM::Parameter::Value<…>.
};

enum class Retention { remove, retain, retain_except_on_create, snapshot };

struct Resource {
    std::string name;  // Logical id.
    std::string type;
    Json properties = Json::object();
    Json metadata;
    std::vector<std::string> depends_on;
    std::string condition;
    std::optional<Retention> deletion_policy;
    std::optional<Retention> update_replace_policy;
};

struct Output {
    std::string name;
    std::string description;
    Json value;
    Json export_name;  // Null when it is not exported.
    std::string condition;
};

struct Template {
    std::string description;
    Json metadata;
    std::vector<Parameter> parameters;
    Json mappings;
    Json rules;  // rules.h
    std::vector<std::pair<std::string, Json>> conditions;
    std::vector<Resource> resources;  // In the order of the template, as all here.
    std::vector<Output> outputs;
    bool language_extensions = false;  // Transform: AWS::LanguageExtensions

    const Parameter* parameter(std::string_view name) const;
    const Resource* resource(std::string_view name) const;
    bool has_condition(std::string_view name) const;
};

// YAML or JSON, told apart by the first character.
Result<Template> parse_template(std::string_view body);

// The function that `value` is, as its name ("Ref", "Fn::Join") and argument; nullopt for plain
// data.
struct Function {
    std::string_view name;
    const Json* argument;
};
std::optional<Function> function_of(const Json& value);

// Text with ${…}: its pieces in order. A piece is literal text or the name inside the braces.
struct SubPiece {
    bool is_name;
    std::string text;
};
Result<std::vector<SubPiece>> split_sub(std::string_view text);

Unexpected validation_error(std::string message);
bool is_pseudo_parameter(std::string_view name);

}  // namespace unkai::services::cloudformation
