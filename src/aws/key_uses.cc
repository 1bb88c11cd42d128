#include "aws/key_uses.h"

namespace unkai::aws {

namespace {

const store::Table<KeyUse, std::string> uses{"aws/access-key-uses"};
constexpr Duration use_precision = std::chrono::minutes(1);

}  // namespace

std::optional<KeyUse> last_use(store::Txn& txn, const std::string& access_key_id) {
    return uses.get(txn, access_key_id);
}

bool note_use(store::Txn& txn, const std::string& access_key_id, const KeyUse& use) {
    const auto before = uses.get(txn, access_key_id);
    if (before && before->service == use.service && before->region == use.region &&
        use.at - before->at < use_precision)
        return false;
    uses.put(txn, access_key_id, use);
    return true;
}

void forget_use(store::Txn& txn, const std::string& access_key_id) {
    uses.erase(txn, access_key_id);
}

}  // namespace unkai::aws
