// Snapshot → World: which namespaces, links, addresses, routes and rules a set of VPCs comes to.
#include <fmt/format.h>

#include "planes/network/lookup.h"
#include "planes/network/plan.h"

namespace unkai::planes::network {

namespace {

constexpr uint32_t main_table = 254;
constexpr uint32_t local_routes_table =
    100;  // Every interface of the VPC; comes before all others.
constexpr uint32_t local_routes_priority = 100;
constexpr uint32_t subnet_priority = 200;
constexpr uint32_t first_route_table = 1000;
constexpr const char* exchange_mac = "02:00:00:00:00:01";

uint64_t fnv1a(const std::string& text) {
    uint64_t hash = 0xcbf29ce484222325;
    for (const char letter : text) hash = (hash ^ static_cast<uint8_t>(letter)) * 0x100000001b3;
    return hash;
}

std::string short_name(char kind, const std::string& id) {
    return fmt::format("{}-{:013x}", kind, fnv1a(id) >> 12);
}

// Kernel table numbers follow from the ids alone, so that one more route table moves no other.
std::map<std::string, uint32_t> table_numbers(const Snapshot& snapshot, const std::string& vpc) {
    std::set<std::string> ids;
    for (const RouteTable& table : snapshot.route_tables)
        if (table.vpc == vpc) ids.insert(table.id);
    std::map<std::string, uint32_t> numbers;
    std::set<uint32_t> taken;
    for (const std::string& id : ids) {
        uint32_t number = first_route_table + static_cast<uint32_t>(fnv1a(id) % 0x7fff0000);
        while (!taken.insert(number).second) ++number;
        numbers[id] = number;
    }
    return numbers;
}

KernelRoute kernel_route(const Lookup& lookup, const Vpc& vpc, const Route& route, uint32_t table) {
    KernelRoute out{.table = table, .destination = route.destination};
    std::string through;
    switch (route.target) {
        case Route::Target::internet_gateway:
            if (vpc.internet_gateway) out.link = "igw";
            break;
        case Route::Target::nat_gateway:
            if (const NatGateway* nat = lookup.nat_gateway(route.target_id))
                through = nat->interface;
            break;
        case Route::Target::interface:
            through = route.target_id;
            break;
        case Route::Target::blackhole:
            break;
    }
    const Interface* interface = lookup.interface(through);
    if (interface != nullptr && interface->kind != Interface::Kind::local &&
        lookup.vpc_of(*interface) == &vpc)
        out.link = interface_link(interface->id);
    if (out.link.empty()) out.kind = KernelRoute::Kind::blackhole;
    return out;
}

void add_routing(World& world, const Snapshot& snapshot, const Lookup& lookup, const Vpc& vpc) {
    NamespaceState& state = world[vpc.id];
    for (const Cidr cidr : vpc.cidrs)
        state.routes.insert({.table = local_routes_table,
                             .destination = cidr,
                             .kind = KernelRoute::Kind::blackhole});
    state.rules.insert({local_routes_priority, Cidr::everything(), local_routes_table});

    const auto numbers = table_numbers(snapshot, vpc.id);
    for (const RouteTable& table : snapshot.route_tables) {
        if (table.vpc != vpc.id) continue;
        const uint32_t number = numbers.at(table.id);
        bool has_default = false;
        for (const Route& route : table.routes) {
            state.routes.insert(kernel_route(lookup, vpc, route, number));
            has_default |= route.destination.prefix == 0;
        }
        // What no route takes is lost without a word, as in AWS.
        if (!has_default)
            state.routes.insert({.table = number, .kind = KernelRoute::Kind::blackhole});
    }
    for (const Subnet& subnet : snapshot.subnets) {
        const auto number = numbers.find(subnet.route_table);
        if (subnet.vpc != vpc.id || number == numbers.end()) continue;
        state.rules.insert({subnet_priority, subnet.cidr, number->second});
    }
}

// The link is the tenant's, so that it goes with its namespace: out of line, by the kernel.
void add_tenants(World& world, const Lookup& lookup, const Interface& interface) {
    NamespaceState& shared = world[interface.id];
    const auto& tenants = lookup.tenants_of(interface.id);
    shared.forwarding = true;
    shared.filter = shared_filter(interface.addresses.front().address, tenants);
    for (const Tenant* tenant : tenants) {
        const std::string link = tenant_link(tenant->id);
        shared.routes.insert(
            {.table = main_table, .destination = Cidr::host(tenant->address), .link = link});
        NamespaceState& own = world[tenant->id];
        own.links.insert({"eth0", exchange_mac, interface.id, link});
        own.addresses.insert({"eth0", tenant->address, 32});
        own.routes.insert({.table = main_table, .link = "eth0", .source = tenant->address});
    }
}

void add_interface(World& world, const Lookup& lookup, const Vpc& vpc, const Interface& interface) {
    const Cidr subnet = lookup.subnet(interface.subnet)->cidr;
    NamespaceState& router = world[vpc.id];
    if (interface.kind == Interface::Kind::local) {
        for (const PrivateAddress& address : interface.addresses)
            router.addresses.insert({"lo", address.address, 32});
        return;
    }
    const std::string link = interface_link(interface.id);
    router.links.insert({link, interface.mac, interface.id, "eth0"});
    NamespaceState& own = world[interface.id];
    if (interface.kind == Interface::Kind::nat_gateway) {
        own.forwarding = true;
        own.filter = nat_filter(interface.addresses.front().address);
    }
    if (interface.kind == Interface::Kind::shared) add_tenants(world, lookup, interface);
    for (const PrivateAddress& address : interface.addresses) {
        router.routes.insert({.table = local_routes_table,
                              .destination = Cidr::host(address.address),
                              .link = link});
        own.addresses.insert({"eth0", address.address, subnet.prefix});
    }
    own.routes.insert({.table = main_table,
                       .link = "eth0",
                       .gateway = subnet.base + 1,
                       .source = interface.addresses.front().address});
}

void add_internet(World& world, const Settings& settings) {
    NamespaceState& host = world[host_namespace];
    host.filter = host_filter(settings);
    host.links.insert({settings.host_link, exchange_mac, internet_namespace, "host"});
    host.addresses.insert({settings.host_link, settings.host_address(), 32});
    host.routes.insert({.table = main_table,
                        .destination = settings.public_range,
                        .link = settings.host_link,
                        .source = settings.host_address()});

    NamespaceState& internet = world[internet_namespace];
    internet.forwarding = true;
    for (const Ipv4 address : {settings.api_address(), settings.edge_address(),
                               settings.gateway_address(), settings.dns_address()})
        internet.addresses.insert({"lo", address, 32});
    internet.routes.insert({.table = main_table,
                            .destination = Cidr::host(settings.host_address()),
                            .link = "host",
                            .source = settings.api_address()});
    internet.routes.insert({.table = main_table,
                            .destination = settings.public_range,
                            .kind = KernelRoute::Kind::blackhole});
    if (settings.egress)
        internet.routes.insert(
            {.table = main_table, .link = "host", .source = settings.api_address()});
    else
        internet.routes.insert({.table = main_table, .kind = KernelRoute::Kind::unreachable});
}

void attach_to_internet(World& world, const Lookup& lookup, const Vpc& vpc) {
    NamespaceState& internet = world[internet_namespace];
    internet.links.insert({vpc_link(vpc.id), exchange_mac, vpc.id, "igw"});
    for (const Interface* interface : lookup.interfaces_in(vpc.id))
        for (const PrivateAddress& address : interface->addresses)
            if (address.public_address)
                internet.routes.insert({.table = main_table,
                                        .destination = Cidr::host(*address.public_address),
                                        .link = vpc_link(vpc.id)});
}

}  // namespace

std::string interface_link(const std::string& interface_id) {
    return short_name('e', interface_id);
}
std::string vpc_link(const std::string& vpc_id) { return short_name('v', vpc_id); }
std::string tenant_link(const std::string& tenant_id) { return short_name('t', tenant_id); }

World compile(const Snapshot& snapshot, const Settings& settings) {
    const Lookup lookup(snapshot);
    World world;
    add_internet(world, settings);
    for (const Vpc& vpc : snapshot.vpcs) {
        NamespaceState& router = world[vpc.id];
        router.forwarding = true;
        if (!vpc.cidrs.empty()) router.addresses.insert({"lo", vpc.cidrs.front().base + 2, 32});
        router.addresses.insert({"lo", resolver_address, 32});
        router.addresses.insert({"lo", task_metadata_address, 32});
        add_routing(world, snapshot, lookup, vpc);
        for (const Interface* interface : lookup.interfaces_in(vpc.id))
            add_interface(world, lookup, vpc, *interface);
        if (vpc.internet_gateway) attach_to_internet(world, lookup, vpc);
        router.filter = vpc_filter(snapshot, vpc);
    }
    world[internet_namespace].filter = internet_filter(snapshot, settings);
    return world;
}

}  // namespace unkai::planes::network
