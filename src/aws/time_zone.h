// Time zones by the machine's tz database (package tzdata): what a clock on the wall shows there.
//
//     TRY(const std::shared_ptr<const TimeZone> zone, TimeZone::find("Asia/Tokyo"));
//     zone->offset(now);                 // 9h
//     zone->to_utc(local);               // nullopt: the clocks were put forward over it
//
// Reading is RFC 8536 (TZif 2 and later) with the rule for the years after its table. Files are
// read once, kept for the program's life; a name is a path below the database and nothing else.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace unkai::aws {

// A time as a clock on the wall shows it: a Time without its zone.
using LocalTime = std::chrono::local_time<Duration>;

class TimeZone {
public:
    // Errors: UnknownTimeZone; the sentence says so when the machine has no database.
    static Result<std::shared_ptr<const TimeZone>> find(const std::string& name);
    static Result<TimeZone> parse(std::string_view bytes);  // A TZif file's.
    static const TimeZone& utc();

    std::chrono::seconds offset(Time time) const;
    LocalTime to_local(Time time) const {
        return LocalTime{time.time_since_epoch() + offset(time)};
    }
    // Of a local time that comes twice the earlier one; nullopt when it does not come.
    std::optional<Time> to_utc(LocalTime local) const;

private:
    struct Rule {  // "CET-1CEST,M3.5.0,M10.5.0/3", taken apart.
        std::chrono::seconds standard{0}, daylight{0};
        bool has_daylight = false;
        struct Day {
            char kind = 'M';  // M: month, week, weekday; J: 1…365 without leap days; N: 0…365
            int month = 1, week = 1, day = 0;
            std::chrono::seconds time{7200};
        } begin, end;
    };
    static std::optional<Rule> parse_rule(std::string_view text);
    static Time day_of(const Rule::Day& day, int year);
    std::chrono::seconds rule_offset(Time time) const;

    std::vector<std::pair<Time, std::chrono::seconds>> changes_;  // From then on this offset.
    std::chrono::seconds first_{0};                               // Before all changes.
    Rule rule_;                                                   // After all changes.
    bool has_rule_ = true;
};

}  // namespace unkai::aws
