// AWS::RDS: clusters, instances, subnet groups, parameter groups.
#include "base/strings.h"
#include "services/cloudformation/resource_type.h"

namespace unkai::services::cloudformation {

namespace {

using Made = Task<Result<std::string>>;
using Attributes = Task<Result<Json>>;

// Creates under a name that is given by `property` or generated; the name is the physical id.
Made create_named(Work& work, std::string operation, std::string property, std::string exists) {
    Json input = work.input;
    const std::string name = work[property].string_or(work.generated_name(63, true));
    input.set(property, name);
    if (const Json tags = work.tags(); tags.size() > 0) input.set("Tags", tags);
    CO_REQUIRE(co_await work.call_unless(
        "rds", std::move(operation), std::move(input),
        work.again ? std::vector<std::string>{exists} : std::vector<std::string>{}));
    co_return name;
}

// ---- Subnet group

Made create_subnet_group(Work& work) {
    return create_named(work, "CreateDBSubnetGroup", "DBSubnetGroupName",
                        "DBSubnetGroupAlreadyExists");
}

Task<Status> update_subnet_group(Work& work) {
    CO_REQUIRE(co_await work.call(
        "rds", "ModifyDBSubnetGroup",
        Json::object({{"DBSubnetGroupName", work.physical_id},
                      {"DBSubnetGroupDescription", work["DBSubnetGroupDescription"]},
                      {"SubnetIds", work["SubnetIds"]}})));
    co_return ok();
}

Task<Status> remove_subnet_group(Work& work) {
    return work.remove("rds", "DeleteDBSubnetGroup",
                       Json::object({{"DBSubnetGroupName", work.physical_id}}),
                       {"DBSubnetGroupNotFoundFault"},
                       {"InvalidDBSubnetGroupState", "InvalidDBSubnetGroupStateFault"});
}

// ---- Parameter groups: of clusters and of instances alike, but for the names of the operations.

struct Flavour {
    const char* create;
    const char* modify;
    const char* reset;
    const char* remove;
    const char* name;
};
constexpr Flavour of_cluster{"CreateDBClusterParameterGroup", "ModifyDBClusterParameterGroup",
                             "ResetDBClusterParameterGroup", "DeleteDBClusterParameterGroup",
                             "DBClusterParameterGroupName"};
constexpr Flavour of_instance{"CreateDBParameterGroup", "ModifyDBParameterGroup",
                              "ResetDBParameterGroup", "DeleteDBParameterGroup",
                              "DBParameterGroupName"};

Json prepare_group(Json input) {
    Json made = Json::object();
    for (const auto& [name, value] : input.as_object())
        made.set(name == "Family" ? "DBParameterGroupFamily" : name, value);
    return made;
}

Json parameter_list(const Json& parameters) {
    Json list = Json::array();
    if (parameters.is_object())
        for (const auto& [name, value] : parameters.as_object())
            list.push(Json::object({{"ParameterName", name},
                                    {"ParameterValue", value.text()},
                                    {"ApplyMethod", "pending-reboot"}}));
    return list;
}

Attributes settle_parameters(Work& work, const Flavour& flavour) {
    const Json list = parameter_list(work["Parameters"]);
    for (size_t from = 0; from < list.size(); from += 20) {  // At most 20 a call.
        Json part = Json::array();
        for (size_t i = from; i < std::min(list.size(), from + 20); ++i) part.push(list[i]);
        CO_REQUIRE(co_await work.call(
            "rds", flavour.modify,
            Json::object({{flavour.name, work.physical_id}, {"Parameters", part}})));
    }
    co_return Json::object();
}

Task<Status> update_parameters(Work& work, const Flavour& flavour) {
    Json gone = Json::array();
    if (work.previous["Parameters"].is_object())
        for (const auto& [name, value] : work.previous["Parameters"].as_object())
            if (!work["Parameters"].find(name))
                gone.push(
                    Json::object({{"ParameterName", name}, {"ApplyMethod", "pending-reboot"}}));
    if (gone.size() > 0)
        CO_REQUIRE(co_await work.call(
            "rds", flavour.reset,
            Json::object({{flavour.name, work.physical_id}, {"Parameters", gone}})));
    co_return ok();  // settle sets the rest.
}

Task<Status> remove_parameters(Work& work, const Flavour& flavour) {
    return work.remove("rds", flavour.remove, Json::object({{flavour.name, work.physical_id}}),
                       {"DBParameterGroupNotFound", "DBClusterParameterGroupNotFound"},
                       {"InvalidDBParameterGroupState"});
}

Made create_cluster_group(Work& work) {
    return create_named(work, of_cluster.create, of_cluster.name, "DBParameterGroupAlreadyExists");
}
Attributes settle_cluster_group(Work& work) { return settle_parameters(work, of_cluster); }
Task<Status> update_cluster_group(Work& work) { return update_parameters(work, of_cluster); }
Task<Status> remove_cluster_group(Work& work) { return remove_parameters(work, of_cluster); }

Made create_instance_group(Work& work) {
    return create_named(work, of_instance.create, of_instance.name,
                        "DBParameterGroupAlreadyExists");
}
Attributes settle_instance_group(Work& work) { return settle_parameters(work, of_instance); }
Task<Status> update_instance_group(Work& work) { return update_parameters(work, of_instance); }
Task<Status> remove_instance_group(Work& work) { return remove_parameters(work, of_instance); }

// ---- Cluster

Made create_database_cluster(Work& work) {
    return create_named(work, "CreateDBCluster", "DBClusterIdentifier",
                        "DBClusterAlreadyExistsFault");
}

Json this_cluster(const Work& work) {
    return Json::object({{"DBClusterIdentifier", work.physical_id}});
}

Result<bool> is_available(const std::string& status) {
    for (const char* bad : {"failed", "incompatible-parameters", "incompatible-network",
                            "inaccessible-encryption-credentials"})
        if (status == bad)
            return fail("DatabaseFailed", "The database is in the state " + status + ".", 400);
    return status == "available";
}

Attributes settle_database_cluster(Work& work) {
    const auto available = [](const Json& answer) {
        return is_available(answer["DBClusters"][0]["Status"].text());
    };
    CO_TRY(const Json answer,
           co_await work.wait_until("rds", "DescribeDBClusters", this_cluster(work), available));
    const Json& cluster = answer["DBClusters"][0];
    Json made = Json::object({{"DBClusterArn", cluster["DBClusterArn"]},
                              {"DBClusterResourceId", cluster["DbClusterResourceId"]},
                              {"Endpoint.Address", cluster["Endpoint"]},
                              {"Endpoint.Port", cluster["Port"].text()},
                              {"Endpoint", cluster["Endpoint"]},
                              {"ReadEndpoint.Address", cluster["ReaderEndpoint"]},
                              {"ReadEndpoint", cluster["ReaderEndpoint"]}});
    if (const Json* secret = cluster.find("MasterUserSecret"))
        made.set("MasterUserSecret.SecretArn", (*secret)["SecretArn"]);
    co_return made;
}

Task<Status> update_database_cluster(Work& work) {
    Json input = this_cluster(work);
    input.set("ApplyImmediately", true);
    for (const char* name :
         {"BackupRetentionPeriod", "DBClusterParameterGroupName", "VpcSecurityGroupIds", "Port",
          "MasterUserPassword", "PreferredBackupWindow", "PreferredMaintenanceWindow",
          "EnableIAMDatabaseAuthentication", "BacktrackWindow", "EngineVersion",
          "DeletionProtection", "CopyTagsToSnapshot", "ServerlessV2ScalingConfiguration"})
        if (work.changed(name) && work.properties.find(name)) input.set(name, work[name]);
    CO_REQUIRE(co_await work.call("rds", "ModifyDBCluster", std::move(input)));
    co_return ok();
}

Json without_snapshot(Json input, const Work& work) {
    input.set("SkipFinalSnapshot", !work.final_snapshot);
    if (work.final_snapshot)
        input.set("FinalDBSnapshotIdentifier",
                  work.physical_id.substr(0, 200) + "-final-" + to_lower(work.token));
    return input;
}

Task<Status> remove_database_cluster(Work& work) {
    CO_REQUIRE(co_await work.remove("rds", "DeleteDBCluster",
                                    without_snapshot(this_cluster(work), work),
                                    {"DBClusterNotFoundFault"}, {"InvalidDBClusterStateFault"}));
    const auto gone = [](const Json& answer) -> Result<bool> {
        return answer["DBClusters"].size() == 0;
    };
    co_return co_await work.wait_gone("rds", "DescribeDBClusters", this_cluster(work),
                                      {"DBClusterNotFoundFault"}, gone);
}

// ---- Instance

Json prepare_instance(Json input) {
    Json made = Json::object();
    for (const auto& [name, value] : input.as_object())
        made.set(name == "VPCSecurityGroups" ? "VpcSecurityGroupIds" : name, value);
    return made;
}

Made create_instance(Work& work) {
    return create_named(work, "CreateDBInstance", "DBInstanceIdentifier",
                        "DBInstanceAlreadyExists");
}

Json this_instance(const Work& work) {
    return Json::object({{"DBInstanceIdentifier", work.physical_id}});
}

Attributes settle_instance(Work& work) {
    const auto available = [](const Json& answer) {
        return is_available(answer["DBInstances"][0]["DBInstanceStatus"].text());
    };
    CO_TRY(const Json answer,
           co_await work.wait_until("rds", "DescribeDBInstances", this_instance(work), available));
    const Json& instance = answer["DBInstances"][0];
    co_return Json::object({{"DBInstanceArn", instance["DBInstanceArn"]},
                            {"DbiResourceId", instance["DbiResourceId"]},
                            {"Endpoint.Address", instance["Endpoint"]["Address"]},
                            {"Endpoint.Port", instance["Endpoint"]["Port"].text()},
                            {"Endpoint.HostedZoneId", instance["Endpoint"]["HostedZoneId"]}});
}

Task<Status> update_instance(Work& work) {
    Json input = this_instance(work);
    input.set("ApplyImmediately", true);
    for (const char* name :
         {"AllocatedStorage", "DBInstanceClass", "DBParameterGroupName", "BackupRetentionPeriod",
          "PreferredBackupWindow", "PreferredMaintenanceWindow", "MultiAZ", "EngineVersion",
          "AutoMinorVersionUpgrade", "Iops", "StorageType", "PromotionTier", "PubliclyAccessible",
          "EnablePerformanceInsights", "MonitoringInterval", "MonitoringRoleArn",
          "DeletionProtection", "MasterUserPassword"})
        if (work.changed(name) && work.properties.find(name)) input.set(name, work[name]);
    if (work.changed("VPCSecurityGroups"))
        input.set("VpcSecurityGroupIds", work["VPCSecurityGroups"]);
    CO_REQUIRE(co_await work.call("rds", "ModifyDBInstance", std::move(input)));
    co_return ok();
}

Task<Status> remove_instance(Work& work) {
    Json input = this_instance(work);
    if (work.properties.find("DBClusterIdentifier"))
        input.set("SkipFinalSnapshot", true);
    else
        input = without_snapshot(std::move(input), work);
    CO_REQUIRE(co_await work.remove("rds", "DeleteDBInstance", std::move(input),
                                    {"DBInstanceNotFound"}, {"InvalidDBInstanceState"}));
    const auto gone = [](const Json& answer) -> Result<bool> {
        return answer["DBInstances"].size() == 0;
    };
    co_return co_await work.wait_gone("rds", "DescribeDBInstances", this_instance(work),
                                      {"DBInstanceNotFound"}, gone);
}

constexpr ResourceType rds_types[] = {
    {.name = "AWS::RDS::DBSubnetGroup",
     .properties = "DBSubnetGroupName^:s DBSubnetGroupDescription! SubnetIds! Tags:tags",
     .attributes = "",
     .service = "rds",
     .operation = "CreateDBSubnetGroup",
     .create = create_subnet_group,
     .settle = no_attributes,
     .update = update_subnet_group,
     .remove = remove_subnet_group},
    {.name = "AWS::RDS::DBClusterParameterGroup",
     .properties = "DBClusterParameterGroupName^:s Description!^ Family!^ Parameters!:m Tags:tags",
     .attributes = "",
     .service = "rds",
     .operation = "CreateDBClusterParameterGroup",
     .prepare = prepare_group,
     .create = create_cluster_group,
     .settle = settle_cluster_group,
     .update = update_cluster_group,
     .remove = remove_cluster_group},
    {.name = "AWS::RDS::DBParameterGroup",
     .properties = "DBParameterGroupName^:s Description!^ Family!^ Parameters:m Tags:tags",
     .attributes = "",
     .service = "rds",
     .operation = "CreateDBParameterGroup",
     .prepare = prepare_group,
     .create = create_instance_group,
     .settle = settle_instance_group,
     .update = update_instance_group,
     .remove = remove_instance_group},
    {.name = "AWS::RDS::DBCluster",
     .properties =
         "DBClusterIdentifier^:s Engine!^ EngineVersion EngineMode^ DatabaseName^ MasterUsername^ "
         "MasterUserPassword ManageMasterUserPassword^ DBSubnetGroupName^ "
         "DBClusterParameterGroupName "
         "VpcSecurityGroupIds AvailabilityZones^ Port BackupRetentionPeriod PreferredBackupWindow "
         "PreferredMaintenanceWindow StorageEncrypted^ KmsKeyId^ EnableIAMDatabaseAuthentication "
         "BacktrackWindow EnableCloudwatchLogsExports^ DeletionProtection CopyTagsToSnapshot "
         "StorageType^ "
         "ServerlessV2ScalingConfiguration NetworkType^ Tags:tags",
     .attributes =
         "DBClusterArn DBClusterResourceId Endpoint Endpoint.Address Endpoint.Port ReadEndpoint "
         "ReadEndpoint.Address MasterUserSecret.SecretArn",
     .service = "rds",
     .operation = "CreateDBCluster",
     .create = create_database_cluster,
     .settle = settle_database_cluster,
     .update = update_database_cluster,
     .remove = remove_database_cluster,
     .snapshots_by_default = true},
    {.name = "AWS::RDS::DBInstance",
     .properties = "DBInstanceIdentifier^:s DBInstanceClass Engine^ EngineVersion "
                   "DBClusterIdentifier^ DBName^ "
                   "MasterUsername^ MasterUserPassword ManageMasterUserPassword^ AllocatedStorage "
                   "StorageType Iops "
                   "AvailabilityZone^ DBSubnetGroupName^ DBParameterGroupName VPCSecurityGroups "
                   "Port^ MultiAZ "
                   "PubliclyAccessible PromotionTier BackupRetentionPeriod PreferredBackupWindow "
                   "PreferredMaintenanceWindow AutoMinorVersionUpgrade StorageEncrypted^ KmsKeyId^ "
                   "EnablePerformanceInsights MonitoringInterval MonitoringRoleArn "
                   "EnableCloudwatchLogsExports^ "
                   "DeletionProtection CopyTagsToSnapshot^ CACertificateIdentifier^ Tags:tags",
     .attributes =
         "DBInstanceArn DbiResourceId Endpoint.Address Endpoint.Port Endpoint.HostedZoneId",
     .service = "rds",
     .operation = "CreateDBInstance",
     .prepare = prepare_instance,
     .create = create_instance,
     .settle = settle_instance,
     .update = update_instance,
     .remove = remove_instance,
     .snapshots_by_default = true},
};

}  // namespace

std::span<const ResourceType> rds_resources() { return rds_types; }

}  // namespace unkai::services::cloudformation
