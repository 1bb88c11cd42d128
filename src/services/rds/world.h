// A cluster's records as one pass of the reconciler sees them.
#pragma once

#include "base/strings.h"
#include "services/rds/reconciler.h"

namespace unkai::services::rds {

struct Reconciler::World {
    ClusterKey key;
    Place place;
    Cluster cluster;
    std::vector<Instance> instances;
    std::string vpc;
    ParameterGroup cluster_group;
    std::map<std::string, ParameterGroup> instance_groups;  // By instance.

    std::string plane_cluster() const { return to_lower(cluster.resource_id); }
    static std::string plane_instance(const Instance& instance) {
        return to_lower(instance.resource_id);
    }
};

}  // namespace unkai::services::rds
