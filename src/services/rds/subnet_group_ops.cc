#include "aws/paging.h"
#include "base/strings.h"
#include "services/rds/limits.h"
#include "services/rds/rds.h"

namespace unkai::services::rds {

namespace {

// Subnets of at least two zones of one VPC.
Status fill(SubnetGroup& group, const std::vector<SubnetInfo>& subnets) {
    std::set<std::string> zones;
    group.subnets.clear();
    group.vpc = subnets.empty() ? "" : subnets[0].vpc;
    for (const SubnetInfo& subnet : subnets) {
        if (subnet.vpc != group.vpc)
            return errors::InvalidSubnet("The subnets of a DB subnet group must be in one VPC.");
        group.subnets.push_back({subnet.id, subnet.zone});
        zones.insert(subnet.zone);
    }
    if (zones.size() < 2)
        return errors::DBSubnetGroupDoesNotCoverEnoughAZs(
            "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current "
            "AZ coverage: " +
            (zones.empty() ? "none" : *zones.begin()) + ". Add subnets to cover at least 2 AZs.");
    if (group.subnets.size() > limits::subnets_per_group)
        return errors::DBSubnetQuotaExceededFault("A DB subnet group can have at most 20 subnets.");
    return ok();
}

Status check_name(const std::string& name) {
    const bool good = !name.empty() && name.size() <= 255 && name != "default" &&
                      std::all_of(name.begin(), name.end(), [](char c) {
                          return isalnum(static_cast<unsigned char>(c)) ||
                                 std::string_view(" ._-").find(c) != std::string_view::npos;
                      });
    if (good) return ok();
    return invalid_value(
        "The parameter DBSubnetGroupName is not a valid identifier: letters, numbers, periods, "
        "underscores, spaces and hyphens; not 'default'.");
}

}  // namespace

Task<Result<CreateDBSubnetGroupOutput>> Rds::CreateDBSubnetGroup(
    aws::Call& call, const CreateDBSubnetGroupInput& in) {
    const std::string name = to_lower(in.db_subnet_group_name);
    CO_REQUIRE(check_name(name));
    CO_TRY(const auto subnets, co_await surroundings_.subnets(place_of(call), in.subnet_ids));
    if (schema::subnet_groups.has(call.txn(), {call.account, call.region, name}))
        co_return errors::DBSubnetGroupAlreadyExistsFault("The DB subnet group '" + name +
                                                          "' already exists.");
    if (schema::subnet_groups.list(call.txn(), call.account, call.region).size() >=
        limits::subnet_groups)
        co_return errors::DBSubnetGroupQuotaExceededFault(
            "There can be at most 50 DB subnet groups.");
    SubnetGroup group{.name = name,
                      .description = in.db_subnet_group_description,
                      .arn = call.arn("rds", "subgrp:" + name),
                      .tags = tags_from(in.tags)};
    CO_REQUIRE(fill(group, subnets));
    schema::subnet_groups.put(call.txn(), {call.account, call.region, name}, group);
    co_return CreateDBSubnetGroupOutput{.db_subnet_group = describe(group)};
}

Task<Result<ModifyDBSubnetGroupOutput>> Rds::ModifyDBSubnetGroup(
    aws::Call& call, const ModifyDBSubnetGroupInput& in) {
    CO_REQUIRE(find_subnet_group(call, in.db_subnet_group_name));
    CO_TRY(const auto subnets, co_await surroundings_.subnets(place_of(call), in.subnet_ids));
    CO_TRY(SubnetGroup group, find_subnet_group(call, in.db_subnet_group_name));
    const std::string vpc = group.vpc;
    const auto kept = [&](const std::string& id) {
        return std::any_of(subnets.begin(), subnets.end(),
                           [&](const SubnetInfo& subnet) { return subnet.id == id; });
    };
    for (const auto& [key, instance] :
         schema::instances.list(call.txn(), call.account, call.region)) {
        const auto cluster =
            schema::clusters.get(call.txn(), {call.account, call.region, instance.cluster});
        if (cluster && cluster->subnet_group == group.name && !kept(instance.subnet))
            co_return errors::SubnetAlreadyInUse("Subnet " + instance.subnet +
                                                 " is in use by the instance " + instance.id + ".");
    }
    CO_REQUIRE(fill(group, subnets));
    if (group.vpc != vpc)
        co_return errors::InvalidSubnet("The subnets must be in the group's VPC, " + vpc + ".");
    if (in.db_subnet_group_description) group.description = *in.db_subnet_group_description;
    schema::subnet_groups.put(call.txn(), {call.account, call.region, group.name}, group);
    co_return ModifyDBSubnetGroupOutput{.db_subnet_group = describe(group)};
}

Result<DescribeDBSubnetGroupsOutput> Rds::DescribeDBSubnetGroups(
    aws::Call& call, const DescribeDBSubnetGroupsInput& in) {
    REQUIRE(check_filters(in.filters, {}));
    std::vector<SubnetGroup> rows;
    if (in.db_subnet_group_name) {
        TRY(SubnetGroup group, find_subnet_group(call, *in.db_subnet_group_name));
        rows.push_back(std::move(group));
    } else {
        for (auto& [key, group] : schema::subnet_groups.list(call.txn(), call.account, call.region))
            rows.push_back(std::move(group));
    }
    TRY(const auto page, aws::page(
                             rows, [](const SubnetGroup& group) { return group.name; }, in.marker,
                             page_size(in.max_records), "InvalidParameterValue"));
    DescribeDBSubnetGroupsOutput out{.marker = page.next};
    for (const SubnetGroup* group : page.items) out.db_subnet_groups.push_back(describe(*group));
    return out;
}

Result<DeleteDBSubnetGroupOutput> Rds::DeleteDBSubnetGroup(aws::Call& call,
                                                           const DeleteDBSubnetGroupInput& in) {
    TRY(const SubnetGroup group, find_subnet_group(call, in.db_subnet_group_name));
    for (const auto& [key, cluster] : schema::clusters.list(call.txn(), call.account, call.region))
        if (cluster.subnet_group == group.name)
            return errors::InvalidDBSubnetGroupStateFault(
                "Cannot delete the subnet group '" + group.name +
                "' because at least one database cluster: " + cluster.id + " is still using it.");
    schema::subnet_groups.erase(call.txn(), {call.account, call.region, group.name});
    return DeleteDBSubnetGroupOutput{};
}

}  // namespace unkai::services::rds
