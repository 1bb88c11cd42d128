#include "planes/mysql/server.h"

#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "base/strings.h"
#include "planes/mysql/files.h"

namespace unkai::planes::mysql {

Result<Server> Server::started(Loop& loop, Process child) {
    TRY(Server server, adopt(loop, child.pid()));
    server.child_.emplace(std::move(child));
    return server;
}

Result<Server> Server::adopt(Loop& loop, pid_t pid) {
    Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!pidfd) return fail("ProcessNotFound", "Process " + std::to_string(pid) + " has ended.");
    Server server;
    server.loop_ = &loop;
    server.pid_ = pid;
    server.pidfd_ = Io(loop, std::move(pidfd));
    return server;
}

bool Server::running() const {
    if (!pidfd_.open()) return false;
    pollfd poll{pidfd_.fd(), POLLIN, 0};
    return ::poll(&poll, 1, 0) == 0;
}

Task<bool> Server::ended(Steady deadline, Stop* stop) {
    while (running()) {
        if (co_await pidfd_.readable(deadline, stop) != Wake::ready) co_return !running();
    }
    if (child_) co_await child_->wait();
    co_return true;
}

void Server::signal(int number) {
    if (pidfd_.open()) ::syscall(SYS_pidfd_send_signal, pidfd_.fd(), number, nullptr, 0);
}

Task<void> Server::terminate(Duration grace) {
    signal(SIGCONT);
    signal(SIGTERM);
    if (co_await ended(loop_->steady() + grace)) co_return;
    signal(SIGKILL);
    co_await ended();
}

// The kernel's own I/O threads (iou-…) do not stop; what they still write was promised by the log
// before.
static bool stands_still(pid_t pid) {
    const std::string folder = "/proc/" + std::to_string(pid) + "/task";
    DIR* threads = ::opendir(folder.c_str());
    if (threads == nullptr) return false;
    bool still = true;
    while (const dirent* entry = ::readdir(threads)) {
        if (entry->d_name[0] == '.') continue;
        const auto line = read_small_file(folder + "/" + entry->d_name + "/stat");
        if (!line) continue;
        const size_t name_end = line->rfind(") ");
        if (name_end == std::string::npos || line->find("(iou-") != std::string::npos) continue;
        const char state = (*line)[name_end + 2];
        still = still && (state == 'T' || state == 't');
    }
    ::closedir(threads);
    return still;
}

Task<Status> Server::freeze() {
    signal(SIGSTOP);
    const Steady deadline = loop_->steady() + 5s;
    while (!stands_still(pid_)) {
        if (loop_->steady() > deadline || !running()) {
            thaw();
            co_return fail("FreezeFailed", "The database server did not stand still to be copied.",
                           503);
        }
        co_await loop_->sleep(1ms);
    }
    co_return ok();
}

void Server::thaw() { signal(SIGCONT); }

std::vector<Found> find_servers(const std::string& root) {
    std::vector<Found> found;
    DIR* processes = ::opendir("/proc");
    if (processes == nullptr) return found;
    const std::string wanted = "--defaults-file=" + root + "/";
    while (const dirent* entry = ::readdir(processes)) {
        const auto pid = parse_uint(entry->d_name);
        if (!pid) continue;
        const auto arguments = read_small_file("/proc/" + std::string(entry->d_name) + "/cmdline");
        if (!arguments) continue;
        for (const std::string_view argument : split(*arguments, '\0'))
            if (argument.starts_with(wanted))
                found.push_back({static_cast<pid_t>(*pid), std::string(argument.substr(16))});
    }
    ::closedir(processes);
    return found;
}

// On a thread of its own, which ends with the call: our own namespace stays as it is.
static int enter_new_network() {
    if (::unshare(CLONE_NEWNET) != 0) return -errno;
    const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    if (!socket || ::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) return -errno;
    const int fd = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    return fd >= 0 ? fd : -errno;
}

Result<Fd> make_private_network() {
    int made = -1;
    std::thread([&made] { made = enter_new_network(); }).join();
    if (made < 0)
        return fail("NetworkFailed", std::string("Cannot make a network namespace: ") +
                                         std::strerror(-made) + ". Run Unkai as root.");
    return Fd(made);
}

Result<Fd> network_of(pid_t pid) {
    Fd fd(::open(("/proc/" + std::to_string(pid) + "/ns/net").c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return fail("ProcessNotFound", "Process " + std::to_string(pid) + " has ended.");
    return fd;
}

bool same_file(int a, int b) {
    struct stat first{};
    struct stat second{};
    return ::fstat(a, &first) == 0 && ::fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

std::string identity_of_network(const std::string& path) {
    struct stat info{};
    if (::stat(path.empty() ? "/proc/self/ns/net" : path.c_str(), &info) != 0) return {};
    return std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino);
}

}  // namespace unkai::planes::mysql
