#include "services/logs/filter_pattern.h"

#include <regex>

#include "base/strings.h"
#include "wire/json.h"

namespace unkai::services::logs {

namespace {

using wire::Json;

Unexpected invalid(const std::string& why) {
    return fail("InvalidParameterException", "Invalid filter pattern: " + why, 400);
}

// A text to find, or a regular expression between percent signs.
struct Term {
    std::string text;
    std::shared_ptr<const std::regex> regex;
    bool found_in(std::string_view message) const {
        if (regex) return std::regex_search(message.begin(), message.end(), *regex);
        return message.find(text) != message.npos;
    }
    // The whole value: `*` is a wildcard.
    bool equals(std::string_view value) const {
        if (regex) return std::regex_search(value.begin(), value.end(), *regex);
        return text.find('*') == text.npos ? text == value : glob_match(text, value);
    }
};

Result<Term> make_regex(std::string_view text) {
    try {
        return Term{
            std::string(text),
            std::make_shared<const std::regex>(
                std::string(text), std::regex::ECMAScript | std::regex_constants::__polynomial)};
    } catch (const std::regex_error&) {
        return invalid("the regular expression %" + std::string(text) + "% cannot be read.");
    }
}

struct Cursor {
    std::string_view text;
    size_t at = 0;

    void space() {
        while (at < text.size() && (text[at] == ' ' || text[at] == '\t' || text[at] == '\n')) ++at;
    }
    bool end() const { return at == text.size(); }
    bool take(std::string_view word) {
        space();
        if (text.substr(at, word.size()) != word) return false;
        at += word.size();
        return true;
    }
    bool take_word(std::string_view word) {
        const size_t before = at;
        if (take(word) && (end() || !isalnum(static_cast<unsigned char>(text[at])))) return true;
        at = before;
        return false;
    }
    // Up to one of `stops` or white space; "…" and %…% are taken whole.
    Result<Term> term(std::string_view stops) {
        space();
        if (end()) return invalid("it ends where a value is expected.");
        const char first = text[at];
        if (first == '"' || first == '%') {
            std::string value;
            for (++at; at < text.size() && text[at] != first; ++at) {
                if (text[at] == '\\' && first == '"' && at + 1 < text.size()) ++at;
                value += text[at];
            }
            if (end()) return invalid(std::string("a closing ") + first + " is missing.");
            ++at;
            if (first == '%') return make_regex(value);
            return Term{std::move(value), nullptr};
        }
        const size_t from = at;
        while (at < text.size() && text[at] != ' ' && stops.find(text[at]) == stops.npos) ++at;
        if (at == from)
            return invalid("a value is expected at '" + std::string(text.substr(at, 20)) + "'.");
        return Term{std::string(text.substr(from, at - from)), nullptr};
    }
};

struct Everything final : FilterPattern::Matcher {
    bool matches(std::string_view) const override { return true; }
};

struct Terms final : FilterPattern::Matcher {
    std::vector<Term> all, none, any;
    bool matches(std::string_view message) const override {
        const auto found = [message](const Term& term) { return term.found_in(message); };
        if (all.empty() && none.empty()) return std::any_of(any.begin(), any.end(), found);
        return std::all_of(all.begin(), all.end(), found) &&
               std::none_of(none.begin(), none.end(), found);
    }
    static Result<std::unique_ptr<FilterPattern::Matcher>> parse(std::string_view text) {
        auto made = std::make_unique<Terms>();
        Cursor cursor{text};
        for (cursor.space(); !cursor.end(); cursor.space()) {
            auto& list = cursor.take("-") ? made->none : cursor.take("?") ? made->any : made->all;
            TRY(Term term, cursor.term(""));
            const bool plain =
                !term.regex && std::all_of(term.text.begin(), term.text.end(), [](char c) {
                    return isalnum(static_cast<unsigned char>(c)) || c == '_' ||
                           static_cast<unsigned char>(c) >= 0x80;
                });
            const bool quoted =
                cursor.at > 0 && (text[cursor.at - 1] == '"' || text[cursor.at - 1] == '%');
            if (!plain && !quoted)
                return invalid("'" + term.text +
                               "' has characters that are not alphanumeric; put it in quotes.");
            list.push_back(std::move(term));
        }
        return std::unique_ptr<FilterPattern::Matcher>(std::move(made));
    }
};

enum class Compare { equal, unequal, less, less_equal, greater, greater_equal };

std::optional<Compare> take_operator(Cursor& cursor) {
    if (cursor.take("!=")) return Compare::unequal;
    if (cursor.take("<=")) return Compare::less_equal;
    if (cursor.take(">=")) return Compare::greater_equal;
    if (cursor.take("=")) return Compare::equal;
    if (cursor.take("<")) return Compare::less;
    if (cursor.take(">")) return Compare::greater;
    return std::nullopt;
}

bool compare_numbers(Compare how, double left, double right) {
    switch (how) {
        case Compare::equal:
            return left == right;
        case Compare::unequal:
            return left != right;
        case Compare::less:
            return left < right;
        case Compare::less_equal:
            return left <= right;
        case Compare::greater:
            return left > right;
        case Compare::greater_equal:
            return left >= right;
    }
    return false;
}

struct Comparison {
    Compare how;
    Term term;
    std::optional<double> number;

