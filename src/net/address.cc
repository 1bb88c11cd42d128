#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <charconv>
#include <cstring>

#include "net/socket.h"

namespace unkai::net {

Result<Address> Address::parse(std::string_view ip, uint16_t port) {
    if (ip.starts_with('[') && ip.ends_with(']')) ip = ip.substr(1, ip.size() - 2);
    const std::string text(ip);
    Address address;
    in_addr v4{};
    in6_addr v6{};
    if (::inet_pton(AF_INET, text.c_str(), &v4) == 1) {
        auto* raw = reinterpret_cast<sockaddr_in*>(&address.storage_);
        raw->sin_family = AF_INET;
        raw->sin_port = htons(port);
        raw->sin_addr = v4;
        address.size_ = sizeof(sockaddr_in);
    } else if (::inet_pton(AF_INET6, text.c_str(), &v6) == 1) {
        auto* raw = reinterpret_cast<sockaddr_in6*>(&address.storage_);
        raw->sin6_family = AF_INET6;
        raw->sin6_port = htons(port);
        raw->sin6_addr = v6;
        address.size_ = sizeof(sockaddr_in6);
    } else {
        return fail("InvalidAddress", "'" + text + "' is not an IPv4 or IPv6 address.", 400);
    }
    return address;
}

Result<Address> Address::unix_socket(std::string_view path) {
    Address address;
    auto* raw = reinterpret_cast<sockaddr_un*>(&address.storage_);
    if (path.empty() || path.size() >= sizeof raw->sun_path)
        return fail("InvalidAddress", "A Unix socket's path has 1 to 107 bytes; '" +
                                          std::string(path) + "' has " +
                                          std::to_string(path.size()) + ".");
    raw->sun_family = AF_UNIX;
    std::memcpy(raw->sun_path, path.data(), path.size());
    address.size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
    return address;
}

Address Address::any_v4(uint16_t port) {
    sockaddr_in raw{};
    raw.sin_family = AF_INET;
    raw.sin_port = htons(port);
    return from_raw(reinterpret_cast<const sockaddr*>(&raw), sizeof raw);
}

Address Address::from_raw(const sockaddr* raw, socklen_t size) {
    Address address;
    address.size_ = std::min<socklen_t>(size, sizeof address.storage_);
    std::memcpy(&address.storage_, raw, address.size_);
    return address;
}

Address Address::local_of(int fd) {
    Address address;
    address.size_ = sizeof address.storage_;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address.storage_), &address.size_) != 0)
        address.size_ = 0;
    return address;
}

namespace {

const sockaddr_in& v4_of(const Address& address) {
    return *reinterpret_cast<const sockaddr_in*>(address.raw());
}

const sockaddr_in6& v6_of(const Address& address) {
    return *reinterpret_cast<const sockaddr_in6*>(address.raw());
}

}  // namespace

bool Address::is_loopback() const {
    if (family() == AF_UNIX) return true;
    if (family() == AF_INET) return (ntohl(v4_of(*this).sin_addr.s_addr) >> 24) == 127;
    if (family() != AF_INET6) return false;
    const in6_addr& ip = v6_of(*this).sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(&ip) || (IN6_IS_ADDR_V4MAPPED(&ip) && ip.s6_addr[12] == 127);
}

uint16_t Address::port() const {
    if (family() == AF_INET) return ntohs(v4_of(*this).sin_port);
    if (family() == AF_INET6) return ntohs(v6_of(*this).sin6_port);
    return 0;
}

std::string Address::ip() const {
    char text[INET6_ADDRSTRLEN] = {};
    if (family() == AF_INET) {  // Without the formatting that inet_ntop does: each call asks.
        const uint32_t number = ntohl(v4_of(*this).sin_addr.s_addr);
        char* at = text;
        for (int shift = 24; shift >= 0; shift -= 8) {
            at = std::to_chars(at, std::end(text), number >> shift & 255).ptr;
            if (shift > 0) *at++ = '.';
        }
        return {text, at};
    } else if (family() == AF_INET6) {
        const in6_addr& ip = v6_of(*this).sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(&ip))
            ::inet_ntop(AF_INET, &ip.s6_addr[12], text, sizeof text);
        else
            ::inet_ntop(AF_INET6, &ip, text, sizeof text);
    } else if (family() == AF_UNIX && size_ > offsetof(sockaddr_un, sun_path)) {
        return reinterpret_cast<const sockaddr_un*>(&storage_)->sun_path;
    }
    return text;
}

std::string Address::text() const {
    if (!valid()) return "(none)";
    if (family() == AF_UNIX) return "unix:" + ip();
    const std::string number = ip();
    const bool brackets = number.find(':') != std::string::npos;
    return (brackets ? "[" + number + "]:" : number + ":") + std::to_string(port());
}

Address Address::with_port(uint16_t port) const {
    Address copy = *this;
    if (family() == AF_INET)
        reinterpret_cast<sockaddr_in*>(&copy.storage_)->sin_port = htons(port);
    else if (family() == AF_INET6)
        reinterpret_cast<sockaddr_in6*>(&copy.storage_)->sin6_port = htons(port);
    return copy;
}

bool Address::same_ip(const Address& other) const {
    if (family() != other.family()) return false;
    if (family() == AF_INET) return v4_of(*this).sin_addr.s_addr == v4_of(other).sin_addr.s_addr;
    if (family() == AF_INET6)
        return std::memcmp(&v6_of(*this).sin6_addr, &v6_of(other).sin6_addr, sizeof(in6_addr)) == 0;
    return *this == other;
}

bool operator==(const Address& a, const Address& b) {
    return a.size_ == b.size_ && std::memcmp(&a.storage_, &b.storage_, a.size_) == 0;
}

}  // namespace unkai::net
