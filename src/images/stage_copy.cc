// COPY and ADD: from the build context or from another stage into the image.
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "base/strings.h"
#include "images/hash.h"
#include "images/stage.h"
#include "planes/containers/beneath.h"
#include "planes/containers/spec.h"

namespace unkai::images {

namespace fs = std::filesystem;
using Kind = ContextEntry::Kind;

static Unexpected copy_failed(std::string what) {
    return fail("InvalidDockerfile", std::move(what), 400);
}

static std::string last_part(const std::string& path) { return path.substr(path.rfind('/') + 1); }

static Status add_context_entry(Tree& tree, const std::string& path, const std::string& source,
                                Kind kind) {
    if (kind == Kind::file) return add_file(tree, path, source);
    std::error_code error;
    if (kind == Kind::folder)
        add_folder(tree, path, static_cast<uint32_t>(fs::status(source, error).permissions()));
    else
        add_link(tree, path, fs::read_symlink(source, error).string());
    return ok();
}

Result<std::vector<StageBuilder::Source>> StageBuilder::context_sources(
    const std::string& pattern) {
    const auto cleaned = clean_path(pattern);
    if (!cleaned) return copy_failed(pattern + " lies outside of the build context.");
    TRY(const auto* entries, build_.context());
    const bool glob = cleaned->find_first_of("*?") != std::string::npos;
    std::vector<Source> out;
    const auto add_all_below = [&](Source& source, const std::string& folder) -> Status {
        const std::string front = folder.empty() ? "" : folder + "/";
        source.folder = true;
        for (const ContextEntry& entry : *entries)
            if (entry.path.starts_with(front))
                REQUIRE(add_context_entry(source.tree, entry.path.substr(front.size()),
                                          build_.options.context + "/" + entry.path, entry.kind));
        return ok();
    };
    if (cleaned->empty()) {
        Source whole{.path = pattern, .tree = {}, .name = ""};
        REQUIRE(add_all_below(whole, ""));
        return std::vector{std::move(whole)};
    }
    for (const ContextEntry& entry : *entries) {
        if (glob ? !path_matches(*cleaned, entry.path) : entry.path != *cleaned) continue;
        Source source{.path = entry.path, .tree = {}, .name = last_part(entry.path)};
        if (entry.kind == Kind::folder)
            REQUIRE(add_all_below(source, entry.path));
        else
            REQUIRE(add_context_entry(source.tree, "", build_.options.context + "/" + entry.path,
                                      entry.kind));
        out.push_back(std::move(source));
    }
    if (out.empty())
        return copy_failed("there is no " + pattern + " in " + build_.options.context +
                           " (or .dockerignore leaves it out).");
    return out;
}

// A file of another stage, from the topmost of its layers that has it.
static Status add_unpacked(Tree& tree, const std::string& path, const std::string& inside,
                           const std::vector<std::string>& folders) {
    for (auto folder = folders.rbegin(); folder != folders.rend(); ++folder) {
        const std::string source = *folder + "/" + inside;
        struct stat status;
        if (::lstat(source.c_str(), &status) != 0) continue;
        Entry entry{.mode = status.st_mode & 07777u, .source = "", .content = ""};
        std::error_code error;
        if (S_ISDIR(status.st_mode))
            entry.kind = Entry::Kind::folder;
        else if (S_ISLNK(status.st_mode)) {
            entry.kind = Entry::Kind::link;
            entry.content = fs::read_symlink(source, error).string();
        } else if (S_ISREG(status.st_mode))
            entry.source = source;
        else
            return ok();
        tree[path] = std::move(entry);
        return ok();
    }
    return copy_failed("/" + inside + " is not in the layers of that stage.");
}

Result<std::vector<StageBuilder::Source>> StageBuilder::stage_sources(const Draft& from,
                                                                      const std::string& path) {
    TRY(const Overview overview, build_.overview(from));
    std::vector<std::string> folders;
    for (const LayerBlob& layer : from.layers) {
        TRY(std::string folder, build_.cache.unpacked(layer, 0));
        folders.push_back(std::move(folder));
    }
    const std::string wanted = overview.resolve(path);
    std::vector<Source> out;
    const bool glob = wanted.find_first_of("*?") != std::string::npos;
    for (const auto& [inside, kind] : overview.entries()) {
        if (glob ? !path_matches(wanted, inside) : inside != wanted) continue;
        Source source{.path = inside, .tree = {}, .name = last_part(inside)};
        source.folder = kind == "folder";
        if (!source.folder) REQUIRE(add_unpacked(source.tree, "", inside, folders));
        const std::string front = inside + "/";
        for (const auto& [below, _] : overview.entries())
            if (source.folder && below.starts_with(front))
                REQUIRE(add_unpacked(source.tree, below.substr(front.size()), below, folders));
        out.push_back(std::move(source));
    }
    if (out.empty()) return copy_failed("there is no " + path + " in that stage.");
    return out;
}

// "1000", "node", "1000:1000", "node:node": looked up in the image's own files.
Result<std::pair<uint32_t, uint32_t>> StageBuilder::owner(const std::string& text) {
    if (text.empty()) return std::pair<uint32_t, uint32_t>{0, 0};
    std::string passwd, group;
    const bool numbers = text.find_first_not_of("0123456789:") == std::string::npos;
    for (const LayerBlob& layer : draft_.layers) {
        if (numbers) break;
        TRY(const std::string folder, build_.cache.unpacked(layer, 0));
        TRY(const Fd root, planes::containers::open_folder(folder));
        if (auto found = planes::containers::read_beneath(root.get(), "etc/passwd", 1 << 20))
            passwd = *found;
        if (auto found = planes::containers::read_beneath(root.get(), "etc/group", 1 << 20))
            group = *found;
    }
    TRY(const auto ids, planes::containers::find_user(text, passwd, group));
    const bool own_group = text.find(':') == std::string::npos && numbers;
    return std::pair{ids.user, own_group ? ids.user : ids.group};
}

// Where the sources come to lie. https://docs.docker.com/reference/dockerfile/#copy
Result<Tree> StageBuilder::place(const std::vector<Source>& sources, const std::string& destination,
                                 const Instruction& instruction) {
    TRY(const Overview overview, build_.overview(draft_));
    const std::string target = overview.resolve(absolute(destination));
    const bool many = sources.size() > 1;
    const bool folder =
        destination.ends_with('/') || destination == "." || many || overview.is_folder(target);
    const auto option = [&](const char* name) {
        const auto found = instruction.options.find(name);
        return found == instruction.options.end() ? std::string() : found->second;
    };
    TRY(const auto ids, owner(option("chown")));
    const auto mode = parse_uint(option("chmod"), 8);
    Tree tree;
    const auto put = [&](const std::string& path, Entry entry) {
        entry.user = ids.first;
        entry.group = ids.second;
        if (mode && entry.kind == Entry::Kind::file) entry.mode = static_cast<uint32_t>(*mode);
        for (size_t at = path.find('/'); at != std::string::npos; at = path.find('/', at + 1)) {
            const std::string parent = path.substr(0, at);
            if (tree.contains(parent) || overview.kind(parent) == "folder") continue;
            add_folder(tree, parent);
            tree[parent].user = ids.first;
            tree[parent].group = ids.second;
        }
        const bool exists = entry.kind == Entry::Kind::folder && overview.kind(path) == "folder";
        if (!path.empty() && !exists) tree[path] = std::move(entry);
    };
    const std::string front = target.empty() ? "" : target + "/";
    for (const Source& source : sources) {
        if (source.folder && !target.empty()) {
            Entry root{.kind = Entry::Kind::folder, .mode = 0755, .source = "", .content = ""};
            put(target, root);
        }
        for (const auto& [path, entry] : source.tree)
            put(!path.empty() ? front + path : folder ? front + source.name : target, entry);
    }
    return tree;
}

Status StageBuilder::copy(const Instruction& instruction, const std::string& text) {
    TRY(std::vector<std::string> parts, words(text));
    if (instruction.arguments) parts = *instruction.arguments;
    if (parts.size() < 2) return copy_failed("it takes what to copy, and where to.");
    const std::string destination = parts.back();
    parts.pop_back();
    Sha256 inputs;
    std::shared_ptr<Draft> from;
    if (const auto found = instruction.options.find("from"); found != instruction.options.end()) {
        TRY(from, build_.stage(found->second, number_));
        inputs.add_field(from->key);
    }
    std::vector<Source> sources;
    for (const std::string& part : parts) {
        if (from) continue;
        if (instruction.name == "ADD" &&
            (part.find("://") != std::string::npos || part.find(".tar") != std::string::npos ||
             part.ends_with(".tgz")))
            return copy_failed("ADD takes local files here; use RUN to fetch or unpack " + part +
                               ".");
        TRY(auto found, context_sources(part));
        for (Source& source : found) {
            TRY(const std::string digest, tree_digest(source.tree));
            inputs.add_field(source.name + " " + digest);
            sources.push_back(std::move(source));
        }
    }
    for (const auto& [name, value] : instruction.options) inputs.add_field(name + "=" + value);
    inputs.add_field(absolute(destination));
    return layer_step(instruction.name + " " + text, inputs.hex(),
                      [&]() -> Result<std::optional<Tree>> {
                          if (from)
                              for (const std::string& part : parts) {
                                  TRY(auto found, stage_sources(*from, part));
                                  std::ranges::move(found, std::back_inserter(sources));
                              }
                          TRY(Tree tree, place(sources, destination, instruction));
                          return std::optional(std::move(tree));
                      });
}

}  // namespace unkai::images
