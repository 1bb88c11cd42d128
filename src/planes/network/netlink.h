// rtnetlink: links, addresses, routes and rules of one namespace, without any process.
//
// A socket speaks for the namespace in which it was opened. Requests are collected and sent
// together; the kernel answers each. Blocking: for Workers only, never on a loop.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "planes/network/plan.h"
#include "rt/fd.h"

struct nlmsghdr;

namespace unkai::planes::network {

// Marks the routes and rules that are ours (the protocol field, as routing daemons have theirs).
constexpr uint8_t our_protocol = 85;

class NetlinkRequest {
public:
    explicit NetlinkRequest(uint16_t type, uint16_t flags);

    template <class T>
    NetlinkRequest& header(const T& value) {
        bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
        return *this;
    }
    NetlinkRequest& attribute(uint16_t type, std::string_view value);
    NetlinkRequest& text(uint16_t type, const std::string& value);  // With its closing zero.
    NetlinkRequest& number(uint16_t type, uint32_t value);
    NetlinkRequest& address(uint16_t type, Ipv4 value);
    // Everything until end() lies inside this attribute.
    size_t begin(uint16_t type);
    void end(size_t begun);
    std::string finish(uint32_t sequence) &&;

private:
    std::string bytes_;
};

struct KernelLink {
    int index = 0;
    std::string name;
    std::string mac;
    std::string alias;
    int peer_index = 0;  // In the peer's namespace.
};

class Netlink {
public:
    static Result<Netlink> open();  // In the calling thread's namespace.

    // Sends all of them and waits for each answer; the first error, if any, naming `what` of it.
    Status send(std::vector<NetlinkRequest> requests, std::string_view what);

    // The index of a link; 0 if there is none.
    Result<int> index_of(const std::string& link);
    Result<std::vector<KernelLink>> links();
    Result<std::vector<Address>> addresses(const std::vector<KernelLink>& links);
    Result<std::vector<KernelRoute>> routes(const std::vector<KernelLink>& links);
    Result<std::vector<RoutingRule>> rules();

private:
    explicit Netlink(Fd fd) : fd_(std::move(fd)) {}
    Status dump(NetlinkRequest request, const std::function<void(const nlmsghdr&)>& each);

    Fd fd_;
    uint32_t sequence_ = 0;
};

NetlinkRequest up_request(const std::string& name);
// Without ARP; the peer lies, still down, in the namespace that `peer_namespace` is open on.
NetlinkRequest veth_request(const Link& link, int peer_namespace);
NetlinkRequest alias_request(const Link& link);
NetlinkRequest remove_link_request(int index);
NetlinkRequest address_request(bool add, const Address& address, int index);
NetlinkRequest route_request(bool add, const KernelRoute& route, int index);
NetlinkRequest rule_request(bool add, const RoutingRule& rule);

}  // namespace unkai::planes::network
