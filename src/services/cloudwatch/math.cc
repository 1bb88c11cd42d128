#include "services/cloudwatch/math.h"

#include <algorithm>
#include <cmath>

#include "base/strings.h"

namespace unkai::services::cloudwatch {

namespace {

constexpr size_t most_characters = 2048;
constexpr int most_levels = 64;

MathTree math_node(MathNode::Kind kind, std::string text) {
    auto out = std::make_unique<MathNode>();
    out->kind = kind;
    out->text = std::move(text);
    return out;
}

// Precedence climbing; ^ binds to the right.
class MathParser {
public:
    explicit MathParser(std::string_view text) : text_(text) {}

    Result<MathTree> parse() {
        TRY(MathTree tree, operation(0));
        skip_space();
        if (at_ != text_.size()) return wrong("the end of the expression");
        return tree;
    }

private:
    struct Operator {
        std::string_view sign;
        int level;
    };

    Unexpected wrong(std::string_view expected) {
        return math_error("Invalid expression at position " + std::to_string(at_) + ": expected " +
                          std::string(expected) + ".");
    }
    void skip_space() {
        while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
    }
    bool take(std::string_view sign) {
        skip_space();
        if (!text_.substr(at_).starts_with(sign)) return false;
        at_ += sign.size();
        return true;
    }
    std::string_view word() {
        size_t end = at_;
        while (end < text_.size() &&
               (std::isalnum(static_cast<unsigned char>(text_[end])) || text_[end] == '_'))
            ++end;
        return text_.substr(at_, end - at_);
    }

    const Operator* take_operator(int least) {
        static constexpr Operator operators[] = {
            {"||", 1}, {"&&", 2}, {"==", 3}, {"!=", 3}, {"<=", 3}, {">=", 3}, {"<", 3},
            {">", 3},  {"+", 4},  {"-", 4},  {"*", 5},  {"/", 5},  {"^", 7}};
        skip_space();
        for (const Operator& each : operators) {
            if (!text_.substr(at_).starts_with(each.sign)) continue;
            if (each.level < least) return nullptr;
            at_ += each.sign.size();
            return &each;
        }
        static constexpr Operator words[] = {{"||", 1}, {"&&", 2}};
        const std::string upper = to_upper(word());
        if (upper != "AND" && upper != "OR") return nullptr;
        const Operator& found = words[upper == "AND" ? 1 : 0];
        if (found.level < least) return nullptr;
        at_ += upper.size();
        return &found;
    }

    Result<MathTree> operation(int least) {
        if (++depth_ > most_levels) return math_error("The expression is nested too deeply.");
        TRY(MathTree left, unary());
        while (const Operator* sign = take_operator(least)) {
            TRY(MathTree right, operation(sign->level + (sign->sign == "^" ? 0 : 1)));
            auto joined = math_node(MathNode::Kind::operation, std::string(sign->sign));
            joined->parts.push_back(std::move(left));
            joined->parts.push_back(std::move(right));
            left = std::move(joined);
        }
        --depth_;
        return left;
    }

    Result<MathTree> unary() {
        const bool minus = take("-");
        if (!minus && !(take("!"))) return primary();
        TRY(MathTree inner, operation(6));
        auto out = math_node(MathNode::Kind::operation, minus ? "neg" : "not");
        out->parts.push_back(std::move(inner));
        return out;
    }

    Result<MathTree> primary() {
        skip_space();
        if (at_ == text_.size()) return wrong("a value");
        if (take("(")) {
            TRY(MathTree inner, operation(0));
            if (!take(")")) return wrong("')'");
            return inner;
        }
        if (take("[")) return arguments(math_node(MathNode::Kind::call, "[]"), "]");
        const char first = text_[at_];
        if (first == '"' || first == '\'') return quoted(first);
        if (std::isdigit(static_cast<unsigned char>(first)) || first == '.') return number();
        const std::string name(word());
        if (name.empty()) return wrong("a value");
        at_ += name.size();
        if (take("(")) return arguments(math_node(MathNode::Kind::call, to_upper(name)), ")");
        return math_node(MathNode::Kind::name, name);
    }

    Result<MathTree> arguments(MathTree call, std::string_view close) {
        if (take(close)) return call;
        do {
            TRY(MathTree argument, operation(0));
            call->parts.push_back(std::move(argument));
        } while (take(","));
        if (!take(close)) return wrong("',' or '" + std::string(close) + "'");
        return call;
    }

    Result<MathTree> quoted(char quote) {
        std::string text;
        for (++at_; at_ < text_.size() && text_[at_] != quote; ++at_) {
            if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
            text += text_[at_];
        }
        if (at_ == text_.size()) return wrong("a closing quote");
        ++at_;
        return math_node(MathNode::Kind::text, std::move(text));
    }

    Result<MathTree> number() {
        size_t end = at_;
        while (end < text_.size() &&
               (std::isalnum(static_cast<unsigned char>(text_[end])) || text_[end] == '.' ||
                ((text_[end] == '-' || text_[end] == '+') && (text_[end - 1] | 32) == 'e')))
            ++end;
        const auto value = parse_double(text_.substr(at_, end - at_));
        if (!value) return wrong("a number");
        at_ = end;
        auto out = math_node(MathNode::Kind::number, {});
        out->number = *value;
        return out;
    }

