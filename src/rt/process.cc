#include "rt/process.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace unkai {

namespace {

// Everything that the child needs, made before the vfork: after it, no allocation, no lock.
struct Plan {
    const SpawnOptions& options;
    std::vector<char*> argv;
    std::vector<char*> environment;
    std::vector<int> descriptors;
    int null = -1;
    pid_t parent = 0;
    int failed_errno = 0;
    const char* failed_step = nullptr;
};

bool fail_step(Plan& plan, const char* step) {
    plan.failed_errno = errno;
    plan.failed_step = step;
    return false;
}

bool put_descriptor(Plan& plan, int from, int to) {
    const int source = from >= 0 ? from : plan.null;
    if (source == to) return ::fcntl(to, F_SETFD, 0) == 0;
    return ::dup2(source, to) == to || fail_step(plan, "dup2");
}

// Two rounds, so that no descriptor is overwritten before it was copied.
bool put_descriptors(Plan& plan) {
    const int count = static_cast<int>(plan.descriptors.size());
    for (int& fd : plan.descriptors) {
        fd = ::fcntl(fd, F_DUPFD_CLOEXEC, 3 + count);
        if (fd < 0) return fail_step(plan, "fcntl");
    }
    for (int i = 0; i < count; ++i)
        if (::dup2(plan.descriptors[static_cast<size_t>(i)], 3 + i) < 0)
            return fail_step(plan, "dup2");
    return true;
}

void reset_signals() {
    for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

bool prepare_child(Plan& plan) {
    const SpawnOptions& options = plan.options;
    reset_signals();
    if (options.new_session) ::setsid();
    if (options.network >= 0 && ::setns(options.network, CLONE_NEWNET) != 0)
        return fail_step(plan, "setns");
    if (!options.directory.empty() && ::chdir(options.directory.c_str()) != 0)
        return fail_step(plan, "chdir");
    if (!put_descriptor(plan, options.input, 0)) return false;
    if (!put_descriptor(plan, options.output, 1)) return false;
    if (!put_descriptor(plan, options.error, 2)) return false;
    if (!put_descriptors(plan)) return false;
    const auto first_closed = static_cast<unsigned>(3 + plan.descriptors.size());
    if (::syscall(SYS_close_range, first_closed, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */) != 0)
        return fail_step(plan, "close_range");
    if (options.group != 0 || options.user != 0) {
        // The raw calls: libc's would try to change all threads of the parent that we borrow.
        if (::syscall(SYS_setgroups, 0, nullptr) != 0) return fail_step(plan, "setgroups");
        if (::syscall(SYS_setresgid, options.group, options.group, options.group) != 0)
            return fail_step(plan, "setgid");
        if (::syscall(SYS_setresuid, options.user, options.user, options.user) != 0)
            return fail_step(plan, "setuid");
    }
    if (options.die_with_parent) ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    return true;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (const auto& text : texts) out.push_back(const_cast<char*>(text.c_str()));
    out.push_back(nullptr);
    return out;
}

// The child shares our memory until it execs; the parent stands still meanwhile.
[[gnu::noinline]] pid_t vfork_and_exec(Plan& plan) {
    const pid_t pid = ::vfork();
    if (pid != 0) return pid;
    if (prepare_child(plan)) {
        ::execve(plan.argv[0], plan.argv.data(), plan.environment.data());
        fail_step(plan, "exec");
    }
    ::_exit(127);
}

}  // namespace

std::string Exit::text() const {
    if (signal != 0) return "signal " + std::to_string(signal);
    return "exit code " + std::to_string(code);
}

Result<Process> spawn(Loop& loop, const SpawnOptions& options) {
    CHECK(!options.argv.empty());
    Plan plan{options, pointers(options.argv), pointers(options.environment), options.descriptors};
    const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    plan.null = null.get();

    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    const pid_t pid = vfork_and_exec(plan);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);

