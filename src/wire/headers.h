// Headers: the header fields of one HTTP message, in the order received.
//
// Names compare without regard to case. Fields are views: of a connection's buffer (add_view) or of
// memory that the Headers own (add, set). A copy owns everything; a move keeps what it had. clear()
// keeps the memory, so that a connection's next request allocates nothing.
//
//     headers.add("content-type", "text/plain");
//     if (const auto length = headers.get("Content-Length")) …
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace unkai::wire {

class Headers {
public:
    struct Field {
        std::string_view name;
        std::string_view value;
    };

    Headers() = default;
    Headers(std::initializer_list<Field> fields);
    Headers(const Headers& other);
    Headers& operator=(const Headers& other);
    Headers(Headers&& other) noexcept;
    Headers& operator=(Headers&& other) noexcept;

    void add(std::string_view name, std::string_view value);
    // For literals, and for text that outlives this object.
    void add_view(std::string_view name, std::string_view value) {
        if (fields_.capacity() == 0) fields_.reserve(usual_fields);
        fields_.push_back({name, value});
    }
    // Replaces every field of that name by one.
    void set(std::string_view name, std::string_view value);
    // Returns how many went.
    size_t remove(std::string_view name);
    void clear();

    // The first field's value of that name.
    std::optional<std::string_view> get(std::string_view name) const;
    // The same, or empty: where a missing header means the same as an empty one.
    std::string_view value(std::string_view name) const {
        return get(name).value_or(std::string_view{});
    }
    bool has(std::string_view name) const { return get(name).has_value(); }
    size_t count(std::string_view name) const;
    // All values of that name, joined by ", ", as RFC 9110 section 5.2 allows.
    std::string joined(std::string_view name) const;
    // Whether one of the comma-separated members of those fields is `token`, without regard to
    // case.
    bool has_token(std::string_view name, std::string_view token) const;

    size_t size() const { return fields_.size(); }
    bool empty() const { return fields_.empty(); }
    const Field& operator[](size_t index) const { return fields_[index]; }
    const Field* begin() const { return fields_.data(); }
    const Field* end() const { return fields_.data() + fields_.size(); }

    // A copy of `text` that lives as long as these headers (or until clear()).
    std::string_view keep(std::string_view text);

private:
    static constexpr size_t block_bytes = 1024;
    static constexpr size_t usual_fields = 20;

    std::vector<Field> fields_;
    std::vector<std::unique_ptr<char[]>> blocks_;  // The first is kept by clear().
    size_t used_ = 0;                              // Of the last block.
    size_t room_ = 0;
};

// RFC 9110 token characters, and what a field value may hold (no controls but tab; obs-text
// passes).
bool is_token(std::string_view text);
bool is_field_value(std::string_view text);

}  // namespace unkai::wire
