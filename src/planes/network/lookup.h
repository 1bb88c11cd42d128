// A snapshot by ids. Lives no longer than the snapshot it was built from; null for what is missing.
#pragma once

#include <unordered_map>

#include "planes/network/snapshot.h"

namespace unkai::planes::network {

class Lookup {
public:
    explicit Lookup(const Snapshot& snapshot) {
        for (const Vpc& vpc : snapshot.vpcs) vpcs_[vpc.id] = &vpc;
        for (const Subnet& subnet : snapshot.subnets) subnets_[subnet.id] = &subnet;
        for (const RouteTable& table : snapshot.route_tables) route_tables_[table.id] = &table;
        for (const SecurityGroup& group : snapshot.groups) groups_[group.id] = &group;
        for (const NatGateway& nat : snapshot.nat_gateways) nat_gateways_[nat.id] = &nat;
        for (const Tenant& tenant : snapshot.tenants) tenants_[tenant.interface].push_back(&tenant);
        for (const Interface& interface : snapshot.interfaces) {
            interfaces_[interface.id] = &interface;
            if (const Vpc* vpc = vpc_of(interface)) by_vpc_[vpc->id].push_back(&interface);
        }
    }

    const Vpc* vpc(const std::string& id) const { return find(vpcs_, id); }
    const Subnet* subnet(const std::string& id) const { return find(subnets_, id); }
    const RouteTable* route_table(const std::string& id) const { return find(route_tables_, id); }
    const SecurityGroup* group(const std::string& id) const { return find(groups_, id); }
    const NatGateway* nat_gateway(const std::string& id) const { return find(nat_gateways_, id); }
    const Interface* interface(const std::string& id) const { return find(interfaces_, id); }

    const Vpc* vpc_of(const Interface& interface) const {
        const Subnet* in = subnet(interface.subnet);
        return in == nullptr || interface.addresses.empty() ? nullptr : vpc(in->vpc);
    }
    const std::vector<const Interface*>& interfaces_in(const std::string& vpc) const {
        static const std::vector<const Interface*> none;
        const auto found = by_vpc_.find(vpc);
        return found == by_vpc_.end() ? none : found->second;
    }

    const std::vector<const Tenant*>& tenants_of(const std::string& interface) const {
        static const std::vector<const Tenant*> none;
        const auto found = tenants_.find(interface);
        return found == tenants_.end() ? none : found->second;
    }

private:
    template <class T>
    using Map = std::unordered_map<std::string, const T*>;
    template <class T>
    static const T* find(const Map<T>& map, const std::string& id) {
        const auto found = map.find(id);
        return found == map.end() ? nullptr : found->second;
    }

    Map<Vpc> vpcs_;
    Map<Subnet> subnets_;
    Map<RouteTable> route_tables_;
    Map<SecurityGroup> groups_;
    Map<NatGateway> nat_gateways_;
    Map<Interface> interfaces_;
    std::unordered_map<std::string, std::vector<const Interface*>> by_vpc_;
    std::unordered_map<std::string, std::vector<const Tenant*>> tenants_;
};

}  // namespace unkai::planes::network
