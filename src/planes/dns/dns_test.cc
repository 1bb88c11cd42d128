// The servers on real sockets, asked with dig.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <thread>

#include "base/strings.h"
#include "planes/dns/cache.h"
#include "planes/dns/internal_names.h"
#include "planes/dns/resolver.h"
#include "planes/dns/server.h"
#include "rt/process.h"
#include "rt/sim/sim_loop.h"
#include "wire/dns_text.h"

namespace unkai::planes::dns {

using wire::dns::Code;
using wire::dns::Message;
using wire::dns::Record;

namespace {

Name name(std::string_view text) { return *Name::parse(text); }

std::string data(Type type, std::string_view text) { return *wire::dns::parse_data(type, text); }

std::shared_ptr<const Zone> zone_dns(std::string_view apex,
                                     std::vector<std::pair<std::string, std::string>> addresses) {
    std::vector<RecordSet> records;
    records.push_back({.name = name(apex),
                       .type = Type::SOA,
                       .data = {data(Type::SOA, "ns.x. h.x. 1 2 3 4 60")}});
    for (const auto& [of, address] : addresses)
        records.push_back(
            {.name = name(of), .type = Type::A, .ttl = 60, .data = {data(Type::A, address)}});
    RecordSet many{.name = name("many." + std::string(apex)), .type = Type::A, .ttl = 60};
    for (int i = 0; i < 200; ++i)
        many.data.push_back(data(Type::A, "192.0.2." + std::to_string(i)));
    records.push_back(std::move(many));
    return *Zone::make(name(apex), std::move(records));
}

// What dig printed, without its comments, trimmed.
Task<std::string> dig(Loop& loop, std::vector<std::string> arguments, std::string network = "") {
    SpawnOptions options;
    options.argv = {find_program("dig"), "+noall",   "+answer",  "+comments",
                    "+time=2",           "+tries=1", "+nocookie"};
    if (!network.empty()) {
        const std::vector<std::string> enter = {find_program("ip"), "netns", "exec", network};
        options.argv.insert(options.argv.begin(), enter.begin(), enter.end());
    }
    options.argv.insert(options.argv.end(), arguments.begin(), arguments.end());
    const auto output = co_await run(loop, options);
    co_return output ? output->output : output.error().message;
}

// A data loop on a thread of its own.
struct Thread {
    Loop loop;
    std::thread thread{[this] { loop.run(); }};
    ~Thread() {
        loop.stop();
        thread.join();
    }
};

Task<Status> ask_the_server(Loop& loop, std::vector<Loop*> data_loops) {
    CO_TRY(const net::Address any, net::Address::parse("127.0.0.1", 0));
    CO_TRY(auto server, Server::start(std::move(data_loops), {.addresses = {any}}));
    const std::string port = std::to_string(server->addresses()[0].port());
    std::string out = co_await dig(loop, {"@127.0.0.1", "-p", port, "www.example.com", "A"});
    EXPECT_NE(out.find("REFUSED"), std::string::npos) << out;

    Snapshot::Parts parts;
    parts.zones.push_back({zone_dns("example.com", {{"www.example.com", "192.0.2.1"}}), {}});
    co_await server->apply(Snapshot::make(std::move(parts)));
    out = co_await dig(loop, {"@127.0.0.1", "-p", port, "www.example.com", "A"});
    EXPECT_NE(out.find("www.example.com.\t60\tIN\tA\t192.0.2.1"), std::string::npos) << out;
    EXPECT_NE(out.find("flags: qr aa rd;"), std::string::npos) << out;
    out = co_await dig(loop, {"@127.0.0.1", "-p", port, "no.example.com", "A"});
    EXPECT_NE(out.find("NXDOMAIN"), std::string::npos) << out;
    out = co_await dig(loop, {"@127.0.0.1", "-p", port, "+tcp", "+keepopen", "www.example.com", "A",
                              "no.example.com"});
    EXPECT_NE(out.find("192.0.2.1"), std::string::npos) << out;
    EXPECT_NE(out.find("NXDOMAIN"), std::string::npos) << out;
    // Too big for UDP: dig comes again over TCP and gets all.
    out = co_await dig(loop, {"@127.0.0.1", "-p", port, "many.example.com", "A"});
    EXPECT_NE(out.find("ANSWER: 200"), std::string::npos) << out.substr(0, 400);
    out = co_await dig(loop,
                       {"@127.0.0.1", "-p", port, "+ignore", "+noedns", "many.example.com", "A"});
    EXPECT_NE(out.find("flags: qr aa tc rd;"), std::string::npos) << out.substr(0, 400);
    out = co_await dig(
        loop, {"@127.0.0.1", "-p", port, "+edns=1", "+noednsnegotiation", "www.example.com"});
    EXPECT_NE(out.find("BADVERS"), std::string::npos) << out;
    out = co_await dig(loop, {"@127.0.0.1", "-p", port, "+opcode=NOTIFY", "www.example.com"});
    EXPECT_NE(out.find("NOTIMP"), std::string::npos) << out;
    EXPECT_GE(server->counters().udp_questions, 6u);
    EXPECT_GE(server->counters().tcp_questions, 3u);
    co_await server->stop();
    co_return ok();
}

}  // namespace

TEST(DnsServer, AnswersDigOnEveryLoop) {
    Loop control;
    Thread first, second;
    const auto out = control.run_until_done(ask_the_server(control, {&first.loop, &second.loop}));
    EXPECT_TRUE(out) << out.error().message;
}

TEST(DnsServer, AnswersOnTheCallersLoopToo) {
    Loop control;
    const auto out = control.run_until_done(ask_the_server(control, {&control}));
    EXPECT_TRUE(out) << out.error().message;
}

static Task<void> take_a_port_twice(Loop& loop) {
    auto first = Server::start({&loop}, {.addresses = {*net::Address::parse("127.0.0.1", 0)}});
    EXPECT_TRUE(first);
    const int taken = ::socket(AF_INET, SOCK_DGRAM, 0);
    const net::Address address = *net::Address::parse("127.0.0.1", 0);
    EXPECT_EQ(::bind(taken, address.raw(), address.raw_size()), 0);
    const auto second = Server::start({&loop}, {.addresses = {net::Address::local_of(taken)}});
    EXPECT_FALSE(second);
    if (!second) EXPECT_EQ(second.error().code, "AddressInUse");
    ::close(taken);
    co_await (*first)->stop();
}

TEST(DnsServer, SaysThatAPortIsTaken) {
    Loop loop;
    loop.run_until_done(take_a_port_twice(loop));
}

namespace {

std::string question(std::string_view of) {
    Message out;
    out.id = 9;
    out.questions.push_back({name(of), Type::A});
    const std::string bytes = encode(out);
    return std::string{static_cast<char>(bytes.size() >> 8), static_cast<char>(bytes.size())} +
           bytes;
}

// Reads `count` answers, or to the end; how many came.
Task<size_t> read_answers(Loop& loop, Io& io, size_t count) {
    std::string in;
    size_t answers = 0;
    while (answers < count) {
        char piece[4096];
        const ssize_t got = ::read(io.fd(), piece, sizeof piece);
        if (got == 0 || (got < 0 && errno != EAGAIN)) break;
        if (got < 0 && co_await io.readable(loop.steady() + 5s) != Wake::ready) break;
        if (got > 0) in.append(piece, static_cast<size_t>(got));
        while (in.size() >= 2) {
            const size_t size =
                static_cast<size_t>(static_cast<uint8_t>(in[0])) << 8 | static_cast<uint8_t>(in[1]);
            if (in.size() < 2 + size) break;
            const auto answer = wire::dns::decode(std::string_view(in).substr(2, size));
            EXPECT_TRUE(answer && answer->id == 9);
            in.erase(0, 2 + size);
            ++answers;
        }
    }
    co_return answers;
}

Task<Status> abuse_tcp(Loop& loop) {
    CO_TRY(auto server, Server::start({&loop}, {.addresses = {*net::Address::parse("127.0.0.1", 0)},
                                                .most_connections = 2}));
    Snapshot::Parts parts;
    parts.zones.push_back({zone_dns("example.com", {{"www.example.com", "192.0.2.1"}}), {}});
    co_await server->apply(Snapshot::make(std::move(parts)));
    const net::Address address = server->addresses()[0];
    {
        // Byte by byte, then many at once.
        CO_TRY(Io io, co_await net::open_connection(loop, "", address, loop.steady() + 5s));
        for (const char c : question("www.example.com")) {
            EXPECT_EQ(::write(io.fd(), &c, 1), 1);
            co_await loop.yield();
        }
        EXPECT_EQ(co_await read_answers(loop, io, 1), 1u);
        std::string many;
        for (int i = 0; i < 100; ++i) many += question("www.example.com");
        EXPECT_EQ(::write(io.fd(), many.data(), many.size()), static_cast<ssize_t>(many.size()));
        EXPECT_EQ(co_await read_answers(loop, io, 100), 100u);
        // What is no question ends the connection; so does a message of no length.
        EXPECT_EQ(::write(io.fd(), "\0\3abc", 5), 5);
        EXPECT_EQ(co_await read_answers(loop, io, 1), 0u);
    }
    {
        // The third connection is one too many; the first two go on.
        CO_TRY(Io first, co_await net::open_connection(loop, "", address, loop.steady() + 5s));
        CO_TRY(Io second, co_await net::open_connection(loop, "", address, loop.steady() + 5s));
        CO_TRY(Io third, co_await net::open_connection(loop, "", address, loop.steady() + 5s));
        EXPECT_EQ(co_await read_answers(loop, third, 1), 0u);
        const std::string bytes = question("www.example.com");
        EXPECT_EQ(::write(second.fd(), bytes.data(), bytes.size()),
                  static_cast<ssize_t>(bytes.size()));
        EXPECT_EQ(co_await read_answers(loop, second, 1), 1u);
        EXPECT_EQ(server->counters().connections_refused, 1u);
    }
    co_await server->stop();
    co_return ok();
}

}  // namespace

TEST(DnsServer, WithstandsTcpAbuse) {
    Loop loop;
    const auto out = loop.run_until_done(abuse_tcp(loop));
    EXPECT_TRUE(out) << out.error().message;
}

// ---- Cache, in simulated time

static Message response(std::string_view of, uint32_t ttl, Code code = Code::no_error) {
    Message out;
    out.response = true;
    out.code = code;
    out.questions.push_back({name(of), Type::A});
    if (code == Code::no_error)
        out.answers.push_back({name(of), Type::A, ttl, data(Type::A, "192.0.2.1")});
    else
        out.authority.push_back({name("x"), Type::SOA, ttl, data(Type::SOA, "a. b. 1 2 3 4 20")});
    return out;
}

TEST(DnsCache, HonoursLifetimes) {
    SimLoop loop;
    Cache cache;
    const auto after = [&](Duration length) { return loop.steady() + length; };
    cache.put(name("a.x"), Type::A, response("a.x", 30), loop.steady());
    cache.put(name("no.x"), Type::A, response("no.x", 600, Code::name_error), loop.steady());
    cache.put(name("zero.x"), Type::A, response("zero.x", 0), loop.steady());
    cache.put(name("ill.x"), Type::A, response("ill.x", 30, Code::server_failure), loop.steady());
    EXPECT_EQ(cache.size(), 2u);
    const auto aged = cache.find(name("A.X"), Type::A, after(12s));
    EXPECT_FALSE(aged);  // Keys are lower case: the resolver lowers names before it asks.
    ASSERT_TRUE(cache.find(name("a.x"), Type::A, after(12s)));
    EXPECT_EQ(cache.find(name("a.x"), Type::A, after(12s))->answers[0].ttl, 18u);
    EXPECT_FALSE(cache.find(name("a.x"), Type::AAAA, after(12s)));
    EXPECT_FALSE(cache.find(name("a.x"), Type::A, after(30s)));
    EXPECT_EQ(cache.find(name("no.x"), Type::A, after(19s))->code, Code::name_error);
    EXPECT_FALSE(
        cache.find(name("no.x"), Type::A, after(20s)));  // The SOA's last field, not its TTL.
    EXPECT_EQ(cache.size(), 0u);
}

TEST(DnsCache, ForgetsTheLeastUsed) {
    Cache cache(2);
    const Steady now{1h};
    cache.put(name("a"), Type::A, response("a", 60), now);
    cache.put(name("b"), Type::A, response("b", 60), now);
    EXPECT_TRUE(cache.find(name("a"), Type::A, now));
    cache.put(name("c"), Type::A, response("c", 60), now);
    EXPECT_EQ(cache.size(), 2u);
    EXPECT_TRUE(cache.find(name("a"), Type::A, now));
    EXPECT_FALSE(cache.find(name("b"), Type::A, now));
}

// ---- The VPC resolver

TEST(DnsResolver, KnowsInternalNames) {
    const struct {
        std::string_view of;
        Type type;
        bool known, exists;
        std::string_view data;
    } rows[] = {
        {"ip-10-0-1-5.ec2.internal", Type::A, true, true, "10.0.1.5"},
        {"ip-10-0-1-5.eu-west-1.compute.internal", Type::A, true, true, "10.0.1.5"},
        {"ip-10-0-1-5.ec2.internal", Type::AAAA, true, true, ""},
        {"ip-8-8-8-8.ec2.internal", Type::A, true, false, ""},
        {"ip-10-0-1-500.ec2.internal", Type::A, true, false, ""},
        {"www.example.com.ec2.internal", Type::A, true, false, ""},
        {"ec2.internal", Type::A, true, true, ""},
        {"host", Type::A, true, false, ""},
        {"5.1.0.10.in-addr.arpa", Type::PTR, true, true, "ip-10-0-1-5.ec2.internal."},
        {"8.8.8.8.in-addr.arpa", Type::PTR, false, false, ""},
        {"www.example.com", Type::A, false, false, ""},
    };
    for (const auto& row : rows) {
        const auto out = internal_answer(name(row.of).wire(), row.type);
        EXPECT_EQ(out.known, row.known) << row.of;
        EXPECT_EQ(out.exists, row.exists) << row.of;
        const std::string text =
            out.block.empty()
                ? ""
                : wire::dns::data_text(row.type, std::string_view(out.block.bytes).substr(12));
        EXPECT_EQ(text, row.data) << row.of;
    }
    EXPECT_FALSE(localhost_block(name("nolocalhost").wire(), Type::A));
    EXPECT_TRUE(localhost_block(name("a.localhost").wire(), Type::A));
}

namespace {

void shell(const std::string& command) { EXPECT_EQ(std::system(command.c_str()), 0) << command; }

// Two namespaces with the same address, found and removed by their names.
struct Networks {
    std::string first = "unkai-dns-test-" + std::to_string(::getpid()) + "-1";
    std::string second = "unkai-dns-test-" + std::to_string(::getpid()) + "-2";
    Networks() {
        for (const std::string& one : {first, second}) {
            shell("ip netns add " + one);
            shell("ip -n " + one + " link set lo up");
        }
    }
    ~Networks() {
        for (const std::string& one : {first, second}) shell("ip netns del " + one);
    }
    static std::string path(const std::string& one) { return "/run/netns/" + one; }
};

Task<Status> ask_in_networks(Loop& loop, Loop& data_loop, Networks& networks) {
    // Upstream is a second server of ours, on the host's loopback.
    CO_TRY(const net::Address any, net::Address::parse("127.0.0.1", 0));
    CO_TRY(auto upstream, Server::start({&loop}, {.addresses = {any}}));
    Snapshot::Parts outside;
    outside.zones.push_back({zone_dns("far.test", {{"www.far.test", "203.0.113.7"}}), {}});
    co_await upstream->apply(Snapshot::make(std::move(outside)));

    NameSource names("rds");
    names.set(
        "db.rds.amazonaws.com",
        {.public_addresses = {"127.0.0.1"}, .private_addresses = {"10.0.0.8"}, .vpc = "vpc-1"});
    const NameSource* sources[] = {&names};
    Snapshot::Parts parts;
    parts.names = NameTable::make(sources);
    parts.zones.push_back({zone_dns("corp.test", {{"api.corp.test", "10.0.0.1"}}), {"vpc-1"}});
    parts.zones.push_back({zone_dns("example.com", {{"www.example.com", "192.0.2.1"}}), {}});
    std::vector<RecordSet> out_records = {{.name = name("out.test"),
                                           .type = Type::SOA,
                                           .data = {data(Type::SOA, "ns.x. h.x. 1 2 3 4 60")}},
                                          {.name = name("go.out.test"),
                                           .type = Type::CNAME,
                                           .ttl = 60,
                                           .data = {name("www.far.test").wire()}}};
    parts.zones.push_back({*Zone::make(name("out.test"), out_records), {}});
    const auto snapshot = Snapshot::make(std::move(parts));

    Resolver open_one(data_loop, {.upstreams = upstream->addresses()}), closed_one(data_loop, {});
    CO_REQUIRE(co_await open_one.open("vpc-1", Networks::path(networks.first),
                                      {"169.254.169.253", "10.0.0.2"}));
    CO_REQUIRE(co_await closed_one.open("vpc-2", Networks::path(networks.second), {"10.0.0.2"}));
    // The sockets were there before the address.
    for (const std::string& one : {networks.first, networks.second})
        shell("ip -n " + one + " address add 10.0.0.2/32 dev lo");
    shell("ip -n " + networks.first + " address add 169.254.169.253/32 dev lo");
    co_await open_one.apply(snapshot);
    co_await closed_one.apply(snapshot);

    const struct {
        bool first;
        std::vector<std::string> arguments;
        std::string_view wanted;
    } rows[] = {
        {true, {"@10.0.0.2", "api.corp.test"}, "\t10.0.0.1"},
        {true, {"@169.254.169.253", "+tcp", "api.corp.test"}, "\t10.0.0.1"},
        {true, {"@10.0.0.2", "db.rds.amazonaws.com"}, "\t10.0.0.8"},
        {true, {"@10.0.0.2", "www.example.com"}, "flags: qr aa rd ra;"},
        {true, {"@10.0.0.2", "x.localhost"}, "\t127.0.0.1"},
        {true, {"@10.0.0.2", "www.far.test"}, "\t203.0.113.7"},
        {true, {"@10.0.0.2", "WWW.far.test"}, "\t203.0.113.7"},  // From the cache.
        {true, {"@10.0.0.2", "go.out.test"}, "CNAME\twww.far.test.\nwww.far.test."},
        {true, {"@10.0.0.2", "no.far.test"}, "NXDOMAIN"},
        {true, {"@10.0.0.2", "many.far.test"}, "ANSWER: 200"},  // Over TCP on both ways.
        {false, {"@10.0.0.2", "api.corp.test"}, "SERVFAIL"},
        {false, {"@10.0.0.2", "www.far.test"}, "forwarding is off"},
        {false, {"@10.0.0.2", "go.out.test"}, "SERVFAIL"},
        {false, {"@10.0.0.2", "db.rds.amazonaws.com"}, "\t127.0.0.1"},
        {false, {"@10.0.0.2", "db"}, "NXDOMAIN"},
    };
    for (const auto& row : rows) {
        const std::string out =
            co_await dig(loop, row.arguments, row.first ? networks.first : networks.second);
        EXPECT_NE(out.find(row.wanted), std::string::npos) << row.arguments.back() << "\n"
                                                           << out.substr(0, 600);
    }
    EXPECT_EQ(upstream->counters().udp_questions,
              3u);  // www, no, many; the rest came from the cache.
    EXPECT_EQ(upstream->counters().tcp_questions, 1u);
    co_await upstream->stop();
    const std::string dead =
        co_await dig(loop, {"@10.0.0.2", "+time=7", "new.far.test"}, networks.first);
    EXPECT_NE(dead.find("SERVFAIL"), std::string::npos) << dead;
    co_await open_one.stop();
    co_await closed_one.stop();
    co_return ok();
}

}  // namespace

TEST(DnsResolver, AnswersInsideOfEachNetwork) {
    Loop loop;
    Thread data;
    Networks networks;
    const auto out = loop.run_until_done(ask_in_networks(loop, data.loop, networks));
    EXPECT_TRUE(out) << out.error().message;
}

}  // namespace unkai::planes::dns
