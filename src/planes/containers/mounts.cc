#include "planes/containers/mounts.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>

#include "base/strings.h"
#include "rt/fd.h"

namespace unkai::planes::containers {

namespace {

Unexpected mount_failed(const std::string& what) {
    return fail("MountFailed", what + ": " + std::strerror(errno) + ".");
}

// "\040" and its kin, as the kernel writes spaces in paths.
std::string unescape(std::string_view text) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 3 < text.size()) {
            if (const auto code = parse_uint(text.substr(i + 1, 3), 8)) {
                out += static_cast<char>(*code);
                i += 3;
                continue;
            }
        }
        out += text[i];
    }
    return out;
}

// Runs `work` with this thread inside the network namespace, and comes back.
Status inside(const std::string& network_namespace, const std::function<Status()>& work) {
    const Fd home(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    const Fd there(::open(network_namespace.c_str(), O_RDONLY | O_CLOEXEC));
    if (!home || !there) return mount_failed("Cannot open the namespace " + network_namespace);
    if (::setns(there.get(), CLONE_NEWNET) != 0)
        return mount_failed("Cannot enter the network namespace " + network_namespace);
    Status status = work();
    CHECK(::setns(home.get(), CLONE_NEWNET) == 0, "a worker could not leave a network namespace");
    return status;
}

Status add_loopback_address(const std::string& address) {
    struct {
        nlmsghdr header{};
        ifaddrmsg message{};
        rtattr attribute{};
        in_addr address{};
    } request;
    if (::inet_pton(AF_INET, address.c_str(), &request.address) != 1)
        return fail("MountFailed", "'" + address + "' is not an IPv4 address.", 400);
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = RTM_NEWADDR;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE;
    request.message.ifa_family = AF_INET;
    request.message.ifa_prefixlen = 32;
    request.message.ifa_scope = RT_SCOPE_HOST;
    request.message.ifa_index = 1;  // The loopback device is always the first.
    request.attribute.rta_type = IFA_LOCAL;
    request.attribute.rta_len = RTA_LENGTH(sizeof(in_addr));
    const Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    if (!socket || ::send(socket.get(), &request, sizeof request, 0) < 0)
        return mount_failed("Cannot add " + address + " to the loopback device");
    struct {
        nlmsghdr header{};
        nlmsgerr error{};
        char rest[256];
    } answer;
    if (::recv(socket.get(), &answer, sizeof answer, 0) < static_cast<ssize_t>(sizeof(nlmsghdr)))
        return mount_failed("Cannot add " + address + " to the loopback device");
    errno = -answer.error.error;
    if (errno != 0 && errno != EEXIST)
        return mount_failed("Cannot add " + address + " to the loopback device");
    return ok();
}

Status ready_network(const std::vector<std::string>& loopback_addresses) {
    const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP | IFF_RUNNING | IFF_LOOPBACK;
    if (!socket || ::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0)
        return mount_failed("Cannot bring up the loopback device");
    const Fd ports(::open("/proc/sys/net/ipv4/ip_unprivileged_port_start", O_WRONLY | O_CLOEXEC));
    if (!ports || ::write(ports.get(), "0", 1) != 1)
        return mount_failed("Cannot open the low ports to containers");
    for (const std::string& address : loopback_addresses) REQUIRE(add_loopback_address(address));
    return ok();
}

}  // namespace

std::vector<MountEntry> parse_mountinfo(std::string_view text) {
    std::vector<MountEntry> out;
    for (const std::string_view line : split(text, '\n')) {
        const auto words = split(line, ' ');
        const auto dash = std::ranges::find(words, std::string_view("-"));
        if (words.size() < 10 || words.end() - dash < 4) continue;
        out.push_back({unescape(words[4]), std::string(dash[1]), std::string(dash[3])});
    }
    return out;
}

Status mount_overlay(const std::vector<std::string>& layers, const std::string& upper,
                     const std::string& work, const std::string& target) {
    // The options must fit in a page: name the layers by descriptors, not by their long paths.
    std::vector<Fd> open_layers;
    std::string lower;
    for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
        Fd folder(::open(layer->c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (!folder) return mount_failed("Cannot open the layer " + *layer);
        if (!lower.empty()) lower += ':';
        lower += "/proc/self/fd/" + std::to_string(folder.get());
        open_layers.push_back(std::move(folder));
    }
    const std::string options = "lowerdir=" + lower + ",upperdir=" + upper + ",workdir=" + work;
    for (const char* extra : {",volatile", ""}) {  // Linux before 5.10 does not know it.
        const std::string all = options + extra;
        if (::mount("overlay", target.c_str(), "overlay", MS_NODEV, all.c_str()) == 0) return ok();
        if (errno != EINVAL) break;
    }
    return mount_failed("Cannot mount the container's root file system on " + target);
}

Status mount_sysfs(const std::string& network_namespace, const std::string& target) {
    return inside(network_namespace, [&]() -> Status {
        constexpr unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY;
        if (::mount("sysfs", target.c_str(), "sysfs", flags, nullptr) != 0)
            return mount_failed("Cannot mount sysfs on " + target);
        return ok();
    });
}

Status bind_folder(const std::string& source, const std::string& target) {
    if (::mount(source.c_str(), target.c_str(), nullptr, MS_BIND, nullptr) == 0) return ok();
    return mount_failed("Cannot bind " + source + " to " + target);
}

Status unmount(const std::string& target) {
    if (::umount2(target.c_str(), UMOUNT_NOFOLLOW | MNT_DETACH) == 0) return ok();
    if (errno == EINVAL || errno == ENOENT) return ok();
    return mount_failed("Cannot unmount " + target);
}

Status unmount_all_below(const std::string& folder) {
    std::string text;
    char buffer[16 << 10];
    const Fd file(::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC));
    ssize_t got = 0;
    while ((got = ::read(file.get(), buffer, sizeof buffer)) > 0) text.append(buffer, got);
    std::vector<MountEntry> mounts = parse_mountinfo(text);
    std::ranges::reverse(mounts);
    for (const MountEntry& mount : mounts)
        if (mount.target == folder || mount.target.starts_with(folder + "/"))
            REQUIRE(unmount(mount.target));
    return ok();
}

Status prepare_network(const std::string& network_namespace,
                       const std::vector<std::string>& loopback_addresses) {
    return inside(network_namespace, [&] { return ready_network(loopback_addresses); });
}

}  // namespace unkai::planes::containers
