#include "aws/paging.h"
#include "base/strings.h"
#include "services/rds/endpoints.h"
#include "services/rds/engine_version.h"
#include "services/rds/limits.h"
#include "services/rds/parameters.h"
#include "services/rds/rds.h"
#include "wire/json.h"

namespace unkai::services::rds {

namespace {

// What is asked for and cannot be done yet is refused, by its name.
Status check_supported_cluster(const CreateDBClusterInput& in) {
    const auto refuse = [](const char* what) {
        return invalid_combination(std::string("Unkai's Aurora clusters do not have ") + what +
                                   ". Leave the parameter out.");
    };
    if (in.engine != engine_name)
        return invalid_value("Invalid DB engine: " + in.engine + ". Unkai has aurora-mysql.");
    if (in.engine_mode && *in.engine_mode != "provisioned")
        return refuse("an engine mode other than provisioned");
    if (in.replication_source_identifier)
        return refuse("replication from another cluster (ReplicationSourceIdentifier)");
    if (in.global_cluster_identifier) return refuse("global databases (GlobalClusterIdentifier)");
    if (in.enable_limitless_database.value_or(false)) return refuse("Limitless Database");
    if (in.db_cluster_instance_class)
        return refuse("Multi-AZ DB clusters (DBClusterInstanceClass)");
    if (in.domain) return refuse("Kerberos domains (Domain)");
    if (in.enable_http_endpoint.value_or(false)) return refuse("the Data API (EnableHttpEndpoint)");
    if (in.enable_iam_database_authentication.value_or(false))
        return refuse("IAM database authentication");
    if (in.backtrack_window.value_or(0) > limits::longest_backtrack_seconds)
        return invalid_value("The backtrack window must be between 0 and 259200 seconds.");
    return ok();
}

Status check_numbers(const CreateDBClusterInput& in) {
    const int32_t days = in.backup_retention_period.value_or(1);
    if (days < 1 || days > limits::longest_retention_days)
        return invalid_value("Invalid backup retention period: " + std::to_string(days) +
                             ". Must be between 1 and 35.");
    const int32_t port = in.port.value_or(3306);
    if (port < 1150 || port > 65535)
        return invalid_value("Invalid port " + std::to_string(port) +
                             ". Must be between 1150 and 65535.");
    return ok();
}

Status check_master_name(const std::string& name) {
    const bool good = !name.empty() && name.size() <= limits::longest_master_name &&
                      isalpha(static_cast<unsigned char>(name[0])) &&
                      std::all_of(name.begin(), name.end(), [](char c) {
                          return isalnum(static_cast<unsigned char>(c)) || c == '_';
                      });
    if (!good)
        return invalid_value(
            "The parameter MasterUsername must be 1 to 16 letters, numbers or underscores, the "
            "first a letter.");
    for (const char* reserved : {"rdsadmin", "rdsrepladmin", "mariadb"})
        if (to_lower(name) == reserved)
            return invalid_value("MasterUsername " + name +
                                 " cannot be used as it is a reserved word used by the engine");
    return ok();
}

std::vector<std::string> zones_of(const SubnetGroup& group) {
    std::set<std::string> zones;
    for (const auto& member : group.subnets) zones.insert(member.zone);
    return {zones.begin(), zones.end()};
}

}  // namespace

// Any printable ASCII character but '/', '"', '@' and space.
Status check_password(const std::string& password) {
    if (password.size() < limits::shortest_password || password.size() > limits::longest_password)
        return invalid_value(
            "The parameter MasterUserPassword is not a valid password because it is " +
            std::string(password.size() < limits::shortest_password ? "shorter than 8"
                                                                    : "longer than 41") +
            " characters.");
    for (const char c : password)
        if (c <= ' ' || c > '~' || c == '/' || c == '"' || c == '@')
            return invalid_value(
                "The parameter MasterUserPassword is not a valid password. Only printable ASCII "
                "characters besides "
                "'/', '@', '\"', ' ' may be used.");
    return ok();
}

std::string login_document(const std::string& user, const std::string& password) {
    return wire::Json::object({{"username", user}, {"password", password}}).dump();
}

// AWS's own passwords leave out what check_password() refuses.
std::string new_password(Random& random) {
    return random.from(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&()*+,-.:;<=>?[]^_{|}~",
        28);
}

// The subnet group, by name or made of the default VPC, and the security groups of its VPC.
Task<Status> Rds::choose_network(aws::Call& call, const CreateDBClusterInput& in,
                                 ClusterRecord& cluster) {
    SubnetGroup group;
    if (in.db_subnet_group_name && *in.db_subnet_group_name != "default") {
        CO_TRY(group, find_subnet_group(call, *in.db_subnet_group_name));
    } else if (auto standard =
                   schema::subnet_groups.get(call.txn(), {call.account, call.region, "default"})) {
        group = std::move(*standard);
    } else {
        CO_TRY(const auto subnets, co_await surroundings_.default_subnets(place_of(call)));
        group = {.name = "default",
                 .description = "default",
                 .vpc = subnets.empty() ? "" : subnets[0].vpc,
                 .arn = call.arn("rds", "subgrp:default")};
        for (const SubnetInfo& subnet : subnets) group.subnets.push_back({subnet.id, subnet.zone});
        if (group.subnets.empty())
            co_return errors::DBSubnetGroupDoesNotCoverEnoughAZs(
                "There is no default VPC: name a DBSubnetGroupName.");
        call.abandon();
        schema::subnet_groups.put(call.txn(), {call.account, call.region, group.name}, group);
        CO_REQUIRE(co_await call.commit());
    }
    cluster.subnet_group = group.name;
    cluster.zones = zones_of(group);
    CO_TRY(cluster.security_groups, co_await surroundings_.security_groups(
                                        place_of(call), group.vpc, in.vpc_security_group_ids));
    co_return ok();
}

Task<Status> Rds::set_login(aws::Call& call, const CreateDBClusterInput& in,
                            ClusterRecord& cluster) {
    const bool managed = in.manage_master_user_password.value_or(false);
    if (!in.master_username)
        co_return invalid_value(
            "The parameter MasterUsername must be provided and must not be blank.");
    CO_REQUIRE(check_master_name(*in.master_username));
    cluster.master_user = *in.master_username;
    if (managed && in.master_user_password)
        co_return invalid_combination(
            "You can't specify MasterUserPassword for an instance with ManageMasterUserPassword "
            "enabled.");
    if (!managed && !in.master_user_password)
        co_return invalid_value(
            "The parameter MasterUserPassword must be provided and must not be blank.");
    const std::string password = managed ? new_password(call.env.random) : *in.master_user_password;
    CO_REQUIRE(check_password(password));
    cluster.master_hash = planes::mysql::password_hash(password);
    if (managed) {
        cluster.secret_key = in.master_user_secret_kms_key_id.value_or("");
        CO_TRY(cluster.secret_arn,
               co_await surroundings_.create_secret(
                   place_of(call), "rds!cluster-" + call.env.random.uuid(),
                   login_document(cluster.master_user, password), cluster.secret_key));
    }
    co_return ok();
}

Task<Result<CreateDBClusterOutput>> Rds::CreateDBCluster(aws::Call& call,
                                                         const CreateDBClusterInput& in) {
    CO_REQUIRE(check_supported_cluster(in));
    CO_REQUIRE(check_identifier(in.db_cluster_identifier, "DBClusterIdentifier"));
    CO_REQUIRE(check_numbers(in));
    CO_TRY(const std::string version, choose_engine_version(in.engine_version));
    const std::string id = to_lower(in.db_cluster_identifier);
    const auto taken = [&] {
        return schema::clusters.has(call.txn(), {call.account, call.region, id});
    };
    if (taken()) co_return errors::DBClusterAlreadyExistsFault("DB Cluster already exists");
    CO_TRY(const ParameterGroup group,
           find_group_for_cluster(call, in.db_cluster_parameter_group_name.value_or(
                                            "default." + std::string(family))));
    if (auto engine = co_await plane_.engine(); !engine)
        co_return errors::InsufficientStorageClusterCapacityFault(engine.error().message);

    const std::string resource =
        to_upper(call.env.random.from("abcdefghijklmnopqrstuvwxyz234567", 26));
    ClusterRecord cluster{.id = id,
                          .resource_id = "cluster-" + resource,
                          .arn = call.arn("rds", "cluster:" + id),
                          .engine = in.engine,
                          .engine_version = version,
                          .engine_mode = "provisioned",
                          .status = "creating",
                          .database = in.database_name.value_or(""),
                          .port = in.port.value_or(3306),
                          .parameter_group = group.name};
    cluster.retention_days = in.backup_retention_period.value_or(1);
    cluster.backup_window = in.preferred_backup_window.value_or("07:00-07:30");
    cluster.maintenance_window =
        to_lower(in.preferred_maintenance_window.value_or("sun:05:00-sun:05:30"));
    cluster.deletion_protection = in.deletion_protection.value_or(false);
    cluster.encrypted = in.storage_encrypted.value_or(false);
    cluster.copy_tags = in.copy_tags_to_snapshot.value_or(false);
    cluster.kms_key = in.kms_key_id.value_or("");
    cluster.storage_type =
        in.storage_type.value_or("") == "aurora" ? "" : in.storage_type.value_or("");
    cluster.backtrack_seconds = in.backtrack_window.value_or(0);
    cluster.log_exports = in.enable_cloudwatch_logs_exports;
    if (in.serverless_v2_scaling_configuration) {
        cluster.least_capacity = in.serverless_v2_scaling_configuration->min_capacity;
        cluster.most_capacity = in.serverless_v2_scaling_configuration->max_capacity;
    }
    cluster.tags = tags_from(in.tags);
    cluster.created = call.now;
    CO_REQUIRE(co_await choose_network(call, in, cluster));
    CO_REQUIRE(co_await set_login(call, in, cluster));

    call.abandon();  // Nothing waits from here on: what is read now holds until the commit.
    if (taken()) co_return errors::DBClusterAlreadyExistsFault("DB Cluster already exists");
    if (schema::clusters.list(call.txn(), call.account, call.region).size() >= limits::clusters)
        co_return errors::DBClusterQuotaExceededFault("There can be at most 40 DB clusters.");
    put(call, cluster);
    add_event(call.txn(), call.env, place_of(call),
              event_of(cluster, "DB cluster created", "creation"));
    co_return CreateDBClusterOutput{.db_cluster = describe(call, cluster)};
}

Result<DescribeDBClustersOutput> Rds::DescribeDBClusters(aws::Call& call,
                                                         const DescribeDBClustersInput& in) {
    REQUIRE(check_filters(in.filters, {"db-cluster-id", "engine", "domain", "clone-group-id",
                                       "db-cluster-resource-id"}));
    std::vector<ClusterRecord> rows;
    if (in.db_cluster_identifier) {
        TRY(ClusterRecord cluster, find_cluster(call, *in.db_cluster_identifier));
        rows.push_back(std::move(cluster));
    } else {
        for (auto& [key, cluster] : schema::clusters.list(call.txn(), call.account, call.region))
            if (passes(in.filters, "db-cluster-id", {cluster.id, cluster.arn}) &&
                passes(in.filters, "engine", {cluster.engine}) &&
                passes(in.filters, "db-cluster-resource-id", {cluster.resource_id}) &&
                passes(in.filters, "domain", {}) && passes(in.filters, "clone-group-id", {}))
                rows.push_back(std::move(cluster));
    }
    TRY(const auto page, aws::page(
                             rows, [](const ClusterRecord& cluster) { return cluster.id; },
                             in.marker, page_size(in.max_records), "InvalidParameterValue"));
    DescribeDBClustersOutput out{.marker = page.next};
    for (const ClusterRecord* cluster : page.items)
        out.db_clusters.push_back(describe(call, *cluster));
    return out;
}

Result<DescribeDBClusterEndpointsOutput> Rds::DescribeDBClusterEndpoints(
    aws::Call& call, const DescribeDBClusterEndpointsInput& in) {
    REQUIRE(check_filters(in.filters, {"db-cluster-endpoint-type", "db-cluster-endpoint-status",
                                       "db-cluster-endpoint-id"}));
    std::vector<DBClusterEndpoint> rows;
    for (const auto& [key, cluster] :
         schema::clusters.list(call.txn(), call.account, call.region)) {
        if (in.db_cluster_identifier && to_lower(*in.db_cluster_identifier) != cluster.id) continue;
        const Endpoints names = cluster_endpoints(call.account, call.region, cluster);
        for (const bool writer : {true, false}) {
            DBClusterEndpoint row;
            row.db_cluster_identifier = cluster.id;
            row.endpoint = writer ? names.writer : names.reader;
            row.endpoint_type = writer ? "WRITER" : "READER";
            row.status = cluster.status == "creating" ? "creating" : "available";
            if (passes(in.filters, "db-cluster-endpoint-type", {*row.endpoint_type}) &&
                passes(in.filters, "db-cluster-endpoint-status", {*row.status}) &&
                passes(in.filters, "db-cluster-endpoint-id", {}))
                rows.push_back(std::move(row));
        }
    }
    if (in.db_cluster_identifier && rows.empty() && in.filters.empty())
        REQUIRE(find_cluster(call, *in.db_cluster_identifier));
    std::sort(rows.begin(), rows.end(),
              [](const auto& a, const auto& b) { return *a.endpoint < *b.endpoint; });
    TRY(const auto page, aws::page(
                             rows, [](const auto& row) { return *row.endpoint; }, in.marker,
                             page_size(in.max_records), "InvalidParameterValue"));
    DescribeDBClusterEndpointsOutput out{.marker = page.next};
    for (const auto* row : page.items) out.db_cluster_endpoints.push_back(*row);
    return out;
}

Result<DeleteDBClusterOutput> Rds::DeleteDBCluster(aws::Call& call,
                                                   const DeleteDBClusterInput& in) {
    TRY(ClusterRecord cluster, find_cluster(call, in.db_cluster_identifier));
    const bool skip = in.skip_final_snapshot.value_or(false);
    if (cluster.status == "deleting")
        return errors::InvalidDBClusterStateFault("Cluster is already being deleted.");
    if (cluster.deletion_protection)
        return invalid_combination(
            "Cannot delete protected Cluster, please disable deletion protection and try again.");
    for (const InstanceRecord& instance : instances_of(call, cluster.id))
        if (instance.status != "deleting")
            return errors::InvalidDBClusterStateFault(
                "Cluster cannot be deleted, it still contains DB instances in non-deleting state.");
    if (!skip && !in.final_db_snapshot_identifier)
        return invalid_combination(
            "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.");
    if (skip && in.final_db_snapshot_identifier)
        return invalid_combination(
            "FinalDBSnapshotIdentifier can not be specified when deleting a DB cluster with "
            "SkipFinalSnapshot.");
    if (!skip)
        return fail(
            "NotImplemented",
            "Unkai cannot make final snapshots yet. Delete the cluster with SkipFinalSnapshot.",
            501);
    cluster.status = "deleting";
    put(call, cluster);
    add_event(call.txn(), call.env, place_of(call),
              event_of(cluster, "DB cluster deleted", "deletion"));
    return DeleteDBClusterOutput{.db_cluster = describe(call, cluster)};
}

}  // namespace unkai::services::rds
