// Cluster parameter groups and instance parameter groups: the same rules over two tables.
#include "aws/paging.h"
#include "base/strings.h"
#include "services/rds/limits.h"
#include "services/rds/parameters.h"
#include "services/rds/rds.h"

namespace unkai::services::rds {

namespace {

const schema::Named<ParameterGroup>& table_of_parameter_group(bool cluster) {
    return cluster ? schema::cluster_parameter_groups : schema::parameter_groups;
}

bool is_default(std::string_view name) { return to_lower(name).starts_with("default."); }

Result<ParameterGroup> make_group(aws::Call& call, bool cluster, const std::string& given,
                                  const std::string& wanted_family, const std::string& description,
                                  const List<Tag>& tags) {
    const std::string name = to_lower(given);
    REQUIRE(
        check_identifier(name, cluster ? "DBClusterParameterGroupName" : "DBParameterGroupName"));
    if (wanted_family != family)
        return invalid_value("ParameterGroupFamily " + wanted_family +
                             " is not a valid parameter group family. Unkai has " +
                             std::string(family) + ".");
    const auto& table = table_of_parameter_group(cluster);
    if (table.has(call.txn(), {call.account, call.region, name}))
        return errors::DBParameterGroupAlreadyExistsFault("Parameter group " + name +
                                                          " already exists");
    if (table.list(call.txn(), call.account, call.region).size() >= limits::parameter_groups)
        return errors::DBParameterGroupQuotaExceededFault(
            "There can be at most 50 parameter groups.");
    ParameterGroup group{.name = name,
                         .family = std::string(family),
                         .description = description,
                         .arn = call.arn("rds", (cluster ? "cluster-pg:" : "pg:") + name),
                         .tags = tags_from(tags)};
    table.put(call.txn(), {call.account, call.region, name}, group);
    return group;
}

Result<std::vector<ParameterGroup>> groups(aws::Call& call, bool cluster,
                                           const std::optional<std::string>& name) {
    if (name) {
        TRY(ParameterGroup group, find_parameter_group(call, *name, cluster));
        return std::vector<ParameterGroup>{std::move(group)};
    }
    TRY(ParameterGroup standard,
        find_parameter_group(call, "default." + std::string(family), cluster));
    std::vector<ParameterGroup> out = {std::move(standard)};
    for (auto& [key, group] :
         table_of_parameter_group(cluster).list(call.txn(), call.account, call.region))
        out.push_back(std::move(group));
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return out;
}

Result<ParameterGroup> own_group(aws::Call& call, bool cluster, const std::string& name) {
    TRY(ParameterGroup group, find_parameter_group(call, name, cluster));
    if (is_default(group.name))
        return invalid_value("Parameter group " + group.name +
                             " cannot be modified: it is the default group.");
    return group;
}

Status modify(ParameterGroup& group, bool cluster, const List<Parameter>& changes) {
    if (changes.size() > limits::parameters_per_call)
        return invalid_value("At most 20 parameters can be changed in one call.");
    for (const Parameter& change : changes) {
        const std::string name = change.parameter_name.value_or("");
        const ParameterInfo* known = find_parameter(name, cluster);
        if (known == nullptr) return invalid_value("Could not find parameter with name: " + name);
        if (!known->modifiable)
            return invalid_value("The parameter " + name + " cannot be modified.");
        const bool at_reboot = change.apply_method.value_or("pending-reboot") == "pending-reboot";
        if (!at_reboot && !known->dynamic)
            return invalid_combination("cannot use immediate apply method for static parameter " +
                                       name);
        REQUIRE(check_value(*known, change.parameter_value.value_or("")));
        group.values[name] = {change.parameter_value.value_or(""), at_reboot};
    }
    return ok();
}

Status reset(ParameterGroup& group, bool all, const List<Parameter>& changes) {
    if (all)
        group.values.clear();
    else if (changes.empty())
        return invalid_combination("Name the parameters, or set ResetAllParameters.");
    for (const Parameter& change : changes) group.values.erase(change.parameter_name.value_or(""));
    return ok();
}

Status check_unused(aws::Call& call, const ParameterGroup& group, bool cluster) {
    const auto used = [&](const std::string& by) {
        return errors::InvalidDBParameterGroupStateFault(
            "One or more database instances are still members of this parameter group " +
            group.name + ", so the group cannot be deleted: " + by);
    };
    if (cluster) {
        for (const auto& [key, user] : schema::clusters.list(call.txn(), call.account, call.region))
            if (user.parameter_group == group.name) return used(user.id);
    } else {
        for (const auto& [key, user] :
             schema::instances.list(call.txn(), call.account, call.region))
            if (user.parameter_group == group.name) return used(user.id);
    }
    return ok();
}

void save(aws::Call& call, bool cluster, const ParameterGroup& group) {
    table_of_parameter_group(cluster).put(call.txn(), {call.account, call.region, group.name},
                                          group);
}

DBClusterParameterGroup describe_cluster_group(const ParameterGroup& group) {
    return {.db_cluster_parameter_group_name = group.name,
            .db_parameter_group_family = group.family,
            .description = group.description,
            .db_cluster_parameter_group_arn = group.arn};
}

DBParameterGroup describe_group(const ParameterGroup& group) {
    return {.db_parameter_group_name = group.name,
            .db_parameter_group_family = group.family,
            .description = group.description,
            .db_parameter_group_arn = group.arn};
}

const auto by_name = [](const ParameterGroup& group) { return group.name; };

}  // namespace

Result<CreateDBClusterParameterGroupOutput> Rds::CreateDBClusterParameterGroup(
    aws::Call& call, const CreateDBClusterParameterGroupInput& in) {
    TRY(const ParameterGroup group,
        make_group(call, true, in.db_cluster_parameter_group_name, in.db_parameter_group_family,
                   in.description, in.tags));
    return CreateDBClusterParameterGroupOutput{.db_cluster_parameter_group =
                                                   describe_cluster_group(group)};
}

Result<CreateDBParameterGroupOutput> Rds::CreateDBParameterGroup(
    aws::Call& call, const CreateDBParameterGroupInput& in) {
    TRY(const ParameterGroup group,
        make_group(call, false, in.db_parameter_group_name, in.db_parameter_group_family,
                   in.description, in.tags));
    return CreateDBParameterGroupOutput{.db_parameter_group = describe_group(group)};
}

Result<DescribeDBClusterParameterGroupsOutput> Rds::DescribeDBClusterParameterGroups(
    aws::Call& call, const DescribeDBClusterParameterGroupsInput& in) {
    TRY(const auto rows, groups(call, true, in.db_cluster_parameter_group_name));
    TRY(const auto page,
        aws::page(rows, by_name, in.marker, page_size(in.max_records), "InvalidParameterValue"));
    DescribeDBClusterParameterGroupsOutput out{.marker = page.next};
    for (const ParameterGroup* group : page.items)
        out.db_cluster_parameter_groups.push_back(describe_cluster_group(*group));
    return out;
}

Result<DescribeDBParameterGroupsOutput> Rds::DescribeDBParameterGroups(
    aws::Call& call, const DescribeDBParameterGroupsInput& in) {
    TRY(const auto rows, groups(call, false, in.db_parameter_group_name));
    TRY(const auto page,
        aws::page(rows, by_name, in.marker, page_size(in.max_records), "InvalidParameterValue"));
    DescribeDBParameterGroupsOutput out{.marker = page.next};
    for (const ParameterGroup* group : page.items)
        out.db_parameter_groups.push_back(describe_group(*group));
    return out;
}

Result<ModifyDBClusterParameterGroupOutput> Rds::ModifyDBClusterParameterGroup(
    aws::Call& call, const ModifyDBClusterParameterGroupInput& in) {
    TRY(ParameterGroup group, own_group(call, true, in.db_cluster_parameter_group_name));
    REQUIRE(modify(group, true, in.parameters));
    save(call, true, group);
    return ModifyDBClusterParameterGroupOutput{.db_cluster_parameter_group_name = group.name};
}

Result<ModifyDBParameterGroupOutput> Rds::ModifyDBParameterGroup(
    aws::Call& call, const ModifyDBParameterGroupInput& in) {
    TRY(ParameterGroup group, own_group(call, false, in.db_parameter_group_name));
    REQUIRE(modify(group, false, in.parameters));
    save(call, false, group);
    return ModifyDBParameterGroupOutput{.db_parameter_group_name = group.name};
}

Result<ResetDBClusterParameterGroupOutput> Rds::ResetDBClusterParameterGroup(
    aws::Call& call, const ResetDBClusterParameterGroupInput& in) {
    TRY(ParameterGroup group, own_group(call, true, in.db_cluster_parameter_group_name));
    REQUIRE(reset(group, in.reset_all_parameters.value_or(false), in.parameters));
    save(call, true, group);
    return ResetDBClusterParameterGroupOutput{.db_cluster_parameter_group_name = group.name};
}

Result<ResetDBParameterGroupOutput> Rds::ResetDBParameterGroup(
    aws::Call& call, const ResetDBParameterGroupInput& in) {
    TRY(ParameterGroup group, own_group(call, false, in.db_parameter_group_name));
    REQUIRE(reset(group, in.reset_all_parameters.value_or(false), in.parameters));
    save(call, false, group);
    return ResetDBParameterGroupOutput{.db_parameter_group_name = group.name};
}

Result<DeleteDBClusterParameterGroupOutput> Rds::DeleteDBClusterParameterGroup(
    aws::Call& call, const DeleteDBClusterParameterGroupInput& in) {
    TRY(const ParameterGroup group, own_group(call, true, in.db_cluster_parameter_group_name));
    REQUIRE(check_unused(call, group, true));
    schema::cluster_parameter_groups.erase(call.txn(), {call.account, call.region, group.name});
    return DeleteDBClusterParameterGroupOutput{};
}

Result<DeleteDBParameterGroupOutput> Rds::DeleteDBParameterGroup(
    aws::Call& call, const DeleteDBParameterGroupInput& in) {
    TRY(const ParameterGroup group, own_group(call, false, in.db_parameter_group_name));
    REQUIRE(check_unused(call, group, false));
    schema::parameter_groups.erase(call.txn(), {call.account, call.region, group.name});
    return DeleteDBParameterGroupOutput{};
}

}  // namespace unkai::services::rds
