// A server with one zone of 1,000 names, for tests/bench/dns.py: dns_bench LOOPS PORT, until it is
// killed.
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "planes/dns/server.h"
#include "wire/dns_text.h"

namespace unkai::planes::dns {

namespace {

std::shared_ptr<const Snapshot> make_snapshot() {
    const Name apex = *Name::parse("example.com");
    std::vector<RecordSet> records;
    const auto add = [&](const std::string& name, Type type, const std::string& text) {
        records.push_back({.name = *Name::parse(name),
                           .type = type,
                           .ttl = 60,
                           .data = {*wire::dns::parse_data(type, text)}});
    };
    add("example.com", Type::SOA, "ns1.example.com. h.example.com. 1 7200 900 1209600 60");
    add("example.com", Type::NS, "ns1.example.com.");
    for (int i = 0; i < 1000; ++i)
        add("h" + std::to_string(i) + ".example.com", Type::A, "192.0.2.1");
    Snapshot::Parts parts;
    parts.zones.push_back({*Zone::make(apex, std::move(records)), {}});
    return Snapshot::make(std::move(parts));
}

Task<void> serve(Loop& loop, std::vector<Loop*> data_loops, uint16_t port) {
    ServerOptions options;
    options.addresses = {*net::Address::parse("127.0.0.1", port)};
    auto server = Server::start(std::move(data_loops), std::move(options));
    if (!server) {
        std::fprintf(stderr, "dns_bench: %s\n", server.error().message.c_str());
        std::exit(1);
    }
    co_await (*server)->apply(make_snapshot());
    std::printf("ready\n");
    std::fflush(stdout);
    while (true) co_await loop.sleep(1h);
}

}  // namespace

}  // namespace unkai::planes::dns

int main(int argc, char** argv) {
    using unkai::Loop;
    const int count = argc > 1 ? std::atoi(argv[1]) : 1;
    const auto port = static_cast<uint16_t>(argc > 2 ? std::atoi(argv[2]) : 5301);
    std::vector<std::unique_ptr<Loop>> loops;
    std::vector<Loop*> all;
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i) {
        loops.push_back(std::make_unique<Loop>());
        all.push_back(loops.back().get());
        threads.emplace_back([loop = all.back()] { loop->run(); });
    }
    Loop control;
    control.run_until_done(unkai::planes::dns::serve(control, all, port));
}
