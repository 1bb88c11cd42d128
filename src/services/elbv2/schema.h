// Every key and record that elbv2 stores. Keys: account, region, ARN; of targets also
// "address:port".
#pragma once

#include "store/table.h"

namespace unkai::services::elbv2 {

using Tags = std::map<std::string, std::string>;
using Attributes = std::map<std::string, std::string>;  // Only those that differ from the default.

// A network interface of a load balancer, one a zone.
struct ZoneRecord {
    std::string zone, subnet, interface, private_ip, public_ip;
    void fields(auto& field) {
        field(1, zone);
        field(2, subnet);
        field(3, interface);
        field(4, private_ip);
        field(5, public_ip);
    }
};

struct BalancerRecord {
    std::string arn, name, id, dns_name, scheme, vpc;
    std::vector<std::string> security_groups;
    std::vector<ZoneRecord> zones;
    Time created;
    Attributes attributes;
    Tags tags;
    void fields(auto& field) {
        field(1, arn);
        field(2, name);
        field(3, id);
        field(4, dns_name);
        field(5, scheme);
        field(6, vpc);
        field(7, security_groups);
        field(8, zones);
        field(9, created);
        field(10, attributes);
        field(11, tags);
    }
};

struct WeightedGroupRecord {
    std::string arn;
    int32_t weight = 0;
    bool operator==(const WeightedGroupRecord&) const = default;
    void fields(auto& field) {
        field(1, arn);
        field(2, weight);
    }
};

// Of one type: forward, redirect or fixed-response.
struct ActionRecord {
    std::string type;
    std::vector<WeightedGroupRecord> groups;
    bool by_config = false;  // The caller wrote ForwardConfig, not just TargetGroupArn.
    int32_t sticky_seconds = 0;
    std::string protocol, host, port, path, query;  // Of a redirect.
    int32_t status = 0;                             // Of a redirect or fixed response.
    std::string content_type, body;                 // Of a fixed response.
    int32_t order = 0;
    void fields(auto& field) {
        field(1, type);
        field(2, groups);
        field(3, by_config);
        field(4, sticky_seconds);
        field(5, protocol);
        field(6, host);
        field(7, port);
        field(8, path);
        field(9, query);
        field(10, status);
        field(11, content_type);
        field(12, body);
        field(13, order);
    }
};

struct ConditionRecord {
    std::string type, name;  // "path-pattern"; the header's name.
    std::vector<std::string> values;
    std::vector<std::pair<std::string, std::string>> queries;
    void fields(auto& field) {
        field(1, type);
        field(2, name);
        field(3, values);
        field(4, queries);
    }
};

struct ListenerRecord {
    std::string arn, balancer, protocol;
    int32_t port = 0;
    std::vector<std::string> certificates;  // The first is the default one.
    std::string ssl_policy;
    ActionRecord action;
    Attributes attributes;
    Tags tags;
    void fields(auto& field) {
        field(1, arn);
        field(2, balancer);
        field(3, protocol);
        field(4, port);
        field(5, certificates);
        field(6, ssl_policy);
        field(7, action);
        field(8, attributes);
        field(9, tags);
    }
};

struct RuleRecord {
    std::string arn, listener;
    int32_t priority = 0;
    std::vector<ConditionRecord> conditions;
    ActionRecord action;
    Tags tags;
    void fields(auto& field) {
        field(1, arn);
        field(2, listener);
        field(3, priority);
        field(4, conditions);
        field(5, action);
        field(6, tags);
    }
};

struct GroupRecord {
    std::string arn, name, protocol, vpc, target_type, protocol_version;  // Empty: HTTP1.
    int32_t port = 0;
    std::string check_protocol, check_port, check_path, matcher;
    int32_t check_interval = 0, check_timeout = 0, healthy_threshold = 0, unhealthy_threshold = 0;
    bool check_disabled = false;
    Attributes attributes;
    Tags tags;
    void fields(auto& field) {
        field(1, arn);
        field(2, name);
        field(3, protocol);
        field(4, vpc);
        field(5, target_type);
        field(6, port);
        field(7, check_protocol);
        field(8, check_port);
        field(9, check_path);
        field(10, matcher);
        field(11, check_interval);
        field(12, check_timeout);
        field(13, healthy_threshold);
        field(14, unhealthy_threshold);
        field(15, check_disabled);
        field(16, attributes);
        field(17, tags);
        field(18, protocol_version);
    }
    bool of_functions() const { return target_type == "lambda"; }
};

struct TargetRecord {
    std::string group, address, zone;  // A function's ARN is its address.
    int32_t port = 0;                  // 0: a function.
    Time registered;
    std::optional<Time> drained_at;  // Deregistered: when it goes.
    void fields(auto& field) {
        field(1, group);
        field(2, address);
        field(3, zone);
        field(4, port);
        field(5, registered);
        field(6, drained_at);
    }
};

// Outbox: interfaces of load balancers that are gone, to be deleted at EC2.
struct DoomedInterface {
    std::string interface;
    void fields(auto& field) { field(1, interface); }
};

namespace schema {
template <class R>
using Table = store::Table<R, std::string, std::string, std::string>;
inline const Table<BalancerRecord> balancers{"elbv2/load-balancers"};
inline const Table<ListenerRecord> listeners{"elbv2/listeners"};
inline const Table<RuleRecord> rules{"elbv2/rules"};
inline const Table<GroupRecord> groups{"elbv2/target-groups"};
inline const store::Table<TargetRecord, std::string, std::string, std::string, std::string> targets{
    "elbv2/targets"};
inline const Table<DoomedInterface> doomed{"elbv2/doomed-interfaces"};
// Account, region, description: interfaces that a creation is about to make, told beforehand. What
// a crash leaves of them is taken back at the next start.
inline const Table<DoomedInterface> making{"elbv2/making-interfaces"};
inline constexpr std::string_view everything = "elbv2/";
}  // namespace schema

}  // namespace unkai::services::elbv2
