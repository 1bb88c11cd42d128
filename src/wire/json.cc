#include "wire/json.h"

namespace unkai::wire {

namespace {
constexpr size_t index_from = 16;  // Members from which on look-up goes through a hash index.
constexpr size_t nowhere = static_cast<size_t>(-1);
const Json shared_null;
}  // namespace

JsonObject::JsonObject() = default;
JsonObject::JsonObject(const JsonObject& other)
    : members_(other.members_),
      index_(other.index_ ? std::make_unique<std::unordered_map<std::string, size_t>>(*other.index_)
                          : nullptr) {}
JsonObject::JsonObject(JsonObject&&) noexcept = default;
JsonObject& JsonObject::operator=(const JsonObject& other) {
    if (this != &other) *this = JsonObject(other);
    return *this;
}
JsonObject& JsonObject::operator=(JsonObject&&) noexcept = default;
JsonObject::~JsonObject() = default;

size_t JsonObject::size() const { return members_.size(); }
JsonObject::Member* JsonObject::begin() { return members_.data(); }
JsonObject::Member* JsonObject::end() { return members_.data() + members_.size(); }
const JsonObject::Member* JsonObject::begin() const { return members_.data(); }
const JsonObject::Member* JsonObject::end() const { return members_.data() + members_.size(); }

size_t JsonObject::position(std::string_view name) const {
    if (index_) {
        const auto found = index_->find(std::string(name));
        return found == index_->end() ? nowhere : found->second;
    }
    for (size_t i = 0; i < members_.size(); ++i)
        if (members_[i].name == name) return i;
    return nowhere;
}

Json* JsonObject::find(std::string_view name) {
    const size_t at = position(name);
    return at == nowhere ? nullptr : &members_[at].value;
}

const Json* JsonObject::find(std::string_view name) const {
    const size_t at = position(name);
    return at == nowhere ? nullptr : &members_[at].value;
}

Json& JsonObject::operator[](std::string_view name) {
    if (Json* found = find(name)) return *found;
    members_.push_back(Member{std::string(name), Json()});
    if (index_) {
        index_->emplace(name, members_.size() - 1);
    } else if (members_.size() >= index_from) {
        index_ = std::make_unique<std::unordered_map<std::string, size_t>>();
        for (size_t i = 0; i < members_.size(); ++i) index_->emplace(members_[i].name, i);
    }
    return members_.back().value;
}

bool JsonObject::erase(std::string_view name) {
    const size_t at = position(name);
    if (at == nowhere) return false;
    members_.erase(members_.begin() + static_cast<ptrdiff_t>(at));
    if (index_) {
        index_->erase(std::string(name));
        for (auto& [other, place] : *index_)
            if (place > at) --place;
    }
    return true;
}

Json Json::object(std::initializer_list<std::pair<std::string_view, Json>> members) {
    Object made;
    for (const auto& [name, value] : members) made[name] = value;
    return made;
}

Result<Json> Json::parse(std::string_view text, JsonLimits limits) {
    JsonReader reader(text, limits);
    Json value;
    reader.read(value);
    REQUIRE(reader.finish());
    return value;
}

std::string Json::dump() const {
    std::string out;
    JsonWriter(out).value(*this);
    return out;
}

std::string Json::dump_pretty() const {
    std::string out;
    JsonWriter(out, true).value(*this);
    return out;
}

const char* Json::type_name() const {
    static constexpr const char* names[] = {"null",   "boolean", "number", "number",
                                            "string", "array",   "object"};
    return names[value_.index()];
}

bool Json::as_bool() const {
    CHECK(is_bool());
    return *std::get_if<bool>(&value_);
}
int64_t Json::as_int() const {
    CHECK(is_integer());
    return *std::get_if<int64_t>(&value_);
}
double Json::as_double() const {
    CHECK(is_number());
    return is_integer() ? static_cast<double>(as_int()) : *std::get_if<double>(&value_);
}
const std::string& Json::as_string() const {
    CHECK(is_string());
    return *std::get_if<std::string>(&value_);
}
std::string& Json::as_string() {
    CHECK(is_string());
    return *std::get_if<std::string>(&value_);
}
const Json::Array& Json::as_array() const {
    CHECK(is_array());
    return *std::get_if<Array>(&value_);
}
Json::Array& Json::as_array() {
    CHECK(is_array());
    return *std::get_if<Array>(&value_);
}
const Json::Object& Json::as_object() const {
    CHECK(is_object());
    return *std::get_if<Object>(&value_);
}
Json::Object& Json::as_object() {
    CHECK(is_object());
    return *std::get_if<Object>(&value_);
}

std::string Json::string_or(std::string_view other) const {
    return is_string() ? as_string() : std::string(other);
}
int64_t Json::int_or(int64_t other) const { return is_integer() ? as_int() : other; }
bool Json::bool_or(bool other) const { return is_bool() ? as_bool() : other; }

std::string Json::text() const {
    if (is_string()) return as_string();
    return is_null() || !is_scalar() ? std::string() : dump();
}

const Json* Json::find(std::string_view name) const {
    return is_object() ? as_object().find(name) : nullptr;
}

const Json& Json::operator[](std::string_view name) const {
    const Json* found = find(name);
    return found ? *found : shared_null;
}

const Json& Json::operator[](size_t index) const {
    return is_array() && index < as_array().size() ? as_array()[index] : shared_null;
}

void Json::set(std::string_view name, Json value) {
    if (is_null()) value_ = Object();
    as_object()[name] = std::move(value);
}

void Json::push(Json value) {
    if (is_null()) value_ = Array();
    as_array().push_back(std::move(value));
}

size_t Json::size() const {
    return is_array() ? as_array().size() : is_object() ? as_object().size() : 0;
}

bool Json::operator==(const Json& other) const {
    if (is_number() && other.is_number()) {
        if (is_integer() && other.is_integer()) return as_int() == other.as_int();
        return as_double() == other.as_double();
    }
    if (type() != other.type()) return false;
    if (is_string()) return as_string() == other.as_string();
    if (is_bool()) return as_bool() == other.as_bool();
    if (is_array()) return as_array() == other.as_array();
    if (!is_object()) return true;
    if (size() != other.size()) return false;
    for (const auto& [name, value] : as_object()) {
        const Json* found = other.find(name);
        if (!found || !(*found == value)) return false;
    }
    return true;
}

}  // namespace unkai::wire
