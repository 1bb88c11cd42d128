#include "services/sns/attributes.h"

#include <algorithm>
#include <cmath>

#include "api/sns.h"
#include "base/strings.h"
#include "services/sns/limits.h"

namespace unkai::services::sns {

namespace {

using wire::Json;

bool is_json_object(const std::string& text) {
    const auto json = Json::parse(text);
    return json && json->is_object();
}

bool is_flag(const std::string& text) { return text == "true" || text == "false"; }

Status check_delivery_policy(const std::string& value) {
    const auto json = Json::parse(value);
    if (!json || !json->is_object())
        return invalid_parameter("DeliveryPolicy", "It is not a JSON object.");
    for (const char* name : {"healthyRetryPolicy", "http"}) {
        const Json& part = (*json)[name];
        const Json& policy = part["defaultHealthyRetryPolicy"].is_object()
                                 ? part["defaultHealthyRetryPolicy"]
                                 : part;
        if (policy["numRetries"].int_or(0) > 100 || policy["numRetries"].int_or(0) < 0)
            return invalid_parameter("DeliveryPolicy", "numRetries must be between 0 and 100.");
        if (policy["minDelayTarget"].int_or(1) < 1 || policy["maxDelayTarget"].int_or(20) > 3600 ||
            policy["minDelayTarget"].int_or(1) > policy["maxDelayTarget"].int_or(3600))
            return invalid_parameter(
                "DeliveryPolicy", "1 <= minDelayTarget <= maxDelayTarget <= 3600 does not hold.");
    }
    return ok();
}

struct RetryPolicy {
    int64_t retries = 3, immediate = 0, at_least = 0, at_most = 0;
    double least = 20, most = 20;
    std::string function = "linear";
};

RetryPolicy read_retry_policy(const std::string& text) {
    RetryPolicy out;
    const auto json = Json::parse(text);
    if (!json) return out;
    const Json& own = (*json)["healthyRetryPolicy"];
    const Json& of_topic = (*json)["http"]["defaultHealthyRetryPolicy"];
    const Json& policy = own.is_object() ? own : of_topic;
    out.retries = policy["numRetries"].int_or(out.retries);
    out.immediate = policy["numNoDelayRetries"].int_or(0);
    out.at_least = policy["numMinDelayRetries"].int_or(0);
    out.at_most = policy["numMaxDelayRetries"].int_or(0);
    out.least = static_cast<double>(policy["minDelayTarget"].int_or(20));
    out.most = static_cast<double>(policy["maxDelayTarget"].int_or(20));
    out.function = policy["backoffFunction"].string_or("linear");
    return out;
}

// The four phases: at once, at the least delay, growing, at the greatest delay.
std::optional<Duration> http_retry(int64_t failures, const RetryPolicy& policy) {
    if (failures > policy.retries) return std::nullopt;
    if (failures <= policy.immediate) return Duration(0);
    const auto seconds = [](double value) { return Duration(static_cast<int64_t>(value * 1e6)); };
    const int64_t after = failures - policy.immediate;
    if (after <= policy.at_least) return seconds(policy.least);
    if (failures > policy.retries - policy.at_most) return seconds(policy.most);
    const auto steps =
        static_cast<double>(policy.retries - policy.immediate - policy.at_least - policy.at_most);
    const auto step = static_cast<double>(after - policy.at_least);
    if (steps <= 1) return seconds(policy.least);
    const double part = (step - 1) / (steps - 1);
    const double spread = policy.most - policy.least;
    if (policy.function == "arithmetic") return seconds(policy.least + spread * part * part);
    if (policy.function == "geometric" || policy.function == "exponential")
        return seconds(policy.least * std::pow(policy.most / policy.least, part));
    return seconds(policy.least + spread * part);
}

}  // namespace

Unexpected invalid_parameter(const std::string& name, const std::string& reason) {
    return unexpected(api::sns::errors::InvalidParameterException("Invalid parameter: " + name +
                                                                  " Reason: " + reason));
}

Status check_topic_name(const std::string& name, bool fifo) {
    const std::string plain =
        fifo && name.ends_with(".fifo") ? name.substr(0, name.size() - 5) : name;
    const bool good = !plain.empty() && name.size() <= limits::topic_name &&
                      std::all_of(plain.begin(), plain.end(), [](char c) {
                          return isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_';
                      });
    if (fifo && !name.ends_with(".fifo"))
        return invalid_parameter("Topic Name", "Fifo Topic names must end with .fifo");
    if (!good)
        return invalid_parameter("Topic Name",
                                 "It holds 1 to 256 letters, digits, hyphens and underscores.");
    return ok();
}

Status check_topic_attribute(const std::string& name, const std::string& value, bool fifo) {
    if (name == "Policy")
        return value.empty() || is_json_object(value)
                   ? ok()
                   : Status(invalid_parameter("Policy", "It is not a JSON object."));
    if (name == "DisplayName")
        return value.size() <= limits::display_name
                   ? ok()
                   : Status(invalid_parameter(name, "It holds at most 100 characters."));
    if (name == "DeliveryPolicy") return value.empty() ? ok() : check_delivery_policy(value);
    if (name == "SignatureVersion")
        return value == "1" || value == "2" ? ok()
                                            : Status(invalid_parameter(name, "It is 1 or 2."));
    if (name == "TracingConfig")
        return value == "PassThrough"
                   ? ok()
                   : Status(invalid_parameter(name, "Unkai does not trace: only PassThrough."));
    if (name == "KmsMasterKeyId")
        return value.empty() || value == "alias/aws/sns"
                   ? ok()
                   : Status(invalid_parameter(
                         name, "Unkai has no KMS: leave it out, or name alias/aws/sns."));
    if (name == "FifoTopic" || name == "ContentBasedDeduplication" ||
        name == "FifoThroughputScope") {
        if (!fifo && value != "false")
            return invalid_parameter("Attributes", name + " is for FIFO topics only.");
        const bool good = name == "FifoThroughputScope"
                              ? value == "Topic" || value == "MessageGroup"
                              : is_flag(value);
        return good ? ok() : Status(invalid_parameter(name, "'" + value + "' is not a value."));
    }
    if (name == "ArchivePolicy" || name.ends_with("FeedbackRoleArn") ||
        name.ends_with("FeedbackSampleRate"))
        return invalid_parameter("AttributeName",
                                 "Unkai has neither message archives nor "
                                 "delivery status logs. Leave out " +
                                     name + ".");
    return invalid_parameter("AttributeName", "There is no attribute " + name + " of topics.");
}

Status check_subscription_attribute(const std::string& name, const std::string& value) {
    if (name == "FilterPolicy") {
        if (value.empty() || value == "{}") return ok();
        REQUIRE(read_filter(value));
        return ok();
    }
    if (name == "FilterPolicyScope")
        return value == "MessageAttributes" || value == "MessageBody"
                   ? ok()
                   : Status(invalid_parameter(
                         name, "Invalid value [" + value +
                                   "]. Please use either MessageBody or MessageAttributes"));
    if (name == "RawMessageDelivery")
        return is_flag(to_lower(value)) ? ok()
                                        : Status(invalid_parameter(name, "Must be true or false."));
    if (name == "DeliveryPolicy") return value.empty() ? ok() : check_delivery_policy(value);
    if (name == "RedrivePolicy") {
        if (value.empty()) return ok();
        const auto json = Json::parse(value);
        if (!json || !(*json)["deadLetterTargetArn"].string_or("").starts_with("arn:aws:sqs:"))
            return invalid_parameter("RedrivePolicy",
                                     "deadLetterTargetArn must be the ARN of an SQS queue.");
        return ok();
    }
    if (name == "ReplayPolicy" || name == "SubscriptionRoleArn")
        return invalid_parameter("AttributeName",
                                 "Unkai has neither message archives nor "
                                 "Firehose. Leave out " +
                                     name + ".");
    return invalid_parameter("AttributeName",
                             "There is no attribute " + name + " of subscriptions.");
}

Status check_endpoint(const std::string& protocol, const std::string& endpoint, bool fifo) {
    static constexpr std::string_view known[] = {"http",       "https", "email",
                                                 "email-json", "sqs",   "lambda"};
    if (std::find(std::begin(known), std::end(known), protocol) == std::end(known)) {
        const bool of_aws =
            protocol == "sms" || protocol == "application" || protocol == "firehose";
        return invalid_parameter(of_aws ? "Protocol" : "Amazon SNS",
                                 of_aws ? "Unkai delivers nothing by " + protocol +
                                              ": use sqs, lambda, http, https, email or email-json."
                                        : "Invalid protocol: " + protocol);
    }
    const bool queue = protocol == "sqs";
    if (queue && !endpoint.starts_with("arn:aws:sqs:"))
        return invalid_parameter("Endpoint", "SQS endpoint ARN");
    if (protocol == "lambda" && !endpoint.starts_with("arn:aws:lambda:"))
        return invalid_parameter("Endpoint", "Lambda endpoint ARN");
    if (protocol.starts_with("http") && !endpoint.starts_with(protocol + "://"))
        return invalid_parameter("Endpoint", "Endpoint must match the specified protocol");
    if (protocol.starts_with("email") && endpoint.find('@') == endpoint.npos)
        return invalid_parameter("Endpoint", "Email address");
    if (fifo && !queue)
        return invalid_parameter("Protocol", "FIFO topics are subscribed by SQS queues only.");
    if (!fifo && queue && endpoint.ends_with(".fifo"))
        return invalid_parameter("Endpoint",
                                 "FIFO SQS Queues can not be subscribed to standard SNS topics");
    return ok();
}

Result<aws::EventPattern> read_filter(const std::string& policy) {
    auto pattern = aws::EventPattern::compile(std::string_view(policy));
    if (!pattern) {
        std::string reason = pattern.error().message;
        const std::string_view usual = "Event pattern is not valid. Reason: ";
        if (reason.starts_with(usual)) reason = reason.substr(usual.size());
        return invalid_parameter("FilterPolicy", reason);
    }
    if (pattern->keys() > limits::filter_keys)
        return invalid_parameter("FilterPolicy", "FilterPolicy can not have more than 5 keys");
    if (pattern->combinations() > limits::filter_combinations)
        return invalid_parameter("FilterPolicy", "Filter policy is too complex");
    if (policy.size() > limits::filter_bytes)
        return invalid_parameter("FilterPolicy", "FilterPolicy holds at most 256 KB");
    return pattern;
}

std::string default_policy(const std::string& topic_arn, const std::string& account) {
    Json::Array actions;
    for (const char* name :
         {"GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission",
          "DeleteTopic", "Subscribe", "ListSubscriptionsByTopic", "Publish"})
        actions.push_back(std::string("SNS:") + name);
    const Json owner =
        Json::object({{"StringEquals", Json::object({{"AWS:SourceOwner", account}})}});
    const Json statement = Json::object({{"Sid", "__default_statement_ID"},
                                         {"Effect", "Allow"},
                                         {"Principal", Json::object({{"AWS", "*"}})},
                                         {"Action", std::move(actions)},
                                         {"Resource", topic_arn},
                                         {"Condition", owner}});
    return Json::object({{"Version", "2008-10-17"},
                         {"Id", "__default_policy_ID"},
                         {"Statement", Json::array({statement})}})
        .dump();
}

std::string effective_delivery_policy(const std::string& policy) {
    const RetryPolicy retry = read_retry_policy(policy);
    const Json healthy = Json::object({{"minDelayTarget", static_cast<int64_t>(retry.least)},
                                       {"maxDelayTarget", static_cast<int64_t>(retry.most)},
                                       {"numRetries", retry.retries},
                                       {"numMaxDelayRetries", retry.at_most},
                                       {"numNoDelayRetries", retry.immediate},
                                       {"numMinDelayRetries", retry.at_least},
                                       {"backoffFunction", retry.function}});
    const Json request = Json::object({{"headerContentType", "text/plain; charset=UTF-8"}});
    return Json::object({{"http", Json::object({{"defaultHealthyRetryPolicy", healthy},
                                                {"disableSubscriptionOverrides", false},
                                                {"defaultRequestPolicy", request}})}})
        .dump();
}

std::optional<Duration> retry_after(std::string_view protocol, int64_t failures,
                                    const std::string& delivery_policy) {
    if (protocol.starts_with("http"))
        return http_retry(failures, read_retry_policy(delivery_policy));
    // Within AWS: three at once, two a second apart, ten growing to 20 s, then 100,000 at 20 s.
    constexpr int64_t all = 100015;
    if (failures > all) return std::nullopt;
    if (failures <= 3) return Duration(0);
    if (failures <= 5) return Duration(1s);
    if (failures <= 15)
        return Duration(
            static_cast<int64_t>(std::pow(20.0, static_cast<double>(failures - 5) / 10) * 1e6));
    return Duration(20s);
}

}  // namespace unkai::services::sns