    static Result<Comparison> parse(Cursor& cursor, std::string_view stops) {
        const auto how = take_operator(cursor);
        if (!how)
            return invalid("an operator is expected at '" +
                           std::string(cursor.text.substr(cursor.at, 20)) + "'.");
        cursor.space();
        const bool quoted = !cursor.end() && cursor.text[cursor.at] == '"';
        TRY(Term term, cursor.term(stops));
        Comparison made{*how, std::move(term), std::nullopt};
        if (!quoted && !made.term.regex) made.number = parse_double(made.term.text);
        if (made.how >= Compare::less && !made.number)
            return invalid("'" + made.term.text + "' is not a number.");
        return made;
    }
    bool holds(std::string_view text, std::optional<double> value) const {
        if (number && value) return compare_numbers(how, *value, *number);
        if (how == Compare::equal) return term.equals(text);
        return how == Compare::unequal && !term.equals(text);
    }
};

// Conditions joined by && and ||, where && binds tighter; Leaf is what stands between them.
template <class Leaf>
struct Expression {
    enum class Kind { leaf, all, any };
    Kind kind = Kind::leaf;
    std::optional<Leaf> leaf;
    std::vector<Expression> parts;

    template <class Holds>
    bool evaluate(const Holds& holds) const {
        const auto inner = [&holds](const Expression& part) { return part.evaluate(holds); };
        if (kind == Kind::leaf) return holds(*leaf);
        return kind == Kind::all ? std::all_of(parts.begin(), parts.end(), inner)
                                 : std::any_of(parts.begin(), parts.end(), inner);
    }
    static Expression joined(Kind kind, std::vector<Expression> parts) {
        if (parts.size() == 1) return std::move(parts[0]);
        return {kind, std::nullopt, std::move(parts)};
    }
};

template <class Leaf, class ParseLeaf>
Result<Expression<Leaf>> parse_expression(Cursor& cursor, const ParseLeaf& parse_leaf,
                                          int depth = 0) {
    using Node = Expression<Leaf>;
    if (depth > 20) return invalid("more than 20 parentheses inside each other.");
    std::vector<Node> any;
    do {
        std::vector<Node> all;
        do {
            if (cursor.take("(")) {
                TRY(Node inner, parse_expression<Leaf>(cursor, parse_leaf, depth + 1));
                if (!cursor.take(")")) return invalid("a ')' is missing.");
                all.push_back(std::move(inner));
            } else {
                TRY(Leaf leaf, parse_leaf(cursor));
                all.push_back({Node::Kind::leaf, std::move(leaf), {}});
            }
        } while (cursor.take("&&"));
        any.push_back(Node::joined(Node::Kind::all, std::move(all)));
    } while (cursor.take("||"));
    return Node::joined(Node::Kind::any, std::move(any));
}

struct JsonCondition {
    enum class Kind { compare, is_null, is_true, is_false, exists, not_exists };
    std::vector<std::string> path;
    Kind kind = Kind::compare;
    std::optional<Comparison> comparison;

