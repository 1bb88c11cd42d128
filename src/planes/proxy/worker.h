// One data loop's share of the proxy: its listening sockets (SO_REUSEPORT), its connections to
// targets, and its counters. Everything here happens on that loop; Proxy talks to it by posting.
#pragma once

#include <span>
#include <unordered_map>

#include "net/client.h"
#include "net/server.h"
#include "planes/proxy/counters.h"
#include "planes/proxy/functions.h"
#include "planes/proxy/rules.h"
#include "planes/proxy/snapshot.h"
#include "rt/random.h"

namespace unkai::planes::proxy {

// A target as this loop sees it. Requests on their way keep it alive.
struct TargetState {
    Target target;
    std::string word;  // For stickiness cookies.
    bool healthy = false;
    uint32_t in_flight = 0;
    std::vector<std::pair<net::Address, std::unique_ptr<net::Pool>>> pools;  // By node.
};

struct GroupState {
    const TargetGroup* group = nullptr;  // Of the snapshot.
    bool tls = false, http2 = false;
    std::string word;
    std::vector<std::shared_ptr<TargetState>> targets;
    size_t next = 0;  // Of the round robin.
    GroupCounters counters;

    // The target for a request: among the healthy ones, or all when none is (fail open), without
    // those that are draining or were `tried`. nullptr: none is left.
    std::shared_ptr<TargetState> choose(std::span<const TargetState* const> tried, Random& random);
    std::shared_ptr<TargetState> find_word(std::string_view word);
    bool fails_open() const;
};

using TlsMap = std::map<std::string, std::shared_ptr<net::ServerTls>>;  // By listener.
using HealthMap =
    std::map<std::pair<std::string, std::string>, bool>;  // Healthy, by group and target.

class Worker;

// A listener's server on this loop.
class ListenerServer final : public net::Handler {
public:
    ListenerServer(Worker& worker, const Listener& listener, const LoadBalancer& balancer,
                   std::shared_ptr<net::ServerTls> tls);
    Task<void> handle(net::Exchange& exchange) override;
    std::string refuse(const wire::Fault& fault, const net::Peer& peer,
                       net::Headers& headers) override;

    // Goes on with other nodes. False: it has a socket of one that is not wanted any more.
    bool take_nodes(const std::vector<Node>& wanted);

    Worker& worker;
    std::string listener_id, balancer_id;
    std::string key;  // What must be equal for the server to stay.
    std::vector<Node> nodes;
    uint16_t port;
    std::vector<bool> bound;  // By node.
    std::string error;        // Why the last node that is not bound is not.
    net::Server server;
};

class Worker {
public:
    Worker(Loop& loop, std::unique_ptr<Random> random, AskFunction ask);
    ~Worker();

    void apply(std::shared_ptr<const Snapshot> snapshot, TlsMap tls, const HealthMap& health);
    void set_health(const std::string& group, const std::string& target, bool healthy);
    // Listeners of which a socket could not be opened, with the reason. Tries them again.
    std::map<std::string, std::string> bind();
    Counters counters();
    Task<void> stop(Duration grace);

    Loop& loop() { return loop_; }
    Random& random() { return *random_; }
    std::shared_ptr<const Snapshot> snapshot() const { return snapshot_; }
    const Listener* listener(const std::string& id) const;
    GroupState* group(const std::string& id);
    BalancerCounters& balancer_counters(const std::string& id) { return balancers_[id]; }
    // The pool from that node to the target.
    net::Pool& pool(TargetState& target, const TargetGroup& group, const Node& node);
    Task<Result<FunctionReply>> call(FunctionCall call, Duration limit);

private:
    static Task<void> retire(std::unique_ptr<ListenerServer> server, Duration grace);
    Task<void> end_calls(Duration grace, Stop& retired);
    void apply_groups(const HealthMap& health);
    void apply_listeners(const TlsMap& tls);
    Result<Fd> socket_of(const ListenerServer& server, const Node& node);
    void close_unused_sockets();

    Loop& loop_;
    std::unique_ptr<Random> random_;
    std::shared_ptr<const Snapshot> snapshot_;
    std::unordered_map<std::string, const Listener*> listeners_;
    std::unordered_map<std::string, GroupState> groups_;
    std::unordered_map<std::string, BalancerCounters> balancers_;
    std::map<std::string, std::unique_ptr<ListenerServer>> servers_;  // By key.
    // The listening sockets, by place. Servers have copies: a socket that closes resets the
    // connections that wait in its queue, so it stays when a change makes another server.
    std::map<std::string, Fd> sockets_;
    std::shared_ptr<net::ClientTls> target_tls_, target_tls_http2_;
    AskFunction ask_;
    Stop ending_;  // Calls of functions are given up.
    Scope scope_;
};

// Answers one request by the listener's rules.
Task<void> serve(ListenerServer& server, net::Exchange& exchange);

}  // namespace unkai::planes::proxy
