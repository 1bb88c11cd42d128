#include "services/application_autoscaling/scaled.h"

#include <algorithm>

#include "api/ecs.h"
#include "api/rds.h"
#include "base/strings.h"

namespace unkai::services::application_autoscaling {

namespace {

Unexpected unknown(const std::string& what) { return fail("ValidationException", what, 400); }

struct ServiceName {
    std::string cluster, service;
};

ServiceName service_name(const std::string& resource) {  // service/cluster/name
    const auto parts = split(resource, '/');
    if (parts.size() != 3) return {};
    return {std::string(parts[1]), std::string(parts[2])};
}

std::string cluster_name(const std::string& resource) {  // cluster:name
    return std::string(split_once(resource, ':').second);
}

Task<Result<api::rds::DBCluster>> find_cluster(aws::Client& client, TargetName name) {
    const auto found = co_await client.call<api::rds::op::DescribeDBClusters>(
        scaling_caller(name), {.db_cluster_identifier = cluster_name(name.resource)});
    if (!found || found->db_clusters.empty())
        co_return unknown("RDS cluster doesn't exist: " + name.resource);
    co_return found->db_clusters.front();
}

}  // namespace

aws::Caller scaling_caller(const TargetName& name) {
    return aws::service_caller("application-autoscaling.amazonaws.com", name.account, name.region);
}

Status check_target_name(const std::string& space, const std::string& resource,
                         const std::string& dimension) {
    const bool service = space == "ecs" && dimension == "ecs:service:DesiredCount";
    const bool readers = space == "rds" && dimension == "rds:cluster:ReadReplicaCount";
    if (!service && !readers)
        return unknown(
            "Unkai scales ECS services (ecs, ecs:service:DesiredCount) and Aurora "
            "readers (rds, rds:cluster:ReadReplicaCount), not " +
            space + ", " + dimension + ".");
    if (service && (!resource.starts_with("service/") || service_name(resource).service.empty()))
        return unknown(
            "Unsupported service namespace, resource type or scalable dimension: an ECS "
            "service's ResourceId is service/CLUSTER/SERVICE, not " +
            resource + ".");
    if (readers && (!resource.starts_with("cluster:") || cluster_name(resource).empty()))
        return unknown("An Aurora cluster's ResourceId is cluster:NAME, not " + resource + ".");
    return ok();
}

Task<Result<Scaled::Capacity>> Scaled::capacity(TargetName name) {
    if (name.space == "ecs") co_return co_await service_capacity(name);
    co_return co_await reader_capacity(name);
}

Task<Result<Scaled::Capacity>> Scaled::service_capacity(TargetName name) {
    const ServiceName service = service_name(name.resource);
    const auto found = co_await client_.call<api::ecs::op::DescribeServices>(
        scaling_caller(name), {.cluster = service.cluster, .services = {service.service}});
    if (!found || found->services.empty() || found->services[0].status == "INACTIVE")
        co_return unknown("ECS service doesn't exist: " + name.resource);
    co_return Capacity{found->services[0].desired_count.value_or(0),
                       found->services[0].status == "ACTIVE"};
}

Task<Result<Scaled::Capacity>> Scaled::reader_capacity(TargetName name) {
    CO_TRY(const auto cluster, co_await find_cluster(client_, name));
    const auto readers =
        std::count_if(cluster.db_cluster_members.begin(), cluster.db_cluster_members.end(),
                      [](const auto& member) { return !member.is_cluster_writer.value_or(false); });
    co_return Capacity{static_cast<int32_t>(readers), cluster.status == "available"};
}

Task<Status> Scaled::set(TargetName name, int32_t desired) {
    if (name.space == "rds") co_return co_await set_readers(name, desired);
    const ServiceName service = service_name(name.resource);
    CO_REQUIRE(co_await client_.call<api::ecs::op::UpdateService>(
        scaling_caller(name),
        {.cluster = service.cluster, .service = service.service, .desired_count = desired}));
    co_return ok();
}

// New readers have the writer's class and the last promotion tier; only those made here are
// deleted.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Integrating.AutoScaling.html
Task<Status> Scaled::set_readers(TargetName name, int32_t desired) {
    CO_TRY(const auto cluster, co_await find_cluster(client_, name));
    std::string writer;
    int32_t readers = 0;
    std::vector<std::string> own;
    for (const auto& member : cluster.db_cluster_members) {
        const std::string id = member.db_instance_identifier.value_or("");
        if (member.is_cluster_writer.value_or(false)) {
            writer = id;
            continue;
        }
        ++readers;
        if (id.starts_with(reader_prefix)) own.push_back(id);
    }
    const auto instances = co_await client_.call<api::rds::op::DescribeDBInstances>(
        scaling_caller(name), {.db_instance_identifier = writer});
    if (!instances || instances->db_instances.empty())
        co_return unknown("The cluster " + name.resource + " has no writer.");
    for (; readers < desired; ++readers)
        CO_REQUIRE(co_await client_.call<api::rds::op::CreateDBInstance>(
            scaling_caller(name),
            {.db_instance_identifier = std::string(reader_prefix) + random_.uuid(),
             .db_instance_class = instances->db_instances[0].db_instance_class.value_or(""),
             .engine = cluster.engine.value_or(""),
             .db_cluster_identifier = cluster.db_cluster_identifier,
             .promotion_tier = 15}));
    for (; readers > desired && !own.empty(); --readers) {
        CO_REQUIRE(co_await client_.call<api::rds::op::DeleteDBInstance>(
            scaling_caller(name),
            {.db_instance_identifier = own.back(), .skip_final_snapshot = true}));
        own.pop_back();
    }
    co_return ok();
}

}  // namespace unkai::services::application_autoscaling
