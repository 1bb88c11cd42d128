#include "aws/schedule_expression.h"

#include <algorithm>

#include "base/strings.h"

namespace unkai::aws {

namespace {

Unexpected bad_schedule(std::string_view text, std::string_view why) {
    return fail("ValidationException",
                "Invalid Schedule Expression " + std::string(text) + ". " + std::string(why), 400);
}

struct FieldRule {
    int least, most;
    const char* const* words = nullptr;  // For `least`, `least` + 1 …
    int word_count = 0;
};
constexpr const char* month_words[] = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                       "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr const char* weekday_words[] = {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};

std::optional<int> field_value(std::string_view text, const FieldRule& rule) {
    const std::string upper = to_upper(text);
    for (int i = 0; i < rule.word_count; ++i)
        if (upper == rule.words[i]) return rule.least + i;
    const auto number = parse_uint(text);
    if (!number || *number > static_cast<uint64_t>(rule.most) ||
        static_cast<int>(*number) < rule.least)
        return std::nullopt;
    return static_cast<int>(*number);
}

// a, a-b, a/n, a-b/n, */n, lists of them; a range may go over the end.
template <size_t N>
bool read_field(std::string_view text, const FieldRule& rule, std::bitset<N>& out, int base = 0) {
    for (const std::string_view item : split(text, ',')) {
        const auto [range, step_text] = split_once(item, '/');
        const auto step = step_text.empty() ? std::optional<uint64_t>(1) : parse_uint(step_text);
        if (!step || *step == 0 || (step_text.empty() && item.find('/') != item.npos)) return false;
        int first = rule.least, last = rule.most;
        if (range != "*") {
            const auto [from, to] = split_once(range, '-');
            const auto begin = field_value(from, rule);
            const auto end = to.empty() ? begin : field_value(to, rule);
            if (!begin || !end) return false;
            first = *begin;
            last = to.empty() && !step_text.empty() ? rule.most : *end;
        }
        const int span = rule.most - rule.least + 1;
        const int count = last >= first ? last - first : last - first + span;
        for (int i = 0; i <= count; i += static_cast<int>(*step))
            out.set(static_cast<size_t>(rule.least + (first - rule.least + i) % span - base));
    }
    return true;
}

}  // namespace

Status ScheduleExpression::parse_days(std::string_view text, Fields& out) {
    if (text == "?") {
        out.by_weekday = true;
        return ok();
    }
    if (text == "L") {
        out.last_day = true;
        return ok();
    }
    if (text == "LW") {
        out.nearest_weekday = 0;
        return ok();
    }
    constexpr FieldRule rule{1, 31};
    if (text.ends_with('W')) {
        out.nearest_weekday = field_value(text.substr(0, text.size() - 1), rule);
        return out.nearest_weekday ? ok() : Status(bad_schedule(text, "W follows a day."));
    }
    return read_field(text, rule, out.days)
               ? ok()
               : Status(bad_schedule(text, "The day of the month is 1-31, or ? * , - / L W."));
}

Status ScheduleExpression::parse_weekdays(std::string_view text, Fields& out) {
    if (text == "?") return ok();
    constexpr FieldRule rule{1, 7, weekday_words, 7};
    const auto bad = [&] {
        return Status(
            bad_schedule(text, "The day of the week is 1-7 or SUN-SAT, or ? * , - / L #."));
    };
    if (const auto [day, which] = split_once(text, '#'); !which.empty()) {
        const auto weekday = field_value(day, rule);
        const auto number = parse_uint(which);
        if (!weekday || !number || *number < 1 || *number > 5) return bad();
        out.nth_weekday = {*weekday, static_cast<int>(*number)};
        return ok();
    }
    if (text == "L") text = "7";
    if (text.size() > 1 && text.ends_with('L')) {
        out.last_weekday = field_value(text.substr(0, text.size() - 1), rule);
        return out.last_weekday ? ok() : bad();
    }
    return read_field(text, rule, out.weekdays) ? ok() : bad();
}

Result<ScheduleExpression::Fields> ScheduleExpression::parse_cron(std::string_view text) {
    std::vector<std::string_view> parts;
    for (const std::string_view part : split(text, ' '))
        if (!part.empty()) parts.push_back(part);
    if (parts.size() != 6)
        return bad_schedule(text,
                            "cron() takes six fields: minutes, hours, day of the month, "
                            "month, day of the week, year.");
    if ((parts[2] == "?") == (parts[4] == "?"))
        return bad_schedule(text,
                            "Exactly one of the day of the month and the day of the week "
                            "must be ?.");
    Fields out;
    if (!read_field(parts[0], {0, 59}, out.minutes)) return bad_schedule(text, "Minutes are 0-59.");
    if (!read_field(parts[1], {0, 23}, out.hours)) return bad_schedule(text, "Hours are 0-23.");
    REQUIRE(parse_days(parts[2], out));
    if (!read_field(parts[3], {1, 12, month_words, 12}, out.months))
        return bad_schedule(text, "Months are 1-12 or JAN-DEC.");
    REQUIRE(parse_weekdays(parts[4], out));
    if (!read_field(parts[5], {1970, 2199}, out.years, 1970))
        return bad_schedule(text, "Years are 1970-2199.");
    return out;
}

Result<ScheduleExpression> ScheduleExpression::parse(std::string_view text) {
    ScheduleExpression out;
    const auto inner = [&](std::string_view word) -> std::optional<std::string_view> {
        if (!text.starts_with(word) || !text.ends_with(')')) return std::nullopt;
        return text.substr(word.size(), text.size() - word.size() - 1);
    };
    if (const auto rate = inner("rate(")) {
        const auto [number_text, unit] = split_once(*rate, ' ');
        const auto number = parse_uint(number_text);
        static constexpr std::pair<std::string_view, int64_t> units[] = {
            {"minute", 60}, {"hour", 3600}, {"day", 86400}};
        for (const auto& [word, length] : units) {
            if (!number || *number == 0 || *number > 10000000) break;
            if (unit != word && unit != std::string(word) + "s") continue;
            out.period_ = std::chrono::seconds(static_cast<int64_t>(*number) * length);
            return out;
        }
        return bad_schedule(text, "rate() takes a positive number and minutes, hours or days.");
    }
    if (const auto cron = inner("cron(")) {
        out.kind_ = Kind::cron;
        TRY(out.cron_, parse_cron(*cron));
        return out;
    }
    if (const auto at = inner("at(")) {
        out.kind_ = Kind::at;
        const auto time = at->size() == 19 ? parse_iso8601(std::string(*at) + "Z") : std::nullopt;
        if (!time) return bad_schedule(text, "at() takes yyyy-mm-ddThh:mm:ss.");
        out.at_ = LocalTime{time->time_since_epoch()};
        return out;
    }
    return bad_schedule(text, "It is rate(…), cron(…) or at(…).");
}

bool ScheduleExpression::day_matches(std::chrono::year_month_day day) const {
    using namespace std::chrono;
    const int year_index = static_cast<int>(day.year()) - 1970;
    if (year_index < 0 || year_index >= 230 || !cron_.years[static_cast<size_t>(year_index)] ||
        !cron_.months[static_cast<unsigned>(day.month())])
        return false;
    const sys_days date(day);
    const unsigned number = static_cast<unsigned>(day.day());
    const unsigned weekday_number = weekday(date).c_encoding() + 1;
    const unsigned last =
        static_cast<unsigned>((day.year() / day.month() / std::chrono::last).day());
    if (cron_.by_weekday) {
        if (cron_.nth_weekday)
            return static_cast<int>(weekday_number) == cron_.nth_weekday->first &&
                   static_cast<int>((number - 1) / 7 + 1) == cron_.nth_weekday->second;
        if (cron_.last_weekday)
            return static_cast<int>(weekday_number) == *cron_.last_weekday && number + 7 > last;
        return cron_.weekdays[weekday_number];
    }
    if (cron_.last_day) return number == last;
    if (!cron_.nearest_weekday) return cron_.days[number];
    // The working day nearest to it, within the month.
    unsigned wanted =
        *cron_.nearest_weekday == 0 ? last : static_cast<unsigned>(*cron_.nearest_weekday);
    if (wanted > last) return false;
    const unsigned of_wanted =
        weekday(sys_days(day.year() / day.month() / std::chrono::day(wanted))).c_encoding();
    if (of_wanted == 6) wanted = wanted == 1 ? 3 : wanted - 1;
    if (of_wanted == 0) wanted = wanted == last ? wanted - 2 : wanted + 1;
    return number == wanted;
}

std::optional<Time> ScheduleExpression::next_cron(Time after, const TimeZone& zone) const {
    using namespace std::chrono;
    constexpr int most_days = 366 * 230;
    auto day = floor<days>(zone.to_local(after));
    for (int i = 0; i < most_days; ++i, day += days(1)) {
        const year_month_day date{sys_days(day.time_since_epoch())};
        if (static_cast<int>(date.year()) > 2199) return std::nullopt;
        if (!day_matches(date)) continue;
        for (size_t hour = 0; hour < 24; ++hour) {
            if (!cron_.hours[hour]) continue;
            for (size_t minute = 0; minute < 60; ++minute) {
                if (!cron_.minutes[minute]) continue;
                const auto time =
                    zone.to_utc(LocalTime{day.time_since_epoch() + hours(hour) + minutes(minute)});
                if (time && *time > after) return time;
            }
        }
    }
    return std::nullopt;
}

std::optional<Time> ScheduleExpression::next_after(Time after, const TimeZone& zone,
                                                   Time anchor) const {
    if (kind_ == Kind::cron) return next_cron(after, zone);
    if (kind_ == Kind::at) {
        // Put forward over: an hour later, when the clock shows what comes after.
        auto time = zone.to_utc(at_);
        if (!time) time = zone.to_utc(at_ + std::chrono::hours(1));
        return time && *time > after ? time : std::nullopt;
    }
    if (after < anchor) return anchor;
    return anchor + period_ * ((after - anchor) / period_ + 1);
}

}  // namespace unkai::aws
