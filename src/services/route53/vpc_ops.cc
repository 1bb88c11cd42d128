#include "api/ec2.h"
#include "aws/paging.h"
#include "services/route53/limits.h"
#include "services/route53/route53.h"

namespace unkai::services::route53 {

Task<Status> Route53::check_vpc(aws::Caller caller, VPC vpc) {
    const std::string id = vpc.vpc_id.value_or("");
    caller.region = vpc.vpc_region.value_or(caller.region);
    const auto found = co_await client_.call<api::ec2::op::DescribeVpcs>(caller, {.vpc_ids = {id}});
    if (!found || found->vpcs.empty())
        co_return errors::InvalidVPCId(
            "The VPC: " + id + " in region " + caller.region +
            " that you provided is not authorized to make the association.");
    co_return ok();
}

Status check_conflicts(aws::Call& call, const Zone& zone, const std::string& vpc) {
    for (const Zone& other : zones_of(call)) {
        if (other.id == zone.id || other.name != zone.name) continue;
        for (const VpcAssociation& one : other.vpcs)
            if (one.vpc == vpc)
                return errors::ConflictingDomainExists(
                    "The VPC " + vpc + " in region " + one.region +
                    " has already been associated with the hosted zone " + other.id +
                    " with the same domain name.");
    }
    return ok();
}

Task<Result<AssociateVPCWithHostedZoneOutput>> Route53::AssociateVPCWithHostedZone(
    aws::Call& call, const AssociateVPCWithHostedZoneInput& in) {
    if (!in.vpc.vpc_id || !in.vpc.vpc_region)
        co_return errors::InvalidVPCId("Both VPCId and VPCRegion must be given.");
    CO_REQUIRE(co_await check_vpc(aws::caller_of(call), in.vpc));
    CO_TRY(Zone zone, find_zone(call, in.hosted_zone_id));
    if (!zone.is_private)
        co_return errors::PublicZoneVPCAssociation(
            "You're trying to associate a VPC with a public hosted zone.");
    const VpcAssociation wanted{*in.vpc.vpc_region, *in.vpc.vpc_id};
    if (std::ranges::find(zone.vpcs, wanted) == zone.vpcs.end()) {
        if (zone.vpcs.size() >= limits::vpcs_per_zone)
            co_return errors::LimitsExceeded("MAX_VPCS_ASSOCIATED_BY_ZONE is " +
                                             std::to_string(limits::vpcs_per_zone) + ".");
        CO_REQUIRE(check_conflicts(call, zone, wanted.vpc));
        zone.vpcs.push_back(wanted);
        schema::zones.put(call.txn(), {zone.id}, zone);
    }
    AssociateVPCWithHostedZoneOutput out;
    out.change_info = new_change(call, in.comment);
    co_return out;
}

Result<DisassociateVPCFromHostedZoneOutput> Route53::DisassociateVPCFromHostedZone(
    aws::Call& call, const DisassociateVPCFromHostedZoneInput& in) {
    TRY(Zone zone, find_zone(call, in.hosted_zone_id));
    const VpcAssociation unwanted{in.vpc.vpc_region.value_or(""), in.vpc.vpc_id.value_or("")};
    const auto place = std::ranges::find(zone.vpcs, unwanted);
    if (place == zone.vpcs.end())
        return errors::VPCAssociationNotFound(
            "The VPC: " + unwanted.vpc + " and hosted zone: " + zone.id + " are not associated.");
    if (zone.vpcs.size() == 1)
        return errors::LastVPCAssociation("The VPC: " + unwanted.vpc +
                                          " is the last VPC associated with the hosted zone: " +
                                          zone.id + ". Delete the hosted zone instead.");
    zone.vpcs.erase(place);
    schema::zones.put(call.txn(), {zone.id}, zone);
    DisassociateVPCFromHostedZoneOutput out;
    out.change_info = new_change(call, in.comment);
    return out;
}

Result<ListHostedZonesByVPCOutput> Route53::ListHostedZonesByVPC(
    aws::Call& call, const ListHostedZonesByVPCInput& in) {
    TRY(const size_t most, page_size(in.max_items, limits::zone_page));
    std::vector<Zone> zones = zones_of(call);
    std::erase_if(zones, [&](const Zone& zone) {
        return std::ranges::find(zone.vpcs, VpcAssociation{in.vpc_region, in.vpc_id}) ==
               zone.vpcs.end();
    });
    TRY(const auto page, aws::page(
                             zones, [](const Zone& zone) { return zone.id; }, in.next_token, most,
                             "InvalidPaginationToken"));
    ListHostedZonesByVPCOutput out;
    out.max_items = std::to_string(most);
    for (const Zone* zone : page.items)
        out.hosted_zone_summaries.push_back({.hosted_zone_id = zone->id,
                                             .name = zone->name,
                                             .owner = {.owning_account = zone->account}});
    out.next_token = page.next;
    return out;
}

}  // namespace unkai::services::route53
