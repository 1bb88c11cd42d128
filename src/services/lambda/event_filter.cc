#include "services/lambda/event_filter.h"

#include <algorithm>

#include "base/strings.h"
#include "services/lambda/settings.h"

namespace unkai::services::lambda {

using wire::Json;

namespace {

Error bad_pattern(const std::string& why) {
    return invalid("Invalid filter pattern definition. " + why);
}

bool numeric_holds(const Json& rule, double value) {
    const auto& parts = rule.as_array();
    for (size_t i = 0; i + 1 < parts.size(); i += 2) {
        const std::string& how = parts[i].as_string();
        const double bound = parts[i + 1].as_double();
        const bool holds = how == "="    ? value == bound
                           : how == "<"  ? value < bound
                           : how == "<=" ? value <= bound
                           : how == ">"  ? value > bound
                                         : value >= bound;
        if (!holds) return false;
    }
    return true;
}

Status check_numeric(const Json& rule) {
    if (!rule.is_array() || rule.size() == 0 || rule.size() % 2 != 0)
        return bad_pattern("numeric takes a comparison and a number, once or twice.");
    for (size_t i = 0; i + 1 < rule.size(); i += 2) {
        const std::string how = rule[i].string_or("");
        if ((how != "=" && how != "<" && how != "<=" && how != ">" && how != ">=") ||
            !rule[i + 1].is_number())
            return bad_pattern("numeric takes =, <, <=, > or >= and a number.");
    }
    return ok();
}

Status check_rule(const Json& rule) {
    if (!rule.is_object()) return rule.is_array() ? bad_pattern("A list stands in a list.") : ok();
    if (rule.size() != 1) return bad_pattern("A comparison has exactly one operator.");
    const auto& [name, value] = *rule.as_object().begin();
    if (name == "prefix" || name == "suffix" || name == "equals-ignore-case")
        return value.is_string() ? ok() : Status(bad_pattern(name + " takes a string."));
    if (name == "exists")
        return value.is_bool() ? ok() : Status(bad_pattern("exists takes a boolean."));
    if (name == "numeric") return check_numeric(value);
    if (name == "anything-but") {
        if (value.is_object()) return check_rule(value);
        return ok();
    }
    return bad_pattern("The operator " + name + " is not known.");
}

Status check_pattern(const Json& pattern, int depth) {
    if (depth > 10) return bad_pattern("It is nested too deeply.");
    if (!pattern.is_object() || pattern.size() == 0)
        return bad_pattern("It must be an object that is not empty.");
    for (const auto& [name, value] : pattern.as_object()) {
        if (name == "$or") {
            if (!value.is_array() || value.size() == 0)
                return bad_pattern("$or takes a list of patterns.");
            for (const Json& one : value.as_array()) REQUIRE(check_pattern(one, depth + 1));
        } else if (value.is_object()) {
            REQUIRE(check_pattern(value, depth + 1));
        } else if (value.is_array()) {
            for (const Json& rule : value.as_array()) REQUIRE(check_rule(rule));
        } else {
            return bad_pattern("\"" + name + "\" must be an object or an array.");
        }
    }
    return ok();
}

bool rule_matches(const Json& rule, const Json* value) {
    if (!rule.is_object()) return value != nullptr && *value == rule;
    const auto& [name, wanted] = *rule.as_object().begin();
    if (name == "exists") return (value != nullptr) == wanted.as_bool();
    if (value == nullptr) return false;
    if (name == "numeric") return value->is_number() && numeric_holds(wanted, value->as_double());
    if (name == "anything-but") {
        if (wanted.is_object()) return !rule_matches(wanted, value);
        if (!wanted.is_array()) return !(*value == wanted);
        return std::none_of(wanted.as_array().begin(), wanted.as_array().end(),
                            [&](const Json& one) { return *value == one; });
    }
    if (!value->is_string()) return false;
    const std::string& text = value->as_string();
    if (name == "prefix") return text.starts_with(wanted.as_string());
    if (name == "suffix") return text.ends_with(wanted.as_string());
    return equals_ignoring_case(text, wanted.as_string());
}

bool any_rule_matches(const Json& rules, const Json* value) {
    const auto matches = [&](const Json& rule) {
        if (value != nullptr && value->is_array()) {
            const auto& items = value->as_array();
            return std::any_of(items.begin(), items.end(),
                               [&](const Json& item) { return rule_matches(rule, &item); });
        }
        return rule_matches(rule, value);
    };
    return std::any_of(rules.as_array().begin(), rules.as_array().end(), matches);
}

}  // namespace

Result<Json> parse_filter(const std::string& pattern) {
    auto parsed = Json::parse(pattern);
    if (!parsed) return bad_pattern("It is no JSON: " + parsed.error().message);
    REQUIRE(check_pattern(*parsed, 0));
    return std::move(*parsed);
}

bool filter_matches(const Json& pattern, const Json& event) {
    for (const auto& [name, wanted] : pattern.as_object()) {
        if (name == "$or") {
            const auto& ways = wanted.as_array();
            if (std::none_of(ways.begin(), ways.end(),
                             [&](const Json& way) { return filter_matches(way, event); }))
                return false;
            continue;
        }
        const Json* const value = event.find(name);
        if (wanted.is_object()) {
            static const Json nothing = Json::object();
            if (!filter_matches(wanted, value != nullptr && value->is_object() ? *value : nothing))
                return false;
        } else if (!any_rule_matches(wanted, value)) {
            return false;
        }
    }
    return true;
}

}  // namespace unkai::services::lambda