    static Result<JsonCondition> parse(Cursor& cursor);
    bool holds(const Json& root) const {
        const Json* value = &root;
        for (const std::string& step : path) {
            const auto index = parse_uint(step);
            if (value->is_array() && index)
                value = *index < value->size() ? &(*value)[static_cast<size_t>(*index)] : nullptr;
            else
                value = value->find(step);
            if (!value) break;
        }
        if (kind == Kind::not_exists) return value == nullptr;
        if (!value) return false;
        switch (kind) {
            case Kind::is_null:
                return value->is_null();
            case Kind::is_true:
                return value->is_bool() && value->as_bool();
            case Kind::is_false:
                return value->is_bool() && !value->as_bool();
            case Kind::exists:
                return true;
            default:
                break;
        }
        if (!value->is_scalar() || value->is_null()) return false;
        std::optional<double> number;
        if (value->is_number()) number = value->as_double();
        return comparison->holds(value->text(), number);
    }
};

// $.a.b[0]['c.d']
Result<std::vector<std::string>> parse_path(Cursor& cursor) {
    if (!cursor.take("$"))
        return invalid("a property such as $.name is expected at '" +
                       std::string(cursor.text.substr(cursor.at, 20)) + "'.");
    std::vector<std::string> path;
    while (!cursor.end() && (cursor.text[cursor.at] == '.' || cursor.text[cursor.at] == '[')) {
        const bool bracket = cursor.text[cursor.at++] == '[';
        if (!bracket && !cursor.end() && cursor.text[cursor.at] == '[') continue;
        const size_t from = cursor.at;
        const auto stops = bracket ? std::string_view("]") : std::string_view(".[]=!<>&|(){} \t");
        while (!cursor.end() && stops.find(cursor.text[cursor.at]) == stops.npos) ++cursor.at;
        std::string step(cursor.text.substr(from, cursor.at - from));
        if (bracket) {
            if (cursor.end()) return invalid("a ']' is missing.");
            ++cursor.at;
            if (step.size() >= 2 && (step[0] == '\'' || step[0] == '"'))
                step = step.substr(1, step.size() - 2);
        }
        if (step.empty()) return invalid("a property's name is empty.");
        path.push_back(std::move(step));
    }
    if (path.empty()) return invalid("a property's name is expected after $.");
    return path;
}

Result<JsonCondition> JsonCondition::parse(Cursor& cursor) {
    JsonCondition made;
    TRY(made.path, parse_path(cursor));
    if (cursor.take_word("NOT")) {
        if (!cursor.take_word("EXISTS")) return invalid("EXISTS is expected after NOT.");
        made.kind = Kind::not_exists;
    } else if (cursor.take_word("EXISTS")) {
        made.kind = Kind::exists;
    } else if (cursor.take_word("IS")) {
        if (cursor.take_word("NULL"))
            made.kind = Kind::is_null;
        else if (cursor.take_word("TRUE"))
            made.kind = Kind::is_true;
        else if (cursor.take_word("FALSE"))
            made.kind = Kind::is_false;
        else
            return invalid("NULL, TRUE or FALSE is expected after IS.");
    } else {
        TRY(made.comparison, Comparison::parse(cursor, "&|(){}"));
    }
    return made;
}

struct JsonPattern final : FilterPattern::Matcher {
    Expression<JsonCondition> condition;
    bool matches(std::string_view message) const override {
        const auto root = Json::parse(message);
        if (!root || root->is_scalar()) return false;
        return condition.evaluate([&](const JsonCondition& one) { return one.holds(*root); });
    }
    static Result<std::unique_ptr<FilterPattern::Matcher>> parse(std::string_view text) {
        Cursor cursor{text};
        cursor.take("{");
        auto made = std::make_unique<JsonPattern>();
        TRY(made->condition, parse_expression<JsonCondition>(cursor, JsonCondition::parse));
        if (!cursor.take("}")) return invalid("a '}' is missing.");
        cursor.space();
        if (!cursor.end()) return invalid("it goes on after its '}'.");
        return std::unique_ptr<FilterPattern::Matcher>(std::move(made));
    }
};

// Words between spaces; […] and "…" are one word, without their marks.
std::vector<std::string_view> columns_of(std::string_view message) {
    std::vector<std::string_view> columns;
    size_t at = 0;
    while (at < message.size()) {
        if (message[at] == ' ' || message[at] == '\t' || message[at] == '\n') {
            ++at;
            continue;
        }
        const char close = message[at] == '[' ? ']' : message[at] == '"' ? '"' : ' ';
        const size_t from = close == ' ' ? at : at + 1;
        const size_t end = std::min(message.find(close, from), message.size());
        columns.push_back(trim(message.substr(from, end - from)));
        at = end + 1;
    }
    return columns;
}

struct ColumnCondition {
    Comparison comparison;
};

struct ColumnPattern final : FilterPattern::Matcher {
    struct Column {
        bool ellipsis = false;
        std::optional<Expression<ColumnCondition>> condition;
    };
    std::vector<Column> columns;

