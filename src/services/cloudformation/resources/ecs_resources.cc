// AWS::ECS: clusters, task definitions, services. AWS::ECR: repositories.
#include "base/strings.h"
#include "services/cloudformation/resource_type.h"

namespace unkai::services::cloudformation {

namespace {

using Made = Task<Result<std::string>>;
using Attributes = Task<Result<Json>>;
using FoundEcs = Task<Result<std::vector<std::string>>>;

Json only(std::string_view name, const std::string& value) { return Json::object({{name, value}}); }

// ---- Repository

Made create_repository(Work& work) {
    Json input = work.input;
    const std::string name = work["RepositoryName"].string_or(work.generated_name(256, true));
    input.set("repositoryName", name);
    input.set("tags", work.tags());
    CO_REQUIRE(co_await work.call_unless("ecr", "CreateRepository", std::move(input),
                                         work.again
                                             ? std::vector<std::string>{"RepositoryAlreadyExists"}
                                             : std::vector<std::string>{}));
    co_return name;
}

Attributes settle_repository(Work& work) {
    const Json name = only("repositoryName", work.physical_id);
    if (const Json* policy = work.properties.find("RepositoryPolicyText")) {
        Json input = name;
        input.set("policyText", policy->is_string() ? *policy : Json(policy->dump()));
        CO_REQUIRE(co_await work.call("ecr", "SetRepositoryPolicy", std::move(input)));
    }
    if (const Json* policy = work.properties.find("LifecyclePolicy")) {
        Json input = name;
        input.set("lifecyclePolicyText", (*policy)["LifecyclePolicyText"]);
        CO_REQUIRE(co_await work.call("ecr", "PutLifecyclePolicy", std::move(input)));
    }
    CO_TRY(
        const Json answer,
        co_await work.call("ecr", "DescribeRepositories",
                           Json::object({{"repositoryNames", Json::array({work.physical_id})}})));
    const Json& repository = answer["repositories"][0];
    co_return Json::object(
        {{"Arn", repository["repositoryArn"]}, {"RepositoryUri", repository["repositoryUri"]}});
}

Task<Status> update_repository(Work& work) {
    const Json name = only("repositoryName", work.physical_id);
    if (work.changed("RepositoryPolicyText") && !work.properties.find("RepositoryPolicyText"))
        CO_REQUIRE(co_await work.call_unless("ecr", "DeleteRepositoryPolicy", name,
                                             {"RepositoryPolicyNotFound"}));
    if (work.changed("LifecyclePolicy") && !work.properties.find("LifecyclePolicy"))
        CO_REQUIRE(co_await work.call_unless("ecr", "DeleteLifecyclePolicy", name,
                                             {"LifecyclePolicyNotFound"}));
    if (work.changed("ImageTagMutability")) {
        Json input = name;
        input.set("imageTagMutability", work["ImageTagMutability"].string_or("MUTABLE"));
        CO_REQUIRE(co_await work.call("ecr", "PutImageTagMutability", std::move(input)));
    }
    if (work.changed("ImageScanningConfiguration") &&
        work.properties.find("ImageScanningConfiguration")) {
        Json input = name;
        input.set("imageScanningConfiguration", work["ImageScanningConfiguration"]);
        CO_REQUIRE(co_await work.call("ecr", "PutImageScanningConfiguration", std::move(input)));
    }
    co_return ok();
}

Task<Status> remove_repository(Work& work) {
    Json input = only("repositoryName", work.physical_id);
    input.set("force", work["EmptyOnDelete"].bool_or(false));
    return work.remove("ecr", "DeleteRepository", std::move(input), {"RepositoryNotFound"});
}

// ---- Cluster

Json prepare_cluster(Json input) {
    Json made = Json::object();
    for (const auto& [name, value] : input.as_object())
        made.set(name == "ClusterSettings" ? "settings" : name, value);
    return made;
}

Made create_cluster(Work& work) {
    Json input = work.input;
    const std::string name = work["ClusterName"].string_or(work.generated_name(255));
    input.set("clusterName", name);
    input.set("tags", work.tags());
    CO_REQUIRE(co_await work.call("ecs", "CreateCluster", std::move(input)));
    co_return name;
}

Attributes settle_cluster(Work& work) {
    const auto active = [](const Json& answer) -> Result<bool> {
        return answer["clusters"][0]["status"].text() == "ACTIVE";
    };
    CO_TRY(const Json answer,
           co_await work.wait_until("ecs", "DescribeClusters",
                                    Json::object({{"clusters", Json::array({work.physical_id})}}),
                                    active));
    co_return Json::object({{"Arn", answer["clusters"][0]["clusterArn"]}});
}

Task<Status> remove_cluster(Work& work) {
    return work.remove("ecs", "DeleteCluster", only("cluster", work.physical_id),
                       {"ClusterNotFound"}, {"ClusterContainsServices", "ClusterContainsTasks"});
}

// ---- Task definition

Made register_definition(Work& work) {
    Json input = work.input;
    if (!input.find("Family")) input.set("Family", work.generated_name(255));
    if (work.tags().size() > 0) input.set("tags", work.tags());
    CO_TRY(const Json made, co_await work.call("ecs", "RegisterTaskDefinition", std::move(input)));
    co_return made["taskDefinition"]["taskDefinitionArn"].text();
}

Attributes settle_definition(Work& work) { co_return only("TaskDefinitionArn", work.physical_id); }

Task<Status> remove_definition(Work& work) {
    return work.remove("ecs", "DeregisterTaskDefinition", only("taskDefinition", work.physical_id),
                       {"ClientException", "InvalidParameter"});
}

// ---- Service

Json prepare_service(Json input) {
    Json made = Json::object();
    for (const auto& [name, value] : input.as_object())
        made.set(name == "PlacementStrategies" ? "placementStrategy" : name, value);
    return made;
}

Made create_service(Work& work) {
    Json input = work.input;
    input.set("serviceName", work["ServiceName"].string_or(work.generated_name(255)));
    input.set("clientToken", work.token);
    if (!input.find("DesiredCount") && work["SchedulingStrategy"].string_or("REPLICA") == "REPLICA")
        input.set("desiredCount", 1);
    if (work.tags().size() > 0) input.set("tags", work.tags());
    CO_TRY(const Json made, co_await work.call("ecs", "CreateService", std::move(input)));
    co_return made["service"]["serviceArn"].text();
}

FoundEcs find_service(Work& work) {
    Json input = Json::object(
        {{"services", Json::array({work["ServiceName"].string_or(work.generated_name(255))})}});
    if (const Json* cluster = work.properties.find("Cluster")) input.set("cluster", *cluster);
    CO_TRY(const Json answer, co_await work.call("ecs", "DescribeServices", std::move(input)));
    std::vector<std::string> found;
    for (size_t i = 0; i < answer["services"].size(); ++i)
        if (answer["services"][i]["status"].text() == "ACTIVE")
            found.push_back(answer["services"][i]["serviceArn"].text());
    co_return found;
}

Json describe_service(const Work& work) {
    Json input = Json::object({{"services", Json::array({work.physical_id})}});
    if (const Json* cluster = work.properties.find("Cluster")) input.set("cluster", *cluster);
    return input;
}

Result<bool> service_is_stable(const Json& answer) {
    const Json& service = answer["services"][0];
    if (service.is_null()) return fail("ServiceNotFoundException", "The service is gone.", 400);
    for (size_t i = 0; i < service["deployments"].size(); ++i) {
        const Json& deployment = service["deployments"][i];
        if (deployment["status"].text() == "PRIMARY" &&
            deployment["rolloutState"].text() == "FAILED")
            return fail(
                "ServiceFailed",
                "Error occurred during operation 'ECS Deployment Circuit Breaker was triggered': " +
                    deployment["rolloutStateReason"].text(),
                400);
    }
    const std::string rollout = service["deployments"][0]["rolloutState"].string_or("COMPLETED");
    return service["deployments"].size() <= 1 && rollout == "COMPLETED" &&
           service["runningCount"] == service["desiredCount"];
}

Attributes settle_service(Work& work) {
    CO_TRY(const Json answer,
           co_await work.wait_until("ecs", "DescribeServices", describe_service(work),
                                    service_is_stable, std::chrono::hours{3}));
    const Json& service = answer["services"][0];
    co_return Json::object(
        {{"Name", service["serviceName"]}, {"ServiceArn", service["serviceArn"]}});
}

Task<Status> update_service(Work& work) {
    Json input = Json::object({{"service", work.physical_id}});
    // What UpdateService also takes.
    for (const char* name :
         {"Cluster", "DesiredCount", "TaskDefinition", "CapacityProviderStrategy",
          "DeploymentConfiguration", "NetworkConfiguration", "PlacementConstraints",
          "PlatformVersion", "HealthCheckGracePeriodSeconds", "EnableExecuteCommand",
          "EnableECSManagedTags", "LoadBalancers", "PropagateTags", "ServiceRegistries",
          "AvailabilityZoneRebalancing"})
        if (const Json* value = work.properties.find(name)) input.set(name, *value);
    CO_REQUIRE(co_await work.call("ecs", "UpdateService", std::move(input)));
    co_return ok();
}

Task<Status> remove_service(Work& work) {
    Json input = Json::object({{"service", work.physical_id}, {"force", true}});
    if (const Json* cluster = work.properties.find("Cluster")) input.set("cluster", *cluster);
    CO_REQUIRE(co_await work.remove("ecs", "DeleteService", std::move(input),
                                    {"ServiceNotFound", "ServiceNotActive", "ClusterNotFound"}));
    const auto gone = [](const Json& answer) -> Result<bool> {
        return answer["services"].size() == 0 ||
               answer["services"][0]["status"].text() == "INACTIVE";
    };
    co_return co_await work.wait_gone("ecs", "DescribeServices", describe_service(work),
                                      {"ServiceNotFound", "ClusterNotFound"}, gone);
}

constexpr ResourceType ecr_types[] = {
    {.name = "AWS::ECR::Repository",
     .properties =
         "RepositoryName^:s EncryptionConfiguration^ ImageScanningConfiguration ImageTagMutability "
         "EmptyOnDelete:b LifecyclePolicy:{LifecyclePolicyText:s RegistryId:s} "
         "RepositoryPolicyText:j Tags:tags",
     .attributes = "Arn RepositoryUri",
     .service = "ecr",
     .operation = "CreateRepository",
     .create = create_repository,
     .settle = settle_repository,
     .update = update_repository,
     .remove = remove_repository},
};

constexpr ResourceType ecs_types[] = {
    {.name = "AWS::ECS::Cluster",
     .properties = "ClusterName^:s CapacityProviders^ ClusterSettings^ Configuration^ "
                   "DefaultCapacityProviderStrategy^ ServiceConnectDefaults^ Tags:tags",
     .attributes = "Arn",
     .service = "ecs",
     .operation = "CreateCluster",
     .prepare = prepare_cluster,
     .create = create_cluster,
     .settle = settle_cluster,
     .remove = remove_cluster},
    {.name = "AWS::ECS::TaskDefinition",
     .properties = "Family TaskRoleArn ExecutionRoleArn NetworkMode ContainerDefinitions Volumes "
                   "PlacementConstraints RequiresCompatibilities Cpu Memory PidMode IpcMode "
                   "ProxyConfiguration "
                   "EphemeralStorage RuntimePlatform EnableFaultInjection Tags:tags",
     .attributes = "TaskDefinitionArn",
     .service = "ecs",
     .operation = "RegisterTaskDefinition",
     .create = register_definition,
     .settle = settle_definition,
     .remove = remove_definition},
    {.name = "AWS::ECS::Service",
     .properties = "Cluster^ ServiceName^:s TaskDefinition LoadBalancers ServiceRegistries "
                   "DesiredCount LaunchType^ "
                   "CapacityProviderStrategy PlatformVersion Role^ DeploymentConfiguration "
                   "PlacementConstraints "
                   "PlacementStrategies NetworkConfiguration HealthCheckGracePeriodSeconds "
                   "SchedulingStrategy^ "
                   "DeploymentController^ EnableECSManagedTags PropagateTags EnableExecuteCommand "
                   "ServiceConnectConfiguration AvailabilityZoneRebalancing Tags:tags",
     .attributes = "Name ServiceArn",
     .service = "ecs",
     .operation = "CreateService",
     .prepare = prepare_service,
     .create = create_service,
     .settle = settle_service,
     .update = update_service,
     .remove = remove_service,
     .find = find_service},
};

}  // namespace

std::span<const ResourceType> ecr_resources() { return ecr_types; }
std::span<const ResourceType> ecs_resources() { return ecs_types; }

}  // namespace unkai::services::cloudformation
