#include "planes/network/netlink.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/fib_rules.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "base/strings.h"

namespace unkai::planes::network {

namespace {

size_t padded(size_t size) { return (size + 3) & ~size_t{3}; }

std::string mac_bytes(const std::string& mac) {
    return from_hex(replace_all(mac, ":", "")).value_or(std::string(6, '\0'));
}

std::string mac_text(std::string_view bytes) {
    std::string out;
    for (const char byte : bytes)
        out += fmt::format("{}{:02x}", out.empty() ? "" : ":", static_cast<uint8_t>(byte));
    return out;
}

// The attributes of a message by their types.
std::unordered_map<int, std::string_view> attributes(const nlmsghdr& message, size_t header) {
    std::unordered_map<int, std::string_view> out;
    const char* at = reinterpret_cast<const char*>(&message) + NLMSG_HDRLEN + padded(header);
    const char* end = reinterpret_cast<const char*>(&message) + message.nlmsg_len;
    while (end - at >= static_cast<ptrdiff_t>(sizeof(rtattr))) {
        rtattr attribute;
        std::memcpy(&attribute, at, sizeof attribute);
        if (attribute.rta_len < sizeof attribute || attribute.rta_len > end - at) break;
        out[attribute.rta_type & NLA_TYPE_MASK] = {at + sizeof attribute,
                                                   attribute.rta_len - sizeof attribute};
        at += padded(attribute.rta_len);
    }
    return out;
}

uint32_t number_in(std::string_view value) {
    uint32_t out = 0;
    if (value.size() >= sizeof out) std::memcpy(&out, value.data(), sizeof out);
    return out;
}
Ipv4 address_in(std::string_view value) { return Ipv4{ntohl(number_in(value))}; }
std::string text_in(std::string_view value) {
    return std::string(value.substr(0, value.find('\0')));
}

template <class T>
T header_of(const nlmsghdr& message) {
    T out{};
    std::memcpy(&out, reinterpret_cast<const char*>(&message) + NLMSG_HDRLEN, sizeof out);
    return out;
}

}  // namespace

NetlinkRequest::NetlinkRequest(uint16_t type, uint16_t flags) {
    header(nlmsghdr{0, type, static_cast<uint16_t>(flags | NLM_F_REQUEST), 0, 0});
}

NetlinkRequest& NetlinkRequest::attribute(uint16_t type, std::string_view value) {
    bytes_.resize(padded(bytes_.size()));
    header(rtattr{static_cast<uint16_t>(sizeof(rtattr) + value.size()), type});
    bytes_ += value;
    bytes_.resize(padded(bytes_.size()));
    return *this;
}

NetlinkRequest& NetlinkRequest::text(uint16_t type, const std::string& value) {
    return attribute(type, {value.c_str(), value.size() + 1});
}

NetlinkRequest& NetlinkRequest::number(uint16_t type, uint32_t value) {
    return attribute(type, {reinterpret_cast<const char*>(&value), sizeof value});
}

NetlinkRequest& NetlinkRequest::address(uint16_t type, Ipv4 value) {
    return number(type, htonl(value.value));
}

size_t NetlinkRequest::begin(uint16_t type) {
    bytes_.resize(padded(bytes_.size()));
    const size_t begun = bytes_.size();
    header(rtattr{0, type});
    return begun;
}

void NetlinkRequest::end(size_t begun) {
    const auto length = static_cast<uint16_t>(bytes_.size() - begun);
    std::memcpy(bytes_.data() + begun, &length, sizeof length);
}

std::string NetlinkRequest::finish(uint32_t sequence) && {
    bytes_.resize(padded(bytes_.size()));
    nlmsghdr head;
    std::memcpy(&head, bytes_.data(), sizeof head);
    head.nlmsg_len = static_cast<uint32_t>(bytes_.size());
    head.nlmsg_seq = sequence;
    std::memcpy(bytes_.data(), &head, sizeof head);
    return std::move(bytes_);
}

Result<Netlink> Netlink::open() {
    Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    const int size = 1 << 20;
    if (!fd)
        return fail("NetlinkFailed", fmt::format("cannot open rtnetlink: {}", strerror(errno)));
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    return Netlink(std::move(fd));
}

Status Netlink::send(std::vector<NetlinkRequest> requests, std::string_view what) {
    // Batches keep the answers well below the receive buffer.
    constexpr size_t batch = 256;
    std::string failure;
    for (size_t begin = 0; begin < requests.size(); begin += batch) {
        const size_t count = std::min(batch, requests.size() - begin);
        const uint32_t first = sequence_ + 1;
        std::string bytes;
        for (size_t i = 0; i < count; ++i)
            bytes += std::move(requests[begin + i]).finish(++sequence_);
        if (::send(fd_.get(), bytes.data(), bytes.size(), 0) < 0)
            return fail("NetlinkFailed", fmt::format("{}: {}", what, strerror(errno)));
        alignas(nlmsghdr) char buffer[32768];
        for (size_t left = count; left > 0;) {
            const ssize_t got = ::recv(fd_.get(), buffer, sizeof buffer, 0);
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0)
                return fail("NetlinkFailed", fmt::format("{}: {}", what, strerror(errno)));
            auto length = static_cast<size_t>(got);
            for (auto* message = reinterpret_cast<nlmsghdr*>(buffer); NLMSG_OK(message, length);
                 message = NLMSG_NEXT(message, length)) {
                if (message->nlmsg_type != NLMSG_ERROR || message->nlmsg_seq < first) continue;
                --left;
                const int error = -header_of<nlmsgerr>(*message).error;
                if (error != 0 && failure.empty())
                    failure = fmt::format("{}: {} (request {} of {})", what, strerror(error),
                                          begin + message->nlmsg_seq - first + 1, requests.size());
            }
        }
    }
    if (!failure.empty()) return fail("NetlinkFailed", failure);
    return ok();
}

