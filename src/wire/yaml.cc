#include "wire/yaml.h"

#include <yaml.h>

#include "base/strings.h"

namespace unkai::wire {

namespace {

constexpr std::string_view functions[] = {
    "And",          "Base64",       "Cidr",      "Contains", "EachMemberEquals",
    "EachMemberIn", "Equals",       "FindInMap", "GetAZs",   "GetAtt",
    "If",           "ImportValue",  "Implies",   "Join",     "Length",
    "Not",          "Or",           "RefAll",    "Select",   "Split",
    "Sub",          "ToJsonString", "Transform", "ValueOf",  "ValueOfAll"};

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), text) != words.end();
}

// A decimal integer or number whose shortest spelling is `text` itself.
std::optional<Json> number_of(std::string_view text) {
    if (text.empty() || text.find_first_not_of("0123456789-.e+E") != text.npos) return std::nullopt;
    if (text[0] == '+' || text[0] == '.') return std::nullopt;
    if (const auto whole = parse_int(text); whole && std::to_string(*whole) == text)
        return Json(*whole);
    if (const auto number = parse_double(text); number && shortest_number(*number) == text)
        return Json(*number);
    return std::nullopt;
}

Json plain_scalar(std::string_view text) {
    if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) return nullptr;
    if (is_one_of(text, {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"}))
        return true;
    if (is_one_of(text, {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"}))
        return false;
    if (auto number = number_of(text)) return *std::move(number);
    return text;
}

size_t count_nodes(const Json& value) {
    size_t count = 1;
    if (value.is_array())
        for (const Json& item : value.as_array()) count += count_nodes(item);
    if (value.is_object())
        for (const auto& [name, member] : value.as_object()) count += count_nodes(member);
    return count;
}

class Event {
public:
    Event() = default;
    Event(const Event&) = delete;
    ~Event() {
        if (filled) yaml_event_delete(&raw);
    }
    yaml_event_t raw{};
    bool filled = false;
};

class Reader {
public:
    Reader(std::string_view text, YamlLimits limits) : limits_(limits) {
        CHECK(yaml_parser_initialize(&parser_) == 1, "libyaml has no memory");
        yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                     text.size());
        yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    }
    Reader(const Reader&) = delete;
    ~Reader() { yaml_parser_delete(&parser_); }

    Result<Json> read();

private:
    Status next(Event& event);
    Unexpected broken(std::string_view what, const yaml_mark_t& mark) const;
    Result<Json> node(const Event& event, int depth);
    Result<Json> untagged(const Event& event, int depth, bool tagged);
    Result<Json> scalar(const yaml_event_t& event, bool tagged);
    Result<Json> sequence(int depth);
    Result<Json> mapping(int depth);
    Result<Json> apply_tag(std::string_view tag, Json value, const yaml_mark_t& mark);

    YamlLimits limits_;
    yaml_parser_t parser_{};
    size_t nodes_ = 0;
    std::map<std::string, Json, std::less<>> anchors_;
};

const char* text_of(const yaml_char_t* text) { return reinterpret_cast<const char*>(text); }

Unexpected Reader::broken(std::string_view what, const yaml_mark_t& mark) const {
    const std::string line = std::to_string(mark.line + 1),
                      column = std::to_string(mark.column + 1);
    return unexpected(
        Error{"YamlError",
              "YAML: " + std::string(what) + " (line " + line + ", column " + column + ").",
              400,
              {{"Line", line}, {"Column", column}}});
}

Status Reader::next(Event& event) {
    event.filled = yaml_parser_parse(&parser_, &event.raw) == 1;
    if (event.filled) return ok();
    const bool placed = parser_.problem_mark.line || parser_.problem_mark.column;
    return broken(parser_.problem ? parser_.problem : "the text cannot be read",
                  placed ? parser_.problem_mark : parser_.mark);
}

Result<Json> Reader::scalar(const yaml_event_t& event, bool tagged) {
    const auto& raw = event.data.scalar;
    std::string text(text_of(raw.value), raw.length);
    if (!is_valid_utf8(text)) return broken("the text is not valid UTF-8", event.start_mark);
    const std::string_view tag = raw.tag ? text_of(raw.tag) : "";
    if (tagged || raw.style != YAML_PLAIN_SCALAR_STYLE || tag == "!" || tag == YAML_STR_TAG)
        return Json(std::move(text));
    Json value = plain_scalar(text);
    const bool matches = tag == YAML_INT_TAG     ? value.is_integer()
                         : tag == YAML_FLOAT_TAG ? value.is_number()
                         : tag == YAML_BOOL_TAG  ? value.is_bool()
                         : tag == YAML_NULL_TAG  ? value.is_null()
                                                 : tag.empty();
    if (!matches)
        return broken("the value does not fit its tag " + std::string(tag), event.start_mark);
    return value;
}

Result<Json> Reader::sequence(int depth) {
    Json::Array items;
    for (;;) {
        Event event;
        REQUIRE(next(event));
        if (event.raw.type == YAML_SEQUENCE_END_EVENT) return Json(std::move(items));
        TRY(items.emplace_back(), node(event, depth + 1));
    }
}

Result<Json> Reader::mapping(int depth) {
    Json::Object members;
    for (;;) {
        Event key;
        REQUIRE(next(key));
        if (key.raw.type == YAML_MAPPING_END_EVENT) return Json(std::move(members));
        if (key.raw.type != YAML_SCALAR_EVENT)
            return broken("a member's name must be text", key.raw.start_mark);
        const auto& raw = key.raw.data.scalar;
        const std::string name(text_of(raw.value), raw.length);
        if (!is_valid_utf8(name)) return broken("the text is not valid UTF-8", key.raw.start_mark);
        if (name == "<<" && raw.style == YAML_PLAIN_SCALAR_STYLE)
            return broken("merge keys (<<) are not supported; repeat the members",
                          key.raw.start_mark);
        if (members.contains(name))
            return broken("the member \"" + name + "\" is there twice", key.raw.start_mark);
        Event event;
        REQUIRE(next(event));
        TRY(members[name], node(event, depth + 1));
    }
}

Result<Json> Reader::apply_tag(std::string_view tag, Json value, const yaml_mark_t& mark) {
    const std::string_view name = tag.substr(1);
    if (name == "Ref" || name == "Condition") return Json::object({{name, std::move(value)}});
    if (std::find(std::begin(functions), std::end(functions), name) == std::end(functions))
        return broken("the tag " + std::string(tag) + " is unknown", mark);
    if (name == "GetAtt" && value.is_string()) {
        const auto [resource, attribute] = split_once(value.as_string(), '.');
        if (attribute.empty())
            return broken(
                "!GetAtt needs the form Resource.Attribute, not \"" + value.as_string() + "\"",
                mark);
        value = Json::array({resource, attribute});
    }
    return Json::object({{"Fn::" + std::string(name), std::move(value)}});
}

Result<Json> Reader::untagged(const Event& event, int depth, bool tagged) {
    switch (event.raw.type) {
        case YAML_SCALAR_EVENT:
            return scalar(event.raw, tagged);
        case YAML_SEQUENCE_START_EVENT:
            return sequence(depth);
        default:
            return mapping(depth);
    }
}

Result<Json> Reader::node(const Event& event, int depth) {
    const yaml_mark_t mark = event.raw.start_mark;
    if (depth > limits_.depth)
        return broken("more than " + std::to_string(limits_.depth) + " levels", mark);
    const auto too_many = [&] { return broken("too many nodes, aliases counted in full", mark); };
    if (event.raw.type == YAML_ALIAS_EVENT) {
        const auto found = anchors_.find(text_of(event.raw.data.alias.anchor));
        if (found == anchors_.end()) return broken("the alias names no anchor before it", mark);
        nodes_ += count_nodes(found->second);
        if (nodes_ > limits_.nodes) return too_many();
        return found->second;
    }
    if (++nodes_ > limits_.nodes) return too_many();
    const auto& data = event.raw.data;
    const bool is_scalar = event.raw.type == YAML_SCALAR_EVENT;
    const bool is_sequence = event.raw.type == YAML_SEQUENCE_START_EVENT;
    const auto* raw_tag = is_scalar     ? data.scalar.tag
                          : is_sequence ? data.sequence_start.tag
                                        : data.mapping_start.tag;
    const auto* raw_anchor = is_scalar     ? data.scalar.anchor
                             : is_sequence ? data.sequence_start.anchor
                                           : data.mapping_start.anchor;
    const std::string tag = raw_tag ? text_of(raw_tag) : "";
    const bool local = tag.size() > 1 && tag[0] == '!';
    const bool standard = !is_scalar && !tag.empty() && !local && tag != "!";
    if (standard && tag != YAML_SEQ_TAG && tag != YAML_MAP_TAG)
        return broken("the tag " + tag + " is not supported", mark);
    TRY(Json value, untagged(event, depth, local));
    if (local) {
        TRY(value, apply_tag(tag, std::move(value), mark));
    }
    if (raw_anchor) anchors_[text_of(raw_anchor)] = value;
    return value;
}

Result<Json> Reader::read() {
    Json value;
    int documents = 0;
    for (;;) {
        Event event;
        REQUIRE(next(event));
        switch (event.raw.type) {
            case YAML_STREAM_END_EVENT:
                return value;
            case YAML_STREAM_START_EVENT:
            case YAML_DOCUMENT_END_EVENT:
                break;
            case YAML_DOCUMENT_START_EVENT:
                if (++documents > 1)
                    return broken("a second document; one is allowed", event.raw.start_mark);
                break;
            default: {
                TRY(value, node(event, 1));
            }
        }
    }
}

}  // namespace

Result<Json> parse_yaml(std::string_view text, YamlLimits limits) {
    if (text.size() > limits.bytes)
        return fail("YamlError",
                    "YAML: the text has " + std::to_string(text.size()) +
                        " bytes, more than the limit of " + std::to_string(limits.bytes) + ".",
                    400);
    return Reader(text, limits).read();
}

}  // namespace unkai::wire
