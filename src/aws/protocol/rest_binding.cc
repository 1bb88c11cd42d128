#include "aws/protocol/rest_binding.h"

#include "aws/protocol/path.h"
#include "aws/protocol/scalar.h"
#include "base/shape_tables.h"
#include "base/strings.h"

namespace unkai::aws::protocol {

const MemberInfo* payload_of(const ShapeInfo& shape) {
    for (const MemberInfo& member : shape)
        if (member.location == Location::payload) return &member;
    return nullptr;
}

bool has_body(const ShapeInfo& shape, bool answer) {
    for (const MemberInfo& member : shape)
        if (member.in_body(answer)) return true;
    return false;
}

static Status bad_value(const MemberInfo& member, std::string_view text) {
    return fail("MalformedValue",
                "'" + std::string(text) + "' is not a valid value of " +
                    std::string(member.wire_name) + ".",
                400);
}

static Status read_value(const MemberInfo& member, const ShapeInfo& shape, std::string_view text,
                         void* value, TimeFormat format) {
    if (member.has(MemberInfo::json_value)) {
        auto json = from_base64(text);
        if (!json) return bad_value(member, text);
        *static_cast<std::string*>(value) = std::move(*json);
        return ok();
    }
    if (!parse_scalar(shape, text, value, format)) return bad_value(member, text);
    return ok();
}

// The members of a header's list: quoted ones lose their quotes; dates have a comma of their own.
static std::vector<std::string> header_items(std::string_view text, bool dates) {
    std::vector<std::string> out;
    size_t at = 0;
    while (at < text.size()) {
        std::string item;
        while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) ++at;
        if (at < text.size() && text[at] == '"') {
            for (++at; at < text.size() && text[at] != '"'; ++at) {
                if (text[at] == '\\' && at + 1 < text.size()) ++at;
                item += text[at];
            }
            at = std::min(text.find(',', at), text.size());
        } else {
            size_t end = text.find(',', at);
            if (dates && end != text.npos) end = text.find(',', end + 1);
            end = std::min(end, text.size());
            item = trim(text.substr(at, end - at));
            at = end;
        }
        out.push_back(std::move(item));
        ++at;
    }
    return out;
}

static Status read_header(const MemberInfo& member, std::string_view text, void* object) {
    const ShapeInfo& shape = *member.shape;
    if (shape.kind != Kind::list)
        return read_value(member, shape, trim(text), member.make(object), TimeFormat::http_date);
    const ShapeInfo& element = *shape.element;
    const bool dates =
        element.kind == Kind::timestamp && (element.time_format == TimeFormat::by_protocol ||
                                            element.time_format == TimeFormat::http_date);
    void* list = member.make(object);
    for (const std::string& item : header_items(text, dates))
        REQUIRE(read_value(member, element, item, shape.list->append(list), TimeFormat::http_date));
    return ok();
}

static void read_prefixed(const MemberInfo& member, const wire::Headers& headers, void* object) {
    for (const wire::Headers::Field& field : headers) {
        if (field.name.size() < member.wire_name.size() ||
            !equals_ignoring_case(field.name.substr(0, member.wire_name.size()), member.wire_name))
            continue;
        const std::string_view key = field.name.substr(member.wire_name.size());
        void* value = member.shape->map->insert(member.make(object), key);
        *static_cast<std::string*>(value) = field.value;
    }
}

static void note_missing(const MemberInfo& member, bool found, std::vector<std::string>& missing) {
    if (!found && member.has(MemberInfo::required))
        missing.push_back(Path{}.member(member.name).text());
}

Status read_headers(const ShapeInfo& shape, const wire::Headers& headers, void* value,
                    std::vector<std::string>& missing) {
    for (const MemberInfo& member : shape) {
        if (member.location == Location::header_prefix) read_prefixed(member, headers, value);
        if (member.location != Location::header) continue;
        const bool found = headers.has(member.wire_name);
        note_missing(member, found, missing);
        if (!found) continue;
        const std::string text = headers.joined(member.wire_name);
        REQUIRE(read_header(member, text, value));
    }
    return ok();
}

struct QueryPair {
    std::string key, value;
    bool literal = false;  // Of the operation's own URI pattern: no parameter.
};

// A map takes the whole query, those parameters included that other members take.
static Status read_query_map(const MemberInfo& member, const std::vector<QueryPair>& query,
                             void* object) {
    const ShapeInfo& shape = *member.shape;
    for (const QueryPair& pair : query) {
        if (pair.literal) continue;
        void* value = shape.map->insert(member.make(object), pair.key);
        if (shape.element->kind == Kind::list) value = shape.element->list->append(value);
        if (!parse_scalar(shapes::string, pair.value, value, TimeFormat::iso8601))
            return bad_value(member, pair.value);
    }
    return ok();
}