Status Netlink::dump(NetlinkRequest request, const std::function<void(const nlmsghdr&)>& each) {
    const std::string bytes = std::move(request).finish(++sequence_);
    if (::send(fd_.get(), bytes.data(), bytes.size(), 0) < 0)
        return fail("NetlinkFailed", fmt::format("cannot ask the kernel: {}", strerror(errno)));
    alignas(nlmsghdr) char buffer[65536];
    while (true) {
        const ssize_t got = ::recv(fd_.get(), buffer, sizeof buffer, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0)
            return fail("NetlinkFailed",
                        fmt::format("no answer of the kernel: {}", strerror(errno)));
        auto length = static_cast<size_t>(got);
        for (auto* message = reinterpret_cast<nlmsghdr*>(buffer); NLMSG_OK(message, length);
             message = NLMSG_NEXT(message, length)) {
            if (message->nlmsg_seq != sequence_) continue;
            if (message->nlmsg_type == NLMSG_DONE) return ok();
            if (message->nlmsg_type == NLMSG_ERROR)
                return fail("NetlinkFailed", strerror(-header_of<nlmsgerr>(*message).error));
            each(*message);
        }
    }
}

Result<int> Netlink::index_of(const std::string& link) {
    TRY(const auto all, links());
    for (const KernelLink& one : all)
        if (one.name == link) return one.index;
    return 0;
}

Result<std::vector<KernelLink>> Netlink::links() {
    std::vector<KernelLink> out;
    NetlinkRequest request(RTM_GETLINK, NLM_F_DUMP);
    request.header(ifinfomsg{});
    REQUIRE(dump(std::move(request), [&](const nlmsghdr& message) {
        auto values = attributes(message, sizeof(ifinfomsg));
        out.push_back({header_of<ifinfomsg>(message).ifi_index, text_in(values[IFLA_IFNAME]),
                       mac_text(values[IFLA_ADDRESS]), text_in(values[IFLA_IFALIAS]),
                       static_cast<int>(number_in(values[IFLA_LINK]))});
    }));
    return out;
}

