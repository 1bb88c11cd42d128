#include "planes/dns/internal_names.h"

#include "base/strings.h"
#include "wire/dns_text.h"

namespace unkai::planes::dns {

using wire::dns::Block;
using wire::dns::Name;
using wire::dns::Type;

namespace {

constexpr uint32_t internal_lifetime = 60;

std::vector<std::string> labels_of(std::string_view name) {
    std::vector<std::string> out;
    for (size_t at = 0; name[at] != '\0'; at += static_cast<uint8_t>(name[at]) + 1u)
        out.emplace_back(name.substr(at + 1, static_cast<uint8_t>(name[at])));
    return out;
}

// Four decimal parts, without leading zeros, as an address's bytes.
std::optional<std::string> address_of(const std::vector<std::string>& parts) {
    if (parts.size() != 4) return std::nullopt;
    std::string out;
    for (const std::string& part : parts) {
        const auto value = parse_uint(part);
        if (!value || *value > 255 || (part.size() > 1 && part[0] == '0')) return std::nullopt;
        out.push_back(static_cast<char>(*value));
    }
    return out;
}

bool is_private(std::string_view address) {
    const auto a = static_cast<uint8_t>(address[0]), b = static_cast<uint8_t>(address[1]);
    return a == 10 || (a == 172 && (b & 0xF0) == 16) || (a == 192 && b == 168) ||
           (a == 169 && b == 254) || (a == 100 && (b & 0xC0) == 64) || a == 127;
}

InternalAnswer reverse(const std::vector<std::string>& labels, Type type) {
    InternalAnswer out;
    std::vector<std::string> parts(labels.begin(), labels.end() - 2);
    std::ranges::reverse(parts);
    const size_t given = parts.size();
    if (given > 4) return out;
    parts.resize(4, "0");
    const auto address = address_of(parts);
    // 172.in-addr.arpa alone is not ours, 16.172.in-addr.arpa is.
    if (!address || given == 0 || !is_private(*address) ||
        (given == 1 && parts[0] != "10" && parts[0] != "127"))
        return out;
    out.known = out.exists = true;
    if (given < 4 || type != Type::PTR) return out;
    const auto name = Name::parse("ip-" + join(parts, "-") + ".ec2.internal");
    if (name) out.block = wire::dns::make_block(Type::PTR, internal_lifetime, {name->wire()});
    return out;
}

}  // namespace

std::optional<Block> localhost_block(std::string_view name, Type type) {
    constexpr std::string_view localhost("\11localhost\0", 11);
    if (!name.ends_with(localhost)) return std::nullopt;
    const auto parsed = Name::from_wire(name);
    if (!parsed || !parsed->is_under(*Name::from_wire(localhost))) return std::nullopt;
    if (type == Type::A)
        return wire::dns::make_block(type, internal_lifetime, {std::string("\177\0\0\1", 4)});
    if (type == Type::AAAA)
        return wire::dns::make_block(type, internal_lifetime, {std::string(15, '\0') + '\1'});
    return Block{};
}

InternalAnswer internal_answer(std::string_view name, Type type) {
    InternalAnswer out;
    const std::vector<std::string> labels = labels_of(name);
    const size_t count = labels.size();
    if (count >= 2 && labels[count - 1] == "arpa" && labels[count - 2] == "in-addr")
        return reverse(labels, type);
    if (count == 1) {
        out.known = true;
        out.exists = labels[0] == "internal";
        return out;
    }
    if (count < 2 || labels[count - 1] != "internal") return out;
    out.known = true;
    const bool zone = (count == 2 && labels[0] == "ec2") ||
                      (count == 2 && labels[0] == "compute") ||
                      (count == 3 && labels[1] == "compute");
    const bool host = (count == 3 && labels[1] == "ec2") || (count == 4 && labels[2] == "compute");
    out.exists = zone;
    if (!host || !labels[0].starts_with("ip-")) return out;
    std::vector<std::string> parts;
    for (const std::string_view part : split(std::string_view(labels[0]).substr(3), '-'))
        parts.emplace_back(part);
    const auto address = address_of(parts);
    if (!address || !is_private(*address)) return out;
    out.exists = true;
    if (type == Type::A) out.block = wire::dns::make_block(Type::A, internal_lifetime, {*address});
    return out;
}

}  // namespace unkai::planes::dns
