#include "planes/gateway/json_path.h"

#include <cmath>
#include <regex>

#include "base/strings.h"

namespace unkai::planes::gateway {

using wire::Json;

namespace {

// One step of a path; an empty name is a wildcard.
struct Step {
    std::string name;
    std::optional<int64_t> index;
    bool wildcard = false;
};

bool take_bracket(std::string_view& path, Step& step) {
    const size_t end = path.find(']');
    if (end == path.npos) return false;
    const std::string_view inner = trim(path.substr(1, end - 1));
    path.remove_prefix(end + 1);
    if (inner == "*") {
        step.wildcard = true;
    } else if (inner.size() >= 2 && (inner.front() == '\'' || inner.front() == '"')) {
        step.name = inner.substr(1, inner.size() - 2);
    } else {
        step.index = parse_int(inner);
        if (!step.index) return false;
    }
    return true;
}

bool take_step(std::string_view& path, Step& step) {
    if (path.front() == '[') return take_bracket(path, step);
    if (path.front() != '.') return false;
    path.remove_prefix(1);
    const size_t end = std::min(path.find_first_of(".["), path.size());
    step.name = path.substr(0, end);
    step.wildcard = step.name == "*";
    path.remove_prefix(end);
    return !step.name.empty();
}

Json walk(const Json& at, std::string_view path) {
    if (path.empty()) return at;
    Step step;
    if (!take_step(path, step)) return nullptr;
    if (step.wildcard) {
        Json out = Json::array();
        if (at.is_array())
            for (const Json& one : at.as_array()) out.push(walk(one, path));
        if (at.is_object())
            for (const auto& member : at.as_object()) out.push(walk(member.value, path));
        return out;
    }
    if (step.index) {
        const int64_t index =
            *step.index < 0 ? *step.index + static_cast<int64_t>(at.size()) : *step.index;
        if (!at.is_array() || index < 0 || index >= static_cast<int64_t>(at.size())) return nullptr;
        return walk(at[static_cast<size_t>(index)], path);
    }
    const Json* member = at.find(step.name);
    return member == nullptr ? Json(nullptr) : walk(*member, path);
}

class Validator {
public:
    Validator(const std::map<std::string, Json>& models, std::string& why)
        : models_(models), why_(why) {}

    bool check(const Json& value, const Json& schema, const Json& root, int depth) {
        constexpr int deepest = 64;
        if (depth > deepest) return refuse("the schema refers to itself without end");
        if (!schema.is_object()) return true;
        if (const Json& reference = schema["$ref"]; reference.is_string())
            return follow(value, reference.as_string(), root, depth);
        return check_type(value, schema["type"]) && check_enum(value, schema["enum"]) &&
               check_numbers(value, schema) && check_text(value, schema) &&
               check_list(value, schema, root, depth) && check_object(value, schema, root, depth) &&
               check_combined(value, schema, root, depth);
    }

private:
    bool refuse(std::string why) {
        if (why_.empty()) why_ = std::move(why);
        return false;
    }

    bool follow(const Json& value, std::string_view reference, const Json& root, int depth) {
        if (reference.starts_with("#/")) {
            const Json* at = &root;
            for (const std::string_view part : split(reference.substr(2), '/'))
                at = &(*at)[replace_all(replace_all(part, "~1", "/"), "~0", "~")];
            return at->is_null() ? refuse("unresolved reference " + std::string(reference))
                                 : check(value, *at, root, depth + 1);
        }
        const size_t slash = reference.rfind('/');
        const auto model = models_.find(std::string(reference.substr(slash + 1)));
        if (model == models_.end()) return refuse("unresolved reference " + std::string(reference));
        return check(value, model->second, model->second, depth + 1);
    }

    static bool is_of_type(const Json& value, std::string_view type) {
        if (type == "integer")
            return value.is_integer() ||
                   (value.is_number() && value.as_double() == std::floor(value.as_double()));
        return type == value.type_name();
    }

    bool check_type(const Json& value, const Json& type) {
        if (type.is_null()) return true;
        bool good = type.is_string() && is_of_type(value, type.as_string());
        if (type.is_array())
            for (const Json& one : type.as_array())
                good = good || is_of_type(value, one.string_or(""));
        return good || refuse(std::string("instance type (") + value.type_name() +
                              ") does not match any allowed primitive type");
    }

    bool check_enum(const Json& value, const Json& values) {
        if (!values.is_array()) return true;
        for (const Json& one : values.as_array())
            if (one == value) return true;
        return refuse("instance value not found in enum");
    }

