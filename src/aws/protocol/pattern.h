// Pattern: the regular expressions of AWS's models, matched in time linear in the text.
//
// The whole text must match, as AWS's own validation has it. What linear matching cannot do
// (look-around, back references) and what nobody needs (class intersection) does not compile; such
// patterns are then not checked. Categories (\p{L}, \p{N}, ...) are exact for ASCII and take every
// character beyond it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace unkai::aws::protocol {

class Pattern {
public:
    static constexpr size_t most_instructions = 5000;
    static constexpr size_t most_steps = 8'000'000;  // Beyond it a text is taken as matching.

    static std::optional<Pattern> compile(std::string_view source);
    bool matches(std::string_view text) const;

private:
    friend class PatternParser;

    struct Range {
        uint32_t first, last;
    };
    struct Class {
        std::vector<Range> ranges;
        bool negated = false;
        bool has(uint32_t point) const;
    };
    enum class Op : uint8_t { one_of, split, jump, begin, end, done };
    struct Instruction {
        Op op;
        uint32_t a = 0, b = 0;  // one_of: the class; split and jump: where to.
    };
    struct Threads;
    void add(Threads& threads, uint32_t at, bool at_begin, bool at_end) const;

    std::vector<Instruction> code_;
    std::vector<Class> classes_;
};

// Whether the text fits the pattern; compiled patterns are kept by the address of their source,
// which must live as long as the program. True for patterns that do not compile.
bool fits_pattern(std::string_view pattern, std::string_view text);

}  // namespace unkai::aws::protocol
