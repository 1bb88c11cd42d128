#include "services/ec2/ec2.h"

namespace unkai::services::ec2 {

static api::ec2::InternetGateway describe_gateway(const aws::Call& call,
                                                  const InternetGateway& gateway) {
    api::ec2::InternetGateway out;
    out.attachments.present = true;
    if (!gateway.vpc.empty())
        out.attachments.push_back({.state = "available", .vpc_id = gateway.vpc});
    out.internet_gateway_id = gateway.id;
    out.owner_id = call.account;
    out.tags = tag_list(gateway.tags);
    return out;
}

static Attributes attributes_gateway(const aws::Call& call, const InternetGateway& gateway) {
    std::vector<std::string> vpc, state;
    if (!gateway.vpc.empty()) {
        vpc.push_back(gateway.vpc);
        state.push_back("available");
    }
    return {{"attachment.state", state},
            {"attachment.vpc-id", vpc},
            {"internet-gateway-id", {gateway.id}},
            {"owner-id", {call.account}}};
}

std::optional<InternetGateway> gateway_of(aws::Call& call, const std::string& vpc) {
    for (InternetGateway& gateway : all(call, kinds::internet_gateway))
        if (gateway.vpc == vpc) return std::move(gateway);
    return std::nullopt;
}

Result<CreateInternetGatewayOutput> Ec2::CreateInternetGateway(
    aws::Call& call, const CreateInternetGatewayInput& in) {
    REQUIRE(begin(call, in));
    if (all(call, kinds::internet_gateway).size() >= limits::internet_gateways)
        return bad("InternetGatewayLimitExceeded",
                   "The maximum number of internet gateways has been reached.");
    InternetGateway gateway;
    TRY(gateway.tags, tags_for(call, "internet-gateway", in.tag_specifications));
    gateway.id = new_id(call, "igw-");
    put(call, kinds::internet_gateway, gateway);
    return CreateInternetGatewayOutput{.internet_gateway = describe_gateway(call, gateway)};
}

Result<DeleteInternetGatewayOutput> Ec2::DeleteInternetGateway(
    aws::Call& call, const DeleteInternetGatewayInput& in) {
    REQUIRE(begin(call, in));
    TRY(const InternetGateway gateway, find(call, kinds::internet_gateway, in.internet_gateway_id));
    if (!gateway.vpc.empty())
        return dependency("The internetGateway '" + gateway.id +
                          "' has dependencies and cannot be deleted.");
    erase(call, kinds::internet_gateway, gateway.id);
    return DeleteInternetGatewayOutput{};
}

Result<DescribeInternetGatewaysOutput> Ec2::DescribeInternetGateways(
    aws::Call& call, const DescribeInternetGatewaysInput& in) {
    REQUIRE(begin(call, in));
    TRY(const auto found,
        select(call, kinds::internet_gateway, in.internet_gateway_ids, in.filters, in.max_results,
               in.next_token,
               [&](const InternetGateway& gateway) { return attributes_gateway(call, gateway); }));
    DescribeInternetGatewaysOutput out;
    out.internet_gateways.present = true;
    for (const InternetGateway& gateway : found.items)
        out.internet_gateways.push_back(describe_gateway(call, gateway));
    out.next_token = found.next_token;
    return out;
}

Result<AttachInternetGatewayOutput> Ec2::AttachInternetGateway(
    aws::Call& call, const AttachInternetGatewayInput& in) {
    REQUIRE(begin(call, in));
    TRY(InternetGateway gateway, find(call, kinds::internet_gateway, in.internet_gateway_id));
    TRY(const Vpc vpc, find(call, kinds::vpc, in.vpc_id));
    if (!gateway.vpc.empty())
        return bad("Resource.AlreadyAssociated",
                   "resource " + gateway.id + " is already attached to network " + gateway.vpc);
    if (gateway_of(call, vpc.id))
        return invalid_value("Network " + vpc.id + " already has an internet gateway attached");
    gateway.vpc = vpc.id;
    put(call, kinds::internet_gateway, gateway);
    return AttachInternetGatewayOutput{};
}

Result<DetachInternetGatewayOutput> Ec2::DetachInternetGateway(
    aws::Call& call, const DetachInternetGatewayInput& in) {
    REQUIRE(begin(call, in));
    TRY(InternetGateway gateway, find(call, kinds::internet_gateway, in.internet_gateway_id));
    TRY(const Vpc vpc, find(call, kinds::vpc, in.vpc_id));
    if (gateway.vpc != vpc.id)
        return bad("Gateway.NotAttached",
                   "resource " + gateway.id + " is not attached to network " + vpc.id);
    for (const Address& address : all(call, kinds::address)) {
        const auto user =
            schema::interfaces.get(call.txn(), {call.account, call.region, address.interface});
        if (user && user->vpc == vpc.id)
            return dependency("Network " + vpc.id +
                              " has some mapped public address(es). Please unmap "
                              "those public address(es) before detaching the gateway.");
    }
    gateway.vpc.clear();
    put(call, kinds::internet_gateway, gateway);
    return DetachInternetGatewayOutput{};
}

}  // namespace unkai::services::ec2
