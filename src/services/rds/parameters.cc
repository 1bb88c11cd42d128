#include "services/rds/parameters.h"

#include <algorithm>

#include "base/strings.h"

namespace unkai::services::rds {

namespace {

constexpr std::string_view yes_no = "0,1";
enum Where { cluster_only, instance_only, both };

struct Maker {
    std::vector<ParameterInfo> made;
    void add(std::string_view name, std::string_view value, std::string_view type,
             std::string_view allowed, Where where, bool dynamic = true, bool modifiable = true) {
        made.push_back({name, value, type, allowed, dynamic, where != instance_only,
                        where != cluster_only, modifiable});
    }
};

void add_cluster_parameters(Maker& m) {
    m.add("auto_increment_increment", "", "integer", "1-65535", cluster_only);
    m.add("auto_increment_offset", "", "integer", "1-65535", cluster_only);
    m.add("aurora_binlog_replication_max_yield_seconds", "", "integer", "0-36000", cluster_only);
    m.add("aurora_enable_replica_log_compression", "", "boolean", yes_no, cluster_only);
    m.add("aurora_enhanced_binlog", "", "boolean", yes_no, cluster_only, false);
    m.add("aurora_parallel_query", "OFF", "boolean", "ON,OFF,0,1", cluster_only);
    m.add("aurora_replica_read_consistency", "", "string", "EVENTUAL,SESSION,GLOBAL", cluster_only);
    m.add("binlog_backup", "", "boolean", yes_no, cluster_only, false);
    m.add("binlog_checksum", "", "string", "NONE,CRC32", cluster_only);
    m.add("binlog_format", "OFF", "string", "ROW,STATEMENT,MIXED,OFF", cluster_only, false);
    m.add("binlog_row_image", "", "string", "FULL,MINIMAL,NOBLOB", cluster_only);
    m.add("binlog_rows_query_log_events", "", "boolean", yes_no, cluster_only);
    m.add("character_set_client", "", "string", "", cluster_only);
    m.add("character_set_connection", "", "string", "", cluster_only);
    m.add("character_set_database", "", "string", "", cluster_only);
    m.add("character_set_filesystem", "", "string", "", cluster_only);
    m.add("character_set_results", "", "string", "", cluster_only);
    m.add("character_set_server", "", "string", "", cluster_only);
    m.add("collation_connection", "", "string", "", cluster_only);
    m.add("collation_server", "", "string", "", cluster_only);
    m.add("completion_type", "", "string", "NO_CHAIN,CHAIN,RELEASE,0,1,2", cluster_only);
    m.add("default_storage_engine", "InnoDB", "string", "InnoDB", cluster_only, false, false);
    m.add("enforce_gtid_consistency", "", "string", "OFF,WARN,ON", cluster_only);
    m.add("event_scheduler", "", "string", "ON,OFF", cluster_only);
    m.add("gtid-mode", "", "string", "OFF,OFF_PERMISSIVE,ON_PERMISSIVE,ON", cluster_only);
    m.add("innodb_autoinc_lock_mode", "", "integer", "0-2", cluster_only, false);
    m.add("innodb_file_per_table", "1", "boolean", yes_no, cluster_only);
    m.add("innodb_flush_log_at_trx_commit", "", "integer", "0-2", cluster_only);
    m.add("innodb_print_all_deadlocks", "", "boolean", yes_no, both);
    m.add("innodb_purge_threads", "", "integer", "1-32", cluster_only, false);
    m.add("innodb_rollback_on_timeout", "", "boolean", yes_no, cluster_only, false);
    m.add("innodb_strict_mode", "", "boolean", yes_no, cluster_only);
    m.add("lc_time_names", "", "string", "", cluster_only);
    m.add("local_infile", "", "boolean", yes_no, cluster_only);
    m.add("lower_case_table_names", "", "integer", "0,1", cluster_only, false, false);
    m.add("require_secure_transport", "OFF", "boolean", "ON,OFF,0,1", cluster_only);
    m.add("server_audit_events", "", "string", "", cluster_only);
    m.add("server_audit_logging", "0", "boolean", yes_no, cluster_only);
    m.add("skip-character-set-client-handshake", "", "boolean", yes_no, cluster_only, false);
    m.add("time_zone", "UTC", "string", "", cluster_only);
    m.add("tls_version", "TLSv1.2,TLSv1.3", "string", "", cluster_only, false);
}

void add_instance_parameters(Maker& m) {
    m.add("aurora_lab_mode", "0", "boolean", yes_no, instance_only, false);
    m.add("autocommit", "", "boolean", yes_no, instance_only);
    m.add("automatic_sp_privileges", "", "boolean", yes_no, instance_only);
    m.add("back_log", "", "integer", "1-65535", instance_only, false);
    m.add("binlog_cache_size", "32768", "integer", "4096-18446744073709547520", instance_only);
    m.add("bulk_insert_buffer_size", "", "integer", "0-18446744073709547520", instance_only);
    m.add("connect_timeout", "", "integer", "2-31536000", both);
    m.add("default_week_format", "", "integer", "0-7", instance_only);
    m.add("div_precision_increment", "", "integer", "0-30", both);
    m.add("eq_range_index_dive_limit", "", "integer", "0-4294967295", both);
    m.add("explicit_defaults_for_timestamp", "1", "boolean", yes_no, both, false);
    m.add("ft_min_word_len", "", "integer", "1-3600", instance_only, false);
    m.add("general_log", "0", "boolean", yes_no, both);
    m.add("group_concat_max_len", "", "integer", "4-18446744073709551615", both);
    m.add("innodb_buffer_pool_size", "{DBInstanceClassMemory*3/4}", "integer",
          "5242880-18446744073709551615", instance_only, false);
    m.add("innodb_lock_wait_timeout", "", "integer", "1-1073741824", both);
    m.add("innodb_max_dirty_pages_pct", "", "integer", "0-99", instance_only);
    m.add("innodb_stats_persistent", "", "boolean", "ON,OFF,0,1", both);
    m.add("interactive_timeout", "", "integer", "1-31536000", both);
    m.add("join_buffer_size", "", "integer", "128-18446744073709547520", instance_only);
    m.add("key_buffer_size", "16777216", "integer", "8-4294967295", instance_only);
    m.add("lock_wait_timeout", "", "integer", "1-31536000", both);
    m.add("log_output", "FILE", "string", "TABLE,FILE,NONE", both);
    m.add("log_queries_not_using_indexes", "", "boolean", yes_no, both);
    m.add("log_bin_trust_function_creators", "", "boolean", yes_no, both);
    m.add("long_query_time", "", "float", "0-31536000", both);
    m.add("max_allowed_packet", "", "integer", "1024-1073741824", both);
    m.add("max_connect_errors", "", "integer", "1-9223372036854775807", both);
    m.add("max_connections",
          "GREATEST({log(DBInstanceClassMemory/805306368)*45},{log(DBInstanceClassMemory/"
          "8187281408)*1000})",
          "integer", "1-16000", both);
    m.add("max_error_count", "", "integer", "0-65535", instance_only);
    m.add("max_execution_time", "", "integer", "0-18446744073709551615", both);
    m.add("max_heap_table_size", "", "integer", "16384-1844674407370954752", both);
    m.add("max_prepared_stmt_count", "", "integer", "0-4194304", instance_only);
    m.add("max_user_connections", "", "integer", "0-4294967295", both);
    m.add("min_examined_row_limit", "", "integer", "0-18446744073709551615", both);
    m.add("net_read_timeout", "", "integer", "1-31536000", both);
    m.add("net_write_timeout", "", "integer", "1-31536000", both);
    m.add("optimizer_switch", "", "string", "", both);
    m.add("performance_schema", "0", "boolean", yes_no, instance_only, false);
    m.add("read_buffer_size", "262144", "integer", "8200-2147479552", instance_only);
    m.add("read_only", "{TrueIfReplica}", "string", "", both, true, false);
    m.add("read_rnd_buffer_size", "524288", "integer", "8200-2147479552", instance_only);
    m.add("slow_query_log", "0", "boolean", yes_no, both);
    m.add("sort_buffer_size", "", "integer", "32768-18446744073709551615", instance_only);
    m.add("sql_mode", "", "string", "", both);
    m.add("sync_binlog", "1", "integer", "0-4294967295", both);
    m.add("table_definition_cache", "", "integer", "400-524288", instance_only);
    m.add("table_open_cache", "", "integer", "1-524288", instance_only);
    m.add("thread_stack", "262144", "integer", "131072-18446744073709547520", instance_only, false);
    m.add("tmp_table_size", "", "integer", "1024-18446744073709551615", both);
    m.add("transaction_isolation", "", "string",
          "READ-UNCOMMITTED,READ-COMMITTED,REPEATABLE-READ,SERIALIZABLE", both);
    m.add("wait_timeout", "", "integer", "1-31536000", both);
}

Unexpected invalid(std::string_view value, const ParameterInfo& parameter) {
    return fail("InvalidParameterValue",
                "Invalid parameter value: " + std::string(value) +
                    " for: " + std::string(parameter.name) +
                    " allowed values are: " + std::string(parameter.allowed),
                400);
}

// "1-16000" and the like.
bool in_range(std::string_view allowed, double number) {
    const size_t dash = allowed.find('-', 1);
    const auto low = parse_double(allowed.substr(0, dash));
    const auto high = parse_double(allowed.substr(dash + 1));
    return low && high && number >= *low && number <= *high;
}

}  // namespace

const std::vector<ParameterInfo>& parameters() {
    static const std::vector<ParameterInfo> all = [] {
        Maker maker;
        add_cluster_parameters(maker);
        add_instance_parameters(maker);
        std::sort(maker.made.begin(), maker.made.end(),
                  [](const ParameterInfo& a, const ParameterInfo& b) { return a.name < b.name; });
        return std::move(maker.made);
    }();
    return all;
}

const ParameterInfo* find_parameter(std::string_view name, bool cluster) {
    for (const ParameterInfo& parameter : parameters())
        if (parameter.name == name && (cluster ? parameter.cluster : parameter.instance))
            return &parameter;
    return nullptr;
}

Status check_value(const ParameterInfo& parameter, std::string_view value) {
    if (value.find('{') != value.npos || value.find('(') != value.npos) return ok();
    if (parameter.type == "integer" || parameter.type == "float") {
        const auto number = parse_double(value);
        if (!number) return invalid(value, parameter);
        const bool list = parameter.allowed.find(',') != parameter.allowed.npos;
        if (!list && !parameter.allowed.empty() && !in_range(parameter.allowed, *number))
            return invalid(value, parameter);
        if (!list) return ok();
    }
    if (parameter.allowed.empty()) return ok();
    for (const std::string_view choice : split(parameter.allowed, ','))
        if (equals_ignoring_case(choice, value)) return ok();
    return invalid(value, parameter);
}

}  // namespace unkai::services::rds
