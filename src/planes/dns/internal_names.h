// Names that every VPC has without any zone: localhost (RFC 6761), the names that EC2 gives to
// private addresses, and what lies below "internal". Pure.
#pragma once

#include <optional>
#include <string_view>

#include "wire/dns.h"

namespace unkai::planes::dns {

// nullopt: not "localhost" or below it. An empty block: the name exists, this type does not.
std::optional<wire::dns::Block> localhost_block(std::string_view lower_name, wire::dns::Type type);

struct InternalAnswer {
    bool known = false;   // False: ask somebody else.
    bool exists = false;  // False: NXDOMAIN.
    wire::dns::Block block;
};
// ip-10-0-1-5.ec2.internal, ip-10-0-1-5.<region>.compute.internal, 5.1.0.10.in-addr.arpa of private
// ranges (RFC 1918, 6598, link-local); other names below "internal" and names of one label do not
// exist.
InternalAnswer internal_answer(std::string_view lower_name, wire::dns::Type type);

}  // namespace unkai::planes::dns
