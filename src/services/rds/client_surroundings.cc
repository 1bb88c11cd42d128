#include "services/rds/client_surroundings.h"

#include "api/ec2.h"
#include "api/secretsmanager.h"

namespace unkai::services::rds {

namespace {

namespace ec2 = api::ec2;
namespace secrets = api::secretsmanager;

aws::Caller caller(const Place& place) {
    return aws::service_caller("rds.amazonaws.com", place.account, place.region);
}

std::vector<SubnetInfo> infos(const List<ec2::Subnet>& subnets) {
    std::vector<SubnetInfo> out;
    for (const auto& subnet : subnets)
        out.push_back({subnet.subnet_id.value_or(""), subnet.availability_zone.value_or(""),
                       subnet.vpc_id.value_or("")});
    return out;
}

}  // namespace

Task<Result<std::vector<SubnetInfo>>> ClientSurroundings::subnets(Place place,
                                                                  std::vector<std::string> ids) {
    ec2::DescribeSubnetsInput in;
    in.subnet_ids = std::move(ids);
    auto found = co_await client_.call<ec2::op::DescribeSubnets>(caller(place), std::move(in));
    if (!found)
        co_return fail("InvalidSubnet", "Some input subnets are invalid: " + found.error().message,
                       400);
    co_return infos(found->subnets);
}

Task<Result<std::vector<SubnetInfo>>> ClientSurroundings::default_subnets(Place place) {
    ec2::DescribeSubnetsInput in;
    in.filters.push_back({.name = "default-for-az", .values = {"true"}});
    CO_TRY(const auto found,
           co_await client_.call<ec2::op::DescribeSubnets>(caller(place), std::move(in)));
    co_return infos(found.subnets);
}

Task<Result<std::vector<std::string>>> ClientSurroundings::security_groups(
    Place place, std::string vpc, std::vector<std::string> ids) {
    ec2::DescribeSecurityGroupsInput in;
    in.group_ids = ids;
    if (ids.empty()) {
        in.filters.push_back({.name = "vpc-id", .values = {vpc}});
        in.filters.push_back({.name = "group-name", .values = {"default"}});
    }
    const auto found =
        co_await client_.call<ec2::op::DescribeSecurityGroups>(caller(place), std::move(in));
    if (!found)
        co_return fail("InvalidVPCNetworkStateFault",
                       "Invalid security group: " + found.error().message, 400);
    for (const auto& group : found->security_groups) {
        if (group.vpc_id.value_or("") != vpc)
            co_return fail("InvalidVPCNetworkStateFault",
                           "The DB cluster and EC2 security group are in different VPCs. The DB "
                           "cluster is in " +
                               vpc + " and the EC2 security group is in " +
                               group.vpc_id.value_or(""),
                           400);
        if (ids.empty()) co_return std::vector<std::string>{group.group_id.value_or("")};
    }
    co_return ids;
}

Task<Result<InterfaceInfo>> ClientSurroundings::create_interface(
    Place place, std::string subnet, std::vector<std::string> security_groups,
    std::string description, std::string token) {
    ec2::CreateNetworkInterfaceInput in;
    in.client_token = std::move(token);
    in.subnet_id = std::move(subnet);
    in.groups = std::move(security_groups);
    in.description = std::move(description);
    CO_TRY(const auto made,
           co_await client_.call<ec2::op::CreateNetworkInterface>(caller(place), std::move(in)));
    if (!made.network_interface)
        co_return fail("InternalFailure", "EC2 made no network interface.");
    co_return InterfaceInfo{made.network_interface->network_interface_id.value_or(""),
                            made.network_interface->private_ip_address.value_or("")};
}

Task<Status> ClientSurroundings::set_security_groups(Place place, std::string interface,
                                                     std::vector<std::string> security_groups) {
    ec2::ModifyNetworkInterfaceAttributeInput in;
    in.network_interface_id = std::move(interface);
    in.groups = std::move(security_groups);
    CO_REQUIRE(co_await client_.call<ec2::op::ModifyNetworkInterfaceAttribute>(caller(place),
                                                                               std::move(in)));
    co_return ok();
}

Task<Status> ClientSurroundings::delete_interface(Place place, std::string interface) {
    ec2::DeleteNetworkInterfaceInput in;
    in.network_interface_id = std::move(interface);
    const auto deleted =
        co_await client_.call<ec2::op::DeleteNetworkInterface>(caller(place), std::move(in));
    if (!deleted && !deleted.error().is("InvalidNetworkInterfaceID.NotFound"))
        co_return deleted.error();
    co_return ok();
}

Task<Result<std::string>> ClientSurroundings::network_ready(std::string interface,
                                                            Steady deadline) {
    CO_REQUIRE(co_await network_.ready(interface, deadline));
    co_return network_.namespace_path(interface);
}

Task<Result<std::string>> ClientSurroundings::create_secret(Place place, std::string name,
                                                            std::string text, std::string key) {
    secrets::CreateSecretInput in;
    in.name = std::move(name);
    in.secret_string = std::move(text);
    in.description = "The secret associated with the primary RDS DB cluster";
    if (!key.empty()) in.kms_key_id = std::move(key);
    CO_TRY(const auto made,
           co_await client_.call<secrets::op::CreateSecret>(caller(place), std::move(in)));
    co_return made.arn.value_or("");
}

Task<Status> ClientSurroundings::update_secret(Place place, std::string arn, std::string text) {
    secrets::PutSecretValueInput in;
    in.secret_id = std::move(arn);
    in.secret_string = std::move(text);
    CO_REQUIRE(co_await client_.call<secrets::op::PutSecretValue>(caller(place), std::move(in)));
    co_return ok();
}

Task<Status> ClientSurroundings::delete_secret(Place place, std::string arn) {
    secrets::DeleteSecretInput in;
    in.secret_id = std::move(arn);
    in.force_delete_without_recovery = true;
    CO_REQUIRE(co_await client_.call<secrets::op::DeleteSecret>(caller(place), std::move(in)));
    co_return ok();
}

Task<Result<std::optional<planes::mysql::Certificate>>> ClientSurroundings::certificate(
    std::vector<std::string> names) {
    if (authority_ == nullptr) co_return std::optional<planes::mysql::Certificate>();
    CO_TRY(const std::string key, net::make_private_key(net::KeyKind::ec_p256));
    // A common name has 64 characters at most; endpoints are longer, so a short one goes first.
    names.insert(names.begin(), "rds.amazonaws.com");
    const Time now = env_.now();
    CO_TRY(const std::string leaf, authority_->issue({.key_pem = key,
                                                      .names = std::move(names),
                                                      .not_before = now - 24h,
                                                      .not_after = now + std::chrono::days(360)},
                                                     env_.random));
    co_return planes::mysql::Certificate{authority_->certificate_pem(), leaf, key};
}

}  // namespace unkai::services::rds
