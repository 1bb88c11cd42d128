#include "planes/dns/server.h"

#include "planes/dns/answer.h"

namespace unkai::planes::dns {

// Lives on its loop after start().
class Server::Worker final : public Handler {
public:
    explicit Worker(Loop& loop) : loop(loop) {}

    size_t answer(std::string_view question, char* buffer, size_t limit, bool over_tcp) override {
        return respond(snapshot->public_view(), question, *random_, buffer, limit, over_tcp);
    }

    void serve(size_t most_connections) {
        for (EndpointSockets& one : sockets)
            endpoints.push_back(std::make_unique<Endpoint>(loop, std::move(one), *this, counters,
                                                           most_connections));
        sockets.clear();
    }

    static Task<void> stop(Worker& self) {
        for (auto& endpoint : self.endpoints) co_await endpoint->stop();
        self.endpoints.clear();
    }

    Loop& loop;
    std::vector<EndpointSockets> sockets;  // Until the loop has taken them.
    std::vector<std::unique_ptr<Endpoint>> endpoints;
    std::shared_ptr<const Snapshot> snapshot = Snapshot::make({});
    EndpointCounters counters;

private:
    std::unique_ptr<Random> random_ = system_random();
};

Server::Server() = default;
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::start(std::vector<Loop*> loops, ServerOptions options) {
    std::unique_ptr<Server> server(new Server());
    server->addresses_ = std::move(options.addresses);
    for (Loop* loop : loops) {
        auto worker = std::make_unique<Worker>(*loop);
        for (net::Address& address : server->addresses_) {
            TRY(EndpointSockets sockets, open_sockets(options.network, address));
            address = sockets.address;  // The loops after the first one share its port.
            worker->sockets.push_back(std::move(sockets));
        }
        server->workers_.push_back(std::move(worker));
    }
    for (auto& one : server->workers_) {
        Worker* worker = one.get();
        auto serve = [worker, most = options.most_connections] { worker->serve(most); };
        if (&worker->loop == Loop::current())
            serve();
        else
            worker->loop.post(std::move(serve));
    }
    return server;
}

Task<void> Server::apply(std::shared_ptr<const Snapshot> snapshot) {
    for (auto& worker : workers_) {
        // The old snapshot is let go of on the loop that used it.
        std::function<void()> take = [&worker, &snapshot] { worker->snapshot = snapshot; };
        co_await run_on(worker->loop, std::move(take));
    }
}

Task<void> Server::stop() {
    for (auto& worker : workers_) {
        std::function<Task<void>()> make = [&worker] { return Worker::stop(*worker); };
        co_await run_task_on(worker->loop, std::move(make));
    }
}

ServerCounters Server::counters() const {
    ServerCounters out;
    for (const auto& worker : workers_) {
        const EndpointCounters& more = worker->counters;
        out.udp_questions += more.udp_questions;
        out.tcp_questions += more.tcp_questions;
        out.udp_dropped += more.udp_dropped;
        out.connections += more.connections;
        out.connections_refused += more.connections_refused;
    }
    return out;
}

}  // namespace unkai::planes::dns
