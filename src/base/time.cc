#include "base/time.h"

#include <array>
#include <cstdio>

#include "base/strings.h"

namespace unkai {

namespace {

struct Civil {
    int year, month, day, hour, minute, second, millisecond;
    unsigned weekday;  // 0 is Sunday
};

Civil civil(Time time) {
    using namespace std::chrono;
    const auto day = floor<days>(time);
    const year_month_day date{day};
    const hh_mm_ss clock{time - day};
    return {static_cast<int>(date.year()),
            static_cast<int>(static_cast<unsigned>(date.month())),
            static_cast<int>(static_cast<unsigned>(date.day())),
            static_cast<int>(clock.hours().count()),
            static_cast<int>(clock.minutes().count()),
            static_cast<int>(clock.seconds().count()),
            static_cast<int>(duration_cast<milliseconds>(clock.subseconds()).count()),
            weekday{day}.c_encoding()};
}

template <class... Args>
std::string format(const char* pattern, Args... args) {
    char buffer[64];
    const int length = std::snprintf(buffer, sizeof buffer, pattern, args...);
    return {buffer, static_cast<size_t>(length)};
}

constexpr std::array<const char*, 7> day_names = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<const char*, 12> month_names = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::optional<Time> from_civil(int year, int month, int day, int hour, int minute, int second) {
    using namespace std::chrono;
    const year_month_day date{std::chrono::year{year},
                              std::chrono::month{static_cast<unsigned>(month)},
                              std::chrono::day{static_cast<unsigned>(day)}};
    if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
    return Time{sys_days{date}.time_since_epoch() + hours{hour} + minutes{minute} +
                seconds{second}};
}

// Takes exactly `count` digits from the front.
std::optional<int> take_digits(std::string_view& text, size_t count) {
    if (text.size() < count) return std::nullopt;
    int value = 0;
    for (size_t i = 0; i < count; ++i) {
        if (text[i] < '0' || text[i] > '9') return std::nullopt;
        value = value * 10 + (text[i] - '0');
    }
    text.remove_prefix(count);
    return value;
}

void skip(std::string_view& text, char c) {
    if (!text.empty() && text[0] == c) text.remove_prefix(1);
}

Duration take_fraction(std::string_view& text) {
    if (text.empty() || text[0] != '.') return {};
    text.remove_prefix(1);
    int64_t value = 0;
    int64_t unit = 1000000;
    while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
        if (unit > 1) {
            unit /= 10;
            value += (text[0] - '0') * unit;
        }
        text.remove_prefix(1);
    }
    return Duration{value};
}

std::optional<Duration> take_offset(std::string_view text) {
    if (text == "Z" || text == "z" || text.empty()) return Duration{};
    const char sign = text[0];
    if (sign != '+' && sign != '-') return std::nullopt;
    text.remove_prefix(1);
    const auto hours = take_digits(text, 2);
    skip(text, ':');
    const auto minutes = take_digits(text, 2);
    if (!hours || !minutes || !text.empty()) return std::nullopt;
    const Duration offset = std::chrono::hours{*hours} + std::chrono::minutes{*minutes};
    return sign == '+' ? offset : -offset;
}

}  // namespace

std::string iso8601(Time time) {
    const Civil c = civil(time);
    return format("%04d-%02d-%02dT%02d:%02d:%02dZ", c.year, c.month, c.day, c.hour, c.minute,
                  c.second);
}

std::string iso8601_millis(Time time) {
    const Civil c = civil(time);
    return format("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", c.year, c.month, c.day, c.hour, c.minute,
                  c.second, c.millisecond);
}

std::string basic_iso8601(Time time) {
    const Civil c = civil(time);
    return format("%04d%02d%02dT%02d%02d%02dZ", c.year, c.month, c.day, c.hour, c.minute, c.second);
}

std::string http_date(Time time) {
    const Civil c = civil(time);
    return format("%s, %02d %s %04d %02d:%02d:%02d GMT", day_names[c.weekday], c.day,
                  month_names[static_cast<size_t>(c.month - 1)], c.year, c.hour, c.minute,
                  c.second);
}

std::string epoch_seconds(Time time) {
    const int64_t value = millis(time);
    if (value % 1000 == 0) return std::to_string(value / 1000);
    return format("%lld.%03lld", static_cast<long long>(value / 1000),
                  static_cast<long long>(value % 1000));
}

std::optional<Time> parse_iso8601(std::string_view text) {
    const auto year = take_digits(text, 4);
    skip(text, '-');
    const auto month = take_digits(text, 2);
    skip(text, '-');
    const auto day = take_digits(text, 2);
    if (!year || !month || !day) return std::nullopt;
    if (text.empty()) return from_civil(*year, *month, *day, 0, 0, 0);
    if (text[0] != 'T' && text[0] != 't' && text[0] != ' ') return std::nullopt;
    text.remove_prefix(1);
    const auto hour = take_digits(text, 2);
    skip(text, ':');
    const auto minute = take_digits(text, 2);
    skip(text, ':');
    const auto second =
        text.empty() || text[0] == 'Z' ? std::optional<int>(0) : take_digits(text, 2);
    if (!hour || !minute || !second) return std::nullopt;
    const auto time = from_civil(*year, *month, *day, *hour, *minute, *second);
    const Duration fraction = take_fraction(text);
    const auto offset = take_offset(text);
    if (!time || !offset) return std::nullopt;
    return *time + fraction - *offset;
}

std::optional<Time> parse_http_date(std::string_view text) {
    // Sun, 22 Nov 2026 00:36:07 GMT
    if (text.size() != 29 || text.substr(25) != " GMT") return std::nullopt;
    std::string_view rest = text.substr(5);
    const auto day = take_digits(rest, 2);
    skip(rest, ' ');
    int month = 0;
    for (size_t i = 0; i < month_names.size(); ++i)
        if (rest.substr(0, 3) == month_names[i]) month = static_cast<int>(i) + 1;
    rest.remove_prefix(3);
    skip(rest, ' ');
    const auto year = take_digits(rest, 4);
    skip(rest, ' ');
    const auto hour = take_digits(rest, 2);
    skip(rest, ':');
    const auto minute = take_digits(rest, 2);
    skip(rest, ':');
    const auto second = take_digits(rest, 2);
    if (!day || month == 0 || !year || !hour || !minute || !second) return std::nullopt;
    return from_civil(*year, month, *day, *hour, *minute, *second);
}

}  // namespace unkai
