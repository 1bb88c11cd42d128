// Amazon Elastic Container Service, on Fargate: clusters, task definitions, tasks, services.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/
// Operations read and write records (schema.h); the engine makes the world follow them (engine.h).
// There are no container instances: what asks for the launch types EC2 or EXTERNAL finds none, as
// in an AWS account without instances.
#pragma once

#include "api/ecs.h"
#include "aws/call.h"
#include "services/ecs/schema.h"
#include "services/ecs/surroundings.h"

namespace unkai::services::ecs {

namespace errors = model::errors;

class Ecs final : public model::Service {
public:
    explicit Ecs(Surroundings& surroundings) : surroundings_(surroundings) {}

#define OPERATION(Name) \
    Result<model::Name##Output> Name(aws::Call& call, const model::Name##Input& in) override
#define WAITING_OPERATION(Name)                                                                  \
    unkai::Task<Result<model::Name##Output>> Name(aws::Call& call, const model::Name##Input& in) \
        override
    // cluster_ops.cc
    OPERATION(CreateCluster);
    OPERATION(DescribeClusters);
    OPERATION(ListClusters);
    OPERATION(DeleteCluster);
    OPERATION(UpdateCluster);
    OPERATION(UpdateClusterSettings);
    OPERATION(PutClusterCapacityProviders);
    OPERATION(DescribeCapacityProviders);
    // task_definition_ops.cc
    OPERATION(RegisterTaskDefinition);
    OPERATION(DeregisterTaskDefinition);
    OPERATION(DescribeTaskDefinition);
    OPERATION(ListTaskDefinitions);
    OPERATION(ListTaskDefinitionFamilies);
    OPERATION(DeleteTaskDefinitions);
    // task_ops.cc
    WAITING_OPERATION(RunTask);
    OPERATION(StopTask);
    OPERATION(DescribeTasks);
    OPERATION(ListTasks);
    // service_ops.cc
    WAITING_OPERATION(CreateService);
    WAITING_OPERATION(UpdateService);
    OPERATION(DeleteService);
    OPERATION(DescribeServices);
    OPERATION(ListServices);
    // tag_ops.cc
    OPERATION(TagResource);
    OPERATION(UntagResource);
    OPERATION(ListTagsForResource);
    // setting_ops.cc
    OPERATION(ListAccountSettings);
    OPERATION(PutAccountSetting);
    OPERATION(PutAccountSettingDefault);
    OPERATION(DeleteAccountSetting);
#undef OPERATION
#undef WAITING_OPERATION

private:
    Surroundings& surroundings_;
};

// Shared by the operations' files.
inline Place place_of(const aws::Call& call) { return {call.account, call.region}; }
// Error: ClusterNotFoundException. Inactive clusters count as not there.
Result<model::Cluster> find_cluster(aws::Call& call, const std::optional<std::string>& given);
// Error: ClientException "Unable to describe task definition."; without a revision the newest
// active.
Result<StoredTaskDefinition> find_task_definition(aws::Call& call, std::string_view given);
Result<std::map<std::string, std::string>> checked_tags(const List<model::Tag>& tags);

// Where tasks are to run, from what RunTask, CreateService and UpdateService say.
struct Launch {
    std::string launch_type;  // FARGATE; empty when capacity providers say it.
    List<model::CapacityProviderStrategyItem> strategy;
};
// FARGATE, or capacity providers FARGATE and FARGATE_SPOT, of the call or else the cluster's own.
// Error: InvalidParameterException for all that needs container instances.
Result<Launch> check_launch(const model::Cluster& cluster,
                            const std::optional<std::string>& launch_type,
                            const List<model::CapacityProviderStrategyItem>& strategy);
// Checks awsvpcConfiguration and asks EC2 for the zones of its subnets. Error:
// InvalidParameterException.
unkai::Task<Result<std::map<std::string, std::string>>> subnet_zones(
    Surroundings& surroundings, Place place, std::optional<model::NetworkConfiguration> network);
// A description with its counts, computed from the tasks.
model::ServiceShape describe_service(aws::Call& call, const std::string& cluster,
                                     const StoredService& service);

}  // namespace unkai::services::ecs
