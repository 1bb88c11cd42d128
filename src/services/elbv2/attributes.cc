#include "services/elbv2/attributes.h"

#include "base/strings.h"

namespace unkai::services::elbv2 {

namespace {

constexpr std::string_view boolean = "true|false";
constexpr std::string_view no_logs = "Unkai does not write access logs yet.";

constexpr AttributeRule balancer_rules[] = {
    {"access_logs.s3.enabled", "false", boolean, "false", no_logs},
    {"access_logs.s3.bucket", "", ""},
    {"access_logs.s3.prefix", "", ""},
    {"idle_timeout.timeout_seconds", "60", "1..4000"},
    {"deletion_protection.enabled", "false", boolean},
    {"routing.http2.enabled", "true", boolean},
    {"routing.http.drop_invalid_header_fields.enabled", "false", boolean},
    {"routing.http.xff_client_port.enabled", "false", boolean},
    {"routing.http.preserve_host_header.enabled", "false", boolean},
    {"routing.http.xff_header_processing.mode", "append", "append|preserve|remove"},
    {"routing.http.desync_mitigation_mode", "defensive", "monitor|defensive|strictest"},
    {"routing.http.x_amzn_tls_version_and_cipher_suite.enabled", "false", boolean},
    {"load_balancing.cross_zone.enabled", "true", boolean, "true",
     "An application load balancer always balances over all zones."},
    {"waf.fail_open.enabled", "false", boolean},
    {"client_keep_alive.seconds", "3600", "60..604800"},
    {"connection_logs.s3.enabled", "false", boolean, "false", no_logs},
    {"connection_logs.s3.bucket", "", ""},
    {"connection_logs.s3.prefix", "", ""},
    {"zonal_shift.config.enabled", "false", boolean, "false", "Unkai has no zonal shift yet."},
};

constexpr AttributeRule group_rules[] = {
    {"deregistration_delay.timeout_seconds", "300", "0..3600"},
    {"stickiness.enabled", "false", boolean},
    {"stickiness.type", "lb_cookie", "lb_cookie|app_cookie"},
    {"stickiness.lb_cookie.duration_seconds", "86400", "1..604800"},
    {"stickiness.app_cookie.cookie_name", "", ""},
    {"stickiness.app_cookie.duration_seconds", "86400", "1..604800"},
    {"load_balancing.algorithm.type", "round_robin",
     "round_robin|least_outstanding_requests|weighted_random"},
    {"load_balancing.algorithm.anomaly_mitigation", "off", "on|off", "off",
     "Unkai does not mitigate anomalies yet."},
    {"load_balancing.cross_zone.enabled", "use_load_balancer_configuration",
     "true|false|use_load_balancer_configuration"},
    {"slow_start.duration_seconds", "0", "0..900", "0", "Unkai has no slow start yet."},
    {"lambda.multi_value_headers.enabled", "false", boolean},
    {"target_group_health.dns_failover.minimum_healthy_targets.count", "1", ""},
    {"target_group_health.dns_failover.minimum_healthy_targets.percentage", "off", ""},
    {"target_group_health.unhealthy_state_routing.minimum_healthy_targets.count", "1", ""},
    {"target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage", "off", ""},
};

constexpr AttributeRule listener_rules[] = {
    {"routing.http.response.server.enabled", "true", boolean, "true",
     "Unkai does not change responses' Server header yet."},
};

bool fits(std::string_view values, const std::string& value) {
    if (values.empty()) return true;
    const size_t dots = values.find("..");
    if (dots != std::string_view::npos) {
        const auto number = parse_int(value);
        return number && *number >= *parse_int(values.substr(0, dots)) &&
               *number <= *parse_int(values.substr(dots + 2));
    }
    for (const std::string_view one : split(values, '|'))
        if (one == value) return true;
    return false;
}

const AttributeRule* find(AttributeKind kind, std::string_view key) {
    for (const AttributeRule& rule : attribute_rules(kind))
        if (rule.key == key) return &rule;
    return nullptr;
}

}  // namespace

std::span<const AttributeRule> attribute_rules(AttributeKind kind) {
    switch (kind) {
        case AttributeKind::balancer:
            return balancer_rules;
        case AttributeKind::group:
            return group_rules;
        case AttributeKind::listener:
            return listener_rules;
    }
    return {};
}

std::string attribute(AttributeKind kind, const Attributes& given, std::string_view key) {
    if (const auto found = given.find(std::string(key)); found != given.end()) return found->second;
    const AttributeRule* const rule = find(kind, key);
    CHECK(rule != nullptr, "an attribute that does not exist");
    return std::string(rule->initial);
}

int64_t number_attribute(AttributeKind kind, const Attributes& given, std::string_view key) {
    return parse_int(attribute(kind, given, key)).value_or(0);
}

Status set_attribute(AttributeKind kind, Attributes& given, const std::string& key,
                     const std::string& value) {
    const AttributeRule* const rule = find(kind, key);
    if (rule == nullptr)
        return fail("ValidationError", "Attribute key '" + key + "' is not recognized", 400);
    if (!fits(rule->values, value))
        return fail("ValidationError",
                    "Attribute value '" + value + "' is not valid for '" + key + "'", 400);
    if (!rule->only.empty() && value != rule->only)
        return fail(
            "InvalidConfigurationRequest",
            key + " can only be '" + std::string(rule->only) + "'. " + std::string(rule->because),
            400);
    if (value == rule->initial)
        given.erase(key);
    else
        given[key] = value;
    return ok();
}

}  // namespace unkai::services::elbv2
