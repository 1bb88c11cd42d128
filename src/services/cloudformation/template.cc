#include "services/cloudformation/template.h"

#include "base/strings.h"
#include "services/cloudformation/references.h"
#include "services/cloudformation/rules.h"
#include "wire/yaml.h"

namespace unkai::services::cloudformation {

namespace {

constexpr std::string_view functions[] = {
    "Ref",           "Fn::And",    "Fn::Base64",       "Fn::Cidr",     "Fn::Equals",
    "Fn::FindInMap", "Fn::GetAZs", "Fn::GetAtt",       "Fn::If",       "Fn::ImportValue",
    "Fn::Join",      "Fn::Length", "Fn::Not",          "Fn::Or",       "Fn::Select",
    "Fn::Split",     "Fn::Sub",    "Fn::ToJsonString", "Fn::Transform"};

bool is_alphanumeric(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    });
}

template <class Names>
Status only_members(const Json& object, const Names& known, std::string_view message) {
    std::vector<std::string> unknown;
    for (const auto& [name, value] : object.as_object())
        if (std::find(std::begin(known), std::end(known), name) == std::end(known))
            unknown.push_back(name);
    if (unknown.empty()) return ok();
    return validation_error(std::string(message) + " [" + join(unknown, ", ") + "]");
}

Result<std::string> scalar_text(const Json& value, std::string_view where) {
    if (value.is_scalar() && !value.is_null()) return value.text();
    return validation_error("Template format error: " + std::string(where) + " must be a string.");
}

Result<std::optional<double>> number_member(const Json& object, std::string_view name,
                                            const std::string& where) {
    const Json* value = object.find(name);
    if (!value) return std::optional<double>();
    const auto number = parse_double(value->text());
    if (!number)
        return validation_error("Template format error: " + where + "/" + std::string(name) +
                                " must be a number.");
    return std::optional<double>(*number);
}

std::optional<int64_t> whole(const std::optional<double>& value) {
    if (!value) return std::nullopt;
    return static_cast<int64_t>(*value);
}

bool is_known_parameter_type(std::string_view type) {
    static constexpr std::string_view plain[] = {"String", "Number", "List<Number>", "List<String>",
                                                 "CommaDelimitedList"};
    static constexpr std::string_view specific[] = {"AWS::EC2::AvailabilityZone::Name",
                                                    "AWS::EC2::Image::Id",
                                                    "AWS::EC2::Instance::Id",
                                                    "AWS::EC2::KeyPair::KeyName",
                                                    "AWS::EC2::SecurityGroup::Id",
                                                    "AWS::EC2::SecurityGroup::GroupName",
                                                    "AWS::EC2::Subnet::Id",
                                                    "AWS::EC2::VPC::Id",
                                                    "AWS::EC2::Volume::Id",
                                                    "AWS::Route53::HostedZone::Id",
                                                    "AWS::SSM::Parameter::Name"};
    const auto known = [](const auto& list, std::string_view name) {
        return std::find(std::begin(list), std::end(list), name) != std::end(list);
    };
    constexpr std::string_view ssm = "AWS::SSM::Parameter::Value<";
    if (type.starts_with(ssm) && type.ends_with('>'))
        type = type.substr(ssm.size(), type.size() - ssm.size() - 1);
    if (known(plain, type)) return true;
    if (type.starts_with("List<") && type.ends_with('>')) type = type.substr(5, type.size() - 6);
    return known(specific, type);
}

