// One running server process, started by us or found from an earlier run, and what the kernel says
// of it.
#pragma once

#include <string>
#include <vector>

#include "rt/process.h"

namespace unkai::planes::mysql {

class Server {
public:
    Server() = default;
    static Result<Server> started(Loop& loop, Process child);
    // Error ProcessNotFound when it ended meanwhile.
    static Result<Server> adopt(Loop& loop, pid_t pid);

    pid_t pid() const { return pid_; }
    bool running() const;
    // True when it has ended (and is reaped), false at the deadline or when stopped.
    Task<bool> ended(Steady deadline = never, Stop* stop = nullptr);
    void signal(int number);
    // SIGTERM, after `grace` SIGKILL, and until it is gone.
    Task<void> terminate(Duration grace);
    // SIGSTOP, until every thread stands still. Error FreezeFailed after 5 s; it then runs again.
    Task<Status> freeze();
    void thaw();

private:
    Loop* loop_ = nullptr;
    pid_t pid_ = 0;
    Io pidfd_;
    std::optional<Process> child_;
};

// Processes with an argument --defaults-file=ROOT/…; the rest of that path beside the pid.
struct Found {
    pid_t pid;
    std::string configuration;  // The whole path.
};
std::vector<Found> find_servers(const std::string& root);

// A network namespace of nobody else: only a loopback, which is up.
Result<Fd> make_private_network();
Result<Fd> network_of(pid_t pid);
bool same_file(int a, int b);
// What identifies a namespace while it lives; empty when there is none at `path`.
std::string identity_of_network(const std::string& path);

}  // namespace unkai::planes::mysql
