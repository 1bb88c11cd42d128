#include "services/cloudwatch/composite_rule.h"

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "services/cloudwatch/limits.h"

namespace unkai::services::cloudwatch {

namespace {

using Kind = CompositeNode::Kind;
using Tree = std::unique_ptr<CompositeNode>;

constexpr int most_rule_levels = 100;

Tree rule_node(Kind kind) {
    auto out = std::make_unique<CompositeNode>();
    out->kind = kind;
    return out;
}

class RuleParser {
public:
    explicit RuleParser(std::string_view text) : text_(text) {}

    Result<Tree> parse() {
        TRY(Tree tree, disjunction());
        skip_space();
        if (at_ != text_.size()) return wrong("AND, OR or the end");
        return tree;
    }

private:
    Unexpected wrong(std::string_view expected) {
        return fail("ValidationError",
                    "Error in AlarmRule: syntax error at position " + std::to_string(at_) +
                        ", expected " + std::string(expected) + ".",
                    400);
    }
    void skip_space() {
        while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
    }
    bool take(char sign) {
        skip_space();
        if (at_ >= text_.size() || text_[at_] != sign) return false;
        ++at_;
        return true;
    }
    // A whole word, in any case.
    bool take_word(std::string_view word) {
        skip_space();
        if (!equals_ignoring_case(text_.substr(at_, word.size()), word)) return false;
        const size_t end = at_ + word.size();
        if (end < text_.size() &&
            (std::isalnum(static_cast<unsigned char>(text_[end])) || text_[end] == '_'))
            return false;
        at_ = end;
        return true;
    }

    Result<Tree> disjunction() {
        if (++depth_ > most_rule_levels)
            return fail("ValidationError", "AlarmRule is nested too deeply.", 400);
        TRY(Tree left, conjunction());
        while (take_word("OR")) {
            TRY(Tree right, conjunction());
            left = joined(Kind::disjunction, std::move(left), std::move(right));
        }
        --depth_;
        return left;
    }
    Result<Tree> conjunction() {
        TRY(Tree left, negation());
        while (take_word("AND")) {
            TRY(Tree right, negation());
            left = joined(Kind::conjunction, std::move(left), std::move(right));
        }
        return left;
    }
    static Tree joined(Kind kind, Tree left, Tree right) {
        Tree out = rule_node(kind);
        out->parts.push_back(std::move(left));
        out->parts.push_back(std::move(right));
        return out;
    }
    Result<Tree> negation() {
        bool negated = false;
        while (take_word("NOT")) negated = !negated;
        TRY(Tree inner, primary());
        if (!negated) return inner;
        Tree out = rule_node(Kind::negation);
        out->parts.push_back(std::move(inner));
        return out;
    }

    std::optional<AlarmState> take_state() {
        for (const AlarmState state :
             {AlarmState::insufficient_data, AlarmState::alarm, AlarmState::ok})
            if (take_word(state_name(state))) return state;
        return std::nullopt;
    }

    Result<Tree> primary() {
        if (take('(')) {
            TRY(Tree inner, disjunction());
            if (!take(')')) return wrong("')'");
            return inner;
        }
        for (const bool value : {true, false}) {
            if (!take_word(value ? "TRUE" : "FALSE")) continue;
            Tree out = rule_node(Kind::constant);
            out->value = value;
            return out;
        }
        if (take_word("AT_LEAST")) return at_least();
        const auto state = take_state();
        if (!state) return wrong("ALARM, OK, INSUFFICIENT_DATA, AT_LEAST, TRUE, FALSE or NOT");
        if (!take('(')) return wrong("'('");
        Tree out = rule_node(Kind::state);
        out->wanted = *state;
        TRY(std::string name, alarm());
        out->alarms.push_back(std::move(name));
        if (!take(')')) return wrong("')'");
        return out;
    }

