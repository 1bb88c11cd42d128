// What the proxy counts, named after the CloudWatch metrics of AWS/ApplicationELB. Each loop counts
// for itself; Proxy::collect() adds them up. Everything counts from the start of the process.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "base/time.h"

namespace unkai::planes::proxy {

// Response times in buckets that grow by the fourth root of two, from 64 µs on.
struct Histogram {
    static constexpr size_t size = 96;
    std::array<uint64_t, size> buckets{};
    uint64_t count = 0;
    Duration sum{0}, least{Duration::max()}, most{0};

    void add(Duration time);
    void add(const Histogram& other);
    // The upper end of the bucket in which that share (0…1) of the values lies; 0 without values.
    Duration quantile(double share) const;
};

struct GroupCounters {
    uint64_t requests = 0;                  // RequestCount, and RequestCountPerTarget × targets.
    std::array<uint64_t, 6> codes{};        // HTTPCode_Target_nXX_Count by its first digit.
    uint64_t connection_errors = 0;         // TargetConnectionErrorCount
    Histogram response_time;                // TargetResponseTime
    uint64_t function_user_errors = 0;      // LambdaUserError
    uint64_t function_internal_errors = 0;  // LambdaInternalError
    uint64_t function_bytes = 0;            // LambdaTargetProcessedBytes

    void add(const GroupCounters& other);
};

struct BalancerCounters {
    uint64_t requests = 0;            // RequestCount: those that had a target.
    std::array<uint64_t, 6> codes{};  // HTTPCode_ELB_nXX_Count by its first digit.
    std::map<int, uint64_t> errors;   // HTTPCode_ELB_500_Count, …_502_…, 503, 504
    uint64_t redirects = 0;           // HTTP_Redirect_Count
    uint64_t fixed_responses = 0;     // HTTP_Fixed_Response_Count
    uint64_t rule_evaluations = 0;    // RuleEvaluations
    uint64_t new_connections = 0;     // NewConnectionCount
    uint64_t active_connections = 0;  // ActiveConnectionCount, now.
    uint64_t tls_errors = 0;          // ClientTLSNegotiationErrorCount
    uint64_t bytes = 0;               // ProcessedBytes: bodies, both ways.

    void add(const BalancerCounters& other);
};

struct Counters {
    std::map<std::string, BalancerCounters> load_balancers;
    std::map<std::string, GroupCounters> groups;

    void add(const Counters& other);
};

}  // namespace unkai::planes::proxy
