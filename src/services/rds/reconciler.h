// The reconciler: makes servers, interfaces and names follow the records, and moves statuses on.
//
//     Reconciler reconciler(env, store, surroundings, plane, names);
//     reconciler.start();           // after plane.open(); takes over what runs since the last time
//     …
//     co_await reconciler.stop();   // leaves everything as it is
//
// It watches the store; every cluster is brought along by a coroutine of its own, pass after pass,
// until a pass finds nothing to do. What failed is tried again every ten seconds, and the record
// says why. After a reset of the store it ends all servers and deletes their data.
#pragma once

#include <map>
#include <memory>
#include <set>

#include "planes/dns/names.h"
#include "rt/env.h"
#include "rt/event.h"
#include "services/rds/schema.h"
#include "services/rds/surroundings.h"

namespace unkai::services::rds {

class Reconciler {
public:
    // All outlive this. The reconciler is the plane's listener.
    Reconciler(Env& env, store::Store& store, Surroundings& surroundings,
               planes::mysql::Plane& plane, planes::dns::NameSource& names);
    ~Reconciler();

    void start();
    Task<void> stop();
    // Until every cluster's last pass found nothing to do. For tests and orderly ends.
    Task<void> settle();

private:
    struct World;  // A cluster's records as a pass sees them.
    struct Member;

    Task<void> run();
    Task<void> follow(ClusterKey key);
    // True: something is to be tried again later.
    Task<bool> pass(ClusterKey key);
    Task<Status> prepare(World& world);
    Task<void> correct_writer(World& world);
    Task<bool> remove_deleted(World& world);
    Task<bool> remove_one(World& world, Instance instance);
    Task<bool> hand_over(World& world);
    Task<bool> run_instances(World& world);
    Task<void> bring_up(World& world, Instance instance, bool& again);
    Task<Status> ensure_interface(World& world, Instance& instance);
    Task<Status> start_server(World& world, Instance& instance);
    Task<Status> adjust(World& world, Instance instance);
    Task<bool> stop_instances(World& world);
    Task<Status> remove_cluster(World& world);
    Task<bool> fail_over(World& world, std::string target);
    void publish_names(World& world);
    void erase_names(const World& world);
    void on_health(const std::string& cluster, const std::string& instance,
                   const planes::mysql::Health& health);
    std::optional<World> load(const ClusterKey& key);
    // Reads, changes and writes a record, with an event if there is one. A record that is gone
    // stays gone.
    Task<Status> update(World& world, std::string instance, std::function<void(Instance&)> change,
                        std::string event = {}, std::string category = {});
    Task<Status> update(World& world, std::function<void(Cluster&)> change, std::string event = {},
                        std::string category = {});
    void mark_all();
    void mark_due();
    void prepare_ahead();

    Env& env_;
    store::Store& store_;
    Surroundings& surroundings_;
    planes::mysql::Plane& plane_;
    planes::dns::NameSource& names_;
    std::unique_ptr<store::Store::Watch> watch_;
    std::set<ClusterKey> dirty_;
    std::set<ClusterKey> running_;
    std::map<std::string, std::string> known_hashes_;               // By cluster resource id.
    std::map<std::string, std::vector<std::string>> known_groups_;  // By interface.
    bool cleared_ = false;
    bool prepared_ = false;
    unkai::Event changed_;
    unkai::Event idle_;
    Stop stop_;
    Scope scope_;
};

}  // namespace unkai::services::rds
