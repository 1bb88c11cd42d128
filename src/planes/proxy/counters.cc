#include "planes/proxy/counters.h"

#include <algorithm>
#include <cmath>

namespace unkai::planes::proxy {

namespace {
constexpr double first_bucket = 64;  // Microseconds.
}

void Histogram::add(Duration time) {
    const double micros = std::max<double>(static_cast<double>(time.count()), 1);
    const double place = std::max(0.0, std::ceil(4 * std::log2(micros / first_bucket)));
    ++buckets[std::min(static_cast<size_t>(place), size - 1)];
    ++count;
    sum += time;
    least = std::min(least, time);
    most = std::max(most, time);
}

void Histogram::add(const Histogram& other) {
    for (size_t i = 0; i < size; ++i) buckets[i] += other.buckets[i];
    count += other.count;
    sum += other.sum;
    least = std::min(least, other.least);
    most = std::max(most, other.most);
}

Duration Histogram::quantile(double share) const {
    if (count == 0) return Duration{0};
    const auto wanted = static_cast<uint64_t>(std::ceil(share * static_cast<double>(count)));
    uint64_t seen = 0;
    for (size_t i = 0; i < size; ++i) {
        seen += buckets[i];
        if (seen >= wanted && buckets[i] > 0)
            return Duration{
                static_cast<int64_t>(first_bucket * std::exp2(static_cast<double>(i) / 4))};
    }
    return most;
}

void GroupCounters::add(const GroupCounters& other) {
    requests += other.requests;
    for (size_t i = 0; i < codes.size(); ++i) codes[i] += other.codes[i];
    connection_errors += other.connection_errors;
    function_user_errors += other.function_user_errors;
    function_internal_errors += other.function_internal_errors;
    function_bytes += other.function_bytes;
    response_time.add(other.response_time);
}

void BalancerCounters::add(const BalancerCounters& other) {
    requests += other.requests;
    for (size_t i = 0; i < codes.size(); ++i) codes[i] += other.codes[i];
    for (const auto& [status, number] : other.errors) errors[status] += number;
    redirects += other.redirects;
    fixed_responses += other.fixed_responses;
    rule_evaluations += other.rule_evaluations;
    new_connections += other.new_connections;
    active_connections += other.active_connections;
    tls_errors += other.tls_errors;
    bytes += other.bytes;
}

void Counters::add(const Counters& other) {
    for (const auto& [id, one] : other.load_balancers) load_balancers[id].add(one);
    for (const auto& [id, one] : other.groups) groups[id].add(one);
}

}  // namespace unkai::planes::proxy
