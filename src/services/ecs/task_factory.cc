#include "services/ecs/task_factory.h"

#include "services/ecs/health_check.h"
#include "services/ecs/limits.h"

namespace unkai::services::ecs {

List<model::Tag> tag_list(const std::map<std::string, std::string>& tags) {
    List<model::Tag> out;
    for (const auto& [key, value] : tags) {
        out.emplace_back();
        out.back().key = key;
        out.back().value = value;
    }
    return out;
}

static model::Container make_container(Random& random, const TaskRequest& request,
                                       const model::ContainerDefinition& definition,
                                       const std::string& task_id, const std::string& prefix) {
    model::Container out;
    out.container_arn =
        prefix + "container/" + request.cluster + "/" + task_id + "/" + random.uuid();
    out.task_arn = prefix + "task/" + request.cluster + "/" + task_id;
    out.name = definition.name;
    out.image = definition.image;
    out.last_status = "PENDING";
    out.health_status = "UNKNOWN";
    out.cpu = std::to_string(definition.cpu.value_or(0));
    if (definition.memory) out.memory = std::to_string(*definition.memory);
    if (definition.memory_reservation)
        out.memory_reservation = std::to_string(*definition.memory_reservation);
    out.network_interfaces.present = true;
    return out;
}

StoredTask make_task(Random& random, const TaskRequest& request, Time now) {
    const std::string id = random.hex(32);
    const std::string prefix =
        "arn:aws:ecs:" + request.place.region + ":" + request.place.account + ":";
    StoredTask out;
    out.network = request.network;
    out.number = micros(now);
    model::Task& shape = out.shape;
    shape.task_arn = prefix + "task/" + request.cluster + "/" + id;
    shape.cluster_arn = prefix + "cluster/" + request.cluster;
    shape.task_definition_arn = request.definition.task_definition_arn;
    shape.availability_zone = request.zone;
    shape.group = request.group;
    if (!request.started_by.empty()) shape.started_by = request.started_by;
    if (!request.launch_type.empty()) shape.launch_type = request.launch_type;
    if (!request.capacity_provider.empty())
        shape.capacity_provider_name = request.capacity_provider;
    shape.platform_version =
        request.platform_version == "LATEST" || request.platform_version.empty()
            ? "1.4.0"
            : request.platform_version;
    shape.platform_family = "Linux";
    shape.cpu = request.definition.cpu;
    shape.memory = request.definition.memory;
    if (request.overrides) {
        if (request.overrides->cpu) shape.cpu = request.overrides->cpu;
        if (request.overrides->memory) shape.memory = request.overrides->memory;
    }
    shape.overrides = request.overrides.value_or(model::TaskOverride{});
    shape.created_at = now;
    shape.last_status = "PROVISIONING";
    shape.desired_status = "RUNNING";
    shape.health_status = "UNKNOWN";
    shape.enable_execute_command = request.execute_command;
    shape.version = 1;
    shape.tags = tag_list(request.tags);
    model::EphemeralStorage storage;
    storage.size_in_gi_b = request.definition.ephemeral_storage
                               ? request.definition.ephemeral_storage->size_in_gi_b
                               : 20;
    shape.ephemeral_storage = storage;
    for (const auto& container : request.definition.container_definitions)
        shape.containers.push_back(make_container(random, request, container, id, prefix));
    return out;
}

std::string deployment_id(Random& random) {
    return "ecs-svc/" + std::to_string(1 + random.below(9)) + random.from("0123456789", 18);
}

StoredDeployment make_deployment(Random& random, const StoredService& service, Time now) {
    StoredDeployment out;
    model::Deployment& shape = out.shape;
    shape.id = deployment_id(random);
    shape.status = "PRIMARY";
    shape.task_definition = service.shape.task_definition;
    shape.created_at = now;
    shape.updated_at = now;
    shape.launch_type = service.shape.launch_type;
    shape.capacity_provider_strategy = service.shape.capacity_provider_strategy;
    shape.platform_version = service.shape.platform_version;
    shape.platform_family = "Linux";
    shape.network_configuration = service.shape.network_configuration;
    shape.rollout_state = "IN_PROGRESS";
    shape.rollout_state_reason = "ECS deployment " + *shape.id + " in progress.";
    return out;
}

void add_deployment(StoredService& service, StoredDeployment deployment) {
    for (StoredDeployment& earlier : service.deployments) earlier.shape.status = "ACTIVE";
    service.deployments.insert(service.deployments.begin(), std::move(deployment));
    service.quick_failures = 0;
    service.never_ran = false;
    service.retry_at = {};
    service.steady = false;
}

void add_event(StoredService& service, Random& random, Time now, std::string_view text) {
    model::ServiceEvent event;
    event.id = random.uuid();
    event.created_at = now;
    event.message =
        "(service " + service.shape.service_name.value_or("") + ") " + std::string(text);
    service.events.insert(service.events.begin(), std::move(event));
    if (service.events.size() > limits::events_per_service) service.events.pop_back();
}

}  // namespace unkai::services::ecs
