// What a health check may be, and what follows from what was seen: pure rules.
//
// https://docs.aws.amazon.com/Route53/latest/APIReference/API_HealthCheckConfig.html
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/
// dns-failover-determining-health-of-endpoints.html
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "api/route53.h"
#include "services/route53/schema.h"

namespace unkai::services::route53 {

// The request's configuration with its defaults. InvalidInput says what is missing, out of range,
// or cannot be checked here (RECOVERY_CONTROL).
Result<HealthCheckRecord> read_health_check(const api::route53::HealthCheckConfig& config);
// What both creation and updating must keep to.
Status check_health_check(const HealthCheckRecord& record);
api::route53::HealthCheckConfig write_health_check(const HealthCheckRecord& record);

bool is_endpoint(const HealthCheckRecord& record);  // HTTP(S), with or without match, and TCP.

// An endpoint's status after one more probe: it turns when `threshold` probes in a row say so.
struct Streak {
    bool passing = true;
    int32_t against = 0;  // Probes in a row that contradict `passing`.
    // True when it turned.
    bool add(bool passed, int32_t threshold);
};

// As answers and alarms see it: a disabled check counts as passing; then inversion.
bool is_healthy_status(const HealthCheckRecord& record, bool passing);

// A CALCULATED check passes when at least HealthThreshold of its children are healthy; children
// that are gone do not count.
bool calculated_passes(const HealthCheckRecord& record,
                       const std::function<std::optional<bool>(const std::string&)>& healthy);

// A CLOUDWATCH_METRIC check follows the metric data of its alarm, newest point last, and not the
// alarm's state: it fails when at least `to_alarm` of the last `periods` points breach. Unset:
// there is not enough data.
struct AlarmRule {
    std::string comparison;  // GreaterThanThreshold, …
    double threshold = 0;
    size_t periods = 1, to_alarm = 1;
    std::string missing = "missing";  // TreatMissingData.
};
std::optional<bool> alarm_passes(const AlarmRule& rule,
                                 const std::vector<std::optional<double>>& points);

}  // namespace unkai::services::route53
