#include "cli/machine_checks.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <nftables/libnftables.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "base/strings.h"
#include "base/time.h"
#include "cli/control.h"
#include "cli/leftovers.h"
#include "planes/containers/cgroup.h"
#include "planes/network/netlink.h"
#include "rt/process.h"

namespace unkai::cli {

namespace fs = std::filesystem;
using Verdict = Finding::Verdict;

namespace {

constexpr uint64_t gibibyte = 1ULL << 30;
constexpr uint64_t least_disk = gibibyte, comfortable_disk = 5 * gibibyte;
constexpr uint64_t least_memory = gibibyte;
constexpr uint16_t api_port = 4566;
constexpr int64_t earliest_clock = 1767225600;  // 2026-01-01, before which Unkai was not.

// Runs `work` on a thread of its own, which may enter namespaces of its own: they end with it.
template <class Work>
std::string on_own_thread(Work work) {
    std::string problem;
    std::thread([&] { problem = work(); }).join();
    return problem;
}

std::string reason() { return std::strerror(errno); }

Finding check_root() {
    if (::geteuid() == 0) return {"root", Verdict::passed, "runs as root", ""};
    return {"root", Verdict::failed, "not root: no networks, containers or databases",
            "sudo unkai start"};
}

Finding check_namespaces() {
    const std::string problem = on_own_thread([]() -> std::string {
        return ::unshare(CLONE_NEWNET) == 0 ? "" : "cannot make a network namespace: " + reason();
    });
    if (problem.empty()) return {"network namespaces", Verdict::passed, "can be made", ""};
    return {"network namespaces", Verdict::failed, problem,
            ::geteuid() == 0 ? "a kernel with CONFIG_NET_NS, outside of a restricted container"
                             : "sudo unkai doctor"};
}

Finding check_veth() {
    const std::string problem = on_own_thread([]() -> std::string {
        if (::unshare(CLONE_NEWNET) != 0) return "not tried: no network namespace";
        auto netlink = planes::network::Netlink::open();
        if (!netlink) return netlink.error().message;
        planes::network::NetlinkRequest link(RTM_NEWLINK,
                                             NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
        link.header(ifinfomsg{}).text(IFLA_IFNAME, "doctor");
        const size_t info = link.begin(IFLA_LINKINFO);
        link.text(IFLA_INFO_KIND, "veth");
        link.end(info);
        std::vector<planes::network::NetlinkRequest> requests;
        requests.push_back(std::move(link));
        const Status made = netlink->send(std::move(requests), "cannot make a veth pair");
        return made ? "" : made.error().message;
    });
    if (problem.empty()) return {"veth links", Verdict::passed, "can be made", ""};
    return {"veth links", Verdict::failed, problem, "sudo modprobe veth"};
}

Finding check_packet_filter() {
    const std::string problem = on_own_thread([]() -> std::string {
        if (::unshare(CLONE_NEWNET) != 0) return "not tried: no network namespace";
        nft_ctx* const context = ::nft_ctx_new(NFT_CTX_DEFAULT);
        ::nft_ctx_buffer_error(context);
        const int failed = ::nft_run_cmd_from_buffer(
            context,
            "add table ip doctor; add chain ip doctor c { type nat hook postrouting priority 100; "
            "}; add rule ip doctor c ip saddr 10.0.0.0/8 masquerade");
        std::string text = failed == 0 ? "" : ::nft_ctx_get_error_buffer(context);
        ::nft_ctx_free(context);
        return std::string(trim(std::string_view(text).substr(0, text.find('\n'))));
    });
    if (problem.empty()) return {"packet filter", Verdict::passed, "nftables with NAT works", ""};
    return {"packet filter", Verdict::failed, problem, "sudo modprobe -a nf_tables nft_chain_nat"};
}

// Where the containers' writable layers lie.
Finding check_overlay(const std::string& data_dir) {
    std::error_code error;
    const fs::path base = fs::exists(data_dir, error) ? data_dir : "/var/tmp";
    const std::string folder = base / ("doctor-" + std::to_string(::getpid()));
    const std::string problem = on_own_thread([&]() -> std::string {
        for (const char* name : {"/lower", "/upper", "/work", "/merged"})
            if (!fs::create_directories(folder + name, error)) return "cannot write " + folder;
        if (::unshare(CLONE_FS | CLONE_NEWNS) != 0 ||
            ::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) != 0)
            return "cannot make a mount namespace: " + reason();
        const std::string options = "lowerdir=" + folder + "/lower,upperdir=" + folder +
                                    "/upper,workdir=" + folder + "/work";
        if (::mount("overlay", (folder + "/merged").c_str(), "overlay", 0, options.c_str()) != 0)
            return "cannot mount an overlay in " + base.string() + ": " + reason();
        ::umount2((folder + "/merged").c_str(), MNT_DETACH);
        return "";
    });
    fs::remove_all(folder, error);
    if (problem.empty())
        return {"overlay file system", Verdict::passed, "works in " + base.string(), ""};
    return {"overlay file system", Verdict::failed, problem,
            "sudo modprobe overlay, or a data folder on ext4 or xfs: unkai start --data-dir …"};
}

Finding check_groups() {
    const auto layout = planes::containers::find_cgroup_layout();
    if (!layout)
        return {"control groups", Verdict::failed, layout.error().message,
                "mount -t cgroup2 none /sys/fs/cgroup"};
    return {"control groups", Verdict::passed,
            layout->version2 ? "version 2" : "version 1 (works; version 2 is the usual one)", ""};
}

// A program that must (or should) be there, any of the names.
Finding check_program(const std::string& name, std::initializer_list<const char*> programs,
                      Verdict otherwise, const std::string& without, const std::string& package) {
    for (const char* program : programs)
        if (const std::string path = find_program(program); !path.empty())
            return {name, Verdict::passed, path, ""};
    return {name, otherwise, "not installed: " + without, "apt-get install " + package};
}

Finding check_port(uint16_t port, const std::optional<Installation>& installation, bool needed,
                   const std::string& use) {
    const std::string name = "port " + std::to_string(port);
    const std::string owner = listener_of(port);
    if (owner.empty()) return {name, Verdict::passed, "free, for " + use, ""};
    const int ours = installation ? running_pid(*installation) : 0;
    if (ours != 0 && owner.find("(pid " + std::to_string(ours) + ")") != std::string::npos)
        return {name, Verdict::passed, "ours, for " + use, ""};
    if (needed)
        return {name, ours != 0 ? Verdict::passed : Verdict::failed, "taken by " + owner,
                "unkai start --port 4567"};
    return {name, Verdict::warning, "taken by " + owner + "; needed for " + use,
            "stop " + owner + ", or write the port: https://NAME.localhost:4566"};
}

Finding check_disk(const std::string& data_dir) {
    fs::path folder = data_dir;
    std::error_code error;
    while (!fs::exists(folder, error) && folder.has_relative_path()) folder = folder.parent_path();
    struct statvfs info{};
    if (::statvfs(folder.c_str(), &info) != 0)
        return {"disk", Verdict::failed, "cannot look at " + folder.string() + ": " + reason(), ""};
    const uint64_t free = static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
    const std::string text = std::to_string(free / gibibyte) + " GiB free for " + data_dir;
    if (free >= comfortable_disk) return {"disk", Verdict::passed, text, ""};
    return {"disk", free < least_disk ? Verdict::failed : Verdict::warning, text,
            "make room, or: unkai start --data-dir FOLDER on a larger disk"};
}

Finding check_memory() {
    std::ifstream in("/proc/meminfo");
    for (std::string line; std::getline(in, line);) {
        if (!line.starts_with("MemAvailable:")) continue;
        const std::string_view number = trim(std::string_view(line).substr(13));
        const uint64_t bytes = parse_uint(number.substr(0, number.find(' '))).value_or(0) * 1024;
        const std::string text = std::to_string(bytes >> 20) + " MiB available";
        if (bytes >= least_memory) return {"memory", Verdict::passed, text, ""};
        return {"memory", Verdict::warning, text + "; the SaaS example takes about 1 GiB",
                "end what is not needed"};
    }
    return {"memory", Verdict::warning, "/proc/meminfo says nothing", ""};
}

Finding check_clock() {
    const int64_t now = std::chrono::duration_cast<std::chrono::seconds>(
                            std::chrono::system_clock::now().time_since_epoch())
                            .count();
    const std::string text = iso8601(from_seconds(static_cast<double>(now)));
    if (now < earliest_clock)
        return {"clock", Verdict::failed,
                text + " lies in the past: certificates will not be valid",
                "sudo timedatectl set-ntp true"};
    return {"clock", Verdict::passed, text, ""};
}

Finding check_data_dir(const std::string& data_dir,
                       const std::optional<Installation>& installation) {
    if (!installation)
        return {"data folder", Verdict::passed, data_dir + " (made at the first start)", ""};
    if (::access(data_dir.c_str(), W_OK) != 0)
        return {"data folder", Verdict::failed, "cannot write " + data_dir + ": " + reason(),
                "sudo chown -R $(id -u) " + data_dir};
    const int pid = running_pid(*installation);
    return {"data folder", Verdict::passed,
            data_dir +
                (pid != 0 ? ", in use by Unkai (pid " + std::to_string(pid) + ")" : ", not in use"),
            ""};
}

// Browsers and curl of this machine trust our sites only if this is installed.
Finding check_authority(const std::optional<Installation>& installation) {
    const char* const name = "certificate authority";
    std::error_code error;
    if (!installation || !fs::exists(installation->authority_file(), error))
        return {name, Verdict::passed, "made at the first start", ""};
    std::ifstream ours(installation->authority_file());
    const std::string pem((std::istreambuf_iterator<char>(ours)), {});
    std::ifstream roots("/etc/ssl/certs/ca-certificates.crt");
    const std::string all((std::istreambuf_iterator<char>(roots)), {});
    if (!pem.empty() && all.find(trim(pem)) != std::string::npos)
        return {name, Verdict::passed, "trusted by this machine", ""};
    return {name, Verdict::warning, "this machine does not trust " + installation->authority_file(),
            "cp " + installation->authority_file() +
                " /usr/local/share/ca-certificates/unkai.crt && update-ca-certificates"};
}

// Installations whose program is gone: what they have in the kernel may stay by design, for the
// next start finds it again; but somebody should know.
Finding check_leftovers(const std::optional<Installation>& installation) {
    std::string text, fix;
    for (const std::string& id : installation_ids()) {
        Installation one;
        one.id = id;
        if (running_pid(one) != 0) continue;
        const Leftovers left = find_leftovers(id, "");
        if (left.empty()) continue;
        const bool own = installation && installation->id == id;
        const auto data_dir = data_dir_of(id);
        text += (text.empty() ? "" : "; ") + id + (own ? " (this one, stopped)" : "") + ": " +
                left.text();
        fix += (fix.empty() ? "" : " && ") + std::string("unkai stop --purge") +
               (own        ? ""
                : data_dir ? " --data-dir " + *data_dir
                           : " --leftovers " + id);
    }
    if (text.empty())
        return {"leftovers", Verdict::passed, "no dead installation left anything", ""};
    return {"leftovers", Verdict::warning, text, fix};
}

// What the running program has found out about this machine.
void add_findings_of_program(const std::optional<Installation>& installation,
                             std::vector<Finding>& findings) {
    if (!installation || running_pid(*installation) == 0) return;
    const auto status = Control(*installation).ask("status", wire::Json::object());
    if (!status) return;
    if (!(*status)["network"].bool_or(true))
        findings.push_back({"networks", Verdict::failed, "the running Unkai could not make them",
                            "see " + installation->log_file()});
    for (size_t i = 0; i < (*status)["findings"].size(); ++i)
        findings.push_back(
            {"running Unkai", Verdict::warning, (*status)["findings"][i].string_or(""), ""});
}

}  // namespace

std::string listener_of(uint16_t port) {
    std::set<std::string> inodes;
    for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
        std::ifstream in(table);
        for (std::string line; std::getline(in, line);) {
            std::vector<std::string_view> words;
            for (const std::string_view word : split(line, ' '))
                if (!word.empty()) words.push_back(word);
            if (words.size() < 10 || words[3] != "0A") continue;  // LISTEN
            if (parse_uint(words[1].substr(words[1].rfind(':') + 1), 16) == port)
                inodes.insert("socket:[" + std::string(words[9]) + "]");
        }
    }
    if (inodes.empty()) return "";
    std::error_code error;
    for (const auto& process : fs::directory_iterator("/proc", error)) {
        const std::string pid = process.path().filename();
        if (!parse_uint(pid)) continue;
        for (auto fd = fs::directory_iterator(process.path() / "fd", error);
             !error && fd != fs::directory_iterator(); fd.increment(error)) {
            if (!inodes.contains(fs::read_symlink(fd->path(), error).string())) continue;
            std::ifstream in(process.path() / "comm");
            std::string name;
            std::getline(in, name);
            return name + " (pid " + pid + ")";
        }
    }
    return "another program";
}

