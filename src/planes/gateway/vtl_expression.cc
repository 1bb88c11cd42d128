#include <array>

#include "base/strings.h"
#include "planes/gateway/json_path.h"
#include "planes/gateway/vtl_renderer.h"

namespace unkai::planes::gateway::vtl {

Json Renderer::reference(bool live, bool* quiet) {
    ++at_;
    if (take("!")) *quiet = true;
    const bool braces = take("{");
    const std::string root = name();
    if (root.empty()) {
        write(braces ? "${" : "$", live);
        return Json("");
    }
    Json value;
    if (root == "input" || root == "util" || root == "context" || root == "stageVariables") {
        *quiet = true;
        value = built_in(root, live);
    } else {
        const auto found = variables_.find(root);
        Json* place = found == variables_.end() ? nullptr : &found->second;
        Json nothing;
        value = follow(place != nullptr ? *place : nothing, live);
    }
    if (braces && !expect('}')) return nullptr;
    return value;
}

Arguments Renderer::arguments(bool live) {
    Arguments out;
    if (!expect('(')) return out;
    spaces();
    if (take(")")) return out;
    while (!failed()) {
        out.push_back(expression(live));
        spaces();
        if (take(")")) break;
        if (!expect(',')) break;
    }
    return out;
}

Json Renderer::follow(Json& place, bool live) {
    Json held;
    Json* at = &place;
    while (!failed()) {
        if (peek() == '.' && begins_name(peek(1))) {
            ++at_;
            const std::string member = name();
            if (peek() == '(') {
                const Arguments given = arguments(live);
                auto result = live ? call_method(*at, member, given) : Json(nullptr);
                if (!result) {
                    refuse_quietly("there is no method " + member + " of a " + at->type_name());
                    return nullptr;
                }
                held = *std::move(result);
            } else {
                Json next = at->is_object() ? (*at)[member] : Json(nullptr);
                held = std::move(next);
            }
            at = &held;
        } else if (peek() == '[') {
            ++at_;
            const Json index = expression(live);
            if (!expect(']')) return nullptr;
            Json next = at->is_array() ? (*at)[static_cast<size_t>(index.int_or(INT32_MAX))]
                                       : (*at)[shown(index)];
            held = std::move(next);
            at = &held;
        } else {
            break;
        }
    }
    return *at;
}

Json Renderer::built_in(const std::string& root, bool live) {
    if (!take(".")) return root == "stageVariables" && live ? stage_variables() : Json(nullptr);
    std::string member = name();
    if (root == "context") {
        while (peek() == '.' && begins_name(peek(1))) {
            ++at_;
            member += "." + name();
        }
        if (!live) return nullptr;
        return Json(context_value(input_->turn, member).value_or(""));
    }
    Json value;
    if (root == "stageVariables") {
        if (live) value = stage_variables()[member];
    } else if (root == "input" && member == "body") {
        if (live) value = Json(input_->body);
    } else {
        const Arguments given = arguments(live);
        if (root == "util") {
            auto result = call_utility(member, given);
            if (!result) refuse_quietly("there is no $util." + member);
            value = result ? *std::move(result) : Json(nullptr);
        } else {
            value = input_method(member, given, live);
        }
    }
    return follow(value, live);
}

Json Renderer::stage_variables() const {
    Json out = Json::object();
    if (input_->turn.stage != nullptr)
        for (const auto& [key, value] : input_->turn.stage->variables) out.set(key, value);
    return out;
}

Json Renderer::input_method(const std::string& member, const Arguments& given, bool live) {
    if (member != "params" && member != "json" && member != "path") {
        refuse_quietly("there is no $input." + member);
        return nullptr;
    }
    if (!live) return nullptr;
    if (member == "params") return params(given);
    const auto body = Json::parse(input_->body);
    const Json found =
        body ? json_path(*body, given.empty() ? "$" : shown(given[0])) : Json(nullptr);
    if (member == "json") return Json(found.is_null() ? "\"\"" : found.dump());
    return found;
}

Json Renderer::params(const Arguments& given) const {
    const Turn& turn = input_->turn;
    Json path = Json::object(), query = Json::object(), header = Json::object();
    for (const auto& [key, value] : turn.path_variables) path.set(key, value);
    for (const auto& [key, value] : turn.query) query.set(key, value);
    for (const auto& [key, value] : turn.in->headers) header.set(key, value);
    if (given.empty())
        return Json::object({{"path", path}, {"querystring", query}, {"header", header}});
    const std::string wanted = shown(given[0]);
    for (const Json* group : {&path, &query})
        if (const Json* found = group->find(wanted); found != nullptr) return *found;
    if (wanted == "path") return path;
    if (wanted == "querystring") return query;
    if (wanted == "header") return header;
    return Json(turn.in->header(wanted));
}

Json Renderer::either(bool live) {
    Json left = both(live);
    while (!failed()) {
        spaces();
        if (!take("||")) break;
        const Json right = both(live);
        left = Json(is_true(left) || is_true(right));
    }
    return left;
}

Json Renderer::both(bool live) {
    Json left = binary(live, 0);
    while (!failed()) {
        spaces();
        if (!take("&&")) break;
        const Json right = binary(live, 0);
        left = Json(is_true(left) && is_true(right));
    }
    return left;
}

std::string_view Renderer::operation(int level) {
    static constexpr std::array<std::array<std::string_view, 4>, 4> operations = {
        {{"==", "!=", "", ""}, {"<=", ">=", "<", ">"}, {"+", "-", "", ""}, {"*", "/", "%", ""}}};
    spaces();
    for (const std::string_view one : operations[static_cast<size_t>(level)])
        if (!one.empty() && text_.substr(at_).starts_with(one)) {
            at_ += one.size();
            return one;
        }
    return {};
}

Json Renderer::binary(bool live, int level) {
    constexpr int levels = 4;
    if (level == levels) return unary(live);
    Json left = binary(live, level + 1);
    while (!failed()) {
        const std::string_view sign = operation(level);
        if (sign.empty()) break;
        const Json right = binary(live, level + 1);
        auto result = calculate(sign, left, right);
        left = result ? *std::move(result) : Json(nullptr);
    }
    return left;
}

Json Renderer::unary(bool live) {
    spaces();
    if (++depth_ > most_depth) refuse_quietly("it is nested too deeply");
    Json value;
    if (peek() == '!' && peek(1) != '=') {
        ++at_;
        value = Json(!is_true(unary(live)));
    } else {
        value = primary(live);
    }
    --depth_;
    return value;
}

Json Renderer::primary(bool live) {
    if (failed()) return nullptr;
    const char c = peek();
    if (c == '$') {
        bool quiet = false;
        return reference(live, &quiet);
    }
    if (c == '\'' || c == '"') return quoted(live);
    if (isdigit(static_cast<unsigned char>(c)) || c == '-') return numeral();
    if (take("true")) return true;
    if (take("false")) return false;
    if (take("null")) return nullptr;
    if (c == '(') {
        ++at_;
        Json value = expression(live);
        expect(')');
        return value;
    }
    if (c == '[') return list(live);
    if (c == '{') return map(live);
    refuse_quietly("an expression is missing");
    return nullptr;
}

Json Renderer::numeral() {
    const size_t begin = at_;
    if (peek() == '-') ++at_;
    while (isdigit(static_cast<unsigned char>(peek()))) ++at_;
    if (peek() == '.' && isdigit(static_cast<unsigned char>(peek(1)))) {
        ++at_;
        while (isdigit(static_cast<unsigned char>(peek()))) ++at_;
    }
    const auto text = text_.substr(begin, at_ - begin);
    if (const auto whole = parse_int(text)) return *whole;
    if (const auto number = parse_double(text)) return *number;
    refuse_quietly("a number is missing");
    return nullptr;
}

Json Renderer::quoted(bool live) {
    const char quote = peek();
    const size_t end = text_.find(quote, at_ + 1);
    if (end == text_.npos) {
        refuse_quietly("a quote does not end");
        return nullptr;
    }
    const std::string_view inner = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    if (quote == '\'' || inner.find_first_of("$#") == inner.npos || !live) return Json(inner);
    Renderer inside(inner, input_);
    inside.variables_ = variables_;
    inside.depth_ = depth_;
    auto text = inside.run();
    if (!text) refuse_quietly("a quoted text: " + text.error().message);
    return text ? Json(*std::move(text)) : Json(nullptr);
}

Json Renderer::list(bool live) {
    ++at_;
    Json out = Json::array();
    spaces();
    if (take("]")) return out;
    const Json first = expression(live);
    spaces();
    if (take("..")) {
        const Json last = expression(live);
        expect(']');
        const int64_t from = first.int_or(0), to = last.int_or(0);
        if (std::abs(to - from) > most_turns) {
            refuse_quietly("a range has more than 1,000 numbers");
            return nullptr;
        }
        for (int64_t i = from; from <= to ? i <= to : i >= to; i += from <= to ? 1 : -1)
            out.push(i);
        return out;
    }
    out.push(first);
    while (!failed() && !take("]")) {
        if (!expect(',')) break;
        out.push(expression(live));
        spaces();
    }
    return out;
}

Json Renderer::map(bool live) {
    ++at_;
    Json out = Json::object();
    spaces();
    while (!failed() && !take("}")) {
        const Json key = expression(live);
        if (!expect(':')) break;
        out.set(shown(key), expression(live));
        spaces();
        if (peek() == ',') ++at_;
        spaces();
    }
    return out;
}

}  // namespace unkai::planes::gateway::vtl
