// The rules of task definitions. Pure.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html (sizes)
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "api/ecs.h"

namespace unkai::services::ecs {

// "256", ".25 vCPU", "1 vCPU" in CPU units; nullopt for what is no size.
std::optional<int64_t> cpu_units(std::string_view text);
// "512", "0.5 GB", "1GB" in MiB.
std::optional<int64_t> memory_mib(std::string_view text);
// The pairs that Fargate offers. Errors: ClientException with AWS's texts.
Status check_fargate_size(std::string_view cpu, std::string_view memory);

// Everything that RegisterTaskDefinition refuses. Errors: ClientException,
// InvalidParameterException. What AWS takes and Unkai cannot do is refused by name too.
Status check_task_definition(const api::ecs::RegisterTaskDefinitionInput& in);

// Order of starting, from dependsOn: each container after all that it names. Error: a cycle, or a
// name that is not there (ClientException).
Result<std::vector<std::string>> start_order(
    const std::vector<api::ecs::ContainerDefinition>& containers);

// From what was registered to what DescribeTaskDefinition shows: defaults filled in.
api::ecs::TaskDefinition make_task_definition(const api::ecs::RegisterTaskDefinitionInput& in);

}  // namespace unkai::services::ecs
