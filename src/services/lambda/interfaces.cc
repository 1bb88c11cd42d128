#include "services/lambda/interfaces.h"

#include <algorithm>
#include <set>

#include "api/ec2.h"
#include "base/log.h"
#include "base/strings.h"
#include "services/lambda/limits.h"
#include "services/lambda/settings.h"

namespace unkai::services::lambda {

namespace {

aws::Caller as_lambda(const Place& place) {
    return aws::service_caller("lambda.amazonaws.com", place.account, place.region);
}

// The name of an interface: its subnet and its groups.
std::string interface_name(const model::VpcConfigResponse& vpc) {
    std::vector<std::string> groups(vpc.security_group_ids.begin(), vpc.security_group_ids.end());
    std::sort(groups.begin(), groups.end());
    return vpc.subnet_ids.front() + "|" + join(groups, ",");
}

bool has_vpc(const std::optional<model::VpcConfigResponse>& vpc) {
    return vpc && !vpc->subnet_ids.empty();
}

Error ec2_said(std::string_view operation, const Error& error) {
    return invalid("Error occurred while " + std::string(operation) +
                   ". EC2 Error Code: " + error.code + ". EC2 Error Message: " + error.message);
}

}  // namespace

unkai::Task<Result<model::VpcConfigResponse>> Interfaces::check(Place place,
                                                                model::VpcConfig wanted) {
    model::VpcConfigResponse out;
    if (wanted.subnet_ids.empty() && wanted.security_group_ids.empty()) {
        out.vpc_id = "";
        co_return out;
    }
    if (wanted.subnet_ids.empty() || wanted.security_group_ids.empty())
        co_return invalid("SecurityGroupIds and SubnetIds must coexist or be both empty list.");
    if (wanted.subnet_ids.size() > limits::subnets ||
        wanted.security_group_ids.size() > limits::security_groups)
        co_return invalid("A function can name at most 16 subnets and 5 security groups.");
    if (wanted.ipv6_allowed_for_dual_stack.value_or(false))
        co_return invalid(
            "IPv6 is not there in Unkai's VPCs: set Ipv6AllowedForDualStack to false.");
    api::ec2::DescribeSubnetsInput subnets;
    subnets.subnet_ids = wanted.subnet_ids;
    const auto found =
        co_await client_.call<api::ec2::op::DescribeSubnets>(as_lambda(place), subnets);
    if (!found) co_return ec2_said("DescribeSubnets", found.error());
    for (const auto& subnet : found->subnets) {
        if (out.vpc_id && *out.vpc_id != subnet.vpc_id.value_or(""))
            co_return invalid("Security Groups and subnets must belong to the same VPC.");
        out.vpc_id = subnet.vpc_id;
    }
    api::ec2::DescribeSecurityGroupsInput groups;
    groups.group_ids = wanted.security_group_ids;
    const auto grouped =
        co_await client_.call<api::ec2::op::DescribeSecurityGroups>(as_lambda(place), groups);
    if (!grouped) co_return ec2_said("DescribeSecurityGroups", grouped.error());
    for (const auto& group : grouped->security_groups)
        if (group.vpc_id.value_or("") != out.vpc_id.value_or(""))
            co_return invalid("Security Groups and subnets must belong to the same VPC.");
    out.subnet_ids = wanted.subnet_ids;
    out.security_group_ids = wanted.security_group_ids;
    out.ipv6_allowed_for_dual_stack = false;
    co_return out;
}

unkai::Task<Result<planes::functions::FunctionNetwork>> Interfaces::network(
    Place place, std::optional<model::VpcConfigResponse> vpc) {
    if (!has_vpc(vpc)) co_return networks_.outside();
    CO_TRY(std::string id, co_await ensure(place, *vpc));
    co_return co_await networks_.inside(std::move(id), env_.loop.steady() + limits::network_wait);
}

unkai::Task<Result<std::string>> Interfaces::ensure(Place place, model::VpcConfigResponse vpc) {
    const std::string name = interface_name(vpc);
    {
        store::Txn txn = store_.begin();
        if (const auto kept = schema::interfaces.get(txn, {place.account, place.region, name}))
            co_return kept->id;
    }
    api::ec2::CreateNetworkInterfaceInput in;
    in.subnet_id = vpc.subnet_ids.front();
    in.groups = vpc.security_group_ids;
    in.description = "AWS Lambda VPC ENI";
    const auto made =
        co_await client_.call<api::ec2::op::CreateNetworkInterface>(as_lambda(place), in);
    if (!made) co_return ec2_said("CreateNetworkInterface", made.error());
    StoredInterface record;
    record.id = made->network_interface->network_interface_id.value_or("");
    record.vpc = vpc.vpc_id.value_or("");
    record.subnet = vpc.subnet_ids.front();
    record.groups = vpc.security_group_ids;
    store::Txn txn = store_.begin();
    const auto other = schema::interfaces.get(txn, {place.account, place.region, name});
    if (!other) {
        schema::interfaces.put(txn, {place.account, place.region, name}, record);
        CO_REQUIRE(co_await store_.commit(txn));
        co_return record.id;
    }
    // Somebody was faster.
    api::ec2::DeleteNetworkInterfaceInput erase;
    erase.network_interface_id = record.id;
    (void)co_await client_.call<api::ec2::op::DeleteNetworkInterface>(as_lambda(place), erase);
    co_return other->id;
}

unkai::Task<void> Interfaces::sweep() {
    std::set<std::string> needed;
    std::vector<decltype(schema::interfaces)::Row> rows;
    {
        store::Txn txn = store_.begin();
        rows = schema::interfaces.list(txn);
        if (rows.empty()) co_return;
        for (const auto& [key, version] : schema::versions.list(txn))
            if (has_vpc(version.shape.vpc_config))
                needed.insert(std::get<0>(key) + "/" + std::get<1>(key) + "/" +
                              interface_name(*version.shape.vpc_config));
    }
    for (const auto& [key, record] : rows) {
        const auto& [account, region, name] = key;
        if (needed.contains(account + "/" + region + "/" + name)) continue;
        api::ec2::DeleteNetworkInterfaceInput in;
        in.network_interface_id = record.id;
        const auto deleted = co_await client_.call<api::ec2::op::DeleteNetworkInterface>(
            as_lambda({account, region}), in);
        if (!deleted && !deleted.error().is("InvalidNetworkInterfaceID.NotFound")) {
            log::warn("a function's network interface stays",
                      {{"interface", record.id}, {"reason", deleted.error().message}});
            continue;
        }
        store::Txn txn = store_.begin();
        schema::interfaces.erase(txn, key);
        (void)co_await store_.commit(txn);
    }
}

}  // namespace unkai::services::lambda
