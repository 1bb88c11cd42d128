// The packet filter of each kind of namespace, as nftables text.
//
// An interface's packets are checked twice: by its sender's egress rules and by its receiver's
// ingress rules, in two base chains of each hook that a first packet may pass (forward: between
// interfaces; input and output: to and from listeners of Unkai inside the VPC). What connection
// tracking knows passes.
#include <fmt/format.h>

#include "base/strings.h"
#include "planes/network/lookup.h"
#include "planes/network/plan.h"

namespace unkai::planes::network {

namespace {

constexpr const char* known_connection = "ct state established,related accept";

std::string quoted(const std::string& name) { return "\"" + name + "\""; }

// "tcp dport 80-90 ", or nothing where every packet matches.
std::string protocol_match(const SecurityRule& rule) {
    const auto any = rule.from_port < 0 && rule.to_port < 0;
    switch (rule.protocol) {
        case -1:
            return "";
        case 1: {
            if (rule.from_port < 0) return "ip protocol icmp ";
            std::string match = fmt::format("icmp type {} ", rule.from_port);
            if (rule.to_port >= 0) match += fmt::format("icmp code {} ", rule.to_port);
            return match;
        }
        case 6:
        case 17: {
            const char* name = rule.protocol == 6 ? "tcp" : "udp";
            if (any || (rule.from_port == 0 && rule.to_port == 65535))
                return fmt::format("ip protocol {} ", name);
            if (rule.from_port == rule.to_port)
                return fmt::format("{} dport {} ", name, rule.from_port);
            return fmt::format("{} dport {}-{} ", name, rule.from_port, rule.to_port);
        }
        default:
            return fmt::format("ip protocol {} ", rule.protocol);
    }
}

std::string members_set(const std::string& group) { return "members-" + group; }

// One security group's rules of one direction; `peer` is saddr or daddr.
FilterChain group_chain(const Lookup& lookup, const SecurityGroup& group,
                        const std::vector<SecurityRule>& rules, const char* peer) {
    FilterChain chain;
    for (const SecurityRule& rule : rules) {
        std::string text;
        if (!rule.group.empty()) {
            const SecurityGroup* other = lookup.group(rule.group);
            if (other == nullptr || other->vpc != group.vpc) continue;
            text = fmt::format("ip {} @{} ", peer, members_set(rule.group));
        } else if (rule.cidr.prefix != 0) {
            text = fmt::format("ip {} {} ", peer, rule.cidr.text());
        }
        chain.rules.push_back(text + protocol_match(rule) + "accept");
    }
    return chain;
}

// The chain of all interfaces with these groups: "out-sg-1.sg-2".
std::string interface_chain(const char* direction, const Interface& interface) {
    std::set<std::string> groups(interface.groups.begin(), interface.groups.end());
    const std::string joined = join({groups.begin(), groups.end()}, ".");
    // The kernel takes names up to 255 characters.
    if (joined.size() > 200) return fmt::format("{}-{}", direction, interface.id);
    return fmt::format("{}-{}", direction, joined.empty() ? "nothing" : joined);
}

void add_interface(Ruleset& out, const Interface& interface) {
    if (interface.kind != Interface::Kind::local) {
        const std::string link = quoted(interface_link(interface.id));
        if (!interface.source_destination_check || interface.kind == Interface::Kind::nat_gateway)
            out.sets["unchecked"].elements.insert(link);
        else
            for (const PrivateAddress& address : interface.addresses)
                out.sets["sources"].elements.insert(link + " . " + address.address.text());
    }
    for (const PrivateAddress& address : interface.addresses) {
        const std::string own = address.address.text();
        if (address.public_address) {
            const std::string other = address.public_address->text();
            out.sets["public"].elements.insert(own + " : " + other);
            out.sets["private"].elements.insert(other + " : " + own);
        }
        for (const std::string& group : interface.groups) {
            const auto members = out.sets.find(members_set(group));
            if (members != out.sets.end()) members->second.elements.insert(own);
        }
        if (interface.kind == Interface::Kind::nat_gateway) continue;
        for (const char* direction : {"out", "in"}) {
            const std::string chain = interface_chain(direction, interface);
            out.sets[std::string(direction) + "-of"].elements.insert(own + " : goto " + chain);
            if (out.chains.contains(chain)) continue;
            FilterChain& jumps = out.chains[chain];
            for (const std::string& group : interface.groups)
                if (out.chains.contains(fmt::format("{}-rules-{}", direction, group)))
                    jumps.rules.push_back(fmt::format("jump {}-rules-{}", direction, group));
            jumps.rules.push_back("drop");
        }
    }
}

void add_base_chains(Ruleset& out) {
    out.chains["prerouting-source"] = {
        "type filter hook prerouting priority -300; policy drop;",
        {"iifname \"lo\" accept", "iifname \"igw\" accept", "iifname @unchecked accept",
         "iifname . ip saddr @sources accept"}};
    out.chains["prerouting-nat"] = {"type nat hook prerouting priority -100; policy accept;",
                                    {"iifname \"igw\" dnat to ip daddr map @private"}};
    out.chains["postrouting-nat"] = {"type nat hook postrouting priority 100; policy accept;",
                                     {"oifname \"igw\" snat to ip saddr map @public"}};
    const std::vector<std::string> no_extra;
    const std::vector<std::string> to_service = {"iifname \"lo\" accept",
                                                 "iifname != \"igw\" ip daddr @services accept"};
    const std::vector<std::string> from_service = {"ip saddr @services accept"};
    struct Hook {
        const char* name;
        const std::vector<std::string>& extra;
        const char* last;  // What is not addressed to an interface of the VPC.
    };
    for (const Hook& hook : {Hook{"forward", no_extra, "accept"}, Hook{"input", to_service, "drop"},
                             Hook{"output", from_service, "accept"}}) {
        for (const bool ingress : {false, true}) {
            FilterChain& chain =
                out.chains[fmt::format("{}-{}", hook.name, ingress ? "ingress" : "egress")];
            chain.hook = fmt::format("type filter hook {} priority {}; policy {};", hook.name,
                                     ingress ? 10 : 0, ingress ? hook.last : "accept");
            chain.rules.push_back(known_connection);
            chain.rules.insert(chain.rules.end(), hook.extra.begin(), hook.extra.end());
            chain.rules.push_back(ingress ? "ip daddr vmap @in-of" : "ip saddr vmap @out-of");
        }
    }
}

}  // namespace

Ruleset vpc_filter(const Snapshot& snapshot, const Vpc& vpc) {
    const Lookup lookup(snapshot);
    Ruleset out;
    out.sets["sources"].type = "ifname . ipv4_addr";
    out.sets["unchecked"].type = "ifname";
    out.sets["services"] = {"ipv4_addr", {resolver_address.text(), task_metadata_address.text()}};
    if (!vpc.cidrs.empty())
        out.sets["services"].elements.insert((vpc.cidrs.front().base + 2).text());
    out.sets["public"].type = out.sets["private"].type = "ipv4_addr : ipv4_addr";
    out.sets["out-of"].type = out.sets["in-of"].type = "ipv4_addr : verdict";

    for (const SecurityGroup& group : snapshot.groups) {
        if (group.vpc != vpc.id) continue;
        out.sets[members_set(group.id)].type = "ipv4_addr";
        out.chains["in-rules-" + group.id] = group_chain(lookup, group, group.ingress, "saddr");
        out.chains["out-rules-" + group.id] = group_chain(lookup, group, group.egress, "daddr");
    }
    for (const Interface* interface : lookup.interfaces_in(vpc.id)) add_interface(out, *interface);
    add_base_chains(out);
    return out;
}

Ruleset nat_filter(Ipv4 address) {
    Ruleset out;
    out.chains["input"] = {"type filter hook input priority 0; policy drop;", {known_connection}};
    out.chains["postrouting"] = {"type nat hook postrouting priority 100; policy accept;",
                                 {fmt::format("ip saddr != {0} snat to {0}", address.text())}};
    return out;
}

Ruleset shared_filter(Ipv4 address, const std::vector<const Tenant*>& tenants) {
    Ruleset out;
    FilterSet& sources = out.sets["sources"];
    sources.type = "ifname . ipv4_addr";
    for (const Tenant* tenant : tenants)
        sources.elements.insert(quoted(tenant_link(tenant->id)) + " . " + tenant->address.text());
    out.chains["prerouting"] = {
        "type filter hook prerouting priority -300; policy drop;",
        {"iifname { \"lo\", \"eth0\" } accept", "iifname . ip saddr @sources accept"}};
    out.chains["input"] = {"type filter hook input priority 0; policy drop;", {known_connection}};
    out.chains["forward"] = {
        "type filter hook forward priority 0; policy drop;",
        {known_connection, "iifname \"eth0\" drop",
         fmt::format("ip daddr {} accept", resolver_address.text()),
         fmt::format("ip daddr {} drop", link_local.text()), "oifname \"eth0\" accept"}};
    out.chains["postrouting"] = {"type nat hook postrouting priority 100; policy accept;",
                                 {fmt::format("oifname \"eth0\" snat to {}", address.text())}};
    return out;
}

Ruleset host_filter(const Settings& settings) {
    const std::string link = quoted(settings.host_link);
    Ruleset out;
    out.chains["input"] = {"type filter hook input priority 0; policy accept;",
                           {fmt::format("iifname {} {}", link, known_connection),
                            fmt::format("iifname {} drop", link)}};
    FilterChain& forward = out.chains["forward"];
    forward.hook = "type filter hook forward priority 0; policy accept;";
    for (const char* way : {"iifname", "oifname"})
        forward.rules.push_back(fmt::format("{} {} {}", way, link, known_connection));
    forward.rules.push_back(fmt::format("oifname {} drop", link));
    forward.rules.push_back(fmt::format("iifname {} ip daddr {} drop", link, link_local.text()));
    forward.rules.push_back(
        fmt::format("iifname {} {}", link, settings.egress ? "accept" : "drop"));
    if (settings.egress)
        out.chains["postrouting"] = {"type nat hook postrouting priority 100; policy accept;",
                                     {fmt::format("oifname != {} ip saddr {} masquerade", link,
                                                  settings.public_range.text())}};
    return out;
}

Ruleset internet_filter(const Snapshot& snapshot, const Settings& settings) {
    Ruleset out;
    FilterSet& sources = out.sets["sources"];
    sources.type = "ifname . ipv4_addr";
    const Lookup lookup(snapshot);
    for (const Vpc& vpc : snapshot.vpcs)
        for (const Interface* interface : lookup.interfaces_in(vpc.id))
            for (const PrivateAddress& address : interface->addresses)
                if (address.public_address && vpc.internet_gateway)
                    sources.elements.insert(quoted(vpc_link(vpc.id)) + " . " +
                                            address.public_address->text());
    // A packet without a public source address has no way on from an internet gateway.
    out.chains["prerouting"] = {
        "type filter hook prerouting priority -300; policy drop;",
        {"iifname { \"lo\", \"host\" } accept", "iifname . ip saddr @sources accept"}};
    out.chains["input"] = {
        "type filter hook input priority 0; policy drop;",
        {known_connection, "iifname \"lo\" accept",
         fmt::format("ip daddr {{ {}, {}, {}, {} }} accept", settings.api_address().text(),
                     settings.edge_address().text(), settings.gateway_address().text(),
                     settings.dns_address().text())}};
    FilterChain& forward = out.chains["forward"];
    forward.hook = "type filter hook forward priority 0; policy accept;";
    forward.rules.push_back(known_connection);
    if (!settings.egress) forward.rules.push_back("oifname \"host\" drop");
    return out;
}

}  // namespace unkai::planes::network
