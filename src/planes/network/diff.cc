// From one world to another, and from one ruleset to another.
#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "planes/network/plan.h"

namespace unkai::planes::network {

namespace {

template <class T>
std::vector<T> missing_from(const std::set<T>& has, const std::set<T>& lacks) {
    std::vector<T> out;
    std::set_difference(has.begin(), has.end(), lacks.begin(), lacks.end(),
                        std::back_inserter(out));
    return out;
}

std::string elements_text(const std::vector<std::string>& elements) { return join(elements, ", "); }

bool names_link(const std::set<Link>& links, const std::string& name) {
    return std::any_of(links.begin(), links.end(), [&](const Link& l) { return l.name == name; });
}

// What the kernel drops by itself with a link.
void forget_link(NamespaceState& state, const std::string& name) {
    std::erase_if(state.links, [&](const Link& link) { return link.name == name; });
    std::erase_if(state.addresses, [&](const Address& address) { return address.link == name; });
    std::erase_if(state.routes, [&](const KernelRoute& route) { return route.link == name; });
}

void forget_peer(World& world, const Link& link) {
    const auto peer = world.find(link.peer_namespace);
    if (peer != world.end()) forget_link(peer->second, link.peer_name);
}

// Links that are not wanted: at once where their name is wanted again, otherwise in the clean-up.
void remove_links(const std::string& name, const NamespaceState& wanted, World& now, Plan& plan) {
    for (const Link& link : missing_from(now[name].links, wanted.links)) {
        if (!names_link(wanted.links, link.name)) {
            plan.cleanup.push_back(RemoveLink{name, link.name});
            continue;
        }
        plan.actions.push_back(RemoveLink{name, link.name});
        forget_link(now[name], link.name);
        forget_peer(now, link);
    }
}

void remove_routing(const std::string& name, const NamespaceState& wanted, NamespaceState& now,
                    Plan& plan) {
    for (const RoutingRule& rule : missing_from(now.rules, wanted.rules))
        plan.actions.push_back(RemoveRule{name, rule});
    for (const KernelRoute& route : missing_from(now.routes, wanted.routes))
        plan.actions.push_back(RemoveRoute{name, route});
    for (const Address& address : missing_from(now.addresses, wanted.addresses))
        plan.actions.push_back(RemoveAddress{name, address});
    // Routes that prefer a removed address went with it.
    for (const Address& address : missing_from(now.addresses, wanted.addresses))
        std::erase_if(now.routes,
                      [&](const KernelRoute& route) { return route.source == address.address; });
}

void add_all(const std::string& name, const NamespaceState& wanted, const NamespaceState& now,
             Plan& plan) {
    for (const Address& address : missing_from(wanted.addresses, now.addresses))
        plan.actions.push_back(AddAddress{name, address});
    for (const KernelRoute& route : missing_from(wanted.routes, now.routes))
        plan.actions.push_back(AddRoute{name, route});
    for (const RoutingRule& rule : missing_from(wanted.rules, now.rules))
        plan.actions.push_back(AddRule{name, rule});
}

}  // namespace

Plan diff(const World& wanted, const World& observed, const Settings& settings) {
    Plan plan;
    World now = observed;
    for (const auto& [name, state] : wanted) {
        if (now.contains(name)) continue;
        plan.actions.push_back(CreateNamespace{name, state.forwarding});
        apply_to(now, plan.actions.back());
    }
    for (const auto& [name, state] : wanted)
        if (now[name].forwarding != state.forwarding)
            plan.actions.push_back(SetForwarding{name, state.forwarding});
    for (const auto& [name, state] : wanted) {
        const auto& before = now[name].filter;
        if (!state.filter || before == state.filter) continue;
        plan.actions.push_back(SetFilter{
            name, *state.filter, filter_commands(settings.host_link, before, *state.filter)});
    }
    for (const auto& [name, state] : wanted) remove_links(name, state, now, plan);
    for (const auto& [name, state] : wanted) remove_routing(name, state, now[name], plan);
    for (const auto& [name, state] : wanted)
        for (const Link& link : missing_from(state.links, now[name].links))
            plan.actions.push_back(AddLink{name, link});
    for (const auto& [name, state] : wanted) add_all(name, state, now[name], plan);
    for (const auto& [name, state] : observed)
        if (!wanted.contains(name) && name != host_namespace)
            plan.cleanup.push_back(RemoveNamespace{name});
    return plan;
}

namespace {

struct Apply {
    World& world;

