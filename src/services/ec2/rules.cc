#include "services/ec2/rules.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "services/ec2/errors.h"
#include "services/ec2/limits.h"

namespace unkai::services::ec2 {

Result<Cidr> parse_cidr(std::string_view text) {
    const auto cidr = Cidr::parse(text);
    if (!cidr)
        return invalid_value(fmt::format(
            "Value ({}) for parameter cidrBlock is invalid. This is not a valid CIDR block.",
            text));
    return *cidr;
}

Result<Cidr> parse_block(std::string_view text, std::string code) {
    TRY(const Cidr cidr, parse_cidr(text));
    if (cidr.prefix < limits::smallest_prefix || cidr.prefix > limits::largest_prefix)
        return bad(std::move(code), fmt::format("The CIDR '{}' is invalid.", text));
    return cidr;
}

bool is_reserved(Cidr subnet, Ipv4 address) {
    return address < subnet.base + 4 || address == subnet.last();
}

int32_t free_addresses(Cidr subnet, size_t used) {
    return static_cast<int32_t>(subnet.size() - 5 - used);
}

std::optional<Ipv4> pick_address(Cidr subnet, const std::set<Ipv4>& used, uint64_t seed) {
    const auto usable = static_cast<uint32_t>(subnet.size() - 5);
    for (uint32_t i = 0; i < usable; ++i) {
        const Ipv4 address = subnet.base + 4 + static_cast<uint32_t>((seed + i) % usable);
        if (!used.contains(address)) return address;
    }
    return std::nullopt;
}

std::vector<std::string> zones(const std::string& region) {
    return {region + "a", region + "b", region + "c"};
}

std::string zone_id(const std::string& region, const std::string& zone) {
    std::string code;
    for (const std::string_view part : split(region, '-')) {
        if (code.empty())
            code = part;
        else if (part == "northeast")
            code += "ne";
        else if (part == "northwest")
            code += "nw";
        else if (part == "southeast")
            code += "se";
        else if (part == "southwest")
            code += "sw";
        else
            code += part[0];
    }
    return fmt::format("{}-az{}", code, zone.back() - 'a' + 1);
}

const std::vector<std::string>& regions() {
    static const std::vector<std::string> all = {
        "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1",
        "ap-southeast-2", "ca-central-1",   "eu-central-1",   "eu-north-1", "eu-west-1",
        "eu-west-2",      "eu-west-3",      "sa-east-1",      "us-east-1",  "us-east-2",
        "us-west-1",      "us-west-2"};
    return all;
}

bool is_region(std::string_view name) {
    return std::find(regions().begin(), regions().end(), name) != regions().end();
}

std::string private_dns_name(const std::string& region, std::string_view address) {
    return fmt::format("ip-{}.{}", replace_all(address, ".", "-"),
                       region == "us-east-1" ? "ec2.internal" : region + ".compute.internal");
}

std::string public_dns_name(const std::string& region, std::string_view address) {
    return fmt::format("ec2-{}.{}.amazonaws.com", replace_all(address, ".", "-"),
                       region == "us-east-1" ? "compute-1" : region + ".compute");
}

std::string canonical_protocol(const std::string& protocol) {
    const std::string lower = to_lower(protocol);
    if (lower == "6") return "tcp";
    if (lower == "17") return "udp";
    if (lower == "1") return "icmp";
    if (lower == "58") return "icmpv6";
    if (lower == "all") return "-1";
    return lower;
}

int protocol_number(const std::string& protocol) {
    if (protocol == "tcp") return 6;
    if (protocol == "udp") return 17;
    if (protocol == "icmp") return 1;
    if (protocol == "icmpv6") return 58;
    return static_cast<int>(parse_int(protocol).value_or(-1));
}

Status check_ports(const GroupRule& rule) {
    const auto number = parse_int(rule.protocol);
    const bool ports = rule.protocol == "tcp" || rule.protocol == "udp";
    const bool icmp = rule.protocol == "icmp" || rule.protocol == "icmpv6";
    if (!ports && !icmp && (!number || *number < -1 || *number > 255))
        return invalid_value(fmt::format("Invalid value '{}' for IP protocol.", rule.protocol));
    if (ports && (rule.from_port < 0 || rule.to_port > 65535 || rule.from_port > rule.to_port))
        return invalid_value(fmt::format("Invalid {} port range ({}-{})", to_upper(rule.protocol),
                                         rule.from_port, rule.to_port));
    if (icmp &&
        (rule.from_port < -1 || rule.from_port > 255 || rule.to_port < -1 || rule.to_port > 255))
        return invalid_value(
            fmt::format("ICMP code or type out of range ({}, {})", rule.from_port, rule.to_port));
    return ok();
}

namespace {

Result<GroupRule> parse_ports(const api::ec2::IpPermission& permission, bool egress) {
    if (!permission.ip_protocol) return missing_parameter("IpProtocol");
    GroupRule rule;
    rule.egress = egress;
    rule.protocol = canonical_protocol(*permission.ip_protocol);
    const bool ports = rule.protocol == "tcp" || rule.protocol == "udp";
    const bool icmp = rule.protocol == "icmp" || rule.protocol == "icmpv6";
    if (ports && (!permission.from_port || !permission.to_port))
        return invalid_value(
            "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.");
    if (ports || icmp) {
        rule.from_port = permission.from_port.value_or(-1);
        rule.to_port = permission.to_port.value_or(-1);
    }
    REQUIRE(check_ports(rule));
    return rule;
}

Status check_description(const std::string& text) {
    if (text.size() <= 255) return ok();
    return invalid_value("Invalid rule description. It must be at most 255 characters long.");
}

}  // namespace

Result<std::vector<GroupRule>> parse_permissions(const List<api::ec2::IpPermission>& permissions,
                                                 bool egress, const GroupId& group_id) {
    std::vector<GroupRule> out;
    for (const auto& permission : permissions) {
        TRY(const GroupRule ports, parse_ports(permission, egress));
        const size_t before = out.size();
        const auto add = [&](const std::optional<std::string>& description) -> GroupRule& {
            out.push_back(ports);
            out.back().description = description.value_or("");
            return out.back();
        };
        for (const auto& range : permission.ip_ranges) {
            const auto cidr = Cidr::parse(range.cidr_ip.value_or(""));
            if (!cidr)
                return invalid_value(
                    fmt::format("CIDR block {} is malformed", range.cidr_ip.value_or("")));
            add(range.description).cidr = cidr->text();
        }
        for (const auto& range : permission.ipv6_ranges) {
            const std::string cidr = range.cidr_ipv6.value_or("");
            if (!cidr.contains(':') || !cidr.contains('/'))
                return invalid_value(fmt::format("CIDR block {} is malformed", cidr));
            add(range.description).cidr6 = cidr;
        }
        for (const auto& pair : permission.user_id_group_pairs) {
            TRY(const std::string id, group_id(pair));
            add(pair.description).group = id;
        }
        for (const auto& list : permission.prefix_list_ids)
            return bad("InvalidPrefixListID.NotFound",
                       fmt::format("The prefix list ID '{}' does not exist",
                                   list.prefix_list_id.value_or("")));
        if (out.size() == before)
            return missing_parameter("IpRanges, Ipv6Ranges or UserIdGroupPairs");
    }
    for (const GroupRule& rule : out) REQUIRE(check_description(rule.description));
    return out;
}

List<api::ec2::IpPermission> to_permissions(const std::vector<GroupRule>& rules, bool egress,
                                            const std::string& account) {
    std::vector<api::ec2::IpPermission> out;
    const auto described = [](const GroupRule& rule) {
        return rule.description.empty() ? std::nullopt : std::optional(rule.description);
    };
    for (const GroupRule& rule : rules) {
        if (rule.egress != egress) continue;
        api::ec2::IpPermission key;
        key.ip_protocol = rule.protocol;
        if (rule.protocol != "-1") {
            key.from_port = rule.from_port;
            key.to_port = rule.to_port;
        }
        auto same = std::find_if(out.begin(), out.end(), [&](const auto& other) {
            return other.ip_protocol == key.ip_protocol && other.from_port == key.from_port &&
                   other.to_port == key.to_port;
        });
        if (same == out.end()) {
            key.ip_ranges.present = key.ipv6_ranges.present = true;
            key.user_id_group_pairs.present = key.prefix_list_ids.present = true;
            same = out.insert(out.end(), std::move(key));
        }
        if (!rule.cidr.empty())
            same->ip_ranges.push_back({.description = described(rule), .cidr_ip = rule.cidr});
        if (!rule.cidr6.empty())
            same->ipv6_ranges.push_back({.description = described(rule), .cidr_ipv6 = rule.cidr6});
        if (!rule.group.empty())
            same->user_id_group_pairs.push_back(
                {.description = described(rule), .user_id = account, .group_id = rule.group});
    }
    return out;
}

bool same_permission(const GroupRule& a, const GroupRule& b) {
    return a.egress == b.egress && a.protocol == b.protocol && a.from_port == b.from_port &&
           a.to_port == b.to_port && a.cidr == b.cidr && a.cidr6 == b.cidr6 && a.group == b.group;
}

std::string rule_text(const GroupRule& rule) {
    const std::string peer = rule.cidr + rule.cidr6 + rule.group;
    if (rule.protocol == "-1") return fmt::format("peer: {}, ALL, ALLOW", peer);
    return fmt::format("peer: {}, {}, from port: {}, to port: {}, ALLOW", peer,
                       to_upper(rule.protocol), rule.from_port, rule.to_port);
}

}  // namespace unkai::services::ec2
