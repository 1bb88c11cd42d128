#include "aws/protocol/json_shape.h"

#include <cmath>
#include <limits>

#include "aws/protocol/scalar.h"
#include "aws/protocol/seen.h"
#include "base/shape_tables.h"
#include "base/strings.h"

namespace unkai::aws::protocol {

using wire::JsonReader;
using wire::JsonWriter;

// Writing.

static void write_time(JsonWriter& out, const ShapeInfo& shape, Time time, const JsonStyle& style) {
    if (style.exact_times) return out.raw(precise_seconds(time));
    if (shape.time_format == TimeFormat::iso8601 || shape.time_format == TimeFormat::http_date)
        return out.string(time_text(time, shape.time_format));
    out.raw(epoch_seconds(time));
}

static void write_scalar(JsonWriter& out, const ShapeInfo& shape, const void* value,
                         const JsonStyle& style) {
    switch (shape.kind) {
        case Kind::boolean:
            return out.boolean(*static_cast<const bool*>(value));
        case Kind::int32:
            return out.integer(*static_cast<const int32_t*>(value));
        case Kind::int64:
            return out.integer(*static_cast<const int64_t*>(value));
        case Kind::number:
            return out.number(*static_cast<const double*>(value));
        case Kind::string:
            return out.string(*static_cast<const std::string*>(value));
        case Kind::blob:
            return out.string(base64(*static_cast<const std::string*>(value)));
        case Kind::timestamp:
            return write_time(out, shape, *static_cast<const Time*>(value), style);
        case Kind::document: {
            const auto& text = *static_cast<const std::string*>(value);
            return text.empty() ? out.null() : out.raw(text);
        }
        default:
            CHECK(false, "not a scalar");
    }
}

static void write_map(JsonWriter& out, const ShapeInfo& shape, const void* value,
                      const JsonStyle& style) {
    struct Context {
        JsonWriter& out;
        const ShapeInfo& element;
        const JsonStyle& style;
    } context{out, *shape.element, style};
    out.begin_object();
    shape.map->each(value, &context, [](void* at, const std::string& key, const void* item) {
        const auto& to = *static_cast<const Context*>(at);
        to.out.key(key);
        write_json(to.out, to.element, item, to.style, false);
    });
    out.end_object();
}

static bool is_collection(Kind kind) { return kind == Kind::list || kind == Kind::map; }

static void write_structure(JsonWriter& out, const ShapeInfo& shape, const void* value,
                            const JsonStyle& style, bool outermost) {
    out.begin_object();
    for (const MemberInfo& member : shape) {
        if (style.body_only && outermost && !member.in_body(style.answer)) continue;
        const void* item = member.get(value);
        if (item == nullptr && is_collection(member.shape->kind) && style.empty_lists &&
            !shape.is_union && (outermost || member.has(MemberInfo::required)))
            item = member.field(value);
        if (item == nullptr) continue;
        out.key(style.wire_names ? member.wire_name : member.name);
        write_json(out, *member.shape, item, style, false);
    }
    out.end_object();
}

void write_json(JsonWriter& out, const ShapeInfo& shape, const void* value, const JsonStyle& style,
                bool outermost) {
    if (shape.kind == Kind::structure) return write_structure(out, shape, value, style, outermost);
    if (shape.kind == Kind::map) return write_map(out, shape, value, style);
    if (shape.kind != Kind::list) return write_scalar(out, shape, value, style);
    out.begin_array();
    for (size_t i = 0; i < shape.list->size(value); ++i)
        write_json(out, *shape.element, shape.list->at(value, i), style, false);
    out.end_array();
}

// Reading. The sentences about types are those of AWS's own JSON parser.

static bool wrong_type(JsonReader& in, JsonReader::Kind found, Kind wanted) {
    const std::string to = " can not be converted to a " + std::string(kind_name(wanted));
    switch (found) {
        case JsonReader::Kind::boolean:
            return in.fail("BOOLEAN_VALUE" + to);
        case JsonReader::Kind::number:
            return in.fail("NUMBER_VALUE" + to);
        case JsonReader::Kind::string:
            return in.fail("STRING_VALUE" + to);
        case JsonReader::Kind::null:
            return in.fail("NULL_VALUE" + to);
        case JsonReader::Kind::array:
            return in.fail("Start of list found where not expected");
        case JsonReader::Kind::object:
            return in.fail("Start of structure or map found where not expected");
        case JsonReader::Kind::failed:
            return false;
    }
    return false;
}

static bool read_number(JsonReader& in, double& value) {
    std::string_view text;
    if (in.peek() == JsonReader::Kind::number) return in.read_double(value);
    if (in.peek() != JsonReader::Kind::string) return wrong_type(in, in.peek(), Kind::number);
    if (!in.read_string(text)) return false;
    return parse_scalar(shapes::number, text, &value, TimeFormat::by_protocol) &&
                   !std::isfinite(value)
               ? true
               : wrong_type(in, JsonReader::Kind::string, Kind::number);
}

static bool read_time(JsonReader& in, const ShapeInfo& shape, Time& value) {
    double seconds = 0;
    std::string_view text;
    if (in.peek() == JsonReader::Kind::number) {
        if (!in.read_double(seconds)) return false;
        value = time_of_seconds(seconds);
        return true;
    }
    if (in.peek() != JsonReader::Kind::string) return wrong_type(in, in.peek(), Kind::timestamp);
    return in.read_string(text) && (parse_time(text, shape.time_format, value) ||
                                    wrong_type(in, JsonReader::Kind::string, Kind::timestamp));
}

static bool read_integer(JsonReader& in, const ShapeInfo& shape, void* value) {
    int64_t number = 0;
    if (in.peek() != JsonReader::Kind::number) return wrong_type(in, in.peek(), shape.kind);
    if (!in.read_int(number)) return false;
    if (shape.kind == Kind::int64) {
        *static_cast<int64_t*>(value) = number;
        return true;
    }
    if (!std::in_range<int32_t>(number))
        return in.fail("Numeric value (" + std::to_string(number) + ") out of range of int");
    *static_cast<int32_t*>(value) = static_cast<int32_t>(number);
    return true;
}

static bool read_text(JsonReader& in, const ShapeInfo& shape, std::string& value) {
    if (in.peek() != JsonReader::Kind::string) return wrong_type(in, in.peek(), shape.kind);
    if (shape.kind == Kind::string) return in.read_string(value);
    std::string_view text;
    if (!in.read_string(text)) return false;
    auto bytes = from_base64(text);
    if (!bytes) return in.fail("a blob must be base64");
    value = std::move(*bytes);
    return true;
}

static bool read_list(JsonReader& in, const ShapeInfo& shape, void* value, const JsonStyle& style,
                      const Path& path, std::vector<std::string>& missing) {
    if (in.peek() != JsonReader::Kind::array) return wrong_type(in, in.peek(), Kind::list);
    in.enter_array();
    for (size_t i = 0; in.next_element(); ++i) {
        if (in.peek() == JsonReader::Kind::null) {
            in.read_null();
            missing.push_back(path.element(i).text());
            continue;
        }
        if (!read_json(in, *shape.element, shape.list->append(value), style, path.element(i),
                       missing))
            return false;
    }
    return !in.failed();
}

static bool read_map(JsonReader& in, const ShapeInfo& shape, void* value, const JsonStyle& style,
                     const Path& path, std::vector<std::string>& missing) {
    if (in.peek() != JsonReader::Kind::object) return wrong_type(in, in.peek(), Kind::map);
    in.enter_object();
    for (std::string_view name; in.next_member(name);) {
        const std::string key(name);
        if (in.peek() == JsonReader::Kind::null) {
            in.read_null();
            continue;
        }
        if (!read_json(in, *shape.element, shape.map->insert(value, key), style, path.member(key),
                       missing))
            return false;
    }
    return !in.failed();
}

// The member of that name. Clients mostly send members in the model's order: the search goes on
// from the one met last.
static const MemberInfo* find_member(const ShapeInfo& shape, std::string_view name,
                                     const JsonStyle& style, size_t& from) {
    for (size_t i = 0; i < shape.member_count; ++i) {
        const size_t at = (from + i) % shape.member_count;
        const MemberInfo& member = shape.members[at];
        if ((style.wire_names ? member.wire_name : member.name) != name) continue;
        from = at + 1;
        return &member;
    }
    return nullptr;
}

static bool read_structure(JsonReader& in, const ShapeInfo& shape, void* value,
                           const JsonStyle& style, const Path& path,
                           std::vector<std::string>& missing) {
    if (in.peek() != JsonReader::Kind::object) return wrong_type(in, in.peek(), Kind::structure);
    const bool outermost = path.parent == nullptr;
    const auto in_body = [&](const MemberInfo& member) {
        return !style.body_only || !outermost || member.in_body(style.answer);
    };
    Seen seen;
    size_t from = 0;
    in.enter_object();
    for (std::string_view name; in.next_member(name);) {
        const MemberInfo* member = find_member(shape, name, style, from);
        if (member == nullptr || !in_body(*member) || in.peek() == JsonReader::Kind::null) {
            if (!in.skip()) return false;
            continue;
        }
        seen.set(shape, *member);
        if (!read_json(in, *member->shape, member->make(value), style, path.member(member->name),
                       missing))
            return false;
    }
    seen.missing(shape, path, missing, in_body);
    return !in.failed();
}

bool read_json(JsonReader& in, const ShapeInfo& shape, void* value, const JsonStyle& style,
               const Path& path, std::vector<std::string>& missing) {
    if (path.too_deep()) return in.fail("values lie too deep within each other");
    switch (shape.kind) {
        case Kind::structure:
            return read_structure(in, shape, value, style, path, missing);
        case Kind::list:
            return read_list(in, shape, value, style, path, missing);
        case Kind::map:
            return read_map(in, shape, value, style, path, missing);
        case Kind::boolean:
            if (in.peek() != JsonReader::Kind::boolean)
                return wrong_type(in, in.peek(), shape.kind);
            return in.read_bool(*static_cast<bool*>(value));
        case Kind::int32:
        case Kind::int64:
            return read_integer(in, shape, value);
        case Kind::number:
            return read_number(in, *static_cast<double*>(value));
        case Kind::string:
        case Kind::blob:
            return read_text(in, shape, *static_cast<std::string*>(value));
        case Kind::timestamp:
            return read_time(in, shape, *static_cast<Time*>(value));
        case Kind::document:
            *static_cast<std::string*>(value) = in.read_raw();
            return !in.failed();
    }
    return false;
}

static constexpr JsonStyle stored = {
    .wire_names = false, .body_only = false, .empty_lists = false, .exact_times = true};

std::string shape_to_json(const ShapeInfo& shape, const void* value) {
    std::string out;
    JsonWriter writer(out);
    write_json(writer, shape, value, stored);
    return out;
}

Status shape_from_json(const ShapeInfo& shape, void* value, std::string_view text) {
    JsonReader in(text);
    std::vector<std::string> missing;
    read_json(in, shape, value, stored, Path{}, missing);
    REQUIRE(in.finish());
    if (!missing.empty())
        return fail("ValidationException", "Missing required members: " + join(missing, ", ") + ".",
                    400);
    return ok();
}

}  // namespace unkai::aws::protocol
