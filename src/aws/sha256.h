// SHA-256 and HMAC of what is short, as signatures need them: no allocation, no look-up of the
// algorithm. An HMAC's key is kept prepared, one a thread, since calls come in rows by one key.
#pragma once

#include <array>
#include <string_view>

namespace unkai::aws {

using Digest = std::array<char, 32>;

struct Hex {
    std::array<char, 2 * sizeof(Digest)> text;
    std::string_view view() const { return {text.data(), text.size()}; }
};

Hex hex_of(const Digest& digest);  // Lower case.

Digest sha256(std::string_view bytes);
Digest hmac(std::string_view key, std::string_view bytes);

}  // namespace unkai::aws
