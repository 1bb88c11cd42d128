// The parts of LocalPlane: an instance with its supervision, and the cluster that it belongs to.
#pragma once

#include <memory>

#include "planes/mysql/engine.h"
#include "planes/mysql/files.h"
#include "planes/mysql/server.h"
#include "planes/mysql/session.h"
#include "rt/env.h"
#include "rt/event.h"

namespace unkai::planes::mysql {

// What all clusters of a plane share.
struct Ground {
    Env env;
    std::string root;  // Absolute.
    Owner owner;
    std::unique_ptr<Engine> engine;
    Listener listener;
    std::map<std::string, pid_t> found;  // Servers of an earlier run, by configuration path.

    std::string template_folder() const { return root + "/template-" + replace(engine->name()); }
    static std::string replace(std::string name);  // A file name of it.
};

// One holder at a time, in order of asking.
class Lock {
public:
    class Held {
    public:
        explicit Held(Lock& lock) : lock_(&lock) {}
        Held(Held&& other) noexcept : lock_(std::exchange(other.lock_, nullptr)) {}
        Held& operator=(Held&&) = delete;
        ~Held() {
            if (lock_ == nullptr) return;
            lock_->held_ = false;
            lock_->freed_.notify_one();
        }

    private:
        Lock* lock_;
    };
    Task<Held> take(Loop& loop) {
        while (held_) co_await freed_.wait(loop);
        held_ = true;
        co_return Held(*this);
    }

private:
    bool held_ = false;
    Event freed_;
};

class Instance;

struct Cluster {
    explicit Cluster(Ground& shared) : ground(shared) {}

    Ground& ground;
    ClusterSpec spec;
    std::string folder;
    std::string replication_password;
    Fd network;            // The namespace of all its processes; not that of their listeners.
    Event changed;         // An instance's state changed.
    bool leaving = false;  // It is being removed: nothing waits for its instances any more.
    std::map<std::string, std::shared_ptr<Instance>> instances;

    Instance* writer() const;
    // The name of the writer as it is on the disk; empty: none yet.
    std::string recorded_writer() const;
    Status record_writer(const std::string& name) const;  // Empty: none.
    std::string volume() const {
        return folder + "/_volume";
    }  // A writer's data, nobody running it.
    Status save() const;
    Status load();
    // The namespace of servers that still run, or a new one.
    Status enter_network();
    uint32_t next_server_id() const;
    Source source(uint32_t server_id) const;
    // Accounts and the first database, once per volume; a password that was changed since.
    Task<Status> initialise(Session& session, Steady deadline);
};

class Instance {
public:
    Instance(Cluster& cluster, std::string name);
    ~Instance();

    // The verbs of Plane, for this instance.
    Task<Status> start(InstanceSpec spec);
    Task<void> stop();
    Task<void> leave();  // Ends supervision; the server runs on.
    // Stops; then its folder becomes the cluster's volume (a writer's) or goes.
    Task<Status> remove();
    Task<Result<Session>> connect(Steady deadline);
    // Copies this writer's data to `target` while it stands still; the position to follow from.
    Task<Result<std::string>> copy_to(std::string target);
    // The parts of a promotion. The position at which this writer stopped to write.
    Task<Result<std::string>> step_down();
    void demote() { spec_.role = Role::reader; }
    void reinstate() { spec_.role = Role::writer; }
    Task<Status> stay_writer();
    Task<Status> take_over(std::string position);
    Task<Status> follow_from(std::string position);  // Restarts as a reader of the new writer.
    Task<Status> follow_writer();                    // Of a reader that runs.
    // Passes the lines that were appended to the logs since the last time to the listener.
    void read_logs();

    const Health& health() const { return health_; }
    const InstanceSpec& spec() const { return spec_; }
    uint32_t server_id() const { return server_id_; }
    std::string log_path(Log log) const;

private:
    Task<Status> make_folder_of_instance();
    Task<Status> make_data();
    Task<void> sync_data();
    Task<Status> seed_from_writer(std::string target);
    Task<Status> write_configuration();
    Task<bool> adopt();
    // Data, configuration, process, login, replication: until it serves.
    Task<Status> launch();
    Result<Process> spawn_server();
    Task<Status> wait_until_serving();
    Task<Status> configure(Session& session);
    Task<void> supervise();
    Task<void> watch();
    Task<void> check_replication();
    void set_state(State state, std::string message = {});
    std::string identity() const;
    std::string configuration_path() const { return folder_ + "/server.cnf"; }
    Loop& loop() const { return cluster_.ground.env.loop; }

    Cluster& cluster_;
    InstanceSpec spec_;
    std::string folder_;
    uint32_t server_id_ = 0;
    Health health_;
    Server server_;
    Lock lock_;
    bool wanted_ = false;
    bool was_writer_ = false;  // Before this start: it follows from where it stopped to write.
    bool unsynced_ = false;    // A copied template that is not on the disk yet.
    bool rebuild_ = false;     // A reader whose replication broke gets its data anew.
    Steady rebuilt_{};
    std::unique_ptr<Stop> stop_;
    Scope scope_;
    std::map<Log, int64_t> log_read_;  // How far the listener has heard each file.
};

}  // namespace unkai::planes::mysql
