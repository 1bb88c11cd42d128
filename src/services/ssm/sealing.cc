#include "services/ssm/sealing.h"

#include "services/ssm/schema.h"

namespace unkai::services::ssm {

std::string sealing_key(store::Txn& txn, Random& random, const std::string& account,
                        const std::string& region) {
    if (auto key = schema::keys.get(txn, {account, region})) return key->bytes;
    SealingKey made{random.bytes(aws::sealing_key_bytes)};
    schema::keys.put(txn, {account, region}, made);
    return made.bytes;
}

}  // namespace unkai::services::ssm
