#include "base/strings.h"
#include "services/route53/limits.h"
#include "services/route53/route53.h"

namespace unkai::services::route53 {

namespace {

constexpr int64_t name_server_ttl = 172800, soa_ttl = 900;

std::string new_zone_id(Random& random) {
    return "Z0" + random.from("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 19);
}

// ns-N.awsdns-M.TLD: 2,048 name servers, 512 in each of four top-level domains, 64 domains in each.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/GetInfoAboutHostedZone.html
std::vector<std::string> name_servers(Random* random) {
    constexpr std::string_view domains[] = {"com", "net", "org", "co.uk"};
    std::vector<std::string> out;
    for (size_t i = 0; i < 4; ++i) {
        const size_t number = random == nullptr ? 0 : random->below(512);
        const std::string domain = std::to_string(number / 8);
        out.push_back("ns-" + std::to_string(512 * i + number) + ".awsdns-" +
                      (domain.size() < 2 ? "0" : "") + domain + "." + std::string(domains[i]));
    }
    return out;
}

void put_record(aws::Call& call, const Zone& zone, const Record& record) {
    schema::records.put(call.txn(),
                        {zone.id, order_of(record.name), record.type, record.identifier}, record);
}

// The two records that every zone is born with.
void put_first_records(aws::Call& call, Zone& zone) {
    Record servers{.name = zone.name, .type = "NS", .ttl = name_server_ttl};
    for (const std::string& server : zone.name_servers) servers.values.push_back(server + ".");
    put_record(call, zone, servers);
    const std::string soa =
        zone.name_servers[0] + ". awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400";
    put_record(call, zone, {.name = zone.name, .type = "SOA", .ttl = soa_ttl, .values = {soa}});
    zone.records = 2;
}

Result<Zone> make_zone(aws::Call& call, const CreateHostedZoneInput& in) {
    auto name = normal_name(in.name);
    if (!name || *name == "." || in.name.find(' ') != std::string::npos)
        return errors::InvalidDomainName("The domain name '" + in.name + "' is not valid.");
    if (in.delegation_set_id)
        return errors::NoSuchDelegationSet(
            "Reusable delegation sets are not kept here. Leave DelegationSetId out: "
            "every zone gets four name servers that this DNS server answers for.");
    const std::vector<Zone> zones = zones_of(call);
    for (const Zone& zone : zones)
        if (zone.caller_reference == in.caller_reference)
            return errors::HostedZoneAlreadyExists(
                "A hosted zone has already been created with the specified caller reference.");
    if (zones.size() >= limits::hosted_zones)
        return errors::TooManyHostedZones("Limits Exceeded: MAX_HOSTED_ZONES_BY_OWNER is " +
                                          std::to_string(limits::hosted_zones) + ".");
    Zone zone;
    zone.id = new_zone_id(call.env.random);
    zone.account = call.account;
    zone.name = std::move(*name);
    zone.caller_reference = in.caller_reference;
    if (in.hosted_zone_config) zone.comment = in.hosted_zone_config->comment.value_or("");
    zone.is_private = in.vpc.has_value();
    zone.created = call.now;
    if (zone.is_private) {
        if (!in.vpc->vpc_id || !in.vpc->vpc_region)
            return errors::InvalidVPCId("Both VPCId and VPCRegion must be given.");
        REQUIRE(check_conflicts(call, zone, *in.vpc->vpc_id));
        zone.vpcs.push_back({*in.vpc->vpc_region, *in.vpc->vpc_id});
    } else if (in.hosted_zone_config && in.hosted_zone_config->private_zone.value_or(false)) {
        return errors::InvalidInput(
            "When you're creating a private hosted zone, you must specify the VPC.");
    }
    zone.name_servers = name_servers(zone.is_private ? nullptr : &call.env.random);
    return zone;
}

DelegationSet delegation_of(const Zone& zone) {
    DelegationSet out;
    for (const std::string& server : zone.name_servers) out.name_servers.push_back(server);
    return out;
}

}  // namespace

Result<Zone> find_zone(aws::Call& call, std::string_view id) {
    for (const std::string_view prefix :
         {std::string_view("/hostedzone/"), std::string_view("hostedzone/")})
        if (id.starts_with(prefix)) id.remove_prefix(prefix.size());
    auto zone = schema::zones.get(call.txn(), {std::string(id)});
    if (!zone || zone->account != call.account)
        return errors::NoSuchHostedZone("No hosted zone found with ID: " + std::string(id));
    return std::move(*zone);
}

std::vector<Zone> zones_of(aws::Call& call) {
    std::vector<Zone> out;
    schema::zones.each(call.txn(), "", [&](const auto&, Zone zone) {
        if (zone.account == call.account) out.push_back(std::move(zone));
        return true;
    });
    return out;
}

HostedZone describe_zone(const Zone& zone) {
    HostedZone out;
    out.id = "/hostedzone/" + zone.id;
    out.name = zone.name;
    out.caller_reference = zone.caller_reference;
    out.config = HostedZoneConfig{.private_zone = zone.is_private};
    if (!zone.comment.empty()) out.config->comment = zone.comment;
    out.resource_record_set_count = zone.records;
    return out;
}

Result<size_t> page_size(const std::optional<std::string>& text, size_t most) {
    if (!text || text->empty()) return most;
    const auto value = parse_uint(*text);
    if (!value || *value == 0)
        return errors::InvalidInput("MaxItems must be a positive number, not '" + *text + "'.");
    return std::min<size_t>(*value, most);
}

Task<Result<CreateHostedZoneOutput>> Route53::CreateHostedZone(aws::Call& call,
                                                               const CreateHostedZoneInput& in) {
    if (in.vpc) CO_REQUIRE(co_await check_vpc(aws::caller_of(call), *in.vpc));
    CO_TRY(Zone zone, make_zone(call, in));
    put_first_records(call, zone);
    schema::zones.put(call.txn(), {zone.id}, zone);
    CreateHostedZoneOutput out;
    out.hosted_zone = describe_zone(zone);
    out.change_info = new_change(call);
    out.delegation_set = delegation_of(zone);
    out.vpc = in.vpc;
    out.location = "https://route53.amazonaws.com/2013-04-01/hostedzone/" + zone.id;
    co_return out;
}

Result<GetHostedZoneOutput> Route53::GetHostedZone(aws::Call& call, const GetHostedZoneInput& in) {
    TRY(const Zone zone, find_zone(call, in.id));
    GetHostedZoneOutput out;
    out.hosted_zone = describe_zone(zone);
    if (!zone.is_private) out.delegation_set = delegation_of(zone);
    for (const VpcAssociation& one : zone.vpcs)
        out.vpcs.push_back({.vpc_region = one.region, .vpc_id = one.vpc});
    return out;
}

Result<ListHostedZonesOutput> Route53::ListHostedZones(aws::Call& call,
                                                       const ListHostedZonesInput& in) {
    TRY(const size_t most, page_size(in.max_items, limits::zone_page));
    if (in.delegation_set_id)
        return errors::NoSuchDelegationSet("No delegation set found with ID: " +
                                           *in.delegation_set_id);
    ListHostedZonesOutput out;
    out.marker = in.marker.value_or("");
    out.max_items = std::to_string(most);
    for (const Zone& zone : zones_of(call)) {
        if (zone.id < out.marker || (in.hosted_zone_type && !zone.is_private)) continue;
        if (out.hosted_zones.size() == most) {
            out.is_truncated = true;
            out.next_marker = zone.id;
            break;
        }
        out.hosted_zones.push_back(describe_zone(zone));
    }
    return out;
}

Result<ListHostedZonesByNameOutput> Route53::ListHostedZonesByName(
    aws::Call& call, const ListHostedZonesByNameInput& in) {
    TRY(const size_t most, page_size(in.max_items, limits::zone_page));
    if (in.hosted_zone_id && !in.dns_name)
        return errors::InvalidInput("The request must have a DNS name if it has a hosted zone ID.");
    std::pair<std::string, std::string> first;
    if (in.dns_name) {
        const auto name = normal_name(*in.dns_name);
        if (!name)
            return errors::InvalidDomainName("The domain name '" + *in.dns_name +
                                             "' is not valid.");
        first = {order_of(*name), in.hosted_zone_id.value_or("")};
    }
    std::map<std::pair<std::string, std::string>, Zone> ordered;
    for (Zone& zone : zones_of(call)) {
        std::pair key(order_of(zone.name), zone.id);
        if (key >= first) ordered.emplace(std::move(key), std::move(zone));
    }
    ListHostedZonesByNameOutput out;
    out.dns_name = in.dns_name;
    out.hosted_zone_id = in.hosted_zone_id;
    out.max_items = std::to_string(most);
    for (const auto& [key, zone] : ordered) {
        if (out.hosted_zones.size() == most) {
            out.is_truncated = true;
            out.next_dns_name = zone.name;
            out.next_hosted_zone_id = zone.id;
            break;
        }
        out.hosted_zones.push_back(describe_zone(zone));
    }
    return out;
}

Result<GetHostedZoneCountOutput> Route53::GetHostedZoneCount(aws::Call& call,
                                                             const GetHostedZoneCountInput&) {
    GetHostedZoneCountOutput out;
    out.hosted_zone_count = static_cast<int64_t>(zones_of(call).size());
    return out;
}

Result<UpdateHostedZoneCommentOutput> Route53::UpdateHostedZoneComment(
    aws::Call& call, const UpdateHostedZoneCommentInput& in) {
    TRY(Zone zone, find_zone(call, in.id));
    zone.comment = in.comment.value_or("");
    schema::zones.put(call.txn(), {zone.id}, zone);
    UpdateHostedZoneCommentOutput out;
    out.hosted_zone = describe_zone(zone);
    return out;
}

Result<DeleteHostedZoneOutput> Route53::DeleteHostedZone(aws::Call& call,
                                                         const DeleteHostedZoneInput& in) {
    TRY(const Zone zone, find_zone(call, in.id));
    const auto records = schema::records.list(call.txn(), zone.id);
    for (const auto& [key, record] : records) {
        if (record.name == zone.name && (record.type == "NS" || record.type == "SOA")) continue;
        return errors::HostedZoneNotEmpty(
            "The specified hosted zone contains non-required resource record sets and so cannot be "
            "deleted.");
    }
    for (const auto& [key, record] : records) schema::records.erase(call.txn(), key);
    schema::zones.erase(call.txn(), {zone.id});
    DeleteHostedZoneOutput out;
    out.change_info = new_change(call);
    return out;
}

Result<GetAccountLimitOutput> Route53::GetAccountLimit(aws::Call& call,
                                                       const GetAccountLimitInput& in) {
    namespace type = account_limit_type;
    GetAccountLimitOutput out;
    out.limit.type = in.type;
    if (in.type == type::max_hosted_zones_by_owner) {
        out.limit.value = limits::hosted_zones;
        out.count = static_cast<int64_t>(zones_of(call).size());
    } else {
        if (in.type == type::max_health_checks_by_owner)
            out.count = static_cast<int64_t>(health_checks_of(call).size());
        out.limit.value = in.type == type::max_health_checks_by_owner ? limits::health_checks
                          : in.type == type::max_reusable_delegation_sets_by_owner ? 100
                          : in.type == type::max_traffic_policies_by_owner         ? 50
                                                                                   : 5;
    }
    return out;
}

Result<GetHostedZoneLimitOutput> Route53::GetHostedZoneLimit(aws::Call& call,
                                                             const GetHostedZoneLimitInput& in) {
    TRY(const Zone zone, find_zone(call, in.hosted_zone_id));
    GetHostedZoneLimitOutput out;
    out.limit.type = in.type;
    if (in.type == hosted_zone_limit_type::max_rrsets_by_zone) {
        out.limit.value = limits::records_per_zone;
        out.count = zone.records;
        return out;
    }
    if (!zone.is_private)
        return errors::HostedZoneNotPrivate(
            "The specified hosted zone is not a private hosted zone.");
    out.limit.value = limits::vpcs_per_zone;
    out.count = static_cast<int64_t>(zone.vpcs.size());
    return out;
}

}  // namespace unkai::services::route53
