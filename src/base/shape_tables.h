// What generated tables are made of: the functions behind ShapeInfo and MemberInfo, once per C++
// type, and the shapes that all services share. Included by generated sources; headers need
// base/shape.h only.
#pragma once

#include "base/shape.h"

namespace unkai {

// The functions behind the tables, once per C++ type.
template <class T>
inline constexpr Storage optional_storage = {
    [](const void* field) -> const void* {
        const auto* value = static_cast<const std::optional<T>*>(field);
        return value->has_value() ? &**value : nullptr;
    },
    [](void* field) -> void* { return &static_cast<std::optional<T>*>(field)->emplace(); }};

template <class T>
inline constexpr Storage box_storage = {
    [](const void* field) -> const void* {
        const auto* value = static_cast<const Box<T>*>(field);
        return value->has_value() ? &**value : nullptr;
    },
    [](void* field) -> void* { return &static_cast<Box<T>*>(field)->emplace(); }};

// List<T> and Map<T>: absent unless given.
template <class T>
inline constexpr Storage given_storage = {
    [](const void* field) -> const void* {
        return static_cast<const T*>(field)->given() ? field : nullptr;
    },
    [](void* field) -> void* {
        static_cast<T*>(field)->present = true;
        return field;
    }};

template <class T>
inline constexpr ListOps list_ops = {
    [](const void* list) { return static_cast<const List<T>*>(list)->size(); },
    [](const void* list, size_t index) -> const void* {
        return static_cast<const List<T>*>(list)->data() + index;
    },
    [](void* list) -> void* { return &static_cast<List<T>*>(list)->emplace_back(); }};

template <class T>
inline constexpr MapOps map_ops = {
    [](const void* map) { return static_cast<const Map<T>*>(map)->size(); },
    [](const void* map, void* context, MapOps::Visit visit) {
        for (const auto& [key, value] : *static_cast<const Map<T>*>(map))
            visit(context, key, &value);
    },
    [](void* map, std::string_view key) -> void* {
        return &(*static_cast<Map<T>*>(map))[std::string(key)];
    }};

// Shapes without constraints, shared by all services.
namespace shapes {
inline constexpr ShapeInfo boolean = {.kind = Kind::boolean};
inline constexpr ShapeInfo int32 = {.kind = Kind::int32};
inline constexpr ShapeInfo int64 = {.kind = Kind::int64};
inline constexpr ShapeInfo number = {.kind = Kind::number};
inline constexpr ShapeInfo string = {.kind = Kind::string};
inline constexpr ShapeInfo blob = {.kind = Kind::blob};
inline constexpr ShapeInfo document = {.kind = Kind::document};
inline constexpr ShapeInfo timestamp = {.kind = Kind::timestamp};
inline constexpr ShapeInfo timestamp_iso8601 = {.kind = Kind::timestamp,
                                                .time_format = TimeFormat::iso8601};
inline constexpr ShapeInfo timestamp_epoch = {.kind = Kind::timestamp,
                                              .time_format = TimeFormat::epoch_seconds};
inline constexpr ShapeInfo timestamp_http = {.kind = Kind::timestamp,
                                             .time_format = TimeFormat::http_date};
}  // namespace shapes

template <class T>
void* create_shape() {
    return new T;
}
template <class T>
void destroy_shape(void* object) {
    delete static_cast<T*>(object);
}
// Not by assignment: that would be code of its own for every member of every shape.
template <class T>
void replace_shape(void* object, T&& by) {
    static_cast<T*>(object)->~T();
    new (object) T(std::move(by));
}

}  // namespace unkai
