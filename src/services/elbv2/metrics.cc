#include "services/elbv2/metrics.h"

#include <cmath>

#include "base/log.h"
#include "services/elbv2/publisher.h"

namespace unkai::services::elbv2 {

namespace {

namespace proxy = planes::proxy;

// What was counted since; counters that began anew count from zero.
uint64_t since(uint64_t now, uint64_t before) { return now >= before ? now - before : now; }

void add_count(aws::Metrics& metrics, std::string_view name, const aws::Metrics::Dimensions& where,
               uint64_t count, bool always = false) {
    if (count > 0 || always) metrics.add(name, where, "Count", static_cast<double>(count));
}

void add_codes(aws::Metrics& metrics, const std::string& prefix,
               const aws::Metrics::Dimensions& where, const std::array<uint64_t, 6>& now,
               const std::array<uint64_t, 6>& before) {
    for (size_t digit = 2; digit < now.size(); ++digit)
        add_count(metrics, prefix + std::to_string(digit) + "XX_Count", where,
                  since(now[digit], before[digit]));
}

// The middles of the buckets, moved so that the average is exact.
void add_times(aws::Metrics& metrics, const aws::Metrics::Dimensions& where,
               const proxy::Histogram& now, const proxy::Histogram& before) {
    constexpr double first = 64e-6, half_step = 0.125;  // Of a quarter of an octave.
    const uint64_t count = since(now.count, before.count);
    if (count == 0) return;
    const bool anew = now.count < before.count;
    const double sum = static_cast<double>((anew ? now.sum : now.sum - before.sum).count()) / 1e6;
    std::vector<std::pair<double, uint64_t>> values;
    double estimated = 0;
    for (size_t i = 0; i < now.buckets.size(); ++i) {
        const uint64_t times = since(now.buckets[i], anew ? 0 : before.buckets[i]);
        if (times == 0) continue;
        values.emplace_back(first * std::exp2(static_cast<double>(i) / 4 - half_step), times);
        estimated += values.back().first * static_cast<double>(times);
    }
    const double scale = estimated > 0 && sum > 0 ? sum / estimated : 1;
    for (const auto& [value, times] : values)
        metrics.add("TargetResponseTime", where, "Seconds", value * scale,
                    static_cast<double>(times));
}

std::string after_word(const std::string& arn, std::string_view word, bool with_word) {
    const size_t at = arn.find(word);
    if (at == std::string::npos) return arn;
    return arn.substr(with_word ? at : at + word.size());
}

const proxy::BalancerCounters& counters_of(const proxy::Counters& all, const std::string& arn) {
    static const proxy::BalancerCounters none;
    const auto found = all.load_balancers.find(arn);
    return found == all.load_balancers.end() ? none : found->second;
}

const proxy::GroupCounters& group_counters_of(const proxy::Counters& all, const std::string& arn) {
    static const proxy::GroupCounters none;
    const auto found = all.groups.find(arn);
    return found == all.groups.end() ? none : found->second;
}

}  // namespace

std::string balancer_dimension(const std::string& arn) {
    return after_word(arn, "loadbalancer/", false);
}

std::string group_dimension(const std::string& arn) {
    return after_word(arn, "targetgroup/", true);
}

std::map<std::string, std::string> balancers_of_groups(store::Txn& txn, const std::string& account,
                                                       const std::string& region) {
    std::map<std::string, std::string> by_listener, out;
    for (const auto& [key, listener] : schema::listeners.list(txn, account, region)) {
        by_listener[listener.arn] = listener.balancer;
        for (const WeightedGroupRecord& group : listener.action.groups)
            out[group.arn] = listener.balancer;
    }
    for (const auto& [key, rule] : schema::rules.list(txn, account, region))
        for (const WeightedGroupRecord& group : rule.action.groups)
            if (const auto found = by_listener.find(rule.listener); found != by_listener.end())
                out[group.arn] = found->second;
    return out;
}

void MetricsPublisher::add_balancer(const BalancerRecord& record,
                                    const proxy::BalancerCounters& now, bool whole_minute,
                                    aws::Metrics& metrics) {
    const proxy::BalancerCounters& before = counters_of(before_, record.arn);
    const aws::Metrics::Dimensions where{{"LoadBalancer", balancer_dimension(record.arn)}};
    add_count(metrics, "RequestCount", where, since(now.requests, before.requests), true);
    add_codes(metrics, "HTTPCode_ELB_", where, now.codes, before.codes);
    for (const auto& [status, count] : now.errors) {
        const auto old = before.errors.find(status);
        add_count(metrics, "HTTPCode_ELB_" + std::to_string(status) + "_Count", where,
                  since(count, old == before.errors.end() ? 0 : old->second));
    }
    add_count(metrics, "HTTP_Redirect_Count", where, since(now.redirects, before.redirects));
    add_count(metrics, "HTTP_Fixed_Response_Count", where,
              since(now.fixed_responses, before.fixed_responses));
    add_count(metrics, "RuleEvaluations", where,
              since(now.rule_evaluations, before.rule_evaluations));
    add_count(metrics, "NewConnectionCount", where,
              since(now.new_connections, before.new_connections));
    add_count(metrics, "ClientTLSNegotiationErrorCount", where,
              since(now.tls_errors, before.tls_errors));
    metrics.add("ProcessedBytes", where, "Bytes",
                static_cast<double>(since(now.bytes, before.bytes)));
    // A level, whose Sum is asked for: once a minute.
    if (whole_minute) add_count(metrics, "ActiveConnectionCount", where, now.active_connections);
}

void MetricsPublisher::add_group(store::Txn& txn, const Owner& owner, const GroupRecord& record,
                                 const std::string& balancer, const proxy::GroupCounters& now,
                                 aws::Metrics& metrics) {
    const proxy::GroupCounters& before = group_counters_of(before_, record.arn);
    const aws::Metrics::Dimensions of_balancer{{"LoadBalancer", balancer_dimension(balancer)}};
    const aws::Metrics::Dimensions of_group{{"LoadBalancer", balancer_dimension(balancer)},
                                            {"TargetGroup", group_dimension(record.arn)}};
    const uint64_t requests = since(now.requests, before.requests);
    add_count(metrics, "RequestCount", of_group, requests, true);
    for (const auto& where : {of_group, of_balancer}) {
        add_codes(metrics, "HTTPCode_Target_", where, now.codes, before.codes);
        add_times(metrics, where, now.response_time, before.response_time);
        add_count(metrics, "TargetConnectionErrorCount", where,
                  since(now.connection_errors, before.connection_errors));
        add_count(metrics, "LambdaUserError", where,
                  since(now.function_user_errors, before.function_user_errors));
        add_count(metrics, "LambdaInternalError", where,
                  since(now.function_internal_errors, before.function_internal_errors));
        if (const uint64_t bytes = since(now.function_bytes, before.function_bytes); bytes > 0)
            metrics.add("LambdaTargetProcessedBytes", where, "Bytes", static_cast<double>(bytes));
    }
    std::map<std::string, std::pair<int, int>> zones;  // Healthy, unhealthy.
    int healthy = 0, unhealthy = 0;
    for (const auto& [key, target] :
         schema::targets.list(txn, owner.first, owner.second, record.arn)) {
        const proxy::TargetHealth* health = plane_.health(record.arn, target_id(target));
        if (!health || target.drained_at) continue;
        const bool well = health->state == proxy::HealthState::healthy ||
                          health->state == proxy::HealthState::unavailable;
        const bool ill = health->state == proxy::HealthState::unhealthy;
        healthy += well;
        unhealthy += ill;
        zones[target.zone].first += well;
        zones[target.zone].second += ill;
    }
    metrics.add("HealthyHostCount", of_group, "Count", healthy);
    metrics.add("UnHealthyHostCount", of_group, "Count", unhealthy);
    for (const auto& [zone, counts] : zones) {
        if (zone.empty()) continue;  // Registered without one: no dimension.
        aws::Metrics::Dimensions where = of_group;
        where.insert(where.begin(), {"AvailabilityZone", zone});
        metrics.add("HealthyHostCount", where, "Count", counts.first);
        metrics.add("UnHealthyHostCount", where, "Count", counts.second);
    }
    if (requests > 0 && healthy > 0)
        for (const auto& where :
             {of_group, aws::Metrics::Dimensions{{"TargetGroup", group_dimension(record.arn)}}})
            metrics.add("RequestCountPerTarget", where, "Count",
                        static_cast<double>(requests) / healthy);
}

Task<Status> MetricsPublisher::publish(Time start) {
    proxy::Counters now = co_await collect_();
    std::map<Owner, aws::Metrics> all;
    {
        store::Txn txn = store_.begin();
        const bool whole_minute = whole_seconds(start) % 60 == 0;
        for (const auto& [key, record] : schema::balancers.list(txn)) {
            const Owner owner{std::get<0>(key), std::get<1>(key)};
            add_balancer(record, counters_of(now, record.arn), whole_minute,
                         all.try_emplace(owner, "AWS/ApplicationELB").first->second);
        }
        for (auto& [owner, metrics] : all)
            for (const auto& [arn, balancer] : balancers_of_groups(txn, owner.first, owner.second))
                if (const auto record = schema::groups.get(txn, {owner.first, owner.second, arn}))
                    add_group(txn, owner, *record, balancer, group_counters_of(now, arn), metrics);
    }
    before_ = std::move(now);
    Status status;
    for (auto& [owner, metrics] : all) {
        const auto caller =
            aws::service_caller("elasticloadbalancing.amazonaws.com", owner.first, owner.second);
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
            log::warn("elbv2: publishing metrics failed", {{"error", done.error().message}});
    }
}

}  // namespace unkai::services::elbv2
