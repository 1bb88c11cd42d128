// Every key and record that rds stores.
#pragma once

#include "store/table.h"

namespace unkai::services::rds {

struct SubnetGroup {
    struct Member {
        std::string id, zone;
        void fields(auto& field) {
            field(1, id);
            field(2, zone);
        }
    };
    std::string name, description, vpc, arn;
    std::vector<Member> subnets;
    std::map<std::string, std::string> tags;
    void fields(auto& field) {
        field(1, name);
        field(2, description);
        field(3, vpc);
        field(4, arn);
        field(5, subnets);
        field(6, tags);
    }
};

// Of clusters and of instances: two tables of the same record.
struct ParameterGroup {
    struct Value {
        std::string value;
        bool at_reboot = false;
        void fields(auto& field) {
            field(1, value);
            field(2, at_reboot);
        }
        bool operator==(const Value&) const = default;
    };
    std::string name, family, description, arn;
    std::map<std::string, Value> values;  // Those that a user set.
    std::map<std::string, std::string> tags;
    void fields(auto& field) {
        field(1, name);
        field(2, family);
        field(3, description);
        field(4, arn);
        field(5, values);
        field(6, tags);
    }
};

struct Cluster {
    std::string id;           // The identifier, lower case.
    std::string resource_id;  // cluster-ABC…; lower case it names the plane's cluster.
    std::string arn, engine, engine_version, engine_mode;
    std::string status;
    std::string master_user, master_hash;  // The hash that the servers keep; no password.
    std::string database;
    int32_t port = 3306;
    std::string subnet_group, parameter_group;
    std::vector<std::string> security_groups;
    std::vector<std::string> zones;
    int32_t retention_days = 1;
    std::string backup_window, maintenance_window;
    bool deletion_protection = false, encrypted = false, copy_tags = false, iam_login = false;
    bool http_endpoint = false;
    std::string kms_key, storage_type;
    int64_t backtrack_seconds = 0;
    std::vector<std::string> log_exports;
    std::optional<double> least_capacity, most_capacity;
    std::string secret_arn, secret_key;
    std::map<std::string, std::string> tags;
    Time created;
    std::optional<Time> restarts_at;  // A stopped cluster starts by itself after seven days.
    std::string failover_to;          // The instance that is to become the writer.
    void fields(auto& field) {
        field(1, id);
        field(2, resource_id);
        field(3, arn);
        field(4, engine);
        field(5, engine_version);
        field(6, engine_mode);
        field(7, status);
        field(8, master_user);
        field(9, master_hash);
        field(10, database);
        field(11, port);
        field(12, subnet_group);
        field(13, parameter_group);
        field(14, security_groups);
        field(15, zones);
        field(16, retention_days);
        field(17, backup_window);
        field(18, maintenance_window);
        field(19, deletion_protection);
        field(20, encrypted);
        field(21, copy_tags);
        field(22, iam_login);
        field(23, http_endpoint);
        field(24, kms_key);
        field(25, storage_type);
        field(26, backtrack_seconds);
        field(27, log_exports);
        field(28, least_capacity);
        field(29, most_capacity);
        field(30, secret_arn);
        field(31, secret_key);
        field(32, tags);
        field(33, created);
        field(34, restarts_at);
        field(35, failover_to);
    }
};

struct Instance {
    std::string id;           // The identifier, lower case.
    std::string resource_id;  // db-ABC…; lower case it names the plane's instance.
    std::string arn, cluster, status, instance_class;
    bool writer = false;
    int32_t promotion_tier = 1;
    std::string parameter_group, zone, subnet, interface, address;
    bool is_public = false, minor_upgrades = true, performance_insights = false, copy_tags = false;
    std::string maintenance_window, certificate_authority, monitoring_role;
    int32_t monitoring_seconds = 0;
    std::map<std::string, std::string> tags;
    Time created;
    // What its server was started with, and changed to since: variables by name.
    std::map<std::string, std::string> applied;
    bool pending_reboot = false;  // Parameters wait for a restart.
    bool wants_reboot = false;
    std::string failure;        // Why it does not run.
    std::string pending_class;  // For the next reboot.
    void fields(auto& field) {
        field(1, id);
        field(2, resource_id);
        field(3, arn);
        field(4, cluster);
        field(5, status);
        field(6, instance_class);
        field(7, writer);
        field(8, promotion_tier);
        field(9, parameter_group);
        field(10, zone);
        field(11, subnet);
        field(12, interface);
        field(13, address);
        field(14, is_public);
        field(15, minor_upgrades);
        field(16, performance_insights);
        field(17, copy_tags);
        field(18, maintenance_window);
        field(19, certificate_authority);
        field(20, monitoring_role);
        field(21, monitoring_seconds);
        field(22, tags);
        field(23, created);
        field(24, applied);
        field(25, pending_reboot);
        field(26, wants_reboot);
        field(27, failure);
        field(28, pending_class);
    }
};

struct EventRecord {
    std::string source, type, message, arn;
    std::vector<std::string> categories;
    void fields(auto& field) {
        field(1, source);
        field(2, type);
        field(3, message);
        field(4, arn);
        field(5, categories);
    }
};

using ClusterKey = std::tuple<std::string, std::string, std::string>;

namespace schema {
// All by account, region, and the name.
template <class R>
using Named = store::Table<R, std::string, std::string, std::string>;
inline const Named<SubnetGroup> subnet_groups{"rds/subnet-groups"};
inline const Named<ParameterGroup> cluster_parameter_groups{"rds/cluster-parameter-groups"};
inline const Named<ParameterGroup> parameter_groups{"rds/parameter-groups"};
inline const Named<Cluster> clusters{"rds/clusters"};
inline const Named<Instance> instances{"rds/instances"};
// Account, region, time, a random end.
inline const store::Table<EventRecord, std::string, std::string, Time, std::string> events{
    "rds/events"};
}  // namespace schema

}  // namespace unkai::services::rds
