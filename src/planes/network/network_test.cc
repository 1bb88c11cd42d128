// The network on the real kernel: namespaces, links, routes and filters, with real sockets in them.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "base/strings.h"
#include "planes/network/kernel_network.h"
#include "planes/network/sim_network.h"
#include "rt/process.h"

namespace unkai::planes::network {

namespace {

constexpr int most_ms = 5000;  // For what must come.
constexpr int drop_ms = 150;   // For what must not: nothing answers a dropped packet.

Cidr cidr(const char* text) { return *Cidr::parse(text); }
Ipv4 ip(const char* text) { return *Ipv4::parse(text); }

sockaddr_in to_socket_address(Ipv4 address, int port) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(static_cast<uint16_t>(port));
    out.sin_addr.s_addr = htonl(address.value);
    return out;
}

bool wait_for(int fd, short what, int milliseconds) {
    pollfd poll_fd{fd, what, 0};
    return ::poll(&poll_fd, 1, milliseconds) == 1;
}

// What the machine shows of networks beside the loopback, to be the same before and after.
std::string traces(const Settings& settings) {
    std::string out;
    for (const auto& entry : std::filesystem::directory_iterator("/sys/class/net"))
        if (entry.path().filename().string() == settings.host_link) out += "link ";
    std::ifstream routes("/proc/net/route");
    for (std::string line; std::getline(routes, line);)
        if (line.starts_with(settings.host_link)) out += "route ";
    std::ifstream mounts("/proc/self/mounts");
    for (std::string line; std::getline(mounts, line);)
        if (line.contains(settings.run_directory)) out += "mount ";
    if (std::filesystem::exists(settings.run_directory + "/netns")) out += "directory ";
    return out;
}

}  // namespace

class NetworkTest : public testing::Test {
protected:
    NetworkTest() {
        settings_.run_directory = fmt::format("/run/unkai-network-test-{}", ::getpid());
        settings_.host_link = fmt::format("ut{}", ::getpid());
        settings_.public_range = cidr("203.0.112.0/23");
        network_ = std::make_unique<KernelNetwork>(env_, settings_);
    }
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    }
    void TearDown() override {
        if (::geteuid() != 0) return;
        const Status purged = loop_.run_until_done(network_->purge());
        EXPECT_TRUE(purged) << purged.error().message;
        EXPECT_EQ(traces(settings_), "");
        ::rmdir(settings_.run_directory.c_str());
    }

    void apply(const Snapshot& snapshot) {
        const Status applied = loop_.run_until_done(network_->apply(snapshot));
        ASSERT_TRUE(applied) << applied.error().message;
    }

    Fd socket_in(const std::string& name, int type = SOCK_STREAM) {
        Fd out;
        std::thread([&] {
            const Namespaces namespaces(settings_.run_directory + "/netns");
            const auto visit = namespaces.enter(name);
            ASSERT_TRUE(visit) << visit.error().message;
            out = Fd(::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        }).join();
        return out;
    }
    Fd bound_in(const std::string& name, Ipv4 address, int port, int type = SOCK_STREAM) {
        Fd fd = socket_in(name, type);
        const int on = 1;
        ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        const sockaddr_in to = to_socket_address(address, port);
        EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0)
            << strerror(errno);
        return fd;
    }
    Fd listener_in(const std::string& name, Ipv4 address, int port) {
        Fd fd = bound_in(name, address, port);
        EXPECT_EQ(::listen(fd.get(), 16), 0);
        return fd;
    }
    static bool connects(const Fd& fd, Ipv4 address, int port, int milliseconds) {
        const sockaddr_in to = to_socket_address(address, port);
        if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0)
            return true;
        if (errno != EINPROGRESS || !wait_for(fd.get(), POLLOUT, milliseconds)) return false;
        int error = 0;
        socklen_t size = sizeof error;
        ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
        return error == 0;
    }
    // A TCP connection by interface and namespace; the kernel and the explanation must agree.
    void expect(bool passes, const std::string& source, Ipv4 destination, int port,
                Fd socket = Fd()) {
        if (!socket) socket = socket_in(source);
        EXPECT_EQ(connects(socket, destination, port, passes ? most_ms : drop_ms), passes)
            << source << " to " << destination.text() << ":" << port;
        const Explanation why = network_->explain({source, destination, 6, port});
        EXPECT_EQ(why.passes, passes) << why.steps.back().text;
    }
    // The address that the other side of the next accepted connection seems to have.
    static std::string accepted_from(const Fd& listener) {
        if (!wait_for(listener.get(), POLLIN, most_ms)) return "nobody";
        sockaddr_in from{};
        socklen_t size = sizeof from;
        const Fd fd(::accept(listener.get(), reinterpret_cast<sockaddr*>(&from), &size));
        return Ipv4{ntohl(from.sin_addr.s_addr)}.text();
    }

    Loop loop_;
    std::unique_ptr<Random> random_ = system_random();
    Workers workers_{2};
    Env env_{loop_, *random_, workers_};
    Settings settings_;
    std::unique_ptr<KernelNetwork> network_;
};

