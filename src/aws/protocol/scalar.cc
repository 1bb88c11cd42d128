#include "aws/protocol/scalar.h"

#include <cmath>
#include <limits>

#include "base/strings.h"
#include "wire/json_stream.h"

namespace unkai::aws::protocol {

static std::string number_text(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
    return wire::shortest_number(value);
}

std::string precise_seconds(Time time) {
    const int64_t value = micros(time);
    const int64_t fraction = value % 1000000;
    if (fraction == 0) return std::to_string(value / 1000000);
    const int64_t size = fraction < 0 ? -fraction : fraction;
    std::string digits = std::to_string(size);
    digits.insert(0, 6 - digits.size(), '0');
    while (digits.back() == '0') digits.pop_back();
    return (value < 0 ? "-" : "") + std::to_string(std::abs(value / 1000000)) + "." + digits;
}

Time time_of_seconds(double seconds) {
    constexpr double most = 9e12;  // Microseconds of it still fit into 64 bits.
    if (!(std::abs(seconds) < most)) return Time{};
    return Time{Duration{std::llround(seconds * 1e6)}};
}

std::string time_text(Time time, TimeFormat format) {
    if (format == TimeFormat::epoch_seconds) return epoch_seconds(time);
    if (format == TimeFormat::http_date) return http_date(time);
    return micros(time) % 1000000 == 0 ? iso8601(time) : iso8601_millis(time);
}

bool parse_time(std::string_view text, TimeFormat format, Time& value) {
    std::optional<Time> time;
    if (format == TimeFormat::http_date) time = parse_http_date(text);
    if (format == TimeFormat::iso8601) time = parse_iso8601(text);
    if (!time) {
        // AWS's parsers take any of the three where the text says clearly which it is.
        if (const auto seconds = parse_double(text)) time = time_of_seconds(*seconds);
        if (!time) time = parse_iso8601(text);
        if (!time) time = parse_http_date(text);
    }
    if (time) value = *time;
    return time.has_value();
}

std::string scalar_text(const ShapeInfo& shape, const void* value, TimeFormat format) {
    switch (shape.kind) {
        case Kind::boolean:
            return *static_cast<const bool*>(value) ? "true" : "false";
        case Kind::int32:
            return std::to_string(*static_cast<const int32_t*>(value));
        case Kind::int64:
            return std::to_string(*static_cast<const int64_t*>(value));
        case Kind::number:
            return number_text(*static_cast<const double*>(value));
        case Kind::blob:
            return base64(*static_cast<const std::string*>(value));
        case Kind::string:
        case Kind::document:
            return *static_cast<const std::string*>(value);
        case Kind::timestamp:
            return time_text(
                *static_cast<const Time*>(value),
                shape.time_format == TimeFormat::by_protocol ? format : shape.time_format);
        default:
            CHECK(false, "not a scalar");
    }
}

static bool parse_number(std::string_view text, double& value) {
    if (text == "NaN")
        value = std::numeric_limits<double>::quiet_NaN();
    else if (text == "Infinity")
        value = std::numeric_limits<double>::infinity();
    else if (text == "-Infinity")
        value = -std::numeric_limits<double>::infinity();
    else if (const auto number = parse_double(text); number && std::isfinite(*number))
        value = *number;
    else
        return false;
    return true;
}

bool parse_scalar(const ShapeInfo& shape, std::string_view text, void* value, TimeFormat format) {
    switch (shape.kind) {
        case Kind::boolean:
            *static_cast<bool*>(value) = equals_ignoring_case(text, "true");
            return equals_ignoring_case(text, "true") || equals_ignoring_case(text, "false");
        case Kind::int32: {
            const auto number = parse_int(text);
            if (!number || !std::in_range<int32_t>(*number)) return false;
            *static_cast<int32_t*>(value) = static_cast<int32_t>(*number);
            return true;
        }
        case Kind::int64: {
            const auto number = parse_int(text);
            if (number) *static_cast<int64_t*>(value) = *number;
            return number.has_value();
        }
        case Kind::number:
            return parse_number(text, *static_cast<double*>(value));
        case Kind::blob: {
            auto bytes = from_base64(text);
            if (bytes) *static_cast<std::string*>(value) = std::move(*bytes);
            return bytes.has_value();
        }
        case Kind::string:
        case Kind::document:
            *static_cast<std::string*>(value) = text;
            return true;
        case Kind::timestamp: {
            const bool own = shape.time_format != TimeFormat::by_protocol;
            return parse_time(text, own ? shape.time_format : format, *static_cast<Time*>(value));
        }
        default:
            CHECK(false, "not a scalar");
    }
}

static std::string display_list(const ShapeInfo& shape, const void* value) {
    std::string out = "[";
    for (size_t i = 0; i < shape.list->size(value); ++i) {
        if (i > 0) out += ", ";
        out += display_text(*shape.element, shape.list->at(value, i));
    }
    return out + "]";
}

static std::string display_map(const ShapeInfo& shape, const void* value) {
    struct Context {
        const ShapeInfo& element;
        std::string out = "{";
    } context{*shape.element};
    shape.map->each(value, &context, [](void* at, const std::string& key, const void* item) {
        auto& to = *static_cast<Context*>(at);
        if (to.out.size() > 1) to.out += ", ";
        to.out += key + "=" + display_text(to.element, item);
    });
    return context.out + "}";
}

std::string display_text(const ShapeInfo& shape, const void* value) {
    if (shape.constraints != nullptr && shape.constraints->sensitive) return "***";
    if (shape.kind == Kind::list) return display_list(shape, value);
    if (shape.kind == Kind::map) return display_map(shape, value);
    if (shape.kind != Kind::structure) return scalar_text(shape, value, TimeFormat::iso8601);
    std::string out = std::string(shape.name) + "(";
    for (const MemberInfo& member : shape) {
        const void* item = member.get(value);
        if (item == nullptr) continue;
        if (out.back() != '(') out += ", ";
        out += std::string(member.name) + "=";
        out += member.has(MemberInfo::sensitive) ? "***" : display_text(*member.shape, item);
    }
    return out + ")";
}

std::string_view kind_name(Kind kind) {
    switch (kind) {
        case Kind::boolean:
            return "Boolean";
        case Kind::int32:
            return "Integer";
        case Kind::int64:
            return "Long";
        case Kind::number:
            return "Double";
        case Kind::string:
            return "String";
        case Kind::blob:
            return "Blob";
        case Kind::timestamp:
            return "Timestamp";
        case Kind::document:
            return "Document";
        case Kind::list:
            return "List";
        case Kind::map:
            return "Map";
        case Kind::structure:
            return "Structure";
    }
    return "value";
}

}  // namespace unkai::aws::protocol
