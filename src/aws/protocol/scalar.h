// Scalars as text, as query strings, headers and XML carry them; and what messages show of any
// value.
#pragma once

#include <string>
#include <string_view>

#include "base/shape.h"

namespace unkai::aws::protocol {

inline bool is_scalar(Kind kind) { return kind < Kind::list; }
// Values that are one std::string.
inline bool is_text(Kind kind) {
    return kind == Kind::string || kind == Kind::blob || kind == Kind::document;
}

// Blobs are base64, numbers in their shortest form, NaN and the infinities by name. `format` holds
// for timestamps whose shape does not say.
std::string scalar_text(const ShapeInfo& shape, const void* value, TimeFormat format);
// The reverse; false when the text is not such a value, `value` is then unspecified.
bool parse_scalar(const ShapeInfo& shape, std::string_view text, void* value, TimeFormat format);

std::string time_text(Time time, TimeFormat format);
// With six decimals at the most: nothing of a Time is lost.
std::string precise_seconds(Time time);
// Seconds, with a fraction or an exponent.
Time time_of_seconds(double seconds);
bool parse_time(std::string_view text, TimeFormat format, Time& value);

// As AWS's validation messages print it: [a, b], {key=value}.
std::string display_text(const ShapeInfo& shape, const void* value);

// What a message calls the kind: String, Integer, Long, Double, Boolean, Timestamp, Blob, ...
std::string_view kind_name(Kind kind);

}  // namespace unkai::aws::protocol