Result<Parameter> parse_parameter(const std::string& name, const Json& declared) {
    static constexpr std::string_view known[] = {
        "Type",        "Default",   "AllowedValues", "AllowedPattern", "ConstraintDescription",
        "Description", "MinLength", "MaxLength",     "MinValue",       "MaxValue",
        "NoEcho"};
    const std::string where = "[/Parameters/" + name + "]";
    if (!declared.is_object() || !declared.find("Type"))
        return validation_error(
            "Template format error: Every Parameters object must contain a Type member.");
    REQUIRE(only_members(declared, known, "Invalid template parameter property for " + name + ":"));
    Parameter made{.name = name, .type = declared["Type"].string_or("")};
    if (!is_known_parameter_type(made.type))
        return validation_error("Template format error: Unrecognized parameter type: " + made.type);
    if (const Json* value = declared.find("Default")) {
        TRY(made.default_value, scalar_text(*value, "the Default of parameter '" + name + "'"));
    }
    if (const Json* values = declared.find("AllowedValues")) {
        if (!values->is_array())
            return validation_error("Template format error: " + where +
                                    " AllowedValues must be a list.");
        for (const Json& value : values->as_array()) made.allowed_values.push_back(value.text());
    }
    made.allowed_pattern = declared["AllowedPattern"].text();
    made.constraint_description = declared["ConstraintDescription"].text();
    made.description = declared["Description"].text();
    const std::string no_echo = to_lower(declared["NoEcho"].text());
    made.no_echo = no_echo == "true";
    TRY(const auto min_length, number_member(declared, "MinLength", where));
    TRY(const auto max_length, number_member(declared, "MaxLength", where));
    TRY(made.min_value, number_member(declared, "MinValue", where));
    TRY(made.max_value, number_member(declared, "MaxValue", where));
    made.min_length = whole(min_length);
    made.max_length = whole(max_length);
    return made;
}

Result<std::optional<Retention>> parse_retention(const Json& declared, std::string_view name,
                                                 const std::string& resource) {
    const Json* value = declared.find(name);
    if (!value) return std::optional<Retention>();
    const std::string text = value->string_or("");
    std::optional<Retention> made;
    if (text == "Delete") made = Retention::remove;
    if (text == "Retain") made = Retention::retain;
    if (text == "Snapshot") made = Retention::snapshot;
    if (text == "RetainExceptOnCreate" && name == "DeletionPolicy")
        made = Retention::retain_except_on_create;
    if (!made)
        return validation_error("Template error: " + std::string(name) + " of resource " +
                                resource + " must be one of Delete, Retain, Snapshot" +
                                (name == "DeletionPolicy" ? ", RetainExceptOnCreate" : "") + ".");
    return made;
}

Result<Resource> parse_resource(const std::string& name, const Json& declared) {
    static constexpr std::string_view known[] = {
        "Type",           "Properties",          "Metadata",       "DependsOn",    "Condition",
        "DeletionPolicy", "UpdateReplacePolicy", "CreationPolicy", "UpdatePolicy", "Description"};
    if (!is_alphanumeric(name) || name.size() > limits::logical_id_characters)
        return validation_error("Template format error: Resource name " + name +
                                " is non alphanumeric.");
    if (!declared.is_object() || !declared["Type"].is_string())
        return validation_error("Template format error: [/Resources/" + name +
                                "] Every Resources object must contain a Type member.");
    REQUIRE(only_members(declared, known, "Invalid template resource property for " + name + ":"));
    Resource made{.name = name, .type = declared["Type"].as_string()};
    if (const Json* properties = declared.find("Properties");
        properties && !properties->is_null()) {
        if (!properties->is_object())
            return validation_error("Template format error: [/Resources/" + name +
                                    "/Properties] must be an object.");
        made.properties = *properties;
    }
    made.metadata = declared["Metadata"];
    made.condition = declared["Condition"].string_or("");
    if (const Json& needs = declared["DependsOn"]; needs.is_string()) {
        made.depends_on.push_back(needs.as_string());
    } else if (needs.is_array()) {
        for (const Json& need : needs.as_array()) made.depends_on.push_back(need.text());
    }
    TRY(made.deletion_policy, parse_retention(declared, "DeletionPolicy", name));
    TRY(made.update_replace_policy, parse_retention(declared, "UpdateReplacePolicy", name));
    return made;
}

