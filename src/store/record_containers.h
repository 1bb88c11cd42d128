// Records' containers: pairs, vectors, sets, maps. Included by store/record.h.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "store/record.h"

namespace unkai::store {

template <class A, class B>
struct Codec<std::pair<A, B>> {
    static void encode(std::string& out, const std::pair<A, B>& value) {
        std::string part;
        Codec<A>::encode(part, value.first);
        put_bytes(out, part);
        Codec<B>::encode(out, value.second);
    }
    static bool decode(std::string_view in, std::pair<A, B>& value) {
        std::string_view part;
        return take_bytes(in, part) && Codec<A>::decode(part, value.first) &&
               Codec<B>::decode(in, value.second);
    }
};

// Each element with its length before it.
template <class C, class Element>
struct SequenceCodec {
    static void encode(std::string& out, const C& values) {
        for (const auto& value : values) {
            std::string bytes;
            Codec<Element>::encode(bytes, value);
            put_bytes(out, bytes);
        }
    }
    static bool decode(std::string_view in, C& values) {
        values.clear();
        while (!in.empty()) {
            std::string_view bytes;
            Element element{};
            if (!take_bytes(in, bytes) || !Codec<Element>::decode(bytes, element)) return false;
            values.insert(values.end(), std::move(element));
        }
        return true;
    }
};

template <class T>
struct Codec<std::vector<T>> : SequenceCodec<std::vector<T>, T> {};
template <class T, class L>
struct Codec<std::set<T, L>> : SequenceCodec<std::set<T, L>, T> {};
template <class K, class V, class L>
struct Codec<std::map<K, V, L>> : SequenceCodec<std::map<K, V, L>, std::pair<K, V>> {};

}  // namespace unkai::store
