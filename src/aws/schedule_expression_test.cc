#include "aws/schedule_expression.h"

#include <gtest/gtest.h>

namespace unkai::aws {
namespace {

struct ScheduleCase {
    const char* expression;
    const char* zone;
    const char* after;
    const char* next;  // Empty: never.
};

TEST(ScheduleExpression, FindsTheNextTime) {
    for (const ScheduleCase& c : std::initializer_list<ScheduleCase>{
             {"rate(5 minutes)", "UTC", "2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z"},
             {"rate(5 minutes)", "UTC", "2026-01-01T00:07:30Z", "2026-01-01T00:10:00Z"},
             {"rate(1 day)", "UTC", "2026-01-01T00:00:01Z", "2026-01-02T00:00:00Z"},
             {"cron(0 10 * * ? *)", "UTC", "2026-01-01T10:00:00Z", "2026-01-02T10:00:00Z"},
             {"cron(15 12 * * ? *)", "UTC", "2026-01-01T10:00:00Z", "2026-01-01T12:15:00Z"},
             {"cron(0 18 ? * MON-FRI *)", "UTC", "2026-01-02T18:00:00Z", "2026-01-05T18:00:00Z"},
             {"cron(0 8 1 * ? *)", "UTC", "2026-01-01T08:00:00Z", "2026-02-01T08:00:00Z"},
             {"cron(0/15 * * * ? *)", "UTC", "2026-01-01T10:16:00Z", "2026-01-01T10:30:00Z"},
             {"cron(0/10 * ? * MON-FRI *)", "UTC", "2026-01-02T23:55:00Z", "2026-01-05T00:00:00Z"},
             {"cron(0 9 L * ? *)", "UTC", "2026-02-01T00:00:00Z", "2026-02-28T09:00:00Z"},
             {"cron(0 9 3W * ? *)", "UTC", "2026-01-01T00:00:00Z", "2026-01-02T09:00:00Z"},
             {"cron(0 9 LW * ? *)", "UTC", "2026-01-01T00:00:00Z", "2026-01-30T09:00:00Z"},
             {"cron(0 9 ? * 2#1 *)", "UTC", "2026-01-01T00:00:00Z", "2026-01-05T09:00:00Z"},
             {"cron(0 9 ? * 6L *)", "UTC", "2026-01-01T00:00:00Z", "2026-01-30T09:00:00Z"},
             {"cron(0 9 ? * FRI-SUN *)", "UTC", "2026-01-04T09:00:00Z", "2026-01-09T09:00:00Z"},
             {"cron(0 0 29 2 ? *)", "UTC", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"},
             {"cron(0 0 1 1 ? 2025)", "UTC", "2026-01-01T00:00:00Z", ""},
             {"cron(0 9 * * ? *)", "Asia/Tokyo", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"},
             {"cron(0 9 * * ? *)", "America/New_York", "2026-07-01T00:00:00Z",
              "2026-07-01T13:00:00Z"},
             // Put forward from 2:00 to 3:00 on 2026-03-08: 2:30 does not come.
             {"cron(30 2 * * ? *)", "America/New_York", "2026-03-07T08:00:00Z",
              "2026-03-09T06:30:00Z"},
             // Put back on 2026-11-01: 1:30 comes twice and counts once.
             {"cron(30 1 * * ? *)", "America/New_York", "2026-11-01T04:00:00Z",
              "2026-11-01T05:30:00Z"},
             {"cron(30 1 * * ? *)", "America/New_York", "2026-11-01T05:30:00Z",
              "2026-11-02T06:30:00Z"},
             // Beyond the table: by the rule.
             {"cron(0 12 * * ? *)", "Europe/Berlin", "2060-07-01T00:00:00Z",
              "2060-07-01T10:00:00Z"},
             {"cron(0 12 * * ? *)", "Australia/Sydney", "2060-01-01T02:00:00Z",
              "2060-01-02T01:00:00Z"},
             {"at(2026-01-01T10:00:00)", "Europe/Berlin", "2026-01-01T08:59:59Z",
              "2026-01-01T09:00:00Z"},
             {"at(2026-01-01T10:00:00)", "Europe/Berlin", "2026-01-01T09:00:00Z", ""}}) {
        const auto schedule = ScheduleExpression::parse(c.expression);
        ASSERT_TRUE(schedule) << c.expression << ": " << schedule.error().message;
        const auto zone = TimeZone::find(c.zone);
        ASSERT_TRUE(zone) << zone.error().message;
        const Time anchor = *parse_iso8601("2026-01-01T00:00:00Z");
        const auto next = schedule->next_after(*parse_iso8601(c.after), **zone, anchor);
        EXPECT_EQ(next ? iso8601(*next) : "", c.next) << c.expression << " after " << c.after;
    }
}

TEST(ScheduleExpression, RefusesWhatIsNone) {
    for (const char* text :
         {"", "rate(0 minutes)", "rate(5 seconds)", "rate(x days)", "rate(5minutes)", "cron(* * *)",
          "cron(0 10 * * * *)", "cron(0 10 ? * ? *)", "cron(60 10 * * ? *)", "cron(0 24 * * ? *)",
          "cron(0 10 32 * ? *)", "cron(0 10 * 13 ? *)", "cron(0 10 ? * 8 *)", "cron(0/0 1 * * ? *)",
          "cron(0 10 * * ? 1969)", "at(2026-01-01)", "at(2026-13-01T00:00:00)", "every(1 day)"})
        EXPECT_FALSE(ScheduleExpression::parse(text)) << text;
    for (const char* name : {"Nowhere/Land", "../../etc/passwd", "/etc/passwd", ""})
        EXPECT_FALSE(TimeZone::find(name)) << name;
}

}  // namespace
}  // namespace unkai::aws
