// What tests/bench/proxy.py measures, on one thread, until it is killed:
//   proxy_bench serve PORT            a server that answers 200 with twelve bytes
//   proxy_bench proxy PORT TARGET     a load balancer on PORT before 127.0.0.1:TARGET
#include <cstdio>
#include <cstdlib>

#include "net/server.h"
#include "planes/proxy/proxy.h"

namespace unkai::planes::proxy {

namespace {

class Hello final : public net::Handler {
public:
    Task<void> handle(net::Exchange& exchange) override {
        exchange.headers().add_view("content-type", "text/plain");
        (void)co_await exchange.respond(200, "hello world\n");
    }
};

Snapshot snapshot(uint16_t port, uint16_t target) {
    const net::Address loopback = *net::Address::parse("127.0.0.1", 0);
    Snapshot made;
    LoadBalancer balancer{.id = "lb"};
    balancer.nodes.push_back({"", loopback});
    made.load_balancers.emplace("lb", balancer);
    TargetGroup group{.id = "group", .load_balancer = "lb"};
    group.targets.push_back({"target", loopback.with_port(target)});
    made.groups.emplace("group", group);
    Listener listener{.id = "listener", .load_balancer = "lb", .port = port};
    listener.fallback = Forward{.groups = {{"group", 1}}};
    made.listeners.push_back(listener);
    return made;
}

Task<bool> run(Loop& loop, net::Server& server, Proxy& proxy, uint16_t port, uint16_t target) {
    if (target != 0) {
        proxy.apply(snapshot(port, target));
        if (!co_await proxy.ready(loop.steady() + std::chrono::seconds(5))) co_return false;
    } else if (!server.listen("", *net::Address::parse("127.0.0.1", port))) {
        co_return false;
    }
    std::puts("ready");
    std::fflush(stdout);
    co_await loop.sleep(std::chrono::hours(24));
    co_return true;
}

}  // namespace

int bench(int count, char** words) {
    if (count < 3) return 2;
    const auto port = static_cast<uint16_t>(std::atoi(words[2]));
    const auto target = static_cast<uint16_t>(count > 3 ? std::atoi(words[3]) : 0);
    Loop loop;
    Hello hello;
    net::Server server(loop, hello);
    const auto random = system_random();
    Proxy proxy(loop, {&loop}, *random);
    return loop.run_until_done(run(loop, server, proxy, port, target)) ? 0 : 1;
}

}  // namespace unkai::planes::proxy

int main(int count, char** words) { return unkai::planes::proxy::bench(count, words); }
