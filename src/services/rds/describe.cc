#include "services/rds/endpoints.h"
#include "services/rds/rds.h"

namespace unkai::services::rds {

namespace {

List<VpcSecurityGroupMembership> describe_groups(const std::vector<std::string>& groups) {
    List<VpcSecurityGroupMembership> out;
    for (const std::string& id : groups)
        out.push_back({.vpc_security_group_id = id, .status = "active"});
    return out;
}

std::optional<MasterUserSecret> describe_secret(const ClusterRecord& cluster) {
    if (cluster.secret_arn.empty()) return std::nullopt;
    MasterUserSecret out{.secret_arn = cluster.secret_arn, .secret_status = "active"};
    if (!cluster.secret_key.empty()) out.kms_key_id = cluster.secret_key;
    return out;
}

std::optional<std::string> given(const std::string& text) {
    if (text.empty()) return std::nullopt;
    return text;
}

}  // namespace

DBSubnetGroup describe(const SubnetGroup& group) {
    DBSubnetGroup out{.db_subnet_group_name = group.name,
                      .db_subnet_group_description = group.description,
                      .vpc_id = group.vpc,
                      .subnet_group_status = "Complete"};
    for (const auto& member : group.subnets) {
        auto& subnet = out.subnets.emplace_back();
        subnet.subnet_identifier = member.id;
        subnet.subnet_availability_zone = AvailabilityZone{.name = member.zone};
        subnet.subnet_status = "Active";
    }
    out.db_subnet_group_arn = group.arn;
    out.supported_network_types = {"IPV4"};
    return out;
}

DBCluster describe(aws::Call& call, const ClusterRecord& cluster) {
    DBCluster out;
    const Endpoints endpoints = cluster_endpoints(call.account, call.region, cluster);
    out.allocated_storage = 1;  // Aurora's storage grows by itself.
    out.availability_zones = cluster.zones;
    out.backup_retention_period = cluster.retention_days;
    out.database_name = given(cluster.database);
    out.db_cluster_identifier = cluster.id;
    out.db_cluster_parameter_group = cluster.parameter_group;
    out.db_subnet_group = cluster.subnet_group;
    out.status = cluster.status;
    out.endpoint = endpoints.writer;
    out.reader_endpoint = endpoints.reader;
    out.engine = cluster.engine;
    out.engine_version = cluster.engine_version;
    out.engine_mode = cluster.engine_mode;
    out.port = cluster.port;
    out.master_username = cluster.master_user;
    out.preferred_backup_window = cluster.backup_window;
    out.preferred_maintenance_window = cluster.maintenance_window;
    out.vpc_security_groups = describe_groups(cluster.security_groups);
    out.hosted_zone_id = hosted_zone;
    out.storage_encrypted = cluster.encrypted;
    out.kms_key_id = given(cluster.kms_key);
    out.db_cluster_resource_id = cluster.resource_id;
    out.db_cluster_arn = cluster.arn;
    out.iam_database_authentication_enabled = cluster.iam_login;
    out.cluster_create_time = cluster.created;
    if (cluster.backtrack_seconds > 0) out.backtrack_window = cluster.backtrack_seconds;
    out.enabled_cloudwatch_logs_exports = cluster.log_exports;
    out.storage_type = given(cluster.storage_type);
    out.deletion_protection = cluster.deletion_protection;
    out.http_endpoint_enabled = cluster.http_endpoint;
    out.copy_tags_to_snapshot = cluster.copy_tags;
    out.cross_account_clone = false;
    out.auto_minor_version_upgrade = true;
    out.tag_list = describe_tags(cluster.tags);
    out.network_type = "IPV4";
    out.automatic_restart_time = cluster.restarts_at;
    out.master_user_secret = describe_secret(cluster);
    out.activity_stream_status = "stopped";
    if (cluster.most_capacity)
        out.serverless_v2_scaling_configuration = ServerlessV2ScalingConfigurationInfo{
            .min_capacity = cluster.least_capacity, .max_capacity = cluster.most_capacity};
    std::set<std::string> zones;
    for (const InstanceRecord& instance : instances_of(call, cluster.id)) {
        zones.insert(instance.zone);
        out.db_cluster_members.push_back(
            {.db_instance_identifier = instance.id,
             .is_cluster_writer = instance.writer,
             .db_cluster_parameter_group_status =
                 instance.pending_reboot ? "pending-reboot" : "in-sync",
             .promotion_tier = instance.promotion_tier});
    }
    out.multi_az = zones.size() > 1;
    return out;
}

DBInstance describe(aws::Call& call, const InstanceRecord& instance) {
    DBInstance out;
    const ClusterRecord cluster =
        schema::clusters.get(call.txn(), {call.account, call.region, instance.cluster})
            .value_or(ClusterRecord{});
    out.db_instance_identifier = instance.id;
    out.db_instance_class = instance.instance_class;
    out.engine = cluster.engine;
    out.engine_version = cluster.engine_version;
    out.db_instance_status = instance.status;
    out.master_username = cluster.master_user;
    out.db_name = given(cluster.database);
    if (!instance.address.empty())
        out.endpoint = Endpoint{.address = instance_endpoint(call.account, call.region, instance),
                                .port = cluster.port,
                                .hosted_zone_id = hosted_zone};
    out.allocated_storage = 1;
    out.instance_create_time = instance.created;
    out.preferred_backup_window = cluster.backup_window;
    out.preferred_maintenance_window = instance.maintenance_window;
    out.backup_retention_period = cluster.retention_days;
    out.vpc_security_groups = describe_groups(cluster.security_groups);
    out.db_parameter_groups.push_back(
        {.db_parameter_group_name = instance.parameter_group,
         .parameter_apply_status = instance.pending_reboot ? "pending-reboot" : "in-sync"});
    out.availability_zone = given(instance.zone);
    if (auto group = schema::subnet_groups.get(call.txn(),
                                               {call.account, call.region, cluster.subnet_group}))
        out.db_subnet_group = describe(*group);
    out.pending_modified_values =
        PendingModifiedValues{.db_instance_class = given(instance.pending_class)};
    out.multi_az = false;
    out.auto_minor_version_upgrade = instance.minor_upgrades;
    out.license_model = "general-public-license";
    out.option_group_memberships.push_back(
        {.option_group_name = "default:aurora-mysql-8-0", .status = "in-sync"});
    out.publicly_accessible = instance.is_public;
    out.storage_type = "aurora";
    out.db_instance_port = 0;
    out.db_cluster_identifier = instance.cluster;
    out.storage_encrypted = cluster.encrypted;
    out.kms_key_id = given(cluster.kms_key);
    out.dbi_resource_id = instance.resource_id;
    out.ca_certificate_identifier = instance.certificate_authority;
    out.copy_tags_to_snapshot = instance.copy_tags;
    out.monitoring_interval = instance.monitoring_seconds;
    out.monitoring_role_arn = given(instance.monitoring_role);
    out.promotion_tier = instance.promotion_tier;
    out.db_instance_arn = instance.arn;
    out.iam_database_authentication_enabled = cluster.iam_login;
    out.performance_insights_enabled = instance.performance_insights;
    out.enabled_cloudwatch_logs_exports = cluster.log_exports;
    out.deletion_protection = false;
    out.network_type = "IPV4";
    out.tag_list = describe_tags(instance.tags);
    out.automatic_restart_time = cluster.restarts_at;
    if (!instance.failure.empty())
        out.status_infos.push_back({.status_type = "server",
                                    .normal = false,
                                    .status = "error",
                                    .message = instance.failure});
    return out;
}

}  // namespace unkai::services::rds
