// SecureString values: AES-256-GCM under the account's key of this region (alias/aws/ssm). The key
// lies in the same store: it keeps values out of answers without decryption, logs and records that
// leak, not from whoever reads the whole state directory.
#pragma once

#include "aws/sealing.h"
#include "store/store.h"

namespace unkai::services::ssm {

// Makes the key when there is none yet.
std::string sealing_key(store::Txn& txn, Random& random, const std::string& account,
                        const std::string& region);

using aws::seal;
using aws::unseal;

}  // namespace unkai::services::ssm
