// When, where and for what an access key was last used; what IAM's GetAccessKeyLastUsed tells.
//
// The front door notes the keys of IAM users after their signature held. Written at most once a
// minute for a key that stays with one service and region: the time is exact to the minute, and a
// busy key costs one read of the store a call. Gone with the key (Credentials::erase).
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKeyLastUsed.html
#pragma once

#include <optional>
#include <string>

#include "store/table.h"

namespace unkai::aws {

struct KeyUse {
    Time at;
    std::string service, region;  // "s3", "us-east-1"
    void fields(auto& field) {
        field(1, at);
        field(2, service);
        field(3, region);
    }
};

// Nothing of a key that was never used.
std::optional<KeyUse> last_use(store::Txn& txn, const std::string& access_key_id);
// Whether there was something to write.
bool note_use(store::Txn& txn, const std::string& access_key_id, const KeyUse& use);
void forget_use(store::Txn& txn, const std::string& access_key_id);

}  // namespace unkai::aws
