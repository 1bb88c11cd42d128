#include "planes/network/kernel.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <nftables/libnftables.h>
#include <unistd.h>

#include <fstream>
#include <mutex>

#include "base/strings.h"
#include "planes/network/netlink.h"

namespace unkai::planes::network {

namespace {

// libnftables promises nothing about threads.
std::mutex nftables_mutex;

const std::string& namespace_of(const Action& action) {
    return std::visit([](const auto& a) -> const std::string& { return a.name; }, action);
}

// The netlink actions of one namespace, collected and sent together.
class Session {
public:
    static Result<Session> begin(const Namespaces& namespaces, const std::string& name) {
        TRY(const auto visit, namespaces.enter(name));
        TRY(Netlink netlink, Netlink::open());
        return Session(namespaces, name, std::move(netlink));
    }

    Status operator()(const AddLink& a) {
        TRY(const Fd peer, namespaces_->open(a.link.peer_namespace));
        pending_.push_back(veth_request(a.link, peer.get()));
        pending_.push_back(alias_request(a.link));
        REQUIRE(flush());
        links_.clear();
        TRY(const auto visit, namespaces_->enter(a.link.peer_namespace));
        TRY(Netlink netlink, Netlink::open());
        std::vector<NetlinkRequest> requests;
        requests.push_back(up_request(a.link.peer_name));
        return netlink.send(std::move(requests), "network namespace " + a.link.peer_namespace);
    }
    Status operator()(const RemoveLink& a) {
        REQUIRE(flush());
        TRY(const int index, index_of(a.link));
        if (index != 0) pending_.push_back(remove_link_request(index));
        return ok();
    }
    Status operator()(const AddAddress& a) { return address(true, a.address); }
    Status operator()(const RemoveAddress& a) { return address(false, a.address); }
    Status operator()(const AddRoute& a) { return route(true, a.route); }
    Status operator()(const RemoveRoute& a) { return route(false, a.route); }
    Status operator()(const AddRule& a) { return rule(true, a.rule); }
    Status operator()(const RemoveRule& a) { return rule(false, a.rule); }
    template <class Other>
    Status operator()(const Other&) {
        return ok();
    }

    Status flush() {
        if (pending_.empty()) return ok();
        return netlink_.send(std::exchange(pending_, {}),
                             fmt::format("network namespace {}", name_.empty() ? "host" : name_));
    }

private:
    Session(const Namespaces& namespaces, std::string name, Netlink netlink)
        : namespaces_(&namespaces), name_(std::move(name)), netlink_(std::move(netlink)) {}

    Result<int> index_of(const std::string& link) {
        if (links_.empty()) {
            TRY(const auto all, netlink_.links());
            for (const KernelLink& one : all) links_[one.name] = one.index;
        }
        const auto found = links_.find(link);
        return found == links_.end() ? 0 : found->second;
    }
    Result<int> existing(const std::string& link) {
        TRY(const int index, index_of(link));
        if (index == 0) return fail("LinkMissing", fmt::format("{} has no link {}", name_, link));
        return index;
    }
    Status address(bool add, const Address& address) {
        TRY(const int index, existing(address.link));
        pending_.push_back(address_request(add, address, index));
        return ok();
    }
    Status route(bool add, const KernelRoute& route) {
        int index = 0;
        if (!route.link.empty()) {
            TRY(index, existing(route.link));
        }
        pending_.push_back(route_request(add, route, index));
        return ok();
    }
    Status rule(bool add, const RoutingRule& rule) {
        pending_.push_back(rule_request(add, rule));
        return ok();
    }

