#include "aws/time_zone.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>

#include "base/strings.h"

namespace unkai::aws {

namespace {

using std::chrono::seconds;

constexpr const char* zone_database = "/usr/share/zoneinfo/";

bool is_zone_name(std::string_view name) {
    return !name.empty() && name.size() < 64 && name[0] != '/' && name.find("..") == name.npos &&
           std::all_of(
               name.begin(), name.end(),
               [](char c) {
                   return isalnum(static_cast<unsigned char>(c)) || c == '/' || c == '_' ||
                          c == '-' || c == '+';
               });
}

int64_t big_endian(std::string_view bytes) {
    int64_t out = static_cast<signed char>(bytes[0]);
    for (const char c : bytes.substr(1)) out = out * 256 + static_cast<unsigned char>(c);
    return out;
}

struct ZoneCounts {
    size_t utc, standard, leap, changes, types, letters;
    size_t body(size_t width) const {
        return changes * width + changes + types * 6 + letters + leap * (width + 4) + standard +
               utc;
    }
};

constexpr size_t zone_header = 44;

std::optional<ZoneCounts> read_counts(std::string_view bytes) {
    if (bytes.size() < zone_header || !bytes.starts_with("TZif")) return std::nullopt;
    const auto at = [&](size_t index) {
        return static_cast<size_t>(big_endian(bytes.substr(20 + 4 * index, 4)));
    };
    const ZoneCounts out{at(0), at(1), at(2), at(3), at(4), at(5)};
    constexpr size_t most = 100000;
    for (const size_t count :
         {out.utc, out.standard, out.leap, out.changes, out.types, out.letters})
        if (count > most) return std::nullopt;
    return out;
}

// What a POSIX rule is made of; each takes its part off the front.
bool take_zone_name(std::string_view& text) {
    size_t length = 0;
    if (text.starts_with('<')) {
        length = text.find('>');
        if (length == text.npos) return false;
        ++length;
    } else {
        while (length < text.size() && isalpha(static_cast<unsigned char>(text[length]))) ++length;
    }
    text.remove_prefix(length);
    return length >= 3;
}

int take_zone_number(std::string_view& text) {
    int out = 0;
    while (!text.empty() && text[0] >= '0' && text[0] <= '9' && out < 10000) {
        out = out * 10 + (text[0] - '0');
        text.remove_prefix(1);
    }
    return out;
}

// [+-]hh[:mm[:ss]]
seconds take_zone_time(std::string_view& text) {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    int out = take_zone_number(text) * 3600;
    for (const int unit : {60, 1}) {
        if (!text.starts_with(':')) break;
        text.remove_prefix(1);
        out += take_zone_number(text) * unit;
    }
    return seconds(negative ? -out : out);
}

}  // namespace

std::optional<TimeZone::Rule> TimeZone::parse_rule(std::string_view text) {
    Rule out;
    if (!take_zone_name(text)) return std::nullopt;
    out.standard = -take_zone_time(text);  // POSIX counts westwards.
    if (text.empty()) return out;
    if (!take_zone_name(text)) return std::nullopt;
    out.has_daylight = true;
    out.daylight = out.standard + seconds(3600);
    if (!text.empty() && text[0] != ',') out.daylight = -take_zone_time(text);
    for (Rule::Day* const day : {&out.begin, &out.end}) {
        if (!text.starts_with(',')) return std::nullopt;
        text.remove_prefix(1);
        if (text.starts_with('M')) {
            text.remove_prefix(1);
            day->month = take_zone_number(text);
            if (!text.starts_with('.')) return std::nullopt;
            text.remove_prefix(1);
            day->week = take_zone_number(text);
            if (!text.starts_with('.')) return std::nullopt;
            text.remove_prefix(1);
            day->day = take_zone_number(text);
            if (day->month < 1 || day->month > 12) return std::nullopt;
        } else {
            day->kind = text.starts_with('J') ? 'J' : 'N';
            if (day->kind == 'J') text.remove_prefix(1);
            day->day = take_zone_number(text);
        }
        if (text.starts_with('/')) {
            text.remove_prefix(1);
            day->time = take_zone_time(text);
        }
    }
    return out;
}

// The day's change in that year, as if its local time were UTC.
Time TimeZone::day_of(const Rule::Day& day, int year) {
    using namespace std::chrono;
    const auto first = sys_days(std::chrono::year(year) / January / 1);
    if (day.kind == 'N') return first + days(day.day) + day.time;
    if (day.kind == 'J') {
        const bool leap = std::chrono::year(year).is_leap() && day.day >= 60;
        return first + days(day.day - 1 + (leap ? 1 : 0)) + day.time;
    }
    const auto month_of = std::chrono::year(year) / month(static_cast<unsigned>(day.month));
    const weekday wanted(static_cast<unsigned>(day.day));
    if (day.week == 5) return sys_days(month_of / wanted[last]) + day.time;
    return sys_days(month_of / wanted[static_cast<unsigned>(day.week)]) + day.time;
}

seconds TimeZone::rule_offset(Time time) const {
    if (!rule_.has_daylight) return rule_.standard;
    using namespace std::chrono;
    const auto today = floor<days>(time + rule_.standard);
    const int year = static_cast<int>(year_month_day(today).year());
    const Time begin = day_of(rule_.begin, year) - rule_.standard;
    const Time end = day_of(rule_.end, year) - rule_.daylight;
    const bool daylight = begin < end ? time >= begin && time < end : time >= begin || time < end;
    return daylight ? rule_.daylight : rule_.standard;
}

seconds TimeZone::offset(Time time) const {
    if (changes_.empty()) return has_rule_ ? rule_offset(time) : first_;
    if (time < changes_.front().first) return first_;
    if (has_rule_ && time >= changes_.back().first) return rule_offset(time);
    const auto after =
        std::upper_bound(changes_.begin(), changes_.end(), time,
                         [](Time wanted, const auto& change) { return wanted < change.first; });
    return std::prev(after)->second;
}

std::optional<Time> TimeZone::to_utc(LocalTime local) const {
    const Time guess{local.time_since_epoch()};
    std::optional<Time> out;
    for (const Duration shift :
         {Duration(std::chrono::hours(26)), Duration(0), Duration(-std::chrono::hours(26))}) {
        const Time candidate = guess - offset(guess - shift);
        if (to_local(candidate) == local && (!out || candidate < *out)) out = candidate;
    }
    return out;
}

Result<TimeZone> TimeZone::parse(std::string_view bytes) {
    const auto bad = [] { return fail("UnknownTimeZone", "The zone's file is damaged.", 400); };
    const auto old = read_counts(bytes);
    if (!old || bytes[4] < '2') return bad();
    const size_t skip = zone_header + old->body(4);
    if (bytes.size() < skip) return bad();
    bytes.remove_prefix(skip);
    const auto counts = read_counts(bytes);
    if (!counts || counts->types == 0 || bytes.size() < zone_header + counts->body(8)) return bad();
    const std::string_view body = bytes.substr(zone_header);
    const std::string_view types = body.substr(counts->changes * 9);
    const auto offset_of = [&](size_t type) {
        return seconds(big_endian(types.substr(type * 6, 4)));
    };
    TimeZone out;
    out.first_ = offset_of(0);
    for (size_t i = 0; i < counts->changes; ++i) {
        const auto type = static_cast<unsigned char>(body[counts->changes * 8 + i]);
        if (type >= counts->types) return bad();
        // Before what micros can count: the beginning.
        const int64_t at = std::max<int64_t>(big_endian(body.substr(i * 8, 8)), -100000000000);
        out.changes_.emplace_back(Time{seconds(at)}, offset_of(type));
    }
    std::string_view footer = body.substr(counts->body(8));
    footer = trim(footer);
    const auto rule = footer.empty() ? std::nullopt : parse_rule(footer);
    out.has_rule_ = rule.has_value();
    if (rule) out.rule_ = *rule;
    return out;
}

const TimeZone& TimeZone::utc() {
    static const TimeZone zone;
    return zone;
}

Result<std::shared_ptr<const TimeZone>> TimeZone::find(const std::string& name) {
    static thread_local std::map<std::string, std::shared_ptr<const TimeZone>> known;
    if (const auto found = known.find(name); found != known.end()) return found->second;
    if (name == "UTC") return known[name] = std::make_shared<const TimeZone>(utc());
    std::string bytes;
    if (is_zone_name(name)) {
        std::ifstream file(zone_database + name, std::ios::binary);
        bytes.assign(std::istreambuf_iterator<char>(file), {});
    }
    if (bytes.empty()) {
        const bool there = std::ifstream(std::string(zone_database) + "Europe/Berlin").good();
        return fail("UnknownTimeZone",
                    there ? "There is no time zone " + name + "."
                          : "This machine has no time zones but UTC: install the package tzdata.",
                    400);
    }
    TRY(TimeZone zone, parse(bytes));
    return known[name] = std::make_shared<const TimeZone>(std::move(zone));
}

}  // namespace unkai::aws
