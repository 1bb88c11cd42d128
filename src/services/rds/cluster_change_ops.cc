#include "base/strings.h"
#include "services/rds/engine_version.h"
#include "services/rds/limits.h"
#include "services/rds/rds.h"

namespace unkai::services::rds {

namespace {

Status check_available(const ClusterRecord& cluster) {
    if (cluster.status == "available") return ok();
    return errors::InvalidDBClusterStateFault(
        "DbCluster " + cluster.id + " is not in available state. It is " + cluster.status + ".");
}

Status check_supported(const ModifyDBClusterInput& in) {
    const auto refuse = [](const char* what) {
        return invalid_combination(std::string("Unkai cannot change ") + what +
                                   " of a cluster. Leave the parameter out.");
    };
    if (in.new_db_cluster_identifier) return refuse("the identifier");
    if (in.port) return refuse("the port");
    if (in.domain) return refuse("the domain");
    if (in.enable_http_endpoint.value_or(false)) return refuse("the Data API");
    if (in.enable_iam_database_authentication.value_or(false))
        return refuse("IAM database authentication");
    const int32_t days = in.backup_retention_period.value_or(1);
    if (days < 1 || days > limits::longest_retention_days)
        return invalid_value("Invalid backup retention period: " + std::to_string(days) +
                             ". Must be between 1 and 35.");
    return ok();
}

void change_exports(ClusterRecord& cluster, const CloudwatchLogsExportConfiguration& change) {
    std::set<std::string> exports(cluster.log_exports.begin(), cluster.log_exports.end());
    for (const std::string& type : change.disable_log_types) exports.erase(type);
    for (const std::string& type : change.enable_log_types) exports.insert(type);
    cluster.log_exports.assign(exports.begin(), exports.end());
}

}  // namespace

Status check_password(const std::string& password);                                // cluster_ops.cc
std::string login_document(const std::string& user, const std::string& password);  // cluster_ops.cc
std::string new_password(Random& random);                                          // cluster_ops.cc

Task<Status> Rds::change_login(aws::Call& call, const ModifyDBClusterInput& in,
                               ClusterRecord& cluster) {
    const bool managed = in.manage_master_user_password.value_or(!cluster.secret_arn.empty());
    if (in.master_user_password && managed)
        co_return invalid_combination(
            "You can't change MasterUserPassword while it is managed in Secrets Manager.");
    const bool rotate = in.rotate_master_user_password.value_or(false);
    if (rotate && !managed)
        co_return invalid_combination("RotateMasterUserPassword needs ManageMasterUserPassword.");
    if (in.master_user_password) {
        CO_REQUIRE(check_password(*in.master_user_password));
        cluster.master_hash = planes::mysql::password_hash(*in.master_user_password);
    }
    if (managed && (rotate || cluster.secret_arn.empty())) {
        const std::string password = new_password(call.env.random);
        const std::string document = login_document(cluster.master_user, password);
        cluster.master_hash = planes::mysql::password_hash(password);
        if (!cluster.secret_arn.empty())
            co_return co_await surroundings_.update_secret(place_of(call), cluster.secret_arn,
                                                           document);
        cluster.secret_key = in.master_user_secret_kms_key_id.value_or("");
        CO_TRY(cluster.secret_arn, co_await surroundings_.create_secret(
                                       place_of(call), "rds!cluster-" + call.env.random.uuid(),
                                       document, cluster.secret_key));
    } else if (!managed && !cluster.secret_arn.empty()) {
        if (!in.master_user_password)
            co_return invalid_combination(
                "MasterUserPassword is required when ManageMasterUserPassword is turned off.");
        CO_REQUIRE(co_await surroundings_.delete_secret(place_of(call), cluster.secret_arn));
        cluster.secret_arn.clear();
    }
    co_return ok();
}

Task<Result<ModifyDBClusterOutput>> Rds::ModifyDBCluster(aws::Call& call,
                                                         const ModifyDBClusterInput& in) {
    CO_REQUIRE(check_supported(in));
    CO_TRY(ClusterRecord cluster, find_cluster(call, in.db_cluster_identifier));
    CO_REQUIRE(check_available(cluster));
    if (in.vpc_security_group_ids.given()) {
        CO_TRY(const SubnetGroup group, find_subnet_group(call, cluster.subnet_group));
        CO_TRY(cluster.security_groups, co_await surroundings_.security_groups(
                                            place_of(call), group.vpc, in.vpc_security_group_ids));
    }
    if (in.db_cluster_parameter_group_name) {
        CO_TRY(const ParameterGroup group,
               find_group_for_cluster(call, *in.db_cluster_parameter_group_name));
        cluster.parameter_group = group.name;
    }
    if (in.engine_version) {
        CO_TRY(cluster.engine_version, choose_engine_version(in.engine_version));
    }
    if (in.backtrack_window.value_or(0) > 0 && cluster.backtrack_seconds == 0)
        co_return invalid_combination("Backtrack can only be enabled when a cluster is created.");
    CO_REQUIRE(co_await change_login(call, in, cluster));
    if (in.backtrack_window) cluster.backtrack_seconds = *in.backtrack_window;
    if (in.backup_retention_period) cluster.retention_days = *in.backup_retention_period;
    if (in.preferred_backup_window) cluster.backup_window = *in.preferred_backup_window;
    if (in.preferred_maintenance_window)
        cluster.maintenance_window = to_lower(*in.preferred_maintenance_window);
    if (in.deletion_protection) cluster.deletion_protection = *in.deletion_protection;
    if (in.copy_tags_to_snapshot) cluster.copy_tags = *in.copy_tags_to_snapshot;
    if (in.cloudwatch_logs_export_configuration)
        change_exports(cluster, *in.cloudwatch_logs_export_configuration);
    if (in.serverless_v2_scaling_configuration) {
        cluster.least_capacity = in.serverless_v2_scaling_configuration->min_capacity;
        cluster.most_capacity = in.serverless_v2_scaling_configuration->max_capacity;
    }
    put(call, cluster);
    co_return ModifyDBClusterOutput{.db_cluster = describe(call, cluster)};
}

Result<StopDBClusterOutput> Rds::StopDBCluster(aws::Call& call, const StopDBClusterInput& in) {
    TRY(ClusterRecord cluster, find_cluster(call, in.db_cluster_identifier));
    REQUIRE(check_available(cluster));
    cluster.status = "stopping";
    cluster.restarts_at = call.now + std::chrono::days(7);
    put(call, cluster);
    add_event(call.txn(), call.env, place_of(call),
              event_of(cluster, "DB cluster stopped", "notification"));
    return StopDBClusterOutput{.db_cluster = describe(call, cluster)};
}

Result<StartDBClusterOutput> Rds::StartDBCluster(aws::Call& call, const StartDBClusterInput& in) {
    TRY(ClusterRecord cluster, find_cluster(call, in.db_cluster_identifier));
    if (cluster.status != "stopped")
        return errors::InvalidDBClusterStateFault(
            "DbCluster " + cluster.id + " is not in stopped state. It is " + cluster.status + ".");
    cluster.status = "starting";
    cluster.restarts_at.reset();
    put(call, cluster);
    add_event(call.txn(), call.env, place_of(call),
              event_of(cluster, "DB cluster started", "notification"));
    return StartDBClusterOutput{.db_cluster = describe(call, cluster)};
}

// Of Multi-AZ DB clusters only, says AWS; those of Aurora reboot by instance.
Result<RebootDBClusterOutput> Rds::RebootDBCluster(aws::Call& call,
                                                   const RebootDBClusterInput& in) {
    TRY(ClusterRecord cluster, find_cluster(call, in.db_cluster_identifier));
    REQUIRE(check_available(cluster));
    for (InstanceRecord& instance : instances_of(call, cluster.id)) {
        if (instance.status != "available") continue;
        instance.status = "rebooting";
        instance.wants_reboot = true;
        put(call, instance);
    }
    return RebootDBClusterOutput{.db_cluster = describe(call, cluster)};
}

// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_FailoverDBCluster.html
Result<FailoverDBClusterOutput> Rds::FailoverDBCluster(aws::Call& call,
                                                       const FailoverDBClusterInput& in) {
    TRY(ClusterRecord cluster, find_cluster(call, in.db_cluster_identifier));
    REQUIRE(check_available(cluster));
    std::optional<InstanceRecord> target;
    for (const InstanceRecord& instance : instances_of(call, cluster.id)) {
        if (instance.writer || instance.status != "available") continue;
        if (in.target_db_instance_identifier &&
            to_lower(*in.target_db_instance_identifier) != instance.id)
            continue;
        if (!target || instance.promotion_tier < target->promotion_tier) target = instance;
    }
    if (in.target_db_instance_identifier && !target) {
        TRY(const InstanceRecord named, find_instance(call, *in.target_db_instance_identifier));
        return errors::InvalidDBInstanceStateFault(
            "Cannot fail over to " + named.id + ": it is not an available reader of the cluster.");
    }
    if (!target)
        return errors::InvalidDBClusterStateFault(
            "Cannot fail over: there is no available reader in the cluster " + cluster.id + ".");
    cluster.status = "failing-over";
    cluster.failover_to = target->id;
    put(call, cluster);
    add_event(
        call.txn(), call.env, place_of(call),
        event_of(cluster, "Started cross AZ failover to DB instance: " + target->id, "failover"));
    return FailoverDBClusterOutput{.db_cluster = describe(call, cluster)};
}

}  // namespace unkai::services::rds
