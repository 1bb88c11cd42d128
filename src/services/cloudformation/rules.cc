#include "services/cloudformation/rules.h"

#include <algorithm>

namespace unkai::services::cloudformation {

namespace {

Result<bool> rule_holds(const Json& expression, const Values& values);

Result<Json> rule_list(const Json& argument, size_t at, std::string_view function,
                       const Values& values) {
    if (argument.is_array() && argument.size() == 2) {
        TRY(Json list, evaluate(argument[at], values));
        if (list.is_array()) return list;
    }
    return validation_error("Template error: " + std::string(function) +
                            " needs a list of strings and what is looked for in it");
}

bool is_in(const Json& list, const Json& wanted) {
    return std::any_of(list.as_array().begin(), list.as_array().end(),
                       [&](const Json& one) { return one.text() == wanted.text(); });
}

Result<bool> membership(std::string_view name, const Json& argument, const Values& values) {
    TRY(const Json list, rule_list(argument, 0, name, values));
    if (name == "Fn::EachMemberIn") {
        TRY(const Json among, rule_list(argument, 1, name, values));
        return std::all_of(list.as_array().begin(), list.as_array().end(),
                           [&](const Json& one) { return is_in(among, one); });
    }
    TRY(const Json wanted, evaluate(argument[1], values));
    if (name == "Fn::Contains") return is_in(list, wanted);
    return std::all_of(list.as_array().begin(), list.as_array().end(),
                       [&](const Json& one) { return one.text() == wanted.text(); });
}

Result<bool> rule_logic(std::string_view name, const Json& argument, const Values& values) {
    const bool is_not = name == "Fn::Not";
    if (!argument.is_array() || argument.size() == 0 || (is_not && argument.size() != 1))
        return validation_error("Template error: every " + std::string(name) +
                                " object requires a list of boolean parameters.");
    bool all = true, any = false;
    for (const Json& part : argument.as_array()) {
        TRY(const bool one, rule_holds(part, values));
        all = all && one;
        any = any || one;
    }
    return is_not ? !any : name == "Fn::And" ? all : any;
}

Result<bool> rule_holds(const Json& expression, const Values& values) {
    if (expression.is_object() && expression.size() == 1) {
        const auto& [name, argument] = *expression.as_object().begin();
        if (name == "Fn::Contains" || name == "Fn::EachMemberIn" || name == "Fn::EachMemberEquals")
            return membership(name, argument, values);
        if (name == "Fn::And" || name == "Fn::Or" || name == "Fn::Not")
            return rule_logic(name, argument, values);
        if (name == "Fn::RefAll" || name == "Fn::ValueOf" || name == "Fn::ValueOfAll")
            return validation_error("Template error: " + name +
                                    " is not supported by Unkai: name the parameters in the rule.");
    }
    TRY(const Json value, evaluate(expression, values));
    if (value.text() == "true") return true;
    if (value.text() == "false") return false;
    return validation_error("Template error: every assertion must be true or false, not " +
                            value.dump());
}

}  // namespace

Status check_rule_forms(const Json& rules) {
    if (rules.is_null()) return ok();
    if (!rules.is_object())
        return validation_error("Template format error: [/Rules] section must be an object.");
    for (const auto& [name, rule] : rules.as_object()) {
        const Json& assertions = rule["Assertions"];
        const bool good =
            assertions.is_array() && assertions.size() > 0 &&
            std::all_of(assertions.as_array().begin(), assertions.as_array().end(),
                        [](const Json& one) { return one.find("Assert") != nullptr; });
        if (!good)
            return validation_error("Template format error: the rule " + name +
                                    " needs Assertions, each with an Assert");
    }
    return ok();
}

Status check_rules(const Values& values) {
    if (!values.declared.rules.is_object()) return ok();
    for (const auto& [name, rule] : values.declared.rules.as_object()) {
        if (const Json* condition = rule.find("RuleCondition")) {
            TRY(const bool applies, rule_holds(*condition, values));
            if (!applies) continue;
        }
        for (const Json& one : rule["Assertions"].as_array()) {
            TRY(const bool holds, rule_holds(one["Assert"], values));
            if (!holds)
                return validation_error("Template constraint assertion failed: " +
                                        one["AssertDescription"].string_or(name));
        }
    }
    return ok();
}

}  // namespace unkai::services::cloudformation
