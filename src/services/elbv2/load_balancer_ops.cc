#include "aws/paging.h"
#include "services/elbv2/attributes.h"
#include "services/elbv2/elbv2.h"
#include "services/elbv2/limits.h"
#include "services/elbv2/names.h"

namespace unkai::services::elbv2 {

namespace {

constexpr std::string_view digits = "0123456789";
constexpr size_t dns_digits = 10;

List<AvailabilityZone> show_zones(const BalancerRecord& record) {
    List<AvailabilityZone> out;
    for (const ZoneRecord& zone : record.zones) {
        AvailabilityZone shown{.zone_name = zone.zone, .subnet_id = zone.subnet};
        shown.load_balancer_addresses.present = true;
        out.push_back(shown);
    }
    return out;
}

LoadBalancer show_load_balancer(const aws::Call& call, const BalancerRecord& record) {
    LoadBalancer out;
    out.load_balancer_arn = record.arn;
    out.dns_name = record.dns_name;
    out.canonical_hosted_zone_id = std::string(hosted_zone(call.region));
    out.created_time = record.created;
    out.load_balancer_name = record.name;
    out.scheme = record.scheme;
    out.vpc_id = record.vpc;
    out.state = LoadBalancerState{.code = "active"};
    out.type = "application";
    out.availability_zones = show_zones(record);
    out.security_groups = record.security_groups;
    out.ip_address_type = "ipv4";
    return out;
}

Status check_supported(const CreateLoadBalancerInput& in) {
    const std::string type = in.type.value_or("application");
    if (type != "application")
        return errors::InvalidConfigurationRequestException(
            "Unkai makes application load balancers only; '" + type + "' ones are not there yet.");
    if (in.ip_address_type.value_or("ipv4") != "ipv4")
        return errors::InvalidConfigurationRequestException(
            "Unkai's VPCs have no IPv6 yet; the only IpAddressType is ipv4.");
    const std::string scheme = in.scheme.value_or("internet-facing");
    if (scheme != "internet-facing" && scheme != "internal")
        return errors::InvalidSchemeException("The scheme is internet-facing or internal");
    REQUIRE(check_name("Load balancer", in.name));
    if (in.name.starts_with("internal-"))
        return invalid("Load balancer name '" + in.name + "' cannot begin with 'internal-'");
    if (in.subnets.empty() == in.subnet_mappings.empty())
        return invalid("You must specify either subnets or subnet mappings");
    return ok();
}

Result<std::vector<ZoneWish>> wishes_of(const List<std::string>& subnets,
                                        const List<SubnetMapping>& mappings) {
    std::vector<ZoneWish> out;
    for (const std::string& subnet : subnets) out.push_back({.subnet = subnet});
    for (const SubnetMapping& mapping : mappings) {
        if (mapping.allocation_id || mapping.private_i_pv4_address)
            return errors::InvalidConfigurationRequestException(
                "Fixed addresses are for network load balancers only");
        out.push_back({.subnet = mapping.subnet_id.value_or("")});
    }
    return out;
}

std::set<std::string> subnets_of(const std::vector<ZoneRecord>& zones) {
    std::set<std::string> out;
    for (const ZoneRecord& zone : zones) out.insert(zone.subnet);
    return out;
}

// The existing one of that name; an error when it is another one in truth.
Result<std::optional<BalancerRecord>> same_name(aws::Call& call, const CreateLoadBalancerInput& in,
                                                const std::vector<ZoneWish>& wishes) {
    const auto records = all(call, schema::balancers);
    for (const BalancerRecord& record : records) {
        if (record.name != in.name) continue;
        std::set<std::string> subnets;
        for (const ZoneWish& wish : wishes) subnets.insert(wish.subnet);
        const bool groups_differ =
            !in.security_groups.empty() && in.security_groups != record.security_groups;
        if (subnets != subnets_of(record.zones) || groups_differ ||
            in.scheme.value_or("internet-facing") != record.scheme)
            return errors::DuplicateLoadBalancerNameException(
                "A load balancer with the same name '" + in.name +
                "' exists, but with different settings");
        return std::optional<BalancerRecord>(record);
    }
    if (records.size() >= limits::load_balancers)
        return errors::TooManyLoadBalancersException(
            "The maximum number of load balancers has been reached");
    return std::optional<BalancerRecord>{};
}

}  // namespace

Result<BalancerRecord> find_balancer(aws::Call& call, const std::string& arn) {
    auto record = schema::balancers.get(call.txn(), {call.account, call.region, arn});
    if (!record)
        return errors::LoadBalancerNotFoundException("Load balancer '" + arn + "' not found");
    return std::move(*record);
}

Task<Result<CreateLoadBalancerOutput>> Elbv2::CreateLoadBalancer(
    aws::Call& call, const CreateLoadBalancerInput& in) {
    CO_REQUIRE(check_supported(in));
    CO_TRY(const auto wishes, wishes_of(in.subnets, in.subnet_mappings));
    CO_TRY(const Tags tags, read_tags(in.tags));
    CO_TRY(const auto existing, same_name(call, in, wishes));
    if (existing)
        co_return CreateLoadBalancerOutput{.load_balancers = {show_load_balancer(call, *existing)}};
    call.abandon();  // What follows waits; the transaction begins anew afterwards.

    BalancerRecord record{.name = in.name, .id = call.env.random.hex(16)};
    record.scheme = in.scheme.value_or("internet-facing");
    const bool facing = record.scheme == "internet-facing";
    CO_TRY(Placement placement,
           co_await interfaces_.check(aws::caller_of(call), wishes, in.security_groups, facing));
    const std::string path = "app/" + record.name + "/" + record.id;
    record.arn = call.arn("elasticloadbalancing", "loadbalancer/" + path);
    record.dns_name =
        dns_name(record.name, call.env.random.from(digits, dns_digits), call.region, !facing);
    record.vpc = placement.vpc;
    record.security_groups = placement.security_groups;
    record.created = call.now;
    record.tags = tags;
    const aws::Caller service = load_balancing(call.account, call.region);
    const std::string description = "ELB " + path;
    schema::making.put(call.txn(), {call.account, call.region, description}, {description});
    CO_REQUIRE(co_await call.commit());
    CO_TRY(record.zones, co_await interfaces_.make(service, placement, description, facing));
    schema::making.erase(call.txn(), {call.account, call.region, description});

    // From here on nothing waits: the commit cannot conflict, and does not make interfaces twice.
    const auto raced = same_name(call, in, wishes);
    if (!raced || *raced) {
        for (const ZoneRecord& zone : record.zones)
            (void)co_await interfaces_.remove(service, zone.interface);
        if (!raced) co_return raced.error();
        co_return CreateLoadBalancerOutput{.load_balancers = {show_load_balancer(call, **raced)}};
    }
    put(call, schema::balancers, record);
    co_return CreateLoadBalancerOutput{.load_balancers = {show_load_balancer(call, record)}};
}

Task<Result<DeleteLoadBalancerOutput>> Elbv2::DeleteLoadBalancer(
    aws::Call& call, const DeleteLoadBalancerInput& in) {
    const auto record =
        schema::balancers.get(call.txn(), {call.account, call.region, in.load_balancer_arn});
    if (!record && in.load_balancer_arn.find(":loadbalancer/") == std::string::npos)
        co_return fail("ValidationError",
                       "'" + in.load_balancer_arn + "' is not a valid load balancer ARN");
    if (!record) co_return DeleteLoadBalancerOutput{};
    if (attribute(AttributeKind::balancer, record->attributes, "deletion_protection.enabled") ==
        "true")
        co_return errors::OperationNotPermittedException(
            "Load balancer '" + record->arn +
            "' cannot be deleted because deletion protection is enabled");
    for (const ListenerRecord& listener : listeners_of(call, record->arn)) {
        for (const RuleRecord& rule : rules_of(call, listener.arn))
            erase(call, schema::rules, rule.arn);
        erase(call, schema::listeners, listener.arn);
        call.after_commit([this, arn = listener.arn] { certificates_.set_uses(arn, {}); });
    }
    erase(call, schema::balancers, record->arn);
    // The interfaces go by the outbox: here at once, by the publisher after a crash.
    for (const ZoneRecord& zone : record->zones)
        schema::doomed.put(call.txn(), {call.account, call.region, zone.interface},
                           {zone.interface});
    CO_REQUIRE(co_await call.commit());
    const aws::Caller service = load_balancing(call.account, call.region);
    for (const ZoneRecord& zone : record->zones)
        if (co_await interfaces_.remove(service, zone.interface))
            schema::doomed.erase(call.txn(), {call.account, call.region, zone.interface});
    co_return DeleteLoadBalancerOutput{};
}

Result<DescribeLoadBalancersOutput> Elbv2::DescribeLoadBalancers(
    aws::Call& call, const DescribeLoadBalancersInput& in) {
    if (!in.load_balancer_arns.empty() && !in.names.empty())
        return invalid("Load balancer ARNs and names cannot be specified at the same time");
    auto records = all(call, schema::balancers);
    auto wanted = [](const List<std::string>& list, const std::string& value) {
        return std::find(list.begin(), list.end(), value) != list.end();
    };
    for (const std::string& arn : in.load_balancer_arns) REQUIRE(find_balancer(call, arn));
    for (const std::string& name : in.names) {
        bool known = false;
        for (const BalancerRecord& record : records) known = known || record.name == name;
        if (!known)
            return errors::LoadBalancerNotFoundException("Load balancers '[" + name +
                                                         "]' not found");
    }
    if (!in.load_balancer_arns.empty() || !in.names.empty())
        std::erase_if(records, [&](const BalancerRecord& record) {
            return !wanted(in.load_balancer_arns, record.arn) && !wanted(in.names, record.name);
        });
    TRY(const auto page, aws::page(
                             records, [](const BalancerRecord& one) { return one.arn; }, in.marker,
                             static_cast<size_t>(in.page_size.value_or(limits::page))));
    DescribeLoadBalancersOutput out;
    out.load_balancers.present = true;
    for (const BalancerRecord* record : page.items)
        out.load_balancers.push_back(show_load_balancer(call, *record));
    out.next_marker = page.next;
    return out;
}

Task<Result<SetSecurityGroupsOutput>> Elbv2::SetSecurityGroups(aws::Call& call,
                                                               const SetSecurityGroupsInput& in) {
    CO_TRY(const BalancerRecord before, find_balancer(call, in.load_balancer_arn));
    call.abandon();
    if (in.security_groups.empty())
        co_return invalid("At least one security group must be specified");
    std::vector<ZoneWish> wishes;
    for (const ZoneRecord& zone : before.zones) wishes.push_back({.subnet = zone.subnet});
    CO_TRY(const Placement placement,
           co_await interfaces_.check(aws::caller_of(call), wishes, in.security_groups, false));
    const aws::Caller service = load_balancing(call.account, call.region);
    for (const ZoneRecord& zone : before.zones)
        CO_REQUIRE(
            co_await interfaces_.set_groups(service, zone.interface, placement.security_groups));
    CO_TRY(BalancerRecord record, find_balancer(call, in.load_balancer_arn));
    record.security_groups = placement.security_groups;
    put(call, schema::balancers, record);
    co_return SetSecurityGroupsOutput{.security_group_ids = record.security_groups};
}

Task<Result<SetSubnetsOutput>> Elbv2::SetSubnets(aws::Call& call, const SetSubnetsInput& in) {
    CO_TRY(const BalancerRecord before, find_balancer(call, in.load_balancer_arn));
    call.abandon();
    CO_TRY(const auto wishes, wishes_of(in.subnets, in.subnet_mappings));
    const bool facing = before.scheme == "internet-facing";
    CO_TRY(Placement placement, co_await interfaces_.check(aws::caller_of(call), wishes,
                                                           before.security_groups, facing));
    if (placement.vpc != before.vpc)
        co_return errors::InvalidConfigurationRequestException(
            "The subnets must belong to the load balancer's VPC: '" + before.vpc + "'");
    std::vector<ZoneRecord> kept;
    for (const ZoneRecord& zone : before.zones)
        if (std::erase_if(placement.zones,
                          [&](const ZoneWish& wish) { return wish.subnet == zone.subnet; }) > 0)
            kept.push_back(zone);
    const aws::Caller service = load_balancing(call.account, call.region);
    const std::string description = "ELB " + path_of(before.arn);
    schema::making.put(call.txn(), {call.account, call.region, description}, {description});
    CO_REQUIRE(co_await call.commit());
    CO_TRY(const auto made, co_await interfaces_.make(service, placement, description, facing));
    schema::making.erase(call.txn(), {call.account, call.region, description});
    CO_TRY(BalancerRecord record, find_balancer(call, in.load_balancer_arn));
    const std::set<std::string> stays = subnets_of(kept);
    for (const ZoneRecord& zone : record.zones)
        if (!stays.contains(zone.subnet))
            schema::doomed.put(call.txn(), {call.account, call.region, zone.interface},
                               {zone.interface});
    kept.insert(kept.end(), made.begin(), made.end());
    record.zones = kept;
    put(call, schema::balancers, record);
    co_return SetSubnetsOutput{.availability_zones = show_zones(record), .ip_address_type = "ipv4"};
}

Result<SetIpAddressTypeOutput> Elbv2::SetIpAddressType(aws::Call& call,
                                                       const SetIpAddressTypeInput& in) {
    REQUIRE(find_balancer(call, in.load_balancer_arn));
    if (in.ip_address_type != "ipv4")
        return errors::InvalidConfigurationRequestException(
            "Unkai's VPCs have no IPv6 yet; the only IpAddressType is ipv4.");
    return SetIpAddressTypeOutput{.ip_address_type = "ipv4"};
}

}  // namespace unkai::services::elbv2
