#include "aws/protocol/pattern.h"

#include <memory>
#include <string>
#include <unordered_map>

#include "base/strings.h"

namespace unkai::aws::protocol {

static constexpr uint32_t last_point = 0x10FFFF;

bool Pattern::Class::has(uint32_t point) const {
    for (const Range& range : ranges)
        if (point >= range.first && point <= range.last) return !negated;
    return negated;
}

// Recursive descent over the source; code is emitted as it goes. A repeated atom is parsed once a
// copy.
class PatternParser {
public:
    explicit PatternParser(std::string_view source) : source_(source) {}

    std::optional<Pattern> run() {
        if (!alternatives(0) || at_ != source_.size()) return std::nullopt;
        emit(Pattern::Op::done);
        return std::move(out_);
    }

private:
    using Op = Pattern::Op;
    using Class = Pattern::Class;
    using Range = Pattern::Range;

    bool more() const { return at_ < source_.size(); }
    char look() const { return more() ? source_[at_] : '\0'; }
    bool take(std::string_view text) {
        if (!source_.substr(at_).starts_with(text)) return false;
        at_ += text.size();
        return true;
    }
    uint32_t here() const { return static_cast<uint32_t>(out_.code_.size()); }
    uint32_t emit(Op op, uint32_t a = 0, uint32_t b = 0) {
        out_.code_.push_back({op, a, b});
        return here() - 1;
    }
    bool emit_class(Class set) {
        out_.classes_.push_back(std::move(set));
        emit(Op::one_of, static_cast<uint32_t>(out_.classes_.size() - 1));
        return here() < Pattern::most_instructions;
    }

    // Code that is parsed before it is known to need a split in front is moved back by one.
    void insert_split(uint32_t at) {
        for (uint32_t i = at; i < here(); ++i) {
            Pattern::Instruction& one = out_.code_[i];
            if (one.op == Op::jump || one.op == Op::split) ++one.a;
            if (one.op == Op::split) ++one.b;
        }
        out_.code_.insert(out_.code_.begin() + at, {Op::split, at + 1, 0});
    }

    bool alternatives(int depth) {
        if (depth > 20) return false;
        const uint32_t start = here();
        if (!sequence(depth)) return false;
        if (look() != '|') return true;
        ++at_;
        insert_split(start);
        const uint32_t jump = emit(Op::jump);
        out_.code_[start].b = here();
        if (!alternatives(depth)) return false;
        out_.code_[jump].a = here();
        return true;
    }

    bool sequence(int depth) {
        while (more() && look() != '|' && look() != ')')
            if (!repeated(depth)) return false;
        return true;
    }

    bool repeated(int depth) {
        const size_t source_start = at_;
        const uint32_t start = here();
        if (!atom(depth)) return false;
        const size_t source_end = at_;
        uint32_t least = 1, most = 1;
        bool endless = false;
        if (take("*"))
            least = 0, endless = true;
        else if (take("+"))
            endless = true;
        else if (take("?"))
            least = 0;
        else if (look() == '{') {
            if (!counts(least, most, endless)) return false;
        } else
            return true;
        take("?");  // Lazy: the same texts match.
        if (look() == '+' || look() == '*') return false;
        const size_t after = at_;
        const auto copy = [&] {
            at_ = source_start;
            const bool fine = atom(depth) && at_ == source_end;
            at_ = after;
            return fine;
        };
        out_.code_.resize(start);
        for (uint32_t i = 0; i < least; ++i)
            if (!copy()) return false;
        return endless ? loop(copy) : optional_copies(copy, most - least);
    }

    template <class Copy>
    bool loop(Copy copy) {
        const uint32_t split = emit(Op::split, here() + 1);
        if (!copy()) return false;
        emit(Op::jump, split);
        out_.code_[split].b = here();
        return here() < Pattern::most_instructions;
    }

    template <class Copy>
    bool optional_copies(Copy copy, uint32_t count) {
        std::vector<uint32_t> splits;
        for (uint32_t i = 0; i < count; ++i) {
            splits.push_back(emit(Op::split, here() + 1));
            if (!copy() || here() >= Pattern::most_instructions) return false;
        }
        for (const uint32_t split : splits) out_.code_[split].b = here();
        return true;
    }

