// Attributes: which there are, their defaults, and what they may be. Pure.
// Model: LoadBalancerAttribute, TargetGroupAttribute, ListenerAttribute.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "services/elbv2/schema.h"

namespace unkai::services::elbv2 {

enum class AttributeKind { balancer, group, listener };

struct AttributeRule {
    std::string_view key;
    std::string_view initial;
    // What it may be: "true|false", "1..4000", or "" for anything.
    std::string_view values;
    // What may not be asked for yet: the only value that is carried out, and why. Empty: all are.
    std::string_view only = {}, because = {};
};

std::span<const AttributeRule> attribute_rules(AttributeKind kind);
// The value, or its default.
std::string attribute(AttributeKind kind, const Attributes& given, std::string_view key);
int64_t number_attribute(AttributeKind kind, const Attributes& given, std::string_view key);
// Checks and sets one. Errors: ValidationError, InvalidConfigurationRequest.
Status set_attribute(AttributeKind kind, Attributes& given, const std::string& key,
                     const std::string& value);

}  // namespace unkai::services::elbv2
