#include "services/cloudformation/references.h"

#include "base/strings.h"

namespace unkai::services::cloudformation {

namespace {

Status ref(const Json& argument, References& found) {
    if (!argument.is_string() || argument.as_string().empty())
        return validation_error(
            "Template format error: All Ref objects must contain a string value naming a parameter "
            "or "
            "resource.");
    if (!is_pseudo_parameter(argument.as_string())) found.names.insert(argument.as_string());
    return ok();
}

Status get_att(const Json& argument, References& found) {
    std::string resource, attribute;
    if (argument.is_string()) {
        const auto [left, right] = split_once(argument.as_string(), '.');
        resource = left;
        attribute = right;
    } else if (argument.size() == 2 && argument[0].is_string()) {
        resource = argument[0].as_string();
        attribute = argument[1].string_or("");
        if (!argument[1].is_string()) {
            REQUIRE(collect_references(argument[1], false, found));
            attribute = "*";  // Known only with values.
        }
    }
    if (resource.empty() || attribute.empty())
        return validation_error(
            "Template error: every Fn::GetAtt object requires two non-empty parameters, the "
            "resource "
            "name and the resource attribute");
    found.attributes.emplace(std::move(resource), std::move(attribute));
    return ok();
}

Status sub(const Json& argument, References& found) {
    const bool pair = argument.is_array() && argument.size() == 2 && argument[0].is_string() &&
                      argument[1].is_object();
    if (!argument.is_string() && !pair)
        return validation_error(
            "Template error: One or more Fn::Sub intrinsic functions don't specify expected "
            "arguments. "
            "Specify a string as first argument, and an optional second argument to specify a "
            "mapping "
            "of values to replace in the string");
    TRY(const auto pieces, split_sub(pair ? argument[0].as_string() : argument.as_string()));
    for (const SubPiece& piece : pieces) {
        if (!piece.is_name || is_pseudo_parameter(piece.text)) continue;
        if (pair && argument[1].find(piece.text)) continue;
        const auto [name, attribute] = split_once(piece.text, '.');
        if (attribute.empty())
            found.names.emplace(name);
        else
            found.attributes.emplace(name, attribute);
    }
    if (pair) REQUIRE(collect_references(argument[1], false, found));
    return ok();
}

Status condition_name(const Json& name, std::string_view function, References& found) {
    if (!name.is_string())
        return validation_error(
            "Template error: " + std::string(function) +
            " requires a list argument with the first element being a condition");
    found.conditions.insert(name.as_string());
    return ok();
}

Status children(const Json& value, bool in_conditions, References& found) {
    if (value.is_array())
        for (const Json& item : value.as_array())
            REQUIRE(collect_references(item, in_conditions, found));
    if (value.is_object())
        for (const auto& [name, member] : value.as_object())
            REQUIRE(collect_references(member, in_conditions, found));
    return ok();
}

}  // namespace

Status collect_references(const Json& value, bool in_conditions, References& found) {
    if (value.is_scalar()) return ok();
    const auto function = function_of(value);
    if (!function) {
        if (in_conditions && value.is_object() && value.size() == 1 && value.find("Condition"))
            return condition_name(value["Condition"], "Condition", found);
        if (value.is_object())
            for (const auto& [name, member] : value.as_object())
                if (name.starts_with("Fn::"))
                    return validation_error(
                        value.size() == 1
                            ? "Template error: Encountered unsupported function: " + name
                            : "Template error: the function " + name +
                                  " must be the only member of its object");
        return children(value, in_conditions, found);
    }
    const Json& argument = *function->argument;
    if (function->name == "Ref") return ref(argument, found);
    if (function->name == "Fn::GetAtt") return get_att(argument, found);
    if (function->name == "Fn::Sub") return sub(argument, found);
    if (function->name == "Fn::If") {
        if (!argument.is_array() || argument.size() != 3)
            return validation_error(
                "Template error: Fn::If requires a list argument with three elements: a condition "
                "and "
                "two values");
        REQUIRE(condition_name(argument[0], "Fn::If", found));
        REQUIRE(collect_references(argument[1], in_conditions, found));
        return collect_references(argument[2], in_conditions, found);
    }
    if (function->name == "Fn::Transform")
        return validation_error(
            "Fn::Transform is not supported: Unkai runs no macros. Expand the template "
            "first (for example with 'sam package' or 'cdk synth').");
    return children(argument, in_conditions, found);
}

}  // namespace unkai::services::cloudformation
