#include <algorithm>

#include "base/strings.h"
#include "services/cloudwatch/query.h"

namespace unkai::services::cloudwatch {

namespace {

// {Namespace,Dimension,"Dimension"} before the terms.
Result<std::string_view> read_schema(std::string_view text, SearchTerms& terms) {
    const size_t close = text.find('}');
    if (close == text.npos) return math_error("SEARCH: the schema's closing brace is missing.");
    terms.has_schema = true;
    for (const std::string_view part : split(text.substr(1, close - 1), ',')) {
        std::string name(trim(part));
        if (name.size() >= 2 && name.front() == '"' && name.back() == '"')
            name = name.substr(1, name.size() - 2);
        if (!terms.space)
            terms.space = name;
        else
            terms.dimension_names.push_back(name);
    }
    std::sort(terms.dimension_names.begin(), terms.dimension_names.end());
    return text.substr(close + 1);
}

// A word, or what stands between quotes.
Result<std::string> read_word(std::string_view& text) {
    if (text.starts_with('"')) {
        const size_t close = text.find('"', 1);
        if (close == text.npos) return math_error("SEARCH: a closing quote is missing.");
        std::string out(text.substr(1, close - 1));
        text.remove_prefix(close + 1);
        return out;
    }
    const size_t end = std::min(text.find_first_of(" =\""), text.size());
    std::string out(text.substr(0, end));
    text.remove_prefix(end);
    return out;
}

bool holds(std::string_view text, const std::string& lower_word) {
    return to_lower(text).find(lower_word) != std::string::npos;
}

}  // namespace

Result<SearchTerms> parse_search(std::string_view text) {
    SearchTerms terms;
    text = trim(text);
    if (text.starts_with('{')) {
        TRY(text, read_schema(text, terms));
    }
    for (text = trim(text); !text.empty(); text = trim(text)) {
        const bool quoted = text.starts_with('"');
        TRY(std::string word, read_word(text));
        if (!quoted && (word == "OR" || word == "NOT" || word.find('(') != word.npos))
            return math_error("SEARCH: Unkai knows words, name=\"value\" and AND, not " + word +
                              ".");
        if (!quoted && word == "AND") continue;
        if (!text.starts_with('=')) {
            if (word.empty())
                return math_error("SEARCH: cannot read \"" + std::string(text) + "\".");
            terms.words.push_back(to_lower(word));
            continue;
        }
        text.remove_prefix(1);
        TRY(std::string value, read_word(text));
        terms.exact.emplace_back(std::move(word), std::move(value));
    }
    return terms;
}

bool SearchTerms::match(const std::string& metric_space, const std::string& name,
                        const StoredMetric& metric) const {
    if (space && *space != metric_space) return false;
    if (has_schema) {
        std::vector<std::string> names;
        for (const auto& [dimension, value] : metric.dimensions) names.push_back(dimension);
        if (names != dimension_names) return false;
    }
    for (const auto& [property, wanted] : exact) {
        if (property == "MetricName" || property == "Namespace") {
            if ((property == "MetricName" ? name : metric_space) != wanted) return false;
            continue;
        }
        const auto found = std::find(metric.dimensions.begin(), metric.dimensions.end(),
                                     std::pair{property, wanted});
        if (found == metric.dimensions.end()) return false;
    }
    for (const std::string& word : words) {
        bool found = holds(name, word) || holds(metric_space, word);
        for (const auto& [dimension, value] : metric.dimensions)
            found = found || holds(dimension, word) || holds(value, word);
        if (!found) return false;
    }
    return true;
}

}  // namespace unkai::services::cloudwatch
