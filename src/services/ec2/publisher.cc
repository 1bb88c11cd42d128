#include "services/ec2/publisher.h"

#include "base/log.h"
#include "services/ec2/limits.h"
#include "services/ec2/rules.h"
#include "services/ec2/schema.h"

namespace unkai::services::ec2 {

namespace plane = planes::network;

namespace {

template <class R>
std::map<std::string, R> rows(store::Txn& txn, const schema::Table<R>& table) {
    std::map<std::string, R> out;
    for (auto& [key, record] : table.list(txn)) out.emplace(record.id, std::move(record));
    return out;
}

plane::Route route_of(const RouteRecord& record) {
    plane::Route out;
    out.destination = *Cidr::parse(record.destination);
    out.target_id = record.target;
    if (record.target.starts_with("igw-"))
        out.target = plane::Route::Target::internet_gateway;
    else if (record.target.starts_with("nat-"))
        out.target = plane::Route::Target::nat_gateway;
    else
        out.target = plane::Route::Target::interface;
    return out;
}

plane::SecurityRule rule_of(const GroupRule& rule) {
    plane::SecurityRule out{.id = rule.id,
                            .protocol = protocol_number(rule.protocol),
                            .from_port = rule.from_port,
                            .to_port = rule.to_port,
                            .group = rule.group};
    if (!rule.cidr.empty()) out.cidr = *Cidr::parse(rule.cidr);
    return out;
}

plane::SecurityGroup group_of(const SecurityGroup& group) {
    plane::SecurityGroup out{.id = group.id, .vpc = group.vpc};
    for (const GroupRule& rule : group.rules) {
        if (!rule.cidr6.empty()) continue;  // There is no IPv6 that it could let through.
        (rule.egress ? out.egress : out.ingress).push_back(rule_of(rule));
    }
    return out;
}

plane::Interface interface_of(const NetworkInterface& interface,
                              const std::map<std::string, Ipv4>& public_addresses) {
    plane::Interface out{.id = interface.id, .subnet = interface.subnet, .mac = interface.mac};
    if (interface.type == "nat_gateway")
        out.kind = plane::Interface::Kind::nat_gateway;
    else if (interface.requester == "elasticloadbalancing.amazonaws.com")
        out.kind = plane::Interface::Kind::local;
    else if (interface.requester == "lambda.amazonaws.com")
        out.kind = plane::Interface::Kind::shared;
    for (const std::string& address : interface.addresses) {
        plane::PrivateAddress own{*Ipv4::parse(address), std::nullopt};
        const auto found = public_addresses.find(interface.id + "/" + address);
        if (found != public_addresses.end()) own.public_address = found->second;
        out.addresses.push_back(own);
    }
    out.groups = interface.groups;
    out.source_destination_check = !interface.unchecked;
    return out;
}

}  // namespace

plane::Snapshot compile(store::Txn& txn) {
    plane::Snapshot out;
    const auto interfaces = rows(txn, schema::interfaces);
    std::set<std::string> used;
    for (const auto& [id, interface] : interfaces)
        if (!interface.requester.empty()) used.insert(interface.vpc);

    std::set<std::string> attached;
    for (const auto& [id, gateway] : rows(txn, schema::internet_gateways))
        attached.insert(gateway.vpc);
    for (const auto& [id, vpc] : rows(txn, schema::vpcs)) {
        if (!used.contains(id)) continue;
        plane::Vpc& one = out.vpcs.emplace_back();
        one.id = id;
        for (const CidrAssociation& cidr : vpc.cidrs) one.cidrs.push_back(*Cidr::parse(cidr.cidr));
        one.internet_gateway = attached.contains(id);
    }
    std::map<std::string, std::string> main_tables, table_of;
    for (const auto& [id, table] : rows(txn, schema::route_tables)) {
        for (const TableAssociation& association : table.associations)
            if (association.subnet.empty())
                main_tables[table.vpc] = id;
            else
                table_of[association.subnet] = id;
        if (!used.contains(table.vpc)) continue;
        plane::RouteTable& one = out.route_tables.emplace_back();
        one.id = id;
        one.vpc = table.vpc;
        for (const RouteRecord& route : table.routes) one.routes.push_back(route_of(route));
    }
    for (const auto& [id, subnet] : rows(txn, schema::subnets)) {
        if (!used.contains(subnet.vpc)) continue;
        const auto own = table_of.find(id);
        out.subnets.push_back({id, subnet.vpc, *Cidr::parse(subnet.cidr),
                               own != table_of.end() ? own->second : main_tables[subnet.vpc]});
    }
    for (const auto& [id, group] : rows(txn, schema::groups))
        if (used.contains(group.vpc)) out.groups.push_back(group_of(group));
    std::map<std::string, Ipv4> public_addresses;
    for (const auto& [id, address] : rows(txn, schema::addresses))
        if (!address.association.empty())
            public_addresses[address.interface + "/" + address.private_ip] =
                *Ipv4::parse(address.public_ip);
    for (const auto& [id, interface] : interfaces)
        if (!interface.requester.empty())
            out.interfaces.push_back(interface_of(interface, public_addresses));
    for (const auto& [id, nat] : rows(txn, schema::nat_gateways))
        if (nat.state == "pending" || nat.state == "available")
            out.nat_gateways.push_back({id, nat.interface});
    return out;
}

void Publisher::start() {
    watch_ = store_.watch(schema::everything, [this](std::span<const store::Change>, bool) {
        ++wanted_;
        changed_.notify_all();
    });
    scope_.spawn(run());
}

Task<void> Publisher::stop() {
    watch_.reset();
    stop_.request();
    co_await scope_.join();
}

Task<void> Publisher::settle() {
    const uint64_t mine = wanted_;
    while (done_ < mine && !stop_.requested()) co_await published_.wait(env_.loop, never, &stop_);
}

Task<void> Publisher::run() {
    while (!stop_.requested()) {
        if (done_ == wanted_) {
            co_await changed_.wait(env_.loop, never, &stop_);
            continue;
        }
        const uint64_t number = wanted_;
        store::Txn txn = store_.begin();
        const plane::Snapshot snapshot = compile(txn);
        Status status = co_await network_.apply(snapshot);
        if (status) status = co_await advance(snapshot);
        if (!status) {
            log::error("the network could not be made as wanted; trying again",
                       {{"error", status.error().message}});
            co_await env_.loop.sleep(1s, &stop_);
            continue;
        }
        done_ = number;
        published_.notify_all();
    }
}

Task<Status> Publisher::advance(const plane::Snapshot& applied) {
    std::set<std::string> there;
    for (const plane::NatGateway& nat : applied.nat_gateways) there.insert(nat.id);
    store::Txn txn = store_.begin();
    const Time now = env_.now();
    for (auto& [key, nat] : schema::nat_gateways.list(txn)) {
        if (nat.state == "pending" && there.contains(nat.id)) {
            nat.state = "available";
        } else if (nat.state == "deleting" && !there.contains(nat.id)) {
            nat.state = "deleted";
            nat.deleted = now;
        } else if (nat.state == "deleted" && nat.deleted &&
                   now - *nat.deleted > std::chrono::hours(limits::deleted_nat_hours)) {
            schema::nat_gateways.erase(txn, key);
            continue;
        } else {
            continue;
        }
        schema::nat_gateways.put(txn, key, nat);
    }
    if (!txn.has_writes()) co_return ok();
    co_return co_await store_.commit(txn);
}

}  // namespace unkai::services::ec2
