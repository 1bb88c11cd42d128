// How an instance comes to run: its interface, its server, its variables.
#include "base/log.h"
#include "services/rds/endpoints.h"
#include "services/rds/placement.h"
#include "services/rds/world.h"

namespace unkai::services::rds {

using planes::mysql::Role;
using planes::mysql::State;

Task<bool> Reconciler::run_instances(World& world) {
    bool again = false;
    for (const bool writer : {true, false}) {  // Readers need a writer to follow.
        Scope scope;
        for (const Instance& instance : world.instances)
            if (instance.writer == writer && instance.status != "deleting")
                scope.spawn(bring_up(world, instance, again));
        co_await scope.join();
    }
    auto renewed = load(world.key);
    if (!renewed) co_return false;
    publish_names(*renewed);
    const bool all =
        std::all_of(renewed->instances.begin(), renewed->instances.end(),
                    [](const Instance& instance) { return instance.status == "available"; });
    if (renewed->cluster.status == "starting" && all)
        again = !co_await update(*renewed, [](Cluster& record) { record.status = "available"; }) ||
                again;
    co_return again;
}

Task<void> Reconciler::bring_up(World& world, Instance instance, bool& again) {
    const std::string name = World::plane_instance(instance);
    const auto health = plane_.health(world.plane_cluster(), name);
    const Role role = instance.writer ? Role::writer : Role::reader;
    const bool kept = health && health->role == role && !instance.wants_reboot;
    const bool serves = kept && health->state == State::available;
    // A server that ended by itself is started again by the plane.
    if (kept && health->state == State::starting && instance.status == "available") co_return;
    if (serves && instance.status == "available") {
        if (const Status adjusted = co_await adjust(world, instance); !adjusted) again = true;
        co_return;
    }
    const bool fresh = instance.status == "creating";
    Status running = co_await ensure_interface(world, instance);
    if (running) running = co_await start_server(world, instance);
    if (running) {
        const std::string event = fresh                   ? "DB instance created"
                                  : instance.wants_reboot ? "DB instance restarted"
                                                          : "";
        running = co_await update(
            world, instance.id,
            [&](Instance& record) {
                if (record.status != "deleting") record.status = "available";
                record.applied = instance.applied;
                record.failure.clear();
                record.pending_reboot = false;
                record.wants_reboot = false;
            },
            event, fresh ? "creation" : "availability");
        if (running) co_return;
    }
    again = true;
    const Error error = running.error();
    log::error("database instance does not run",
               {{"instance", instance.id}, {"error", error.message}});
    const bool own_values =
        !world.cluster_group.values.empty() || !world.instance_groups[instance.id].values.empty();
    const std::string status = error.is("StartFailed") && own_values ? "incompatible-parameters"
                               : error.is("NetworkNotFound")         ? "incompatible-network"
                                                                     : instance.status;
    if (instance.status == status && instance.failure == error.message) co_return;
    const Status noted = co_await update(
        world, instance.id,
        [&](Instance& record) {
            if (record.status != "deleting") record.status = status;
            record.failure = error.message;
        },
        "The DB instance does not start: " + error.message, "failure");
    if (!noted) log::error("failure is not recorded", {{"instance", instance.id}});
}

Task<Status> Reconciler::ensure_interface(World& world, Instance& instance) {
    if (!instance.interface.empty()) co_return ok();
    CO_TRY(const InterfaceInfo made,
           co_await surroundings_.create_interface(world.place, instance.subnet,
                                                   world.cluster.security_groups,
                                                   "RDSNetworkInterface", instance.resource_id));
    instance.interface = made.id;
    instance.address = made.address;
    const Status kept = co_await update(world, instance.id, [&](Instance& record) {
        record.interface = made.id;
        record.address = made.address;
    });
    // An interface that no record names would stay for ever.
    if (!kept) CO_REQUIRE(co_await surroundings_.delete_interface(world.place, made.id));
    known_groups_[made.id] = world.cluster.security_groups;
    co_return kept ? ok()
                   : fail("StoreUnavailable", "The new interface could not be recorded.", 503);
}

Task<Status> Reconciler::start_server(World& world, Instance& instance) {
    const auto& [account, region] = world.place;
    const Endpoints names = cluster_endpoints(account, region, world.cluster);
    CO_TRY(const std::string network,
           co_await surroundings_.network_ready(instance.interface, env_.loop.steady() + 30s));
    CO_TRY(const auto certificate,
           co_await surroundings_.certificate(
               {names.writer, names.reader, instance_endpoint(account, region, instance)}));
    const auto variables = variables_of(world.cluster_group, world.instance_groups[instance.id],
                                        instance, world.cluster);
    planes::mysql::InstanceSpec spec{.cluster = world.plane_cluster(),
                                     .name = World::plane_instance(instance),
                                     .role = instance.writer ? Role::writer : Role::reader,
                                     .network = network,
                                     .address = instance.address,
                                     .port = static_cast<uint16_t>(world.cluster.port),
                                     .certificate = certificate};
    for (const auto& [name, value] : variables) {
        CO_TRY(const bool known, co_await plane_.knows_variable(name));
        if (known) spec.parameters[name] = value;
    }
    const auto before = plane_.health(spec.cluster, spec.name);
    const bool other_role =
        before && before->state == State::available && before->role != spec.role;
    if (instance.wants_reboot || other_role)
        CO_REQUIRE(co_await plane_.stop(spec.cluster, spec.name));
    instance.applied = variables;
    co_return co_await plane_.start(std::move(spec));
}

// What can change while a server runs: security groups, and variables that are to change at once.
Task<Status> Reconciler::adjust(World& world, Instance instance) {
    std::vector<std::string>& groups = known_groups_[instance.interface];
    if (groups != world.cluster.security_groups) {
        CO_REQUIRE(co_await surroundings_.set_security_groups(world.place, instance.interface,
                                                              world.cluster.security_groups));
        known_groups_[instance.interface] = world.cluster.security_groups;
    }
    const ParameterGroup& own = world.instance_groups[instance.id];
    const auto wanted = variables_of(world.cluster_group, own, instance, world.cluster);
    auto applied = instance.applied;
    bool waits = std::any_of(applied.begin(), applied.end(),
                             [&](const auto& entry) { return !wanted.contains(entry.first); });
    for (const auto& [name, value] : changed(instance.applied, wanted)) {
        CO_TRY(const bool known, co_await plane_.knows_variable(name));
        if (known && !wants_at_once(name, world.cluster_group, own)) {
            waits = true;
            continue;
        }
        if (known) {
            const Status set = co_await plane_.set_variable(
                world.plane_cluster(), World::plane_instance(instance), name, value);
            if (!set) {
                waits = true;
                continue;
            }
        }
        applied[name] = value;
    }
    if (applied == instance.applied && waits == instance.pending_reboot) co_return ok();
    co_return co_await update(world, instance.id, [&](Instance& record) {
        record.applied = applied;
        record.pending_reboot = waits;
    });
}

}  // namespace unkai::services::rds
