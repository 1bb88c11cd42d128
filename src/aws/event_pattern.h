// Event patterns: what EventBridge rules, SNS filter policies and Lambda's event filters say of a
// JSON document. Pure.
//
//     TRY(const EventPattern pattern, EventPattern::compile(R"({"source": [{"prefix":
//     "aws."}]})")); if (pattern.matches(event)) …
//
// An object's members must all hold; a list holds when one of its tests does; `$or` holds when one
// of its patterns does. A value that is a list is taken apart: one of its elements must do; for
// nested patterns one element must satisfy all of it. Tests: a string, number, boolean or null
// (equal), prefix, suffix (each also with equals-ignore-case inside), equals-ignore-case, wildcard,
// anything-but (values, or one of those), numeric, cidr, exists.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
// https://docs.aws.amazon.com/sns/latest/dg/string-value-matching.html
// Cost of a match: linear in the pattern and in the values that it names.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wire/json.h"

namespace unkai::aws {

class EventPattern {
public:
    static constexpr size_t most_tests = 10000;
    static constexpr int most_levels = 40;

    // Error: InvalidEventPattern with a sentence that names the place; services give it their code.
    static Result<EventPattern> compile(std::string_view json);
    static Result<EventPattern> compile(const wire::Json& pattern);

    bool matches(const wire::Json& document) const { return matches(root_, document); }

    size_t keys() const { return keys_; }  // Leaves: members whose value is a list of tests.
    // The product of the sizes of all lists of tests, which SNS limits.
    double combinations() const { return combinations_; }

private:
    struct Test {
        enum class Kind : uint8_t {
            equals,
            exists,
            prefix,
            suffix,
            same_letters,  // equals-ignore-case
            wildcard,
            anything_but,
            numeric,
            cidr
        };
        Kind kind = Kind::equals;
        wire::Json value;
        bool ignore_case = false;
        std::vector<std::pair<std::string, double>> bounds;  // numeric
        std::vector<Test> parts;                             // anything-but
    };
    struct Node {
        struct Member;
        std::vector<Member> members;
        std::vector<std::vector<Node>> alternatives;  // Each `$or`.
    };
    class Compiler;

    static bool holds(const Test& test, const wire::Json* value);
    static bool any_holds(const std::vector<Test>& tests, const wire::Json* value);
    static bool matches(const Node& node, const wire::Json& document);
    static bool member_matches(const Node::Member& member, const wire::Json& document);

    Node root_;
    size_t keys_ = 0;
    double combinations_ = 1;
};

struct EventPattern::Node::Member {
    std::string name;
    bool nested = false;
    std::vector<Test> tests;
    Node inner;
};

// Whether an address (IPv4 or IPv6, as text) lies in a network, "10.0.0.0/8".
bool address_in_network(std::string_view address, std::string_view network);

}  // namespace unkai::aws
