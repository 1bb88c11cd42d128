// JSON (RFC 8259) as a value, for documents whose shape nobody knows ahead (templates, policies).
// For known shapes use JsonReader and JsonWriter (wire/json_stream.h, included here): no DOM, less
// cost.
//
//     TRY(Json policy, Json::parse(text));
//     const std::string effect = policy["Statement"][0]["Effect"].string_or("Deny");
//
// The rules of reading, and its errors, are those of wire/json_stream.h. Pure; no I/O.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "wire/json_stream.h"

namespace unkai::wire {

class Json;

// Members in the order in which they came; look-up by name is O(1) from 16 members on.
class JsonObject {
public:
    struct Member;
    JsonObject();
    JsonObject(const JsonObject&);
    JsonObject(JsonObject&&) noexcept;
    JsonObject& operator=(const JsonObject&);
    JsonObject& operator=(JsonObject&&) noexcept;
    ~JsonObject();

    Json* find(std::string_view name);
    const Json* find(std::string_view name) const;
    Json& operator[](std::string_view name);  // Adds a null when there is none.
    bool erase(std::string_view name);        // O(members).
    bool contains(std::string_view name) const { return find(name) != nullptr; }
    size_t size() const;
    bool empty() const { return size() == 0; }
    Member* begin();
    Member* end();
    const Member* begin() const;
    const Member* end() const;

private:
    size_t position(std::string_view name) const;
    std::vector<Member> members_;
    std::unique_ptr<std::unordered_map<std::string, size_t>> index_;
};

class Json {
public:
    enum class Type { null, boolean, integer, number, string, array, object };
    using Array = std::vector<Json>;
    using Object = JsonObject;

    Json() = default;
    Json(std::nullptr_t) {}
    template <std::same_as<bool> T>  // Never a pointer.
    Json(T value) : value_(value) {}
    template <std::integral T>
        requires(!std::same_as<T, bool>)
    Json(T value) {
        if (std::in_range<int64_t>(value))
            value_ = static_cast<int64_t>(value);
        else
            value_ = static_cast<double>(value);
    }
    Json(double value) : value_(value) {}
    Json(std::string value) : value_(std::move(value)) {}
    Json(std::string_view value) : value_(std::string(value)) {}
    Json(const char* value) : value_(std::string(value)) {}
    Json(Array value) : value_(std::move(value)) {}
    Json(Object value) : value_(std::move(value)) {}
    static Json array(std::initializer_list<Json> items = {}) { return Json(Array(items)); }
    static Json object(std::initializer_list<std::pair<std::string_view, Json>> members = {});

    static Result<Json> parse(std::string_view text, JsonLimits limits = {});
    std::string dump() const;         // Compact.
    std::string dump_pretty() const;  // Two spaces a level, no newline at the end.

    Type type() const { return static_cast<Type>(value_.index()); }
    const char* type_name() const;  // "null", "boolean", "number", "string", "array", "object"
    bool is_null() const { return type() == Type::null; }
    bool is_bool() const { return type() == Type::boolean; }
    bool is_integer() const { return type() == Type::integer; }
    bool is_number() const { return type() == Type::integer || type() == Type::number; }
    bool is_string() const { return type() == Type::string; }
    bool is_array() const { return type() == Type::array; }
    bool is_object() const { return type() == Type::object; }
    bool is_scalar() const { return !is_array() && !is_object(); }

    // The value as that type; anything else is a bug (CHECK). Ask is_…() first, or use the …_or()
    // forms.
    bool as_bool() const;
    int64_t as_int() const;
    double as_double() const;  // Integers too.
    const std::string& as_string() const;
    std::string& as_string();
    const Array& as_array() const;
    Array& as_array();
    const Object& as_object() const;
    Object& as_object();

    std::string string_or(std::string_view other) const;
    int64_t int_or(int64_t other) const;
    bool bool_or(bool other) const;
    // A scalar as text: strings as they are, true/false, numbers in their shortest form, null
    // empty.
    std::string text() const;

    // A member or an element; a shared null where there is none or this is no object/array.
    const Json& operator[](std::string_view name) const;
    const Json& operator[](const char* name) const { return (*this)[std::string_view(name)]; }
    const Json& operator[](size_t index) const;
    const Json& operator[](int index) const { return (*this)[static_cast<size_t>(index)]; }
    const Json* find(std::string_view name) const;
    void set(std::string_view name, Json value);  // Makes an object of a null.
    void push(Json value);                        // Makes an array of a null.
    size_t size() const;                          // Of an array or object; 0 otherwise.

    // Equal values; the order of members does not count, 1 equals 1.0.
    bool operator==(const Json& other) const;

private:
    std::variant<std::monostate, bool, int64_t, double, std::string, Array, Object> value_;
};

struct JsonObject::Member {
    std::string name;
    Json value;
};

}  // namespace unkai::wire