Result<Output> parse_output(const std::string& name, const Json& declared) {
    static constexpr std::string_view known[] = {"Value", "Description", "Export", "Condition"};
    if (!is_alphanumeric(name))
        return validation_error("Template format error: Output name " + name +
                                " is non alphanumeric.");
    if (!declared.is_object() || !declared.find("Value") || declared["Value"].is_null())
        return validation_error(
            "Template format error: Every Outputs member must contain a Value object");
    REQUIRE(only_members(declared, known, "Invalid template output property for " + name + ":"));
    Output made{
        .name = name, .description = declared["Description"].text(), .value = declared["Value"]};
    if (const Json* exported = declared.find("Export")) {
        if (!exported->is_object() || !exported->find("Name"))
            return validation_error(
                "Template format error: Output " + name +
                " is malformed. The Name field of every Export member must be specified.");
        made.export_name = (*exported)["Name"];
    }
    made.condition = declared["Condition"].string_or("");
    return made;
}

Status parse_transform(const Json& value, Template& made) {
    const Json one = value.is_array() ? value : Json::array({value});
    for (const Json& transform : one.as_array()) {
        const std::string name =
            transform.is_object() ? transform["Name"].text() : transform.text();
        if (name == "AWS::LanguageExtensions")
            made.language_extensions = true;
        else
            return validation_error(
                "Transform " + name +
                " is not supported: Unkai runs no macros. Expand the "
                "template first (for example with 'sam package' or 'cdk synth').");
    }
    return ok();
}

Status check_sections(const Json& root) {
    static constexpr std::string_view known[] = {"AWSTemplateFormatVersion",
                                                 "Description",
                                                 "Metadata",
                                                 "Parameters",
                                                 "Mappings",
                                                 "Conditions",
                                                 "Resources",
                                                 "Outputs",
                                                 "Transform",
                                                 "Rules",
                                                 "Hooks"};
    if (!root.is_object()) return validation_error("Template format error: unsupported structure.");
    REQUIRE(only_members(root, known, "Invalid template property or properties"));
    if (const Json* version = root.find("AWSTemplateFormatVersion");
        version && version->text() != "2010-09-09")
        return validation_error("Template format error: " + version->text() +
                                " is not a supported value for AWSTemplateFormatVersion.");
    if (root["Hooks"].size() > 0)
        return validation_error(
            "The section Hooks is not supported by Unkai. Remove it from the template.");
    REQUIRE(check_rule_forms(root["Rules"]));
    for (const char* section : {"Parameters", "Mappings", "Conditions", "Resources", "Outputs"}) {
        const Json* value = root.find(section);
        if (value && !value->is_object() && !value->is_null())
            return validation_error("Template format error: [/" + std::string(section) +
                                    "] section must be an object.");
    }
    if (root["Resources"].size() == 0)
        return validation_error(
            "Template format error: At least one Resources member must be defined.");
    struct Limit {
        const char* section;
        size_t most;
    };
    for (const auto& [section, most] :
         {Limit{"Parameters", limits::parameters}, Limit{"Mappings", limits::mappings},
          Limit{"Resources", limits::resources}, Limit{"Outputs", limits::outputs}})
        if (root[section].size() > most)
            return validation_error("Template format error: Number of " + to_lower(section) + ", " +
                                    std::to_string(root[section].size()) +
                                    ", is greater than maximum allowed, " + std::to_string(most));
    return ok();
}

Status check_mappings(const Json& mappings) {
    if (!mappings.is_object()) return ok();
    for (const auto& [name, map] : mappings.as_object()) {
        if (!is_alphanumeric(name))
            return validation_error("Template format error: Mappings element name '" + name +
                                    "' must be non-empty and can contain only alphanumerics");
        for (const auto& [key, attributes] : map.is_object() ? map.as_object() : Json::Object())
            if (!attributes.is_object())
                return validation_error(
                    "Template format error: Every Mappings attribute must be a String "
                    "or a List. (" +
                    name + "/" + key + ")");
    }
    return ok();
}