    void operator()(const CreateNamespace& a) { world[a.name].forwarding = a.forwarding; }
    void operator()(const SetForwarding& a) { world[a.name].forwarding = a.forwarding; }
    void operator()(const RemoveNamespace& a) {
        if (const auto found = world.find(a.name); found != world.end())
            for (const Link& link : found->second.links) forget_peer(world, link);
        world.erase(a.name);
        for (auto& [name, state] : world)
            for (const Link& link : std::vector<Link>(state.links.begin(), state.links.end()))
                if (link.peer_namespace == a.name) forget_link(state, link.name);
    }
    void operator()(const SetFilter& a) { world[a.name].filter = a.ruleset; }
    void operator()(const AddLink& a) { world[a.name].links.insert(a.link); }
    void operator()(const RemoveLink& a) {
        NamespaceState& state = world[a.name];
        for (const Link& link : std::vector<Link>(state.links.begin(), state.links.end()))
            if (link.name == a.link) forget_peer(world, link);
        forget_link(state, a.link);
    }
    void operator()(const AddAddress& a) { world[a.name].addresses.insert(a.address); }
    void operator()(const RemoveAddress& a) {
        world[a.name].addresses.erase(a.address);
        std::erase_if(world[a.name].routes,
                      [&](const KernelRoute& r) { return r.source == a.address.address; });
    }
    void operator()(const AddRoute& a) { world[a.name].routes.insert(a.route); }
    void operator()(const RemoveRoute& a) { world[a.name].routes.erase(a.route); }
    void operator()(const AddRule& a) { world[a.name].rules.insert(a.rule); }
    void operator()(const RemoveRule& a) { world[a.name].rules.erase(a.rule); }
};

}  // namespace

void apply_to(World& world, const Action& action) { std::visit(Apply{world}, action); }

std::string filter_commands(const std::string& table, const std::optional<Ruleset>& before,
                            const Ruleset& after) {
    std::string out;
    const auto say = [&](const std::string& verb, const std::string& rest) {
        out += fmt::format("{} ip {} {}\n", verb, table, rest);
    };
    if (!before) {
        out += fmt::format("add table ip {0}\ndelete table ip {0}\nadd table ip {0}\n", table);
    } else if (before->sets.empty() && before->chains.empty()) {
        out += fmt::format("add table ip {}\n", table);
    }
    static const Ruleset nothing;
    const Ruleset& old = before ? *before : nothing;
    static const FilterSet no_set;
    static const FilterChain no_chain;
    const auto set_before = [&](const std::string& name) -> const FilterSet& {
        const auto found = old.sets.find(name);
        return found == old.sets.end() ? no_set : found->second;
    };

    for (const auto& [name, set] : after.sets)
        if (!old.sets.contains(name))
            say(set.is_map() ? "add map" : "add set",
                fmt::format("{} {{ type {}; }}", name, set.type));
    for (const auto& [name, chain] : after.chains)
        if (!old.chains.contains(name))
            say("add chain",
                chain.hook.empty() ? name : fmt::format("{} {{ {} }}", name, chain.hook));
    for (const auto& [name, set] : old.sets) {
        const auto found = after.sets.find(name);
        const auto gone = missing_from(
            set.elements, found == after.sets.end() ? no_set.elements : found->second.elements);
        if (!gone.empty())
            say("delete element", fmt::format("{} {{ {} }}", name, elements_text(gone)));
    }
    for (const auto& [name, chain] : old.chains) {
        const auto found = after.chains.find(name);
        if (found == after.chains.end() || found->second.rules != chain.rules)
            say("flush chain", name);
    }
    for (const auto& [name, set] : after.sets) {
        const auto added = missing_from(set.elements, set_before(name).elements);
        if (!added.empty())
            say("add element", fmt::format("{} {{ {} }}", name, elements_text(added)));
    }
    for (const auto& [name, chain] : after.chains) {
        const auto found = old.chains.find(name);
        const FilterChain& was = found == old.chains.end() ? no_chain : found->second;
        if (was.rules == chain.rules) continue;
        for (const std::string& rule : chain.rules) say("add rule", name + " " + rule);
    }
    for (const auto& [name, chain] : old.chains)
        if (!after.chains.contains(name)) say("delete chain", name);
    for (const auto& [name, set] : old.sets)
        if (!after.sets.contains(name)) say(set.is_map() ? "delete map" : "delete set", name);
    return out;
}

}  // namespace unkai::planes::network
