// The build context: which files of a folder COPY sees (.dockerignore), and which of them it means.
// Pure but for listing the folder.
//
// Patterns as Docker has them: `*` and `?` within a name, `**` over folders, `!` takes back, the
// last match decides. https://docs.docker.com/build/concepts/context/#dockerignore-files
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace unkai::images {

class IgnoreRules {
public:
    IgnoreRules() = default;
    explicit IgnoreRules(std::string_view text);
    bool ignores(std::string_view path) const;  // Relative, without a leading '/'.
    bool has_exceptions() const { return exceptions_; }

private:
    struct Rule {
        std::vector<std::string> parts;
        bool excludes = true;
    };
    std::vector<Rule> rules_;
    bool exceptions_ = false;
};

// Whether a path matches a pattern, part by part; `**` stands for any number of parts.
bool path_matches(std::string_view pattern, std::string_view path);

// "a//b/./c" → "a/b/c"; nullopt when it climbs out.
std::optional<std::string> clean_path(std::string_view path);

struct ContextEntry {
    std::string path;  // Relative to the context.
    enum class Kind { file, folder, link } kind = Kind::file;
};

// All that is not ignored, sorted. Errors: "ContextUnreadable".
Result<std::vector<ContextEntry>> list_context(const std::string& folder, const IgnoreRules& rules);

}  // namespace unkai::images
