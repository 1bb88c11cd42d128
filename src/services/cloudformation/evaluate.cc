#include "services/cloudformation/evaluate.h"

#include "base/strings.h"

namespace unkai::services::cloudformation {

namespace {

using Evaluated = Result<std::optional<Json>>;  // Without a value: AWS::NoValue.

Evaluated evaluate_any(const Json& expression, const Values& values);

Evaluated some(Json value) { return std::optional<Json>(std::move(value)); }

// The text of an argument that must be one scalar.
Result<std::string> text_of(const Json& expression, const Values& values,
                            std::string_view message) {
    TRY(const Json value, evaluate(expression, values));
    if (!value.is_scalar() || value.is_null()) return validation_error(std::string(message));
    return value.text();
}

Evaluated pseudo_parameter(std::string_view name, const Values& values) {
    if (name == "AWS::NoValue") return std::optional<Json>();
    if (name == "AWS::AccountId") return some(values.account);
    if (name == "AWS::Region") return some(values.region);
    if (name == "AWS::Partition") return some("aws");
    if (name == "AWS::URLSuffix") return some("amazonaws.com");
    if (name == "AWS::StackName") return some(values.stack_name);
    if (name == "AWS::StackId") return some(values.stack_id);
    if (name == "AWS::NotificationARNs") {
        Json arns = Json::array();
        for (const std::string& arn : values.notification_arns) arns.push(arn);
        return some(std::move(arns));
    }
    return validation_error("Template format error: Unresolved resource dependencies [" +
                            std::string(name) + "] in the Resources block of the template");
}

Evaluated ref(const std::string& name, const Values& values) {
    if (is_pseudo_parameter(name)) return pseudo_parameter(name, values);
    if (const auto found = values.parameters.find(name); found != values.parameters.end())
        return some(found->second);
    const Resource* resource = values.declared.resource(name);
    if (!resource || !values.is_active(*resource) || !values.reference)
        return validation_error("Template format error: Unresolved resource dependencies [" + name +
                                "] in the Resources block of the template");
    TRY(Json value, values.reference(name));
    return some(std::move(value));
}

Evaluated attribute(const std::string& name, const std::string& wanted, const Values& values) {
    const Resource* resource = values.declared.resource(name);
    if (!resource || !values.is_active(*resource) || !values.attribute)
        return validation_error(
            "Template error: instance of Fn::GetAtt references undefined resource " + name);
    TRY(Json value, values.attribute(name, wanted));
    return some(std::move(value));
}

Evaluated get_att(const Json& argument, const Values& values) {
    if (argument.is_string()) {
        const auto [name, wanted] = split_once(argument.as_string(), '.');
        return attribute(std::string(name), std::string(wanted), values);
    }
    TRY(const std::string wanted,
        text_of(argument[1], values,
                "Template error: the attribute of Fn::GetAtt must be a string"));
    return attribute(argument[0].text(), wanted, values);
}

Evaluated sub(const Json& argument, const Values& values) {
    const Json& own = argument[1];
    TRY(const auto pieces,
        split_sub(argument.is_string() ? argument.as_string() : argument[0].text()));
    std::string out;
    for (const SubPiece& piece : pieces) {
        if (!piece.is_name) {
            out += piece.text;
            continue;
        }
        std::optional<Json> value;
        if (const Json* mapped = own.find(piece.text)) {
            TRY(value, evaluate_any(*mapped, values));
        } else if (const auto [name, wanted] = split_once(piece.text, '.');
                   !wanted.empty() && !is_pseudo_parameter(name)) {
            TRY(value, attribute(std::string(name), std::string(wanted), values));
        } else {
            TRY(value, ref(piece.text, values));
        }
        if (!value || !value->is_scalar())
            return validation_error("Template error: Fn::Sub: ${" + piece.text +
                                    "} is not a string");
        out += value->text();
    }
    return some(std::move(out));
}

Evaluated join_list(const Json& argument, const Values& values) {
    constexpr std::string_view message =
        "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and "
        "(2) a "
        "list of strings to be joined or a function that returns a list of strings (such as "
        "Fn::GetAZs) to "
        "be joined.";
    if (argument.size() != 2 || !argument[0].is_scalar())
        return validation_error(std::string(message));
    TRY(const Json list, evaluate(argument[1], values));
    if (!list.is_array()) return validation_error(std::string(message));
    std::vector<std::string> parts;
    for (const Json& item : list.as_array()) {
        if (!item.is_scalar()) return validation_error(std::string(message));
        parts.push_back(item.text());
    }
    return some(join(parts, argument[0].text()));
}

Evaluated select(const Json& argument, const Values& values) {
    constexpr const char* message =
        "Template error: Fn::Select requires a list argument with two elements: an integer index "
        "and a list";
    if (!argument.is_array() || argument.size() != 2) return validation_error(message);
    TRY(const std::string index_text, text_of(argument[0], values, message));
    const auto index = parse_int(index_text);
    TRY(const Json list, evaluate(argument[1], values));
    if (!index || !list.is_array()) return validation_error(message);
    if (*index < 0 || static_cast<size_t>(*index) >= list.size())
        return validation_error(
            "Template error: Fn::Select  cannot select nonexistent value at index " + index_text);
    return some(list[static_cast<size_t>(*index)]);
}

Evaluated split_text(const Json& argument, const Values& values) {
    constexpr std::string_view message =
        "Template error: every Fn::Split object requires two parameters, (1) a string delimiter "
        "and (2) a "
        "string to be split or a function that returns a string to be split.";
    if (!argument.is_array() || argument.size() != 2 || !argument[0].is_string() ||
        argument[0].as_string().empty())
        return validation_error(std::string(message));
    TRY(const std::string text, text_of(argument[1], values, message));
    const std::string& delimiter = argument[0].as_string();
    Json parts = Json::array();
    size_t from = 0;
    for (size_t at; (at = text.find(delimiter, from)) != text.npos; from = at + delimiter.size())
        parts.push(text.substr(from, at - from));
    parts.push(text.substr(from));
    return some(std::move(parts));
}

Evaluated find_in_map(const Json& argument, const Values& values) {
    constexpr std::string_view message =
        "Template error: every Fn::FindInMap object requires three parameters, the map name, map "
        "key and "
        "the attribute for return value";
    if (!argument.is_array() || argument.size() < 3 || argument.size() > 4)
        return validation_error(std::string(message));
    TRY(const std::string map, text_of(argument[0], values, message));
    TRY(const std::string key, text_of(argument[1], values, message));
    TRY(const std::string name, text_of(argument[2], values, message));
    if (const Json& found = values.declared.mappings[map][key][name]; !found.is_null())
        return some(found);
    if (const Json* other = argument[3].find("DefaultValue")) return evaluate_any(*other, values);
    if (!values.declared.mappings.find(map))
        return validation_error("Template error: Mapping named '" + map +
                                "' is not present in the 'Mappings' section of template.");
    return validation_error("Template error: Unable to get mapping for " + map + "::" + key +
                            "::" + name);
}

Result<bool> condition_value(const std::string& name, const Values& values) {
    const auto found = values.conditions.find(name);
    if (found == values.conditions.end())
        return validation_error("Template error: unresolved condition dependency " + name);
    return found->second;
}

Result<bool> truth(const Json& expression, const Values& values) {
    if (expression.is_object() && expression.size() == 1 && expression["Condition"].is_string())
        return condition_value(expression["Condition"].as_string(), values);
    TRY(const Json value, evaluate(expression, values));
    if (value.is_bool()) return value.as_bool();
    if (value.text() == "true") return true;
    if (value.text() == "false") return false;
    return validation_error("Template error: every condition must be true or false, not " +
                            value.dump());
}

Evaluated equals(const Json& argument, const Values& values) {
    constexpr const char* message =
        "Template error: every Fn::Equals object requires a list of 2 string parameters.";
    if (!argument.is_array() || argument.size() != 2) return validation_error(message);
    TRY(const Json left, evaluate(argument[0], values));
    TRY(const Json right, evaluate(argument[1], values));
    if (left.is_scalar() && right.is_scalar()) return some(left.text() == right.text());
    return some(left == right);
}

Evaluated logic(std::string_view name, const Json& argument, const Values& values) {
    const bool is_not = name == "Fn::Not";
    const bool good =
        argument.is_array() &&
        (is_not ? argument.size() == 1 : argument.size() >= 2 && argument.size() <= 10);
    if (!good)
        return validation_error(
            "Template error: every " + std::string(name) +
            (is_not ? " object requires one boolean parameter."
                    : " object requires a list of at least 2 and at most 10 boolean "
                      "parameters."));
    bool all = true, any = false;
    for (const Json& part : argument.as_array()) {
        TRY(const bool holds, truth(part, values));
        all = all && holds;
        any = any || holds;
    }
    return some(is_not ? !any : name == "Fn::And" ? all : any);
}

Evaluated cidr(const Json& argument, const Values& values) {
    constexpr const char* message =
        "Template error: every Fn::Cidr object requires an IP block, a count between 1 and 256 "
        "and, unless "
        "8 is meant, the number of subnet bits.";
    if (!argument.is_array() || argument.size() < 2 || argument.size() > 3)
        return validation_error(message);
    TRY(const std::string block, text_of(argument[0], values, message));
    TRY(const std::string count_text, text_of(argument[1], values, message));
    std::string bits_text = "8";
    if (argument.size() == 3) {
        TRY(bits_text, text_of(argument[2], values, message));
    }
    const auto count = parse_int(count_text), bits = parse_int(bits_text);
    if (!count || !bits) return validation_error(message);
    TRY(const auto blocks, divide_cidr(block, *count, *bits));
    Json made = Json::array();
    for (const std::string& one : blocks) made.push(one);
    return some(std::move(made));
}

Evaluated get_zones(const Json& argument, const Values& values) {
    TRY(std::string region,
        text_of(argument, values, "Template error: Fn::GetAZs needs a region or \"\""));
    Json zones = Json::array();
    if (values.availability_zones)
        for (const std::string& zone :
             values.availability_zones(region.empty() ? values.region : region))
            zones.push(zone);
    return some(std::move(zones));
}

Evaluated import_value(const Json& argument, const Values& values) {
    TRY(const std::string name,
        text_of(argument, values, "Template error: the name of Fn::ImportValue must be a string"));
    if (!values.import_value) return validation_error("No export named " + name + " found.");
    TRY(std::string value, values.import_value(name));
    return some(std::move(value));
}

Evaluated extension(std::string_view name, const Json& argument, const Values& values) {
    if (!values.declared.language_extensions)
        return validation_error("Template error: " + std::string(name) +
                                " needs \"Transform: AWS::LanguageExtensions\" in the template");
    TRY(const Json value, evaluate(argument, values));
    if (name == "Fn::ToJsonString") return some(value.dump());
    if (!value.is_array()) return validation_error("Template error: Fn::Length needs a list");
    return some(static_cast<int64_t>(value.size()));
}

Evaluated call(const Function& function, const Values& values) {
    const std::string_view name = function.name;
    const Json& argument = *function.argument;
    if (name == "Ref") return ref(argument.text(), values);
    if (name == "Fn::GetAtt") return get_att(argument, values);
    if (name == "Fn::Sub") return sub(argument, values);
    if (name == "Fn::Join") return join_list(argument, values);
    if (name == "Fn::Select") return select(argument, values);
    if (name == "Fn::Split") return split_text(argument, values);
    if (name == "Fn::FindInMap") return find_in_map(argument, values);
    if (name == "Fn::If") {
        TRY(const bool holds, condition_value(argument[0].text(), values));
        return evaluate_any(argument[holds ? 1 : 2], values);
    }
    if (name == "Fn::Equals") return equals(argument, values);
    if (name == "Fn::And" || name == "Fn::Or" || name == "Fn::Not")
        return logic(name, argument, values);
    if (name == "Fn::Cidr") return cidr(argument, values);
    if (name == "Fn::GetAZs") return get_zones(argument, values);
    if (name == "Fn::ImportValue") return import_value(argument, values);
    if (name == "Fn::Length" || name == "Fn::ToJsonString")
        return extension(name, argument, values);
    if (name == "Fn::Base64") {
        TRY(const std::string text,
            text_of(argument, values,
                    "Template error: every Fn::Base64 object must have a String-typed value."));
        return some(base64(text));
    }
    return validation_error("Template error: Encountered unsupported function: " +
                            std::string(name));
}

Evaluated evaluate_any(const Json& expression, const Values& values) {
    if (expression.is_scalar()) return some(expression);
    if (const auto function = function_of(expression)) return call(*function, values);
    if (expression.is_array()) {
        Json made = Json::array();
        for (const Json& item : expression.as_array()) {
            TRY(auto value, evaluate_any(item, values));
            if (value) made.push(std::move(*value));
        }
        return some(std::move(made));
    }
    Json made = Json::object();
    for (const auto& [name, member] : expression.as_object()) {
        TRY(auto value, evaluate_any(member, values));
        if (value) made.set(name, std::move(*value));
    }
    return some(std::move(made));
}

// Evaluates one condition after those that it needs.
Status settle(const std::string& name, Values& values, std::vector<std::string>& path);

Status settle_needed(const Json& expression, Values& values, std::vector<std::string>& path) {
    if (expression.is_array())
        for (const Json& item : expression.as_array()) REQUIRE(settle_needed(item, values, path));
    if (!expression.is_object()) return ok();
    for (const auto& [name, member] : expression.as_object()) {
        if (name == "Condition" && member.is_string())
            REQUIRE(settle(member.as_string(), values, path));
        if (name == "Fn::If" && member[0].is_string())
            REQUIRE(settle(member[0].as_string(), values, path));
        REQUIRE(settle_needed(member, values, path));
    }
    return ok();
}

Status settle(const std::string& name, Values& values, std::vector<std::string>& path) {
    if (values.conditions.contains(name)) return ok();
    if (std::find(path.begin(), path.end(), name) != path.end())
        return validation_error("Template error: Circular dependencies for conditions [" +
                                join(path, ", ") + "]");
    path.push_back(name);
    for (const auto& [declared, expression] : values.declared.conditions) {
        if (declared != name) continue;
        REQUIRE(settle_needed(expression, values, path));
        TRY(const bool holds, truth(expression, values));
        values.conditions[name] = holds;
    }
    path.pop_back();
    return ok();
}

}  // namespace

bool Values::is_active(const Resource& resource) const {
    if (resource.condition.empty()) return true;
    const auto found = conditions.find(resource.condition);
    return found != conditions.end() && found->second;
}

Result<Json> evaluate(const Json& expression, const Values& values) {
    TRY(auto value, evaluate_any(expression, values));
    return value ? std::move(*value) : Json();
}

Result<std::map<std::string, bool>> evaluate_conditions(const Values& given) {
    Values values = given;
    values.conditions.clear();
    std::vector<std::string> path;
    for (const auto& [name, expression] : values.declared.conditions)
        REQUIRE(settle(name, values, path));
    return values.conditions;
}

Json take_branches(const Json& expression, const std::map<std::string, bool>& conditions) {
    if (expression.is_scalar()) return expression;
    if (const auto function = function_of(expression); function && function->name == "Fn::If") {
        const auto found = conditions.find((*function->argument)[0].text());
        const bool holds = found != conditions.end() && found->second;
        return take_branches((*function->argument)[holds ? 1 : 2], conditions);
    }
    if (expression.is_array()) {
        Json made = Json::array();
        for (const Json& item : expression.as_array()) made.push(take_branches(item, conditions));
        return made;
    }
    Json made = Json::object();
    for (const auto& [name, member] : expression.as_object())
        made.set(name, take_branches(member, conditions));
    return made;
}

}  // namespace unkai::services::cloudformation
