// Child processes: started without forking the big process (vfork semantics: the page tables are
// not copied), optionally inside a network namespace, and waited for on the loop by their pidfd.
//
//     CO_TRY(Process child, spawn(loop, {.argv = {"/usr/sbin/mariadbd", "--…"}, .network =
//     ns.get()})); const int status = co_await child.wait();
//
// The child gets only the descriptors named, an empty signal mask, and SIGKILL when
// `die_with_parent`.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "rt/loop.h"

namespace unkai {

struct SpawnOptions {
    std::vector<std::string> argv;  // argv[0] is an absolute path; no shell, no PATH look-up.
    std::vector<std::string> environment;     // "NAME=value"; nothing is inherited.
    std::string directory;                    // Empty: that of the parent.
    int input = -1, output = -1, error = -1;  // -1: /dev/null. Not closed in the parent.
    std::vector<int> descriptors;             // Become 3, 4, … in the child, in this order.
    int network = -1;                         // A network namespace's descriptor to enter first.
    uid_t user = 0;                           // Both 0: stay as we are.
    gid_t group = 0;
    bool new_session = true;       // setsid: signals of our terminal do not reach it.
    bool die_with_parent = false;  // SIGKILL when the spawning thread ends.
};

struct Exit {
    int code = -1;  // The exit code; -1 if a signal ended it.
    int signal = 0;
    bool ok() const { return code == 0; }
    std::string text() const;  // "exit code 3", "signal 9"
};

class Process {
public:
    Process() = default;
    Process(Loop& loop, pid_t pid, Fd pidfd);
    Process(Process&&) noexcept = default;
    Process& operator=(Process&&) noexcept = default;
    // Leaves the child running; whoever wants it gone kills it first.
    ~Process() = default;

    pid_t pid() const { return pid_; }
    bool started() const { return pid_ > 0; }
    // One waiter at a time. nullopt when the deadline passed first. Reaps the child; may be asked
    // again.
    Task<std::optional<Exit>> wait(Steady deadline = never);
    // By pidfd: never hits another process that got the same number. False when it has ended
    // already.
    bool signal(int number);
    // SIGTERM, after `grace` SIGKILL, and wait.
    Task<Exit> terminate(Duration grace);

private:
    Loop* loop_ = nullptr;
    pid_t pid_ = 0;
    Io pidfd_;
    std::optional<Exit> exit_;
};

Result<Process> spawn(Loop& loop, const SpawnOptions& options);

struct Output {
    Exit exit;
    std::string output;  // Standard output.
    std::string error;   // Standard error. Each cut at 1 MiB.
};
// Runs to the end and collects what it printed. Error "ProcessTimeout" (and SIGKILL) at the
// deadline.
Task<Result<Output>> run(Loop& loop, SpawnOptions options, Steady deadline = never);

// The first executable file of that name in the usual folders (PATH is not trusted), or empty.
std::string find_program(std::string_view name);

}  // namespace unkai
