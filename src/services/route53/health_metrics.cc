// AWS/Route53: what health checks publish.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/monitoring-health-checks.html
#include "base/log.h"
#include "services/route53/health_monitor.h"

namespace unkai::services::route53 {

namespace {

constexpr std::string_view metrics_region = "us-east-1";  // As on AWS, wherever the endpoint is.

double milliseconds_of(Duration length) {
    return std::chrono::duration<double, std::milli>(length).count();
}

}  // namespace

void HealthMonitor::measure(const HealthCheckRecord& check, const ProbeResult& result) {
    if (!check.measure_latency) return;
    aws::Metrics& metrics = metrics_.try_emplace(check.account, "AWS/Route53").first->second;
    const aws::Metrics::Dimensions dimensions{{"HealthCheckId", check.id}};
    for (const auto& [name, length] : {std::pair{"ConnectionTime", result.connected},
                                       std::pair{"SSLHandshakeTime", result.secured},
                                       std::pair{"TimeToFirstByte", result.first_byte}})
        if (length) metrics.add(name, dimensions, "Milliseconds", milliseconds_of(*length));
}

// What CloudWatch does not take is a gap, as on AWS.
Task<void> HealthMonitor::publish_metrics(HealthMonitor& self) {
    while (co_await self.env_.loop.sleep(10s, &self.stop_)) {
        for (auto& [id, work] : self.works_) {
            aws::Metrics& metrics =
                self.metrics_.try_emplace(work.record.account, "AWS/Route53").first->second;
            const aws::Metrics::Dimensions dimensions{{"HealthCheckId", id}};
            metrics.add("HealthCheckStatus", dimensions, "None", work.found.healthy ? 1 : 0);
            if (is_endpoint(work.record) && !work.record.disabled)
                metrics.add("HealthCheckPercentageHealthy", dimensions, "Percent",
                            work.streak.passing ? 100 : 0);
        }
        for (auto& [account, metrics] : self.metrics_)
            if (const auto put = co_await metrics.publish(
                    self.client_,
                    aws::service_caller("route53.amazonaws.com", account,
                                        std::string(metrics_region)),
                    self.env_.now());
                !put)
                log::debug("health metrics were not taken", {{"why", put.error().message}});
    }
}

}  // namespace unkai::services::route53
