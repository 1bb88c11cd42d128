#include "cli/public_range.h"

#include <arpa/inet.h>

#include <bit>
#include <fstream>
#include <vector>

#include "base/strings.h"
#include "cli/leftovers.h"
#include "planes/network/ipv4.h"

namespace unkai::cli {

namespace {

constexpr std::string_view own_links = "unkai";

struct HostRoute {
    std::string link;
    planes::network::Cidr destination;
};

// Of /proc/net/route (proc(5)): addresses and masks in hexadecimal, in network order.
std::vector<HostRoute> host_routes() {
    std::vector<HostRoute> out;
    std::ifstream in("/proc/net/route");
    std::string line;
    std::getline(in, line);  // The heading.
    while (std::getline(in, line)) {
        const auto words = split(line, '\t');
        if (words.size() < 8) continue;
        const auto destination = parse_uint(trim(words[1]), 16);
        const auto mask = parse_uint(trim(words[7]), 16);
        if (!destination || !mask) continue;
        const auto in_host_order = ntohl(static_cast<uint32_t>(*destination));
        const int prefix = std::popcount(static_cast<uint32_t>(*mask));
        out.push_back({std::string(trim(words[0])),
                       {planes::network::Ipv4{in_host_order}, static_cast<uint8_t>(prefix)}});
    }
    return out;
}

}  // namespace

Status check_public_range(const std::string& range, const std::string& id) {
    const auto wanted = planes::network::Cidr::parse(range);
    if (!wanted) return fail("PublicCidrInvalid", range + " is no range of addresses.");
    for (const HostRoute& route : host_routes()) {
        const bool of_unkai = route.link.starts_with(own_links);
        const std::string other = of_unkai ? route.link.substr(own_links.size()) : "";
        if (other == id && of_unkai) continue;
        // A wider route (the default one above all) gives way to ours.
        if (!wanted->contains(route.destination) &&
            !(of_unkai && wanted->overlaps(route.destination)))
            continue;
        const std::string begin =
            "The public addresses " + range + " overlap with " + route.destination.text() + " of ";
        const std::string choose =
            "Choose other ones, as in: unkai start --public-cidr 203.0.112.0/22";
        if (!of_unkai)
            return fail("PublicCidrTaken",
                        begin + "this machine's interface " + route.link + ". " + choose);
        const auto data_dir = data_dir_of(other);
        return fail("PublicCidrTaken",
                    begin + "another Unkai (" + (data_dir ? *data_dir : other) + "). " + choose +
                        ", or remove that one: unkai stop --purge " +
                        (data_dir ? "--data-dir " + *data_dir : "--leftovers " + other));
    }
    return ok();
}

}  // namespace unkai::cli
