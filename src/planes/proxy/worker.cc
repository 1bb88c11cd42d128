#include "planes/proxy/worker.h"

#include <fcntl.h>

#include <set>

#include "base/log.h"

namespace unkai::planes::proxy {

namespace {

constexpr auto retire_grace = std::chrono::seconds(30);

net::ServerOptions options_for(const LoadBalancer& balancer, std::shared_ptr<net::ServerTls> tls) {
    net::ServerOptions options;
    options.plain = tls == nullptr;
    options.tls = std::move(tls);
    options.http2 = balancer.http2;
    options.limits.idle = options.limits.stall = balancer.idle_timeout;
    options.limits.keep_alive = balancer.client_keep_alive;
    options.limits.most_body = UINT64_MAX;
    return options;
}

std::string key_of(const Listener& listener, const LoadBalancer& balancer) {
    return listener.id + '|' + std::to_string(listener.port) + '|' +
           (listener.certificates.empty() ? "http" : "https") + '|' +
           (balancer.http2 ? "h2" : "h1") + '|' + std::to_string(balancer.idle_timeout.count()) +
           '|' + std::to_string(balancer.client_keep_alive.count());
}

bool same_node(const Node& a, const Node& b) {
    return a.network == b.network && a.address.same_ip(b.address);
}

std::string place_of(const Node& node, uint16_t port) {
    return node.network + ' ' + node.address.ip() + ' ' + std::to_string(port);
}

}  // namespace

// ---- Groups

bool GroupState::fails_open() const {
    for (const auto& target : targets)
        if (target->healthy && !target->target.draining) return false;
    return true;
}

std::shared_ptr<TargetState> GroupState::find_word(std::string_view wanted) {
    const bool open = fails_open();
    for (const auto& target : targets)
        if (target->word == wanted && !target->target.draining && (target->healthy || open))
            return target;
    return nullptr;
}

std::shared_ptr<TargetState> GroupState::choose(std::span<const TargetState* const> tried,
                                                Random& random) {
    const bool open = fails_open();
    auto fits = [&](const TargetState& target) {
        return !target.target.draining && (target.healthy || open) &&
               std::find(tried.begin(), tried.end(), &target) == tried.end();
    };
    size_t count = 0;
    std::shared_ptr<TargetState> least;
    for (const auto& target : targets) {
        if (!fits(*target)) continue;
        ++count;
        if (!least || target->in_flight < least->in_flight) least = target;
    }
    if (count == 0) return nullptr;
    if (group->algorithm == TargetGroup::Algorithm::least_outstanding) return least;
    if (group->algorithm == TargetGroup::Algorithm::random) next = random.below(targets.size());
    for (size_t i = 0; i < targets.size(); ++i) {
        const auto& target = targets[next++ % targets.size()];
        if (fits(*target)) return target;
    }
    return nullptr;
}

// ---- Listeners

ListenerServer::ListenerServer(Worker& owner, const Listener& listener,
                               const LoadBalancer& balancer, std::shared_ptr<net::ServerTls> tls)
    : worker(owner),
      listener_id(listener.id),
      balancer_id(balancer.id),
      key(key_of(listener, balancer)),
      nodes(balancer.nodes),
      port(listener.port),
      bound(balancer.nodes.size(), false),
      server(owner.loop(), *this, options_for(balancer, std::move(tls))) {}

bool ListenerServer::take_nodes(const std::vector<Node>& wanted) {
    std::vector<bool> open(wanted.size(), false);
    for (size_t i = 0; i < nodes.size(); ++i) {
        if (!bound[i]) continue;
        const auto same = std::find_if(wanted.begin(), wanted.end(),
                                       [&](const Node& node) { return same_node(node, nodes[i]); });
        if (same == wanted.end()) return false;
        open[static_cast<size_t>(same - wanted.begin())] = true;
    }
    nodes = wanted;
    bound.swap(open);
    return true;
}

Task<void> ListenerServer::handle(net::Exchange& exchange) { return serve(*this, exchange); }

std::string ListenerServer::refuse(const wire::Fault& fault, const net::Peer&,
                                   net::Headers& headers) {
    ++worker.balancer_counters(balancer_id).codes[static_cast<size_t>(fault.status / 100)];
    headers.add_view("Server", "awselb/2.0");
    headers.add_view("Content-Type", "text/html");
    return error_page(fault.status);
}

// ---- Worker

Worker::Worker(Loop& loop, std::unique_ptr<Random> random, AskFunction ask)
    : loop_(loop), random_(std::move(random)), ask_(std::move(ask)) {}

Worker::~Worker() { CHECK(servers_.empty(), "a proxy's Worker was destroyed before stop()"); }

void Worker::apply(std::shared_ptr<const Snapshot> snapshot, TlsMap tls, const HealthMap& health) {
    const std::shared_ptr<const Snapshot> old = std::exchange(snapshot_, std::move(snapshot));
    listeners_.clear();
    for (const Listener& listener : snapshot_->listeners)
        listeners_.emplace(listener.id, &listener);
    apply_groups(health);
    apply_listeners(tls);
}

void Worker::apply_groups(const HealthMap& health) {
    std::erase_if(groups_,
                  [this](const auto& entry) { return !snapshot_->groups.contains(entry.first); });
    for (const auto& [id, group] : snapshot_->groups) {
        GroupState& state = groups_[id];
        const bool same_protocol = state.group == nullptr || state.word.empty() ||
                                   state.targets.empty() ||
                                   (state.tls == group.tls && state.http2 == group.http2);
        state.group = &group;
        state.tls = group.tls;
        state.http2 = group.http2;
        state.word = sticky_word(id);
        std::vector<std::shared_ptr<TargetState>> targets;
        for (const Target& target : group.targets) {
            std::shared_ptr<TargetState> kept;
            for (const auto& old : state.targets)
                if (same_protocol && old->target.id == target.id &&
                    old->target.address == target.address)
                    kept = old;
            if (!kept) kept = std::make_shared<TargetState>();
            kept->target = target;
            kept->word = sticky_word(target.id);
            const auto known = health.find({id, target.id});
            kept->healthy = known != health.end() && known->second;
            targets.push_back(std::move(kept));
        }
        state.targets.swap(targets);
    }
}

void Worker::apply_listeners(const TlsMap& tls) {
    std::map<std::string, std::unique_ptr<ListenerServer>> next;
    for (const Listener& listener : snapshot_->listeners) {
        const auto balancer = snapshot_->load_balancers.find(listener.load_balancer);
        if (balancer == snapshot_->load_balancers.end()) continue;
        const std::string key = key_of(listener, balancer->second);
        if (const auto kept = servers_.find(key);
            kept != servers_.end() && kept->second->take_nodes(balancer->second.nodes)) {
            next.emplace(key, std::move(kept->second));
            servers_.erase(kept);
            continue;
        }
        const auto secured = tls.find(listener.id);
        next.emplace(key, std::make_unique<ListenerServer>(
                              *this, listener, balancer->second,
                              secured == tls.end() ? nullptr : secured->second));
    }
    servers_.swap(next);
    bind();
    for (auto& [key, server] : next)
        if (server) scope_.spawn(retire(std::move(server), retire_grace));
    close_unused_sockets();
}

void Worker::close_unused_sockets() {
    std::set<std::string> used;
    for (const auto& [key, server] : servers_)
        for (const Node& node : server->nodes) used.insert(place_of(node, server->port));
    std::erase_if(sockets_, [&used](const auto& entry) { return !used.contains(entry.first); });
}

// A copy for the server's own use.
Result<Fd> Worker::socket_of(const ListenerServer& server, const Node& node) {
    Fd& socket = sockets_[place_of(node, server.port)];
    if (!socket) {
        TRY(socket, net::open_listener(node.network, node.address.with_port(server.port),
                                       {.reuse_port = true, .free_bind = true}));
    }
    Fd copy(::fcntl(socket.get(), F_DUPFD_CLOEXEC, 0));
    if (!copy) return fail("TooManyOpenFiles", "No file descriptor is left (ulimit -n).");
    return copy;
}

std::map<std::string, std::string> Worker::bind() {
    std::map<std::string, std::string> failures;
    for (auto& [key, server] : servers_) {
        for (size_t i = 0; i < server->nodes.size(); ++i) {
            if (server->bound[i]) continue;
            auto socket = socket_of(*server, server->nodes[i]);
            server->bound[i] = socket && server->server.listen(std::move(*socket));
            if (!socket) failures[server->listener_id] = socket.error().message;
        }
    }
    return failures;
}

Task<void> Worker::retire(std::unique_ptr<ListenerServer> server, Duration grace) {
    co_await server->server.drain(grace);
}

void Worker::set_health(const std::string& group, const std::string& target, bool healthy) {
    GroupState* const state = this->group(group);
    if (state == nullptr) return;
    for (const auto& one : state->targets)
        if (one->target.id == target) one->healthy = healthy;
}

const Listener* Worker::listener(const std::string& id) const {
    const auto found = listeners_.find(id);
    return found == listeners_.end() ? nullptr : found->second;
}

GroupState* Worker::group(const std::string& id) {
    const auto found = groups_.find(id);
    return found == groups_.end() ? nullptr : &found->second;
}

net::Pool& Worker::pool(TargetState& target, const TargetGroup& group, const Node& node) {
    for (const auto& [from, pool] : target.pools)
        if (from.same_ip(node.address)) return *pool;
    net::Destination to{.address = target.target.address, .network = node.network};
    to.local = node.address.with_port(0);
    if (group.tls) {
        auto& tls = group.http2 ? target_tls_http2_ : target_tls_;
        if (!tls) {
            auto made = net::ClientTls::make({.verify = false, .http2 = group.http2});
            CHECK(made.has_value(), "no TLS context for targets");
            tls = *made;
        }
        to.tls = tls;
    }
    to.http2 = group.http2;
    net::ClientLimits limits;
    limits.head.headers = 32 * 1024;  // ALB guide, load-balancer-limits.
    target.pools.emplace_back(node.address,
                              std::make_unique<net::Pool>(loop_, std::move(to), limits));
    return *target.pools.back().second;
}

Counters Worker::counters() {
    for (auto& [id, one] : balancers_) one.active_connections = 0;
    for (const auto& [key, server] : servers_) {
        BalancerCounters& one = balancers_[server->balancer_id];
        one.active_connections += server->server.counters().open;
    }
    Counters all;
    for (const auto& [id, one] : balancers_) all.load_balancers[id] = one;
    for (const auto& [id, one] : groups_) all.groups[id] = one.counters;
    for (const auto& [key, server] : servers_) {
        BalancerCounters& one = all.load_balancers[server->balancer_id];
        const net::ServerCounters& counted = server->server.counters();
        one.new_connections += counted.connections;
        one.tls_errors += counted.tls_failures;
        one.bytes += counted.bytes_received + counted.bytes_sent;
    }
    return all;
}

Task<Result<FunctionReply>> Worker::call(FunctionCall call, Duration limit) {
    return ask_function(ask_, loop_, std::move(call), loop_.steady() + limit, &ending_);
}

Task<void> Worker::end_calls(Duration grace, Stop& retired) {
    if (co_await loop_.sleep(grace, &retired)) ending_.request();
}

Task<void> Worker::stop(Duration grace) {
    auto servers = std::exchange(servers_, {});
    sockets_.clear();
    for (auto& [key, server] : servers) scope_.spawn(retire(std::move(server), grace));
    Stop retired;
    Scope calls;
    calls.spawn(end_calls(grace, retired));
    co_await scope_.join();
    retired.request();
    co_await calls.join();
    groups_.clear();
    listeners_.clear();
    snapshot_.reset();
}

}  // namespace unkai::planes::proxy