// Every name in `found` is declared; `block` is the section that it stands in.
Status check_references(const Template& declared, const References& found,
                        const std::string& block) {
    std::vector<std::string> unknown;
    for (const std::string& name : found.names)
        if (!declared.parameter(name) && !declared.resource(name)) unknown.push_back(name);
    if (!unknown.empty())
        return validation_error("Template format error: Unresolved resource dependencies [" +
                                join(unknown, ", ") + "] in the " + block +
                                " block of the template");
    for (const auto& [resource, attribute] : found.attributes)
        if (!declared.resource(resource))
            return validation_error(
                "Template error: instance of Fn::GetAtt references undefined resource " + resource);
    for (const std::string& name : found.conditions)
        if (!declared.has_condition(name))
            return validation_error("Template format error: Unresolved condition dependency " +
                                    name + " in the " + block + " block of the template");
    return ok();
}

Status check_conditions(const Template& declared) {
    for (const auto& [name, value] : declared.conditions) {
        References found;
        REQUIRE(collect_references(value, true, found));
        std::vector<std::string> unresolved;
        for (const std::string& reference : found.names)
            if (!declared.parameter(reference)) unresolved.push_back(reference);
        for (const auto& [resource, attribute] : found.attributes) unresolved.push_back(resource);
        if (!unresolved.empty())
            return validation_error(
                "Template format error: Unresolved dependencies [" + join(unresolved, ", ") +
                "]. Cannot reference resources in the Conditions block of the template");
        REQUIRE(check_references(declared, found, "Conditions"));
    }
    return ok();
}

Status check_condition(const Template& declared, const std::string& condition,
                       const std::string& where) {
    if (condition.empty() || declared.has_condition(condition)) return ok();
    return validation_error("Template format error: Condition " + condition + " for " + where +
                            " is not defined");
}

Status check_names(const Template& declared) {
    REQUIRE(check_conditions(declared));
    for (const Resource& resource : declared.resources) {
        if (declared.parameter(resource.name))
            return validation_error("Template format error: the name " + resource.name +
                                    " is both a parameter and a resource");
        REQUIRE(check_condition(declared, resource.condition, "resource " + resource.name));
        References found;
        REQUIRE(collect_references(resource.properties, false, found));
        for (const std::string& need : resource.depends_on)
            if (!declared.resource(need))
                return validation_error(
                    "Template format error: Unresolved resource dependencies [" + need +
                    "] in the Resources block of the template");
        REQUIRE(check_references(declared, found, "Resources"));
    }
    for (const Output& output : declared.outputs) {
        REQUIRE(check_condition(declared, output.condition, "output " + output.name));
        References found;
        REQUIRE(collect_references(output.value, false, found));
        REQUIRE(collect_references(output.export_name, false, found));
        REQUIRE(check_references(declared, found, "Outputs"));
    }
    return ok();
}

Result<Json> read_text(std::string_view body) {
    const std::string_view text = trim(body);
    const bool json = text.starts_with('{');
    Result<Json> root = json ? Json::parse(body, {.bytes = limits::template_url_bytes})
                             : wire::parse_yaml(body, {.bytes = limits::template_url_bytes});
    if (root) return root;
    // JSON with comments or trailing commas is often good YAML; AWS takes it so.
    if (json)
        if (Result<Json> as_yaml = wire::parse_yaml(body, {.bytes = limits::template_url_bytes}))
            return as_yaml;
    return validation_error(std::string("Template format error: ") + (json ? "JSON" : "YAML") +
                            " not well-formed. " + root.error().message);
}

}  // namespace

Unexpected validation_error(std::string message) {
    return fail("ValidationError", std::move(message), 400);
}

bool is_pseudo_parameter(std::string_view name) { return name.starts_with("AWS::"); }

bool Parameter::is_list() const {
    return type == "CommaDelimitedList" || type.find("List<") != type.npos ||
           type.find("<CommaDelimitedList>") != type.npos;
}
bool Parameter::is_ssm() const { return type.starts_with("AWS::SSM::Parameter::Value<"); }
std::string_view Parameter::value_type() const {
    std::string_view text = type;
    for (std::string_view wrapper : {"AWS::SSM::Parameter::Value<", "List<"})
        if (text.starts_with(wrapper))
            text = text.substr(wrapper.size(), text.size() - wrapper.size() - 1);
    return text;
}

