// One request on its way through the proxy. Internal to planes/proxy: serve.cc forwards to targets,
// serve_function.cc to functions.
#pragma once

#include "planes/proxy/worker.h"

namespace unkai::planes::proxy {

constexpr std::string_view server_name = "awselb/2.0";

struct Serving {
    ListenerServer& server;
    net::Exchange& exchange;
    std::shared_ptr<const Snapshot> snapshot;  // Stays for as long.
    const Listener& listener;
    const LoadBalancer& balancer;
    BalancerCounters& counters;

    Worker& worker() const { return server.worker; }
};

// The load balancer's own answer, counted as such.
Task<void> answer_error(Serving& serving, int status);
// The request's headers as a target gets them.
void copy_request_headers(Serving& serving, net::Headers& out);
// AWSALBTG, where the action is sticky.
void add_group_cookie(Serving& serving, const Forward& forward, const GroupState& group);

// Calls the group's function. The group may go meanwhile.
Task<void> forward_to_function(Serving& serving, const Forward& forward, std::string group_id);

}  // namespace unkai::planes::proxy
