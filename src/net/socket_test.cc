#include "net/socket.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "net/net_test.h"

namespace unkai::net {

namespace {

// A network namespace with its loopback up, bound to a file; gone with this object.
class Namespace {
public:
    Namespace() : path_("/run/unkai-net-test-" + std::to_string(::getpid())) {
        const Fd file(::open(path_.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
        std::thread([this] {
            if (::unshare(CLONE_NEWNET) != 0) return;
            const Fd control(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
            ifreq request{};
            request.ifr_name[0] = 'l';
            request.ifr_name[1] = 'o';
            request.ifr_flags = IFF_UP;
            ::ioctl(control.get(), SIOCSIFFLAGS, &request);
            made_ = ::mount("/proc/thread-self/ns/net", path_.c_str(), "", MS_BIND, "") == 0;
        }).join();
    }
    ~Namespace() {
        if (made_) ::umount2(path_.c_str(), MNT_DETACH);
        ::unlink(path_.c_str());
    }
    const std::string& path() const { return path_; }
    bool made() const { return made_; }

private:
    std::string path_;
    bool made_ = false;
};

std::string own_namespace() {
    return std::filesystem::read_symlink("/proc/thread-self/ns/net").string();
}

Task<void> hello(Exchange& exchange) { (void)co_await exchange.respond(200, "inside"); }

struct Inside {
    static Task<void> run(Loop& loop, Server& server, const std::string& path) {
        const Address any = *Address::parse("127.0.0.1", 0);
        const auto bound = server.listen(path, any);
        EXPECT_TRUE(bound);
        Client client(loop);
        const auto inside =
            co_await client.fetch({.address = *bound, .network = path}, {.target = "/"}, 100);
        EXPECT_TRUE(inside);
        if (inside) EXPECT_EQ(inside->body, "inside");
        const auto outside = co_await client.fetch({.address = *bound}, {.target = "/"}, 100);
        EXPECT_EQ(outside.error().code, "ConnectionRefused");
        co_await server.drain(1s);
    }
};

}  // namespace

TEST(Socket, OpensInsideANamespaceAndComesBack) {
    const Namespace there;
    if (!there.made()) GTEST_SKIP() << "needs root to make a network namespace";
    const std::string before = own_namespace();
    Loop loop;
    FunctionHandler handler(hello);
    Server server(loop, handler);
    loop.run_until_done(Inside::run(loop, server, there.path()));
    EXPECT_EQ(own_namespace(), before);
    EXPECT_TRUE(open_udp(there.path(), *Address::parse("127.0.0.1", 0), {.packet_info = true}));
}

TEST(Socket, TellsWhatIsWrong) {
    const Address any = *Address::parse("127.0.0.1", 0);
    const auto first = open_listener("", any);
    ASSERT_TRUE(first);
    const Address taken = Address::local_of(first->get());
    EXPECT_NE(taken.port(), 0);
    const auto second = open_listener("", taken);
    EXPECT_EQ(second.error().code, "AddressInUse");
    EXPECT_NE(second.error().message.find(taken.text()), std::string::npos);
    EXPECT_EQ(open_listener("", *Address::parse("192.0.2.1", 80)).error().code,
              "AddressNotAvailable");
    EXPECT_EQ(open_listener("/nowhere", any).error().code, "NetworkNotFound");
    EXPECT_EQ(open_listener("/proc/self/exe", any).error().code, "NetworkNotFound");
    const auto shared = open_listener("", any, {.reuse_port = true});
    EXPECT_TRUE(open_listener("", Address::local_of(shared->get()), {.reuse_port = true}));
}

TEST(Address, ReadsOnlyTheUsualSpellings) {
    EXPECT_EQ(Address::parse("::1", 80)->text(), "[::1]:80");
    EXPECT_EQ(Address::parse("[::1]", 80)->ip(), "::1");
    EXPECT_EQ(Address::parse("::ffff:127.0.0.1", 80)->text(), "127.0.0.1:80");
    EXPECT_TRUE(Address::parse("::ffff:127.0.0.1", 80)->is_loopback());
    EXPECT_FALSE(Address::parse("10.0.0.1", 80)->is_loopback());
    for (const char* odd :
         {"", "localhost", "127.1", "0x7f000001", "017700000001", "1.2.3.4.5", "%"})
        EXPECT_FALSE(Address::parse(odd, 80)) << odd;
    EXPECT_EQ(Address::unix_socket("/run/x")->text(), "unix:/run/x");
    EXPECT_FALSE(Address::unix_socket(std::string(200, 'x')));
}

TEST(Resolve, KnowsNumbersAndLocalhost) {
    Loop loop;
    Workers workers(1);
    const auto local = loop.run_until_done(resolve(workers, "Site.LOCALHOST", 80));
    ASSERT_TRUE(local);
    EXPECT_EQ(local->front().text(), "127.0.0.1:80");
    EXPECT_EQ(loop.run_until_done(resolve(workers, "10.1.2.3", 5))->front().text(), "10.1.2.3:5");
    EXPECT_EQ(loop.run_until_done(resolve(workers, "no.such.invalid", 80)).error().code,
              "NameNotFound");
}

}  // namespace unkai::net
