#include "aws/policy.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "base/strings.h"

namespace unkai::aws {

namespace {

using wire::Json;

// Visits a string, or each string of an array.
template <class Test>
bool any_of(const Json& value, const Test& test) {
    if (value.is_string()) return test(value.as_string());
    if (!value.is_array()) return false;
    for (const Json& item : value.as_array())
        if (item.is_string() && test(item.as_string())) return true;
    return false;
}

bool is_account_number(std::string_view text) {
    return text.size() == 12 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// The role behind arn:aws:sts::1:assumed-role/name/session (without its path, which the ARN lost).
std::string role_of_session(std::string_view arn) {
    constexpr std::string_view mark = ":assumed-role/";
    const size_t at = arn.find(mark);
    if (at == std::string_view::npos) return {};
    const std::string_view name = split_once(arn.substr(at + mark.size()), '/').first;
    return ":role/" + std::string(name);
}

bool aws_principal_matches(std::string_view wanted, const Principal& principal) {
    if (wanted == "*") return true;
    if (principal.kind == Principal::Kind::anonymous || principal.kind == Principal::Kind::service)
        return false;
    if (is_account_number(wanted)) return wanted == principal.account;
    if (wanted.ends_with(":root")) return wanted == "arn:aws:iam::" + principal.account + ":root";
    if (wanted == principal.arn) return true;
    const std::string role = role_of_session(principal.arn);
    if (role.empty() || !wanted.starts_with("arn:aws:iam::" + principal.account + ":role/"))
        return false;
    return wanted.substr(wanted.rfind('/') + 1) == std::string_view(role).substr(6);
}

bool principal_matches(const Json& value, const Principal& principal) {
    if (value.is_string()) return value.as_string() == "*";
    if (!value.is_object()) return false;
    if (any_of(value["AWS"],
               [&](const std::string& wanted) { return aws_principal_matches(wanted, principal); }))
        return true;
    return principal.kind == Principal::Kind::service &&
           any_of(value["Service"],
                  [&](const std::string& wanted) { return wanted == principal.service; });
}

bool ip_matches(std::string_view cidr, const std::string& text) {
    const auto [base, bits_text] = split_once(cidr, '/');
    const int family = base.find(':') == std::string_view::npos ? AF_INET : AF_INET6;
    unsigned char network[16];
    unsigned char address[16];
    if (::inet_pton(family, std::string(base).c_str(), network) != 1) return false;
    if (::inet_pton(family, text.c_str(), address) != 1) return false;
    const size_t all = family == AF_INET ? 32 : 128;
    const size_t bits = bits_text.empty() ? all : parse_uint(bits_text).value_or(all + 1);
    if (bits > all) return false;
    if (std::memcmp(network, address, bits / 8) != 0) return false;
    const auto mask = static_cast<unsigned char>(0xFF00 >> bits % 8);
    return bits % 8 == 0 || (network[bits / 8] & mask) == (address[bits / 8] & mask);
}

template <class Number>
bool compare(std::string_view how, const Number& a, const Number& b) {
    if (how == "Equals") return a == b;
    if (how == "NotEquals") return a != b;
    if (how == "LessThan") return a < b;
    if (how == "LessThanEquals") return a <= b;
    if (how == "GreaterThan") return a > b;
    return how == "GreaterThanEquals" && a >= b;
}

// nullopt: an operator that is not known.
std::optional<bool> value_matches(std::string_view op, const std::string& wanted,
                                  const std::string& actual) {
    if (op == "StringEquals" || op == "ArnEquals" || op == "ArnLike" || op == "StringLike")
        return op == "StringEquals" ? wanted == actual : glob_match(wanted, actual);
    if (op == "StringEqualsIgnoreCase") return equals_ignoring_case(wanted, actual);
    if (op == "Bool") return equals_ignoring_case(wanted, actual);
    if (op == "IpAddress") return ip_matches(wanted, actual);
    if (op.starts_with("Numeric")) {
        const auto a = parse_double(actual);
        const auto b = parse_double(wanted);
        return a && b && compare(op.substr(7), *a, *b);
    }
    if (op.starts_with("Date")) {
        const auto a = parse_iso8601(actual);
        const auto b = parse_iso8601(wanted);
        return a && b && compare(op.substr(4), *a, *b);
    }
    return std::nullopt;
}

// The negated operators hold when no wanted value matches.
std::string_view positive_form(std::string_view op, bool& negated) {
    static constexpr std::pair<std::string_view, std::string_view> forms[] = {
        {"StringNotEquals", "StringEquals"},
        {"StringNotLike", "StringLike"},
        {"StringNotEqualsIgnoreCase", "StringEqualsIgnoreCase"},
        {"ArnNotEquals", "ArnEquals"},
        {"ArnNotLike", "ArnLike"},
        {"NotIpAddress", "IpAddress"}};
    for (const auto& [negative, positive] : forms)
        if (op == negative) {
            negated = true;
            return positive;
        }
    return op;
}

// nullopt: unknown operator.
std::optional<bool> condition_holds(std::string_view op, const std::string& key, const Json& wanted,
                                    const PolicyRequest& request) {
    const bool if_exists = op.ends_with("IfExists");
    if (if_exists) op.remove_suffix(8);
    const auto [first, last] = request.context.equal_range(to_lower(key));
    if (op == "Null") {
        const bool absent = first == last;
        return any_of(wanted, [&](const std::string& text) {
            return equals_ignoring_case(text, absent ? "true" : "false");
        });
    }
    bool negated = false;
    op = positive_form(op, negated);
    if (first == last) return if_exists || negated;
    bool known = true;
    bool found = false;
    for (auto it = first; it != last; ++it)
        found = any_of(wanted,
                       [&](const std::string& text) {
                           const auto matched = value_matches(op, text, it->second);
                           known = known && matched.has_value();
                           return matched.value_or(false);
                       }) ||
                found;
    if (!known) return std::nullopt;
    return found != negated;
}

std::optional<bool> conditions_hold(const Json& conditions, const PolicyRequest& request) {
    if (conditions.is_null()) return true;
    if (!conditions.is_object()) return std::nullopt;
    bool all = true;
    for (const auto& [op, keys] : conditions.as_object()) {
        if (!keys.is_object()) return std::nullopt;
        for (const auto& [key, wanted] : keys.as_object()) {
            // Set operators (ForAllValues: …) are not known here.
            const auto held = condition_holds(
                op, key, wanted.is_scalar() && !wanted.is_string() ? Json(wanted.text()) : wanted,
                request);
            if (!held) return std::nullopt;
            all = all && *held;
        }
    }
    return all;
}

bool action_matches(const Json& statement, std::string_view action) {
    const auto matches = [&](const std::string& pattern) {
        return glob_match(to_lower(pattern), to_lower(action));
    };
    if (const Json* actions = statement.find("Action")) return any_of(*actions, matches);
    if (const Json* others = statement.find("NotAction")) return !any_of(*others, matches);
    return false;
}

bool resource_matches(const Json& statement, std::string_view resource) {
    const auto matches = [&](const std::string& pattern) { return glob_match(pattern, resource); };
    if (const Json* resources = statement.find("Resource")) return any_of(*resources, matches);
    if (const Json* others = statement.find("NotResource")) return !any_of(*others, matches);
    return resource.empty();
}

bool who_matches(const Json& statement, const Principal& principal) {
    if (const Json* who = statement.find("Principal")) return principal_matches(*who, principal);
    if (const Json* others = statement.find("NotPrincipal"))
        return !principal_matches(*others, principal);
    return true;  // An identity policy.
}

template <class Visit>
void each_statement(const Json& document, const Visit& visit) {
    const Json& statements = document["Statement"];
    if (statements.is_object()) visit(statements);
    if (!statements.is_array()) return;
    for (const Json& statement : statements.as_array()) visit(statement);
}

}  // namespace

Decision evaluate(const Json& document, const PolicyRequest& request) {
    bool allowed = false;
    bool denied = false;
    each_statement(document, [&](const Json& statement) {
        if (!who_matches(statement, request.principal) ||
            !action_matches(statement, request.action) ||
            !resource_matches(statement, request.resource))
            return;
        const auto held = conditions_hold(statement["Condition"], request);
        const bool deny = statement["Effect"].string_or("Deny") != "Allow";
        if (deny)
            denied = denied || held.value_or(true);
        else
            allowed = allowed || held.value_or(false);
    });
    if (denied) return Decision::deny;
    return allowed ? Decision::allow : Decision::none;
}

Decision evaluate(std::string_view document, const PolicyRequest& request) {
    const auto parsed = Json::parse(document);
    return parsed ? evaluate(*parsed, request) : Decision::deny;
}

bool is_public(const Json& document) {
    bool found = false;
    each_statement(document, [&](const Json& statement) {
        if (statement["Effect"].string_or("Deny") != "Allow") return;
        const Json& who = statement["Principal"];
        const bool everybody =
            (who.is_string() && who.as_string() == "*") ||
            any_of(who["AWS"], [](const std::string& text) { return text == "*"; }) ||
            statement.find("NotPrincipal") != nullptr;
        // Conditions that pin the caller make it non-public.
        bool pinned = false;
        const Json& conditions = statement["Condition"];
        if (conditions.is_object())
            for (const auto& [op, keys] : conditions.as_object())
                for (const std::string_view key :
                     {"aws:SourceArn", "aws:SourceAccount", "aws:SourceVpc", "aws:SourceVpce",
                      "aws:PrincipalOrgID", "aws:SourceIp", "aws:PrincipalArn", "AWS:SourceArn"})
                    pinned = pinned || (keys.is_object() && keys.find(key) != nullptr &&
                                        op.find("Not") == std::string::npos);
        found = found || (everybody && !pinned);
    });
    return found;
}

}  // namespace unkai::aws