namespace {

Interface container(const char* id, const char* subnet, const char* address, const char* group) {
    return {id,     subnet, Interface::Kind::container, "02:00:00:00:00:10", {{ip(address), {}}},
            {group}};
}

// Public and private subnet, a group "sg-open" that lets everything through, "sg-closed" only out.
Snapshot one_vpc(const std::string& suffix = "") {
    Snapshot s;
    const std::string vpc = "vpc-1" + suffix;
    s.vpcs = {{vpc, {cidr("10.0.0.0/16")}, true}};
    s.subnets = {{"public" + suffix, vpc, cidr("10.0.1.0/24"), "rtb-public" + suffix},
                 {"private" + suffix, vpc, cidr("10.0.2.0/24"), "rtb-private" + suffix}};
    s.route_tables = {
        {"rtb-public" + suffix, vpc, {{Cidr::everything(), Route::Target::internet_gateway, ""}}},
        {"rtb-private" + suffix, vpc, {}}};
    s.groups = {{"sg-open" + suffix, vpc, {SecurityRule{}}, {SecurityRule{}}},
                {"sg-closed" + suffix, vpc, {}, {SecurityRule{}}}};
    return s;
}

template <class T>
void append(std::vector<T>& to, const std::vector<T>& from) {
    to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

TEST_F(NetworkTest, TwoVpcsMayHaveOneCidr) {
    Snapshot s = one_vpc();
    const Snapshot other = one_vpc("b");
    append(s.vpcs, other.vpcs);
    append(s.subnets, other.subnets);
    append(s.route_tables, other.route_tables);
    append(s.groups, other.groups);
    s.interfaces = {container("eni-a", "private", "10.0.2.10", "sg-open"),
                    container("eni-b", "privateb", "10.0.2.10", "sg-openb"),
                    container("eni-c", "privateb", "10.0.2.20", "sg-openb")};
    apply(s);
    const Fd listener = listener_in("eni-c", ip("10.0.2.20"), 80);
    expect(false, "eni-a", ip("10.0.2.20"), 80);
    expect(true, "eni-b", ip("10.0.2.20"), 80);
    EXPECT_EQ(accepted_from(listener), "10.0.2.10");
}

TEST_F(NetworkTest, SecurityGroupsHold) {
    Snapshot s = one_vpc();
    s.interfaces = {container("eni-a", "public", "10.0.1.10", "sg-open"),
                    container("eni-b", "private", "10.0.2.20", "sg-closed")};
    apply(s);
    const Fd listener = listener_in("eni-b", ip("10.0.2.20"), 80);
    const Fd other = listener_in("eni-b", ip("10.0.2.20"), 81);
    expect(false, "eni-a", ip("10.0.2.20"), 80);

    s.groups[1].ingress = {{.protocol = 6, .from_port = 80, .to_port = 80, .group = "sg-open"}};
    apply(s);
    const Fd lasting = socket_in("eni-a");
    ASSERT_TRUE(connects(lasting, ip("10.0.2.20"), 80, most_ms));
    expect(false, "eni-a", ip("10.0.2.20"), 81);

    // A rule that is taken away stops new connections; those that are tracked go on, as in AWS.
    s.groups[1].ingress.clear();
    apply(s);
    expect(false, "eni-a", ip("10.0.2.20"), 80);
    ASSERT_TRUE(wait_for(listener.get(), POLLIN, most_ms));
    const Fd server(::accept(listener.get(), nullptr, nullptr));
    ASSERT_EQ(::write(server.get(), "x", 1), 1);
    EXPECT_TRUE(wait_for(lasting.get(), POLLIN, most_ms));

    // Egress is checked as well, and a sender cannot pass for somebody else.
    s.groups[1].ingress = {{.cidr = cidr("10.0.1.0/24")}};
    apply(s);
    expect(true, "eni-a", ip("10.0.2.20"), 80);
    s.groups[0].egress.clear();
    apply(s);
    expect(false, "eni-a", ip("10.0.2.20"), 80);
}

TEST_F(NetworkTest, SpoofedSourcesAreDropped) {
    Snapshot s = one_vpc();
    s.interfaces = {container("eni-a", "public", "10.0.1.10", "sg-open"),
                    container("eni-b", "private", "10.0.2.20", "sg-open")};
    const auto passes = [&] {
        const Fd listener = bound_in("eni-b", ip("10.0.2.20"), 80, SOCK_DGRAM);
        const Fd sender = socket_in("eni-a", SOCK_DGRAM);
        const int on = 1;
        EXPECT_EQ(::setsockopt(sender.get(), IPPROTO_IP, IP_TRANSPARENT, &on, sizeof on), 0);
        const sockaddr_in from = to_socket_address(ip("10.0.1.99"), 0);
        const sockaddr_in to = to_socket_address(ip("10.0.2.20"), 80);
        EXPECT_EQ(::bind(sender.get(), reinterpret_cast<const sockaddr*>(&from), sizeof from), 0);
        EXPECT_EQ(
            ::sendto(sender.get(), "x", 1, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to),
            1);
        return wait_for(listener.get(), POLLIN, drop_ms);
    };
    apply(s);
    EXPECT_FALSE(passes());
    s.interfaces[0].source_destination_check = false;
    apply(s);
    EXPECT_TRUE(passes());
}

TEST_F(NetworkTest, PrivateSubnetsReachOutThroughNatOnly) {
    Snapshot s = one_vpc();
    s.interfaces = {container("eni-task", "private", "10.0.2.20", "sg-closed")};
    apply(s);
    const Ipv4 api = settings_.api_address();
    const Fd listener = listener_in("internet", api, 4566);
    expect(false, "eni-task", api, 4566);

    // A NAT gateway translates to its private address, the internet gateway that to the elastic
    // one.
    const Ipv4 elastic = settings_.first_elastic();
    s.interfaces.push_back({"eni-nat",
                            "public",
                            Interface::Kind::nat_gateway,
                            "02:00:00:00:00:11",
                            {{ip("10.0.1.5"), elastic}},
                            {}});
    s.nat_gateways = {{"nat-1", "eni-nat"}};
    s.route_tables[1].routes = {{Cidr::everything(), Route::Target::nat_gateway, "nat-1"}};
    apply(s);
    expect(true, "eni-task", api, 4566);
    EXPECT_EQ(accepted_from(listener), elastic.text());

    // It needs an internet gateway route in its own subnet.
    s.route_tables[0].routes.clear();
    apply(s);
    expect(false, "eni-task", api, 4566);
}

TEST_F(NetworkTest, PublicAddressesWorkBothWays) {
    Snapshot s = one_vpc();
    const Ipv4 elastic = settings_.first_elastic();
    s.interfaces = {container("eni-a", "public", "10.0.1.10", "sg-open"),
                    container("eni-b", "public", "10.0.1.11", "sg-open")};
    s.interfaces[0].addresses[0].public_address = elastic;
    apply(s);
    const Fd inside = listener_in("eni-a", ip("10.0.1.10"), 80);
    expect(true, "", elastic, 80);  // From the host.
    EXPECT_EQ(accepted_from(inside), settings_.host_address().text());
    const Fd outside = listener_in("internet", settings_.api_address(), 4566);
    expect(true, "eni-a", settings_.api_address(), 4566);
    EXPECT_EQ(accepted_from(outside), elastic.text());
    expect(false, "eni-b", settings_.api_address(), 4566);  // Has no public address.

    // The host itself stays out of reach.
    const Fd host = listener_in("", settings_.host_address(), 0);
    sockaddr_in bound{};
    socklen_t size = sizeof bound;
    ::getsockname(host.get(), reinterpret_cast<sockaddr*>(&bound), &size);
    EXPECT_FALSE(
        connects(socket_in("eni-a"), settings_.host_address(), ntohs(bound.sin_port), drop_ms));
    EXPECT_FALSE(
        connects(socket_in("internet"), settings_.host_address(), ntohs(bound.sin_port), drop_ms));

    // Two VPCs meet over the internet, by public addresses; a hairpin works too.
    s.interfaces[1].addresses[0].public_address = elastic + 1;
    apply(s);
    expect(true, "eni-b", elastic, 80);
    EXPECT_EQ(accepted_from(inside), (elastic + 1).text());
    expect(true, "eni-a", elastic, 80);
    EXPECT_EQ(accepted_from(inside), elastic.text());
    s.vpcs[0].internet_gateway = false;
    apply(s);
    expect(false, "", elastic, 80);
}

TEST_F(NetworkTest, ListenersInTheVpcAreFilteredToo) {
    Snapshot s = one_vpc();
    const Ipv4 balancer = ip("10.0.1.100");
    s.groups.push_back({"sg-lb", "vpc-1", {}, {}});
    s.interfaces = {container("eni-a", "private", "10.0.2.20", "sg-open"),
                    {"eni-lb",
                     "public",
                     Interface::Kind::local,
                     "02:00:00:00:00:12",
                     {{balancer, settings_.first_elastic()}},
                     {"sg-lb"}}};
    apply(s);
    const Fd listener = listener_in("vpc-1", balancer, 443);
    const Fd target = listener_in("eni-a", ip("10.0.2.20"), 80);
    const auto from_balancer = [&] { return bound_in("vpc-1", balancer, 0); };
    expect(false, "eni-a", balancer, 443);
    expect(false, "", settings_.first_elastic(), 443);
    expect(false, "eni-lb", ip("10.0.2.20"), 80, from_balancer());

    s.groups[2].ingress = {{.protocol = 6, .from_port = 443, .to_port = 443}};
    s.groups[2].egress = {{.group = "sg-open"}};
    apply(s);
    expect(true, "eni-a", balancer, 443);
    EXPECT_EQ(accepted_from(listener), "10.0.2.20");
    expect(true, "", settings_.first_elastic(), 443);
    EXPECT_EQ(accepted_from(listener), settings_.host_address().text());
    expect(true, "eni-lb", ip("10.0.2.20"), 80, from_balancer());
    EXPECT_EQ(accepted_from(target), balancer.text());

    s.groups[0].ingress.clear();
    apply(s);
    expect(false, "eni-lb", ip("10.0.2.20"), 80, from_balancer());
}

TEST_F(NetworkTest, ServicesOfTheVpcAreAlwaysReachable) {
    Snapshot s = one_vpc();
    s.groups[1].egress.clear();
    s.interfaces = {container("eni-a", "private", "10.0.2.20", "sg-closed")};
    apply(s);
    for (const Ipv4 address : {ip("10.0.0.2"), resolver_address, task_metadata_address}) {
        const Fd listener = listener_in("vpc-1", address, 80);
        expect(true, "eni-a", address, 80);
        EXPECT_EQ(accepted_from(listener), "10.0.2.20");
    }
}

TEST_F(NetworkTest, TenantsOnlyBeginConnections) {
    Snapshot s = one_vpc();
    const Ipv4 elastic = settings_.first_elastic();
    s.interfaces = {container("eni-f", "public", "10.0.1.20", "sg-open"),
                    container("eni-a", "private", "10.0.2.20", "sg-open")};
    s.interfaces[0].addresses[0].public_address = elastic;
    apply(s);  // It was no shared one before.
    s.interfaces[0].kind = Interface::Kind::shared;
    s.tenants = {{"tenant-1", "eni-f", tenant_range.base + 2},
                 {"tenant-2", "eni-f", tenant_range.base + 3}};
    apply(s);
    const auto reaches = [&](const char* from, Ipv4 to, int port, bool passes) {
        EXPECT_EQ(connects(socket_in(from), to, port, passes ? most_ms : drop_ms), passes)
            << from << " to " << to.text() << ":" << port;
    };
    // Their loopbacks are their own.
    const Fd own = listener_in("tenant-1", ip("127.0.0.1"), 9999);
    const Fd others = listener_in("tenant-2", ip("127.0.0.1"), 9999);
    reaches("tenant-1", ip("127.0.0.1"), 9999, true);
    EXPECT_TRUE(wait_for(own.get(), POLLIN, most_ms));
    EXPECT_FALSE(wait_for(others.get(), POLLIN, 0));

    // Out they go with the interface's address, and by its groups.
    const Fd api = listener_in("internet", settings_.api_address(), 4566);
    reaches("tenant-1", settings_.api_address(), 4566, true);
    EXPECT_EQ(accepted_from(api), elastic.text());
    const Fd inside = listener_in("eni-a", ip("10.0.2.20"), 80);
    reaches("tenant-2", ip("10.0.2.20"), 80, true);
    EXPECT_EQ(accepted_from(inside), "10.0.1.20");
    const Fd resolver = listener_in("vpc-1", resolver_address, 53);
    reaches("tenant-1", resolver_address, 53, true);
    const Fd metadata = listener_in("vpc-1", task_metadata_address, 80);
    reaches("tenant-1", task_metadata_address, 80, false);

    // Nobody reaches them, nor the namespace that they share.
    const Fd open = listener_in("tenant-1", tenant_range.base + 2, 80);
    const Fd shared = listener_in("eni-f", ip("10.0.1.20"), 80);
    for (const char* from : {"tenant-2", "eni-a", "internet"})
        reaches(from, tenant_range.base + 2, 80, false);
    for (const char* from : {"tenant-1", "eni-a"}) reaches(from, ip("10.0.1.20"), 80, false);
    reaches("internet", elastic, 80, false);

    // One that is gone is cut off, though a socket still holds its namespace.
    const Fd late = socket_in("tenant-1");
    s.tenants.erase(s.tenants.begin());
    apply(s);
    EXPECT_FALSE(connects(late, settings_.api_address(), 4566, drop_ms));
    reaches("tenant-2", settings_.api_address(), 4566, true);
    s.groups[0].egress.clear();
    apply(s);
    reaches("tenant-2", settings_.api_address(), 4566, false);
}

TEST_F(NetworkTest, WhatACrashLeftIsAdopted) {
    Snapshot s = one_vpc();
    s.interfaces = {container("eni-a", "public", "10.0.1.10", "sg-open"),
                    container("eni-b", "private", "10.0.2.20", "sg-open")};
    apply(s);
    const Fd listener = listener_in("eni-b", ip("10.0.2.20"), 80);
    const Fd lasting = socket_in("eni-a");
    ASSERT_TRUE(connects(lasting, ip("10.0.2.20"), 80, most_ms));

    loop_.run_until_done(network_->settle());
    network_ = std::make_unique<KernelNetwork>(env_, settings_);
    s.interfaces.push_back(container("eni-c", "private", "10.0.2.30", "sg-open"));
    apply(s);
    ASSERT_TRUE(wait_for(listener.get(), POLLIN, most_ms));
    const Fd server(::accept(listener.get(), nullptr, nullptr));
    ASSERT_EQ(::write(server.get(), "x", 1), 1);
    EXPECT_TRUE(wait_for(lasting.get(), POLLIN, most_ms));
    expect(true, "eni-c", ip("10.0.2.20"), 80);
    EXPECT_TRUE(loop_.run_until_done(network_->ready("eni-c", loop_.steady())));
    EXPECT_FALSE(loop_.run_until_done(network_->ready("eni-none", loop_.steady())));

    // Half of an interface is gone: it comes back.
    loop_.run_until_done(network_->settle());
    Namespaces namespaces(settings_.run_directory + "/netns");
    ASSERT_TRUE(namespaces.remove("eni-c"));
    network_ = std::make_unique<KernelNetwork>(env_, settings_);
    apply(s);
    expect(true, "eni-c", ip("10.0.2.20"), 80);
}

TEST_F(NetworkTest, ManyInterfacesComeAndGo) {
    Snapshot s = one_vpc();
    apply(s);
    const Snapshot empty = s;
    for (int i = 0; i < 50; ++i)
        s.interfaces.push_back(container(fmt::format("eni-{}", i).c_str(), "private",
                                         fmt::format("10.0.2.{}", i + 10).c_str(), "sg-open"));
    const Steady start = loop_.steady();
    apply(s);
    const auto up = loop_.steady() - start;
    const Steady again = loop_.steady();
    apply(empty);
    const auto down = loop_.steady() - again;
    loop_.run_until_done(network_->settle());
    RecordProperty("microseconds_an_interface_up", static_cast<int>(up.count() / 50));
    RecordProperty("microseconds_an_interface_down", static_cast<int>(down.count() / 50));
    fmt::print("{} µs an interface up, {} µs down\n", up.count() / 50, down.count() / 50);
    EXPECT_FALSE(std::filesystem::exists(network_->namespace_path("eni-0")));
}

TEST_F(NetworkTest, EgressIsUndone) {
    const auto forwarding = [] {
        std::map<std::string, std::string> out;
        for (const auto& entry : std::filesystem::directory_iterator("/proc/sys/net/ipv4/conf")) {
            const std::string link = entry.path().filename();
            out[link] = read_sysctl("net/ipv4/conf/" + link + "/forwarding");
        }
        return out;
    };
    const auto before = forwarding();
    settings_.egress = true;
    network_ = std::make_unique<KernelNetwork>(env_, settings_);
    apply(one_vpc());
    EXPECT_EQ(read_sysctl("net/ipv4/conf/" + settings_.host_link + "/forwarding"), "1");
    loop_.run_until_done(network_->settle());
    ASSERT_TRUE(loop_.run_until_done(network_->purge()));
    EXPECT_EQ(forwarding(), before);
}

TEST_F(NetworkTest, AForeignLinkIsLeftAlone) {
    settings_.host_link = "lo";
    KernelNetwork other(env_, settings_);
    const Status refused = loop_.run_until_done(other.apply({}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "LinkTaken");
    loop_.run_until_done(other.settle());
    settings_.host_link = fmt::format("ut{}", ::getpid());
}

TEST(SimNetwork, RecordsWhatItIsTold) {
    Loop loop;
    SimNetwork network;
    Snapshot s = one_vpc();
    s.interfaces = {container("eni-a", "public", "10.0.1.10", "sg-open")};
    EXPECT_FALSE(loop.run_until_done(network.ready("eni-a", never)));
    EXPECT_TRUE(loop.run_until_done(network.apply(s)));
    EXPECT_TRUE(loop.run_until_done(network.ready("eni-a", never)));
    EXPECT_EQ(network.snapshots.size(), 1u);
}

}  // namespace unkai::planes::network
