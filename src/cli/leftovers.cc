#include "cli/leftovers.h"

#include <nftables/libnftables.h>
#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/strings.h"
#include "images/hash.h"
#include "planes/network/kernel_network.h"

namespace unkai::cli {

namespace fs = std::filesystem;

namespace {

constexpr const char* link_prefix = "unkai";
constexpr size_t id_digits = 8;
constexpr int most_wait_ms = 10000;

std::string run_folder(const std::string& id) { return run_root() + "/" + id; }

// As the container plane names its control group (planes/containers/oci_plane.cc).
std::string group_name(const std::string& id) {
    return "unkai-" + images::sha256_of(run_folder(id) + "/containers").substr(0, 12);
}

bool is_id(std::string_view text) {
    return text.size() == id_digits &&
           text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::vector<std::string> names_in(const fs::path& folder) {
    std::vector<std::string> names;
    std::error_code error;
    for (auto entry = fs::directory_iterator(folder, error);
         !error && entry != fs::directory_iterator(); entry.increment(error))
        names.push_back(entry->path().filename());
    std::sort(names.begin(), names.end());
    return names;
}

// "\040" → " ", as in mountinfo.
std::string unescape(std::string_view text) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
        const auto code = text[i] == '\\' ? parse_uint(text.substr(i + 1, 3), 8) : std::nullopt;
        out += code ? static_cast<char>(*code) : text[i];
        if (code) i += 3;
    }
    return out;
}

struct Mount {
    std::string point, type;
};

std::vector<Mount> all_mounts() {
    std::vector<Mount> mounts;
    std::ifstream in("/proc/self/mountinfo");
    for (std::string line; std::getline(in, line);) {
        const auto words = split(line, ' ');
        const size_t dash = line.find(" - ");
        if (words.size() < 5 || dash == std::string::npos) continue;
        const auto rest = split(std::string_view(line).substr(dash + 3), ' ');
        mounts.push_back({unescape(words[4]), std::string(rest.front())});
    }
    return mounts;
}

bool is_below(const std::string& path, const std::string& folder) {
    return !folder.empty() && path.starts_with(folder + "/");
}

// Names of the packet filter's tables in our own namespace.
std::vector<std::string> all_tables() {
    std::vector<std::string> out;
    nft_ctx* const context = ::nft_ctx_new(NFT_CTX_DEFAULT);
    if (context == nullptr) return out;
    ::nft_ctx_buffer_output(context);
    ::nft_ctx_buffer_error(context);
    if (::nft_run_cmd_from_buffer(context, "list tables") == 0)
        for (const std::string_view line : split(::nft_ctx_get_output_buffer(context), '\n'))
            if (const auto words = split(trim(line), ' '); words.size() == 3)
                out.emplace_back(words[2]);
    ::nft_ctx_free(context);
    return out;
}

ino_t inode_of(const std::string& path) {
    struct stat info{};
    return ::stat(path.c_str(), &info) == 0 ? info.st_ino : 0;
}

std::string text_of(const std::string& path) {
    std::ifstream in(path);
    return std::string((std::istreambuf_iterator<char>(in)), {});
}

// Ended, and only waiting for its parent to notice.
bool has_ended(const std::string& process) {
    const std::string stat = text_of(process + "/stat");
    const size_t name = stat.rfind(") ");
    return name == std::string::npos || stat[name + 2] == 'Z' || stat[name + 2] == 'X';
}

// Inside of a namespace or control group of the installation, or a database server on its data.
std::vector<int> processes_of(const std::string& id, const std::string& data_dir,
                              const std::string& group) {
    std::set<ino_t> inside;
    for (const std::string& name : names_in(run_folder(id) + "/netns"))
        inside.insert(inode_of(run_folder(id) + "/netns/" + name));
    inside.erase(0);
    inside.erase(inode_of("/proc/self/ns/net"));
    const std::string database = "=" + data_dir + "/mysql/";
    std::vector<int> out;
    for (const std::string& name : names_in("/proc")) {
        const std::string process = "/proc/" + name;
        const auto pid = parse_uint(name);
        if (!pid || *pid == static_cast<uint64_t>(::getpid()) || has_ended(process)) continue;
        if (inside.contains(inode_of(process + "/ns/net")) ||
            text_of(process + "/cgroup").find("/" + group) != std::string::npos ||
            (!data_dir.empty() &&
             text_of(process + "/cmdline").find(database) != std::string::npos))
            out.push_back(static_cast<int>(*pid));
    }
    return out;
}

void add_groups(const fs::path& folder, std::vector<std::string>& out) {
    out.push_back(folder);
    std::error_code error;
    for (auto entry = fs::directory_iterator(folder, error);
         !error && entry != fs::directory_iterator(); entry.increment(error))
        if (entry->is_directory(error)) add_groups(entry->path(), out);
}

// SIGKILL, by pidfd, and wait until they have ended.
Status end_processes(const std::vector<int>& pids) {
    for (const int pid : pids) {
        const Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
        if (!pidfd) continue;
        ::syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);
        pollfd ended{pidfd.get(), POLLIN, 0};
        if (::poll(&ended, 1, most_wait_ms) <= 0)
            return fail("PurgeFailed", "The process " + std::to_string(pid) + " does not end.");
    }
    return ok();
}

