#include "wire/headers.h"

#include <array>
#include <cstring>

#include "base/strings.h"

namespace unkai::wire {

namespace {

constexpr std::array<uint8_t, 256> make_classes() {
    std::array<uint8_t, 256> classes{};
    for (int c = 0; c < 256; ++c) {
        const bool alphanumeric =
            (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (alphanumeric) classes[static_cast<size_t>(c)] |= 1;
        if (c == '\t' || (c >= 0x20 && c != 0x7f)) classes[static_cast<size_t>(c)] |= 2;
    }
    for (const char c : std::string_view("!#$%&'*+-.^_`|~"))
        classes[static_cast<unsigned char>(c)] |= 1;
    return classes;
}

constexpr auto classes = make_classes();

bool all_of_class(std::string_view text, uint8_t wanted) {
    for (const char c : text)
        if ((classes[static_cast<unsigned char>(c)] & wanted) == 0) return false;
    return true;
}

}  // namespace

bool is_token(std::string_view text) { return !text.empty() && all_of_class(text, 1); }

bool is_field_value(std::string_view text) {
    constexpr uint64_t each = 0x0101010101010101;
    constexpr size_t word_size = sizeof(uint64_t);
    for (; text.size() >= word_size; text.remove_prefix(word_size)) {
        uint64_t word;
        std::memcpy(&word, text.data(), word_size);
        const uint64_t from_delete = word ^ (each * 0x7f);
        const uint64_t suspicious =
            ((word - each * 0x20) & ~word) | ((from_delete - each) & ~from_delete);
        if ((suspicious & (each * 0x80)) != 0 && !all_of_class(text.substr(0, word_size), 2))
            return false;
    }
    return all_of_class(text, 2);
}

Headers::Headers(std::initializer_list<Field> fields) {
    for (const Field& field : fields) add(field.name, field.value);
}

Headers::Headers(const Headers& other) {
    fields_.reserve(other.size());
    for (const Field& field : other) add(field.name, field.value);
}

Headers& Headers::operator=(const Headers& other) {
    if (this == &other) return *this;
    Headers copy(other);
    *this = std::move(copy);
    return *this;
}

Headers::Headers(Headers&& other) noexcept
    : fields_(std::move(other.fields_)),
      blocks_(std::move(other.blocks_)),
      used_(std::exchange(other.used_, 0)),
      room_(std::exchange(other.room_, 0)) {
    other.fields_.clear();
    other.blocks_.clear();
}

Headers& Headers::operator=(Headers&& other) noexcept {
    if (this == &other) return *this;
    fields_ = std::move(other.fields_);
    blocks_ = std::move(other.blocks_);
    used_ = std::exchange(other.used_, 0);
    room_ = std::exchange(other.room_, 0);
    other.fields_.clear();
    other.blocks_.clear();
    return *this;
}

std::string_view Headers::keep(std::string_view text) {
    if (text.empty()) return {};
    if (used_ + text.size() > room_) {
        room_ = std::max(block_bytes, text.size());
        blocks_.push_back(std::make_unique_for_overwrite<char[]>(room_));
        used_ = 0;
    }
    char* const place = blocks_.back().get() + used_;
    std::memcpy(place, text.data(), text.size());
    used_ += text.size();
    return {place, text.size()};
}

void Headers::add(std::string_view name, std::string_view value) {
    const std::string_view kept_name = keep(name);
    add_view(kept_name, keep(value));
}

void Headers::set(std::string_view name, std::string_view value) {
    const std::string_view kept = keep(value);  // First: it may be a view of a field that goes.
    bool placed = false;
    size_t left = 0;
    for (const Field& field : fields_) {
        if (!equals_ignoring_case(field.name, name)) {
            fields_[left++] = field;
        } else if (!placed) {
            placed = true;
            fields_[left++] = {field.name, kept};
        }
    }
    fields_.resize(left);
    if (!placed) fields_.push_back({keep(name), kept});
}

size_t Headers::remove(std::string_view name) {
    return std::erase_if(
        fields_, [name](const Field& field) { return equals_ignoring_case(field.name, name); });
}

void Headers::clear() {
    fields_.clear();
    if (blocks_.empty()) return;
    if (blocks_.size() == 1 && room_ == block_bytes) {
        used_ = 0;
        return;
    }
    blocks_.clear();
    used_ = room_ = 0;
}

std::optional<std::string_view> Headers::get(std::string_view name) const {
    for (const Field& field : fields_)
        if (field.name.size() == name.size() && equals_ignoring_case(field.name, name))
            return field.value;
    return std::nullopt;
}

size_t Headers::count(std::string_view name) const {
    size_t found = 0;
    for (const Field& field : fields_)
        if (equals_ignoring_case(field.name, name)) ++found;
    return found;
}

std::string Headers::joined(std::string_view name) const {
    std::string all;
    bool first = true;
    for (const Field& field : fields_) {
        if (!equals_ignoring_case(field.name, name)) continue;
        if (!first) all += ", ";
        first = false;
        all += field.value;
    }
    return all;
}

bool Headers::has_token(std::string_view name, std::string_view token) const {
    for (const Field& field : fields_) {
        if (!equals_ignoring_case(field.name, name)) continue;
        std::string_view rest = field.value;
        while (!rest.empty()) {
            const auto [member, after] = split_once(rest, ',');
            if (equals_ignoring_case(trim(member), token)) return true;
            rest = after;
        }
    }
    return false;
}

}  // namespace unkai::wire