const Parameter* Template::parameter(std::string_view name) const {
    for (const Parameter& one : parameters)
        if (one.name == name) return &one;
    return nullptr;
}

const Resource* Template::resource(std::string_view name) const {
    for (const Resource& one : resources)
        if (one.name == name) return &one;
    return nullptr;
}

bool Template::has_condition(std::string_view name) const {
    return std::any_of(conditions.begin(), conditions.end(),
                       [&](const auto& one) { return one.first == name; });
}

std::optional<Function> function_of(const Json& value) {
    if (!value.is_object() || value.size() != 1) return std::nullopt;
    const auto& [name, argument] = *value.as_object().begin();
    const auto found = std::find(std::begin(functions), std::end(functions), name);
    if (found == std::end(functions)) return std::nullopt;
    return Function{*found, &argument};
}

Result<std::vector<SubPiece>> split_sub(std::string_view text) {
    std::vector<SubPiece> pieces;
    std::string literal;
    while (!text.empty()) {
        const size_t open = text.find("${");
        if (open == text.npos) break;
        const size_t close = text.find('}', open);
        if (close == text.npos) break;
        literal += text.substr(0, open);
        const std::string_view name = text.substr(open + 2, close - open - 2);
        text.remove_prefix(close + 1);
        if (name.starts_with('!')) {
            literal += "${" + std::string(name.substr(1)) + "}";
            continue;
        }
        const std::string_view trimmed = trim(name);
        const bool good =
            !trimmed.empty() && std::all_of(trimmed.begin(), trimmed.end(), [](char c) {
                return is_alphanumeric({&c, 1}) || c == '_' || c == '.' || c == ':' || c == '-';
            });
        if (!good)
            return validation_error(
                "Template error: variable names in Fn::Sub syntax must contain only "
                "alphanumeric characters, underscores, periods, and colons");
        if (!literal.empty()) pieces.push_back({false, std::exchange(literal, {})});
        pieces.push_back({true, std::string(trimmed)});
    }
    literal += text;
    if (!literal.empty()) pieces.push_back({false, std::move(literal)});
    return pieces;
}

Result<Template> parse_template(std::string_view body) {
    TRY(const Json root, read_text(body));
    REQUIRE(check_sections(root));
    REQUIRE(check_mappings(root["Mappings"]));
    Template made;
    made.description = root["Description"].text();
    if (made.description.size() > limits::description_bytes)
        return validation_error(
            "Template format error: 'Description' length is greater than 1024.");
    made.metadata = root["Metadata"];
    made.mappings = root["Mappings"];
    made.rules = root["Rules"];
    if (const Json* transform = root.find("Transform"); transform && !transform->is_null())
        REQUIRE(parse_transform(*transform, made));
    const auto section = [&root](const char* name) {
        return root[name].is_object() ? root[name].as_object() : Json::Object();
    };
    for (const auto& [name, value] : section("Parameters")) {
        if (!is_alphanumeric(name))
            return validation_error("Template format error: Parameter name " + name +
                                    " is non alphanumeric.");
        TRY(Parameter parameter, parse_parameter(name, value));
        made.parameters.push_back(std::move(parameter));
    }
    for (const auto& [name, value] : section("Conditions"))
        made.conditions.emplace_back(name, value);
    for (const auto& [name, value] : section("Resources")) {
        TRY(Resource resource, parse_resource(name, value));
        made.resources.push_back(std::move(resource));
    }
    for (const auto& [name, value] : section("Outputs")) {
        TRY(Output output, parse_output(name, value));
        made.outputs.push_back(std::move(output));
    }
    REQUIRE(check_names(made));
    return made;
}

}  // namespace unkai::services::cloudformation
