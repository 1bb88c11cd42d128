// Shapes: constexpr descriptions of plain structs, by which one engine per wire format reads and
// writes them all (src/aws/protocol). The tables are generated from AWS's models
// (codegen/generate.py).
//
// A ShapeInfo describes a type; a MemberInfo says where a member lies in its struct and how it
// travels. Values are reached through `void*` and a few small functions per C++ type, so that the
// cost of a service is its tables and not code. Nothing here allocates; all tables live as long as
// the program.
//
//     Kind       C++ type of a value            Kind       C++ type of a value
//     boolean    bool                           blob       std::string, the bytes
//     int32      int32_t                        timestamp  Time
//     int64      int64_t                        list       List<T> (a std::vector<T>)
//     number     double                         map        Map<T>  (a std::map<std::string, T>)
//     string     std::string (also enums)       structure  the struct
//     document   std::string, JSON text
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/box.h"
#include "base/time.h"

namespace unkai {

// Vectors and maps that know whether the client sent them: an absent list (leave it alone) differs
// from an empty one (clear it). `present` is set by the decoders; set it on an empty list inside an
// output to have `[]` written. Non-empty ones, and every list directly in an output, are written
// anyhow.
template <class T>
struct List : std::vector<T> {
    using std::vector<T>::vector;
    List() = default;
    List(std::vector<T> values) : std::vector<T>(std::move(values)), present(true) {}
    List(std::initializer_list<T> values) : std::vector<T>(values), present(true) {}
    bool given() const { return present || !this->empty(); }
    bool present = false;
};

template <class T>
struct Map : std::map<std::string, T> {
    using std::map<std::string, T>::map;
    Map() = default;
    Map(std::map<std::string, T> values)
        : std::map<std::string, T>(std::move(values)), present(true) {}
    bool given() const { return present || !this->empty(); }
    bool present = false;
};

enum class Kind : uint8_t {
    boolean,
    int32,
    int64,
    number,
    string,
    blob,
    timestamp,
    document,
    list,
    map,
    structure
};
enum class TimeFormat : uint8_t { by_protocol, iso8601, epoch_seconds, http_date };
enum class Location : uint8_t { body, header, header_prefix, uri, query, status_code, payload };

// How a value lies in its field: itself (a null Storage), optional, boxed, or a list or map that
// knows whether it was given. get: the value, nullptr when absent. make: makes it present and
// returns it.
struct Storage {
    const void* (*get)(const void* field);
    void* (*make)(void* field);
};

struct ListOps {
    size_t (*size)(const void* list);
    const void* (*at)(const void* list, size_t index);
    void* (*append)(void* list);  // A new element at the end, valid until the next append.
};

struct MapOps {
    using Visit = void (*)(void* context, const std::string& key, const void* value);
    size_t (*size)(const void* map);
    void (*each)(const void* map, void* context, Visit visit);  // In the order of the keys.
    void* (*insert)(void* map, std::string_view key);           // The value of that key.
};

struct ShapeInfo;

struct MemberInfo {
    enum Flag : uint8_t {
        required = 1,
        flattened = 2,
        xml_attribute = 4,
        json_value = 8,
        idempotency_token = 16,
        host_label = 32,
        sensitive = 64
    };
    std::string_view name;       // The model's name of it.
    std::string_view wire_name;  // The name in bodies, headers, query strings; of lists in XML too.
    const ShapeInfo* shape;
    const Storage* storage;  // Null: the field is the value.
    uint32_t offset;
    Location location = Location::body;
    uint8_t flags = 0;
    std::string_view query_name = {};  // ec2's own name in requests, where the model has one.
    std::string_view xmlns = {};       // "uri" or "prefix uri"

    bool has(Flag flag) const { return (flags & flag) != 0; }
    // Answers have no URI and no query: what is bound to them travels in the body.
    bool in_body(bool answer) const {
        return location == Location::body ||
               (answer && (location == Location::uri || location == Location::query));
    }
    const void* field(const void* object) const {
        return static_cast<const char*>(object) + offset;
    }
    // The value in this object, nullptr when absent.
    const void* get(const void* object) const {
        return storage ? storage->get(field(object)) : field(object);
    }
    void* make(void* object) const {
        char* at = static_cast<char*>(object) + offset;
        return storage ? storage->make(at) : at;
    }
};

// What AWS checks before an operation runs. Lengths of strings are counted in characters.
struct Constraints {
    std::optional<double> min = std::nullopt;
    std::optional<double> max = std::nullopt;
    std::string_view pattern = {};
    const std::string_view* values = nullptr;  // An enum's.
    uint16_t value_count = 0;
    bool sensitive = false;
};

struct ShapeInfo {
    Kind kind;
    std::string_view name = {};
    const MemberInfo* members = nullptr;  // structure
    uint16_t member_count = 0;
    bool is_union = false;
    TimeFormat time_format = TimeFormat::by_protocol;
    const ShapeInfo* element = nullptr;  // list, and the values of a map
    std::string_view element_name = {};  // In XML; empty: "member", of a map "value".
    std::string_view key_name = {};      // A map's in XML; empty: "key".
    const ListOps* list = nullptr;
    const MapOps* map = nullptr;
    const Constraints* constraints = nullptr;
    const Constraints* key_constraints = nullptr;
    std::string_view xmlns = {};
    void* (*create)() = nullptr;  // Inputs and outputs of operations only.
    void (*destroy)(void*) = nullptr;

    const MemberInfo* begin() const { return members; }
    const MemberInfo* end() const { return members + member_count; }
};

// Whether two values of this shape are equal, member by member; absent differs from empty only
// where std::optional says so. Generated structs compare by this: an operator== of their own each
// would cost every file that sees them.
bool same_shape(const ShapeInfo& shape, const void* left, const void* right);

template <class T>
concept Shaped = requires { T::shape_info; };

}  // namespace unkai
