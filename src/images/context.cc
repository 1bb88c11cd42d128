#include "images/context.h"

#include <algorithm>
#include <filesystem>

#include "base/strings.h"

namespace unkai::images {

namespace fs = std::filesystem;

static std::vector<std::string> parts_of(std::string_view path) {
    std::vector<std::string> out;
    for (const std::string_view part : split(path, '/'))
        if (!part.empty() && part != ".") out.emplace_back(part);
    return out;
}

static bool match_parts(const std::vector<std::string>& pattern, size_t p,
                        const std::vector<std::string>& path, size_t i) {
    if (p == pattern.size()) return i == path.size();
    if (pattern[p] == "**") {
        for (size_t skip = i; skip <= path.size(); ++skip)
            if (match_parts(pattern, p + 1, path, skip)) return true;
        return false;
    }
    return i < path.size() && glob_match(pattern[p], path[i]) &&
           match_parts(pattern, p + 1, path, i + 1);
}

bool path_matches(std::string_view pattern, std::string_view path) {
    return match_parts(parts_of(pattern), 0, parts_of(path), 0);
}

std::optional<std::string> clean_path(std::string_view path) {
    std::vector<std::string> out;
    for (std::string& part : parts_of(path)) {
        if (part != "..")
            out.push_back(std::move(part));
        else if (out.empty())
            return std::nullopt;
        else
            out.pop_back();
    }
    return join(out, "/");
}

IgnoreRules::IgnoreRules(std::string_view text) {
    for (const std::string_view raw : split(text, '\n')) {
        std::string_view line = trim(raw);
        if (line.empty() || line.starts_with('#')) continue;
        Rule rule;
        if (line.starts_with('!')) {
            rule.excludes = false;
            exceptions_ = true;
            line = trim(line.substr(1));
        }
        rule.parts = parts_of(line);
        if (!rule.parts.empty()) rules_.push_back(std::move(rule));
    }
}

bool IgnoreRules::ignores(std::string_view path) const {
    const auto parts = parts_of(path);
    bool out = false;
    for (const Rule& rule : rules_) {
        // A rule for a folder is one for all that is in it.
        for (size_t length = 1; length <= parts.size(); ++length) {
            const std::vector<std::string> front(parts.begin(),
                                                 parts.begin() + static_cast<ptrdiff_t>(length));
            if (!match_parts(rule.parts, 0, front, 0)) continue;
            out = rule.excludes;
            break;
        }
    }
    return out;
}

Result<std::vector<ContextEntry>> list_context(const std::string& folder,
                                               const IgnoreRules& rules) {
    std::vector<ContextEntry> out;
    std::error_code error;
    fs::recursive_directory_iterator walk(folder, error), end;
    for (; !error && walk != end; walk.increment(error)) {
        std::string path = walk->path().lexically_relative(folder).string();
        const bool folder_entry = walk->is_directory(error) && !walk->is_symlink(error);
        if (rules.ignores(path)) {
            if (folder_entry && !rules.has_exceptions()) walk.disable_recursion_pending();
            continue;
        }
        using Kind = ContextEntry::Kind;
        const Kind kind = walk->is_symlink(error) ? Kind::link
                          : folder_entry          ? Kind::folder
                                                  : Kind::file;
        if (kind != Kind::file || walk->is_regular_file(error))
            out.push_back({std::move(path), kind});
    }
    if (error)
        return fail("ContextUnreadable",
                    "The build context " + folder + " cannot be read: " + error.message());
    std::ranges::sort(out, {}, &ContextEntry::path);
    return out;
}

}  // namespace unkai::images
