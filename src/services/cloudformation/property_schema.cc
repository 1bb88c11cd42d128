#include "services/cloudformation/property_schema.h"

#include <map>

#include "base/strings.h"

namespace unkai::services::cloudformation {

namespace {

using Kind = PropertyType::Kind;

class SchemaParser {
public:
    explicit SchemaParser(std::string_view text) : text_(text) {}

    PropertyType members() {
        PropertyType made{.kind = Kind::object};
        for (skip_space(); at_ < text_.size() && text_[at_] != '}'; skip_space())
            made.members.push_back(member());
        return made;
    }

private:
    PropertyType::Member member() {
        PropertyType::Member made;
        while (at_ < text_.size() && isalnum(static_cast<unsigned char>(text_[at_])))
            made.name += text_[at_++];
        CHECK(!made.name.empty(), "a property schema without a name");
        for (; at_ < text_.size() && (text_[at_] == '!' || text_[at_] == '^'); ++at_)
            (text_[at_] == '!' ? made.required : made.replaces) = true;
        made.type.kind = Kind::by_api;
        if (at_ < text_.size() && text_[at_] == ':') {
            ++at_;
            made.type = type();
        }
        return made;
    }
    PropertyType type() {
        if (text_.substr(at_).starts_with("tags")) {
            at_ += 4;
            return {.kind = Kind::list, .element = {SchemaParser("Key!:s Value!:s").members()}};
        }
        const char mark = text_[at_++];
        switch (mark) {
            case 's':
                return {.kind = Kind::string};
            case 'i':
                return {.kind = Kind::integer};
            case 'n':
                return {.kind = Kind::number};
            case 'b':
                return {.kind = Kind::boolean};
            case 'j':
                return {.kind = Kind::any};
            case 'm':
                return {.kind = Kind::map};
            case '[': {
                PropertyType made{.kind = Kind::list, .element = {type()}};
                CHECK(text_[at_++] == ']', "a property schema's list does not end");
                return made;
            }
            case '{': {
                PropertyType made = members();
                CHECK(at_ < text_.size() && text_[at_++] == '}',
                      "a property schema's object does not end");
                return made;
            }
            default:
                check_failed(__FILE__, __LINE__, "property schema", "no such type");
        }
    }
    void skip_space() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
    }

    std::string_view text_;
    size_t at_ = 0;
};

Unexpected misfit(const std::string& path, const char* wanted, const Json& value) {
    return validation_error(path + ": expected type: " + wanted + ", found: " + value.type_name());
}

Result<Json> fit_scalar(const Json& value, Kind kind, const std::string& path) {
    if (!value.is_scalar() || value.is_null())
        return misfit(path,
                      kind == Kind::string    ? "String"
                      : kind == Kind::boolean ? "Boolean"
                                              : "Number",
                      value);
    const std::string text = value.text();
    if (kind == Kind::string) return Json(text);
    if (kind == Kind::boolean) {
        if (equals_ignoring_case(text, "true")) return Json(true);
        if (equals_ignoring_case(text, "false")) return Json(false);
        return misfit(path, "Boolean", value);
    }
    if (const auto whole = parse_int(text)) return Json(*whole);
    const auto number = parse_double(text);
    if (!number ||
        (kind == Kind::integer && *number != static_cast<double>(static_cast<int64_t>(*number))))
        return misfit(path, kind == Kind::integer ? "Integer" : "Number", value);
    if (kind == Kind::integer) return Json(static_cast<int64_t>(*number));
    return Json(*number);
}

// Text that becomes a value only later: {{resolve:…}}, {{changeSet:…}}.
bool is_known_later(const Json& value) {
    return function_of(value) ||
           (value.is_string() && value.as_string().find("{{") != std::string::npos);
}

template <class FitElement>
Result<Json> fit_list(const Json& value, const std::string& path, const FitElement& fit_element) {
    const Json::Array single{value};
    const Json::Array& items = value.is_array() ? value.as_array() : single;
    Json made = Json::array();
    for (size_t i = 0; i < items.size(); ++i) {
        TRY(Json item, fit_element(items[i], path + "/" + std::to_string(i)));
        made.push(std::move(item));
    }
    return made;
}

Result<Json> fit_object(const Json& value, const PropertyType& type, Fit how,
                        const std::string& path) {
    if (!value.is_object()) return misfit(path, "JSONObject", value);
    Json made = Json::object();
    for (const auto& [name, member] : value.as_object()) {
        const auto known =
            std::find_if(type.members.begin(), type.members.end(),
                         [&, &wanted = name](const auto& one) { return one.name == wanted; });
        if (known == type.members.end())
            return validation_error(path + ": extraneous key [" + name + "] is not permitted");
        TRY(Json fitted, fit_property(member, known->type, how, path + "/" + name));
        made.set(name, std::move(fitted));
    }
    for (const auto& known : type.members)
        if (known.required && !made.find(known.name))
            return validation_error(path + ": required key [" + known.name + "] not found");
    return made;
}

bool is_quantity_and_items(const ShapeInfo& shape) {
    bool quantity = false, items = false;
    for (const MemberInfo& member : shape) {
        quantity = quantity || member.name == "Quantity";
        items = items || member.name == "Items";
    }
    return quantity && items;
}

const MemberInfo* find_member(const ShapeInfo& shape, std::string_view name) {
    for (const MemberInfo& member : shape)
        if (member.name == name) return &member;
    for (const MemberInfo& member : shape)
        if (equals_ignoring_case(member.name, name)) return &member;
    return nullptr;
}

Result<Json> fit_structure(const Json& value, const ShapeInfo& shape, Fit how,
                           const std::string& path) {
    if (value.is_array() && is_quantity_and_items(shape)) {
        const Json object = Json::object({{"Quantity", value.size()}, {"Items", value}});
        return fit_structure(object, shape, how, path);
    }
    if (!value.is_object()) return misfit(path, "JSONObject", value);
    Json made = Json::object();
    for (const auto& [name, member] : value.as_object()) {
        const MemberInfo* known = find_member(shape, name);
        if (!known)
            return validation_error(path + ": extraneous key [" + name + "] is not permitted");
        TRY(Json fitted, fit_shape(member, *known->shape, how, path + "/" + name));
        made.set(known->name, std::move(fitted));
    }
    return made;
}

}  // namespace

