#include "aws/protocol/pattern.h"

#include <gtest/gtest.h>

namespace unkai::aws::protocol {

struct PatternCase {
    std::string_view pattern, text;
    bool fits;
};

TEST(Pattern, MatchesWholeTexts) {
    const PatternCase cases[] = {
        {"[\\w+=,.@-]+", "ada.lovelace@example", true},
        {"[\\w+=,.@-]+", "ada lovelace", false},
        {"[\\w+=,.@-]*", "", true},
        {"\\d{12}", "123456789012", true},
        {"\\d{12}", "12345678901", false},
        {"\\d{12}", "1234567890123", false},
        {"^[a-z][a-z0-9-]{0,3}$", "a-1b", true},
        {"^[a-z][a-z0-9-]{0,3}$", "a-1bc", false},
        {"[a-zA-Z](?:-?[a-zA-Z0-9]+)*", "my-stack-7", true},
        {"[a-zA-Z](?:-?[a-zA-Z0-9]+)*", "my--stack", false},
        {"(ab|c)+d?", "abcabd", true},
        {"(ab|c)+d?", "abcad", false},
        {"a|b|", "", true},
        {"^$|^x+$", "xx", true},
        {"[a-zA-Z0-9-_.]+", "a-b_c.9", true},
        {"[^:*]*", "no colon", true},
        {"[^:*]*", "a:b", false},
        {"[\\u0020-\\u00FF]+", "caf\xC3\xA9", true},
        {"[\\u0020-\\u00FF]+", "\xE2\x82\xAC", false},
        {"[\\u0020-\\uD7FF\\uD800\\uDC00-\\uDBFF\\uDFFF]*", "\xF0\x9F\x98\xB9", true},
        {"([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)", "Name: \xE9\x9B\xB2 1", true},
        {"([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)", "a<b", false},
        {"[\\s\\S]+", "line\nline", true},
        {".*", "line\nline", false},
        {"arn:aws:[a-z0-9-]+:{1,2}x{2,}", "arn:aws:ecs::xxx", true},
    };
    for (const auto& [pattern, text, fits] : cases) {
        const auto compiled = Pattern::compile(pattern);
        ASSERT_TRUE(compiled) << pattern;
        EXPECT_EQ(compiled->matches(text), fits) << pattern << " " << text;
    }
}

TEST(Pattern, IsLinearWhereBacktrackingIsNot) {
    const auto pattern = Pattern::compile("(a*)*(a*)*(a*)*b");
    ASSERT_TRUE(pattern);
    EXPECT_FALSE(pattern->matches(std::string(20000, 'a')));
}

TEST(Pattern, DoesNotCompileWhatItCannotMatch) {
    for (const std::string_view source :
         {"^(?!\\s*$).+", "(a)\\1", "[a-z&&[^b]]", "a{2,1}", "a**", "(", "[a", "\\b"})
        EXPECT_FALSE(Pattern::compile(source)) << source;
    EXPECT_TRUE(fits_pattern("^(?!\\s*$).+", "anything"));
}

}  // namespace unkai::aws::protocol
