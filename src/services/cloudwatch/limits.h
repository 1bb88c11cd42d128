// AWS's limits for CloudWatch.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace unkai::services::cloudwatch::limits {

constexpr size_t data_per_put = 1000, dimensions = 30, values_per_datum = 150;
constexpr size_t name_characters = 255, dimension_value_characters = 1024;
constexpr double largest_value = 0x1p360;
constexpr Duration oldest_datum = std::chrono::hours{24 * 14}, latest_datum = std::chrono::hours{2};

constexpr size_t queries_per_request = 500, search_results = 500, listed_metrics = 500,
                 dimension_filters = 10;
constexpr size_t alarms_per_call = 100, listed_dashboards = 1000;
constexpr size_t rule_characters = 10240, children = 100, alarms = 5000, actions = 5, tags = 50,
                 alarm_metrics = 10;
constexpr int32_t data_points = 100800, statistics_points = 1440;

// How long data of a resolution stays, in seconds; older data is rolled up to the next.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
constexpr int64_t hour = 3600, day = 24 * hour;
constexpr int64_t fine_seconds = 3 * hour, minute_seconds = 15 * day,
                  five_minute_seconds = 63 * day, hour_seconds = 455 * day;

}  // namespace unkai::services::cloudwatch::limits
