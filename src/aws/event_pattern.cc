#include "aws/event_pattern.h"

#include <arpa/inet.h>

#include <cstring>

#include "base/strings.h"

namespace unkai::aws {

using wire::Json;

class EventPattern::Compiler {
public:
    explicit Compiler(EventPattern& out) : out_(out) {}

    Result<Node> node(const Json& json, int level) {
        if (!json.is_object()) return bad("a pattern must be an object");
        if (level > most_levels) return bad("the pattern is nested too deeply");
        if (json.size() == 0) return bad("an object must not be empty");
        Node node;
        for (const auto& [name, value] : json.as_object()) {
            // An $or of anything but two or more objects is a plain member of that name.
            if (name == "$or" && value.is_array() && value.size() > 1 && value[0].is_object()) {
                TRY(auto alternatives, alternatives_of(value, level));
                node.alternatives.push_back(std::move(alternatives));
                continue;
            }
            Node::Member member{.name = name};
            if (value.is_object()) {
                member.nested = true;
                TRY(member.inner, this->node(value, level + 1));
            } else if (value.is_array()) {
                TRY(member.tests, tests(name, value));
                ++out_.keys_;
                out_.combinations_ *= static_cast<double>(member.tests.size());
            } else {
                return bad("\"" + name + "\" must be an object or an array");
            }
            node.members.push_back(std::move(member));
        }
        return node;
    }

private:
    static Unexpected bad(const std::string& what) {
        return fail("InvalidEventPattern", "Event pattern is not valid. Reason: " + what + ".",
                    400);
    }

    Result<std::vector<Node>> alternatives_of(const Json& list, int level) {
        std::vector<Node> out;
        for (const Json& item : list.as_array()) {
            TRY(Node inner, node(item, level + 1));
            out.push_back(std::move(inner));
        }
        return out;
    }

    Result<std::vector<Test>> tests(const std::string& name, const Json& list) {
        if (list.size() == 0) return bad("the array of \"" + name + "\" must not be empty");
        std::vector<Test> out;
        for (const Json& item : list.as_array()) {
            if (++count_ > most_tests) return bad("the pattern has too many values");
            TRY(Test made, test(name, item));
            out.push_back(std::move(made));
        }
        return out;
    }

    Result<Test> test(const std::string& name, const Json& item) {
        if (item.is_array()) return bad("\"" + name + "\" holds an array within an array");
        if (!item.is_object()) return Test{.value = item};
        if (item.size() != 1)
            return bad("a test of \"" + name + "\" must have exactly one operator");
        const auto& [word, value] = *item.as_object().begin();
        if (word == "exists") {
            if (!value.is_bool()) return bad("exists takes true or false");
            return Test{.kind = Test::Kind::exists, .value = value};
        }
        if (word == "numeric") return numeric(value);
        if (word == "anything-but") return anything_but(name, value);
        if (word == "cidr") {
            const std::string text = value.string_or("");
            if (!address_in_network(split_once(text, '/').first, text))
                return bad("cidr takes a network such as \"10.0.0.0/24\"");
            return Test{.kind = Test::Kind::cidr, .value = value};
        }
        return text_test(word, value);
    }

    Result<Test> text_test(const std::string& word, const Json& value) {
        static constexpr std::pair<std::string_view, Test::Kind> words[] = {
            {"prefix", Test::Kind::prefix},
            {"suffix", Test::Kind::suffix},
            {"equals-ignore-case", Test::Kind::same_letters},
            {"wildcard", Test::Kind::wildcard}};
        for (const auto& [known, kind] : words) {
            if (word != known) continue;
            const bool affix = kind == Test::Kind::prefix || kind == Test::Kind::suffix;
            const bool inner = affix && value.is_object() && value.size() == 1 &&
                               value["equals-ignore-case"].is_string();
            const Json& text = inner ? value["equals-ignore-case"] : value;
            if (!text.is_string()) return bad(word + " takes a string");
            if (kind == Test::Kind::wildcard && text.as_string().find("**") != std::string::npos)
                return bad("consecutive wildcards (**) are not allowed");
            Test out{.kind = kind, .value = text, .ignore_case = inner};
            if (inner) out.value = to_lower(text.as_string());
            return out;
        }
        return bad("unrecognized match type " + word);
    }

    static Result<Test> numeric(const Json& value) {
        Test out{.kind = Test::Kind::numeric};
        if (!value.is_array() || value.size() % 2 != 0 || value.size() == 0 || value.size() > 4)
            return bad("numeric takes one or two pairs of an operator and a number");
        for (size_t i = 0; i < value.size(); i += 2) {
            const std::string op = value[i].string_or("");
            const bool known = op == "=" || op == "<" || op == "<=" || op == ">" || op == ">=";
            if (!known || !value[i + 1].is_number())
                return bad("numeric takes =, <, <=, > or >= and a number after each");
            out.bounds.emplace_back(op, value[i + 1].as_double());
        }
        return out;
    }

    Result<Test> anything_but(const std::string& name, const Json& value) {
        Test out{.kind = Test::Kind::anything_but};
        if (value.is_object()) {
            if (value.size() != 1) return bad("anything-but takes exactly one operator");
            const auto& [word, inner] = *value.as_object().begin();
            const Json::Array one{inner};
            for (const Json& item : inner.is_array() ? inner.as_array() : one) {
                TRY(Test part, text_test(word, item));
                out.parts.push_back(std::move(part));
            }
        } else if (value.is_array()) {
            for (const Json& item : value.as_array()) {
                if (!item.is_string() && !item.is_number())
                    return bad("anything-but takes strings and numbers, in \"" + name + "\"");
                out.parts.push_back({.value = item});
            }
        } else {
            if (!value.is_scalar()) return bad("anything-but takes a value or a list of values");
            out.parts.push_back({.value = value});
        }
        if (out.parts.empty()) return bad("anything-but takes at least one value");
        return out;
    }

