#include "aws/paging.h"
#include "services/rds/engine_version.h"
#include "services/rds/instance_class.h"
#include "services/rds/parameters.h"
#include "services/rds/rds.h"

namespace unkai::services::rds {

const std::vector<std::string>& engine_versions() {
    static const std::vector<std::string> versions = {
        "8.0.mysql_aurora.3.04.0", "8.0.mysql_aurora.3.04.1", "8.0.mysql_aurora.3.04.2",
        "8.0.mysql_aurora.3.04.3", "8.0.mysql_aurora.3.05.2", "8.0.mysql_aurora.3.06.0",
        "8.0.mysql_aurora.3.06.1", "8.0.mysql_aurora.3.07.0", "8.0.mysql_aurora.3.07.1",
        "8.0.mysql_aurora.3.08.0", "8.0.mysql_aurora.3.08.1", "8.0.mysql_aurora.3.08.2",
        "8.0.mysql_aurora.3.09.0", "8.0.mysql_aurora.3.10.0"};
    return versions;
}

const std::string& default_engine_version() {
    static const std::string version = "8.0.mysql_aurora.3.08.2";
    return version;
}

Result<std::string> choose_engine_version(const std::optional<std::string>& wanted) {
    if (!wanted || *wanted == "8.0" || *wanted == "8.0.mysql_aurora")
        return default_engine_version();
    const auto& all = engine_versions();
    if (std::find(all.begin(), all.end(), *wanted) != all.end()) return *wanted;
    return invalid_combination("Cannot find version " + *wanted + " for aurora-mysql");
}

static DBEngineVersion describe_version(const std::string& version) {
    DBEngineVersion out;
    out.engine = engine_name;
    out.engine_version = version;
    out.major_engine_version = "8.0";
    out.db_parameter_group_family = std::string(family);
    out.db_engine_description = "Aurora MySQL";
    out.db_engine_version_description =
        "Aurora MySQL " + version.substr(version.rfind("aurora.") + 7) + " (run by MariaDB)";
    out.exportable_log_types = {"audit", "error", "general", "instance", "slowquery"};
    out.supports_log_exports_to_cloudwatch_logs = true;
    out.supports_read_replica = false;
    out.supported_engine_modes = {"provisioned"};
    out.status = "available";
    out.supports_parallel_query = false;
    out.supports_global_databases = false;
    out.supports_babelfish = false;
    return out;
}

Result<DescribeDBEngineVersionsOutput> Rds::DescribeDBEngineVersions(
    aws::Call&, const DescribeDBEngineVersionsInput& in) {
    REQUIRE(check_filters(in.filters, {"engine", "engine-version", "status",
                                       "db-parameter-group-family", "engine-mode"}));
    std::vector<std::string> rows;
    for (const std::string& version : engine_versions()) {
        const bool chosen = in.default_only.value_or(false)
                                ? version == default_engine_version()
                                : !in.engine_version || *in.engine_version == version ||
                                      version.starts_with(*in.engine_version + ".");
        if (chosen && in.engine.value_or(engine_name) == engine_name &&
            in.db_parameter_group_family.value_or(std::string(family)) == family &&
            passes(in.filters, "engine", {engine_name}) &&
            passes(in.filters, "engine-version", {version}) &&
            passes(in.filters, "status", {"available"}) &&
            passes(in.filters, "engine-mode", {"provisioned"}) &&
            passes(in.filters, "db-parameter-group-family", {std::string(family)}))
            rows.push_back(version);
    }
    TRY(const auto page, aws::page(
                             rows, [](const std::string& version) { return version; }, in.marker,
                             page_size(in.max_records), "InvalidParameterValue"));
    DescribeDBEngineVersionsOutput out{.marker = page.next};
    for (const std::string* version : page.items)
        out.db_engine_versions.push_back(describe_version(*version));
    return out;
}

Result<DescribeOrderableDBInstanceOptionsOutput> Rds::DescribeOrderableDBInstanceOptions(
    aws::Call& call, const DescribeOrderableDBInstanceOptionsInput& in) {
    if (in.engine != engine_name)
        return invalid_value("Invalid DB engine: " + in.engine + ". Unkai has aurora-mysql.");
    struct Row {
        std::string key, version, name;
    };
    std::vector<Row> rows;
    for (const std::string& version : engine_versions())
        for (const InstanceClass& known : instance_classes())
            if (in.engine_version.value_or(version) == version &&
                in.db_instance_class.value_or(known.name) == known.name)
                rows.push_back({version + "/" + known.name, version, known.name});
    std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.key < b.key; });
    TRY(const auto page, aws::page(
                             rows, [](const Row& row) { return row.key; }, in.marker,
                             page_size(in.max_records), "InvalidParameterValue"));
    DescribeOrderableDBInstanceOptionsOutput out{.marker = page.next};
    for (const Row* row : page.items) {
        auto& option = out.orderable_db_instance_options.emplace_back();
        option.engine = engine_name;
        option.engine_version = row->version;
        option.db_instance_class = row->name;
        option.license_model = "general-public-license";
        for (const char* zone : {"a", "b", "c"})
            option.availability_zones.push_back({.name = call.region + zone});
        option.multi_az_capable = false;
        option.read_replica_capable = false;
        option.vpc = true;
        option.supports_storage_encryption = true;
        option.storage_type = "aurora";
        option.supports_iops = false;
        option.supports_enhanced_monitoring = false;
        option.supports_iam_database_authentication = false;
        option.supports_performance_insights = false;
        option.supported_engine_modes = {"provisioned"};
        option.supports_clusters = true;
        option.supported_network_types = {"IPV4"};
    }
    return out;
}

}  // namespace unkai::services::rds
