#include "planes/network/namespaces.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/strings.h"
#include "planes/network/netlink.h"

namespace unkai::planes::network {

namespace {

constexpr long namespace_file_system = 0x6e736673;  // NSFS_MAGIC
constexpr const char* own_namespace = "/proc/thread-self/ns/net";

Unexpected failed(const std::string& what) {
    std::string fix;
    if (errno == EPERM || errno == EACCES) fix = "; Unkai needs root for its networks";
    return fail("NamespaceFailed", fmt::format("{}: {}{}", what, strerror(errno), fix));
}

Status make_directories(const std::string& path) {
    for (size_t at = 1; at != std::string::npos;) {
        at = path.find('/', at + 1);
        if (::mkdir(path.substr(0, at).c_str(), 0755) != 0 && errno != EEXIST)
            return failed("cannot make the directory " + path);
    }
    return ok();
}

bool is_namespace(const std::string& path) {
    struct statfs info;
    return ::statfs(path.c_str(), &info) == 0 && info.f_type == namespace_file_system;
}

Status write_forwarding(bool forwarding) {
    if (write_sysctl("net/ipv4/ip_forward", forwarding ? "1" : "0")) return ok();
    return failed("cannot set net.ipv4.ip_forward");
}

// What every namespace of ours has, set from the inside.
Status prepare(bool forwarding) {
    write_sysctl("net/ipv6/conf/all/disable_ipv6", "1");
    write_sysctl("net/ipv6/conf/default/disable_ipv6", "1");
    for (const char* which : {"all", "default"}) {
        const std::string directory = fmt::format("net/ipv4/conf/{}/", which);
        write_sysctl(directory + "rp_filter", "0");
        write_sysctl(directory + "send_redirects", "0");
        write_sysctl(directory + "promote_secondaries", "1");
    }
    REQUIRE(write_forwarding(forwarding));
    TRY(Netlink netlink, Netlink::open());
    std::vector<NetlinkRequest> requests;
    requests.push_back(up_request("lo"));
    return netlink.send(std::move(requests), "cannot bring lo up");
}

}  // namespace

bool write_sysctl(const std::string& name, const std::string& value) {
    const Fd fd(::open(("/proc/sys/" + name).c_str(), O_WRONLY | O_CLOEXEC));
    return fd &&
           ::write(fd.get(), value.data(), value.size()) == static_cast<ssize_t>(value.size());
}

std::string read_sysctl(const std::string& name) {
    const Fd fd(::open(("/proc/sys/" + name).c_str(), O_RDONLY | O_CLOEXEC));
    char buffer[256];
    const ssize_t got = fd ? ::read(fd.get(), buffer, sizeof buffer) : -1;
    return got <= 0 ? "" : std::string(trim({buffer, static_cast<size_t>(got)}));
}

Namespaces::Namespaces(std::string directory)
    : directory_(std::move(directory)), home_(::open(own_namespace, O_RDONLY | O_CLOEXEC)) {}

Result<std::vector<std::string>> Namespaces::list() {
    std::vector<std::string> out;
    DIR* directory = ::opendir(directory_.c_str());
    if (directory == nullptr && errno == ENOENT) return out;
    if (directory == nullptr) return failed("cannot read " + directory_);
    while (const dirent* entry = ::readdir(directory)) {
        const std::string name = entry->d_name;
        if (name == "." || name == "..") continue;
        if (is_namespace(path(name)))
            out.push_back(name);
        else
            ::unlink(path(name).c_str());
    }
    ::closedir(directory);
    return out;
}

Status Namespaces::create(const std::string& name, bool forwarding) {
    REQUIRE(make_directories(directory_));
    const std::string file = path(name);
    if (is_namespace(file)) REQUIRE(remove(name));
    if (!Fd(::open(file.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0600)))
        return failed("cannot make " + file);
    if (::unshare(CLONE_NEWNET) != 0) {
        Unexpected failure = failed("cannot make a network namespace");
        ::unlink(file.c_str());
        return failure;
    }
    const Visit back(home_.get());
    if (::mount(own_namespace, file.c_str(), nullptr, MS_BIND, nullptr) != 0) {
        Unexpected failure = failed("cannot mount a network namespace on " + file);
        ::unlink(file.c_str());
        return failure;
    }
    return prepare(forwarding);
}

Status Namespaces::set_forwarding(const std::string& name, bool forwarding) {
    TRY(const auto visit, enter(name));
    return write_forwarding(forwarding);
}

Status Namespaces::remove(const std::string& name) {
    const std::string file = path(name);
    if (::umount2(file.c_str(), MNT_DETACH) != 0 && errno != EINVAL && errno != ENOENT)
        return failed("cannot unmount " + file);
    if (::unlink(file.c_str()) != 0 && errno != ENOENT) return failed("cannot remove " + file);
    return ok();
}

Status Namespaces::remove_directory() {
    if (::rmdir(directory_.c_str()) != 0 && errno != ENOENT)
        return failed("cannot remove " + directory_);
    return ok();
}

Result<Fd> Namespaces::open(const std::string& name) const {
    Fd fd(name.empty() ? ::fcntl(home_.get(), F_DUPFD_CLOEXEC, 0)
                       : ::open(path(name).c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return failed("cannot open the network namespace " + name);
    return fd;
}

Result<Namespaces::Visit> Namespaces::enter(const std::string& name) const {
    TRY(const Fd fd, open(name));
    if (::setns(fd.get(), CLONE_NEWNET) != 0)
        return failed("cannot enter the network namespace " + name);
    return Visit(home_.get());
}

Namespaces::Visit::~Visit() {
    if (home_ >= 0) CHECK(::setns(home_, CLONE_NEWNET) == 0, "a thread cannot go home");
}

}  // namespace unkai::planes::network
