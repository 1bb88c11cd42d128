#include "aws/protocol/cbor_shape.h"

#include "aws/protocol/scalar.h"
#include "aws/protocol/seen.h"

namespace unkai::aws::protocol {

using wire::CborReader;
using wire::CborWriter;

static void write_scalar(CborWriter& out, const ShapeInfo& shape, const void* value) {
    switch (shape.kind) {
        case Kind::boolean:
            return out.boolean(*static_cast<const bool*>(value));
        case Kind::int32:
            return out.integer(*static_cast<const int32_t*>(value));
        case Kind::int64:
            return out.integer(*static_cast<const int64_t*>(value));
        case Kind::number:
            return out.number(*static_cast<const double*>(value));
        case Kind::blob:
            return out.bytes(*static_cast<const std::string*>(value));
        case Kind::string:
        case Kind::document:
            return out.text(*static_cast<const std::string*>(value));
        case Kind::timestamp:
            return out.epoch_seconds(static_cast<double>(micros(*static_cast<const Time*>(value))) /
                                     1e6);
        default:
            CHECK(false, "not a scalar");
    }
}

static void write_map(CborWriter& out, const ShapeInfo& shape, const void* value) {
    struct Context {
        CborWriter& out;
        const ShapeInfo& element;
    } context{out, *shape.element};
    out.begin_map(shape.map->size(value));
    shape.map->each(value, &context, [](void* at, const std::string& key, const void* item) {
        const auto& to = *static_cast<const Context*>(at);
        to.out.text(key);
        write_cbor(to.out, to.element, item, false);
    });
}

// What is written of a member; nullptr for nothing. Lists of the outermost structure are, even if
// empty.
static const void* written(const ShapeInfo& shape, const MemberInfo& member, const void* object,
                           bool outermost) {
    if (const void* item = member.get(object)) return item;
    const bool collection = member.shape->kind == Kind::list || member.shape->kind == Kind::map;
    const bool anyhow = !shape.is_union && (outermost || member.has(MemberInfo::required));
    return collection && anyhow ? member.field(object) : nullptr;
}

static void write_structure(CborWriter& out, const ShapeInfo& shape, const void* value,
                            bool outermost) {
    uint64_t size = 0;
    for (const MemberInfo& member : shape)
        if (written(shape, member, value, outermost) != nullptr) ++size;
    out.begin_map(size);
    for (const MemberInfo& member : shape) {
        const void* item = written(shape, member, value, outermost);
        if (item == nullptr) continue;
        out.text(member.wire_name);
        write_cbor(out, *member.shape, item, false);
    }
}

void write_cbor(CborWriter& out, const ShapeInfo& shape, const void* value, bool outermost) {
    if (shape.kind == Kind::structure) return write_structure(out, shape, value, outermost);
    if (shape.kind == Kind::map) return write_map(out, shape, value);
    if (shape.kind != Kind::list) return write_scalar(out, shape, value);
    out.begin_array(shape.list->size(value));
    for (size_t i = 0; i < shape.list->size(value); ++i)
        write_cbor(out, *shape.element, shape.list->at(value, i), false);
}

static bool read_list(CborReader& in, const ShapeInfo& shape, void* value, const Path& path,
                      std::vector<std::string>& missing) {
    CborReader::Items items;
    if (!in.enter_array(items)) return false;
    for (size_t i = 0; in.next(items); ++i) {
        if (in.peek() == CborReader::Kind::null) {
            in.read_null();
            missing.push_back(path.element(i).text());
        } else if (!read_cbor(in, *shape.element, shape.list->append(value), path.element(i),
                              missing)) {
            return false;
        }
    }
    return !in.failed();
}

static bool read_map(CborReader& in, const ShapeInfo& shape, void* value, const Path& path,
                     std::vector<std::string>& missing) {
    CborReader::Items items;
    if (!in.enter_map(items)) return false;
    while (in.next(items)) {
        std::string key;
        if (!in.read_text(key)) return false;
        if (in.peek() == CborReader::Kind::null)
            in.read_null();
        else if (!read_cbor(in, *shape.element, shape.map->insert(value, key), path.member(key),
                            missing))
            return false;
    }
    return !in.failed();
}

static bool read_structure(CborReader& in, const ShapeInfo& shape, void* value, const Path& path,
                           std::vector<std::string>& missing) {
    CborReader::Items items;
    if (!in.enter_map(items)) return false;
    Seen seen;
    std::string name;
    while (in.next(items)) {
        if (!in.read_text(name)) return false;
        const MemberInfo* found = nullptr;
        for (const MemberInfo& member : shape)
            if (member.wire_name == name) found = &member;
        if (found == nullptr || in.peek() == CborReader::Kind::null) {
            if (!in.skip()) return false;
            continue;
        }
        seen.set(shape, *found);
        if (!read_cbor(in, *found->shape, found->make(value), path.member(found->name), missing))
            return false;
    }
    seen.missing(shape, path, missing);
    return !in.failed();
}

static bool read_integer(CborReader& in, const ShapeInfo& shape, void* value) {
    int64_t number = 0;
    if (!in.read_int(number)) return false;
    if (shape.kind == Kind::int64) {
        *static_cast<int64_t*>(value) = number;
        return true;
    }
    if (!std::in_range<int32_t>(number)) return in.fail("an integer does not fit into 32 bits");
    *static_cast<int32_t*>(value) = static_cast<int32_t>(number);
    return true;
}

static bool read_time(CborReader& in, Time& value) {
    double seconds = 0;
    if (!in.read_double(seconds)) return false;
    value = time_of_seconds(seconds);
    return true;
}

bool read_cbor(CborReader& in, const ShapeInfo& shape, void* value, const Path& path,
               std::vector<std::string>& missing) {
    if (path.too_deep()) return in.fail("values lie too deep within each other");
    switch (shape.kind) {
        case Kind::structure:
            return read_structure(in, shape, value, path, missing);
        case Kind::list:
            return read_list(in, shape, value, path, missing);
        case Kind::map:
            return read_map(in, shape, value, path, missing);
        case Kind::boolean:
            return in.read_bool(*static_cast<bool*>(value));
        case Kind::int32:
        case Kind::int64:
            return read_integer(in, shape, value);
        case Kind::number:
            return in.read_double(*static_cast<double*>(value));
        case Kind::blob:
            return in.read_bytes(*static_cast<std::string*>(value));
        case Kind::string:
        case Kind::document:
            return in.read_text(*static_cast<std::string*>(value));
        case Kind::timestamp:
            return read_time(in, *static_cast<Time*>(value));
    }
    return false;
}

}  // namespace unkai::aws::protocol