    EventPattern& out_;
    size_t count_ = 0;
};

Result<EventPattern> EventPattern::compile(std::string_view json) {
    auto parsed = Json::parse(json);
    if (!parsed)
        return fail("InvalidEventPattern",
                    "Event pattern is not valid. Reason: it is not JSON: " + parsed.error().message,
                    400);
    return compile(*parsed);
}

Result<EventPattern> EventPattern::compile(const Json& pattern) {
    EventPattern out;
    TRY(out.root_, Compiler(out).node(pattern, 0));
    return out;
}

namespace {

bool in_bounds(const std::vector<std::pair<std::string, double>>& bounds, double number) {
    for (const auto& [op, bound] : bounds) {
        const bool good = op == "="    ? number == bound
                          : op == "<"  ? number < bound
                          : op == "<=" ? number <= bound
                          : op == ">"  ? number > bound
                                       : number >= bound;
        if (!good) return false;
    }
    return true;
}

// `*` is any run; a backslash takes a star or a backslash literally.
bool wildcard_matches(std::string_view pattern, std::string_view text) {
    size_t p = 0, t = 0;
    size_t star = std::string_view::npos, mark = 0;
    while (t < text.size()) {
        const bool escaped = p + 1 < pattern.size() && pattern[p] == '\\';
        if (p < pattern.size() && pattern[p] == '*') {
            star = ++p;
            mark = t;
        } else if (p < pattern.size() && pattern[p + (escaped ? 1 : 0)] == text[t]) {
            p += escaped ? 2 : 1;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star;
            t = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

}  // namespace

bool EventPattern::holds(const Test& test, const Json* value) {
    if (test.kind == Test::Kind::exists)
        return test.value.as_bool() == (value != nullptr && !value->is_object());
    if (value == nullptr || !value->is_scalar()) return false;
    if (test.kind == Test::Kind::equals)
        return value->type() == test.value.type() || (value->is_number() && test.value.is_number())
                   ? *value == test.value
                   : false;
    if (test.kind == Test::Kind::anything_but) {
        for (const Test& part : test.parts)
            if (holds(part, value)) return false;
        return true;
    }
    if (test.kind == Test::Kind::numeric)
        return value->is_number() && in_bounds(test.bounds, value->as_double());
    if (!value->is_string()) return false;
    const std::string text = test.ignore_case ? to_lower(value->as_string()) : value->as_string();
    const std::string& wanted = test.value.as_string();
    switch (test.kind) {
        case Test::Kind::prefix:
            return text.starts_with(wanted);
        case Test::Kind::suffix:
            return text.ends_with(wanted);
        case Test::Kind::same_letters:
            return equals_ignoring_case(text, wanted);
        case Test::Kind::wildcard:
            return wildcard_matches(wanted, text);
        case Test::Kind::cidr:
            return address_in_network(text, wanted);
        default:
            return false;
    }
}

bool EventPattern::any_holds(const std::vector<Test>& tests, const Json* value) {
    if (value != nullptr && value->is_array()) {
        for (const Test& test : tests) {
            if (test.kind == Test::Kind::exists && holds(test, value)) return true;
            for (const Json& item : value->as_array())
                if (test.kind != Test::Kind::exists && holds(test, &item)) return true;
        }
        return false;
    }
    for (const Test& test : tests)
        if (holds(test, value)) return true;
    return false;
}

bool EventPattern::member_matches(const Node::Member& member, const Json& document) {
    const Json* const value = document.find(member.name);
    if (!member.nested) return any_holds(member.tests, value);
    static const Json nothing;
    if (value == nullptr || value->is_null()) return matches(member.inner, nothing);
    if (!value->is_array()) return matches(member.inner, *value);
    for (const Json& item : value->as_array())
        if (matches(member.inner, item)) return true;
    return false;
}

bool EventPattern::matches(const Node& node, const Json& document) {
    for (const Node::Member& member : node.members)
        if (!member_matches(member, document)) return false;
    for (const auto& alternatives : node.alternatives) {
        bool any = false;
        for (const Node& alternative : alternatives) any = any || matches(alternative, document);
        if (!any) return false;
    }
    return true;
}

bool address_in_network(std::string_view address, std::string_view network) {
    const auto [base, bits_text] = split_once(network, '/');
    const int family = base.find(':') == base.npos ? AF_INET : AF_INET6;
    unsigned char want[16], have[16];
    if (::inet_pton(family, std::string(base).c_str(), want) != 1) return false;
    if (::inet_pton(family, std::string(address).c_str(), have) != 1) return false;
    const size_t all = family == AF_INET ? 32 : 128;
    const size_t bits = bits_text.empty() ? all : parse_uint(bits_text).value_or(all + 1);
    if (bits > all || std::memcmp(want, have, bits / 8) != 0) return false;
    const auto mask = static_cast<unsigned char>(0xFF00 >> bits % 8);
    return bits % 8 == 0 || (want[bits / 8] & mask) == (have[bits / 8] & mask);
}

}  // namespace unkai::aws