std::vector<Finding> check_machine(const std::string& data_dir,
                                   const std::optional<Installation>& installation) {
    std::vector<Finding> findings = {
        check_root(),
        check_namespaces(),
        check_veth(),
        check_packet_filter(),
        check_overlay(data_dir),
        check_groups(),
        check_program("container runtime", {"crun", "runc"}, Verdict::failed,
                      "ECS tasks cannot run", "runc"),
        check_program("database server", {"mariadbd", "mysqld"}, Verdict::failed,
                      "RDS clusters cannot run", "mariadb-server-core"),
        check_program("database backup", {"mariadb-backup", "mariabackup", "xtrabackup"},
                      Verdict::warning, "online backups will need it", "mariadb-backup"),
        check_program("node", {"node"}, Verdict::warning,
                      "needed to build the examples' images and pages", "nodejs"),
        check_program("npm", {"npm"}, Verdict::warning,
                      "needed to build the examples' images and pages", "npm"),
        check_port(api_port, installation, true, "the AWS endpoint"),
        check_port(80, installation, false, "http://*.localhost in a browser"),
        check_port(443, installation, false, "https://*.localhost in a browser"),
        check_disk(data_dir),
        check_memory(),
        check_clock(),
        check_data_dir(data_dir, installation),
        check_authority(installation),
        check_leftovers(installation)};
    add_findings_of_program(installation, findings);
    return findings;
}

}  // namespace unkai::cli