    // {n}, {n,}, {n,m}
    bool counts(uint32_t& least, uint32_t& most, bool& endless) {
        const size_t close = source_.find('}', at_);
        if (close == source_.npos) return false;
        const std::string_view inside = source_.substr(at_ + 1, close - at_ - 1);
        const auto [low, high] = split_once(inside, ',');
        const auto from = parse_uint(low);
        endless = inside.ends_with(',');
        const auto to = inside.contains(',') && !endless ? parse_uint(high) : from;
        if (!from || !to || *to < *from || *to > Pattern::most_instructions) return false;
        least = static_cast<uint32_t>(*from);
        most = static_cast<uint32_t>(*to);
        at_ = close + 1;
        return true;
    }

    bool atom(int depth) {
        if (take("(")) {
            if (take("?:") || look() != '?') return alternatives(depth + 1) && take(")");
            return false;
        }
        if (take("^")) return emit(Op::begin), true;
        if (take("$")) return emit(Op::end), true;
        if (take(".")) return emit_class({{{'\n', '\n'}, {'\r', '\r'}}, true});
        if (take("[")) return bracket();
        if (look() == '*' || look() == '+' || look() == '?' || look() == '{') return false;
        Class set;
        return member(set) && emit_class(std::move(set));
    }

    bool bracket() {
        Class set;
        set.negated = take("^");
        bool first = true;
        while (more() && (look() != ']' || first)) {
            if (look() == '[' || source_.substr(at_).starts_with("&&")) return false;
            first = false;
            const size_t before = set.ranges.size();
            if (!member(set)) return false;
            const bool single = set.ranges.size() == before + 1 &&
                                set.ranges.back().first == set.ranges.back().last;
            if (!single || look() != '-' || at_ + 1 >= source_.size() || source_[at_ + 1] == ']')
                continue;
            ++at_;
            Class end;
            if (!member(end) || end.ranges.size() != 1 || end.ranges[0].first != end.ranges[0].last)
                return false;
            if (end.ranges[0].first < set.ranges.back().first) return false;
            set.ranges.back().last = end.ranges[0].first;
        }
        return take("]") && emit_class(std::move(set));
    }

    // One character, or an escape that stands for several.
    bool member(Class& set) {
        if (take("\\")) return escape(set);
        const uint32_t point = next_point(source_, at_);
        set.ranges.push_back({point, point});
        return true;
    }

    static void add(Class& set, std::initializer_list<Range> ranges) {
        set.ranges.insert(set.ranges.end(), ranges);
    }

    bool escape(Class& set) {
        if (!more()) return false;
        const char kind = source_[at_++];
        switch (kind) {
            case 'd':
                return add(set, {{'0', '9'}}), true;
            case 'D':
                return add(set, {{0, '0' - 1}, {'9' + 1, last_point}}), true;
            case 'w':
                return add(set, {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}, {'_', '_'}}), true;
            case 'W':
                return add(set, {{0, '0' - 1},
                                 {'9' + 1, 'A' - 1},
                                 {'Z' + 1, '_' - 1},
                                 {'`', '`'},
                                 {'z' + 1, last_point}}),
                       true;
            case 's':
                return add(set, {{'\t', '\r'}, {' ', ' '}}), true;
            case 'S':
                return add(set, {{0, '\t' - 1}, {'\r' + 1, ' ' - 1}, {' ' + 1, last_point}}), true;
            case 'n':
                return add(set, {{'\n', '\n'}}), true;
            case 'r':
                return add(set, {{'\r', '\r'}}), true;
            case 't':
                return add(set, {{'\t', '\t'}}), true;
            case 'x':
                return numeric(set, 2);
            case 'u':
                return numeric(set, 4);
            case 'p':
                return category(set);
            default:
                break;
        }
        const bool word = (kind >= 'a' && kind <= 'z') || (kind >= 'A' && kind <= 'Z') ||
                          (kind >= '0' && kind <= '9');
        if (word) return false;
        const auto point = static_cast<unsigned char>(kind);
        return add(set, {{point, point}}), point < 0x80;
    }

    bool numeric(Class& set, size_t digits) {
        const auto number = parse_uint(source_.substr(at_, digits), 16);
        if (!number || at_ + digits > source_.size()) return false;
        at_ += digits;
        auto point = static_cast<uint32_t>(*number);
        if (point >= 0xD800 && point < 0xDC00 &&
            source_.substr(at_, 2) == "\\u") {  // A pair of surrogates.
            const auto low = parse_uint(source_.substr(at_ + 2, 4), 16);
            if (low && *low >= 0xDC00 && *low < 0xE000) {
                at_ += 6;
                point = 0x10000 + ((point - 0xD800) << 10) + (static_cast<uint32_t>(*low) - 0xDC00);
            }
        }
        return add(set, {{point, point}}), true;
    }

