#include <algorithm>

#include "aws/paging.h"
#include "services/ecs/ecs.h"
#include "services/ecs/limits.h"
#include "services/ecs/names.h"
#include "services/ecs/task_factory.h"

namespace unkai::services::ecs {

using namespace model;

namespace {

Status check_configuration(const std::optional<DeploymentConfiguration>& configuration,
                           const std::optional<DeploymentController>& controller) {
    if (controller && controller->type != "ECS")
        return errors::InvalidParameterException(
            "Unkai deploys services with the ECS deployment controller "
            "only; leave out deploymentController.");
    if (!configuration) return ok();
    const int32_t least = configuration->minimum_healthy_percent.value_or(100);
    const int32_t most = configuration->maximum_percent.value_or(200);
    if (configuration->strategy && *configuration->strategy != "ROLLING")
        return errors::InvalidParameterException("Unkai deploys with the strategy ROLLING only.");
    if (least < 0 || least > 100 || most < 100 || most > 200)
        return errors::InvalidParameterException(
            "minimumHealthyPercent must be between 0 and 100, "
            "maximumPercent between 100 and 200.");
    if (configuration->alarms && configuration->alarms->enable)
        return errors::InvalidParameterException("Unkai does not roll back deployments by alarms.");
    if (most == 100 && least == 100)
        return errors::InvalidParameterException(
            "Both maximumPercent and minimumHealthyPercent cannot be 100 "
            "as this will block deployments.");
    return ok();
}

Status check_load_balancers(const List<LoadBalancer>& balancers, const TaskDefinition& definition) {
    if (balancers.size() > limits::load_balancers_per_service)
        return errors::InvalidParameterException("load balancers can have at most 5 items.");
    for (const LoadBalancer& balancer : balancers) {
        if (!balancer.target_group_arn)
            return errors::InvalidParameterException(
                "Classic load balancers are not supported with Fargate. "
                "Specify targetGroupArn.");
        const std::string container = balancer.container_name.value_or("");
        const auto found = std::ranges::find_if(definition.container_definitions,
                                                [&](auto& one) { return one.name == container; });
        if (found == definition.container_definitions.end())
            return errors::InvalidParameterException("The container " + container +
                                                     " does not exist in the task definition.");
        if (std::ranges::none_of(found->port_mappings, [&](auto& port) {
                return port.container_port == balancer.container_port;
            }))
            return errors::InvalidParameterException(
                "The container " + container + " did not have a container port " +
                std::to_string(balancer.container_port.value_or(0)) + " defined.");
    }
    return ok();
}

unkai::Task<Status> check_target_groups(Surroundings& surroundings, Place place,
                                        List<LoadBalancer> balancers) {
    for (const LoadBalancer& balancer : balancers) {
        if (!balancer.target_group_arn) continue;
        const auto there =
            co_await surroundings.target_group_exists(place, *balancer.target_group_arn);
        if (!there)
            co_return unexpected(errors::InvalidParameterException(
                "The target group with targetGroupArn " + *balancer.target_group_arn +
                " does not have an associated load balancer. (" + there.error().message + ")"));
    }
    co_return ok();
}

Status check_unsupported(const CreateServiceInput& in) {
    const auto not_here = [](const char* what) {
        return errors::InvalidParameterException(std::string("Unkai does not run services with ") +
                                                 what + ".");
    };
    if (in.scheduling_strategy == "DAEMON")
        return errors::InvalidParameterException(
            "The daemon scheduling strategy is not supported with Fargate.");
    if (!in.service_registries.empty()) return not_here("serviceRegistries");
    if (in.service_connect_configuration && in.service_connect_configuration->enabled)
        return not_here("serviceConnectConfiguration");
    if (!in.volume_configurations.empty()) return not_here("volumeConfigurations");
    if (!in.vpc_lattice_configurations.empty()) return not_here("vpcLatticeConfigurations");
    if (!in.placement_constraints.empty() || !in.placement_strategy.empty())
        return errors::InvalidParameterException(
            "Placement constraints and strategies are not supported with Fargate.");
    return ok();
}

Result<StoredTaskDefinition> active_definition(aws::Call& call, const std::string& given) {
    auto found = find_task_definition(call, given);
    if (!found) return errors::ClientException("TaskDefinition not found.");
    if (found->definition.status != "ACTIVE")
        return errors::ClientException("TaskDefinition is inactive");
    if (std::ranges::count(found->definition.compatibilities, "FARGATE") == 0)
        return errors::InvalidParameterException(
            "Task definition does not support launch_type FARGATE.");
    return std::move(*found);
}

DeploymentConfiguration with_defaults(std::optional<DeploymentConfiguration> given) {
    DeploymentConfiguration out = given.value_or(DeploymentConfiguration{});
    out.minimum_healthy_percent = out.minimum_healthy_percent.value_or(100);
    out.maximum_percent = out.maximum_percent.value_or(200);
    if (!out.deployment_circuit_breaker)
        out.deployment_circuit_breaker = DeploymentCircuitBreaker{};
    out.strategy = "ROLLING";
    return out;
}

// The record of a new service, without its first deployment.
StoredService make_service(const aws::Call& call, const CreateServiceInput& in,
                           const Cluster& cluster, const Launch& launch,
                           const TaskDefinition& definition) {
    StoredService out;
    ServiceShape& shape = out.shape;
    shape.service_name = in.service_name;
    shape.service_arn = call.arn("ecs", "service/" + *cluster.cluster_name + "/" + in.service_name);
    shape.cluster_arn = cluster.cluster_arn;
    shape.status = "ACTIVE";
    shape.load_balancers = in.load_balancers;
    shape.desired_count = in.desired_count.value_or(0);
    if (!launch.launch_type.empty()) shape.launch_type = launch.launch_type;
    shape.capacity_provider_strategy = launch.strategy;
    shape.platform_version = in.platform_version.value_or("LATEST");
    shape.platform_family = "Linux";
    shape.task_definition = definition.task_definition_arn;
    shape.deployment_configuration = with_defaults(in.deployment_configuration);
    shape.network_configuration = in.network_configuration;
    if (!in.load_balancers.empty() || in.health_check_grace_period_seconds)
        shape.health_check_grace_period_seconds = in.health_check_grace_period_seconds.value_or(0);
    shape.scheduling_strategy = "REPLICA";
    DeploymentController controller;
    controller.type = "ECS";
    shape.deployment_controller = controller;
    shape.created_at = call.now;
    shape.created_by = call.principal.arn;
    shape.role_arn = "arn:aws:iam::" + call.account +
                     ":role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS";
    shape.enable_ecs_managed_tags = in.enable_ecs_managed_tags.value_or(false);
    shape.propagate_tags = in.propagate_tags.value_or("NONE");
    shape.enable_execute_command = in.enable_execute_command.value_or(false);
    shape.availability_zone_rebalancing = in.availability_zone_rebalancing.value_or("DISABLED");
    return out;
}

void put_service(aws::Call& call, const std::string& cluster, const StoredService& service) {
    schema::services.put(
        call.txn(), {call.account, call.region, cluster, *service.shape.service_name}, service);
}

// What of an update makes a new deployment.
bool changes_tasks(const UpdateServiceInput& in, const StoredService& service,
                   const std::optional<std::string>& definition) {
    return in.force_new_deployment.value_or(false) || in.network_configuration ||
           in.load_balancers.given() || !in.capacity_provider_strategy.empty() ||
           (in.platform_version && in.platform_version != service.shape.platform_version) ||
           (definition && definition != service.shape.task_definition);
}

}  // namespace

unkai::Task<Result<CreateServiceOutput>> Ecs::CreateService(aws::Call& call,
                                                            const CreateServiceInput& in) {
    if (!valid_name(in.service_name))
        co_return unexpected(
            errors::InvalidParameterException("Invalid service name: '" + in.service_name + "'."));
    CO_REQUIRE(check_unsupported(in));
    CO_REQUIRE(check_configuration(in.deployment_configuration, in.deployment_controller));
    const int32_t desired = in.desired_count.value_or(0);
    if (desired < 0 || desired > limits::tasks_per_service)
        co_return unexpected(
            errors::InvalidParameterException("desiredCount must be between 0 and 5000."));
    if (!in.task_definition)
        co_return unexpected(errors::InvalidParameterException("Task definition is required."));
    CO_TRY(auto zones,
           co_await subnet_zones(surroundings_, place_of(call), in.network_configuration));
    CO_REQUIRE(co_await check_target_groups(surroundings_, place_of(call), in.load_balancers));

    // From here on nothing waits: what is read is what is written upon.
    CO_TRY(const Cluster cluster, find_cluster(call, in.cluster));
    CO_TRY(const Launch launch,
           check_launch(cluster, in.launch_type, in.capacity_provider_strategy));
    CO_TRY(const StoredTaskDefinition definition, active_definition(call, *in.task_definition));
    CO_REQUIRE(check_load_balancers(in.load_balancers, definition.definition));
    const auto rows =
        schema::services.list(call.txn(), call.account, call.region, *cluster.cluster_name);
    if (rows.size() >= limits::services_per_cluster)
        co_return unexpected(errors::InvalidParameterException(
            "The limit of 5,000 services per cluster is reached."));
    for (const auto& [key, there] : rows) {
        if (std::get<3>(key) != in.service_name) continue;
        if (there.shape.status == "ACTIVE")
            co_return unexpected(
                errors::InvalidParameterException("Creation of service was not idempotent."));
        if (there.shape.status == "DRAINING")
            co_return unexpected(errors::InvalidParameterException(
                "Unable to Start a service that is still Draining."));
    }
    StoredService service = make_service(call, in, cluster, launch, definition.definition);
    CO_TRY(service.tags, checked_tags(in.tags));
    service.zones = std::move(zones);
    add_deployment(service, make_deployment(call.env.random, service, call.now));
    put_service(call, *cluster.cluster_name, service);
    co_return CreateServiceOutput{.service =
                                      describe_service(call, *cluster.cluster_name, service)};
}

unkai::Task<Result<UpdateServiceOutput>> Ecs::UpdateService(aws::Call& call,
                                                            const UpdateServiceInput& in) {
    CO_REQUIRE(check_configuration(in.deployment_configuration, in.deployment_controller));
    if (in.desired_count &&
        (*in.desired_count < 0 || *in.desired_count > limits::tasks_per_service))
        co_return unexpected(
            errors::InvalidParameterException("desiredCount must be between 0 and 5000."));
    std::optional<std::map<std::string, std::string>> zones;
    if (in.network_configuration) {
        CO_TRY(zones,
               co_await subnet_zones(surroundings_, place_of(call), in.network_configuration));
    }
    CO_REQUIRE(co_await check_target_groups(surroundings_, place_of(call), in.load_balancers));

    CO_TRY(const Cluster cluster, find_cluster(call, in.cluster));
    const std::string& cluster_name = *cluster.cluster_name;
    auto found = schema::services.get(
        call.txn(), {call.account, call.region, cluster_name, last_part(in.service)});
    if (!found) co_return unexpected(errors::ServiceNotFoundException("Service not found."));
    StoredService& service = *found;
    if (service.shape.status != "ACTIVE")
        co_return unexpected(errors::ServiceNotActiveException("Service was not ACTIVE."));
    std::optional<std::string> definition_arn;
    if (in.task_definition || in.load_balancers.given()) {
        CO_TRY(
            const StoredTaskDefinition definition,
            active_definition(call, in.task_definition.value_or(*service.shape.task_definition)));
        definition_arn = definition.definition.task_definition_arn;
        CO_REQUIRE(check_load_balancers(
            in.load_balancers.given() ? in.load_balancers : service.shape.load_balancers,
            definition.definition));
    }
    const bool deploy = changes_tasks(in, service, definition_arn);
    ServiceShape& shape = service.shape;
    if (!in.capacity_provider_strategy.empty()) {
        CO_TRY(const Launch launch,
               check_launch(cluster, std::nullopt, in.capacity_provider_strategy));
        shape.capacity_provider_strategy = launch.strategy;
        shape.launch_type.reset();
    }
    shape.desired_count = in.desired_count.value_or(*shape.desired_count);
    if (definition_arn) shape.task_definition = definition_arn;
    if (in.deployment_configuration)
        shape.deployment_configuration = with_defaults(in.deployment_configuration);
    if (in.network_configuration) {
        shape.network_configuration = in.network_configuration;
        service.zones = std::move(*zones);
    }
    if (in.load_balancers.given()) shape.load_balancers = in.load_balancers;
    if (in.platform_version) shape.platform_version = in.platform_version;
    if (in.health_check_grace_period_seconds)
        shape.health_check_grace_period_seconds = in.health_check_grace_period_seconds;
    if (in.enable_execute_command) shape.enable_execute_command = in.enable_execute_command;
    if (in.enable_ecs_managed_tags) shape.enable_ecs_managed_tags = in.enable_ecs_managed_tags;
    if (in.propagate_tags) shape.propagate_tags = in.propagate_tags;
    if (in.availability_zone_rebalancing)
        shape.availability_zone_rebalancing = in.availability_zone_rebalancing;
    if (deploy) add_deployment(service, make_deployment(call.env.random, service, call.now));
    put_service(call, cluster_name, service);
    co_return UpdateServiceOutput{.service = describe_service(call, cluster_name, service)};
}

Result<DeleteServiceOutput> Ecs::DeleteService(aws::Call& call, const DeleteServiceInput& in) {
    TRY(const Cluster cluster, find_cluster(call, in.cluster));
    auto service = schema::services.get(
        call.txn(), {call.account, call.region, *cluster.cluster_name, last_part(in.service)});
    if (!service || service->shape.status == "INACTIVE")
        return errors::ServiceNotFoundException("Service not found.");
    if (service->shape.status == "ACTIVE") {
        if (service->shape.desired_count.value_or(0) > 0 && !in.force.value_or(false))
            return errors::InvalidParameterException(
                "The service cannot be stopped while it is scaled above 0.");
        service->shape.status = "DRAINING";
        service->shape.desired_count = 0;
        put_service(call, *cluster.cluster_name, *service);
    }
    return DeleteServiceOutput{.service = describe_service(call, *cluster.cluster_name, *service)};
}

ServiceShape describe_service(aws::Call& call, const std::string& cluster,
                              const StoredService& service) {
    struct Count {
        int32_t running = 0, pending = 0;
    };
    std::map<std::string, Count> counts;
    Count total;
    for (const auto& [key, task] :
         schema::tasks.list(call.txn(), call.account, call.region, cluster)) {
        if (task.service != service.shape.service_name || task.shape.desired_status == "STOPPED")
            continue;
        const bool running = task.shape.last_status == "RUNNING";
        ++(running ? counts[task.deployment].running : counts[task.deployment].pending);
        ++(running ? total.running : total.pending);
    }
    ServiceShape out = service.shape;
    out.running_count = total.running;
    out.pending_count = total.pending;
    for (const StoredDeployment& deployment : service.deployments) {
        Deployment shown = deployment.shape;
        const bool primary = shown.status == "PRIMARY";
        shown.desired_count = primary ? service.shape.desired_count.value_or(0) : 0;
        shown.running_count = counts[*shown.id].running;
        shown.pending_count = counts[*shown.id].pending;
        shown.failed_tasks = static_cast<int32_t>(deployment.failed);
        out.deployments.push_back(std::move(shown));
    }
    for (const ServiceEvent& event : service.events) out.events.push_back(event);
    out.tags = tag_list(service.tags);
    return out;
}

Result<DescribeServicesOutput> Ecs::DescribeServices(aws::Call& call,
                                                     const DescribeServicesInput& in) {
    if (in.services.empty()) return errors::InvalidParameterException("Services cannot be empty.");
    if (in.services.size() > limits::described_services)
        return errors::InvalidParameterException("Services cannot have more than 10 elements.");
    TRY(const Cluster cluster, find_cluster(call, in.cluster));
    DescribeServicesOutput out;
    out.failures.present = true;
    for (const std::string& given : in.services) {
        const std::string name = last_part(given);
        const auto service = schema::services.get(
            call.txn(), {call.account, call.region, *cluster.cluster_name, name});
        if (!service) {
            Failure failure;
            failure.arn = call.arn("ecs", "service/" + *cluster.cluster_name + "/" + name);
            failure.reason = "MISSING";
            out.failures.push_back(failure);
            continue;
        }
        out.services.push_back(describe_service(call, *cluster.cluster_name, *service));
        if (std::ranges::count(in.include, "TAGS") == 0) out.services.back().tags = {};
    }
    return out;
}

Result<ListServicesOutput> Ecs::ListServices(aws::Call& call, const ListServicesInput& in) {
    TRY(const Cluster cluster, find_cluster(call, in.cluster));
    auto rows = schema::services.list(call.txn(), call.account, call.region, *cluster.cluster_name);
    std::erase_if(rows, [&](auto& row) {
        const ServiceShape& shape = row.second.shape;
        if (shape.status == "INACTIVE") return true;
        if (in.launch_type && shape.launch_type != in.launch_type) return true;
        return in.scheduling_strategy && shape.scheduling_strategy != in.scheduling_strategy;
    });
    TRY(const auto page,
        aws::page(
            rows, [](auto& row) { return std::get<3>(row.first); }, in.next_token,
            static_cast<size_t>(in.max_results.value_or(10)), "InvalidParameterException"));
    ListServicesOutput out;
    for (const auto* row : page.items) out.service_arns.push_back(*row->second.shape.service_arn);
    out.next_token = page.next;
    return out;
}

}  // namespace unkai::services::ecs