static std::string name_of(const std::vector<KernelLink>& links, int index) {
    for (const KernelLink& link : links)
        if (link.index == index) return link.name;
    return "";
}

Result<std::vector<Address>> Netlink::addresses(const std::vector<KernelLink>& links) {
    std::vector<Address> out;
    NetlinkRequest request(RTM_GETADDR, NLM_F_DUMP);
    request.header(ifaddrmsg{.ifa_family = AF_INET});
    REQUIRE(dump(std::move(request), [&](const nlmsghdr& message) {
        const auto header = header_of<ifaddrmsg>(message);
        auto values = attributes(message, sizeof header);
        const Ipv4 address = address_in(values[IFA_LOCAL]);
        if (header.ifa_family == AF_INET && address.value >> 24 != 127)
            out.push_back({name_of(links, static_cast<int>(header.ifa_index)), address,
                           header.ifa_prefixlen});
    }));
    return out;
}

Result<std::vector<KernelRoute>> Netlink::routes(const std::vector<KernelLink>& links) {
    std::vector<KernelRoute> out;
    NetlinkRequest request(RTM_GETROUTE, NLM_F_DUMP);
    request.header(rtmsg{.rtm_family = AF_INET});
    REQUIRE(dump(std::move(request), [&](const nlmsghdr& message) {
        const auto header = header_of<rtmsg>(message);
        if (header.rtm_family != AF_INET || header.rtm_protocol != our_protocol) return;
        auto values = attributes(message, sizeof header);
        KernelRoute route{.table = number_in(values[RTA_TABLE]),
                          .destination = {address_in(values[RTA_DST]), header.rtm_dst_len}};
        if (header.rtm_type == RTN_BLACKHOLE) route.kind = KernelRoute::Kind::blackhole;
        if (header.rtm_type == RTN_UNREACHABLE) route.kind = KernelRoute::Kind::unreachable;
        if (values.contains(RTA_OIF))
            route.link = name_of(links, static_cast<int>(number_in(values[RTA_OIF])));
        if (values.contains(RTA_GATEWAY)) route.gateway = address_in(values[RTA_GATEWAY]);
        if (values.contains(RTA_PREFSRC)) route.source = address_in(values[RTA_PREFSRC]);
        out.push_back(std::move(route));
    }));
    return out;
}

Result<std::vector<RoutingRule>> Netlink::rules() {
    std::vector<RoutingRule> out;
    NetlinkRequest request(RTM_GETRULE, NLM_F_DUMP);
    request.header(fib_rule_hdr{.family = AF_INET});
    REQUIRE(dump(std::move(request), [&](const nlmsghdr& message) {
        const auto header = header_of<fib_rule_hdr>(message);
        auto values = attributes(message, sizeof header);
        const std::string_view protocol = values[FRA_PROTOCOL];
        if (header.family != AF_INET || protocol.empty() ||
            static_cast<uint8_t>(protocol[0]) != our_protocol)
            return;
        out.push_back({number_in(values[FRA_PRIORITY]),
                       {address_in(values[FRA_SRC]), header.src_len},
                       number_in(values[FRA_TABLE])});
    }));
    return out;
}

NetlinkRequest up_request(const std::string& name) {
    NetlinkRequest request(RTM_NEWLINK, NLM_F_ACK);
    request.header(ifinfomsg{.ifi_flags = IFF_UP, .ifi_change = IFF_UP}).text(IFLA_IFNAME, name);
    return request;
}

