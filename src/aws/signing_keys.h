// The signing keys of those who called lately: one is good for a day, a region and a service, and
// making it costs four HMACs, checking a signature by it one.
//
// Found by the secret, so that a key that was changed is never taken for the old one. Kept: at most
// 256 (all are forgotten at once then; they are made again).
#pragma once

#include <string>
#include <unordered_map>

#include "aws/sigv4.h"

namespace unkai::aws {

class SigningKeys {
public:
    const std::string& of(const std::string& secret, const sigv4::Claim& claim) {
        name_ = secret;
        for (const std::string_view part : {claim.date, claim.region, claim.service})
            name_.append(1, '/').append(part);
        if (const auto known = keys_.find(name_); known != keys_.end()) return known->second;
        if (keys_.size() >= most) keys_.clear();
        return keys_.emplace(name_, sigv4::signing_key(secret, claim)).first->second;
    }

private:
    static constexpr size_t most = 256;
    std::string name_;  // Of the key that is looked for; kept for its memory.
    std::unordered_map<std::string, std::string> keys_;
};

}  // namespace unkai::aws
