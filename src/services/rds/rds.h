// Amazon RDS, its Aurora MySQL part: clusters with a writer and readers that really run.
//
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/
// Operations write records; the reconciler (reconciler.h) makes servers, interfaces and names
// follow, and moves the statuses on: creating → available, deleting → gone. Those that ask other
// services wait.
#pragma once

#include "api/rds.h"
#include "aws/call.h"
#include "services/rds/schema.h"
#include "services/rds/surroundings.h"

namespace unkai::services::rds {

using namespace api::rds;
namespace errors = api::rds::errors;
// The records; the shapes of the same idea are DBCluster, DBInstance, DBSubnetGroup.
using ClusterRecord = services::rds::Cluster;
using InstanceRecord = services::rds::Instance;

class Rds final : public api::rds::Service {
public:
    // Both outlive this.
    Rds(Surroundings& surroundings, planes::mysql::Plane& plane)
        : surroundings_(surroundings), plane_(plane) {}

#define OPERATION(Name) Result<Name##Output> Name(aws::Call& call, const Name##Input& in) override
#define WAITING_OPERATION(Name) \
    Task<Result<Name##Output>> Name(aws::Call& call, const Name##Input& in) override
    // subnet_group_ops.cc
    WAITING_OPERATION(CreateDBSubnetGroup);
    WAITING_OPERATION(ModifyDBSubnetGroup);
    OPERATION(DescribeDBSubnetGroups);
    OPERATION(DeleteDBSubnetGroup);
    // parameter_group_ops.cc
    OPERATION(CreateDBClusterParameterGroup);
    OPERATION(DescribeDBClusterParameterGroups);
    OPERATION(ModifyDBClusterParameterGroup);
    OPERATION(ResetDBClusterParameterGroup);
    OPERATION(DeleteDBClusterParameterGroup);
    OPERATION(CreateDBParameterGroup);
    OPERATION(DescribeDBParameterGroups);
    OPERATION(ModifyDBParameterGroup);
    OPERATION(ResetDBParameterGroup);
    OPERATION(DeleteDBParameterGroup);
    // parameter_ops.cc
    OPERATION(DescribeDBClusterParameters);
    OPERATION(DescribeDBParameters);
    OPERATION(DescribeEngineDefaultClusterParameters);
    OPERATION(DescribeEngineDefaultParameters);
    // cluster_ops.cc
    WAITING_OPERATION(CreateDBCluster);
    OPERATION(DescribeDBClusters);
    OPERATION(DescribeDBClusterEndpoints);
    OPERATION(DeleteDBCluster);
    // cluster_change_ops.cc
    WAITING_OPERATION(ModifyDBCluster);
    OPERATION(StartDBCluster);
    OPERATION(StopDBCluster);
    OPERATION(RebootDBCluster);
    OPERATION(FailoverDBCluster);
    // instance_ops.cc
    OPERATION(CreateDBInstance);
    OPERATION(DescribeDBInstances);
    OPERATION(ModifyDBInstance);
    OPERATION(DeleteDBInstance);
    OPERATION(RebootDBInstance);
    // engine_ops.cc
    OPERATION(DescribeDBEngineVersions);
    OPERATION(DescribeOrderableDBInstanceOptions);
    // tag_ops.cc
    OPERATION(AddTagsToResource);
    OPERATION(RemoveTagsFromResource);
    OPERATION(ListTagsForResource);
    OPERATION(DescribeEvents);
#undef OPERATION
#undef WAITING_OPERATION

private:
    Task<Status> choose_network(aws::Call& call, const CreateDBClusterInput& in,
                                ClusterRecord& cluster);
    Task<Status> set_login(aws::Call& call, const CreateDBClusterInput& in, ClusterRecord& cluster);
    Task<Status> change_login(aws::Call& call, const ModifyDBClusterInput& in,
                              ClusterRecord& cluster);

    Surroundings& surroundings_;
    planes::mysql::Plane& plane_;
};

// Shared by the operations' files.
inline Place place_of(const aws::Call& call) { return {call.account, call.region}; }
Unexpected invalid_value(std::string message);        // InvalidParameterValue
Unexpected invalid_combination(std::string message);  // InvalidParameterCombination

// identifiers.cc
Status check_identifier(std::string_view id, std::string_view what);
// The default groups exist once they are asked for.
Result<SubnetGroup> find_subnet_group(aws::Call& call, std::string_view name);
Result<ParameterGroup> find_parameter_group(aws::Call& call, std::string_view name, bool cluster);
// The group that a cluster is to have; of one that is not there the cluster's operations have a
// code of their own.
Result<ParameterGroup> find_group_for_cluster(aws::Call& call, std::string_view name);
Result<ClusterRecord> find_cluster(aws::Call& call, std::string_view id_or_arn);
Result<InstanceRecord> find_instance(aws::Call& call, std::string_view id_or_arn);
void put(aws::Call& call, const ClusterRecord& cluster);
void put(aws::Call& call, const InstanceRecord& instance);
std::vector<InstanceRecord> instances_of(aws::Call& call, const std::string& cluster);
std::map<std::string, std::string> tags_from(const List<Tag>& tags);
List<Tag> describe_tags(const std::map<std::string, std::string>& tags);
// "name" is one of `known`, or InvalidParameterValue.
Status check_filters(const List<Filter>& filters, std::initializer_list<std::string_view> known);
bool passes(const List<Filter>& filters, std::string_view name,
            const std::vector<std::string>& values);
size_t page_size(const std::optional<int32_t>& wanted);

// describe.cc
DBCluster describe(aws::Call& call, const ClusterRecord& cluster);
DBInstance describe(aws::Call& call, const InstanceRecord& instance);
DBSubnetGroup describe(const SubnetGroup& group);

void add_event(store::Txn& txn, Env& env, const Place& place, EventRecord event);
EventRecord event_of(const ClusterRecord& cluster, std::string message, std::string category);
EventRecord event_of(const InstanceRecord& instance, std::string message, std::string category);

}  // namespace unkai::services::rds