    if (pid < 0)
        return fail("ProcessStartFailed",
                    "Cannot start " + options.argv[0] + ": " + std::strerror(errno) + ".");
    if (plan.failed_step != nullptr) {
        ::waitpid(pid, nullptr, 0);
        return fail("ProcessStartFailed", "Cannot start " + options.argv[0] + ": " +
                                              plan.failed_step + ": " +
                                              std::strerror(plan.failed_errno) + ".");
    }
    Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    CHECK(static_cast<bool>(pidfd), "pidfd_open failed; Linux 5.3 or later is needed");
    return Process(loop, pid, std::move(pidfd));
}

Process::Process(Loop& loop, pid_t pid, Fd pidfd)
    : loop_(&loop), pid_(pid), pidfd_(loop, std::move(pidfd)) {}

Task<std::optional<Exit>> Process::wait(Steady deadline) {
    while (!exit_) {
        siginfo_t info{};
        if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG) == 0 &&
            info.si_pid == pid_) {
            exit_ = info.si_code == CLD_EXITED ? Exit{info.si_status, 0} : Exit{-1, info.si_status};
            break;
        }
        if (co_await pidfd_.readable(deadline) == Wake::timed_out) co_return std::nullopt;
    }
    co_return exit_;
}

bool Process::signal(int number) {
    if (exit_ || !pidfd_.open()) return false;
    return ::syscall(SYS_pidfd_send_signal, pidfd_.fd(), number, nullptr, 0) == 0;
}

Task<Exit> Process::terminate(Duration grace) {
    signal(SIGTERM);
    const Steady deadline = loop_->steady() + grace;
    if (const auto ended = co_await wait(deadline)) co_return *ended;
    signal(SIGKILL);
    co_return *co_await wait();
}

static Task<void> collect(Io pipe, std::string& into) {
    constexpr size_t most = 1 << 20;
    std::string buffer(64 << 10, '\0');
    while (true) {
        const ssize_t got = ::read(pipe.fd(), buffer.data(), buffer.size());
        if (got == 0) co_return;
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno != EAGAIN) co_return;
        if (got > 0) into.append(buffer, 0, std::min(static_cast<size_t>(got), most - into.size()));
        if (got < 0 && co_await pipe.readable() != Wake::ready) co_return;
    }
}

static Task<void> kill_at(Loop& loop, Process& child, Steady deadline, Stop& done, bool& killed) {
    if (deadline == never || !co_await loop.sleep_until(deadline, &done)) co_return;
    killed = child.signal(SIGKILL);
}

Task<Result<Output>> run(Loop& loop, SpawnOptions options, Steady deadline) {
    int out[2];
    int err[2];
    if (::pipe2(out, O_CLOEXEC) != 0)
        co_return fail("ProcessStartFailed", "No file descriptor is left for a pipe.");
    Fd out_read(out[0]);
    Fd out_write(out[1]);
    if (::pipe2(err, O_CLOEXEC) != 0)
        co_return fail("ProcessStartFailed", "No file descriptor is left for a pipe.");
    Fd err_read(err[0]);
    Fd err_write(err[1]);
    options.output = out_write.get();
    options.error = err_write.get();
    CO_TRY(Process child, spawn(loop, options));
    out_write.reset();
    err_write.reset();

    Output output;
    Stop done;
    bool killed = false;
    Scope scope;
    scope.spawn(collect(Io(loop, std::move(out_read)), output.output));
    scope.spawn(collect(Io(loop, std::move(err_read)), output.error));
    scope.spawn(kill_at(loop, child, deadline, done, killed));
    output.exit = *co_await child.wait();
    done.request();
    co_await scope.join();
    if (killed)
        co_return fail("ProcessTimeout", options.argv[0] + " did not end in time and was stopped.");
    co_return output;
}

std::string find_program(std::string_view name) {
    for (const char* folder :
         {"/usr/local/sbin/", "/usr/local/bin/", "/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"}) {
        std::string path = folder + std::string(name);
        if (::access(path.c_str(), X_OK) == 0) return path;
    }
    return {};
}

}  // namespace unkai
