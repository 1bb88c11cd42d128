// What the layers so far show at a path, without unpacking them: the merged list of their entries.
// Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "images/tree.h"
#include "wire/json.h"

namespace unkai::images {

class Overview {
public:
    // One layer above those before; a list is what list_of() made.
    void add(const wire::Json& list);
    static wire::Json list_of(const Tree& tree);

    // The path with all links on the way followed, as the container would ("/app" → "app"). Links
    // that go round and round end where they are.
    std::string resolve(std::string_view path) const;
    // "folder", "file" or "link" at a resolved path; empty: nothing.
    std::string_view kind(std::string_view resolved) const;
    bool is_folder(std::string_view path) const { return kind(resolve(path)) == "folder"; }
    const std::map<std::string, std::string, std::less<>>& entries() const { return entries_; }

private:
    std::string resolve_links(std::string_view path, int depth) const;
    void erase_below(const std::string& folder);
    std::map<std::string, std::string, std::less<>> entries_;  // Kind, or "link " and its target.
};

}  // namespace unkai::images
