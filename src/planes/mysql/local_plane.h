// The Plane of real server processes on this machine.
//
// Below `root`: template-<engine>/, and clusters/<cluster>/ with `cluster` (names and password
// hashes, 0600), `initialised`, `writer` (its name), _volume/ (a writer's folder while nobody runs
// it) and a folder an instance: data/, log/, tmp/, tls/, server.cnf, server-id, identity,
// admin.sock (0600, root's). Nothing is kept elsewhere.
#pragma once

#include "planes/mysql/cluster.h"

namespace unkai::planes::mysql {

class LocalPlane final : public Plane {
public:
    // `root` is made when it is missing; its parents must let the servers' user pass.
    LocalPlane(Env env, std::string root);
    ~LocalPlane() override;  // After stop_all(), or its servers' supervision is a bug.

    void listen(Listener listener) override { ground_.listener = std::move(listener); }
    Task<Status> open() override;
    Task<Status> prepare() override;
    Task<void> stop_unclaimed() override;
    Task<Status> define(ClusterSpec spec) override;
    Task<Status> start(InstanceSpec spec) override;
    Task<Status> stop(std::string cluster, std::string instance) override;
    Task<Status> remove(std::string cluster, std::string instance) override;
    std::optional<std::string> writer(const std::string& cluster) const override;
    Task<Status> promote(std::string cluster, std::string instance) override;
    Task<Status> remove_cluster(std::string cluster) override;
    Task<void> stop_all() override;
    // Ends supervision and leaves the servers running, for the next run to take over.
    Task<void> leave();
    Task<void> purge() override;
    std::optional<Health> health(const std::string& cluster,
                                 const std::string& instance) const override;
    Task<Status> set_master_hash(std::string cluster, std::string hash) override;
    Task<Status> set_variable(std::string cluster, std::string instance, std::string name,
                              std::string value) override;
    Task<Result<wire::mysql::Reply>> query(std::string cluster, std::string instance,
                                           std::string sql) override;
    Result<std::string> log_end(const std::string& cluster, const std::string& instance, Log log,
                                size_t most) const override;
    Task<Result<std::string>> engine() override;
    Task<Result<bool>> knows_variable(std::string name) override;

private:
    Cluster* find(const std::string& name) const;
    Result<std::shared_ptr<Instance>> find(const std::string& cluster,
                                           const std::string& name) const;
    Task<Status> make_template(std::string folder);
    Task<Status> find_engine_once();
    Task<void> stop_found(std::string below);

    Ground ground_;
    std::map<std::string, std::unique_ptr<Cluster>> clusters_;
    std::set<std::string, std::less<>> variables_;
    Lock preparing_;
    bool opened_ = false;
};

}  // namespace unkai::planes::mysql
