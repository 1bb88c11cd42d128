#include <algorithm>

#include "aws/paging.h"
#include "base/strings.h"
#include "services/ecs/ecs.h"
#include "services/ecs/limits.h"
#include "services/ecs/names.h"
#include "services/ecs/task_definition.h"
#include "services/ecs/task_factory.h"

namespace unkai::services::ecs {

using namespace model;

namespace {

Status check_network(const std::optional<NetworkConfiguration>& network) {
    if (!network || !network->awsvpc_configuration)
        return errors::InvalidParameterException(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.");
    const AwsVpcConfiguration& vpc = *network->awsvpc_configuration;
    if (vpc.subnets.empty()) return errors::InvalidParameterException("subnets can not be empty.");
    if (vpc.subnets.size() > limits::subnets)
        return errors::InvalidParameterException("subnets can have at most 16 items.");
    if (vpc.security_groups.size() > limits::security_groups)
        return errors::InvalidParameterException("securityGroups can have at most 5 items.");
    return ok();
}

Status check_overrides(const RunTaskInput& in, const TaskDefinition& definition) {
    if (!in.overrides) return ok();
    for (const ContainerOverride& override : in.overrides->container_overrides) {
        if (std::ranges::none_of(definition.container_definitions,
                                 [&](auto& one) { return one.name == override.name; }))
            return errors::InvalidParameterException("Override for container named " +
                                                     override.name.value_or("") +
                                                     " is not a container in the TaskDefinition.");
        if (!override.environment_files.empty() || !override.resource_requirements.empty())
            return errors::InvalidParameterException(
                "Unkai does not run overrides with environmentFiles or resourceRequirements.");
    }
    if (in.overrides->cpu || in.overrides->memory) {
        const auto checked =
            check_fargate_size(in.overrides->cpu.value_or(definition.cpu.value_or("")),
                               in.overrides->memory.value_or(definition.memory.value_or("")));
        if (!checked) return errors::InvalidParameterException(checked.error().message);
    }
    return ok();
}

Result<StoredTask> find_task(aws::Call& call, const std::string& cluster,
                             const std::string& given) {
    auto task =
        schema::tasks.get(call.txn(), {call.account, call.region, cluster, last_part(given)});
    if (task) return std::move(*task);
    return errors::InvalidParameterException("The referenced task was not found.");
}

}  // namespace

unkai::Task<Result<std::map<std::string, std::string>>> subnet_zones(
    Surroundings& surroundings, Place place, std::optional<NetworkConfiguration> network) {
    CO_REQUIRE(check_network(network));
    const auto found =
        co_await surroundings.subnets(std::move(place), network->awsvpc_configuration->subnets);
    if (!found)
        co_return unexpected(errors::InvalidParameterException(
            "Error retrieving subnet information for [" +
            join(network->awsvpc_configuration->subnets, ", ") + "]: " + found.error().message +
            " (ErrorCode: " + found.error().code + ")"));
    std::map<std::string, std::string> zones;
    std::string vpc;
    for (const SubnetInfo& subnet : *found) {
        zones[subnet.id] = subnet.zone;
        if (!vpc.empty() && vpc != subnet.vpc)
            co_return unexpected(errors::InvalidParameterException(
                "Networking Configuration subnets must belong to the same VPC."));
        vpc = subnet.vpc;
    }
    co_return zones;
}

unkai::Task<Result<RunTaskOutput>> Ecs::RunTask(aws::Call& call, const RunTaskInput& in) {
    const int32_t count = in.count.value_or(1);
    if (count < 1 || count > limits::tasks_per_run_task)
        co_return unexpected(errors::InvalidParameterException("Count must be between 1 and 10."));
    CO_TRY(const auto zones,
           co_await subnet_zones(surroundings_, place_of(call), in.network_configuration));
    // From here on nothing waits: what is read is what is written upon.
    CO_TRY(const Cluster cluster, find_cluster(call, in.cluster));
    CO_TRY(const Launch launch,
           check_launch(cluster, in.launch_type, in.capacity_provider_strategy));
    const auto found = find_task_definition(call, in.task_definition);
    if (!found) co_return unexpected(errors::ClientException("TaskDefinition not found."));
    const TaskDefinition& definition = found->definition;
    if (definition.status != "ACTIVE")
        co_return unexpected(errors::ClientException("TaskDefinition is inactive"));
    if (std::ranges::count(definition.compatibilities, "FARGATE") == 0)
        co_return unexpected(errors::InvalidParameterException(
            "Task definition does not support launch_type FARGATE."));
    CO_REQUIRE(check_overrides(in, definition));
    TaskRequest request{
        .place = place_of(call), .cluster = *cluster.cluster_name, .definition = definition};
    CO_TRY(request.tags, checked_tags(in.tags));
    if (in.propagate_tags == "TASK_DEFINITION")
        request.tags.insert(found->tags.begin(), found->tags.end());
    request.network = *in.network_configuration->awsvpc_configuration;
    request.group = in.group.value_or("family:" + *definition.family);
    request.started_by = in.started_by.value_or("");
    request.launch_type = launch.launch_type;
    if (!launch.strategy.empty()) request.capacity_provider = launch.strategy[0].capacity_provider;
    request.platform_version = in.platform_version.value_or("");
    request.overrides = in.overrides;
    request.execute_command = in.enable_execute_command.value_or(false);
    RunTaskOutput out;
    out.failures.present = true;
    const List<std::string> subnets = request.network.subnets;
    for (int32_t i = 0; i < count; ++i) {
        const std::string& subnet = subnets[static_cast<size_t>(i) % subnets.size()];
        request.network.subnets = {subnet};
        request.zone = zones.at(subnet);
        StoredTask task = make_task(call.env.random, request, call.now);
        task.number += i;
        schema::tasks.put(
            call.txn(),
            {call.account, call.region, request.cluster, last_part(*task.shape.task_arn)}, task);
        out.tasks.push_back(task.shape);
    }
    co_return out;
}

Result<StopTaskOutput> Ecs::StopTask(aws::Call& call, const StopTaskInput& in) {
    TRY(const Cluster cluster, find_cluster(call, in.cluster));
    TRY(StoredTask task, find_task(call, *cluster.cluster_name, in.task));
    if (task.shape.desired_status != "STOPPED") {
        task.shape.desired_status = "STOPPED";
        task.shape.stop_code = "UserInitiated";
        task.shape.stopped_reason = in.reason.value_or("Task stopped by user");
        task.shape.stopping_at = call.now;
        schema::tasks.put(call.txn(),
                          {call.account, call.region, *cluster.cluster_name, last_part(in.task)},
                          task);
    }
    return StopTaskOutput{.task = task.shape};
}

Result<DescribeTasksOutput> Ecs::DescribeTasks(aws::Call& call, const DescribeTasksInput& in) {
    TRY(const Cluster cluster, find_cluster(call, in.cluster));
    if (in.tasks.empty()) return errors::InvalidParameterException("Tasks cannot be empty.");
    if (in.tasks.size() > limits::described_tasks)
        return errors::InvalidParameterException("Tasks cannot have more than 100 elements.");
    DescribeTasksOutput out;
    out.failures.present = true;
    for (const std::string& given : in.tasks) {
        const std::string id = last_part(given);
        auto task =
            schema::tasks.get(call.txn(), {call.account, call.region, *cluster.cluster_name, id});
        if (task) {
            if (std::ranges::count(in.include, "TAGS") == 0) task->shape.tags = {};
            out.tasks.push_back(std::move(task->shape));
            continue;
        }
        Failure failure;
        failure.arn = call.arn("ecs", "task/" + *cluster.cluster_name + "/" + id);
        failure.reason = "MISSING";
        out.failures.push_back(failure);
    }
    return out;
}

Result<ListTasksOutput> Ecs::ListTasks(aws::Call& call, const ListTasksInput& in) {
    TRY(const Cluster cluster, find_cluster(call, in.cluster));
    const std::string& name = *cluster.cluster_name;
    const std::string service = in.service_name ? last_part(*in.service_name) : "";
    if (in.service_name &&
        !schema::services.has(call.txn(), {call.account, call.region, name, service}))
        return errors::ServiceNotFoundException("Service not found.");
    auto rows = schema::tasks.list(call.txn(), call.account, call.region, name);
    std::erase_if(rows, [&](auto& row) {
        const model::Task& shape = row.second.shape;
        if (shape.desired_status != in.desired_status.value_or("RUNNING")) return true;
        if (in.service_name && row.second.service != service) return true;
        if (in.started_by && shape.started_by != in.started_by) return true;
        if (in.launch_type && shape.launch_type != in.launch_type) return true;
        if (in.container_instance || in.daemon_name) return true;
        if (!in.family) return false;
        const auto definition = parse_task_definition(shape.task_definition_arn.value_or(""));
        return !definition || definition->family != *in.family;
    });
    TRY(const auto page,
        aws::page(
            rows, [](auto& row) { return std::get<3>(row.first); }, in.next_token,
            static_cast<size_t>(in.max_results.value_or(100)), "InvalidParameterException"));
    ListTasksOutput out;
    for (const auto* row : page.items) out.task_arns.push_back(*row->second.shape.task_arn);
    out.next_token = page.next;
    return out;
}

}  // namespace unkai::services::ecs
