#include "planes/gateway/match.h"

#include <algorithm>

#include "base/strings.h"

namespace unkai::planes::gateway {

namespace {

std::vector<std::string_view> segments_of(std::string_view path) {
    if (path.starts_with('/')) path.remove_prefix(1);
    if (path.ends_with('/')) path.remove_suffix(1);
    if (path.empty()) return {};
    return split(path, '/');
}

std::string decoded(std::string_view text) {
    return percent_decode(text).value_or(std::string(text));
}

// The rest of the path from that segment on, as sent.
std::string rest_of(const std::vector<std::string_view>& segments, size_t from) {
    std::string out;
    for (size_t i = from; i < segments.size(); ++i)
        out += (i == from ? "" : "/") + std::string(segments[i]);
    return decoded(out);
}

bool fits(const std::vector<Segment>& pattern, const std::vector<std::string_view>& segments) {
    for (size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i].kind == Segment::Kind::greedy) return segments.size() > i;
        if (i >= segments.size()) return false;
        if (pattern[i].kind == Segment::Kind::literal && pattern[i].text != segments[i] &&
            pattern[i].text != decoded(segments[i]))
            return false;
    }
    return pattern.size() == segments.size();
}

// The more literal pattern first: segment by segment literal < variable < greedy.
bool more_literal(const std::vector<Segment>& a, const std::vector<Segment>& b) {
    for (size_t i = 0; i < std::min(a.size(), b.size()); ++i)
        if (a[i].kind != b[i].kind) return a[i].kind < b[i].kind;
    return a.size() > b.size();
}

bool is_greedy(const Route& route) {
    return !route.path.empty() && route.path.back().kind == Segment::Kind::greedy;
}

Texts variables_of(const Route& route, const std::vector<std::string_view>& segments) {
    Texts out;
    for (size_t i = 0; i < route.path.size(); ++i) {
        if (route.path[i].kind == Segment::Kind::variable)
            out[route.path[i].text] = decoded(segments[i]);
        if (route.path[i].kind == Segment::Kind::greedy)
            out[route.path[i].text] = rest_of(segments, i);
    }
    return out;
}

}  // namespace

Result<std::vector<Segment>> parse_path(std::string_view path) {
    std::vector<Segment> out;
    const auto bad = [&](std::string_view why) {
        return fail("BadRequestException",
                    "The path '" + std::string(path) + "' is not valid: " + std::string(why), 400);
    };
    for (const std::string_view part : segments_of(path)) {
        if (!out.empty() && out.back().kind == Segment::Kind::greedy)
            return bad("a greedy variable must be the last part.");
        const bool braces = part.starts_with('{') && part.ends_with('}') && part.size() > 2;
        if (!braces) {
            if (part.find_first_of("{}") != part.npos || part.empty())
                return bad("a variable is a whole part in braces, {name} or {name+}.");
            out.push_back({Segment::Kind::literal, std::string(part)});
            continue;
        }
        std::string_view name = part.substr(1, part.size() - 2);
        const bool greedy = name.ends_with('+');
        if (greedy) name.remove_suffix(1);
        if (name.empty() || name.find_first_of("{}+") != name.npos)
            return bad("a variable is a whole part in braces, {name} or {name+}.");
        out.push_back(
            {greedy ? Segment::Kind::greedy : Segment::Kind::variable, std::string(name)});
    }
    return out;
}

Match match_rest(const Content& content, std::string_view method, std::string_view path) {
    const auto segments = segments_of(path);
    const Route* best = nullptr;
    for (const Route& route : content.routes)
        if (fits(route.path, segments) && (best == nullptr || more_literal(route.path, best->path)))
            best = &route;
    if (best == nullptr) return {};
    const Route* chosen = nullptr;
    for (const Route& route : content.routes) {
        if (route.resource != best->resource) continue;
        if (route.method == method) chosen = &route;
        if (route.method == "ANY" && chosen == nullptr) chosen = &route;
    }
    if (chosen == nullptr) return {};
    return {chosen, variables_of(*chosen, segments)};
}

Match match_http(const Content& content, std::string_view method, std::string_view path) {
    const auto segments = segments_of(path);
    const Route* best = nullptr;
    const Route* fallback = nullptr;
    for (const Route& route : content.routes) {
        if (route.is_default) fallback = &route;
        if (route.is_default || (route.method != method && route.method != "ANY") ||
            !fits(route.path, segments))
            continue;
        if (best == nullptr || (is_greedy(*best) && !is_greedy(route)) ||
            (is_greedy(*best) == is_greedy(route) &&
             (more_literal(route.path, best->path) ||
              (!more_literal(best->path, route.path) && best->method == "ANY"))))
            best = &route;
    }
    if (best == nullptr) best = fallback;
    if (best == nullptr) return {};
    return {best, best->is_default ? Texts{} : variables_of(*best, segments)};
}

const Mapping* match_mapping(const Domain& domain, std::string_view path) {
    if (path.starts_with('/')) path.remove_prefix(1);
    const Mapping* best = nullptr;
    for (const Mapping& mapping : domain.mappings) {
        const bool begins = mapping.key.empty() ||
                            (path.starts_with(mapping.key) && (path.size() == mapping.key.size() ||
                                                               path[mapping.key.size()] == '/'));
        if (begins && (best == nullptr || mapping.key.size() > best->key.size())) best = &mapping;
    }
    return best;
}

std::string media_type_of(std::string_view content_type) {
    return to_lower(trim(split_once(content_type, ';').first));
}

bool is_binary_type(const std::vector<std::string>& patterns, std::string_view media_type) {
    return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
        if (pattern == "*/*") return true;
        if (pattern.ends_with("/*"))
            return media_type.starts_with(
                to_lower(std::string_view(pattern).substr(0, pattern.size() - 1)));
        return equals_ignoring_case(pattern, media_type);
    });
}

bool is_text_type(std::string_view media_type) {
    return media_type.empty() || media_type.starts_with("text/") ||
           media_type == "application/json" || media_type == "application/javascript" ||
           media_type == "application/xml" || media_type.ends_with("+json") ||
           media_type.ends_with("+xml");
}

std::string with_stage_variables(std::string_view text, const Texts& variables) {
    constexpr std::string_view mark = "${stageVariables.";
    std::string out;
    while (true) {
        const size_t at = text.find(mark);
        const size_t end = at == text.npos ? at : text.find('}', at);
        if (end == text.npos) return out + std::string(text);
        out += text.substr(0, at);
        const auto found = variables.find(text.substr(at + mark.size(), end - at - mark.size()));
        if (found != variables.end()) out += found->second;
        text.remove_prefix(end + 1);
    }
}

}  // namespace unkai::planes::gateway
