#include "images/overview.h"

#include "base/strings.h"

namespace unkai::images {

constexpr int most_links = 40;  // As the kernel has it (path_resolution(7)).

wire::Json Overview::list_of(const Tree& tree) {
    wire::Json list = wire::Json::object();
    for (const auto& [path, entry] : tree) {
        const bool link = entry.kind == Entry::Kind::link;
        list.set(path, link                                ? "link " + entry.content
                       : entry.kind == Entry::Kind::folder ? "folder"
                                                           : "file");
    }
    return list;
}

void Overview::erase_below(const std::string& folder) {
    const std::string front = folder + "/";
    auto at = entries_.lower_bound(front);
    while (at != entries_.end() && at->first.starts_with(front)) at = entries_.erase(at);
}

void Overview::add(const wire::Json& list) {
    if (!list.is_object()) return;
    for (const auto& [path, kind] : list.as_object()) {
        const size_t slash = path.rfind('/');
        const std::string parent = slash == std::string::npos ? "" : path.substr(0, slash);
        const std::string name = path.substr(slash + 1);
        if (name == ".wh..wh..opq") {
            erase_below(parent);
        } else if (name.starts_with(".wh.")) {
            const std::string gone = (parent.empty() ? "" : parent + "/") + name.substr(4);
            erase_below(gone);
            entries_.erase(gone);
        }
    }
    for (const auto& [path, kind] : list.as_object()) {
        if (path.substr(path.rfind('/') + 1).starts_with(".wh.")) continue;
        if (kind.string_or("") != "folder") erase_below(path);
        entries_[path] = kind.string_or("");
    }
}

std::string_view Overview::kind(std::string_view resolved) const {
    if (resolved.empty()) return "folder";
    const auto found = entries_.find(resolved);
    if (found == entries_.end()) return "";
    return split_once(found->second, ' ').first;
}

std::string Overview::resolve_links(std::string_view path, int depth) const {
    std::string out;
    const auto parts = split(path, '/');
    for (size_t i = 0; i < parts.size(); ++i) {
        if (parts[i].empty() || parts[i] == ".") continue;
        if (parts[i] == "..") {
            out.resize(out.find('/') == std::string::npos ? 0 : out.rfind('/'));
            continue;
        }
        const std::string here =
            out.empty() ? std::string(parts[i]) : out + "/" + std::string(parts[i]);
        const auto found = entries_.find(here);
        if (found == entries_.end() || !found->second.starts_with("link ") || depth >= most_links) {
            out = here;
            continue;
        }
        const std::string target = found->second.substr(5);
        out = resolve_links(target.starts_with('/') ? target : out + "/" + target, depth + 1);
    }
    return out;
}

std::string Overview::resolve(std::string_view path) const { return resolve_links(path, 0); }

}  // namespace unkai::images
