#include "planes/gateway/vtl_values.h"

#include <cmath>
#include <regex>

#include "base/strings.h"

namespace unkai::planes::gateway::vtl {

using wire::Json;

std::string shown(const Json& value) { return value.is_scalar() ? value.text() : value.dump(); }

bool is_true(const Json& value) {
    if (value.is_bool()) return value.as_bool();
    if (value.is_string()) return !value.as_string().empty();
    return !value.is_null();
}

std::optional<Json> calculate(std::string_view operation, const Json& a, const Json& b) {
    if (operation == "==")
        return Json(a == b || (!a.is_null() && !b.is_null() && shown(a) == shown(b)));
    if (operation == "!=")
        return Json(!(a == b || (!a.is_null() && !b.is_null() && shown(a) == shown(b))));
    const bool numbers = a.is_number() && b.is_number();
    if (operation == "+" && !numbers) return Json(shown(a) + shown(b));
    if (!numbers) {
        if (operation == "<") return Json(shown(a) < shown(b));
        if (operation == ">") return Json(shown(a) > shown(b));
        if (operation == "<=") return Json(shown(a) <= shown(b));
        if (operation == ">=") return Json(shown(a) >= shown(b));
        return Json(nullptr);
    }
    const double x = a.as_double(), y = b.as_double();
    if (operation == "<") return Json(x < y);
    if (operation == ">") return Json(x > y);
    if (operation == "<=") return Json(x <= y);
    if (operation == ">=") return Json(x >= y);
    const bool whole = a.is_integer() && b.is_integer();
    if ((operation == "/" || operation == "%") && y == 0) return Json(nullptr);
    double result = 0;
    if (operation == "+")
        result = x + y;
    else if (operation == "-")
        result = x - y;
    else if (operation == "*")
        result = x * y;
    else if (operation == "/")
        result = whole ? std::trunc(x / y) : x / y;
    else if (operation == "%")
        result = std::fmod(x, y);
    else
        return std::nullopt;
    if (whole) return Json(static_cast<int64_t>(result));
    return Json(result);
}

namespace {

std::string text_at(const Arguments& arguments, size_t index) {
    return index < arguments.size() ? shown(arguments[index]) : "";
}

Json replaced(const std::string& text, const std::string& pattern, const std::string& with) {
    try {
        return std::regex_replace(
            text, std::regex(pattern, std::regex::ECMAScript | std::regex_constants::__polynomial),
            with);
    } catch (const std::regex_error&) {
        return text;
    }
}

Json substring(const std::string& text, const Arguments& arguments) {
    const auto clamp = [&](int64_t at) {
        return static_cast<size_t>(std::clamp<int64_t>(at, 0, static_cast<int64_t>(text.size())));
    };
    const size_t from = clamp(arguments.empty() ? 0 : arguments[0].int_or(0));
    const size_t to = arguments.size() > 1 ? clamp(arguments[1].int_or(0)) : text.size();
    return text.substr(from, to > from ? to - from : 0);
}

std::optional<Json> text_method(const std::string& text, std::string_view name,
                                const Arguments& arguments) {
    const std::string first = text_at(arguments, 0);
    if (name == "length" || name == "size") return Json(text.size());
    if (name == "isEmpty") return Json(text.empty());
    if (name == "toLowerCase") return Json(to_lower(text));
    if (name == "toUpperCase") return Json(to_upper(text));
    if (name == "trim") return Json(trim(text));
    if (name == "contains") return Json(text.find(first) != text.npos);
    if (name == "startsWith") return Json(text.starts_with(first));
    if (name == "endsWith") return Json(text.ends_with(first));
    if (name == "equals") return Json(text == first);
    if (name == "equalsIgnoreCase") return Json(equals_ignoring_case(text, first));
    if (name == "concat") return Json(text + first);
    if (name == "substring") return substring(text, arguments);
    if (name == "replace") return Json(replace_all(text, first, text_at(arguments, 1)));
    if (name == "replaceAll") return replaced(text, first, text_at(arguments, 1));
    if (name == "matches") {
        try {
            return Json(std::regex_match(
                text,
                std::regex(first, std::regex::ECMAScript | std::regex_constants::__polynomial)));
        } catch (const std::regex_error&) {
            return Json(false);
        }
    }
    if (name == "indexOf") {
        const size_t at = text.find(first);
        return Json(at == text.npos ? int64_t{-1} : static_cast<int64_t>(at));
    }
    if (name == "split") {
        Json out = Json::array();
        if (first.size() == 1)
            for (const std::string_view part : split(text, first[0])) out.push(part);
        else
            out.push(text);
        return out;
    }
    return std::nullopt;
}

std::optional<Json> list_method(Json& list, std::string_view name, const Arguments& arguments) {
    if (name == "size") return Json(list.size());
    if (name == "isEmpty") return Json(list.size() == 0);
    if (name == "get")
        return arguments.empty() ? Json(nullptr)
                                 : list[static_cast<size_t>(arguments[0].int_or(INT32_MAX))];
    if (name == "contains") {
        for (const Json& one : list.as_array())
            if (!arguments.empty() && one == arguments[0]) return Json(true);
        return Json(false);
    }
    if (name == "add" && arguments.size() == 1) {
        list.push(arguments[0]);
        return Json(true);
    }
    return std::nullopt;
}

std::optional<Json> map_method(Json& map, std::string_view name, const Arguments& arguments) {
    const std::string first = text_at(arguments, 0);
    if (name == "size") return Json(map.size());
    if (name == "isEmpty") return Json(map.size() == 0);
    if (name == "get") return map[first];
    if (name == "containsKey") return Json(map.find(first) != nullptr);
    if (name == "keySet" || name == "values" || name == "entrySet") {
        Json out = Json::array();
        for (const auto& member : map.as_object()) {
            if (name == "keySet") out.push(member.name);
            if (name == "values") out.push(member.value);
            if (name == "entrySet")
                out.push(Json::object({{"key", member.name}, {"value", member.value}}));
        }
        return out;
    }
    if (name == "put" && arguments.size() == 2) {
        Json before = map[first];
        map.set(first, arguments[1]);
        return before;
    }
    if (name == "remove" && arguments.size() == 1) {
        Json before = map[first];
        map.as_object().erase(first);
        return before;
    }
    return std::nullopt;
}

std::string escape_java_script(const std::string& text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\'':
                out += "\\'";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '/':
                out += "\\/";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            case '\b':
                out += "\\b";
                break;
            case '\f':
                out += "\\f";
                break;
            default:
                out += c;
        }
    }
    return out;
}

}  // namespace

std::optional<Json> call_method(Json& value, std::string_view name, const Arguments& arguments) {
    if (name == "toString") return Json(shown(value));
    if (value.is_array()) return list_method(value, name, arguments);
    if (value.is_object()) return map_method(value, name, arguments);
    if (value.is_null()) return Json(nullptr);
    return text_method(value.text(), name, arguments);
}

std::optional<Json> call_utility(std::string_view name, const Arguments& arguments) {
    const std::string text = text_at(arguments, 0);
    if (name == "escapeJavaScript") return Json(escape_java_script(text));
    if (name == "urlEncode") return Json(percent_encode(text));
    if (name == "urlDecode") return Json(percent_decode(text, true).value_or(text));
    if (name == "base64Encode") return Json(base64(text));
    if (name == "base64Decode") return Json(from_base64(text).value_or(""));
    if (name == "parseJson") {
        auto parsed = Json::parse(text);
        return parsed ? *std::move(parsed) : Json(nullptr);
    }
    if (name == "qr" || name == "quiet") return Json("");
    return std::nullopt;
}

}  // namespace unkai::planes::gateway::vtl
