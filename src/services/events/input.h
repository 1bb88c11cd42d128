// What a target gets of an event: all of it, a constant, a part, or a template filled in. Pure.
//
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
#pragma once

#include "api/events.h"
#include "base/result.h"
#include "wire/json.h"

namespace unkai::services::events {

struct RuleFacts {
    std::string rule_arn, rule_name;
    Time ingested;
};

// `$.detail.items[0].name`; null where there is nothing. Error: the path cannot be read.
Result<wire::Json> at_path(const wire::Json& event, std::string_view path);
Status check_input(const api::events::Target& target);  // ValidationException
std::string input_for(const api::events::Target& target, const wire::Json& event,
                      const RuleFacts& rule);

}  // namespace unkai::services::events
