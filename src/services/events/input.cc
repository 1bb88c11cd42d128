#include "services/events/input.h"

#include "base/strings.h"
#include "services/events/limits.h"

namespace unkai::services::events {

using wire::Json;

namespace {

Unexpected bad_path(std::string_view path) {
    return fail(
        "ValidationException",
        "Invalid JsonPath " + std::string(path) + ": it is $ followed by .name, ['name'] and [0].",
        400);
}

// The next step of a path, taken off its front: a name or an index.
bool take_step(std::string_view& path, std::string& name, std::optional<size_t>& index) {
    index.reset();
    if (path.starts_with('.')) {
        const size_t end = path.find_first_of(".[", 1);
        name = path.substr(1, end == path.npos ? path.npos : end - 1);
        path = end == path.npos ? std::string_view() : path.substr(end);
        return !name.empty();
    }
    const size_t close = path.find(']');
    if (!path.starts_with('[') || close == path.npos) return false;
    std::string_view inner = path.substr(1, close - 1);
    path.remove_prefix(close + 1);
    if (inner.size() > 2 && (inner[0] == '\'' || inner[0] == '"') && inner.back() == inner[0]) {
        name = inner.substr(1, inner.size() - 2);
        return true;
    }
    const auto number = parse_uint(inner);
    if (number) index = static_cast<size_t>(*number);
    return number.has_value();
}

// What a variable stands for; nullptr for a name that is none.
const Json* value_of(std::string_view name, const Json& values) { return values.find(name); }

std::string inside_text(const Json& value) {
    if (!value.is_scalar()) return value.dump();
    std::string quoted;
    wire::append_json_string(quoted, value.text());
    return quoted.substr(1, quoted.size() - 2);
}

// <names> replaced: inside of quotes by the plain value, outside by its JSON.
std::string fill(std::string_view text, const Json& values) {
    std::string out;
    bool quoted = false;
    for (size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\\' && i + 1 < text.size()) {
            out += c;
            out += text[++i];
            continue;
        }
        if (c == '"') quoted = !quoted;
        const size_t close = c == '<' ? text.find('>', i) : text.npos;
        const Json* const value =
            close == text.npos ? nullptr : value_of(text.substr(i + 1, close - i - 1), values);
        if (value == nullptr) {
            out += c;
            continue;
        }
        out += quoted ? inside_text(*value) : value->is_null() ? "\"\"" : value->dump();
        i = close;
    }
    return out;
}

}  // namespace

Result<Json> at_path(const Json& event, std::string_view path) {
    const std::string_view whole = path;
    if (!path.starts_with('$')) return bad_path(whole);
    path.remove_prefix(1);
    const Json* at = &event;
    while (!path.empty()) {
        std::string name;
        std::optional<size_t> index;
        if (!take_step(path, name, index)) return bad_path(whole);
        at = index ? &(*at)[*index] : &(*at)[std::string_view(name)];
    }
    return *at;
}

Status check_input(const api::events::Target& target) {
    const int given =
        (target.input ? 1 : 0) + (target.input_path ? 1 : 0) + (target.input_transformer ? 1 : 0);
    if (given > 1)
        return fail(
            "ValidationException",
            "Only one of Input, InputPath, or InputTransformer must be provided for target " +
                target.id + ".",
            400);
    if (target.input && !Json::parse(*target.input))
        return fail("ValidationException",
                    "JSON syntax error in input for target " + target.id + ".", 400);
    if (target.input_path && !target.input_path->empty())
        REQUIRE(at_path(Json(), *target.input_path));
    if (!target.input_transformer) return ok();
    const auto& paths = target.input_transformer->input_paths_map;
    if (paths.size() > limits::transformer_paths)
        return fail("ValidationException", "InputPathsMap holds at most 100 paths.", 400);
    for (const auto& [name, path] : paths) {
        if (name.starts_with("aws."))
            return fail("ValidationException", "InputPathsMap: names do not begin with aws.", 400);
        REQUIRE(at_path(Json(), path));
    }
    return ok();
}

std::string input_for(const api::events::Target& target, const Json& event, const RuleFacts& rule) {
    if (target.input) return *target.input;
    if (target.input_path && !target.input_path->empty()) {
        const auto part = at_path(event, *target.input_path);
        return part ? part->dump() : "null";
    }
    if (!target.input_transformer) return event.dump();
    Json values = Json::object();
    for (const auto& [name, path] : target.input_transformer->input_paths_map) {
        auto part = at_path(event, path);
        values.set(name, part ? *std::move(part) : Json());
    }
    values.set("aws.events.rule-arn", rule.rule_arn);
    values.set("aws.events.rule-name", rule.rule_name);
    values.set("aws.events.event.ingestion-time", iso8601(rule.ingested));
    values.set("aws.events.event.json", event);
    Json bare = event;
    bare.as_object().erase("detail");
    values.set("aws.events.event", std::move(bare));
    return fill(target.input_transformer->input_template, values);
}

}  // namespace unkai::services::events