const PropertyType& property_schema(std::string_view text) {
    static std::map<std::string_view, PropertyType> known;  // Texts are literals of the program.
    const auto found = known.find(text);
    if (found != known.end()) return found->second;
    return known.emplace(text, SchemaParser(text).members()).first->second;
}

Result<Json> fit_property(const Json& value, const PropertyType& type, Fit how,
                          const std::string& path) {
    if (how == Fit::unevaluated && is_known_later(value)) return value;
    switch (type.kind) {
        case Kind::any:
        case Kind::by_api:
            return value;
        case Kind::list:
            return fit_list(value, path, [&](const Json& item, const std::string& inner) {
                return fit_property(item, type.element[0], how, inner);
            });
        case Kind::object:
            return fit_object(value, type, how, path);
        case Kind::map: {
            if (!value.is_object()) return misfit(path, "JSONObject", value);
            Json made = Json::object();
            for (const auto& [name, member] : value.as_object()) {
                TRY(Json fitted,
                    fit_property(member, {.kind = Kind::string}, how, path + "/" + name));
                made.set(name, std::move(fitted));
            }
            return made;
        }
        default:
            return fit_scalar(value, type.kind, path);
    }
}

Result<Json> fit_shape(const Json& value, const ShapeInfo& shape, Fit how,
                       const std::string& path) {
    if (how == Fit::unevaluated && is_known_later(value)) return value;
    switch (shape.kind) {
        case unkai::Kind::boolean:
            return fit_scalar(value, Kind::boolean, path);
        case unkai::Kind::int32:
        case unkai::Kind::int64:
            return fit_scalar(value, Kind::integer, path);
        case unkai::Kind::number:
            return fit_scalar(value, Kind::number, path);
        case unkai::Kind::string:
        case unkai::Kind::blob:
            return fit_scalar(value, Kind::string, path);
        case unkai::Kind::timestamp:
        case unkai::Kind::document:
            return value;
        case unkai::Kind::structure:
            return fit_structure(value, shape, how, path);
        case unkai::Kind::list:
            return fit_list(value, path, [&](const Json& item, const std::string& inner) {
                return fit_shape(item, *shape.element, how, inner);
            });
        case unkai::Kind::map: {
            if (!value.is_object()) return misfit(path, "JSONObject", value);
            Json made = Json::object();
            for (const auto& [name, member] : value.as_object()) {
                TRY(Json fitted, fit_shape(member, *shape.element, how, path + "/" + name));
                made.set(name, std::move(fitted));
            }
            return made;
        }
    }
    return value;
}

}  // namespace unkai::services::cloudformation
