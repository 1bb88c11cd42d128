// Bits and big-endian numbers of DNS messages, for the files that read and write them.
// RFC 1035, 4.1.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace unkai::wire::dns {

inline constexpr uint16_t flag_response = 0x8000, flag_authoritative = 0x0400;
inline constexpr uint16_t flag_truncated = 0x0200;
inline constexpr uint16_t flag_recursion_desired = 0x0100, flag_recursion_available = 0x0080;
inline constexpr uint16_t flag_checking_disabled = 0x0010;
inline constexpr size_t opt_size = 11;

inline uint16_t get16(std::string_view bytes, size_t at) {
    return static_cast<uint16_t>(static_cast<uint8_t>(bytes[at]) << 8 |
                                 static_cast<uint8_t>(bytes[at + 1]));
}
inline void put16(char* at, uint16_t value) {
    at[0] = static_cast<char>(value >> 8);
    at[1] = static_cast<char>(value);
}
inline void add16(std::string& out, uint16_t value) {
    out.push_back(static_cast<char>(value >> 8));
    out.push_back(static_cast<char>(value));
}
inline void add32(std::string& out, uint32_t value) {
    add16(out, static_cast<uint16_t>(value >> 16));
    add16(out, static_cast<uint16_t>(value));
}

}  // namespace unkai::wire::dns
