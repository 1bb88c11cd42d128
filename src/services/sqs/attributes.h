// A queue's attributes: which there are, what they may be, and what they mean. Pure.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
#pragma once

#include "base/result.h"
#include "services/sqs/schema.h"

namespace unkai::services::sqs {

using AttributeMap = std::map<std::string, std::string>;

struct RedrivePolicy {
    std::string target;  // ARN
    int64_t most_receives = 0;
};

struct RedriveAllow {
    enum class Who { all, none, listed } who = Who::all;
    std::vector<std::string> sources;
    bool allows(std::string_view source_arn) const;
};

// The attributes as the engine uses them, defaults filled in.
struct Settings {
    Duration delay{}, retention{}, wait{}, visibility{};
    size_t message_bytes = 0;
    bool fifo = false, content_deduplication = false, deduplication_by_group = false;
    std::optional<RedrivePolicy> redrive;
    RedriveAllow redrive_allow;
    std::string policy;
};

// InvalidAttributeName, InvalidAttributeValue. `fifo`: of the queue that they are for; `creating`:
// FifoQueue may be given.
Status check_attributes(const AttributeMap& given, bool fifo, bool creating);
// `given` over `into`; an empty Policy, RedrivePolicy or RedriveAllowPolicy takes it away.
void merge_attributes(AttributeMap& into, const AttributeMap& given);
Settings settings_of(const AttributeMap& attributes);
// All that GetQueueAttributes tells of the settings, defaults filled in.
AttributeMap shown_attributes(const AttributeMap& attributes);
bool is_attribute_name(std::string_view name);              // Those that can be asked for, All too.
Status check_queue_name(std::string_view name, bool fifo);  // InvalidParameterValue

}  // namespace unkai::services::sqs
