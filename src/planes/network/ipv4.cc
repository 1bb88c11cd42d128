#include "planes/network/ipv4.h"

#include <fmt/format.h>

#include "base/strings.h"

namespace unkai::planes::network {

std::optional<Ipv4> Ipv4::parse(std::string_view text) {
    const auto parts = split(text, '.');
    if (parts.size() != 4) return std::nullopt;
    uint32_t value = 0;
    for (const std::string_view part : parts) {
        if (part.size() > 1 && part[0] == '0') return std::nullopt;
        const auto number = parse_uint(part);
        if (!number || *number > 255) return std::nullopt;
        value = value << 8 | static_cast<uint32_t>(*number);
    }
    return Ipv4{value};
}

std::string Ipv4::text() const {
    return fmt::format("{}.{}.{}.{}", value >> 24, value >> 16 & 255, value >> 8 & 255,
                       value & 255);
}

std::optional<Cidr> Cidr::parse(std::string_view text, bool strict) {
    const auto slash = text.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    const auto base = Ipv4::parse(text.substr(0, slash));
    const std::string_view length = text.substr(slash + 1);
    const auto prefix = parse_uint(length);
    if (!base || !prefix || *prefix > 32 || (length.size() > 1 && length[0] == '0'))
        return std::nullopt;
    Cidr cidr{*base, static_cast<uint8_t>(*prefix)};
    const Ipv4 cut{base->value & cidr.mask()};
    if (strict && cut != *base) return std::nullopt;
    cidr.base = cut;
    return cidr;
}

std::string Cidr::text() const { return fmt::format("{}/{}", base.text(), prefix); }

}  // namespace unkai::planes::network
