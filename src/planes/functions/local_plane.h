// The function plane on this machine: environments in sandboxes of planes/containers, pools of
// generic ones made ahead, and the rules of pool.h.
//
// Names by which everything is found and removed: the run folder (sockets, mounts), the data folder
// (root file system, layers of images), and the container plane's control group below them. open()
// kills and removes what an earlier program left; close() ends all environments; purge() leaves
// nothing.
//
// For each runtime and network that a function was prepared with or ran in, `spare` generic
// environments wait, for `spare_time` after the last use. A claim takes one and another is started
// in its place, so a cold start costs mounting, the handler's loading, and no process.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <vector>

#include "planes/functions/environment.h"
#include "planes/functions/networks.h"
#include "planes/functions/pool.h"

namespace unkai::planes::functions {

struct LocalPlaneOptions {
    std::string run_folder;        // Short: Unix sockets lie below it (at most 45 characters).
    std::string data_folder;       // On a disk. Must not be an overlay itself.
    Networks* networks = nullptr;  // Null: environments have a loopback only.
    PoolLimits limits = limits_for(machine_memory_mib());
    size_t spare = 1;  // Generic environments that wait, for each runtime and network.
    Duration spare_time = std::chrono::minutes(30);
};

class LocalPlane final : public FunctionPlane {
public:
    LocalPlane(Env& env, LocalPlaneOptions options);
    ~LocalPlane() override;

    Task<Status> open();
    Task<void> close();  // Required before destruction.
    Task<Status> purge();

    Status check_runtime(std::string_view runtime) const override;
    std::vector<RuntimeStatus> runtimes() const override;
    Task<Status> prepare(FunctionSpecPtr spec) override;
    Task<Result<Outcome>> invoke(FunctionSpecPtr spec, Invocation invocation) override;
    Task<void> retire(std::string id) override;
    std::vector<EnvironmentStatus> environments() const override;
    std::vector<containers::Finding> findings() const override;

    // Returns when no generic environment is being started, and none of a function is between its
    // answer and its next question, or being ended: for tests and benchmarks.
    Task<void> settled();

private:
    struct Member {
        EnvironmentPtr environment;
        EnvironmentStatus status;
        Time used_at{};
        bool started = false;
        bool proven = false;    // Has answered once: its code is loaded.
        bool settling = false;  // Has answered, but its runtime has not asked for more yet.
        bool ends = false;      // end_soon() was called; its state may say so before.
    };
    using MemberPtr = std::shared_ptr<Member>;
    struct Spares {
        Template made_for;
        std::vector<EnvironmentPtr> ready;
        size_t starting = 0;
        Steady used_at{};
    };

    Spares& spares_for(const FunctionSpec& spec);
    void refill(Spares& spares);
    Task<void> start_spare(Spares& spares);
    Task<Result<EnvironmentPtr>> take_generic(FunctionSpecPtr spec);
    EnvironmentPtr new_environment();
    Task<void> await_settling(const FunctionSpec& spec);
    Task<void> await_turn(const FunctionSpec& spec);
    // Null: throttled.
    Task<Result<MemberPtr>> take(FunctionSpecPtr spec);
    Task<Status> start_member(MemberPtr member, FunctionSpecPtr spec);
    Task<void> settle(MemberPtr member, Duration patience);
    void release(MemberPtr member);
    void end_soon(MemberPtr member);
    Task<void> end_member(MemberPtr member);
    Task<void> end_spare(EnvironmentPtr environment);
    Task<void> sweep();
    Task<Status> make_ready();  // Files that all share, once.
    Task<Result<containers::Image>> image_of(FunctionSpecPtr spec);
    Status check(const FunctionSpec& spec) const;

    Env& env_;
    LocalPlaneOptions options_;
    containers::OciPlane sandboxes_;
    std::unique_ptr<Machine> machine_;
    std::list<MemberPtr> members_;
    std::list<Spares> spares_;
    std::map<std::string, containers::Image> images_;  // By function and revision.
    bool ready_ = false, making_ready_ = false;
    Event changed_;
    Stop closing_;
    Scope scope_;
};

}  // namespace unkai::planes::functions
