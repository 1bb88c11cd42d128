// SecureString values: AES-256-GCM under the account's key of this region (alias/aws/ssm). The key lies in
// the same store: it keeps values out of answers without decryption, logs and records that leak, not from
// whoever reads the whole state directory.
#pragma once

#include "rt/random.h"
#include "store/store.h"

namespace unkai::services::ssm {

// Makes the key when there is none yet.
std::string sealing_key(store::Txn& txn, Random& random, const std::string& account, const std::string& region);

// Nonce, ciphertext, tag. `context` (the name) must be the same at both ends.
std::string seal(std::string_view key, std::string_view context, std::string_view text, Random& random);
// nullopt when the bytes were changed or the key or context is another.
std::optional<std::string> unseal(std::string_view key, std::string_view context, std::string_view sealed);

}  // namespace unkai::services::ssm
