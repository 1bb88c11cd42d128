#include "services/cloudfront/metrics.h"

#include "base/log.h"
#include "services/cloudfront/schema.h"

namespace unkai::services::cloudfront {

namespace {

void add_rate(aws::Metrics& metrics, std::string_view name, const aws::Metrics::Dimensions& where,
              uint64_t errors, uint64_t requests) {
    if (errors > 0) metrics.add(name, where, "Percent", 100, static_cast<double>(errors));
    if (requests > errors)
        metrics.add(name, where, "Percent", 0, static_cast<double>(requests - errors));
}

void add_distribution(aws::Metrics& metrics, const std::string& id,
                      const planes::cdn::CdnCounters& now, const planes::cdn::CdnCounters& before) {
    const uint64_t requests = now.requests - before.requests;
    if (requests == 0) return;
    const aws::Metrics::Dimensions where{{"DistributionId", id}, {"Region", "Global"}};
    const auto add = [&](std::string_view name, uint64_t count) {
        metrics.add(name, where, "None", static_cast<double>(count));
    };
    add("Requests", requests);
    add("BytesDownloaded", now.bytes_downloaded - before.bytes_downloaded);
    add("BytesUploaded", now.bytes_uploaded - before.bytes_uploaded);
    const uint64_t fours = now.errors_4xx - before.errors_4xx;
    const uint64_t fives = now.errors_5xx - before.errors_5xx;
    add_rate(metrics, "4xxErrorRate", where, fours, requests);
    add_rate(metrics, "5xxErrorRate", where, fives, requests);
    add_rate(metrics, "TotalErrorRate", where, fours + fives, requests);
}

}  // namespace

Task<Status> MetricsPublisher::publish(Time start) {
    const CountersById now = co_await collect_();
    std::map<std::string, aws::Metrics> all;  // By account.
    {
        store::Txn txn = store_.begin();
        for (const auto& [key, record] : schema::distributions.list(txn)) {
            const auto& [account, id] = key;
            const auto counted = now.find(id);
            if (counted == now.end()) continue;
            const auto before = before_.find(id);
            add_distribution(all.try_emplace(account, "AWS/CloudFront").first->second, id,
                             counted->second,
                             before == before_.end() ? planes::cdn::CdnCounters{} : before->second);
        }
    }
    before_ = now;
    Status status;
    for (auto& [account, metrics] : all) {
        const auto caller = aws::service_caller("cloudfront.amazonaws.com", account, "us-east-1");
        if (Status done = co_await metrics.publish(client_, caller, start); !done)
            status = std::move(done);
    }
    co_return status;
}

Task<void> MetricsPublisher::run(Stop& stop) {
    for (;;) {
        const int64_t now = whole_seconds(env_.now());
        const Time next{std::chrono::seconds{now - now % period + period}};
        if (!co_await env_.loop.sleep(next - env_.now(), &stop)) co_return;
        if (const Status done = co_await publish(next - std::chrono::seconds{period}); !done)
            log::warn("cloudfront: publishing metrics failed", {{"error", done.error().message}});
    }
}

}  // namespace unkai::services::cloudfront
