#include "planes/network/explain.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "planes/network/lookup.h"

namespace unkai::planes::network {

namespace {

std::string_view protocol_name(int protocol) {
    return protocol == 6 ? "TCP" : protocol == 17 ? "UDP" : protocol == 1 ? "ICMP" : "IP";
}

class Walk {
public:
    Walk(const Snapshot& snapshot, const Settings& settings, const Flow& flow)
        : snapshot_(snapshot), settings_(settings), flow_(flow), lookup_(snapshot) {}

    Explanation take() && { return std::move(out_); }

    void run() {
        if (flow_.source.empty())
            return arrive_at_public(flow_.destination, settings_.host_address());
        const Interface* source = lookup_.interface(flow_.source);
        const Vpc* vpc = source == nullptr ? nullptr : lookup_.vpc_of(*source);
        if (vpc == nullptr)
            return stop("network interface", flow_.source, "",
                        fmt::format("there is no network interface {}", flow_.source));
        const Ipv4 own = source->addresses.front().address;
        if (source->kind == Interface::Kind::shared && link_local.contains(flow_.destination) &&
            flow_.destination != resolver_address)
            return stop("network interface", source->id, "",
                        "what stands behind it reaches no link-local address but the resolver's");
        if (is_service(*vpc, flow_.destination))
            return pass("vpc service", flow_.destination.text(), "",
                        "the VPC itself answers on this address; security groups do not apply");
        if (!check_groups(*source, flow_.destination, nullptr, false)) return;
        for (const Cidr cidr : vpc->cidrs)
            if (cidr.contains(flow_.destination)) return within(*vpc, cidr, own, *source);
        leave(*vpc, *source);
    }

private:
    void add(bool passes, const std::string& component, const std::string& id,
             const std::string& rule, std::string text) {
        out_.steps.push_back({component, id, rule, passes, std::move(text)});
        out_.passes = passes;
    }
    void pass(const std::string& component, const std::string& id, const std::string& rule,
              std::string text) {
        add(true, component, id, rule, std::move(text));
    }
    void stop(const std::string& component, const std::string& id, const std::string& rule,
              std::string text) {
        add(false, component, id, rule, std::move(text));
    }

    static bool is_service(const Vpc& vpc, Ipv4 address) {
        return address == resolver_address || address == task_metadata_address ||
               (!vpc.cidrs.empty() && address == vpc.cidrs.front().base + 2);
    }

    bool matches(const SecurityRule& rule, Ipv4 peer, const Interface* peer_interface) const {
        if (!rule.group.empty()) {
            if (peer_interface == nullptr) return false;
            const auto& groups = peer_interface->groups;
            if (std::find(groups.begin(), groups.end(), rule.group) == groups.end()) return false;
        } else if (!rule.cidr.contains(peer)) {
            return false;
        }
        if (rule.protocol == -1) return true;
        if (rule.protocol != flow_.protocol) return false;
        if (rule.from_port < 0) return true;
        if (rule.protocol == 1) return rule.from_port == flow_.port;
        if (rule.protocol != 6 && rule.protocol != 17) return true;
        return rule.from_port <= flow_.port && flow_.port <= rule.to_port;
    }

    bool check_groups(const Interface& interface, Ipv4 peer, const Interface* peer_interface,
                      bool ingress) {
        if (interface.kind == Interface::Kind::nat_gateway) return true;
        if (!ingress) peer_interface = interface_at(interface, peer);
        for (const std::string& id : interface.groups) {
            const SecurityGroup* group = lookup_.group(id);
            if (group == nullptr) continue;
            for (const SecurityRule& rule : ingress ? group->ingress : group->egress) {
                if (!matches(rule, peer, peer_interface)) continue;
                pass("security group", id, rule.id,
                     fmt::format("{} of {} lets {} {} {} through", ingress ? "ingress" : "egress",
                                 interface.id, protocol_name(flow_.protocol),
                                 ingress ? "from" : "to", peer.text()));
                return true;
            }
        }
        stop("security group", join(interface.groups, ","), "",
             fmt::format("no {} rule of {} lets {} port {} {} {} through; add one to a security "
                         "group of {}",
                         ingress ? "ingress" : "egress", join(interface.groups, ", "),
                         protocol_name(flow_.protocol), flow_.port, ingress ? "from" : "to",
                         peer.text(), interface.id));
        return false;
    }

    const Interface* interface_at(const Interface& beside, Ipv4 address) const {
        const Vpc* vpc = lookup_.vpc_of(beside);
        return vpc == nullptr ? nullptr : interface_in(*vpc, address);
    }
    const Interface* interface_in(const Vpc& vpc, Ipv4 address) const {
        for (const Interface* interface : lookup_.interfaces_in(vpc.id))
            for (const PrivateAddress& own : interface->addresses)
                if (own.address == address) return interface;
        return nullptr;
    }

    void within(const Vpc& vpc, Cidr local, Ipv4 from, const Interface& source) {
        pass("route table", lookup_.subnet(source.subnet)->route_table, local.text(),
             fmt::format("{} is local to {}", flow_.destination.text(), vpc.id));
        const Interface* target = interface_in(vpc, flow_.destination);
        if (target == nullptr)
            return stop("vpc", vpc.id, "",
                        fmt::format("no network interface of {} has the address {}", vpc.id,
                                    flow_.destination.text()));
        if (target->kind == Interface::Kind::shared) return take_nothing(*target);
        check_groups(*target, from, &source, true);
    }

    void take_nothing(const Interface& target) {
        stop("network interface", target.id, "",
             "takes no connections: what stands behind it, functions for one, only begins them");
    }

