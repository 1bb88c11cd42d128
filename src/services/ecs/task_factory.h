// New records: of tasks, deployments and service events. Pure but for the randomness of names.
#pragma once

#include "rt/random.h"
#include "services/ecs/schema.h"
#include "services/ecs/surroundings.h"

namespace unkai::services::ecs {

struct TaskRequest {
    Place place;
    std::string cluster;
    model::TaskDefinition definition;
    model::AwsVpcConfiguration network;  // With the one subnet chosen.
    std::string zone;
    std::string group;       // "service:name" or "family:name"
    std::string started_by;  // "ecs-svc/…" for a service's task.
    std::string launch_type;
    std::string capacity_provider;
    std::string platform_version;
    std::optional<model::TaskOverride> overrides;
    std::map<std::string, std::string> tags;
    bool execute_command = false;
};
StoredTask make_task(Random& random, const TaskRequest& request, Time now);

// "ecs-svc/" and 19 digits.
std::string deployment_id(Random& random);
// A deployment of the service as it is described now, in progress and primary.
StoredDeployment make_deployment(Random& random, const StoredService& service, Time now);
// Puts it first; the ones before become ACTIVE. The restart throttle forgets.
void add_deployment(StoredService& service, StoredDeployment deployment);
// "(service name) " and the text, as the newest of at most 100.
void add_event(StoredService& service, Random& random, Time now, std::string_view text);

List<model::Tag> tag_list(const std::map<std::string, std::string>& tags);

}  // namespace unkai::services::ecs
