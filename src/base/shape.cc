#include "base/shape.h"

#include <utility>

namespace unkai {

namespace {

template <class T>
bool same(const void* left, const void* right) {
    return *static_cast<const T*>(left) == *static_cast<const T*>(right);
}

bool same_list(const ShapeInfo& shape, const void* left, const void* right) {
    const size_t size = shape.list->size(left);
    if (size != shape.list->size(right)) return false;
    for (size_t i = 0; i < size; ++i)
        if (!same_shape(*shape.element, shape.list->at(left, i), shape.list->at(right, i)))
            return false;
    return true;
}

using Entries = std::vector<std::pair<const std::string*, const void*>>;

Entries entries_of(const ShapeInfo& shape, const void* map) {
    Entries out;
    shape.map->each(map, &out, [](void* context, const std::string& key, const void* value) {
        static_cast<Entries*>(context)->emplace_back(&key, value);
    });
    return out;
}

bool same_map(const ShapeInfo& shape, const void* left, const void* right) {
    const Entries some = entries_of(shape, left), others = entries_of(shape, right);
    if (some.size() != others.size()) return false;
    for (size_t i = 0; i < some.size(); ++i)
        if (*some[i].first != *others[i].first ||
            !same_shape(*shape.element, some[i].second, others[i].second))
            return false;
    return true;
}

bool same_members(const ShapeInfo& shape, const void* left, const void* right) {
    for (const MemberInfo& member : shape) {
        const bool container = member.shape->kind == Kind::list || member.shape->kind == Kind::map;
        // A list or map is compared by what is in it, whether the client sent it or not.
        const void* one = container ? member.field(left) : member.get(left);
        const void* other = container ? member.field(right) : member.get(right);
        if (!one || !other ? one != other : !same_shape(*member.shape, one, other)) return false;
    }
    return true;
}

}  // namespace

bool same_shape(const ShapeInfo& shape, const void* left, const void* right) {
    switch (shape.kind) {
        case Kind::boolean:
            return same<bool>(left, right);
        case Kind::int32:
            return same<int32_t>(left, right);
        case Kind::int64:
            return same<int64_t>(left, right);
        case Kind::number:
            return same<double>(left, right);
        case Kind::timestamp:
            return same<Time>(left, right);
        case Kind::list:
            return same_list(shape, left, right);
        case Kind::map:
            return same_map(shape, left, right);
        case Kind::structure:
            return same_members(shape, left, right);
        case Kind::string:
        case Kind::blob:
        case Kind::document:
            break;
    }
    return same<std::string>(left, right);
}

}  // namespace unkai
