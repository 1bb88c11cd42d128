// Names and ARNs of ECS, and what clients may write instead of them. Pure.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html (long ARNs)
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace unkai::services::ecs {

// Letters, digits, '-' and '_', 1 to 255 of them.
bool valid_name(std::string_view name);

// The name of a cluster given by name or ARN; "default" when nothing is given.
std::string cluster_name(const std::optional<std::string>& given);
// The last part of a service's or task's name or ARN.
std::string last_part(std::string_view given);
// The cluster that a long ARN of a service or task names; empty for anything else.
std::string cluster_in(std::string_view arn);

struct TaskDefinitionName {
    std::string family;
    std::optional<int64_t> revision;  // None: the newest active one.
};
// "family", "family:7", or an ARN that ends so. Error: ClientException.
Result<TaskDefinitionName> parse_task_definition(std::string_view given);

struct ResourceName {
    std::string kind;  // cluster, service, task, task-definition
    std::string cluster;
    std::string name;  // Of a task definition "family:revision".
};
// Error: InvalidParameterException.
Result<ResourceName> parse_resource(std::string_view arn);

}  // namespace unkai::services::ecs
