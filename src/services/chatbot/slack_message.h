// SNS notifications as Slack messages. Pure.
//
// https://docs.aws.amazon.com/chatbot/latest/adminguide/related-services.html
// https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
// https://api.slack.com/reference/messaging/attachments
#pragma once

#include <optional>
#include <string>

#include "wire/json.h"

namespace unkai::services::chatbot {

// The webhook's body for what was published: a CloudWatch alarm (red for ALARM, green for OK, grey
// otherwise) or a custom notification of AWS Chatbot's schema. Nothing: AWS Chatbot shows no other
// events either.
std::optional<std::string> slack_message(const std::string& message);

// & < > as Slack wants them in its text.
std::string slack_escape(std::string_view text);

}  // namespace unkai::services::chatbot
