#include "services/cloudwatch/alarm_rules.h"

#include <gtest/gtest.h>

#include "services/cloudwatch/composite_rule.h"

namespace unkai::services::cloudwatch {
namespace {

StoredAlarm sample_alarm(int32_t needed, int32_t periods, const std::string& treat) {
    StoredAlarm alarm{.name = "a"};
    alarm.metric = {.id = "m1", .statistic = "Sum", .metric_period = 60};
    alarm.evaluation_periods = periods;
    alarm.datapoints_to_alarm = needed;
    alarm.threshold = 10;
    alarm.comparison = "GreaterThanThreshold";
    alarm.treat_missing = treat;
    return alarm;
}

// "0 - X - X": good, missing, breaching; oldest first.
std::vector<Observation> range_of(std::string_view text) {
    std::vector<Observation> out;
    for (const char c : text) {
        if (c == ' ') continue;
        Observation each{.start = 1795307400 + static_cast<int64_t>(out.size()) * 60};
        if (c != '-') each.value = c == 'X' ? 15 : 5;
        out.push_back(each);
    }
    return out;
}

std::string judged(int32_t needed, const std::string& treat, std::string_view range) {
    const Verdict verdict = judge(sample_alarm(needed, 3, treat), range_of(range));
    if (!verdict.state) return "keep";
    return *verdict.state == AlarmState::insufficient_data
               ? "?"
               : std::string(state_name(*verdict.state));
}

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html, the
// tables of this page and of its edition of 2020.
struct MissingDataRow {
    int32_t needed;
    std::string_view range;
    std::string_view missing, ignore, breaching, not_breaching;
};

TEST(AlarmRules, TreatsMissingDataAsTheTablesOfTheDocumentation) {
    const MissingDataRow rows[] = {{3, "0 - X - X", "OK", "OK", "OK", "OK"},
                                   {3, "- - - - 0", "OK", "OK", "OK", "OK"},
                                   {3, "0 - - - -", "OK", "OK", "OK", "OK"},
                                   {3, "- - - - -", "?", "keep", "ALARM", "OK"},
                                   {3, "0 X X - X", "ALARM", "ALARM", "ALARM", "ALARM"},
                                   {3, "- - X - -", "ALARM", "keep", "ALARM", "OK"},
                                   {3, "- - - - X", "?", "keep", "ALARM", "OK"},
                                   {3, "X - - - -", "ALARM", "keep", "ALARM", "OK"},
                                   {2, "0 - X - X", "ALARM", "ALARM", "ALARM", "ALARM"},
                                   {2, "0 0 X 0 X", "ALARM", "ALARM", "ALARM", "ALARM"},
                                   {2, "0 - X - -", "OK", "OK", "ALARM", "OK"},
                                   {2, "- - - - 0", "OK", "OK", "ALARM", "OK"},
                                   {2, "- - - X -", "ALARM", "keep", "ALARM", "OK"},
                                   {2, "- - - - X", "?", "keep", "ALARM", "OK"}};
    for (const MissingDataRow& row : rows) {
        EXPECT_EQ(judged(row.needed, "missing", row.range), row.missing) << row.range;
        EXPECT_EQ(judged(row.needed, "ignore", row.range), row.ignore) << row.range;
        EXPECT_EQ(judged(row.needed, "breaching", row.range), row.breaching) << row.range;
        EXPECT_EQ(judged(row.needed, "notBreaching", row.range), row.not_breaching) << row.range;
    }
}

std::string reason_of(int32_t needed, int32_t periods, const std::string& treat,
                      std::string_view range) {
    const StoredAlarm alarm = sample_alarm(needed, periods, treat);
    return state_reason(alarm, judge(alarm, range_of(range)));
}

TEST(AlarmRules, GivesReasonsInAwsWords) {
    EXPECT_EQ(
        reason_of(1, 1, "missing", "0 0 X"),
        "Threshold Crossed: 1 out of the last 1 datapoints [15.0 (22/11/26 00:32:00)] was "
        "greater than the threshold (10.0) (minimum 1 datapoint for OK -> ALARM transition).");
    EXPECT_EQ(reason_of(2, 3, "missing", "0 0 X 0 X"),
              "Threshold Crossed: 2 out of the last 3 datapoints [15.0 (22/11/26 00:34:00), 15.0 "
              "(22/11/26 00:32:00)] were greater than the threshold (10.0) (minimum 2 datapoints "
              "for OK -> ALARM transition).");
    EXPECT_EQ(
        reason_of(1, 1, "missing", "X X 0"),
        "Threshold Crossed: 1 out of the last 1 datapoints [5.0 (22/11/26 00:32:00)] was not "
        "greater than the threshold (10.0) (minimum 1 datapoint for ALARM -> OK transition).");
    EXPECT_EQ(reason_of(1, 1, "missing", "- - -"), "Insufficient Data: 1 datapoint was unknown.");
    EXPECT_EQ(reason_of(3, 3, "missing", "- - - - -"),
              "Insufficient Data: 3 datapoints were unknown.");
    EXPECT_EQ(reason_of(1, 1, "notBreaching", "- - -"),
              "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint "
              "was treated as [NonBreaching].");
    EXPECT_EQ(reason_of(3, 3, "breaching", "- - - - X"),
              "Threshold Crossed: 1 datapoint [15.0 (22/11/26 00:34:00)] was greater than the "
              "threshold (10.0) and 2 missing datapoints were treated as [Breaching].");
    const StoredAlarm alarm = sample_alarm(1, 1, "missing");
    EXPECT_EQ(
        state_reason_data(alarm, judge(alarm, range_of("- - X")), from_millis(1795307580123), 60),
        R"({"version":"1.0","queryDate":"2026-11-22T00:33:00.123+0000","startDate":)"
        R"("2026-11-22T00:32:00.000+0000","statistic":"Sum","period":60,"recentDatapoints":)"
        R"([15.0],"threshold":10.0,"evaluatedDatapoints":[{"timestamp":)"
        R"("2026-11-22T00:32:00.000+0000","sampleCount":0.0,"value":15.0}]})");
}

TEST(AlarmRules, ComparesFourWays) {
    StoredAlarm alarm = sample_alarm(1, 1, "missing");
    const std::pair<std::string, std::string> cases[] = {{"GreaterThanThreshold", "001"},
                                                         {"GreaterThanOrEqualToThreshold", "011"},
                                                         {"LessThanThreshold", "100"},
                                                         {"LessThanOrEqualToThreshold", "110"}};
    for (const auto& [comparison, wanted] : cases) {
        alarm.comparison = comparison;
        std::string got;
        for (const double value : {9.0, 10.0, 11.0}) got += breaches(alarm, value) ? '1' : '0';
        EXPECT_EQ(got, wanted) << comparison;
    }
    EXPECT_EQ(java_double(5), "5.0");
    EXPECT_EQ(java_double(0.25), "0.25");
    EXPECT_EQ(java_double(12500000), "1.25E7");
    EXPECT_EQ(java_double(0), "0.0");
}

std::string composite(std::string_view text) {
    const auto rule = CompositeRule::parse(text);
    if (!rule) return "error";
    const bool holds = rule->holds([](const std::string& name) {
        return name[0] == 'a'   ? AlarmState::alarm
               : name[0] == 'o' ? AlarmState::ok
                                : AlarmState::insufficient_data;
    });
    return holds ? "true" : "false";
}

TEST(CompositeRules, HoldOrNot) {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"ALARM(\"a 1\")", "true"},
        {"ALARM(o1)", "false"},
        {"ALARM(a1) AND OK(o1)", "true"},
        {"ALARM(a1) and not OK(o1)", "false"},
        {"NOT ALARM(o1) OR FALSE", "true"},
        {"TRUE", "true"},
        {"INSUFFICIENT_DATA(x) AND (ALARM(o1) OR ALARM(a2))", "true"},
        {"ALARM(o1) OR ALARM(a1) AND FALSE", "false"},
        {"ALARM(\"arn:aws:cloudwatch:us-east-1:123456789012:alarm:a1\")", "true"},
        {"AT_LEAST(2, ALARM, (a1, o1, a2))", "true"},
        {"AT_LEAST(3, ALARM, (a1, o1, a2))", "false"},
        {"AT_LEAST(50%, NOT ALARM, (a1, o1, o2, a2))", "true"},
        {"", "error"},
        {"ALARM()", "error"},
        {"ALARM(a", "error"},
        {"BROKEN(a)", "error"},
        {"ALARM(a) ALARM(b)", "error"},
        {"AT_LEAST(4, ALARM, (a, b))", "error"}};
    for (const auto& [rule, wanted] : cases) EXPECT_EQ(composite(rule), wanted) << rule;
    EXPECT_EQ(CompositeRule::parse("ALARM(a) OR (OK(b) AND ALARM(a))")->alarms(),
              (std::vector<std::string>{"a", "b"}));
}

}  // namespace
}  // namespace unkai::services::cloudwatch
