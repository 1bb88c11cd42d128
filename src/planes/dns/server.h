// The authoritative DNS server: one pair of sockets a data loop and address, one snapshot for all.
//
//     TRY(auto server, Server::start({&loop0, &loop1}, {.addresses = {address}}));
//     co_await server->apply(snapshot);   // every loop answers from it when this returns
//     co_await server->stop();
//
// Before the first apply() every name is answered REFUSED. Threads: start(), apply(), stop() on one
// loop (any); the loops given must run until stop() returned.
#pragma once

#include <memory>
#include <vector>

#include "planes/dns/endpoint.h"
#include "planes/dns/snapshot.h"

namespace unkai::planes::dns {

struct ServerOptions {
    std::string network;                  // A namespace's path; empty: ours.
    std::vector<net::Address> addresses;  // Port 0 chooses one.
    size_t most_connections = 128;        // TCP, a loop and address.
};

struct ServerCounters {
    uint64_t udp_questions = 0, tcp_questions = 0, udp_dropped = 0, connections = 0,
             connections_refused = 0;
};

class Server {
public:
    // Error: that of the first socket that cannot be opened; then none stays open.
    static Result<std::unique_ptr<Server>> start(std::vector<Loop*> loops, ServerOptions options);
    ~Server();
    Server(const Server&) = delete;

    Task<void> apply(std::shared_ptr<const Snapshot> snapshot);
    Task<void> stop();
    const std::vector<net::Address>& addresses() const { return addresses_; }  // As bound.
    ServerCounters counters() const;

private:
    class Worker;
    Server();
    std::vector<net::Address> addresses_;
    std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace unkai::planes::dns
