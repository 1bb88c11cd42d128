// AWS's limits for SNS.
// https://docs.aws.amazon.com/general/latest/gr/sns.html
// https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
#pragma once

#include <cstddef>

#include "base/time.h"

namespace unkai::services::sns::limits {

constexpr size_t message_bytes = 262144;  // Of one message, and of a batch together.
constexpr size_t subject = 100;
constexpr size_t topic_name = 256, display_name = 100;
constexpr size_t topics = 100000;
constexpr size_t subscriptions = 10000;  // Unkai's own, a topic.
constexpr size_t batch = 10;
constexpr size_t tags = 50;
constexpr size_t listed = 100;
constexpr size_t filter_keys = 5;
constexpr double filter_combinations = 150;
constexpr size_t filter_bytes = 256 * 1024;
constexpr size_t filters_of_topic = 200, filters_of_account = 10000;
constexpr size_t policy_statements = 20;
constexpr Duration deduplication = std::chrono::minutes(5);
constexpr Duration confirmation = std::chrono::hours(48);
constexpr size_t sqs_attributes = 10;  // Of a message that is delivered raw.

}  // namespace unkai::services::sns::limits
