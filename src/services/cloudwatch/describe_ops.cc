#include <algorithm>

#include "aws/paging.h"
#include "base/strings.h"
#include "services/cloudwatch/alarms.h"
#include "services/cloudwatch/composite_rule.h"
#include "services/cloudwatch/limits.h"

namespace unkai::services::cloudwatch {

namespace {

Result<size_t> page_size(const std::optional<int32_t>& wanted, int32_t usual) {
    const int32_t size = wanted.value_or(usual);
    if (size < 1 || size > 100)
        return invalid("The value " + std::to_string(size) +
                       " for parameter MaxRecords is invalid: 1 to 100.");
    return static_cast<size_t>(size);
}

std::vector<std::string> children_of(const StoredAlarm& alarm) {
    if (!alarm.composite) return {};
    const auto rule = CompositeRule::parse(alarm.rule);
    return rule ? rule->alarms() : std::vector<std::string>{};
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

bool has_action(const StoredAlarm& alarm, const std::string& prefix) {
    for (const auto* actions :
         {&alarm.ok_actions, &alarm.alarm_actions, &alarm.insufficient_data_actions})
        for (const std::string& action : *actions)
            if (action.starts_with(prefix)) return true;
    return false;
}

bool is_wanted_type(const StoredAlarm& alarm, const List<std::string>& types) {
    const auto wanted = alarm.composite ? alarm_type::composite_alarm : alarm_type::metric_alarm;
    return types.empty() ? !alarm.composite : contains(types, wanted);
}

bool passes(const StoredAlarm& alarm, const DescribeAlarmsInput& in) {
    if (!in.alarm_names.empty() && !contains(in.alarm_names, alarm.name)) return false;
    if (in.alarm_name_prefix && !alarm.name.starts_with(*in.alarm_name_prefix)) return false;
    if (in.state_value && state_name(alarm.state) != *in.state_value) return false;
    if (in.action_prefix && !has_action(alarm, *in.action_prefix)) return false;
    return true;
}

Status check_filters(const DescribeAlarmsInput& in) {
    if (!in.alarm_names.empty() && in.alarm_name_prefix)
        return errors::InvalidParameterCombinationException(
            "AlarmNames and AlarmNamePrefix cannot be used together.");
    if (in.alarm_names.size() > limits::alarms_per_call)
        return invalid("The collection AlarmNames must not have a size greater than 100.");
    if ((in.children_of_alarm_name || in.parents_of_alarm_name) &&
        (!in.alarm_names.empty() || in.alarm_name_prefix || in.state_value || in.action_prefix ||
         (in.children_of_alarm_name && in.parents_of_alarm_name)))
        return fail("ValidationError",
                    "ChildrenOfAlarmName and ParentsOfAlarmName go with no other filter.", 400);
    return ok();
}

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
Result<std::vector<StoredAlarm>> select_alarms(aws::Call& call, const DescribeAlarmsInput& in) {
    std::vector<StoredAlarm> out;
    std::vector<std::string> children;
    if (in.children_of_alarm_name) {
        const auto parent =
            schema::alarms.get(call.txn(), {call.account, call.region, *in.children_of_alarm_name});
        if (!parent)
            return errors::ResourceNotFound("Unknown alarm: " + *in.children_of_alarm_name);
        children = children_of(*parent);
    }
    for (auto& [key, alarm] : schema::alarms.list(call.txn(), call.account, call.region)) {
        if (in.children_of_alarm_name) {
            if (!contains(children, alarm.name)) continue;
        } else if (in.parents_of_alarm_name) {
            if (!contains(children_of(alarm), *in.parents_of_alarm_name)) continue;
        } else if (!is_wanted_type(alarm, in.alarm_types) || !passes(alarm, in)) {
            continue;
        }
        out.push_back(std::move(alarm));
    }
    return out;
}

AlarmHistoryItem describe_history(Time time, const StoredHistory& item) {
    AlarmHistoryItem out;
    out.alarm_name = item.alarm;
    out.alarm_type =
        std::string(item.composite ? alarm_type::composite_alarm : alarm_type::metric_alarm);
    out.timestamp = time;
    out.history_item_type = item.type;
    out.history_summary = item.summary;
    out.history_data = item.data;
    return out;
}

bool passes_history(const StoredHistory& item, Time time, const DescribeAlarmHistoryInput& in) {
    if (in.alarm_name && item.alarm != *in.alarm_name) return false;
    if (in.history_item_type && item.type != *in.history_item_type) return false;
    if (in.start_date && time < *in.start_date) return false;
    if (in.end_date && time > *in.end_date) return false;
    const auto type = item.composite ? alarm_type::composite_alarm : alarm_type::metric_alarm;
    return in.alarm_types.empty() ? (in.alarm_name || !item.composite)
                                  : contains(in.alarm_types, type);
}

bool is_on_metric(const StoredAlarm& alarm, const DescribeAlarmsForMetricInput& in) {
    std::map<std::string, std::string> wanted, its;
    for (const Dimension& dimension : in.dimensions) wanted[dimension.name] = dimension.value;
    if (alarm.composite) return false;
    const auto matches = [&](const StoredQuery& query) {
        its = {query.dimensions.begin(), query.dimensions.end()};
        return !query.expression && query.name == in.metric_name && query.space == in.namespace_ &&
               its == wanted && (!in.period || *in.period == query.metric_period) &&
               (!in.statistic || *in.statistic == query.statistic) &&
               (!in.extended_statistic || *in.extended_statistic == query.statistic) &&
               (!in.unit || in.unit == query.unit);
    };
    if (alarm.queries.empty()) return matches(alarm.metric);
    return std::any_of(alarm.queries.begin(), alarm.queries.end(), matches);
}

}  // namespace

Result<DescribeAlarmsOutput> CloudWatch::DescribeAlarms(aws::Call& call,
                                                        const DescribeAlarmsInput& in) {
    REQUIRE(check_filters(in));
    TRY(const size_t most, page_size(in.max_records, 50));
    TRY(const auto alarms, select_alarms(call, in));
    TRY(const auto page,
        aws::page(
            alarms, [](const StoredAlarm& alarm) { return alarm.name; }, in.next_token,
            in.alarm_names.empty() ? most : limits::alarms_per_call, "InvalidNextToken"));
    DescribeAlarmsOutput out;
    out.next_token = page.next;
    const AlarmPlace place = place_of(call);
    for (const StoredAlarm* alarm : page.items) {
        if (alarm->composite)
            out.composite_alarms.push_back(describe_composite_alarm(place, *alarm));
        else
            out.metric_alarms.push_back(describe_metric_alarm(place, *alarm));
    }
    return out;
}

Result<DescribeAlarmsForMetricOutput> CloudWatch::DescribeAlarmsForMetric(
    aws::Call& call, const DescribeAlarmsForMetricInput& in) {
    DescribeAlarmsForMetricOutput out;
    const AlarmPlace place = place_of(call);
    for (const auto& [key, alarm] : schema::alarms.list(call.txn(), call.account, call.region))
        if (is_on_metric(alarm, in))
            out.metric_alarms.push_back(describe_metric_alarm(place, alarm));
    return out;
}

Result<DescribeAlarmHistoryOutput> CloudWatch::DescribeAlarmHistory(
    aws::Call& call, const DescribeAlarmHistoryInput& in) {
    TRY(const size_t most, page_size(in.max_records, 100));
    size_t skipped = 0;
    if (in.next_token && !in.next_token->empty()) {
        TRY(const std::string text, aws::read_token(*in.next_token, "InvalidNextToken"));
        const auto offset = parse_uint(text);
        if (!offset) return errors::InvalidNextToken("The token was not made by this operation.");
        skipped = *offset;
    }
    std::vector<AlarmHistoryItem> items;
    for (const auto& [key, item] : schema::history.list(call.txn(), call.account, call.region)) {
        const Time time = from_micros(std::get<2>(key));
        if (passes_history(item, time, in)) items.push_back(describe_history(time, item));
    }
    if (in.scan_by.value_or("") != scan_by::timestamp_ascending)
        std::reverse(items.begin(), items.end());
    DescribeAlarmHistoryOutput out;
    for (size_t i = skipped; i < items.size() && i < skipped + most; ++i)
        out.alarm_history_items.push_back(std::move(items[i]));
    if (skipped + most < items.size())
        out.next_token = aws::make_token(std::to_string(skipped + most));
    return out;
}

}  // namespace unkai::services::cloudwatch
