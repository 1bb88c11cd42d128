// Sockets: addresses, and opening listeners, connections and UDP sockets, in any network namespace.
//
// A namespace is named by the path of its bind-mounted file ("/run/unkai/netns/vpc-1"); empty is
// our own. A socket belongs for life to the namespace in which socket(2) made it, so the calling
// thread enters the namespace for that one call and is back before the function returns (≈ 5 µs;
// nothing else runs on the thread meanwhile; a failure to return is a CHECK). bind, connect and
// accept work from anywhere.
//
//     TRY(const Address address, Address::parse("10.0.1.17", 80));
//     TRY(Fd fd, open_listener("/run/unkai/netns/vpc-1", address, {.reuse_port = true}));
//
// Errors: AddressInUse (the sentence names the address), AddressNotAvailable, PermissionDenied,
// NetworkNotFound, ConnectionRefused, ConnectionTimeout, ConnectionFailed.
#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "rt/fd.h"
#include "rt/loop.h"
#include "rt/workers.h"

namespace unkai::net {

// An IPv4 or IPv6 address and port, or a Unix socket's path. A value, no name resolution.
class Address {
public:
    Address() = default;
    // "127.0.0.1", "::1", "[::1]". Decimal, octal or short spellings of IPv4 are refused.
    static Result<Address> parse(std::string_view ip, uint16_t port);
    static Result<Address> unix_socket(std::string_view path);
    static Address any_v4(uint16_t port);
    static Address from_raw(const sockaddr* raw, socklen_t size);
    static Address local_of(int fd);  // getsockname; the port chosen for an ephemeral listener.

    bool valid() const { return size_ > 0; }
    int family() const { return storage_.ss_family; }
    bool is_loopback() const;  // v4-mapped too; a Unix socket counts as one.
    uint16_t port() const;
    std::string ip() const;    // "10.0.1.17", "::1"; v4-mapped as v4; the path of a Unix socket.
    std::string text() const;  // "10.0.1.17:80", "[::1]:80", "unix:/path"
    Address with_port(uint16_t port) const;
    bool same_ip(const Address& other) const;  // Whatever the ports.
    const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage_); }
    socklen_t raw_size() const { return size_; }
    friend bool operator==(const Address& a, const Address& b);

private:
    sockaddr_storage storage_{};
    socklen_t size_ = 0;
};

struct ListenOptions {
    bool reuse_port = false;  // Several loops accept from sockets on the same address.
    int backlog = 1024;
    bool free_bind = false;   // Bind an address that the namespace does not have yet.
    mode_t unix_mode = 0600;  // Of a Unix socket's file; an old file of that name is removed.
};
// Port 0 chooses one; ask Address::local_of(fd). IPv6 listeners take IPv6 only.
Result<Fd> open_listener(const std::string& network, const Address& address,
                         ListenOptions options = {});

struct UdpOptions {
    bool reuse_port = false;
    bool packet_info =
        false;               // IP_PKTINFO / IPV6_RECVPKTINFO: answers leave from the address asked.
    int receive_buffer = 0;  // SO_RCVBUF, bytes; 0 leaves the kernel's.
};
Result<Fd> open_udp(const std::string& network, const Address& address, UdpOptions options = {});

// Connects (TCP_NODELAY set), from `local` if it is valid (its port 0). ConnectionTimeout at the
// deadline, ConnectionFailed when stopped.
Task<Result<Io>> open_connection(Loop& loop, std::string network, Address address, Steady deadline,
                                 Stop* stop = nullptr, Address local = {});

// Names to addresses, at most 16, IPv4 first. Numbers and localhost names (*.localhost, RFC 6761)
// are answered at once, others by the machine's resolver on a worker. Error: NameNotFound.
Task<Result<std::vector<Address>>> resolve(Workers& workers, std::string host, uint16_t port);

// Throws nothing, returns errno. Enters the namespace for the length of `call` only.
Result<Fd> open_socket(const std::string& network, int family, int type);

}  // namespace unkai::net
