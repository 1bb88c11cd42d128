#include "net/http.h"

#include "base/strings.h"

namespace unkai::net {

bool is_idempotent(std::string_view method) {
    for (const std::string_view one : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"})
        if (method == one) return true;
    return false;
}

bool is_hop_by_hop(std::string_view name) {
    switch (name.size()) {
        case 2:
            return equals_ignoring_case(name, "te");
        case 7:
            return equals_ignoring_case(name, "upgrade");
        case 10:
            return equals_ignoring_case(name, "connection") ||
                   equals_ignoring_case(name, "keep-alive");
        case 16:
            return equals_ignoring_case(name, "proxy-connection");
        case 17:
            return equals_ignoring_case(name, "transfer-encoding");
        default:
            return false;
    }
}

std::string_view host_of(std::string_view authority) {
    if (authority.starts_with('[')) return authority.substr(0, authority.find(']') + 1);
    return authority.substr(0, authority.rfind(':'));
}

uint16_t port_of(std::string_view authority) {
    const std::string_view host = host_of(authority);
    if (host.size() + 1 >= authority.size()) return 0;
    const auto port = parse_uint(authority.substr(host.size() + 1));
    return port && *port <= 65535 ? static_cast<uint16_t>(*port) : 0;
}

}  // namespace unkai::net
