// Where instances go, what their servers are set to, and who becomes the writer. Pure.
#pragma once

#include <optional>

#include "base/result.h"
#include "services/rds/schema.h"

namespace unkai::services::rds {

// The subnet of the zone asked for, else of the zone with the fewest of the cluster's instances.
Result<SubnetGroup::Member> choose_subnet(const SubnetGroup& group,
                                          const std::vector<Instance>& others,
                                          const std::optional<std::string>& zone);

// The server variables that the parameter groups mean for this instance: what users set, instance
// over cluster, formulas evaluated; and max_connections, which AWS derives from the class.
std::map<std::string, std::string> variables_of(const ParameterGroup& cluster_group,
                                                const ParameterGroup& instance_group,
                                                const Instance& instance, const Cluster& cluster);
// The variables of `wanted` that differ from `applied`.
std::map<std::string, std::string> changed(const std::map<std::string, std::string>& applied,
                                           const std::map<std::string, std::string>& wanted);
// May this variable be set while the server runs? By the group that holds it.
bool wants_at_once(const std::string& variable, const ParameterGroup& cluster_group,
                   const ParameterGroup& instance_group);

// The reader that follows the writer: the lowest tier, then the largest class, then the oldest.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Concepts.AuroraHighAvailability.html
const Instance* next_writer(const std::vector<Instance>& instances);

}  // namespace unkai::services::rds