    // AT_LEAST(2 or 50%, [NOT] ALARM, (a, b))
    Result<Tree> at_least() {
        Tree out = rule_node(Kind::at_least);
        if (!take('(')) return wrong("'('");
        skip_space();
        size_t end = at_;
        while (end < text_.size() && std::isdigit(static_cast<unsigned char>(text_[end]))) ++end;
        const auto count = parse_int(text_.substr(at_, end - at_));
        if (!count || *count < 1 || *count > 100) return wrong("a number from 1 to 100");
        at_ = end;
        const bool percent = take('%');
        if (!take(',')) return wrong("','");
        out->negated = take_word("NOT");
        const auto state = take_state();
        if (!state) return wrong("ALARM, OK or INSUFFICIENT_DATA");
        out->wanted = *state;
        if (!take(',') || !take('(')) return wrong("', ('");
        do {
            TRY(std::string name, alarm());
            out->alarms.push_back(std::move(name));
        } while (take(','));
        if (!take(')') || !take(')')) return wrong("'))'");
        const auto size = static_cast<int64_t>(out->alarms.size());
        out->least = static_cast<int32_t>(percent ? (*count * size + 99) / 100 : *count);
        if (out->least > size) return wrong("a number that is not above that of its alarms");
        return out;
    }

    Result<std::string> alarm() {
        skip_space();
        if (at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\'')) {
            const size_t close = text_.find(text_[at_], at_ + 1);
            if (close == text_.npos) return wrong("a closing quote");
            std::string name(text_.substr(at_ + 1, close - at_ - 1));
            at_ = close + 1;
            return alarm_name_of(name);
        }
        const size_t end = std::min(text_.find_first_of(" ,()\t\n", at_), text_.size());
        if (end == at_) return wrong("an alarm's name or ARN");
        std::string name(text_.substr(at_, end - at_));
        at_ = end;
        return alarm_name_of(name);
    }

    std::string_view text_;
    size_t at_ = 0;
    int depth_ = 0;
};

using StateOf = std::function<AlarmState(const std::string&)>;

bool holds_at(const CompositeNode& node, const StateOf& state_of) {
    switch (node.kind) {
        case Kind::constant:
            return node.value;
        case Kind::state:
            return state_of(node.alarms[0]) == node.wanted;
        case Kind::negation:
            return !holds_at(*node.parts[0], state_of);
        case Kind::conjunction:
            return holds_at(*node.parts[0], state_of) && holds_at(*node.parts[1], state_of);
        case Kind::disjunction:
            return holds_at(*node.parts[0], state_of) || holds_at(*node.parts[1], state_of);
        case Kind::at_least:
            break;
    }
    const auto count = std::count_if(
        node.alarms.begin(), node.alarms.end(),
        [&](const std::string& name) { return (state_of(name) == node.wanted) != node.negated; });
    return count >= node.least;
}

void collect_alarms(const CompositeNode& node, std::vector<std::string>& out) {
    for (const std::string& name : node.alarms)
        if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
    for (const Tree& part : node.parts) collect_alarms(*part, out);
}

}  // namespace

Result<CompositeRule> CompositeRule::parse(std::string_view text) {
    if (text.size() > limits::rule_characters)
        return fail("ValidationError", "AlarmRule has at most 10240 characters.", 400);
    TRY(Tree root, RuleParser(text).parse());
    return CompositeRule(std::move(root));
}

bool CompositeRule::holds(const StateOf& state_of) const { return holds_at(*root_, state_of); }

std::vector<std::string> CompositeRule::alarms() const {
    std::vector<std::string> out;
    collect_alarms(*root_, out);
    return out;
}

std::string alarm_name_of(std::string_view text) {
    constexpr std::string_view mark = ":alarm:";
    const size_t at = text.find(mark);
    if (!text.starts_with("arn:") || at == text.npos) return std::string(text);
    return std::string(text.substr(at + mark.size()));
}

}  // namespace unkai::services::cloudwatch