Task<Status> purge_network(std::string id) {
    const auto random = system_random();
    Workers workers(1);
    Env env{*Loop::current(), *random, workers};
    planes::network::Settings settings;
    settings.run_directory = run_folder(id);
    settings.host_link = link_prefix + id;
    planes::network::KernelNetwork network(env, settings);
    Status purged = co_await network.purge();
    co_await network.settle();
    co_return purged;
}

// As the program wrote it down; the folder may be gone.
std::string recorded_data_dir(const std::string& id) {
    return std::string(trim(text_of(run_folder(id) + "/data-dir")));
}

std::string counted(size_t count, const char* what) {
    const std::string_view word = what;
    return count == 0 ? ""
                      : std::to_string(count) + " " + what +
                            (count == 1            ? ""
                             : word.ends_with('s') ? "es"
                                                   : "s");
}

}  // namespace

std::string run_root() { return "/run/unkai"; }

std::string Leftovers::text() const {
    std::vector<std::string> parts = {
        counted(namespaces.size(), "namespace"),       counted(links.size(), "link"),
        counted(tables.size(), "packet filter table"), counted(mounts.size(), "mount"),
        counted(groups.size(), "control group"),       counted(processes.size(), "process")};
    std::erase(parts, "");
    return join(parts, ", ");
}

std::optional<std::string> data_dir_of(const std::string& id) {
    std::string path = recorded_data_dir(id);
    std::error_code error;
    if (path.empty() || !fs::exists(path + "/installation.json", error)) return std::nullopt;
    return path;
}

std::vector<std::string> installation_ids() {
    std::set<std::string> ids;
    for (const std::string& name : names_in(run_root()))
        if (is_id(name)) ids.insert(name);
    std::vector<std::string> names = names_in("/sys/class/net");
    for (std::string& table : all_tables()) names.push_back(std::move(table));
    for (const std::string& name : names)
        if (name.starts_with(link_prefix) && is_id(name.substr(5))) ids.insert(name.substr(5));
    return {ids.begin(), ids.end()};
}

Leftovers find_leftovers(const std::string& id, const std::string& known_data_dir) {
    const std::string data_dir = known_data_dir.empty() ? recorded_data_dir(id) : known_data_dir;
    Leftovers out;
    out.namespaces = names_in(run_folder(id) + "/netns");
    for (const std::string& name : names_in("/sys/class/net"))
        if (name == link_prefix + id) out.links.push_back(name);
    for (const std::string& name : all_tables())
        if (name == link_prefix + id) out.tables.push_back(name);
    const std::string group = group_name(id);
    for (const Mount& mount : all_mounts()) {
        if (is_below(mount.point, run_folder(id)) || is_below(mount.point, data_dir))
            out.mounts.push_back(mount.point);
        if (!mount.type.starts_with("cgroup")) continue;
        std::error_code error;
        if (fs::is_directory(mount.point + "/" + group, error))
            add_groups(mount.point + "/" + group, out.groups);
    }
    out.processes = processes_of(id, data_dir, group);
    return out;
}

Status remove_leftovers(const std::string& id, const std::string& data_dir) {
    REQUIRE(end_processes(find_leftovers(id, data_dir).processes));
    const Leftovers left = find_leftovers(id, data_dir);
    for (auto mount = left.mounts.rbegin(); mount != left.mounts.rend(); ++mount)
        if (!is_below(*mount, run_folder(id) + "/netns")) ::umount2(mount->c_str(), MNT_DETACH);
    if (!left.namespaces.empty() || !left.links.empty() || !left.tables.empty()) {
        Loop loop;
        REQUIRE(loop.run_until_done(purge_network(id)));
    }
    for (auto group = left.groups.rbegin(); group != left.groups.rend(); ++group)
        ::rmdir(group->c_str());
    std::error_code error;
    const Leftovers rest = find_leftovers(id, data_dir);
    if (!rest.empty())
        return fail("PurgeFailed", "This stays in the kernel: " + rest.text() +
                                       (rest.mounts.empty() ? "" : " (" + rest.mounts[0] + ")") +
                                       ". Restart the machine, or remove it by hand.");
    fs::remove_all(run_folder(id), error);
    fs::remove(run_root(), error);  // Only when it is empty.
    return ok();
}

}  // namespace unkai::cli
