// One execution environment on this machine: a sandbox of planes/containers, its Runtime API, its
// log, and whether it is frozen.
//
// A *generic* one is made ahead for a runtime and a network: its interpreter runs, its /tmp is
// mounted, and it knows no function. claim() makes it one function's: limits, then the code and
// the layers are mounted into its mount namespace, then its client gets the variables and loads the
// handler. No code of a user ran in it before, and none of a second function ever will. One of an
// image is made for its function from the start.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "planes/containers/oci_plane.h"
#include "planes/functions/control.h"
#include "planes/functions/environment_log.h"
#include "planes/functions/functions.h"
#include "planes/functions/networks.h"
#include "planes/functions/runtime_api.h"
#include "planes/functions/runtime_names.h"

namespace unkai::planes::functions {

// What all environments of a plane share.
struct Machine {
    Env& env;
    containers::OciPlane& sandboxes;
    containers::Cgroups groups;
    std::string unified;      // Where cgroup2 is mounted; empty: nothing freezes.
    std::string run_folder;   // Sockets and mounts.
    std::string data_folder;  // The root file system, the clients, files behind /tmp.
    Networks* networks;       // Null: nothing but loopbacks.
    std::vector<RuntimeStatus> runtimes;

    std::string root() const { return data_folder + "/root"; }
    const RuntimeStatus* runtime(std::string_view name) const;
};

// What a generic environment is made for.
struct Template {
    std::string runtime;
    FunctionNetwork network;
    std::string ca_certificate;
    friend bool operator==(const Template&, const Template&) = default;
};

class Environment {
public:
    Environment(Machine& machine, std::string id);
    ~Environment();  // After end().

    // One of these two, once. On an error call end().
    Task<Status> start_generic(Template wanted);
    Task<Status> start_image(FunctionSpecPtr spec, containers::Image image, Grant grant);
    Task<Status> claim(FunctionSpecPtr spec, Grant grant);

    // Runs one invocation; the first waits for the init phase too. Afterwards the environment is
    // frozen and warm(), or over.
    Task<Outcome> run(Invocation invocation);
    // Ready for a further invocation.
    bool warm() const { return api_.state() == RuntimeApi::State::ready && !exit_ && !ending_; }
    // Its process has ended, or it is being ended.
    bool over() const { return exit_.has_value() || ending_; }

    // After a run() that left it not warm() and not over(): its runtime has answered, but not asked
    // for more yet. Waits for that.
    Task<void> settle(Steady deadline);
    // Kills and removes all of it, and waits for that. At once or later the same.
    Task<void> end();

    const std::string& id() const { return id_; }
    const FunctionSpecPtr& spec() const { return spec_; }
    const std::optional<Time>& expires_at() const { return expires_at_; }
    const Template& made_for() const { return template_; }

private:
    enum class Init { ready, failed, exited, late };

    Status make_folders(int64_t tmp_mib);
    Task<Status> start(containers::SandboxSpec sandbox, containers::ContainerSpec container);
    containers::SandboxSpec sandbox_spec(const FunctionNetwork& network) const;
    // Takes a namespace; where there is one, the Runtime API can listen in it before anything runs.
    Task<Status> join(const FunctionNetwork& network);
    Status listen_tcp(const std::string& network);
    void limit(bool with_cpu);
    Task<void> watch();

    Task<Init> wait_init(Steady deadline);
    Task<void> read_output();
    Task<Outcome> answer_of(const Invocation& invocation, Steady deadline);
    static Outcome outcome_of(Answer answer);
    Outcome exit_outcome(const Invocation& invocation);
    int64_t peak_mib() const;

    Machine& machine_;
    const std::string id_;
    Template template_;
    RuntimeName runtime_;
    FunctionSpecPtr spec_;
    std::shared_ptr<Grants> grants_;
    std::optional<Time> expires_at_;
    RuntimeApi api_;
    std::shared_ptr<EnvironmentLog> log_;
    Control control_;
    std::string network_path_, cgroup_;
    pid_t process_ = 0;
    std::optional<containers::ContainerExit> exit_;
    Steady claimed_at_{};
    Fd go_;  // Tells launch.sh to begin.
    bool initialised_ = false, sandboxed_ = false;
    bool ending_ = false, ended_ = false;
    Event end_done_;
    Scope scope_;
};
using EnvironmentPtr = std::shared_ptr<Environment>;

}  // namespace unkai::planes::functions
