#include "services/rds/reconciler.h"

#include "base/log.h"
#include "base/strings.h"
#include "services/rds/endpoints.h"
#include "services/rds/parameters.h"
#include "services/rds/placement.h"
#include "services/rds/rds.h"
#include "services/rds/world.h"

namespace unkai::services::rds {

using planes::mysql::Role;

constexpr Duration try_again = 10s;
constexpr const char* everything = "rds/";

Reconciler::Reconciler(Env& env, store::Store& store, Surroundings& surroundings,
                       planes::mysql::Plane& plane, planes::dns::NameSource& names)
    : env_(env), store_(store), surroundings_(surroundings), plane_(plane), names_(names) {}

Reconciler::~Reconciler() = default;

void Reconciler::start() {
    plane_.listen(
        {.changed =
             [this](const std::string& cluster, const std::string& instance,
                    const planes::mysql::Health& health) { on_health(cluster, instance, health); },
         .logged = {}});
    watch_ = store_.watch(everything, [this](std::span<const store::Change> changes, bool cleared) {
        cleared_ = cleared_ || cleared;
        for (const store::Change& change : changes)
            if (change.key.starts_with(schema::subnet_groups.prefix())) prepare_ahead();
        mark_all();
    });
    mark_all();
    scope_.spawn(run());
}

// Who makes a subnet group makes a cluster soon: what the first server needs is made meanwhile.
void Reconciler::prepare_ahead() {
    if (std::exchange(prepared_, true)) return;
    struct Prepare {
        static Task<void> go(planes::mysql::Plane& plane) {
            if (const Status made = co_await plane.prepare(); !made)
                log::warn("databases cannot be made", {{"error", made.error().message}});
        }
    };
    scope_.spawn(Prepare::go(plane_));
}

Task<void> Reconciler::stop() {
    stop_.request();
    watch_.reset();
    plane_.listen({});
    co_await scope_.join();
}

Task<void> Reconciler::settle() {
    while ((!dirty_.empty() || !running_.empty() || cleared_) && !stop_.requested())
        co_await idle_.wait(env_.loop, env_.loop.steady() + 1s);
}

void Reconciler::mark_all() {
    store::Txn txn = store_.begin();
    for (const auto& [key, cluster] : schema::clusters.list(txn)) dirty_.insert(key);
    changed_.notify_all();
}

// Clusters that were stopped for seven days start by themselves.
void Reconciler::mark_due() {
    store::Txn txn = store_.begin();
    for (const auto& [key, cluster] : schema::clusters.list(txn))
        if (cluster.restarts_at && *cluster.restarts_at <= env_.now()) dirty_.insert(key);
}

// Gives every cluster that changed its coroutine, one at a time for each.
Task<void> Reconciler::run() {
    bool claimed = false;
    while (!stop_.requested()) {
        for (const ClusterKey& key : std::set(dirty_)) {
            if (running_.contains(key)) continue;
            dirty_.erase(key);
            running_.insert(key);
            scope_.spawn(follow(key));
        }
        if (running_.empty() && cleared_) {
            cleared_ = false;
            prepared_ = false;
            names_.clear();
            known_hashes_.clear();
            co_await plane_.purge();
            if (const Status opened = co_await plane_.open(); !opened)
                log::error("databases cannot be used", {{"error", opened.error().message}});
            continue;
        }
        if (running_.empty() && !std::exchange(claimed, true)) co_await plane_.stop_unclaimed();
        idle_.notify_all();
        if (co_await changed_.wait(env_.loop, env_.loop.steady() + 60s, &stop_) == Wake::timed_out)
            mark_due();
    }
    idle_.notify_all();
}

Task<void> Reconciler::follow(ClusterKey key) {
    const bool again = co_await pass(key);
    if (again && !dirty_.contains(key) && !cleared_) {
        // Any change of the records ends the pause: changed_ wakes it.
        const Steady due = env_.loop.steady() + try_again;
        while (env_.loop.steady() < due && !dirty_.contains(key) && !cleared_ && !stop_.requested())
            co_await changed_.wait(env_.loop, due, &stop_);
        store::Txn txn = store_.begin();
        if (schema::clusters.has(txn, key)) dirty_.insert(key);
    }
    running_.erase(key);
    if (!stop_.requested()) changed_.notify_all();
}

std::optional<Reconciler::World> Reconciler::load(const ClusterKey& key) {
    store::Txn txn = store_.begin();
    auto cluster = schema::clusters.get(txn, key);
    if (!cluster) return std::nullopt;
    World world{
        .key = key, .place = {std::get<0>(key), std::get<1>(key)}, .cluster = std::move(*cluster)};
    for (auto& [instance_key, instance] :
         schema::instances.list(txn, world.place.account, world.place.region))
        if (instance.cluster == world.cluster.id) world.instances.push_back(std::move(instance));
    const auto subnets = schema::subnet_groups.get(
        txn, {world.place.account, world.place.region, world.cluster.subnet_group});
    if (subnets) world.vpc = subnets->vpc;
    const auto group = [&](const auto& table, const std::string& name) {
        return table.get(txn, {world.place.account, world.place.region, name})
            .value_or(ParameterGroup{.name = name});
    };
    world.cluster_group = group(schema::cluster_parameter_groups, world.cluster.parameter_group);
    for (const Instance& instance : world.instances)
        world.instance_groups[instance.id] =
            group(schema::parameter_groups, instance.parameter_group);
    return world;
}

Task<Status> Reconciler::update(World& world, std::string instance,
                                std::function<void(Instance&)> change, std::string event,
                                std::string category) {
    store::Txn txn = store_.begin();
    const ClusterKey key{world.place.account, world.place.region, instance};
    auto record = schema::instances.get(txn, key);
    if (!record) co_return ok();
    change(*record);
    schema::instances.put(txn, key, *record);
    if (!event.empty())
        add_event(txn, env_, world.place, event_of(*record, std::move(event), std::move(category)));
    co_return co_await store_.commit(txn);
}

Task<Status> Reconciler::update(World& world, std::function<void(Cluster&)> change,
                                std::string event, std::string category) {
    store::Txn txn = store_.begin();
    auto record = schema::clusters.get(txn, world.key);
    if (!record) co_return ok();
    change(*record);
    schema::clusters.put(txn, world.key, *record);
    if (!event.empty())
        add_event(txn, env_, world.place, event_of(*record, std::move(event), std::move(category)));
    co_return co_await store_.commit(txn);
}

// One look at a cluster, and what follows from it. Each step leaves the records right by itself.
Task<bool> Reconciler::pass(ClusterKey key) {
    auto world = load(key);
    if (!world) co_return false;
    if (const Status prepared = co_await prepare(*world); !prepared) {
        log::error("database cluster waits",
                   {{"cluster", world->cluster.id}, {"error", prepared.error().message}});
        co_return true;
    }
    const bool later = co_await remove_deleted(*world);
    const std::string& status = world->cluster.status;
    if (status == "deleting") {
        if (!world->instances.empty()) co_return later;
        const Status removed = co_await remove_cluster(*world);
        if (!removed)
            log::error("database cluster cannot be deleted", {{"error", removed.error().message}});
        co_return !removed;
    }
    if (status == "stopping" || status == "stopped") co_return co_await stop_instances(*world);
    if (status == "failing-over") co_return co_await fail_over(*world, world->cluster.failover_to);
    co_return co_await run_instances(*world) || later;
}

Task<Status> Reconciler::prepare(World& world) {
    const Cluster& cluster = world.cluster;
    const std::string name = world.plane_cluster();
    CO_REQUIRE(co_await plane_.define({.name = name,
                                       .master_user = cluster.master_user,
                                       .master_hash = cluster.master_hash,
                                       .database = cluster.database,
                                       .binlog_kept = std::chrono::days(cluster.retention_days)}));
    if (known_hashes_[name] != cluster.master_hash) {
        CO_REQUIRE(co_await plane_.set_master_hash(name, cluster.master_hash));
        known_hashes_[name] = cluster.master_hash;
    }
    co_await correct_writer(world);
    if (cluster.status == "creating") {
        CO_REQUIRE(co_await plane_.prepare());
        CO_REQUIRE(co_await update(world, [](Cluster& record) { record.status = "available"; }));
    }
    co_return ok();
}

// After a crash in the midst of a failover the plane knows better than the records.
Task<void> Reconciler::correct_writer(World& world) {
    const auto writer = plane_.writer(world.plane_cluster());
    const auto is_writer = [&](const Instance& instance) {
        return World::plane_instance(instance) == *writer;
    };
    if (!writer || std::none_of(world.instances.begin(), world.instances.end(), is_writer))
        co_return;
    for (Instance& instance : world.instances) {
        if (instance.writer == is_writer(instance)) continue;
        instance.writer = is_writer(instance);
        const Status corrected = co_await update(
            world, instance.id, [&](Instance& record) { record.writer = instance.writer; });
        if (!corrected) log::error("writer is not recorded", {{"instance", instance.id}});
    }
}

// Instances that are to go: the writer last, after another one took its place.
Task<bool> Reconciler::remove_deleted(World& world) {
    bool again = false;
    for (const bool writer : {false, true}) {
        for (const Instance& instance : std::vector(world.instances)) {
            if (instance.status != "deleting" || instance.writer != writer) continue;
            if (writer && co_await hand_over(world)) {
                again = true;
                continue;
            }
            again = co_await remove_one(world, instance) || again;
        }
    }
    co_return again;
}

// Before the writer goes: a reader that stays becomes the writer. True: not yet.
Task<bool> Reconciler::hand_over(World& world) {
    const bool stays =
        std::any_of(world.instances.begin(), world.instances.end(),
                    [](const Instance& instance) { return instance.status != "deleting"; });
    const Instance* next = next_writer(world.instances);
    if (!stays) co_return false;
    if (next == nullptr) co_return true;  // It is being created, or rebooted.
    const std::string target = next->id;
    if (co_await fail_over(world, target)) co_return true;
    auto renewed = load(world.key);
    if (!renewed) co_return true;
    world = std::move(*renewed);
    co_return false;
}

Task<bool> Reconciler::remove_one(World& world, Instance instance) {
    const auto failed = [&](const Error& error) {
        log::error("database instance cannot be deleted",
                   {{"instance", instance.id}, {"error", error.message}});
        return true;
    };
    if (auto removed =
            co_await plane_.remove(world.plane_cluster(), World::plane_instance(instance));
        !removed)
        co_return failed(removed.error());
    if (!instance.interface.empty())
        if (auto removed = co_await surroundings_.delete_interface(world.place, instance.interface);
            !removed)
            co_return failed(removed.error());
    known_groups_.erase(instance.interface);
    names_.erase(instance_endpoint(world.place.account, world.place.region, instance));
    store::Txn txn = store_.begin();
    schema::instances.erase(txn, {world.place.account, world.place.region, instance.id});
    add_event(txn, env_, world.place, event_of(instance, "DB instance deleted", "deletion"));
    if (auto committed = co_await store_.commit(txn); !committed)
        co_return failed(committed.error());
    std::erase_if(world.instances, [&](const Instance& other) { return other.id == instance.id; });
    publish_names(world);
    co_return false;
}

Task<bool> Reconciler::fail_over(World& world, std::string target) {
    const auto to = std::find_if(world.instances.begin(), world.instances.end(),
                                 [&](const Instance& instance) { return instance.id == target; });
    std::string outcome = "Completed failover to DB instance: " + target;
    Status promoted = ok();
    if (to != world.instances.end())
        promoted = co_await plane_.promote(world.plane_cluster(), World::plane_instance(*to));
    else
        promoted = fail("DBInstanceNotFound", "The instance is gone.");
    if (!promoted)
        outcome = "Failover to DB instance " + target + " failed: " + promoted.error().message;
    store::Txn txn = store_.begin();
    auto cluster = schema::clusters.get(txn, world.key);
    if (!cluster) co_return false;
    if (cluster->status == "failing-over") cluster->status = "available";
    cluster->failover_to.clear();
    schema::clusters.put(txn, world.key, *cluster);
    add_event(txn, env_, world.place, event_of(*cluster, outcome, "failover"));
    for (auto& [key, instance] :
         schema::instances.list(txn, world.place.account, world.place.region)) {
        if (!promoted || instance.cluster != cluster->id ||
            instance.writer == (instance.id == target))
            continue;
        instance.writer = instance.id == target;
        schema::instances.put(txn, key, instance);
    }
    const Status committed = co_await store_.commit(txn);
    if (auto renewed = load(world.key)) publish_names(*renewed);
    co_return !promoted || !committed;
}

Task<bool> Reconciler::stop_instances(World& world) {
    for (const bool writer : {false, true}) {
        for (const Instance& instance : std::vector(world.instances)) {
            if (instance.writer != writer || instance.status == "stopped" ||
                instance.status == "deleting")
                continue;
            if (auto stopped =
                    co_await plane_.stop(world.plane_cluster(), World::plane_instance(instance));
                !stopped)
                co_return true;
            if (!co_await update(
                    world, instance.id, [](Instance& record) { record.status = "stopped"; },
                    "DB instance stopped", "notification"))
                co_return true;
        }
    }
    if (world.cluster.status == "stopping")
        co_return !co_await update(world, [](Cluster& record) { record.status = "stopped"; });
    if (!world.cluster.restarts_at || env_.now() < *world.cluster.restarts_at) co_return false;
    co_return !co_await update(
        world,
        [](Cluster& record) {
            record.status = "starting";
            record.restarts_at.reset();
        },
        "DB cluster is being started due to it exceeding the maximum allowed time being stopped.",
        "notification");
}

Task<Status> Reconciler::remove_cluster(World& world) {
    CO_REQUIRE(co_await plane_.remove_cluster(world.plane_cluster()));
    if (!world.cluster.secret_arn.empty())
        CO_REQUIRE(co_await surroundings_.delete_secret(world.place, world.cluster.secret_arn));
    erase_names(world);
    known_hashes_.erase(world.plane_cluster());
    store::Txn txn = store_.begin();
    schema::clusters.erase(txn, world.key);
    co_return co_await store_.commit(txn);
}

void Reconciler::publish_names(World& world) {
    const auto& [account, region] = world.place;
    const Endpoints names = cluster_endpoints(account, region, world.cluster);
    planes::dns::NameTarget writer{.vpc = world.vpc, .ttl = 5};
    planes::dns::NameTarget readers = writer;
    for (const Instance& instance : world.instances) {
        if (instance.address.empty()) continue;
        planes::dns::NameTarget own{
            .public_addresses = {instance.address}, .vpc = world.vpc, .ttl = 5};
        names_.set(instance_endpoint(account, region, instance), own);
        if (instance.writer)
            writer.public_addresses = {instance.address};
        else if (instance.status == "available")
            readers.public_addresses.push_back(instance.address);
    }
    if (readers.public_addresses.empty()) readers.public_addresses = writer.public_addresses;
    writer.public_addresses.empty() ? names_.erase(names.writer) : names_.set(names.writer, writer);
    readers.public_addresses.empty() ? names_.erase(names.reader)
                                     : names_.set(names.reader, readers);
}

void Reconciler::erase_names(const World& world) {
    const Endpoints names =
        cluster_endpoints(world.place.account, world.place.region, world.cluster);
    names_.erase(names.writer);
    names_.erase(names.reader);
}

// A server that ended by itself and is started again: its clients saw it, so its owner shall.
void Reconciler::on_health(const std::string&, const std::string& instance,
                           const planes::mysql::Health& health) {
    if (health.state != planes::mysql::State::starting || health.message.empty()) return;
    struct Write {
        static Task<void> go(Reconciler& self, std::string plane_name) {
            store::Txn txn = self.store_.begin();
            for (const auto& [key, record] : schema::instances.list(txn)) {
                if (World::plane_instance(record) != plane_name) continue;
                add_event(txn, self.env_, {std::get<0>(key), std::get<1>(key)},
                          event_of(record, "DB instance restarted", "availability"));
                break;
            }
            if (auto written = co_await self.store_.commit(txn); !written)
                log::error("event is lost", {{"error", written.error().message}});
        }
    };
    scope_.spawn(Write::go(*this, instance));
}

}  // namespace unkai::services::rds
