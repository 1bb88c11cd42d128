#include "aws/paging.h"
#include "base/strings.h"
#include "services/rds/engine_version.h"
#include "services/rds/instance_class.h"
#include "services/rds/limits.h"
#include "services/rds/parameters.h"
#include "services/rds/placement.h"
#include "services/rds/rds.h"

namespace unkai::services::rds {

namespace {

Status check_input(const CreateDBInstanceInput& in) {
    if (in.engine != engine_name)
        return invalid_value("Invalid DB engine: " + in.engine +
                             ". Unkai has aurora-mysql, in DB clusters.");
    if (!in.db_cluster_identifier)
        return invalid_combination(
            "The engine aurora-mysql needs a DB cluster: set DBClusterIdentifier.");
    struct Own {
        bool given;
        const char* what;
    };
    for (const Own& own :
         {Own{in.master_username.has_value(), "master user name"},
          Own{in.master_user_password.has_value(), "master user password"},
          Own{in.db_name.has_value(), "database name"},
          Own{in.backup_retention_period.has_value(), "backup retention period"},
          Own{in.port.has_value(), "port"},
          Own{in.manage_master_user_password.value_or(false), "managed password"},
          Own{in.vpc_security_group_ids.given() && !in.vpc_security_group_ids.empty(),
              "security groups"},
          Own{in.storage_encrypted.value_or(false), "storage encryption"}})
        if (own.given)
            return invalid_combination(
                std::string("The requested DB Instance will be a member of a DB Cluster. Set ") +
                own.what + " for the DB Cluster.");
    if (in.multi_az.value_or(false))
        return invalid_combination(
            "VPC Multi-AZ DB Instances are not available for engine: aurora-mysql");
    if (in.publicly_accessible.value_or(false))
        return invalid_combination(
            "Unkai's DB instances are not publicly accessible yet: reach them from inside their "
            "VPC.");
    if (find_class(in.db_instance_class) == nullptr)
        return invalid_value("Invalid DB Instance class: " + in.db_instance_class);
    const int32_t tier = in.promotion_tier.value_or(1);
    if (tier < 0 || tier > 15)
        return invalid_value("Invalid promotion tier: " + std::to_string(tier) +
                             ". Must be between 0 and 15.");
    return ok();
}

Status check_class(const ClusterRecord& cluster, const std::string& instance_class) {
    if (instance_class == "db.serverless" && !cluster.most_capacity)
        return invalid_combination(
            "Set the Serverless v2 scaling configuration on the parent DB cluster before creating "
            "a Serverless v2 DB instance.");
    return ok();
}

}  // namespace

Result<CreateDBInstanceOutput> Rds::CreateDBInstance(aws::Call& call,
                                                     const CreateDBInstanceInput& in) {
    REQUIRE(check_input(in));
    REQUIRE(check_identifier(in.db_instance_identifier, "DBInstanceIdentifier"));
    const std::string id = to_lower(in.db_instance_identifier);
    if (schema::instances.has(call.txn(), {call.account, call.region, id}))
        return errors::DBInstanceAlreadyExistsFault("DB instance already exists");
    TRY(const ClusterRecord cluster, find_cluster(call, *in.db_cluster_identifier));
    if (cluster.status != "available" && cluster.status != "creating")
        return errors::InvalidDBClusterStateFault("DbCluster " + cluster.id +
                                                  " is not in available state. It is " +
                                                  cluster.status + ".");
    REQUIRE(check_class(cluster, in.db_instance_class));
    TRY(const ParameterGroup group,
        find_parameter_group(
            call, in.db_parameter_group_name.value_or("default." + std::string(family)), false));
    const auto others = instances_of(call, cluster.id);
    if (others.size() >= limits::instances_per_cluster)
        return errors::InstanceQuotaExceededFault(
            "A cluster can have a writer and at most 15 readers.");
    TRY(const SubnetGroup subnets, find_subnet_group(call, cluster.subnet_group));
    TRY(const SubnetGroup::Member place, choose_subnet(subnets, others, in.availability_zone));
    InstanceRecord instance{.id = id,
                            .resource_id = "db-" + to_upper(call.env.random.from(
                                                       "abcdefghijklmnopqrstuvwxyz234567", 26)),
                            .arn = call.arn("rds", "db:" + id),
                            .cluster = cluster.id,
                            .status = "creating",
                            .instance_class = in.db_instance_class};
    instance.writer = std::none_of(others.begin(), others.end(),
                                   [](const InstanceRecord& other) { return other.writer; });
    instance.promotion_tier = in.promotion_tier.value_or(1);
    instance.parameter_group = group.name;
    instance.zone = place.zone;
    instance.subnet = place.id;
    instance.minor_upgrades = in.auto_minor_version_upgrade.value_or(true);
    instance.performance_insights = in.enable_performance_insights.value_or(false);
    instance.copy_tags = in.copy_tags_to_snapshot.value_or(false);
    instance.maintenance_window =
        to_lower(in.preferred_maintenance_window.value_or(cluster.maintenance_window));
    instance.certificate_authority = in.ca_certificate_identifier.value_or("rds-ca-rsa2048-g1");
    instance.monitoring_role = in.monitoring_role_arn.value_or("");
    instance.monitoring_seconds = in.monitoring_interval.value_or(0);
    instance.tags = tags_from(in.tags);
    instance.created = call.now;
    put(call, instance);
    return CreateDBInstanceOutput{.db_instance = describe(call, instance)};
}

Result<DescribeDBInstancesOutput> Rds::DescribeDBInstances(aws::Call& call,
                                                           const DescribeDBInstancesInput& in) {
    REQUIRE(check_filters(
        in.filters, {"db-cluster-id", "db-instance-id", "dbi-resource-id", "domain", "engine"}));
    std::vector<InstanceRecord> rows;
    if (in.db_instance_identifier) {
        TRY(InstanceRecord instance, find_instance(call, *in.db_instance_identifier));
        rows.push_back(std::move(instance));
    } else {
        for (auto& [key, instance] : schema::instances.list(call.txn(), call.account, call.region))
            if (passes(in.filters, "db-cluster-id",
                       {instance.cluster, call.arn("rds", "cluster:" + instance.cluster)}) &&
                passes(in.filters, "db-instance-id", {instance.id, instance.arn}) &&
                passes(in.filters, "dbi-resource-id", {instance.resource_id}) &&
                passes(in.filters, "engine", {engine_name}) && passes(in.filters, "domain", {}))
                rows.push_back(std::move(instance));
    }
    TRY(const auto page, aws::page(
                             rows, [](const InstanceRecord& instance) { return instance.id; },
                             in.marker, page_size(in.max_records), "InvalidParameterValue"));
    DescribeDBInstancesOutput out{.marker = page.next};
    for (const InstanceRecord* instance : page.items)
        out.db_instances.push_back(describe(call, *instance));
    return out;
}

Result<ModifyDBInstanceOutput> Rds::ModifyDBInstance(aws::Call& call,
                                                     const ModifyDBInstanceInput& in) {
    TRY(InstanceRecord instance, find_instance(call, in.db_instance_identifier));
    if (instance.status != "available" && instance.status != "incompatible-parameters")
        return errors::InvalidDBInstanceStateFault("Database instance " + instance.id +
                                                   " is not in available state.");
    TRY(const ClusterRecord cluster, find_cluster(call, instance.cluster));
    if (in.new_db_instance_identifier || in.master_user_password || in.backup_retention_period ||
        in.db_port_number || in.multi_az.value_or(false) ||
        in.publicly_accessible.value_or(false) || in.db_subnet_group_name)
        return invalid_combination(
            "Of a member of an Aurora cluster, Unkai changes class, parameter group, promotion "
            "tier, windows, "
            "monitoring and tags' copying; set the rest for the DB cluster.");
    if (in.db_instance_class) {
        if (find_class(*in.db_instance_class) == nullptr)
            return invalid_value("Invalid DB Instance class: " + *in.db_instance_class);
        REQUIRE(check_class(cluster, *in.db_instance_class));
        if (*in.db_instance_class != instance.instance_class) {
            const bool now = in.apply_immediately.value_or(false);
            (now ? instance.instance_class : instance.pending_class) = *in.db_instance_class;
            instance.wants_reboot = now;
            if (now) instance.status = "modifying";
        }
    }
    if (in.db_parameter_group_name) {
        TRY(const ParameterGroup group,
            find_parameter_group(call, *in.db_parameter_group_name, false));
        instance.pending_reboot = instance.pending_reboot || group.name != instance.parameter_group;
        instance.parameter_group = group.name;
    }
    if (in.promotion_tier) instance.promotion_tier = std::clamp(*in.promotion_tier, 0, 15);
    if (in.auto_minor_version_upgrade) instance.minor_upgrades = *in.auto_minor_version_upgrade;
    if (in.preferred_maintenance_window)
        instance.maintenance_window = to_lower(*in.preferred_maintenance_window);
    if (in.copy_tags_to_snapshot) instance.copy_tags = *in.copy_tags_to_snapshot;
    if (in.monitoring_interval) instance.monitoring_seconds = *in.monitoring_interval;
    if (in.monitoring_role_arn) instance.monitoring_role = *in.monitoring_role_arn;
    if (in.enable_performance_insights)
        instance.performance_insights = *in.enable_performance_insights;
    if (in.ca_certificate_identifier)
        instance.certificate_authority = *in.ca_certificate_identifier;
    put(call, instance);
    return ModifyDBInstanceOutput{.db_instance = describe(call, instance)};
}

Result<DeleteDBInstanceOutput> Rds::DeleteDBInstance(aws::Call& call,
                                                     const DeleteDBInstanceInput& in) {
    TRY(InstanceRecord instance, find_instance(call, in.db_instance_identifier));
    if (instance.status == "deleting")
        return errors::InvalidDBInstanceStateFault("Instance " + instance.id +
                                                   " is already being deleted.");
    if (in.final_db_snapshot_identifier)
        return invalid_combination(
            "FinalDBSnapshotIdentifier can not be specified when deleting a cluster instance");
    instance.status = "deleting";
    put(call, instance);
    return DeleteDBInstanceOutput{.db_instance = describe(call, instance)};
}

Result<RebootDBInstanceOutput> Rds::RebootDBInstance(aws::Call& call,
                                                     const RebootDBInstanceInput& in) {
    TRY(InstanceRecord instance, find_instance(call, in.db_instance_identifier));
    if (instance.status != "available" && instance.status != "incompatible-parameters")
        return errors::InvalidDBInstanceStateFault("Database instance " + instance.id +
                                                   " is not in available state.");
    if (in.force_failover.value_or(false))
        return invalid_combination(
            "ForceFailover is of Multi-AZ instances only; use FailoverDBCluster.");
    instance.status = "rebooting";
    instance.wants_reboot = true;
    if (!instance.pending_class.empty())
        instance.instance_class = std::exchange(instance.pending_class, {});
    put(call, instance);
    return RebootDBInstanceOutput{.db_instance = describe(call, instance)};
}

}  // namespace unkai::services::rds
