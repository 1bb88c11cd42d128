// IPv4 addresses and blocks as values. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace unkai::planes::network {

struct Ipv4 {
    uint32_t value = 0;  // In host order: 10.0.0.1 is 0x0a000001.

    // Four decimal numbers without leading zeros; nullopt for anything else.
    static std::optional<Ipv4> parse(std::string_view text);
    std::string text() const;
    Ipv4 operator+(uint32_t offset) const { return Ipv4{value + offset}; }
    auto operator<=>(const Ipv4&) const = default;
};

// A block such as 10.0.0.0/16. The bits after the prefix are zero.
struct Cidr {
    Ipv4 base;
    uint8_t prefix = 0;

    // `strict` refuses bits after the prefix (10.0.0.1/16); otherwise they are cut off, as EC2
    // does.
    static std::optional<Cidr> parse(std::string_view text, bool strict = false);
    static Cidr host(Ipv4 address) { return Cidr{address, 32}; }
    static Cidr everything() { return Cidr{}; }
    std::string text() const;
    uint32_t mask() const { return prefix == 0 ? 0 : ~uint32_t{0} << (32 - prefix); }
    uint64_t size() const { return uint64_t{1} << (32 - prefix); }
    Ipv4 last() const { return Ipv4{base.value | ~mask()}; }
    bool contains(Ipv4 address) const { return (address.value & mask()) == base.value; }
    bool contains(Cidr other) const { return other.prefix >= prefix && contains(other.base); }
    bool overlaps(Cidr other) const { return contains(other) || other.contains(*this); }
    auto operator<=>(const Cidr&) const = default;
};

}  // namespace unkai::planes::network
