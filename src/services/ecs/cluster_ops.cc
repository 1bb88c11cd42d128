#include <algorithm>

#include "aws/paging.h"
#include "services/ecs/ecs.h"
#include "services/ecs/limits.h"
#include "services/ecs/names.h"
#include "services/ecs/task_factory.h"

namespace unkai::services::ecs {

using namespace model;

namespace {

bool known_provider(const std::string& name) { return name == "FARGATE" || name == "FARGATE_SPOT"; }

Status check_providers(const List<std::string>& providers,
                       const List<CapacityProviderStrategyItem>& strategy) {
    for (const std::string& name : providers)
        if (!known_provider(name))
            return errors::InvalidParameterException("The specified capacity provider '" + name +
                                                     "' was not found. Unkai has FARGATE and "
                                                     "FARGATE_SPOT.");
    for (const CapacityProviderStrategyItem& item : strategy)
        if (std::ranges::count(providers, item.capacity_provider) == 0)
            return errors::InvalidParameterException(
                "The specified capacity provider strategy names '" + item.capacity_provider +
                "', which is not associated with the cluster.");
    return ok();
}

void put_cluster(aws::Call& call, const Cluster& cluster) {
    schema::clusters.put(call.txn(), {call.account, call.region, *cluster.cluster_name}, cluster);
}

Cluster counted(aws::Call& call, Cluster cluster) {
    int32_t running = 0;
    int32_t pending = 0;
    int32_t services = 0;
    for (const auto& [key, task] :
         schema::tasks.list(call.txn(), call.account, call.region, *cluster.cluster_name)) {
        if (task.shape.last_status == "RUNNING") ++running;
        const auto& status = task.shape.last_status;
        if (status == "PROVISIONING" || status == "PENDING" || status == "ACTIVATING") ++pending;
    }
    for (const auto& [key, service] :
         schema::services.list(call.txn(), call.account, call.region, *cluster.cluster_name))
        if (service.shape.status == "ACTIVE") ++services;
    cluster.running_tasks_count = running;
    cluster.pending_tasks_count = pending;
    cluster.active_services_count = services;
    cluster.registered_container_instances_count = 0;
    return cluster;
}

void apply_settings(Cluster& cluster, const List<ClusterSetting>& settings) {
    for (const ClusterSetting& setting : settings) {
        const auto found = std::ranges::find_if(
            cluster.settings, [&](auto& one) { return one.name == setting.name; });
        if (found == cluster.settings.end())
            cluster.settings.push_back(setting);
        else
            found->value = setting.value;
    }
}

}  // namespace

Result<Cluster> find_cluster(aws::Call& call, const std::optional<std::string>& given) {
    auto cluster =
        schema::clusters.get(call.txn(), {call.account, call.region, cluster_name(given)});
    if (!cluster || cluster->status != "ACTIVE")
        return errors::ClusterNotFoundException("Cluster not found.");
    return std::move(*cluster);
}

Result<CreateClusterOutput> Ecs::CreateCluster(aws::Call& call, const CreateClusterInput& in) {
    const std::string name = in.cluster_name.value_or("default");
    if (!valid_name(name))
        return errors::InvalidParameterException("Invalid cluster name: '" + name + "'.");
    REQUIRE(check_providers(in.capacity_providers, in.default_capacity_provider_strategy));
    TRY(const auto tags, checked_tags(in.tags));
    // Creating what is there answers what is there.
    if (auto there = schema::clusters.get(call.txn(), {call.account, call.region, name});
        there && there->status == "ACTIVE")
        return CreateClusterOutput{.cluster = counted(call, std::move(*there))};
    if (schema::clusters.list(call.txn(), call.account, call.region).size() >= limits::clusters)
        return errors::ClientException("The limit of 10,000 clusters is reached.");
    Cluster cluster;
    cluster.cluster_name = name;
    cluster.cluster_arn = call.arn("ecs", "cluster/" + name);
    cluster.status = "ACTIVE";
    cluster.configuration = in.configuration;
    ClusterSetting insights;
    insights.name = "containerInsights";
    insights.value = "disabled";
    cluster.settings = {insights};
    apply_settings(cluster, in.settings);
    cluster.capacity_providers = in.capacity_providers;
    cluster.default_capacity_provider_strategy = in.default_capacity_provider_strategy;
    cluster.tags = tag_list(tags);
    put_cluster(call, cluster);
    return CreateClusterOutput{.cluster = counted(call, cluster)};
}

Result<DescribeClustersOutput> Ecs::DescribeClusters(aws::Call& call,
                                                     const DescribeClustersInput& in) {
    List<std::string> wanted = in.clusters;
    if (wanted.empty()) wanted = {"default"};
    if (wanted.size() > limits::described_clusters)
        return errors::InvalidParameterException("Clusters cannot have more than 100 elements.");
    const auto included = [&](const char* field) {
        return std::ranges::count(in.include, field) > 0;
    };
    DescribeClustersOutput out;
    out.failures.present = true;
    for (const std::string& given : wanted) {
        const std::string name = cluster_name(given);
        auto cluster = schema::clusters.get(call.txn(), {call.account, call.region, name});
        if (!cluster) {
            Failure failure;
            failure.arn = call.arn("ecs", "cluster/" + name);
            failure.reason = "MISSING";
            out.failures.push_back(failure);
            continue;
        }
        Cluster shown = counted(call, std::move(*cluster));
        if (!included("TAGS")) shown.tags = {};
        if (!included("SETTINGS")) shown.settings = {};
        if (!included("CONFIGURATIONS")) shown.configuration.reset();
        out.clusters.push_back(std::move(shown));
    }
    return out;
}

Result<ListClustersOutput> Ecs::ListClusters(aws::Call& call, const ListClustersInput& in) {
    auto rows = schema::clusters.list(call.txn(), call.account, call.region);
    std::erase_if(rows, [](auto& row) { return row.second.status != "ACTIVE"; });
    TRY(const auto page,
        aws::page(
            rows, [](auto& row) { return std::get<2>(row.first); }, in.next_token,
            static_cast<size_t>(in.max_results.value_or(100)), "InvalidParameterException"));
    ListClustersOutput out;
    for (const auto* row : page.items) out.cluster_arns.push_back(*row->second.cluster_arn);
    out.next_token = page.next;
    return out;
}

Result<DeleteClusterOutput> Ecs::DeleteCluster(aws::Call& call, const DeleteClusterInput& in) {
    TRY(Cluster cluster, find_cluster(call, in.cluster));
    for (const auto& [key, service] :
         schema::services.list(call.txn(), call.account, call.region, *cluster.cluster_name))
        if (service.shape.status == "ACTIVE")
            return errors::ClusterContainsServicesException(
                "The Cluster cannot be deleted while Services are active.");
    for (const auto& [key, task] :
         schema::tasks.list(call.txn(), call.account, call.region, *cluster.cluster_name))
        if (task.shape.last_status != "STOPPED")
            return errors::ClusterContainsTasksException(
                "The Cluster cannot be deleted while Tasks are active.");
    cluster.status = "INACTIVE";
    put_cluster(call, cluster);
    return DeleteClusterOutput{.cluster = counted(call, cluster)};
}

Result<UpdateClusterOutput> Ecs::UpdateCluster(aws::Call& call, const UpdateClusterInput& in) {
    TRY(Cluster cluster, find_cluster(call, in.cluster));
    apply_settings(cluster, in.settings);
    if (in.configuration) cluster.configuration = in.configuration;
    put_cluster(call, cluster);
    return UpdateClusterOutput{.cluster = counted(call, cluster)};
}

Result<UpdateClusterSettingsOutput> Ecs::UpdateClusterSettings(
    aws::Call& call, const UpdateClusterSettingsInput& in) {
    TRY(Cluster cluster, find_cluster(call, in.cluster));
    apply_settings(cluster, in.settings);
    put_cluster(call, cluster);
    return UpdateClusterSettingsOutput{.cluster = counted(call, cluster)};
}

Result<PutClusterCapacityProvidersOutput> Ecs::PutClusterCapacityProviders(
    aws::Call& call, const PutClusterCapacityProvidersInput& in) {
    TRY(Cluster cluster, find_cluster(call, in.cluster));
    REQUIRE(check_providers(in.capacity_providers, in.default_capacity_provider_strategy));
    cluster.capacity_providers = in.capacity_providers;
    cluster.default_capacity_provider_strategy = in.default_capacity_provider_strategy;
    put_cluster(call, cluster);
    return PutClusterCapacityProvidersOutput{.cluster = counted(call, cluster)};
}

Result<DescribeCapacityProvidersOutput> Ecs::DescribeCapacityProviders(
    aws::Call& call, const DescribeCapacityProvidersInput& in) {
    if (in.next_token)  // There is no second page to have a token of.
        return errors::InvalidParameterException("Invalid token.");
    List<std::string> wanted = in.capacity_providers;
    if (wanted.empty()) wanted = {"FARGATE", "FARGATE_SPOT"};
    DescribeCapacityProvidersOutput out;
    out.failures.present = true;
    for (const std::string& given : wanted) {
        const std::string name = last_part(given);
        if (known_provider(name)) {
            CapacityProvider provider;
            provider.name = name;
            provider.capacity_provider_arn = call.arn("ecs", "capacity-provider/" + name);
            provider.status = "ACTIVE";
            out.capacity_providers.push_back(provider);
        } else {
            Failure failure;
            failure.arn = call.arn("ecs", "capacity-provider/" + name);
            failure.reason = "MISSING";
            out.failures.push_back(failure);
        }
    }
    return out;
}

Result<Launch> check_launch(const Cluster& cluster, const std::optional<std::string>& launch_type,
                            const List<CapacityProviderStrategyItem>& strategy) {
    if (launch_type && !strategy.empty())
        return errors::InvalidParameterException(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove "
            "one "
            "and try again.");
    Launch out;
    if (launch_type == "FARGATE") {
        out.launch_type = "FARGATE";
        return out;
    }
    out.strategy =
        strategy.empty() && !launch_type ? cluster.default_capacity_provider_strategy : strategy;
    if (out.strategy.empty())
        return errors::InvalidParameterException(
            "No Container Instances were found in your cluster. Unkai runs tasks on Fargate: set "
            "launchType to FARGATE.");
    for (const CapacityProviderStrategyItem& item : out.strategy)
        if (!known_provider(item.capacity_provider))
            return errors::InvalidParameterException("The specified capacity provider '" +
                                                     item.capacity_provider + "' was not found.");
    return out;
}

}  // namespace unkai::services::ecs