NetlinkRequest veth_request(const Link& link, int peer_namespace) {
    const ifinfomsg up{.ifi_flags = IFF_UP | IFF_NOARP, .ifi_change = IFF_UP | IFF_NOARP};
    // The peer cannot come up before the two are a pair.
    const ifinfomsg down{.ifi_flags = IFF_NOARP, .ifi_change = IFF_NOARP};
    const std::string mac = mac_bytes(link.mac);
    NetlinkRequest request(RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
    request.header(up).text(IFLA_IFNAME, link.name).attribute(IFLA_ADDRESS, mac);
    const size_t info = request.begin(IFLA_LINKINFO);
    request.text(IFLA_INFO_KIND, "veth");
    const size_t data = request.begin(IFLA_INFO_DATA);
    const size_t peer = request.begin(VETH_INFO_PEER);
    request.header(down).text(IFLA_IFNAME, link.peer_name).attribute(IFLA_ADDRESS, mac);
    request.number(IFLA_NET_NS_FD, static_cast<uint32_t>(peer_namespace));
    request.end(peer);
    request.end(data);
    request.end(info);
    return request;
}

NetlinkRequest alias_request(const Link& link) {
    NetlinkRequest request(RTM_SETLINK, NLM_F_ACK);
    request.header(ifinfomsg{}).text(IFLA_IFNAME, link.name);
    request.text(IFLA_IFALIAS, link.peer_namespace + "/" + link.peer_name);
    return request;
}

NetlinkRequest remove_link_request(int index) {
    NetlinkRequest request(RTM_DELLINK, NLM_F_ACK);
    request.header(ifinfomsg{.ifi_index = index});
    return request;
}

NetlinkRequest address_request(bool add, const Address& address, int index) {
    NetlinkRequest request(add ? RTM_NEWADDR : RTM_DELADDR,
                           NLM_F_ACK | (add ? NLM_F_CREATE | NLM_F_EXCL : 0));
    request.header(ifaddrmsg{.ifa_family = AF_INET,
                             .ifa_prefixlen = address.prefix,
                             .ifa_index = static_cast<uint32_t>(index)});
    request.address(IFA_LOCAL, address.address).address(IFA_ADDRESS, address.address);
    return request;
}

NetlinkRequest route_request(bool add, const KernelRoute& route, int index) {
    // Never in place of somebody else's route (another installation with the same public range).
    NetlinkRequest request(add ? RTM_NEWROUTE : RTM_DELROUTE,
                           NLM_F_ACK | (add ? NLM_F_CREATE | NLM_F_EXCL : 0));
    rtmsg header{.rtm_family = AF_INET,
                 .rtm_dst_len = route.destination.prefix,
                 .rtm_table = RT_TABLE_UNSPEC,
                 .rtm_protocol = our_protocol,
                 .rtm_scope = RT_SCOPE_UNIVERSE,
                 .rtm_type = RTN_UNICAST};
    if (route.gateway) header.rtm_flags = RTNH_F_ONLINK;
    if (!route.link.empty() && !route.gateway) header.rtm_scope = RT_SCOPE_LINK;
    if (route.kind == KernelRoute::Kind::blackhole) header.rtm_type = RTN_BLACKHOLE;
    if (route.kind == KernelRoute::Kind::unreachable) header.rtm_type = RTN_UNREACHABLE;
    request.header(header).number(RTA_TABLE, route.table);
    if (route.destination.prefix != 0) request.address(RTA_DST, route.destination.base);
    if (index != 0) request.number(RTA_OIF, static_cast<uint32_t>(index));
    if (route.gateway) request.address(RTA_GATEWAY, *route.gateway);
    if (route.source) request.address(RTA_PREFSRC, *route.source);
    return request;
}

NetlinkRequest rule_request(bool add, const RoutingRule& rule) {
    NetlinkRequest request(add ? RTM_NEWRULE : RTM_DELRULE,
                           NLM_F_ACK | (add ? NLM_F_CREATE | NLM_F_EXCL : 0));
    request.header(fib_rule_hdr{.family = AF_INET,
                                .src_len = rule.from.prefix,
                                .table = RT_TABLE_UNSPEC,
                                .action = FR_ACT_TO_TBL});
    const auto protocol = static_cast<char>(our_protocol);
    request.number(FRA_PRIORITY, rule.priority).number(FRA_TABLE, rule.table);
    request.attribute(FRA_PROTOCOL, {&protocol, 1});
    if (rule.from.prefix != 0) request.address(FRA_SRC, rule.from.base);
    return request;
}

}  // namespace unkai::planes::network
