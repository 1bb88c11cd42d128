// AWS's limits for CloudWatch Logs.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
#pragma once

#include <cstddef>
#include <cstdint>

namespace unkai::services::logs::limits {

constexpr size_t batch_bytes = 1048576;  // Messages plus event_overhead each.
constexpr size_t event_overhead = 26;
constexpr int64_t batch_span = 24LL * 3600 * 1000;         // Milliseconds, as all times here.
constexpr int64_t oldest_event = 14LL * 24 * 3600 * 1000;  // Before now.
constexpr int64_t newest_event = 2LL * 3600 * 1000;        // After now.
constexpr size_t answer_bytes = 1048576;                   // Of events in one answer.
constexpr int32_t answer_events = 10000;
constexpr int32_t described = 50;  // Groups or streams in one answer.
constexpr size_t tags = 50;
constexpr size_t filter_streams = 100;
// Ours: after so many events looked at, FilterLogEvents answers with what it has and a token.
constexpr size_t filter_scan = 100000;

}  // namespace unkai::services::logs::limits
