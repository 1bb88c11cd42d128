// Schedule expressions: rate(5 minutes), cron(0 10 ? * MON-FRI *), at(2026-11-22T10:00:00). Pure
// but for time zones.
//
//     TRY(const ScheduleExpression schedule, ScheduleExpression::parse(text));
//     schedule.next_after(time, zone, anchor);      // nullopt: never again
//
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
// A cron time that the clocks are put forward over does not come that day; one that comes twice
// counts once. rate() counts from its anchor, not by the calendar. Cost: next_after of a cron looks
// at days, at most 200 years of them for one that never comes (≈ 1 ms).
#pragma once

#include <bitset>
#include <optional>
#include <string_view>

#include "aws/time_zone.h"

namespace unkai::aws {

class ScheduleExpression {
public:
    enum class Kind { rate, cron, at };

    // Error: ValidationException, with a sentence. Services give it their own words.
    static Result<ScheduleExpression> parse(std::string_view text);

    Kind kind() const { return kind_; }
    Duration period() const { return period_; }  // rate
    // The first time after `after`. `anchor`: from which rate() counts, itself included.
    std::optional<Time> next_after(Time after, const TimeZone& zone, Time anchor) const;

private:
    struct Fields {
        std::bitset<60> minutes;
        std::bitset<24> hours;
        std::bitset<32> days;                            // 1–31
        std::bitset<13> months;                          // 1–12
        std::bitset<8> weekdays;                         // 1–7, Sunday first
        std::bitset<230> years;                          // From 1970
        bool by_weekday = false;                         // The day of the month is `?`.
        bool last_day = false;                           // L
        std::optional<int> nearest_weekday;              // 15W; 0: LW
        std::optional<int> last_weekday;                 // 6L: the month's last Friday
        std::optional<std::pair<int, int>> nth_weekday;  // 6#3
    };
    static Result<Fields> parse_cron(std::string_view text);
    static Status parse_days(std::string_view text, Fields& out);
    static Status parse_weekdays(std::string_view text, Fields& out);
    bool day_matches(std::chrono::year_month_day day) const;
    std::optional<Time> next_cron(Time after, const TimeZone& zone) const;

    Kind kind_ = Kind::rate;
    Duration period_{};
    LocalTime at_;
    Fields cron_;
};

}  // namespace unkai::aws
