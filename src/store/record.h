// Records to bytes and back. A record names its fields with numbers that are never reused:
//
//     struct Queue {
//         std::string name;
//         std::optional<Time> deleted_at;
//         void fields(auto& field) {
//             field(1, name);
//             field(2, deleted_at);
//         }
//     };
//
// Unknown numbers are skipped and missing ones keep their default, so that older and newer programs
// read each other's records. An empty optional takes no space.
// Fields may be: bool, integers, double, std::string, Time, Duration, enums, optional, vector, set
// and map of those, pair, and other records. A type of one's own gets a Codec specialization.
#pragma once

#include <concepts>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace unkai::store {

void put_varint(std::string& out, uint64_t value);
// False when the bytes are cut or too long.
bool take_varint(std::string_view& in, uint64_t& value);
void put_bytes(std::string& out, std::string_view bytes);
bool take_bytes(std::string_view& in, std::string_view& bytes);

// encode appends a value; decode takes the whole of `in` and is false for damaged bytes.
template <class T>
struct Codec;

struct FieldReader;

template <class T>
concept Record = requires(T& record, FieldReader& reader) { record.fields(reader); };

struct FieldWriter {
    std::string& out;
    template <class T>
    void operator()(uint32_t number, const T& value) {
        // Only what is empty whatever a record's default is may be left out.
        if constexpr (requires { value.has_value(); }) {
            if (!value.has_value()) return;
        }
        put_varint(out, number);
        std::string bytes;
        Codec<T>::encode(bytes, value);
        put_bytes(out, bytes);
    }
};

struct FieldReader {
    uint32_t wanted;
    std::string_view bytes;
    bool good = true;
    template <class T>
    void operator()(uint32_t number, T& value) {
        if (number == wanted) good = Codec<T>::decode(bytes, value);
    }
};

template <Record T>
struct Codec<T> {
    static void encode(std::string& out, const T& value) {
        FieldWriter writer{out};
        const_cast<T&>(value).fields(writer);  // The writer only reads.
    }
    static bool decode(std::string_view in, T& value) {
        while (!in.empty()) {
            uint64_t number;
            std::string_view bytes;
            if (!take_varint(in, number) || !take_bytes(in, bytes)) return false;
            FieldReader reader{static_cast<uint32_t>(number), bytes};
            value.fields(reader);
            if (!reader.good) return false;
        }
        return true;
    }
};

template <class T>
    requires std::integral<T> || std::is_enum_v<T>
struct Codec<T> {
    static void encode(std::string& out, T value) {
        const auto wide = static_cast<int64_t>(value);
        put_varint(out, static_cast<uint64_t>(wide) << 1 ^ static_cast<uint64_t>(wide >> 63));
    }
    static bool decode(std::string_view in, T& value) {
        uint64_t raw;
        if (!take_varint(in, raw)) return false;
        value = static_cast<T>(static_cast<int64_t>(raw >> 1 ^ (~(raw & 1) + 1)));
        return in.empty();
    }
};

template <>
struct Codec<double> {
    static void encode(std::string& out, double value) {
        char bytes[sizeof value];
        std::memcpy(bytes, &value, sizeof value);
        out.append(bytes, sizeof value);
    }
    static bool decode(std::string_view in, double& value) {
        if (in.size() != sizeof value) return false;
        std::memcpy(&value, in.data(), sizeof value);
        return true;
    }
};

template <>
struct Codec<std::string> {
    static void encode(std::string& out, const std::string& value) { out += value; }
    static bool decode(std::string_view in, std::string& value) {
        value = in;
        return true;
    }
};

template <>
struct Codec<Duration> {
    static void encode(std::string& out, Duration value) {
        Codec<int64_t>::encode(out, value.count());
    }
    static bool decode(std::string_view in, Duration& value) {
        int64_t raw;
        if (!Codec<int64_t>::decode(in, raw)) return false;
        value = Duration{raw};
        return true;
    }
};

template <>
struct Codec<Time> {
    static void encode(std::string& out, Time value) { Codec<int64_t>::encode(out, micros(value)); }
    static bool decode(std::string_view in, Time& value) {
        Duration raw;
        if (!Codec<Duration>::decode(in, raw)) return false;
        value = Time{raw};
        return true;
    }
};

template <class T>
struct Codec<std::optional<T>> {
    static void encode(std::string& out, const std::optional<T>& value) {
        if (value) Codec<T>::encode(out, *value);  // An empty optional is never written at all.
    }
    static bool decode(std::string_view in, std::optional<T>& value) {
        return Codec<T>::decode(in, value.emplace());
    }
};

}  // namespace unkai::store

#include "store/record_containers.h"  // IWYU pragma: export
