// The AWS managed policies that Unkai knows: name with path, and document. Attaching another
// answers NoSuchEntity, as AWS does for a policy that does not exist; docs/services/iam.md lists
// them.
#pragma once

#include <optional>
#include <string_view>

namespace unkai::services::iam {

struct ManagedPolicy {
    std::string_view path_and_name;  // "/service-role/AmazonECSTaskExecutionRolePolicy"
    std::string_view document;
};

const ManagedPolicy* find_managed_policy(std::string_view arn);  // arn:aws:iam::aws:policy/…

}  // namespace unkai::services::iam