    bool matches(std::string_view message) const override {
        const auto words = columns_of(message);
        const auto gap = std::find_if(columns.begin(), columns.end(),
                                      [](const Column& c) { return c.ellipsis; });
        const size_t fixed = columns.size() - (gap != columns.end());
        if (gap == columns.end() ? words.size() != fixed : words.size() < fixed) return false;
        const auto before = static_cast<size_t>(gap - columns.begin());
        for (size_t i = 0; i < columns.size(); ++i) {
            if (columns[i].ellipsis || !columns[i].condition) continue;
            const size_t word = i < before ? i : words.size() - (columns.size() - i);
            const bool good = columns[i].condition->evaluate([&](const ColumnCondition& one) {
                return one.comparison.holds(words[word], parse_double(words[word]));
            });
            if (!good) return false;
        }
        return true;
    }
    // name, or name = value && name != value …; the name only labels the column.
    static Result<Column> parse_column(Cursor& cursor) {
        const size_t start = cursor.at;
        TRY(const Term name, cursor.term(",]=!<>"));
        if (name.text == "...") return Column{true, std::nullopt};
        cursor.space();
        if (!cursor.end() && (cursor.text[cursor.at] == ',' || cursor.text[cursor.at] == ']'))
            return Column{};
        cursor.at = start;
        const auto leaf = [](Cursor& inner) -> Result<ColumnCondition> {
            TRY(const Term label, inner.term(",]=!<>()"));
            TRY(Comparison comparison, Comparison::parse(inner, ",]&|()"));
            return ColumnCondition{std::move(comparison)};
        };
        TRY(auto condition, parse_expression<ColumnCondition>(cursor, leaf));
        return Column{false, std::move(condition)};
    }
    static Result<std::unique_ptr<FilterPattern::Matcher>> parse(std::string_view text) {
        Cursor cursor{text};
        cursor.take("[");
        auto made = std::make_unique<ColumnPattern>();
        do {
            TRY(Column column, parse_column(cursor));
            made->columns.push_back(std::move(column));
        } while (cursor.take(","));
        if (!cursor.take("]")) return invalid("a ']' is missing.");
        cursor.space();
        if (!cursor.end()) return invalid("it goes on after its ']'.");
        if (std::count_if(made->columns.begin(), made->columns.end(),
                          [](const Column& c) { return c.ellipsis; }) > 1)
            return invalid("... may stand only once.");
        return std::unique_ptr<FilterPattern::Matcher>(std::move(made));
    }
};

}  // namespace

FilterPattern::FilterPattern(std::unique_ptr<Matcher> matcher) : matcher_(std::move(matcher)) {}
FilterPattern::FilterPattern(FilterPattern&&) noexcept = default;
FilterPattern& FilterPattern::operator=(FilterPattern&&) noexcept = default;
FilterPattern::~FilterPattern() = default;
bool FilterPattern::matches(std::string_view message) const { return matcher_->matches(message); }

Result<FilterPattern> FilterPattern::parse(std::string_view text) {
    const std::string_view trimmed = trim(text);
    if (trimmed.size() > 1024) return invalid("it is longer than 1024 characters.");
    if (trimmed.empty()) return FilterPattern(std::make_unique<Everything>());
    const auto parse = trimmed[0] == '{'   ? JsonPattern::parse
                       : trimmed[0] == '[' ? ColumnPattern::parse
                                           : Terms::parse;
    TRY(auto matcher, parse(trimmed));
    return FilterPattern(std::move(matcher));
}

}  // namespace unkai::services::logs