    bool category(Class& set) {
        if (!more()) return false;
        std::string_view name = source_.substr(at_, 1);
        if (take("{")) {
            const size_t close = source_.find('}', at_);
            if (close == source_.npos) return false;
            name = source_.substr(at_, close - at_);
            at_ = close + 1;
        } else {
            ++at_;
        }
        if (name == "ASCII") return add(set, {{0, 0x7F}}), true;
        if (name == "Alnum") return add(set, {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}}), true;
        const bool letters = name == "L" || name == "Lu" || name == "Ll" || name == "IsLetter";
        if (letters && name != "Ll") add(set, {{'A', 'Z'}});
        if (letters && name != "Lu") add(set, {{'a', 'z'}});
        if (name == "N" || name == "Nd") add(set, {{'0', '9'}});
        if (name == "Z" || name == "Zs") add(set, {{' ', ' '}});
        if (name == "P" || name == "S") add(set, {{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}});
        if (name == "C" || name == "Cc") add(set, {{0, 0x1F}, {0x7F, 0x9F}});
        if (name.size() > 2 && !letters) return false;
        return add(set, {{0x80, last_point}}), true;
    }

public:
    // The character at `at`, which moves past it. Broken UTF-8 gives its bytes.
    static uint32_t next_point(std::string_view text, size_t& at) {
        const auto lead = static_cast<unsigned char>(text[at++]);
        const int more = lead < 0xC0 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
        uint32_t point = more == 0 ? lead : lead & (0x3F >> more);
        for (int i = 0; i < more && at < text.size(); ++i)
            point = point << 6 | (static_cast<unsigned char>(text[at++]) & 0x3F);
        return point;
    }

private:
    std::string_view source_;
    size_t at_ = 0;
    Pattern out_;
};

std::optional<Pattern> Pattern::compile(std::string_view source) {
    return PatternParser(source).run();
}

// The set of instructions at which the match stands; each at most once a step.
struct Pattern::Threads {
    explicit Threads(size_t size) : marked(size, 0) {}
    std::vector<uint32_t> list;
    std::vector<uint32_t> marked;
    uint32_t step = 0;
    bool matched = false;

    void clear() {
        list.clear();
        matched = false;
        ++step;
    }
};

void Pattern::add(Threads& threads, uint32_t at, bool at_begin, bool at_end) const {
    std::vector<uint32_t> pending = {at};
    while (!pending.empty()) {
        at = pending.back();
        pending.pop_back();
        if (threads.marked[at] == threads.step) continue;
        threads.marked[at] = threads.step;
        const Instruction& one = code_[at];
        switch (one.op) {
            case Op::one_of:
                threads.list.push_back(at);
                break;
            case Op::jump:
                pending.push_back(one.a);
                break;
            case Op::split:
                pending.push_back(one.b);
                pending.push_back(one.a);
                break;
            case Op::begin:
                if (at_begin) pending.push_back(at + 1);
                break;
            case Op::end:
                if (at_end) pending.push_back(at + 1);
                break;
            case Op::done:
                threads.matched = true;
                break;
        }
    }
}

bool Pattern::matches(std::string_view text) const {
    if (code_.size() * text.size() > most_steps) return true;
    Threads now(code_.size());
    Threads next(code_.size());
    now.clear();
    add(now, 0, true, text.empty());
    for (size_t at = 0; at < text.size();) {
        const uint32_t point = PatternParser::next_point(text, at);
        next.clear();
        for (const uint32_t thread : now.list)
            if (classes_[code_[thread].a].has(point))
                add(next, thread + 1, false, at >= text.size());
        std::swap(now, next);
        if (now.list.empty() && !now.matched) return false;
    }
    return now.matched;
}

bool fits_pattern(std::string_view pattern, std::string_view text) {
    static thread_local std::unordered_map<const char*, std::optional<Pattern>> compiled;
    auto found = compiled.find(pattern.data());
    if (found == compiled.end())
        found = compiled.emplace(pattern.data(), Pattern::compile(pattern)).first;
    return !found->second || found->second->matches(text);
}

}  // namespace unkai::aws::protocol