    const Namespaces* namespaces_;
    std::string name_;
    Netlink netlink_;
    std::unordered_map<std::string, int> links_;
    std::vector<NetlinkRequest> pending_;
};

bool is_netlink(const Action& action) {
    return !std::holds_alternative<CreateNamespace>(action) &&
           !std::holds_alternative<RemoveNamespace>(action) &&
           !std::holds_alternative<SetForwarding>(action) &&
           !std::holds_alternative<SetFilter>(action);
}

// What one namespace holds, before it is known which links lead where.
struct Seen {
    std::vector<KernelLink> links;
    std::vector<Address> addresses;
    std::vector<KernelRoute> routes;
    std::vector<RoutingRule> rules;
    bool forwarding = false;
};

Result<Seen> look(const Namespaces& namespaces, const std::string& name) {
    TRY(const auto visit, namespaces.enter(name));
    TRY(Netlink netlink, Netlink::open());
    Seen seen;
    TRY(seen.links, netlink.links());
    TRY(seen.addresses, netlink.addresses(seen.links));
    TRY(seen.routes, netlink.routes(seen.links));
    TRY(seen.rules, netlink.rules());
    seen.forwarding = read_sysctl("net/ipv4/ip_forward") == "1";
    return seen;
}

Link resolve(const std::map<std::string, Seen>& all, const KernelLink& link) {
    const auto [peer_namespace, peer_name] = split_once(link.alias, '/');
    Link out{link.name, link.mac, std::string(peer_namespace), std::string(peer_name)};
    if (const auto peer = all.find(out.peer_namespace); peer != all.end())
        for (const KernelLink& other : peer->second.links)
            if (other.name == out.peer_name && other.index == link.peer_index) return out;
    out.peer_namespace.clear();  // Its other end is gone: differs from every wanted link.
    return out;
}

// On the host only what hangs on our link is ours.
void keep_ours(Seen& host, const std::string& link) {
    std::erase_if(host.links, [&](const KernelLink& l) { return l.name != link; });
    std::erase_if(host.addresses, [&](const Address& a) { return a.link != link; });
    std::erase_if(host.routes, [&](const KernelRoute& r) { return r.link != link; });
    host.rules.clear();
    host.forwarding = false;
}

}  // namespace

Kernel::Kernel(Settings settings)
    : settings_(std::move(settings)), namespaces_(settings_.run_directory + "/netns") {}

Result<World> Kernel::observe() {
    TRY(auto names, namespaces_.list());
    names.push_back(host_namespace);
    std::map<std::string, Seen> all;
    for (const std::string& name : names) {
        TRY(all[name], look(namespaces_, name));
    }
    keep_ours(all[host_namespace], settings_.host_link);
    for (const KernelLink& link : all[host_namespace].links)
        if (link.alias != internet_namespace + "/host")
            return fail("LinkTaken",
                        fmt::format("the machine has a network link {} that is not of this "
                                    "installation; choose another name with --host-link",
                                    link.name));
    World world;
    for (const auto& [name, seen] : all) {
        NamespaceState& state = world[name];
        state.forwarding = seen.forwarding;
        for (const KernelLink& link : seen.links)
            if (!link.alias.empty()) state.links.insert(resolve(all, link));
        state.addresses.insert(seen.addresses.begin(), seen.addresses.end());
        state.routes.insert(seen.routes.begin(), seen.routes.end());
        state.rules.insert(seen.rules.begin(), seen.rules.end());
    }
    return world;
}

Status Kernel::set_filter(const std::string& name, const std::string& commands) {
    const std::scoped_lock lock(nftables_mutex);
    TRY(const auto visit, namespaces_.enter(name));
    nft_ctx* context = nft_ctx_new(NFT_CTX_DEFAULT);
    if (context == nullptr)
        return fail("FilterFailed", "libnftables does not start; the kernel needs nf_tables");
    nft_ctx_buffer_error(context);
    nft_ctx_buffer_output(context);
    const bool went_well = nft_run_cmd_from_buffer(context, commands.c_str()) == 0;
    const std::string_view text = trim(nft_ctx_get_error_buffer(context));
    const std::string first(text.substr(0, text.find('\n')));
    nft_ctx_free(context);
    if (!went_well)
        return fail("FilterFailed", fmt::format("the packet filter of {} was refused: {}",
                                                name.empty() ? "the host" : name, first));
    return ok();
}

Status Kernel::execute(const std::vector<Action>& actions, World& world) {
    bool host_touched = false;
    for (size_t at = 0; at < actions.size();) {
        const Action& action = actions[at];
        size_t end = at + 1;
        if (const auto* create = std::get_if<CreateNamespace>(&action)) {
            if (create->name != host_namespace)
                REQUIRE(namespaces_.create(create->name, create->forwarding));
        } else if (const auto* remove = std::get_if<RemoveNamespace>(&action)) {
            REQUIRE(namespaces_.remove(remove->name));
        } else if (const auto* change = std::get_if<SetForwarding>(&action)) {
            if (change->name != host_namespace)
                REQUIRE(namespaces_.set_forwarding(change->name, change->forwarding));
        } else if (const auto* filter = std::get_if<SetFilter>(&action)) {
            REQUIRE(set_filter(filter->name, filter->commands));
        } else {
            const std::string& name = namespace_of(action);
            while (end < actions.size() && is_netlink(actions[end]) &&
                   namespace_of(actions[end]) == name)
                ++end;
            TRY(Session session, Session::begin(namespaces_, name));
            for (size_t i = at; i < end; ++i) REQUIRE(std::visit(session, actions[i]));
            REQUIRE(session.flush());
        }
        for (; at < end; ++at) {
            apply_to(world, actions[at]);
            host_touched |= namespace_of(actions[at]) == host_namespace;
        }
    }
    if (!host_touched) return ok();
    return settings_.egress ? open_host() : close_host();
}

// Egress needs forwarding on the link that leads out, both ways. What it was before lies in a file,
// so that it comes back even after a crash.
Status Kernel::open_host() {
    std::set<std::string> links{settings_.host_link};
    std::ifstream routes("/proc/net/route");
    for (std::string line; std::getline(routes, line);) {
        const auto fields = split(line, '\t');
        if (fields.size() > 2 && fields[1] == "00000000") links.emplace(fields[0]);
    }
    std::ofstream before(forwarding_file(), std::ios::app);
    for (const std::string& link : links) {
        const std::string name = fmt::format("net/ipv4/conf/{}/forwarding", link);
        const std::string value = read_sysctl(name);
        if (value == "1" || value.empty()) continue;
        before << name << ' ' << value << std::endl;
        if (!before || !write_sysctl(name, "1"))
            return fail("EgressFailed", "cannot turn on forwarding on " + link);
    }
    return ok();
}

Status Kernel::close_host() {
    std::ifstream before(forwarding_file());
    for (std::string line; std::getline(before, line);) {
        const auto [name, value] = split_once(line, ' ');
        if (!name.contains(settings_.host_link))
            write_sysctl(std::string(name), std::string(value));
    }
    ::unlink(forwarding_file().c_str());
    return ok();
}

Status Kernel::purge() {
    TRY(World world, observe());
    std::vector<Action> actions;
    for (const auto& [name, state] : world)
        if (name != host_namespace) actions.push_back(RemoveNamespace{name});
    for (const Link& link : world[host_namespace].links)
        actions.push_back(RemoveLink{host_namespace, link.name});
    REQUIRE(execute(actions, world));
    REQUIRE(set_filter(host_namespace, fmt::format("add table ip {0}\ndelete table ip {0}\n",
                                                   settings_.host_link)));
    REQUIRE(close_host());
    return namespaces_.remove_directory();
}

}  // namespace unkai::planes::network
