// Secrets at rest: AES-256-GCM under a key that the service keeps. Pure.
//
// It keeps values out of records that leak, listings and logs, not from whoever reads the whole
// state.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "rt/random.h"

namespace unkai::aws {

constexpr size_t sealing_key_bytes = 32;

// Nonce, ciphertext, tag. `context` (the secret's name) must be the same at both ends.
std::string seal(std::string_view key, std::string_view context, std::string_view text,
                 Random& random);
// nullopt when the bytes were changed or the key or context is another.
std::optional<std::string> unseal(std::string_view key, std::string_view context,
                                  std::string_view sealed);

}  // namespace unkai::aws
