#include "services/ecs/task_definition.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "aws/protocol/json_shape.h"
#include "base/strings.h"
#include "services/ecs/limits.h"
#include "services/ecs/names.h"

namespace unkai::services::ecs {

using namespace api::ecs;
namespace errors = api::ecs::errors;

namespace {

struct Size {
    int64_t cpu, least, most, step;  // MiB
};
constexpr Size sizes[] = {{512, 1024, 4096, 1024},    {1024, 2048, 8192, 1024},
                          {2048, 4096, 16384, 1024},  {4096, 8192, 30720, 1024},
                          {8192, 16384, 61440, 4096}, {16384, 32768, 122880, 8192}};

// A number with an optional unit after it; the number alone is in the smaller unit.
std::optional<int64_t> sized(std::string_view text, std::string_view unit, int64_t factor) {
    text = trim(text);
    if (const auto number = parse_int(text)) return *number > 0 ? number : std::nullopt;
    const std::string lower = to_lower(text);
    if (!lower.ends_with(unit)) return std::nullopt;
    std::string number(trim(std::string_view(lower).substr(0, lower.size() - unit.size())));
    if (number.starts_with('.')) number = "0" + number;
    const auto value = parse_double(number);
    if (!value || *value <= 0 || *value > 1e6) return std::nullopt;
    return static_cast<int64_t>(std::llround(*value * static_cast<double>(factor)));
}

Unexpected refused_task_definition(std::string text) {
    return unexpected(errors::ClientException(std::move(text)));
}
Unexpected not_here(std::string_view what) {
    return refused_task_definition("Unkai does not run containers with " + std::string(what) +
                                   "; leave it out of the task definition.");
}

bool on_fargate(const RegisterTaskDefinitionInput& in) {
    return std::ranges::count(in.requires_compatibilities, "FARGATE") > 0;
}

Status check_health_check(const HealthCheck& check) {
    const auto within = [](std::optional<int32_t> value, int low, int high) {
        return !value || (*value >= low && *value <= high);
    };
    if (check.command.empty() || check.command[0].empty())
        return refused_task_definition(
            "Container.healthCheck.command should not be null or empty.");
    if (!within(check.interval, 5, 300))
        return refused_task_definition("healthCheck.interval must be between 5 and 300 seconds.");
    if (!within(check.timeout, 2, 60))
        return refused_task_definition("healthCheck.timeout must be between 2 and 60 seconds.");
    if (!within(check.retries, 1, 10))
        return refused_task_definition("healthCheck.retries must be between 1 and 10.");
    if (!within(check.start_period, 0, 300))
        return refused_task_definition(
            "healthCheck.startPeriod must be between 0 and 300 seconds.");
    return ok();
}

Status check_linux(const LinuxParameters& parameters, bool fargate) {
    if (parameters.capabilities)
        for (const std::string& name : parameters.capabilities->add)
            if (name != "SYS_PTRACE")
                return refused_task_definition(
                    "Fargate compatible task definitions do not support adding the "
                    "capability " +
                    name + ".");
    if (!parameters.devices.empty() || parameters.shared_memory_size || !parameters.tmpfs.empty()) {
        if (fargate)
            return refused_task_definition(
                "Fargate compatible task definitions do not support devices, "
                "sharedMemorySize or tmpfs.");
        return not_here("devices, sharedMemorySize or tmpfs");
    }
    return ok();
}

Status check_logging(const LogConfiguration& log, const RegisterTaskDefinitionInput& in) {
    if (log.log_driver != "awslogs") return not_here("the log driver " + log.log_driver);
    if (!log.options.contains("awslogs-group"))
        return refused_task_definition("Log driver awslogs requires options: awslogs-group");
    if (!on_fargate(in)) return ok();
    if (!log.options.contains("awslogs-stream-prefix") || !log.options.contains("awslogs-region"))
        return refused_task_definition(
            "Log driver awslogs requires options: awslogs-group, awslogs-region, "
            "awslogs-stream-prefix");
    if (!in.execution_role_arn)
        return refused_task_definition(
            "Fargate requires task definition to have execution role ARN to support log "
            "driver awslogs.");
    return ok();
}

Status check_mounts(const ContainerDefinition& container, const RegisterTaskDefinitionInput& in) {
    for (const MountPoint& mount : container.mount_points) {
        const auto known = std::ranges::any_of(
            in.volumes, [&](const Volume& volume) { return volume.name == mount.source_volume; });
        if (!known)
            return refused_task_definition("Unknown volume '" + mount.source_volume.value_or("") +
                                           "'.");
        if (!mount.container_path || !mount.container_path->starts_with('/'))
            return refused_task_definition("MountPoint.containerPath must be an absolute path.");
    }
    for (const VolumeFrom& from : container.volumes_from) {
        if (std::ranges::none_of(in.container_definitions,
                                 [&](auto& other) { return other.name == from.source_container; }))
            return refused_task_definition("volumesFrom names no container of this task: '" +
                                           from.source_container.value_or("") + "'.");
    }
    return ok();
}

Status check_ports(const ContainerDefinition& container, const RegisterTaskDefinitionInput& in) {
    for (const PortMapping& port : container.port_mappings) {
        const int32_t inner = port.container_port.value_or(0);
        if (inner < 1 || inner > 65535)
            return refused_task_definition("Container port must be between 1 and 65535.");
        if (in.network_mode == "awsvpc" && port.host_port && *port.host_port != 0 &&
            *port.host_port != inner)
            return refused_task_definition(
                "When networkMode=awsvpc, the host ports and container ports in port "
                "mappings must match.");
    }
    return ok();
}

Status check_container(const ContainerDefinition& container,
                       const RegisterTaskDefinitionInput& in) {
    if (!container.name || container.name->empty())
        return refused_task_definition("Container.name should not be null or empty.");
    if (!valid_name(*container.name))
        return refused_task_definition("Container.name contains invalid characters.");
    if (!container.image || container.image->empty())
        return refused_task_definition("Container.image should not be null or empty.");
    if (container.privileged.value_or(false)) {
        if (on_fargate(in))
            return refused_task_definition(
                "Fargate compatible task definitions do not support privileged.");
        return not_here("privileged");
    }
    if (!in.memory && !container.memory && !container.memory_reservation)
        return refused_task_definition(
            "Invalid setting for container '" + *container.name +
            "'. At least one of 'memory' or 'memoryReservation' must be specified.");
    if (container.memory && container.memory_reservation &&
        *container.memory_reservation > *container.memory)
        return refused_task_definition(
            "The 'memoryReservation' setting of a container must be less than its "
            "'memory' setting.");
    if (container.stop_timeout &&
        (*container.stop_timeout < 0 || *container.stop_timeout > limits::longest_stop_timeout))
        return refused_task_definition("Container.stopTimeout must be between 0 and 120 seconds.");
    if (!container.secrets.empty() && !in.execution_role_arn)
        return refused_task_definition(
            "When you are specifying container secrets, you must also specify a value "
            "for 'executionRoleArn'.");
    if (container.linux_parameters)
        REQUIRE(check_linux(*container.linux_parameters, on_fargate(in)));
    if (container.health_check) REQUIRE(check_health_check(*container.health_check));
    if (container.log_configuration) REQUIRE(check_logging(*container.log_configuration, in));
    if (!container.environment_files.empty()) return not_here("environmentFiles");
    if (container.firelens_configuration) return not_here("firelensConfiguration");
    if (!container.links.empty()) return not_here("links");
    if (!container.system_controls.empty()) return not_here("systemControls");
    if (!container.resource_requirements.empty()) return not_here("resourceRequirements");
    if (container.restart_policy && container.restart_policy->enabled)
        return not_here("restartPolicy");
    REQUIRE(check_ports(container, in));
    return check_mounts(container, in);
}

Status check_conditions(const RegisterTaskDefinitionInput& in) {
    std::map<std::string, const ContainerDefinition*> by_name;
    for (const ContainerDefinition& container : in.container_definitions)
        by_name[*container.name] = &container;
    for (const ContainerDefinition& container : in.container_definitions) {
        for (const ContainerDependency& needed : container.depends_on) {
            const ContainerDefinition* other = by_name[needed.container_name];
            if (needed.condition == "HEALTHY" && !other->health_check)
                return refused_task_definition(
                    "Container '" + *container.name + "' depends on container '" +
                    needed.container_name +
                    "' being HEALTHY, but that container has no health check.");
            const bool must_end = needed.condition == "COMPLETE" || needed.condition == "SUCCESS";
            if (must_end && other->essential.value_or(true))
                return refused_task_definition("A container with a dependency condition of " +
                                               needed.condition + " cannot be essential: '" +
                                               needed.container_name + "'.");
        }
    }
    return ok();
}

Status check_fargate(const RegisterTaskDefinitionInput& in) {
    if (in.network_mode != "awsvpc")
        return refused_task_definition("Fargate only supports network mode 'awsvpc'.");
    if (!in.cpu)
        return refused_task_definition("Fargate requires that 'cpu' be defined at the task level.");
    if (!in.memory)
        return refused_task_definition(
            "Fargate requires that 'memory' be defined at the task level.");
    REQUIRE(check_fargate_size(*in.cpu, *in.memory));
    if (in.ephemeral_storage) {
        const int32_t size = in.ephemeral_storage->size_in_gi_b;
        if (size < 21 || size > 200)
            return refused_task_definition(
                "EphemeralStorage size should be between 21 GiB and 200 GiB.");
    }
    if (!in.placement_constraints.empty())
        return refused_task_definition(
            "Fargate compatible task definitions do not support placement constraints.");
    return ok();
}

Status check_totals(const RegisterTaskDefinitionInput& in) {
    int64_t memory = 0;
    int64_t cpu = 0;
    for (const ContainerDefinition& container : in.container_definitions) {
        memory += container.memory_reservation.value_or(container.memory.value_or(0));
        cpu += container.cpu.value_or(0);
        if (in.memory && container.memory && *container.memory > memory_mib(*in.memory))
            return refused_task_definition(
                "Invalid setting for container '" + *container.name +
                "'. The 'memory' value of the container is greater than that of the task.");
    }
    if (in.memory && memory > memory_mib(*in.memory))
        return refused_task_definition(
            "The total of the containers' memory is greater than the task's 'memory'.");
    if (in.cpu && cpu > cpu_units(*in.cpu))
        return refused_task_definition(
            "The total of the containers' cpu is greater than the task's 'cpu'.");
    return ok();
}

}  // namespace

std::optional<int64_t> cpu_units(std::string_view text) { return sized(text, "vcpu", 1024); }
std::optional<int64_t> memory_mib(std::string_view text) { return sized(text, "gb", 1024); }

Status check_fargate_size(std::string_view cpu, std::string_view memory) {
    const auto units = cpu_units(cpu);
    const auto mib = memory_mib(memory);
    if (!units || (*units != 256 && std::ranges::none_of(sizes, [&](const Size& size) {
            return size.cpu == *units;
        })))
        return errors::ClientException(
            "Invalid 'cpu' setting for task. For more information, see the Troubleshooting section "
            "of the Amazon ECS Developer Guide.");
    const auto fits = [&](const Size& size) {
        return size.cpu == *units && *mib >= size.least && *mib <= size.most &&
               *mib % size.step == 0;
    };
    const bool smallest = *units == 256 && mib && (*mib == 512 || *mib == 1024 || *mib == 2048);
    if (mib && (smallest || std::ranges::any_of(sizes, fits))) return ok();
    return errors::ClientException("No Fargate configuration exists for given values.");
}

Result<std::vector<std::string>> start_order(const std::vector<ContainerDefinition>& containers) {
    std::set<std::string> known;
    for (const ContainerDefinition& container : containers)
        known.insert(container.name.value_or(""));
    std::vector<std::string> order;
    std::set<std::string> placed;
    // At most one round a container: each round places at least one, or there is a cycle.
    while (order.size() < containers.size()) {
        const size_t before = order.size();
        for (const ContainerDefinition& container : containers) {
            const std::string name = container.name.value_or("");
            if (placed.contains(name)) continue;
            bool free = true;
            for (const ContainerDependency& needed : container.depends_on) {
                if (!known.contains(needed.container_name))
                    return errors::ClientException("Container '" + name +
                                                   "' depends on unknown container '" +
                                                   needed.container_name + "'.");
                free = free && placed.contains(needed.container_name);
            }
            if (!free) continue;
            order.push_back(name);
            placed.insert(name);
        }
        if (order.size() == before)
            return errors::ClientException("The containers' dependencies form a cycle.");
    }
    return order;
}

Status check_task_definition(const RegisterTaskDefinitionInput& in) {
    if (in.family.empty()) return refused_task_definition("Family should not be null or empty.");
    if (!valid_name(in.family))
        return refused_task_definition("Family contains invalid characters.");
    if (in.container_definitions.empty())
        return refused_task_definition("Container list cannot be empty.");
    if (in.container_definitions.size() > limits::containers_per_task_definition)
        return refused_task_definition("The number of containers is greater than the limit of 10.");
    std::set<std::string> names;
    for (const ContainerDefinition& container : in.container_definitions) {
        REQUIRE(check_container(container, in));
        if (!names.insert(*container.name).second)
            return refused_task_definition("Duplicate container name: '" + *container.name + "'.");
    }
    if (std::ranges::none_of(in.container_definitions,
                             [](auto& one) { return one.essential.value_or(true); }))
        return refused_task_definition(
            "At least one container in the task definition must be essential.");
    REQUIRE(start_order(in.container_definitions));
    REQUIRE(check_conditions(in));
    if (on_fargate(in)) REQUIRE(check_fargate(in));
    REQUIRE(check_totals(in));
    for (const Volume& volume : in.volumes) {
        if (!volume.name || !valid_name(*volume.name))
            return refused_task_definition("Volume.name contains invalid characters.");
        if (volume.host && volume.host->source_path) {
            if (on_fargate(in))
                return refused_task_definition(
                    "Fargate compatible task definitions do not support sourcePath.");
            return not_here("volumes of the host");
        }
        if (volume.docker_volume_configuration || volume.efs_volume_configuration ||
            volume.fsx_windows_file_server_volume_configuration ||
            volume.s3files_volume_configuration)
            return not_here("volumes other than scratch space");
    }
    if (in.proxy_configuration) return not_here("proxyConfiguration");
    if (in.pid_mode) return not_here("pidMode");
    if (in.ipc_mode) return not_here("ipcMode");
    if (!in.inference_accelerators.empty()) return not_here("inferenceAccelerators");
    if (aws::protocol::to_json(in).size() > limits::task_definition_bytes)
        return refused_task_definition("The task definition is larger than 64 KiB.");
    return ok();
}

TaskDefinition make_task_definition(const RegisterTaskDefinitionInput& in) {
    TaskDefinition out;
    out.family = in.family;
    out.container_definitions = in.container_definitions;
    for (ContainerDefinition& container : out.container_definitions) {
        container.essential = container.essential.value_or(true);
        container.cpu = container.cpu.value_or(0);
        for (PortMapping& port : container.port_mappings) {
            port.protocol = port.protocol.value_or("tcp");
            if (in.network_mode == "awsvpc") port.host_port = port.container_port;
        }
        if (container.health_check) {
            HealthCheck& check = *container.health_check;
            check.interval = check.interval.value_or(30);
            check.timeout = check.timeout.value_or(5);
            check.retries = check.retries.value_or(3);
        }
    }
    out.task_role_arn = in.task_role_arn;
    out.execution_role_arn = in.execution_role_arn;
    out.network_mode = in.network_mode;
    out.volumes = in.volumes;
    out.status = "ACTIVE";
    out.placement_constraints = in.placement_constraints;
    out.runtime_platform = in.runtime_platform;
    out.requires_compatibilities = in.requires_compatibilities;
    out.compatibilities = {"EC2"};
    if (in.network_mode == "awsvpc" && in.cpu && in.memory &&
        check_fargate_size(*in.cpu, *in.memory))
        out.compatibilities.push_back("FARGATE");
    if (in.cpu) out.cpu = std::to_string(cpu_units(*in.cpu).value_or(0));
    if (in.memory) out.memory = std::to_string(memory_mib(*in.memory).value_or(0));
    out.ephemeral_storage = in.ephemeral_storage;
    out.enable_fault_injection = in.enable_fault_injection;
    return out;
}

}  // namespace unkai::services::ecs
