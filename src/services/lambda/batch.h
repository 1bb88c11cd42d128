// A batch of messages of a queue, as a function gets it and answers it. Pure.
//
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
#pragma once

#include <set>
#include <string>
#include <vector>

#include "api/sqs.h"
#include "services/lambda/event_filter.h"

namespace unkai::services::lambda {

using QueueMessage = api::sqs::Message;

// One of the event's Records.
wire::Json message_record(const QueueMessage& message, const std::string& queue_arn);
std::string batch_event(const std::vector<QueueMessage>& messages, const std::string& queue_arn);

// Whether one of the patterns takes it; without patterns, all are taken.
bool filters_match(const std::vector<wire::Json>& patterns, const QueueMessage& message,
                   const std::string& queue_arn);

// The ids of messages that failed, from what the function answered with ReportBatchItemFailures.
// nullopt: all did (the answer has an id that is not in the batch, or cannot be understood).
std::optional<std::set<std::string>> failed_items(const std::string& answer,
                                                  const std::vector<QueueMessage>& messages);

}  // namespace unkai::services::lambda
