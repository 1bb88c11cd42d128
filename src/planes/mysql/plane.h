// Databases: clusters of real MySQL-compatible servers, a writer and its readers. Knows nothing of
// AWS.
//
//     CO_REQUIRE(co_await plane.define({.name = "app", .master_user = "admin", .master_hash = …}));
//     CO_REQUIRE(co_await plane.start({.cluster = "app", .name = "app-1", .role = Role::writer,
//                                      .network = "/run/…/eni-1", .address = "10.0.3.17"}));
//     CO_REQUIRE(co_await plane.start({.cluster = "app", .name = "app-2", .role = Role::reader,
//     …}));
//
// A cluster owns one volume of data, kept by its writer; it lives on while no instance runs it.
// Readers follow by GTID replication, semi-synchronously (AFTER_SYNC), on a private network that no
// VPC reaches, so that no security group can cut it. Servers listen inside the network namespace
// that is given. A server that dies is started again; committed rows are on disk before a commit is
// answered. Servers outlive us (kill -9): open() finds them and start() takes them over, or
// replaces those whose namespace is gone. All verbs are idempotent, those of one instance run one
// after the other, and a reader's start waits for its writer (60 s).
//
// Errors: EngineMissing (with the command that installs it), ClusterNotFound, InstanceNotFound,
// WriterNotAvailable, StartFailed (with the end of the error log), InvalidName,
// DirectoryNotReachable, ReservedParameter, MySql<number>. Cost: a new writer ≈ 0.3 s, a reader ≈
// 0.4 s, 60 MiB each. While a reader is copied the writer stands still, ≈ 1 s per GiB of data.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "rt/task.h"
#include "wire/mysql.h"

namespace unkai::planes::mysql {

enum class Role { writer, reader };
enum class State { stopped, starting, available, stopping, failed };
std::string_view text(State state);

struct Certificate {
    std::string authority;    // PEM, as are the others.
    std::string certificate;  // With its chain.
    std::string key;
};

struct ClusterSpec {
    std::string name;  // a–z 0–9 and -, at most 63; a folder's name.
    // The master user, made at the first start, with the rights that AWS gives (no SUPER).
    std::string master_user;
    std::string master_hash;  // password_hash() of its password; never the password itself.
    std::string database;     // Made at the first start; may be empty.
    Duration binlog_kept = std::chrono::hours{24};
};

struct InstanceSpec {
    std::string cluster;
    std::string name;  // As a cluster's; unique within it.
    Role role = Role::writer;
    std::string network;  // The path of a network namespace; empty is our own.
    std::string address;  // IPv4, of that namespace.
    uint16_t port = 3306;
    std::map<std::string, std::string> parameters;  // Server variables; unknown ones are ignored.
    std::optional<Certificate> certificate;
};

struct Health {
    State state = State::stopped;
    Role role = Role::reader;
    std::string message;  // Why it failed, or what replication says.
    int pid = 0;
    int restarts = 0;             // By supervision, since start().
    std::optional<Duration> lag;  // Of a reader; nullopt while replication does not run.
};

enum class Log { error, slow_query, general };

// What the owner hears of. Called on the loop; must not call back into the plane before returning.
struct Listener {
    std::function<void(const std::string& cluster, const std::string& instance, const Health&)>
        changed;
    // Whole new lines of a log file, in order, within about a second.
    std::function<void(const std::string& cluster, const std::string& instance, Log log,
                       std::string_view lines)>
        logged;
};

class Plane {
public:
    virtual ~Plane() = default;
    virtual void listen(Listener listener) = 0;

    // Finds servers that an earlier run left. Does not need the engine.
    virtual Task<Status> open() = 0;
    // Makes what the first start needs (once per engine version, ≈ 0.5 s), so that it is quick
    // then.
    virtual Task<Status> prepare() = 0;
    // Stops the servers found by open() that nobody has started since.
    virtual Task<void> stop_unclaimed() = 0;

    virtual Task<Status> define(ClusterSpec spec) = 0;
    virtual Task<Status> start(InstanceSpec spec) = 0;
    virtual Task<Status> stop(std::string cluster, std::string instance) = 0;
    // The instance ends and goes; a writer's data stays with the cluster, for its next writer.
    virtual Task<Status> remove(std::string cluster, std::string instance) = 0;
    // Makes a reader the writer: the writer takes no more writes, the reader catches up (30 s),
    // they change places, all others follow the new one. Clients of the old writer lose their
    // connections. Error WriterNotAvailable when the writer or that reader does not run: nothing
    // was changed.
    virtual Task<Status> promote(std::string cluster, std::string instance) = 0;
    // The instance that was the cluster's writer last, by the plane's own durable word: after a
    // crash in the midst of a promotion it may be another one than the owner thinks. start() of
    // another writer answers WriterExists.
    virtual std::optional<std::string> writer(const std::string& cluster) const = 0;
    // Stops what still runs and deletes the data. A cluster that is not there is no error.
    virtual Task<Status> remove_cluster(std::string cluster) = 0;
    // Ends all servers cleanly; the data stays.
    virtual Task<void> stop_all() = 0;
    // Ends all servers and deletes every file of the plane.
    virtual Task<void> purge() = 0;

    virtual std::optional<Health> health(const std::string& cluster,
                                         const std::string& instance) const = 0;
    // Sets the master user's password, on the running writer or for the first start.
    virtual Task<Status> set_master_hash(std::string cluster, std::string hash) = 0;
    // Sets server variables while it runs. Error MySql1238: it can only be set by a restart.
    virtual Task<Status> set_variable(std::string cluster, std::string instance, std::string name,
                                      std::string value) = 0;
    // As the administrator, through the unix socket.
    virtual Task<Result<wire::mysql::Reply>> query(std::string cluster, std::string instance,
                                                   std::string sql) = 0;
    // The end of a log file, at most `most` bytes, for the owner of the instance to read.
    virtual Result<std::string> log_end(const std::string& cluster, const std::string& instance,
                                        Log log, size_t most) const = 0;
    // "mariadbd 10.11.6", or the error that says how to install it.
    virtual Task<Result<std::string>> engine() = 0;
    // True when the engine has a server variable of that name. Asks the engine once (≈ 20 ms).
    virtual Task<Result<bool>> knows_variable(std::string name) = 0;
};

// The stored form of a password (mysql_native_password): '*' and 40 hex digits. Does not reveal it.
std::string password_hash(std::string_view password);

}  // namespace unkai::planes::mysql
