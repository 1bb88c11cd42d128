// AWS's limits for SQS.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace unkai::services::sqs::limits {

constexpr int64_t message_bytes = 1 << 20;  // Of one message and of a batch together.
constexpr int64_t least_message_bytes = 1024;
constexpr size_t batch = 10;
constexpr size_t in_flight = 120000;
constexpr size_t message_attributes = 10;
constexpr size_t attribute_name = 256;
constexpr size_t group_id = 128;
constexpr size_t queue_name = 80;
constexpr size_t tags = 50;
constexpr int64_t delay = 900, retention_least = 60, retention = 1209600, wait = 20;
constexpr int64_t visibility = 43200;
constexpr int64_t receives = 1000;  // maxReceiveCount
constexpr size_t policy_statements = 20;
constexpr size_t source_queues = 10;  // In a redrive allow policy.
constexpr size_t listed_queues = 1000;
constexpr size_t listed_moves = 10;
constexpr int64_t moved_each_second = 500;
constexpr size_t batch_id = 80;
constexpr size_t queues = 100000;       // Unkai's own, an account and region.
constexpr size_t messages = 5'000'000;  // Unkai's own, a queue: its order lies in memory.
constexpr Duration deduplication = std::chrono::minutes(5);
constexpr Duration purge_again = std::chrono::seconds(60);
constexpr Duration attempt = std::chrono::minutes(5);  // ReceiveRequestAttemptId

}  // namespace unkai::services::sqs::limits
