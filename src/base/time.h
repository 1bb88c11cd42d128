// Points in time and lengths of time, in microseconds, and their spellings on the wires.
//
// Nobody reads a clock here: `now` comes from rt::Env.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace unkai {

using Duration = std::chrono::microseconds;
using Time = std::chrono::sys_time<Duration>;
using namespace std::chrono_literals;

inline int64_t micros(Time time) { return time.time_since_epoch().count(); }
inline int64_t millis(Time time) { return micros(time) / 1000; }
inline int64_t whole_seconds(Time time) { return micros(time) / 1000000; }
inline Time from_micros(int64_t value) { return Time{Duration{value}}; }
inline Time from_millis(int64_t value) { return Time{std::chrono::milliseconds{value}}; }
inline Time from_seconds(double value) { return Time{Duration{static_cast<int64_t>(value * 1e6)}}; }

std::string iso8601(Time time);         // 2026-11-22T00:36:07Z, whole seconds
std::string iso8601_millis(Time time);  // 2026-11-22T00:36:07.123Z
std::string basic_iso8601(Time time);   // 20261122T003607Z, as in SigV4
std::string http_date(Time time);       // Sun, 22 Nov 2026 00:36:07 GMT
std::string epoch_seconds(Time time);   // 1795307767.123, three decimals at the most

// RFC 3339 with any fraction and offset, or the basic form.
std::optional<Time> parse_iso8601(std::string_view text);
std::optional<Time> parse_http_date(std::string_view text);

}  // namespace unkai
