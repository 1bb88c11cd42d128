#include "services/route53/health_rules.h"

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "net/socket.h"
#include "services/route53/limits.h"

namespace unkai::services::route53 {

using api::route53::HealthCheckConfig;
namespace health_errors = api::route53::errors;
namespace check_type = api::route53::health_check_type;
namespace no_data = api::route53::insufficient_data_health_status;

namespace {

bool is_search(std::string_view type) {
    return type == check_type::http_str_match || type == check_type::https_str_match;
}

bool is_secure(std::string_view type) {
    return type == check_type::https || type == check_type::https_str_match;
}

// Ranges that health checkers on the internet cannot reach.
bool is_private_address(std::string_view ip) {
    for (const std::string_view range :
         {"10.", "127.", "169.254.", "192.168.", "0.", "224.", "239.", "255."})
        if (ip.starts_with(range)) return true;
    if (!ip.starts_with("172.") && !ip.starts_with("100.")) return ip.starts_with("fe80:");
    const size_t dot = ip.find('.', 4);
    const auto second = parse_uint(ip.substr(4, dot == ip.npos ? dot : dot - 4));
    if (!second) return false;
    return ip.starts_with("172.") ? *second >= 16 && *second < 32 : *second >= 64 && *second < 128;
}

Status check_endpoint(const HealthCheckRecord& record) {
    if (record.address.empty() && record.domain.empty())
        return health_errors::InvalidInput(
            "Basic health checks must specify at least one of IPAddress or "
            "FullyQualifiedDomainName.");
    if (!record.address.empty()) {
        if (!net::Address::parse(record.address, 1))
            return health_errors::InvalidInput("Invalid parameter : IPAddress '" + record.address +
                                               "' is not a valid IP address.");
        if (is_private_address(record.address))
            return health_errors::InvalidInput(
                "Invalid parameter : IPAddress '" + record.address +
                "' is reserved, private or local. Health checkers come from the internet: give a "
                "public address or a domain name.");
    }
    if (record.port < 1 || record.port > 65535)
        return health_errors::InvalidInput(record.type == check_type::tcp && record.port == 0
                                               ? "TCP health checks must specify a port."
                                               : "The port must be between 1 and 65535.");
    if (is_search(record.type) == record.search.empty())
        return health_errors::InvalidInput(
            is_search(record.type)
                ? "Health checks of type " + record.type + " must specify a search string."
                : "A search string is only for health checks of types HTTP_STR_MATCH and "
                  "HTTPS_STR_MATCH.");
    if (record.search.size() > limits::search_string)
        return health_errors::InvalidInput("A search string has at most 255 characters.");
    if (!record.path.empty() && !record.path.starts_with('/'))
        return health_errors::InvalidInput("Invalid parameter : ResourcePath must start with '/'.");
    if (record.type == check_type::tcp && !record.path.empty())
        return health_errors::InvalidInput("TCP health checks have no resource path.");
    if (record.interval != 10 && record.interval != 30)
        return health_errors::InvalidInput("RequestInterval must be 10 or 30 seconds.");
    if (record.threshold < 1 || record.threshold > 10)
        return health_errors::InvalidInput("FailureThreshold must be between 1 and 10.");
    if (!record.regions.empty() && record.regions.size() < 3)
        return health_errors::InvalidInput("At least 3 health checker regions must be given.");
    return ok();
}

Status check_calculated(const HealthCheckRecord& record) {
    if (record.children.empty())
        return health_errors::InvalidInput(
            "Calculated health checks must specify ChildHealthChecks.");
    if (record.children.size() > limits::children)
        return health_errors::InvalidInput(
            "A calculated health check has at most 255 child health checks.");
    if (std::set<std::string>(record.children.begin(), record.children.end()).size() !=
        record.children.size())
        return health_errors::InvalidInput("A child health check is given twice.");
    if (record.health_threshold < 0 || record.health_threshold > 256)
        return health_errors::InvalidInput("HealthThreshold must be between 0 and 256.");
    return ok();
}

bool breaches(const AlarmRule& rule, double value) {
    if (rule.comparison == "GreaterThanOrEqualToThreshold") return value >= rule.threshold;
    if (rule.comparison == "GreaterThanThreshold") return value > rule.threshold;
    if (rule.comparison == "LessThanThreshold") return value < rule.threshold;
    return rule.comparison == "LessThanOrEqualToThreshold" && value <= rule.threshold;
}

}  // namespace

bool is_endpoint(const HealthCheckRecord& record) {
    return record.type != check_type::calculated && record.type != check_type::cloudwatch_metric;
}

Result<HealthCheckRecord> read_health_check(const HealthCheckConfig& config) {
    HealthCheckRecord out;
    out.type = config.type;
    out.address = config.ip_address.value_or("");
    out.domain = config.fully_qualified_domain_name.value_or("");
    out.path = config.resource_path.value_or("");
    out.search = config.search_string.value_or("");
    out.port = config.port.value_or(is_secure(config.type)           ? 443
                                    : config.type == check_type::tcp ? 0
                                                                     : 80);
    out.interval = config.request_interval.value_or(30);
    out.threshold = config.failure_threshold.value_or(3);
    out.health_threshold = config.health_threshold.value_or(0);
    out.measure_latency = config.measure_latency.value_or(false);
    out.inverted = config.inverted.value_or(false);
    out.disabled = config.disabled.value_or(false);
    out.sni = config.enable_sni.value_or(is_secure(config.type));
    out.children.assign(config.child_health_checks.begin(), config.child_health_checks.end());
    out.regions.assign(config.regions.begin(), config.regions.end());
    if (config.alarm_identifier) {
        out.alarm_region = config.alarm_identifier->region;
        out.alarm_name = config.alarm_identifier->name;
    }
    out.without_data = config.insufficient_data_health_status.value_or("");
    REQUIRE(check_health_check(out));
    return out;
}

Status check_health_check(const HealthCheckRecord& record) {
    if (record.type == check_type::recovery_control)
        return health_errors::InvalidInput(
            "Health checks of type RECOVERY_CONTROL need Application Recovery Controller, which is "
            "not offered here. Use HTTP, HTTPS, TCP, CALCULATED or CLOUDWATCH_METRIC.");
    if (record.type == check_type::calculated) return check_calculated(record);
    if (record.type == check_type::cloudwatch_metric) {
        if (record.alarm_name.empty() || record.alarm_region.empty())
            return health_errors::InvalidInput(
                "CloudWatch metric health checks must specify an AlarmIdentifier.");
        return ok();
    }
    return check_endpoint(record);
}

HealthCheckConfig write_health_check(const HealthCheckRecord& record) {
    HealthCheckConfig out;
    out.type = record.type;
    out.inverted = record.inverted;
    out.disabled = record.disabled;
    if (record.type == check_type::calculated) {
        out.health_threshold = record.health_threshold;
        for (const std::string& child : record.children) out.child_health_checks.push_back(child);
        return out;
    }
    if (record.type == check_type::cloudwatch_metric) {
        out.alarm_identifier =
            api::route53::AlarmIdentifier{.region = record.alarm_region, .name = record.alarm_name};
        out.insufficient_data_health_status = record.without_data;
        return out;
    }
    if (!record.address.empty()) out.ip_address = record.address;
    if (!record.domain.empty()) out.fully_qualified_domain_name = record.domain;
    if (!record.path.empty()) out.resource_path = record.path;
    if (!record.search.empty()) out.search_string = record.search;
    out.port = record.port;
    out.request_interval = record.interval;
    out.failure_threshold = record.threshold;
    out.measure_latency = record.measure_latency;
    out.enable_sni = record.sni;
    for (const std::string& region : record.regions) out.regions.push_back(region);
    return out;
}

bool Streak::add(bool passed, int32_t threshold) {
    if (passed == passing) {
        against = 0;
        return false;
    }
    if (++against < threshold) return false;
    passing = passed;
    against = 0;
    return true;
}

bool is_healthy_status(const HealthCheckRecord& record, bool passing) {
    return (record.disabled || passing) != record.inverted;
}

bool calculated_passes(const HealthCheckRecord& record,
                       const std::function<std::optional<bool>(const std::string&)>& healthy) {
    int32_t count = 0;
    for (const std::string& child : record.children)
        count += healthy(child).value_or(false) ? 1 : 0;
    return count >= record.health_threshold;
}

std::optional<bool> alarm_passes(const AlarmRule& rule,
                                 const std::vector<std::optional<double>>& points) {
    const size_t used = std::min(rule.periods, points.size());
    size_t breaching = 0, there = 0;
    for (size_t i = points.size() - used; i < points.size(); ++i) {
        if (points[i]) {
            ++there;
            breaching += breaches(rule, *points[i]) ? 1 : 0;
        } else if (rule.missing == "breaching") {
            ++there;
            ++breaching;
        } else if (rule.missing == "notBreaching") {
            ++there;
        }
    }
    if (there == 0) return std::nullopt;
    return breaching < std::max<size_t>(1, rule.to_alarm);
}

}  // namespace unkai::services::route53
