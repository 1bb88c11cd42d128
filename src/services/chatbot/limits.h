// AWS's limits for AWS Chatbot, and ours for deliveries to Slack.
// https://docs.aws.amazon.com/chatbot/latest/adminguide/chatbot-troubleshooting.html
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace unkai::services::chatbot::limits {

constexpr size_t configurations = 500, topics = 100, tags = 200;
constexpr int32_t listed = 100;
constexpr uint64_t notification_bytes = 512 * 1024;  // SNS's 256 KB, and the envelope's.
// A message to Slack is tried for this long, with pauses from the first to the slowest.
constexpr Duration delivery_time = std::chrono::hours{1}, first_pause = std::chrono::seconds{1},
                   slowest_pause = std::chrono::seconds{30};
constexpr size_t section_characters = 2900;  // Slack takes 3,000.

}  // namespace unkai::services::chatbot::limits
