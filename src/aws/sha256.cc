#include "aws/sha256.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <optional>
#include <string>

#include "base/check.h"
#include "base/strings.h"

namespace unkai::aws {

Hex hex_of(const Digest& digest) {
    Hex out;
    write_hex({digest.data(), digest.size()}, out.text.data());
    return out;
}

// The hash by itself, which OpenSSL would rather have behind EVP: a request is six short ones, and
// for each EVP allocates and frees as much as hashing costs.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

// The state goes on from `state`, which stays as it is.
static Digest sha256(::SHA256_CTX state, std::string_view bytes) {
    Digest digest;
    CHECK(::SHA256_Update(&state, bytes.data(), bytes.size()) == 1);
    CHECK(::SHA256_Final(reinterpret_cast<unsigned char*>(digest.data()), &state) == 1);
    return digest;
}

Digest sha256(std::string_view bytes) {
    ::SHA256_CTX state;
    CHECK(::SHA256_Init(&state) == 1);
    return sha256(state, bytes);
}

namespace {

// What a key makes of the two hashes of an HMAC, before any text. RFC 2104, 4: it may be kept.
struct KeyStates {
    std::string key;
    ::SHA256_CTX inner, outer;

    explicit KeyStates(std::string_view given) : key(given) {
        constexpr size_t block = 64;
        std::array<char, block> padded{};
        const Digest hashed = given.size() > block ? sha256(given) : Digest{};
        if (given.size() > block) given = {hashed.data(), hashed.size()};
        std::copy(given.begin(), given.end(), padded.begin());
        const auto begin = [&padded](::SHA256_CTX& state, char mask) {
            for (char& c : padded) c = static_cast<char>(c ^ mask);
            CHECK(::SHA256_Init(&state) == 1);
            CHECK(::SHA256_Update(&state, padded.data(), block) == 1);
        };
        begin(inner, 0x36);
        begin(outer, 0x36 ^ 0x5c);
        ::OPENSSL_cleanse(padded.data(), block);
    }
};

}  // namespace

#pragma GCC diagnostic pop

// The states of the key that this thread used last: calls come in rows by one.
static const KeyStates& states_of(std::string_view key) {
    thread_local std::optional<KeyStates> last;
    if (!last || last->key != key) last.emplace(key);
    return *last;
}

Digest hmac(std::string_view key, std::string_view bytes) {
    const KeyStates& states = states_of(key);
    const Digest first = sha256(states.inner, bytes);
    return sha256(states.outer, {first.data(), first.size()});
}

}  // namespace unkai::aws
