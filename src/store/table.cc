#include "store/table.h"

namespace unkai::store {

// A string part: zero bytes become 00 FF, the end is 00 01, so that "a" < "ab" and parts do not
// mix.
void put_key_part(std::string& out, std::string_view part) {
    for (const char c : part) {
        out += c;
        if (c == '\0') out += '\xFF';
    }
    out += '\0';
    out += '\x01';
}

// An integer part: big endian with the sign bit turned, so that negative numbers come first.
void put_key_part(std::string& out, int64_t part) {
    const uint64_t ordered = static_cast<uint64_t>(part) ^ uint64_t { 1 } << 63;
    for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(ordered >> shift);
}

bool take_key_part(std::string_view& in, std::string& part) {
    part.clear();
    while (!in.empty()) {
        const char c = in[0];
        in.remove_prefix(1);
        if (c != '\0') {
            part += c;
            continue;
        }
        if (in.empty()) return false;
        const char next = in[0];
        in.remove_prefix(1);
        if (next == '\x01') return true;
        if (next != '\xFF') return false;
        part += '\0';
    }
    return false;
}

bool take_key_part(std::string_view& in, int64_t& part) {
    if (in.size() < 8) return false;
    uint64_t ordered = 0;
    for (size_t i = 0; i < 8; ++i) ordered = ordered << 8 | static_cast<unsigned char>(in[i]);
    in.remove_prefix(8);
    part = static_cast<int64_t>(ordered ^ uint64_t{1} << 63);
    return true;
}

std::string after_prefix(std::string prefix) {
    while (!prefix.empty() && prefix.back() == '\xFF') prefix.pop_back();
    CHECK(!prefix.empty(), "no key comes after this prefix");
    prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
    return prefix;
}

}  // namespace unkai::store
