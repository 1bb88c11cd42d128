#include "net/socket.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/strings.h"

namespace unkai::net {

namespace {

constexpr size_t most_addresses = 16;

Unexpected socket_error(const std::string& what, int error) {
    const std::string sentence = what + ": " + std::strerror(error) + ".";
    switch (error) {
        case EADDRINUSE:
            return fail("AddressInUse", what +
                                            " is taken by another program. Stop it, or choose "
                                            "another port.");
        case EADDRNOTAVAIL:
            return fail("AddressNotAvailable", what + " is not an address of this machine.");
        case EACCES:
        case EPERM:
            return fail("PermissionDenied", what +
                                                ": not allowed. Ports below 1024 and network "
                                                "namespaces need root.");
        case EMFILE:
        case ENFILE:
            return fail("TooManyOpenFiles", what + ": no file descriptor is left (ulimit -n).");
        case ECONNREFUSED:
            return fail("ConnectionRefused", what + " refused the connection.", 502);
        case ETIMEDOUT:
            return fail("ConnectionTimeout", what + " did not answer.", 504);
        default:
            return fail("ConnectionFailed", sentence, 502);
    }
}

void set_flag(int fd, int level, int option) {
    const int on = 1;
    ::setsockopt(fd, level, option, &on, sizeof on);
}

}  // namespace

Result<Fd> open_socket(const std::string& network, int family, int type) {
    type |= SOCK_CLOEXEC | SOCK_NONBLOCK;
    if (network.empty() || family == AF_UNIX) {
        Fd fd(::socket(family, type, 0));
        if (!fd) return socket_error("A socket", errno);
        return fd;
    }
    const Fd home(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    const Fd there(::open(network.c_str(), O_RDONLY | O_CLOEXEC));
    if (!home || !there)
        return fail("NetworkNotFound", "The network namespace " + network +
                                           " cannot be opened: " + std::strerror(errno) + ".");
    if (::setns(there.get(), CLONE_NEWNET) != 0)
        return errno == EPERM
                   ? socket_error("The network namespace " + network, EPERM)
                   : fail("NetworkNotFound",
                          network + " is no network namespace: " + std::strerror(errno) + ".");
    Fd fd(::socket(family, type, 0));
    const int error = errno;
    CHECK(::setns(home.get(), CLONE_NEWNET) == 0, "a thread cannot leave a network namespace");
    if (!fd) return socket_error("A socket in " + network, error);
    return fd;
}

Result<Fd> open_listener(const std::string& network, const Address& address,
                         ListenOptions options) {
    TRY(Fd fd, open_socket(network, address.family(), SOCK_STREAM));
    const bool is_unix = address.family() == AF_UNIX;
    if (is_unix) {
        struct stat status{};
        if (::lstat(address.ip().c_str(), &status) == 0 && S_ISSOCK(status.st_mode))
            ::unlink(address.ip().c_str());
    } else {
        set_flag(fd.get(), SOL_SOCKET, SO_REUSEADDR);
        if (address.family() == AF_INET6) set_flag(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY);
        if (options.reuse_port) set_flag(fd.get(), SOL_SOCKET, SO_REUSEPORT);
        if (options.free_bind) set_flag(fd.get(), IPPROTO_IP, IP_FREEBIND);
        // Accepted sockets inherit it: one system call less for each connection.
        set_flag(fd.get(), IPPROTO_TCP, TCP_NODELAY);
    }
    if (::bind(fd.get(), address.raw(), address.raw_size()) != 0)
        return socket_error(address.text(), errno);
    if (is_unix) ::chmod(address.ip().c_str(), options.unix_mode);
    if (::listen(fd.get(), options.backlog) != 0) return socket_error(address.text(), errno);
    return fd;
}

Result<Fd> open_udp(const std::string& network, const Address& address, UdpOptions options) {
    TRY(Fd fd, open_socket(network, address.family(), SOCK_DGRAM));
    if (options.reuse_port) set_flag(fd.get(), SOL_SOCKET, SO_REUSEPORT);
    if (address.family() == AF_INET6) set_flag(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY);
    if (options.packet_info) {
        if (address.family() == AF_INET6)
            set_flag(fd.get(), IPPROTO_IPV6, IPV6_RECVPKTINFO);
        else
            set_flag(fd.get(), IPPROTO_IP, IP_PKTINFO);
    }
    if (options.receive_buffer > 0)
        ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &options.receive_buffer,
                     sizeof options.receive_buffer);
    if (::bind(fd.get(), address.raw(), address.raw_size()) != 0)
        return socket_error(address.text(), errno);
    return fd;
}

Task<Result<Io>> open_connection(Loop& loop, std::string network, Address address, Steady deadline,
                                 Stop* stop, Address local) {
    CO_TRY(Fd fd, open_socket(network, address.family(), SOCK_STREAM));
    if (address.family() != AF_UNIX) set_flag(fd.get(), IPPROTO_TCP, TCP_NODELAY);
    if (local.valid()) {
        // The port is chosen by connect(): one local port serves many destinations.
        set_flag(fd.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
        if (::bind(fd.get(), local.raw(), local.raw_size()) != 0)
            co_return socket_error(local.text(), errno);
    }
    const int result = ::connect(fd.get(), address.raw(), address.raw_size());
    if (result != 0 && errno != EINPROGRESS) co_return socket_error(address.text(), errno);
    Io io(loop, std::move(fd));
    io.note_read(false);  // Nothing was read, but registering reports what is there.
    if (result == 0) co_return io;
    io.note_write(false);
    switch (co_await io.writable(deadline, stop)) {
        case Wake::ready:
            break;
        case Wake::timed_out:
            co_return socket_error(address.text(), ETIMEDOUT);
        case Wake::stopped:
            co_return fail("ConnectionFailed", "Connecting to " + address.text() + " was stopped.",
                           503);
    }
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(io.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) co_return socket_error(address.text(), error);
    co_return io;
}

namespace {

Result<std::vector<Address>> look_up(const std::string& host, uint16_t port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
    if (error != 0)
        return fail("NameNotFound",
                    "The name '" + host + "' has no address: " + ::gai_strerror(error) + ".", 502);
    std::vector<Address> addresses;
    for (const int family : {AF_INET, AF_INET6})
        for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next)
            if (entry->ai_family == family && addresses.size() < most_addresses)
                addresses.push_back(
                    Address::from_raw(entry->ai_addr, entry->ai_addrlen).with_port(port));
    ::freeaddrinfo(found);
    return addresses;
}

}  // namespace

Task<Result<std::vector<Address>>> resolve(Workers& workers, std::string host, uint16_t port) {
    if (auto number = Address::parse(host, port)) co_return std::vector<Address>{*number};
    const std::string lower = to_lower(host);
    if (lower == "localhost" || lower.ends_with(".localhost")) {
        CO_TRY(const Address v4, Address::parse("127.0.0.1", port));
        CO_TRY(const Address v6, Address::parse("::1", port));
        co_return std::vector<Address>{v4, v6};
    }
    co_return co_await workers.run([lower, port] { return look_up(lower, port); });
}

}  // namespace unkai::net
