// What the container plane is told: from a task definition, its overrides and what was resolved.
#include <algorithm>

#include "services/ecs/limits.h"
#include "services/ecs/log_driver.h"
#include "services/ecs/task_definition.h"
#include "services/ecs/task_runner.h"

namespace unkai::services::ecs {

namespace containers = planes::containers;

namespace {

void put(containers::Environment& environment, const std::string& name, const std::string& value,
         bool replace = true) {
    for (auto& [known, old] : environment) {
        if (known != name) continue;
        if (replace) old = value;
        return;
    }
    environment.emplace_back(name, value);
}

void put_all(containers::Environment& environment, const List<model::KeyValuePair>& pairs) {
    for (const model::KeyValuePair& pair : pairs)
        if (pair.name) put(environment, *pair.name, pair.value.value_or(""));
}

}  // namespace

const model::ContainerOverride* TaskRunner::override_of(const std::string& name) const {
    if (!task_.shape.overrides) return nullptr;
    for (const model::ContainerOverride& one : task_.shape.overrides->container_overrides)
        if (one.name == name) return &one;
    return nullptr;
}

containers::SandboxSpec TaskRunner::sandbox_spec(const TaskNetwork& network) const {
    containers::SandboxSpec out;
    out.id = id();
    out.network_namespace = network.network_namespace;
    out.hostname = hostname_;
    out.name_servers = network.name_servers;
    const size_t dot = hostname_.find('.');
    out.search_domains = {hostname_.substr(dot + 1)};
    out.hosts = {{task_.address, hostname_ + " " + hostname_.substr(0, dot)}};
    if (const auto units = cpu_units(task_.shape.cpu.value_or("")))
        out.limits.cpus = static_cast<double>(*units) / 1024;
    if (const auto mib = memory_mib(task_.shape.memory.value_or("")))
        out.limits.memory_bytes = *mib << 20;
    for (const model::Volume& volume : definition_.volumes)
        if (volume.name) out.volumes.push_back(*volume.name);
    return out;
}

containers::ContainerSpec TaskRunner::container_spec(const model::ContainerDefinition& container) {
    const std::string& name = *container.name;
    const model::ContainerOverride* override = override_of(name);
    containers::ContainerSpec out;
    out.name = name;
    out.image = images_.at(*container.image);
    if (!container.entry_point.empty()) out.entry_point = container.entry_point;
    if (!container.command.empty()) out.command = container.command;
    if (override != nullptr && !override->command.empty()) out.command = override->command;
    put_all(out.environment, container.environment);
    if (override != nullptr) put_all(out.environment, override->environment);
    for (const auto& [variable, value] : secrets_[name]) put(out.environment, variable, value);

    const std::string metadata = "http://169.254.170.2/v4/" + metadata_ids_.at(name);
    put(out.environment, "ECS_CONTAINER_METADATA_URI_V4", metadata);
    put(out.environment, "ECS_CONTAINER_METADATA_URI",
        "http://169.254.170.2/v3/" + metadata_ids_.at(name));
    put(out.environment, "AWS_EXECUTION_ENV", "AWS_ECS_FARGATE", false);
    put(out.environment, "AWS_REGION", place().region, false);
    put(out.environment, "AWS_DEFAULT_REGION", place().region, false);
    if (!role_arn().empty())
        put(out.environment, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "/v2/credentials/" + credentials_id_);
    for (const auto& [variable, value] : engine_.options().environment)
        put(out.environment, variable, value, false);

    out.user = container.user.value_or("");
    out.working_directory = container.working_directory.value_or("");
    out.read_only_root = container.readonly_root_filesystem.value_or(false);
    if (container.linux_parameters && container.linux_parameters->capabilities)
        out.trace = !container.linux_parameters->capabilities->add.empty();
    int64_t memory = container.memory.value_or(0);
    int64_t cpu = container.cpu.value_or(0);
    if (override != nullptr) {
        memory = override->memory.value_or(memory);
        cpu = override->cpu.value_or(cpu);
    }
    if (memory > 0) out.limits.memory_bytes = memory << 20;
    if (cpu > 0) out.limits.cpu_shares = cpu;
    for (const model::Ulimit& limit : container.ulimits)
        out.ulimits.push_back({limit.name, static_cast<uint64_t>(std::max(limit.soft_limit, 0)),
                               static_cast<uint64_t>(std::max(limit.hard_limit, 0))});
    const auto add_mounts = [&](const model::ContainerDefinition& from, bool read_only) {
        for (const model::MountPoint& mount : from.mount_points)
            out.volumes.push_back({mount.source_volume.value_or(""),
                                   mount.container_path.value_or(""),
                                   read_only || mount.read_only.value_or(false)});
    };
    add_mounts(container, false);
    for (const model::VolumeFrom& from : container.volumes_from)
        add_mounts(definition_of(from.source_container.value_or("")),
                   from.read_only.value_or(false));
    out.ca_certificate = engine_.options().ca_certificate;
    if (container.log_configuration)
        out.log = std::make_shared<LogDriver>(
            engine_.surroundings(), place(),
            log_stream(*container.log_configuration, place(), name, id()));
    return out;
}

}  // namespace unkai::services::ecs
