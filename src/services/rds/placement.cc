#include "services/rds/placement.h"

#include <algorithm>

#include "base/strings.h"
#include "services/rds/instance_class.h"
#include "services/rds/parameters.h"

namespace unkai::services::rds {

namespace {

// Parameters that are kept and shown, but mean something else here, or nothing: see README.md.
bool is_kept_only(std::string_view name) {
    static const std::set<std::string_view> kept = {
        "binlog_format", "innodb_buffer_pool_size",  "lower_case_table_names", "tls_version",
        "gtid_mode",     "enforce_gtid_consistency", "performance_schema"};
    return kept.contains(name) || name.starts_with("aurora_");
}

double memory_of(const Instance& instance, const Cluster& cluster) {
    const InstanceClass* known = find_class(instance.instance_class);
    double gib = known == nullptr ? 3 : known->memory_gib;
    if (instance.instance_class == "db.serverless") gib *= cluster.most_capacity.value_or(1);
    return gib * 1024 * 1024 * 1024;
}

void take(std::map<std::string, std::string>& out, const ParameterGroup& group, double memory) {
    for (const auto& [parameter, value] : group.values) {
        const std::string name = replace_all(parameter, "-", "_");
        const auto result = evaluate(value.value, memory);
        if (!result || is_kept_only(name)) continue;
        // Named zones need tables that the engine does not come with.
        if (name != "time_zone")
            out[name] = *result;
        else if (equals_ignoring_case(*result, "UTC"))
            out["default_time_zone"] = "+00:00";
    }
}

}  // namespace

Result<SubnetGroup::Member> choose_subnet(const SubnetGroup& group,
                                          const std::vector<Instance>& others,
                                          const std::optional<std::string>& zone) {
    std::map<std::string, int> load;  // By zone, in their order.
    for (const auto& member : group.subnets) load[member.zone];
    for (const Instance& other : others)
        if (load.contains(other.zone)) ++load[other.zone];
    std::string chosen = zone.value_or("");
    if (!zone && !load.empty())
        chosen = std::min_element(load.begin(), load.end(), [](const auto& a, const auto& b) {
                     return a.second < b.second;
                 })->first;
    for (const auto& member : group.subnets)
        if (member.zone == chosen) return member;
    return fail("InvalidVPCNetworkStateFault",
                "The DB subnet group " + group.name + " has no subnet in the Availability Zone " +
                    chosen + ".",
                400);
}

std::map<std::string, std::string> variables_of(const ParameterGroup& cluster_group,
                                                const ParameterGroup& instance_group,
                                                const Instance& instance, const Cluster& cluster) {
    const double memory = memory_of(instance, cluster);
    std::map<std::string, std::string> out;
    const ParameterInfo* connections = find_parameter("max_connections", false);
    out["max_connections"] = evaluate(connections->value, memory).value_or("90");
    take(out, cluster_group, memory);
    take(out, instance_group, memory);
    return out;
}

std::map<std::string, std::string> changed(const std::map<std::string, std::string>& applied,
                                           const std::map<std::string, std::string>& wanted) {
    std::map<std::string, std::string> out;
    for (const auto& [name, value] : wanted) {
        const auto before = applied.find(name);
        if (before == applied.end() || before->second != value) out[name] = value;
    }
    return out;
}

bool wants_at_once(const std::string& variable, const ParameterGroup& cluster_group,
                   const ParameterGroup& instance_group) {
    for (const ParameterGroup* group : {&instance_group, &cluster_group})
        for (const auto& [parameter, value] : group->values)
            if (replace_all(parameter, "-", "_") == variable) return !value.at_reboot;
    return false;
}

const Instance* next_writer(const std::vector<Instance>& instances) {
    const Instance* best = nullptr;
    const auto rank = [](const Instance& instance) {
        const InstanceClass* known = find_class(instance.instance_class);
        return std::tuple(instance.promotion_tier, known == nullptr ? 0.0 : -known->memory_gib,
                          instance.created);
    };
    for (const Instance& instance : instances)
        if (!instance.writer && instance.status == "available" &&
            (best == nullptr || rank(instance) < rank(*best)))
            best = &instance;
    return best;
}

}  // namespace unkai::services::rds
