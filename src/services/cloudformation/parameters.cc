#include "services/cloudformation/parameters.h"

#include <regex>

#include "base/strings.h"

namespace unkai::services::cloudformation {

namespace {

std::vector<std::string> parts_of(std::string_view text) {
    std::vector<std::string> parts;
    for (std::string_view part : split(text, ',')) parts.emplace_back(trim(part));
    return parts;
}

size_t characters(std::string_view text) {
    return static_cast<size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string plain_number(double value) { return wire::shortest_number(value); }

// The whole of `text` matches; polynomial time, whatever the pattern.
Result<bool> matches(const Parameter& declared, const std::string& text) {
    try {
        const std::regex pattern(declared.allowed_pattern,
                                 std::regex::ECMAScript | std::regex_constants::__polynomial);
        return std::regex_match(text, pattern);
    } catch (const std::regex_error&) {
        return validation_error("Template format error: the AllowedPattern of parameter '" +
                                declared.name + "' cannot be read: " + declared.allowed_pattern);
    }
}

Status check_one(const Parameter& declared, const std::string& text) {
    const auto broken = [&](std::string message) {
        const std::string& own = declared.constraint_description;
        return validation_error(
            "Parameter '" + declared.name + "' " +
            (own.empty() ? std::move(message) : "failed to satisfy constraint: " + own));
    };
    const bool numeric = declared.value_type() == "Number" && !declared.is_ssm();
    const auto number = parse_double(text);
    if (numeric && !number)
        return validation_error("Parameter '" + declared.name + "' must be a number.");
    if (!declared.allowed_values.empty() &&
        std::find(declared.allowed_values.begin(), declared.allowed_values.end(), text) ==
            declared.allowed_values.end())
        return broken("must be one of AllowedValues");
    if (!declared.allowed_pattern.empty()) {
        TRY(const bool good, matches(declared, text));
        if (!good) return broken("must match pattern " + declared.allowed_pattern);
    }
    const auto length = static_cast<int64_t>(characters(text));
    if (declared.min_length && length < *declared.min_length)
        return broken("must contain at least " + std::to_string(*declared.min_length) +
                      " characters");
    if (declared.max_length && length > *declared.max_length)
        return broken("must contain at most " + std::to_string(*declared.max_length) +
                      " characters");
    if (numeric && declared.min_value && *number < *declared.min_value)
        return broken("must be a number not less than " + plain_number(*declared.min_value));
    if (numeric && declared.max_value && *number > *declared.max_value)
        return broken("must be a number not greater than " + plain_number(*declared.max_value));
    return ok();
}

Status check(const Parameter& declared, const std::string& text) {
    if (text.size() > limits::parameter_value_bytes)
        return validation_error("Parameter '" + declared.name + "' value length is greater than " +
                                std::to_string(limits::parameter_value_bytes));
    if (!declared.is_list() || declared.is_ssm()) return check_one(declared, text);
    for (const std::string& part : parts_of(text)) REQUIRE(check_one(declared, part));
    return ok();
}

}  // namespace

Result<ParameterTexts> choose_parameters(const Template& declared, const ParameterTexts& given) {
    std::vector<std::string> unknown, missing;
    for (const auto& [name, text] : given)
        if (!declared.parameter(name)) unknown.push_back(name);
    if (!unknown.empty())
        return validation_error("Parameters: [" + join(unknown, ", ") +
                                "] do not exist in the template");
    ParameterTexts chosen;
    for (const Parameter& parameter : declared.parameters) {
        const auto found = given.find(parameter.name);
        if (found != given.end())
            chosen[parameter.name] = found->second;
        else if (parameter.default_value)
            chosen[parameter.name] = *parameter.default_value;
        else
            missing.push_back(parameter.name);
    }
    if (!missing.empty())
        return validation_error("Parameters: [" + join(missing, ", ") + "] must have values");
    for (const Parameter& parameter : declared.parameters)
        REQUIRE(check(parameter, chosen[parameter.name]));
    return chosen;
}

Json parameter_value(const Parameter& declared, std::string_view text) {
    if (!declared.is_list()) return text;
    Json list = Json::array();
    if (!text.empty())
        for (const std::string& part : parts_of(text)) list.push(part);
    return list;
}

}  // namespace unkai::services::cloudformation
