// For tests: values made at run time, behind the same tables as generated structs. A structure is a
// Dynamic, its members are slots in it; the shapes come from dynamic_shapes.h.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "aws/protocol/scalar.h"
#include "base/shape_tables.h"
#include "base/strings.h"
#include "wire/json.h"

namespace unkai::aws::protocol {

struct Dynamic;
using Slot = std::unique_ptr<Dynamic>;

struct Dynamic {
    static constexpr size_t most_members = 64;
    std::array<Slot, most_members> members;  // First: a member's offset counts from the object.
    bool flag = false;
    int32_t int32 = 0;
    int64_t int64 = 0;
    double number = 0;
    std::string text;
    Time time;
    std::vector<Slot> list;
    std::map<std::string, Slot> map;
};

// The address of a value of that kind in a slot: what the tables' functions hand out.
inline void* value_in(Kind kind, Slot& slot) {
    if (!slot) slot = std::make_unique<Dynamic>();
    switch (kind) {
        case Kind::boolean:
            return &slot->flag;
        case Kind::int32:
            return &slot->int32;
        case Kind::int64:
            return &slot->int64;
        case Kind::number:
            return &slot->number;
        case Kind::string:
        case Kind::blob:
        case Kind::document:
            return &slot->text;
        case Kind::timestamp:
            return &slot->time;
        case Kind::structure:
            return slot.get();
        case Kind::list:
        case Kind::map:
            return &slot;
    }
    return nullptr;
}

inline Slot& slot_of(const void* field) { return *static_cast<Slot*>(const_cast<void*>(field)); }

template <Kind kind>
inline constexpr Storage dynamic_storage = {
    [](const void* field) -> const void* {
        return slot_of(field) ? value_in(kind, slot_of(field)) : nullptr;
    },
    [](void* field) -> void* { return value_in(kind, slot_of(field)); }};

template <Kind kind>
inline constexpr ListOps dynamic_list = {
    [](const void* list) { return slot_of(list) ? slot_of(list)->list.size() : 0; },
    [](const void* list, size_t index) -> const void* {
        return value_in(kind, slot_of(list)->list[index]);
    },
    [](void* list) -> void* { return value_in(kind, slot_of(list)->list.emplace_back()); }};

template <Kind kind>
inline constexpr MapOps dynamic_map = {
    [](const void* map) { return slot_of(map) ? slot_of(map)->map.size() : 0; },
    [](const void* map, void* context, MapOps::Visit visit) {
        if (!slot_of(map)) return;
        for (auto& [key, slot] : slot_of(map)->map) visit(context, key, value_in(kind, slot));
    },
    [](void* map, std::string_view key) -> void* {
        return value_in(kind, slot_of(map)->map[std::string(key)]);
    }};

// One of these per kind, chosen at run time.
struct KindTables {
    const Storage* storage;
    const ListOps* list;
    const MapOps* map;
};
template <Kind... kinds>
constexpr std::array<KindTables, sizeof...(kinds)> all_tables() {
    return {KindTables{&dynamic_storage<kinds>, &dynamic_list<kinds>, &dynamic_map<kinds>}...};
}
inline const KindTables& tables_of(Kind kind) {
    static constexpr auto tables =
        all_tables<Kind::boolean, Kind::int32, Kind::int64, Kind::number, Kind::string, Kind::blob,
                   Kind::timestamp, Kind::document, Kind::list, Kind::map, Kind::structure>();
    return tables[static_cast<size_t>(kind)];
}

// A value as a test vector writes it: times as seconds, blobs as their bytes, NaN by name.
inline void fill(const ShapeInfo& shape, const wire::Json& json, void* value) {
    if (shape.kind == Kind::structure) {
        for (const MemberInfo& member : shape) {
            const wire::Json* item = json.find(member.name);
            if (item != nullptr && !item->is_null()) fill(*member.shape, *item, member.make(value));
        }
    } else if (shape.kind == Kind::list) {
        for (const wire::Json& item : json.as_array())
            if (!item.is_null()) fill(*shape.element, item, shape.list->append(value));
    } else if (shape.kind == Kind::map) {
        for (const auto& [key, item] : json.as_object())
            if (!item.is_null()) fill(*shape.element, item, shape.map->insert(value, key));
    } else if (shape.kind == Kind::timestamp) {
        *static_cast<Time*>(value) = time_of_seconds(json.as_double());
    } else if (shape.kind == Kind::document || (is_text(shape.kind) && !json.is_string())) {
        *static_cast<std::string*>(value) = json.dump();
    } else if (is_text(shape.kind)) {
        *static_cast<std::string*>(value) = json.as_string();
    } else {
        CHECK(parse_scalar(shape, json.text(), value, TimeFormat::by_protocol),
              "a bad value in a vector");
    }
}

// The reverse, for comparison: whatever is not there is left out.
inline wire::Json show(const ShapeInfo& shape, const void* value) {
    if (shape.kind == Kind::structure) {
        wire::Json out = wire::Json::object();
        for (const MemberInfo& member : shape)
            if (const void* item = member.get(value))
                out.set(member.name, show(*member.shape, item));
        return out;
    }
    if (shape.kind == Kind::list) {
        wire::Json out = wire::Json::array();
        for (size_t i = 0; i < shape.list->size(value); ++i)
            out.push(show(*shape.element, shape.list->at(value, i)));
        return out;
    }
    if (shape.kind == Kind::map) {
        struct Context {
            const ShapeInfo& element;
            wire::Json out = wire::Json::object();
        } context{*shape.element};
        shape.map->each(value, &context, [](void* at, const std::string& key, const void* item) {
            auto& to = *static_cast<Context*>(at);
            to.out.set(key, show(to.element, item));
        });
        return context.out;
    }
    if (shape.kind == Kind::document) {
        const auto json = wire::Json::parse(*static_cast<const std::string*>(value));
        return json ? *json : wire::Json("not JSON");
    }
    if (shape.kind == Kind::blob) return *static_cast<const std::string*>(value);
    return scalar_text(shape, value, TimeFormat::iso8601);
}

}  // namespace unkai::aws::protocol
