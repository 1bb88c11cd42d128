// Limits of Lambda. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace unkai::services::lambda::limits {

constexpr size_t zipped_bytes = 50 << 20;      // Sent inline.
constexpr int64_t unzipped_bytes = 250 << 20;  // With all layers.
constexpr size_t request_bytes = 70'167'211;   // Of CreateFunction and its like, as AWS says it.
constexpr size_t code_entries = 200'000;       // Ours: files of one package.
constexpr int64_t storage_bytes = int64_t{75} << 30;
constexpr size_t sync_payload_bytes = 6'291'456;
constexpr size_t event_payload_bytes = 1'048'576;
constexpr size_t environment_bytes = 4096;
constexpr int32_t least_memory = 128, most_memory = 10'240;
constexpr int32_t most_timeout = 900;
constexpr int32_t least_tmp = 512, most_tmp = 10'240;
constexpr size_t layers = 5;
constexpr int64_t concurrency = 1000;            // Of an account in a region.
constexpr int64_t unreserved_concurrency = 100;  // So much may not be reserved.
constexpr size_t policy_bytes = 20'480;
constexpr size_t tags = 50;
constexpr size_t client_context_bytes = 3583;
constexpr size_t subnets = 16, security_groups = 5;
constexpr size_t mappings_per_function = 100;  // Ours.
constexpr size_t functions = 10'000;           // Ours, an account in a region.

// Asynchronous invocation.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
constexpr int32_t retries = 2;
constexpr int32_t event_age_seconds = 21'600;
constexpr Duration first_retry = std::chrono::minutes(1), second_retry = std::chrono::minutes(2);
constexpr Duration first_back_off = std::chrono::seconds(1);  // Throttles and system errors.
constexpr Duration longest_back_off = std::chrono::minutes(5);
constexpr size_t queued_events = 100'000;  // Ours: more are throttled.
constexpr size_t events_at_work = 200;     // Ours: taken from the queue at the same time.

// Event source mappings.
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
constexpr int32_t standard_batch = 10'000, fifo_batch = 10, default_batch = 10;
constexpr int32_t longest_window = 300;
constexpr int32_t least_mapping_concurrency = 2, most_mapping_concurrency = 1000;
constexpr size_t batches_at_work = 20;  // Ours: of a mapping without MaximumConcurrency.
constexpr size_t filters = 5;
constexpr size_t batch_bytes = 6 << 20;

// Ours.
constexpr Duration credentials_last = std::chrono::hours(1);
constexpr Duration log_delay = std::chrono::milliseconds(250);
constexpr size_t log_buffer_bytes = 1 << 20;  // Of one stream; more waits in the function.
constexpr Duration metric_period = std::chrono::seconds(10);
constexpr Duration network_wait = std::chrono::seconds(30);
constexpr Duration download_links_last = std::chrono::minutes(10);

}  // namespace unkai::services::lambda::limits