    std::string_view text_;
    size_t at_ = 0;
    int depth_ = 0;
};

void collect(const MathNode& tree, MathUses& uses) {
    if (tree.kind == MathNode::Kind::name && tree.text != "REPEAT" && tree.text != "LINEAR" &&
        tree.text != "ASC" && tree.text != "DESC")
        uses.names.push_back(tree.text);
    if (tree.kind == MathNode::Kind::call && tree.text == "METRICS") uses.metrics = true;
    if (tree.kind == MathNode::Kind::call && tree.text == "SEARCH") uses.search = true;
    for (const MathTree& part : tree.parts) collect(*part, uses);
}

std::optional<double> apply(std::string_view sign, double a, double b) {
    if (sign == "+") return a + b;
    if (sign == "-") return a - b;
    if (sign == "*") return a * b;
    if (sign == "/") return b == 0 ? std::nullopt : std::optional(a / b);
    if (sign == "^") return std::pow(a, b);
    if (sign == "==") return a == b;
    if (sign == "!=") return a != b;
    if (sign == "<") return a < b;
    if (sign == ">") return a > b;
    if (sign == "<=") return a <= b;
    if (sign == ">=") return a >= b;
    if (sign == "&&") return a != 0 && b != 0;
    return a != 0 || b != 0;
}

void put_point(MathSeries& out, int64_t at, std::optional<double> value) {
    if (value && std::isfinite(*value)) out.points[at] = *value;
}

MathSeries join_series(std::string_view sign, const MathSeries& a, const MathSeries& b) {
    MathSeries out{a.label, a.period, {}};
    for (const auto& [at, value] : a.points)
        if (const auto other = b.points.find(at); other != b.points.end())
            put_point(out, at, apply(sign, value, other->second));
    return out;
}

MathSeries join_number(std::string_view sign, const MathSeries& series, double number,
                       bool number_first) {
    MathSeries out{series.label, series.period, {}};
    for (const auto& [at, value] : series.points)
        put_point(out, at, number_first ? apply(sign, number, value) : apply(sign, value, number));
    return out;
}

Result<MathValue> join_values(const std::string& sign, const MathValue& a, const MathValue& b) {
    const auto* list = std::get_if<MathList>(&a);
    const auto* other_list = std::get_if<MathList>(&b);
    if (list && other_list)
        return math_error("The operator " + sign + " cannot be used between two arrays.");
    if (list || other_list) {
        MathList out;
        for (const MathSeries& series : list ? *list : *other_list) {
            TRY(MathValue each, list ? join_values(sign, series, b) : join_values(sign, a, series));
            out.push_back(std::get<MathSeries>(std::move(each)));
            out.back().label = series.label;
        }
        return MathValue(std::move(out));
    }
    const auto* first = std::get_if<MathSeries>(&a);
    const auto* second = std::get_if<MathSeries>(&b);
    if (first && second) return MathValue(join_series(sign, *first, *second));
    if (first) return MathValue(join_number(sign, *first, std::get<double>(b), false));
    if (second) return MathValue(join_number(sign, *second, std::get<double>(a), true));
    const auto value = apply(sign, std::get<double>(a), std::get<double>(b));
    if (!value) return math_error("The expression divides by zero.");
    return MathValue(*value);
}

}  // namespace

Result<MathTree> parse_math(std::string_view expression) {
    if (expression.size() > most_characters)
        return math_error("The expression must have at most 2048 characters.");
    if (to_upper(trim(expression)).starts_with("SELECT "))
        return math_error(
            "Unkai has no Metrics Insights queries (SELECT …): use SEARCH or name the metrics.");
    return MathParser(expression).parse();
}

MathUses math_uses(const MathNode& tree) {
    MathUses out;
    collect(tree, out);
    return out;
}

Result<MathValue> evaluate_math(const MathNode& tree, const MathContext& context) {
    switch (tree.kind) {
        case MathNode::Kind::number:
            return MathValue(tree.number);
        case MathNode::Kind::text:
            return math_error("A text stands where a value is needed: \"" + tree.text + "\".");
        case MathNode::Kind::name:
            return context.value(tree.text);
        case MathNode::Kind::operation: {
            TRY(MathValue left, evaluate_math(*tree.parts[0], context));
            if (tree.text == "neg") return join_values("-", MathValue(0.0), left);
            if (tree.text == "not") return join_values("==", left, MathValue(0.0));
            TRY(MathValue right, evaluate_math(*tree.parts[1], context));
            return join_values(tree.text, left, right);
        }
        case MathNode::Kind::call:
            break;
    }
    std::vector<MathValue> values;
    if (takes_values(tree.text)) {
        for (const MathTree& part : tree.parts) {
            TRY(MathValue value, evaluate_math(*part, context));
            values.push_back(std::move(value));
        }
    }
    return call_math(tree.text, tree, std::move(values), context);
}

}  // namespace unkai::services::cloudwatch
