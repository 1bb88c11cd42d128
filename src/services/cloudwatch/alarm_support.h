// What PutMetricAlarm and PutCompositeAlarm share.
#pragma once

#include "services/cloudwatch/alarms.h"

namespace unkai::services::cloudwatch {

// The members that both inputs have.
struct AlarmCommon {
    const std::optional<std::string>& description;
    const std::optional<bool>& actions_enabled;
    const List<std::string>&ok_actions, &alarm_actions, &insufficient_data_actions;
    const List<Tag>& tags;
};
template <class Input>
AlarmCommon common_of(const Input& in) {
    return {in.alarm_description, in.actions_enabled,           in.ok_actions,
            in.alarm_actions,     in.insufficient_data_actions, in.tags};
}

Status check_alarm_name(const std::string& name);
// A new alarm begins with INSUFFICIENT_DATA; one that was there keeps its state and tags, and must
// be of the same kind. Errors: ValidationError, LimitExceeded.
Status store_alarm(aws::Call& call, StoredAlarm& alarm, const AlarmCommon& common);
Status add_tags(std::map<std::string, std::string>& all, const List<Tag>& tags);

}  // namespace unkai::services::cloudwatch