static Status read_query(const ShapeInfo& shape, const std::vector<QueryPair>& query, void* input,
                         std::vector<std::string>& missing) {
    for (const MemberInfo& member : shape) {
        if (member.location != Location::query || member.shape->kind == Kind::map) continue;
        bool found = false;
        for (const QueryPair& pair : query) {
            if (pair.key != member.wire_name) continue;
            const bool list = member.shape->kind == Kind::list;
            if (found && !list) continue;
            void* value = member.make(input);
            const ShapeInfo& one = list ? *member.shape->element : *member.shape;
            if (list) value = member.shape->list->append(value);
            REQUIRE(read_value(member, one, pair.value, value, TimeFormat::iso8601));
            found = true;
        }
        note_missing(member, found, missing);
    }
    for (const MemberInfo& member : shape)
        if (member.location == Location::query && member.shape->kind == Kind::map)
            REQUIRE(read_query_map(member, query, input));
    return ok();
}

static Result<std::vector<QueryPair>> parse_query(std::string_view query) {
    std::vector<QueryPair> out;
    for (const std::string_view pair : split(query, '&')) {
        if (pair.empty()) continue;
        const auto [key, value] = split_once(pair, '=');
        auto name = percent_decode(key, true);
        auto text = percent_decode(value, true);
        if (!name || !text)
            return fail("InvalidURI", "The query of the request is not well encoded.", 400);
        out.push_back({std::move(*name), std::move(*text)});
    }
    return out;
}

static void mark_literals(std::string_view uri, std::vector<QueryPair>& query) {
    for (const std::string_view literal : split(split_once(uri, '?').second, '&'))
        for (QueryPair& pair : query)
            if (!literal.empty() && pair.key == split_once(literal, '=').first) pair.literal = true;
}

static bool has_query(const ShapeInfo& shape) {
    for (const MemberInfo& member : shape)
        if (member.location == Location::query) return true;
    return false;
}

Status read_bindings(const ShapeInfo& shape, const Route& route, const WireRequest& request,
                     void* input, std::vector<std::string>& missing) {
    REQUIRE(read_headers(shape, *request.headers, input, missing));
    for (const MemberInfo& member : shape) {
        if (member.location != Location::uri) continue;
        bool found = false;
        for (const auto& [label, text] : route.labels) {
            if (label != member.wire_name) continue;
            found = true;
            REQUIRE(
                read_value(member, *member.shape, text, member.make(input), TimeFormat::iso8601));
        }
        note_missing(member, found, missing);
    }
    if (!has_query(shape)) return ok();
    TRY(std::vector<QueryPair> query, parse_query(request.query));
    mark_literals(route.operation->uri, query);
    return read_query(shape, query, input, missing);
}

static std::string quoted_if_needed(const std::string& text) {
    if (text.find_first_of(",\"") == text.npos && trim(text) == text) return text;
    return "\"" + replace_all(replace_all(text, "\\", "\\\\"), "\"", "\\\"") + "\"";
}

static std::string header_text(const MemberInfo& member, const void* value) {
    const ShapeInfo& shape = *member.shape;
    if (member.has(MemberInfo::json_value)) return base64(*static_cast<const std::string*>(value));
    if (shape.kind != Kind::list) return scalar_text(shape, value, TimeFormat::http_date);
    std::vector<std::string> items;
    for (size_t i = 0; i < shape.list->size(value); ++i) {
        const std::string text =
            scalar_text(*shape.element, shape.list->at(value, i), TimeFormat::http_date);
        items.push_back(shape.element->kind == Kind::string ? quoted_if_needed(text) : text);
    }
    return join(items, ", ");
}

static void write_prefixed(const MemberInfo& member, const void* value, WireResponse& answer) {
    struct Context {
        const MemberInfo& member;
        WireResponse& answer;
    } context{member, answer};
    member.shape->map->each(value, &context,
                            [](void* at, const std::string& key, const void* item) {
                                auto& to = *static_cast<Context*>(at);
                                to.answer.add(std::string(to.member.wire_name) + key,
                                              *static_cast<const std::string*>(item));
                            });
}

void write_bindings(const ShapeInfo& shape, const void* output, WireResponse& answer) {
    for (const MemberInfo& member : shape) {
        const void* value = member.get(output);
        if (value == nullptr) continue;
        if (member.location == Location::header_prefix) write_prefixed(member, value, answer);
        if (member.location == Location::status_code)
            answer.status = *static_cast<const int32_t*>(value);
        if (member.location != Location::header) continue;
        std::string text = header_text(member, value);
        // An absent string and an empty one are the same on this wire.
        if (!text.empty()) answer.set(member.wire_name, std::move(text));
    }
}

}  // namespace unkai::aws::protocol
