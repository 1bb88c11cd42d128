#include "services/sqs/attributes.h"

#include <algorithm>

#include "api/sqs.h"
#include "base/strings.h"
#include "services/sqs/limits.h"
#include "wire/json.h"

namespace unkai::services::sqs {

namespace {

using wire::Json;

struct NumberRule {
    std::string_view name;
    int64_t least, most, usual;
};
constexpr NumberRule number_rules[] = {
    {"DelaySeconds", 0, limits::delay, 0},
    {"MaximumMessageSize", limits::least_message_bytes, limits::message_bytes,
     limits::message_bytes},
    {"MessageRetentionPeriod", limits::retention_least, limits::retention, 345600},
    {"ReceiveMessageWaitTimeSeconds", 0, limits::wait, 0},
    {"VisibilityTimeout", 0, limits::visibility, 30},
    {"KmsDataKeyReusePeriodSeconds", 60, 86400, 300},
};
constexpr std::string_view fifo_only[] = {"ContentBasedDeduplication", "DeduplicationScope",
                                          "FifoThroughputLimit"};
constexpr std::string_view told_only[] = {"All",
                                          "ApproximateNumberOfMessages",
                                          "ApproximateNumberOfMessagesDelayed",
                                          "QueueArn",
                                          "ApproximateNumberOfMessagesNotVisible",
                                          "CreatedTimestamp",
                                          "LastModifiedTimestamp"};
constexpr std::string_view texts[] = {
    "Policy",         "RedrivePolicy",        "RedriveAllowPolicy",
    "KmsMasterKeyId", "SqsManagedSseEnabled", "FifoQueue"};

template <class List>
bool has(const List& list, std::string_view name) {
    return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

const NumberRule* number_rule(std::string_view name) {
    for (const NumberRule& rule : number_rules)
        if (rule.name == name) return &rule;
    return nullptr;
}

Unexpected bad_value(std::string_view name, std::string_view reason = {}) {
    std::string message = "Invalid value for the parameter " + std::string(name) + ".";
    if (!reason.empty()) message += " Reason: " + std::string(reason);
    return unexpected(api::sqs::errors::InvalidAttributeValue(std::move(message)));
}

// The integer in a JSON number or text: both are taken by AWS.
std::optional<int64_t> integer_of(const Json& value) { return parse_int(value.text()); }

Result<RedrivePolicy> read_redrive(const std::string& text) {
    const auto json = Json::parse(text);
    if (!json || !json->is_object()) return bad_value("RedrivePolicy", "It is not a JSON object.");
    RedrivePolicy out;
    out.target = (*json)["deadLetterTargetArn"].string_or("");
    const auto most = integer_of((*json)["maxReceiveCount"]);
    if (!out.target.starts_with("arn:aws:sqs:"))
        return bad_value("RedrivePolicy",
                         "The redrive policy lacks the mandatory attribute deadLetterTargetArn, "
                         "or it is not the ARN of a queue.");
    if (!most || *most < 1 || *most > limits::receives)
        return bad_value("RedrivePolicy", "maxReceiveCount must be an integer between 1 and 1000.");
    out.most_receives = *most;
    return out;
}

Result<RedriveAllow> read_allow(const std::string& text) {
    const auto json = Json::parse(text);
    if (!json || !json->is_object())
        return bad_value("RedriveAllowPolicy", "It is not a JSON object.");
    RedriveAllow out;
    const std::string who = (*json)["redrivePermission"].string_or("");
    const Json& sources = (*json)["sourceQueueArns"];
    if (who == "denyAll")
        out.who = RedriveAllow::Who::none;
    else if (who == "byQueue")
        out.who = RedriveAllow::Who::listed;
    else if (who != "allowAll")
        return bad_value("RedriveAllowPolicy",
                         "redrivePermission must be allowAll, denyAll or byQueue.");
    if (sources.is_array())
        for (const Json& source : sources.as_array()) out.sources.push_back(source.text());
    const bool listed = out.who == RedriveAllow::Who::listed;
    if (listed == out.sources.empty() || out.sources.size() > limits::source_queues)
        return bad_value("RedriveAllowPolicy",
                         "sourceQueueArns holds 1 to 10 ARNs with byQueue, and is left out with "
                         "allowAll and denyAll.");
    return out;
}

Status check_policy(const std::string& text) {
    const auto json = Json::parse(text);
    if (!json || !json->is_object() || !json->find("Statement")) return bad_value("Policy");
    if ((*json)["Statement"].size() > limits::policy_statements && (*json)["Statement"].is_array())
        return bad_value("Policy", "A policy holds at most 20 statements.");
    return ok();
}

Status check_text(const std::string& name, const std::string& value) {
    const bool flag = value == "true" || value == "false";
    if (name == "Policy" && !value.empty()) return check_policy(value);
    if (name == "RedrivePolicy" && !value.empty()) REQUIRE(read_redrive(value));
    if (name == "RedriveAllowPolicy" && !value.empty()) REQUIRE(read_allow(value));
    if ((name == "ContentBasedDeduplication" || name == "SqsManagedSseEnabled") && !flag)
        return bad_value(name);
    if (name == "DeduplicationScope" && value != "queue" && value != "messageGroup")
        return bad_value(name);
    if (name == "FifoThroughputLimit" && value != "perQueue" && value != "perMessageGroupId")
        return bad_value(name);
    if (name == "KmsMasterKeyId" && !value.empty() && value != "alias/aws/sqs")
        return bad_value(
            name, "Unkai has no KMS: leave the key out, or name alias/aws/sqs, not " + value + ".");
    return ok();
}

Status check_one(const std::string& name, const std::string& value, bool fifo, bool creating) {
    if (const NumberRule* rule = number_rule(name)) {
        const auto number = parse_int(value);
        if (!number || *number < rule->least || *number > rule->most) return bad_value(name);
        return ok();
    }
    const bool for_fifo = has(fifo_only, name) || name == "FifoQueue";
    if (!for_fifo && !has(texts, name))
        return api::sqs::errors::InvalidAttributeName("Unknown Attribute " + name + ".");
    if (for_fifo && !fifo)
        return api::sqs::errors::InvalidAttributeName(
            name == "FifoQueue" ? "Unknown Attribute FifoQueue."
                                : "You can specify the " + name + " only for FIFO queues.");
    if (name == "FifoQueue") return creating && value == "true" ? ok() : Status(bad_value(name));
    return check_text(name, value);
}

}  // namespace

bool RedriveAllow::allows(std::string_view source_arn) const {
    return who == Who::all || (who == Who::listed && has(sources, source_arn));
}

Status check_attributes(const AttributeMap& given, bool fifo, bool creating) {
    for (const auto& [name, value] : given) REQUIRE(check_one(name, value, fifo, creating));
    const auto limit = given.find("FifoThroughputLimit");
    const auto scope = given.find("DeduplicationScope");
    if (limit != given.end() && scope != given.end() && limit->second == "perMessageGroupId" &&
        scope->second == "queue")
        return bad_value("FifoThroughputLimit",
                         "perMessageGroupId is allowed only when DeduplicationScope is "
                         "messageGroup.");
    return ok();
}

void merge_attributes(AttributeMap& into, const AttributeMap& given) {
    for (const auto& [name, value] : given) {
        if (value.empty())
            into.erase(name);
        else
            into[name] = value;
    }
}

Settings settings_of(const AttributeMap& attributes) {
    const auto text = [&](const char* name) {
        const auto found = attributes.find(name);
        return found == attributes.end() ? std::string() : found->second;
    };
    const auto number = [&](const char* name) {
        return parse_int(text(name)).value_or(number_rule(name)->usual);
    };
    Settings out;
    out.delay = std::chrono::seconds(number("DelaySeconds"));
    out.retention = std::chrono::seconds(number("MessageRetentionPeriod"));
    out.wait = std::chrono::seconds(number("ReceiveMessageWaitTimeSeconds"));
    out.visibility = std::chrono::seconds(number("VisibilityTimeout"));
    out.message_bytes = static_cast<size_t>(number("MaximumMessageSize"));
    out.fifo = text("FifoQueue") == "true";
    out.content_deduplication = text("ContentBasedDeduplication") == "true";
    out.deduplication_by_group = text("DeduplicationScope") == "messageGroup";
    out.policy = text("Policy");
    if (auto policy = read_redrive(text("RedrivePolicy"))) out.redrive = *std::move(policy);
    if (auto allow = read_allow(text("RedriveAllowPolicy"))) out.redrive_allow = *std::move(allow);
    return out;
}

AttributeMap shown_attributes(const AttributeMap& attributes) {
    AttributeMap out = attributes;
    for (const NumberRule& rule : number_rules)
        if (rule.name != "KmsDataKeyReusePeriodSeconds" || out.contains("KmsMasterKeyId"))
            out.try_emplace(std::string(rule.name), std::to_string(rule.usual));
    out.try_emplace("SqsManagedSseEnabled", out.contains("KmsMasterKeyId") ? "false" : "true");
    if (out.contains("FifoQueue")) {
        out.try_emplace("ContentBasedDeduplication", "false");
        out.try_emplace("DeduplicationScope", "queue");
        out.try_emplace("FifoThroughputLimit", "perQueue");
    }
    return out;
}

bool is_attribute_name(std::string_view name) {
    return number_rule(name) != nullptr || has(fifo_only, name) || has(texts, name) ||
           has(told_only, name);
}

Status check_queue_name(std::string_view name, bool fifo) {
    const std::string_view plain =
        fifo && name.ends_with(".fifo") ? name.substr(0, name.size() - 5) : name;
    const bool good = !plain.empty() && name.size() <= limits::queue_name &&
                      std::all_of(plain.begin(), plain.end(), [](char c) {
                          return isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_';
                      });
    if (!good)
        return fail("InvalidParameterValue",
                    "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in "
                    "length",
                    400);
    if (fifo && !name.ends_with(".fifo"))
        return fail("InvalidParameterValue",
                    "The name of a FIFO queue can only include alphanumeric characters, hyphens, "
                    "or underscores, must end with .fifo suffix and be 1 to 80 in length.",
                    400);
    return ok();
}

}  // namespace unkai::services::sqs