    bool check_numbers(const Json& value, const Json& schema) {
        if (!value.is_number()) return true;
        const double number = value.as_double();
        const auto exclusive = [&](const char* name) { return schema[name].bool_or(false); };
        if (schema["minimum"].is_number()) {
            const double limit = schema["minimum"].as_double();
            if (number < limit || (exclusive("exclusiveMinimum") && number == limit))
                return refuse("numeric instance is lower than the required minimum");
        }
        if (schema["maximum"].is_number()) {
            const double limit = schema["maximum"].as_double();
            if (number > limit || (exclusive("exclusiveMaximum") && number == limit))
                return refuse("numeric instance is greater than the required maximum");
        }
        const Json& step = schema["multipleOf"];
        if (step.is_number() && step.as_double() > 0 &&
            std::fabs(std::remainder(number, step.as_double())) > 1e-9)
            return refuse("numeric instance is not a multiple of the required number");
        return true;
    }

    bool check_text(const Json& value, const Json& schema) {
        if (!value.is_string()) return true;
        const std::string& text = value.as_string();
        const auto length = static_cast<int64_t>(
            std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
        if (length < schema["minLength"].int_or(0)) return refuse("string is too short");
        if (length > schema["maxLength"].int_or(INT64_MAX)) return refuse("string is too long");
        if (!schema["pattern"].is_string()) return true;
        try {
            const std::regex pattern(schema["pattern"].as_string(),
                                     std::regex::ECMAScript | std::regex_constants::__polynomial);
            if (!std::regex_search(text, pattern))
                return refuse("ECMA 262 regex does not match input string");
        } catch (const std::regex_error&) {
            return refuse("the schema's pattern is not a regular expression");
        }
        return true;
    }

    bool check_list(const Json& value, const Json& schema, const Json& root, int depth) {
        if (!value.is_array()) return true;
        const auto size = static_cast<int64_t>(value.size());
        if (size < schema["minItems"].int_or(0)) return refuse("array is too short");
        if (size > schema["maxItems"].int_or(INT64_MAX)) return refuse("array is too long");
        if (schema["uniqueItems"].bool_or(false))
            for (size_t i = 0; i < value.size(); ++i)
                for (size_t j = 0; j < i; ++j)
                    if (value[i] == value[j]) return refuse("array must not contain duplicates");
        const Json& items = schema["items"];
        for (size_t i = 0; i < value.size(); ++i) {
            const Json& one = items.is_array() ? items[i] : items;
            if (one.is_object() && !check(value[i], one, root, depth + 1)) return false;
        }
        return true;
    }

    bool check_object(const Json& value, const Json& schema, const Json& root, int depth) {
        if (!value.is_object()) return true;
        if (schema["required"].is_array())
            for (const Json& name : schema["required"].as_array())
                if (value.find(name.string_or("")) == nullptr)
                    return refuse("object has missing required properties ([\"" +
                                  name.string_or("") + "\"])");
        const Json& more = schema["additionalProperties"];
        for (const auto& member : value.as_object()) {
            if (const Json* own = schema["properties"].find(member.name); own != nullptr) {
                if (!check(member.value, *own, root, depth + 1)) return false;
            } else if (more.is_bool() && !more.as_bool()) {
                return refuse(
                    "object instance has properties which are not allowed by the "
                    "schema: [\"" +
                    member.name + "\"]");
            } else if (more.is_object() && !check(member.value, more, root, depth + 1)) {
                return false;
            }
        }
        return true;
    }

    size_t matching(const Json& value, const Json& schemas, const Json& root, int depth) {
        size_t count = 0;
        for (const Json& one : schemas.as_array()) {
            std::string unused;
            if (Validator(models_, unused).check(value, one, root, depth + 1)) ++count;
        }
        return count;
    }

    bool check_combined(const Json& value, const Json& schema, const Json& root, int depth) {
        if (schema["allOf"].is_array())
            for (const Json& one : schema["allOf"].as_array())
                if (!check(value, one, root, depth + 1)) return false;
        if (schema["anyOf"].is_array() && matching(value, schema["anyOf"], root, depth) == 0)
            return refuse("instance failed to match at least one required schema");
        if (schema["oneOf"].is_array() && matching(value, schema["oneOf"], root, depth) != 1)
            return refuse("instance failed to match exactly one schema");
        if (schema["not"].is_object()) {
            std::string unused;
            if (Validator(models_, unused).check(value, schema["not"], root, depth + 1))
                return refuse("instance matched a schema which it should not have");
        }
        return true;
    }

    const std::map<std::string, Json>& models_;
    std::string& why_;
};

}  // namespace

Json json_path(const Json& document, std::string_view path) {
    path = trim(path);
    if (path.starts_with('$')) path.remove_prefix(1);
    if (!path.empty() && path.front() != '.' && path.front() != '[')
        return walk(document, "." + std::string(path));
    return walk(document, path);
}

bool fits_schema(const Json& value, const Json& schema, const std::map<std::string, Json>& models,
                 std::string& why) {
    return Validator(models, why).check(value, schema, schema, 0);
}

}  // namespace unkai::planes::gateway
