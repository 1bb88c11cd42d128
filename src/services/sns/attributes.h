// Attributes of topics and subscriptions: which there are and what they may be. Pure.
//
// https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html
// https://docs.aws.amazon.com/sns/latest/api/API_SetSubscriptionAttributes.html
#pragma once

#include "aws/event_pattern.h"
#include "services/sns/schema.h"

namespace unkai::services::sns {

using AttributeMap = std::map<std::string, std::string>;

// All errors: InvalidParameter, with AWS's "Invalid parameter: <name> Reason: …".
Unexpected invalid_parameter(const std::string& name, const std::string& reason);
Status check_topic_name(const std::string& name, bool fifo);
Status check_topic_attribute(const std::string& name, const std::string& value, bool fifo);
Status check_subscription_attribute(const std::string& name, const std::string& value);
// The protocol is one that Unkai delivers by, and the endpoint one of its endpoints.
Status check_endpoint(const std::string& protocol, const std::string& endpoint, bool fifo);
// The policy with its limits checked; body: FilterPolicyScope is MessageBody.
Result<aws::EventPattern> read_filter(const std::string& policy);

std::string default_policy(const std::string& topic_arn, const std::string& account);
std::string effective_delivery_policy(const std::string& policy);

// How long after its `failures`th failure a delivery is tried again; nullopt: given up.
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
std::optional<Duration> retry_after(std::string_view protocol, int64_t failures,
                                    const std::string& delivery_policy);

}  // namespace unkai::services::sns