    // The route of a subnet's table for an address outside of the VPC; says so if there is none.
    const Route* route_for(const Subnet& subnet, Ipv4 address) {
        const RouteTable* table = lookup_.route_table(subnet.route_table);
        const Route* best = nullptr;
        if (table != nullptr)
            for (const Route& route : table->routes)
                if (route.destination.contains(address) &&
                    (best == nullptr || route.destination.prefix > best->destination.prefix))
                    best = &route;
        if (best == nullptr)
            stop("route table", subnet.route_table, "",
                 fmt::format("the route table of {} has no route to {}; add one through a NAT "
                             "gateway or an internet gateway",
                             subnet.id, address.text()));
        return best;
    }

    void leave(const Vpc& vpc, const Interface& source) {
        const Subnet& subnet = *lookup_.subnet(source.subnet);
        const Route* route = route_for(subnet, flow_.destination);
        if (route == nullptr) return;
        const std::string rule = route->destination.text();
        switch (route->target) {
            case Route::Target::internet_gateway:
                pass("route table", subnet.route_table, rule, "leads to the internet gateway");
                return through_gateway(vpc, source);
            case Route::Target::nat_gateway: {
                const NatGateway* nat = lookup_.nat_gateway(route->target_id);
                const Interface* own = nat == nullptr ? nullptr : lookup_.interface(nat->interface);
                if (own == nullptr || lookup_.vpc_of(*own) != &vpc) break;
                pass("route table", subnet.route_table, rule,
                     fmt::format("leads to the NAT gateway {}", nat->id));
                const Subnet& next = *lookup_.subnet(own->subnet);
                const Route* onwards = route_for(next, flow_.destination);
                if (onwards == nullptr) return;
                if (onwards->target != Route::Target::internet_gateway)
                    return stop("route table", next.route_table, onwards->destination.text(),
                                fmt::format("the NAT gateway's own subnet {} does not lead to an "
                                            "internet gateway",
                                            next.id));
                pass("nat gateway", nat->id, "",
                     fmt::format("translates to {}", own->addresses.front().address.text()));
                return through_gateway(vpc, *own);
            }
            case Route::Target::interface: {
                const Interface* next = lookup_.interface(route->target_id);
                if (next == nullptr || next->kind == Interface::Kind::local) break;
                return pass("route table", subnet.route_table, rule,
                            fmt::format("leads to {}, which decides from here on", next->id));
            }
            case Route::Target::blackhole:
                break;
        }
        stop("route table", subnet.route_table, rule,
             "the route is a black hole: its target does not exist any more");
    }

    void through_gateway(const Vpc& vpc, const Interface& source) {
        if (!vpc.internet_gateway)
            return stop("internet gateway", "", "",
                        fmt::format("no internet gateway is attached to {}", vpc.id));
        const auto own = source.addresses.front().public_address;
        if (!own)
            return stop("internet gateway", vpc.id, "",
                        fmt::format("{} has no public address, so the internet gateway drops its "
                                    "packets; give it one, or route its subnet through a NAT "
                                    "gateway",
                                    source.id));
        pass("internet gateway", vpc.id, "",
             fmt::format("translates to the public address {}", own->text()));
        arrive_at_public(flow_.destination, *own);
    }

    void arrive_at_public(Ipv4 destination, Ipv4 from) {
        if (destination == settings_.api_address() || destination == settings_.edge_address() ||
            destination == settings_.gateway_address() || destination == settings_.dns_address())
            return pass("public endpoint", destination.text(), "", "Unkai answers here");
        if (!settings_.public_range.contains(destination)) {
            if (link_local.contains(destination))
                return stop("host", "", "", "link-local addresses do not leave the machine");
            if (settings_.egress) return pass("host", "", "", "the host passes it on to the world");
            return stop("host", "", "",
                        "the world outside of this machine is closed; start Unkai with egress on");
        }
        for (const Vpc& vpc : snapshot_.vpcs)
            for (const Interface* interface : lookup_.interfaces_in(vpc.id))
                for (const PrivateAddress& own : interface->addresses)
                    if (own.public_address == destination)
                        return arrive(vpc, *interface, own, from);
        stop("internet", destination.text(), "",
             fmt::format("nothing has the public address {}", destination.text()));
    }

    void arrive(const Vpc& vpc, const Interface& target, const PrivateAddress& own, Ipv4 from) {
        if (!vpc.internet_gateway)
            return stop("internet gateway", "", "",
                        fmt::format("no internet gateway is attached to {}", vpc.id));
        pass("internet gateway", vpc.id, "",
             fmt::format("translates {} to {} of {}", own.public_address->text(),
                         own.address.text(), target.id));
        if (target.kind == Interface::Kind::nat_gateway)
            return stop("nat gateway", target.id, "", "takes no connections from the internet");
        if (target.kind == Interface::Kind::shared) return take_nothing(target);
        if (!check_groups(target, from, nullptr, true)) return;
        const Subnet& subnet = *lookup_.subnet(target.subnet);
        const Route* back = route_for(subnet, from);
        if (back == nullptr) return;
        if (back->target != Route::Target::internet_gateway)
            return stop("route table", subnet.route_table, back->destination.text(),
                        fmt::format("answers to {} do not leave by the internet gateway: the "
                                    "subnet {} is private",
                                    from.text(), subnet.id));
        pass("route table", subnet.route_table, back->destination.text(),
             "answers leave by the internet gateway");
    }

    const Snapshot& snapshot_;
    const Settings& settings_;
    const Flow& flow_;
    Lookup lookup_;
    Explanation out_;
};

}  // namespace

Explanation explain(const Snapshot& snapshot, const Settings& settings, const Flow& flow) {
    Walk walk(snapshot, settings, flow);
    walk.run();
    return std::move(walk).take();
}

}  // namespace unkai::planes::network
