// CloudWatch Logs filter patterns. Pure.
//
//     TRY(const FilterPattern pattern, FilterPattern::parse(R"({ $.status >= 500 && $.path =
//     "/api/*" })")); if (pattern.matches(message)) …
//
// Unstructured: terms that must all be there, "quoted phrases", -excluded ones, ?any of these
// (ignored beside other terms, as in AWS), %regular expressions%. JSON: { $.a.b[0] = value }, with
// = != < <= > >=, wildcards, IS NULL/TRUE/FALSE, NOT EXISTS, &&, ||, parentheses. Space-delimited:
// [ip, ..., status = 4*]. Case counts. An empty pattern matches everything. Parsing fails with a
// sentence; matching never does.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"

namespace unkai::services::logs {

class FilterPattern {
public:
    static Result<FilterPattern> parse(std::string_view text);  // Error: InvalidParameterException.
    FilterPattern(FilterPattern&&) noexcept;
    FilterPattern& operator=(FilterPattern&&) noexcept;
    ~FilterPattern();
    bool matches(std::string_view message) const;

    // Any of the three kinds; defined in filter_pattern.cc.
    struct Matcher {
        virtual ~Matcher() = default;
        virtual bool matches(std::string_view message) const = 0;
    };

private:
    explicit FilterPattern(std::unique_ptr<Matcher> matcher);
    std::unique_ptr<Matcher> matcher_;
};

}  // namespace unkai::services::logs
