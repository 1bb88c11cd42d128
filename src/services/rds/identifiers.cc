#include "base/strings.h"
#include "services/rds/limits.h"
#include "services/rds/parameters.h"
#include "services/rds/rds.h"

namespace unkai::services::rds {

Unexpected invalid_value(std::string message) {
    return fail("InvalidParameterValue", std::move(message), 400);
}

Unexpected invalid_combination(std::string message) {
    return fail("InvalidParameterCombination", std::move(message), 400);
}

// 1 to 63 letters, digits and hyphens; a letter first, no hyphen last, no two in a row.
Status check_identifier(std::string_view id, std::string_view what) {
    const bool good = !id.empty() && id.size() <= limits::identifier_characters &&
                      isalpha(static_cast<unsigned char>(id[0])) && !id.ends_with('-') &&
                      id.find("--") == id.npos && std::all_of(id.begin(), id.end(), [](char c) {
                          return isalnum(static_cast<unsigned char>(c)) || c == '-';
                      });
    if (good) return ok();
    return invalid_value(
        "The parameter " + std::string(what) +
        " is not a valid identifier. Identifiers must begin with a letter; must contain only "
        "ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two "
        "consecutive hyphens.");
}

namespace {

// The name at the end of arn:aws:rds:<region>:<account>:<kind>:<name>, or the text itself.
std::string name_in(const aws::Call& call, std::string_view id, std::string_view kind) {
    const std::string prefix = call.arn("rds", std::string(kind) + ":");
    if (id.starts_with(prefix)) id.remove_prefix(prefix.size());
    return to_lower(id);
}

const schema::Named<ParameterGroup>& table_of(bool cluster) {
    return cluster ? schema::cluster_parameter_groups : schema::parameter_groups;
}

}  // namespace

Result<SubnetGroup> find_subnet_group(aws::Call& call, std::string_view name) {
    const std::string key = name_in(call, name, "subgrp");
    if (auto group = schema::subnet_groups.get(call.txn(), {call.account, call.region, key}))
        return *group;
    return errors::DBSubnetGroupNotFoundFault("DB subnet group '" + key + "' does not exist.");
}

Result<ParameterGroup> find_parameter_group(aws::Call& call, std::string_view name, bool cluster) {
    const std::string kind = cluster ? "cluster-pg" : "pg";
    const std::string key = name_in(call, name, kind);
    if (auto group = table_of(cluster).get(call.txn(), {call.account, call.region, key}))
        return *group;
    const std::string standard = "default." + std::string(family);
    if (key == standard)
        return ParameterGroup{.name = standard,
                              .family = std::string(family),
                              .description = "Default " + std::string(cluster ? "cluster " : "") +
                                             "parameter group for " + std::string(family),
                              .arn = call.arn("rds", kind + ":" + standard)};
    return errors::DBParameterGroupNotFoundFault(
        (cluster ? "DBClusterParameterGroup not found: " : "DBParameterGroup not found: ") + key);
}

Result<ParameterGroup> find_group_for_cluster(aws::Call& call, std::string_view name) {
    auto group = find_parameter_group(call, name, true);
    if (!group) return errors::DBClusterParameterGroupNotFoundFault(group.error().message);
    return group;
}

Result<ClusterRecord> find_cluster(aws::Call& call, std::string_view id_or_arn) {
    const std::string key = name_in(call, id_or_arn, "cluster");
    if (auto cluster = schema::clusters.get(call.txn(), {call.account, call.region, key}))
        return *cluster;
    return errors::DBClusterNotFoundFault("DBCluster " + key + " not found.");
}

Result<InstanceRecord> find_instance(aws::Call& call, std::string_view id_or_arn) {
    const std::string key = name_in(call, id_or_arn, "db");
    if (auto instance = schema::instances.get(call.txn(), {call.account, call.region, key}))
        return *instance;
    return errors::DBInstanceNotFoundFault("DBInstance " + key + " not found.");
}

void put(aws::Call& call, const ClusterRecord& cluster) {
    schema::clusters.put(call.txn(), {call.account, call.region, cluster.id}, cluster);
}

void put(aws::Call& call, const InstanceRecord& instance) {
    schema::instances.put(call.txn(), {call.account, call.region, instance.id}, instance);
}

std::vector<InstanceRecord> instances_of(aws::Call& call, const std::string& cluster) {
    std::vector<InstanceRecord> out;
    for (auto& [key, instance] : schema::instances.list(call.txn(), call.account, call.region))
        if (instance.cluster == cluster) out.push_back(std::move(instance));
    return out;
}

std::map<std::string, std::string> tags_from(const List<Tag>& tags) {
    std::map<std::string, std::string> out;
    for (const Tag& tag : tags) out[tag.key.value_or("")] = tag.value.value_or("");
    return out;
}

List<Tag> describe_tags(const std::map<std::string, std::string>& tags) {
    List<Tag> out;
    for (const auto& [key, value] : tags) out.push_back({.key = key, .value = value});
    return out;
}

Status check_filters(const List<Filter>& filters, std::initializer_list<std::string_view> known) {
    for (const Filter& filter : filters)
        if (std::find(known.begin(), known.end(), filter.name) == known.end())
            return invalid_value("Unrecognized filter name: " + filter.name);
    return ok();
}

bool passes(const List<Filter>& filters, std::string_view name,
            const std::vector<std::string>& values) {
    for (const Filter& filter : filters) {
        if (filter.name != name) continue;
        const bool any =
            std::any_of(filter.values.begin(), filter.values.end(), [&](const std::string& wanted) {
                return std::any_of(values.begin(), values.end(), [&](const std::string& value) {
                    return equals_ignoring_case(value, wanted);
                });
            });
        if (!any) return false;
    }
    return true;
}

size_t page_size(const std::optional<int32_t>& wanted) {
    return static_cast<size_t>(
        std::clamp(wanted.value_or(limits::records_per_page), 20, limits::records_per_page));
}

void add_event(store::Txn& txn, Env& env, const Place& place, EventRecord event) {
    // What DescribeEvents cannot reach any more goes, a little with each new one.
    const Time oldest = env.now() - std::chrono::days(limits::event_days);
    int dropped = 0;
    std::vector<std::tuple<std::string, std::string, Time, std::string>> old;
    schema::events.each(txn, store::key_prefix(place.account, place.region), [&](auto key, auto) {
        if (std::get<2>(key) >= oldest || ++dropped > 10) return false;
        old.push_back(std::move(key));
        return true;
    });
    for (const auto& key : old) schema::events.erase(txn, key);
    schema::events.put(txn, {place.account, place.region, env.now(), env.random.hex(8)}, event);
}

EventRecord event_of(const ClusterRecord& cluster, std::string message, std::string category) {
    return {cluster.id, "db-cluster", std::move(message), cluster.arn, {std::move(category)}};
}

EventRecord event_of(const InstanceRecord& instance, std::string message, std::string category) {
    return {instance.id, "db-instance", std::move(message), instance.arn, {std::move(category)}};
}

}  // namespace unkai::services::rds
