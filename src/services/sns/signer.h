// Signs what SNS sends, so that receivers can tell that it is ours.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
// The key (RSA 2048) is made at the first start and kept in the store; the certificate is served by
// sender.h's handler at the URL that messages name. It is signed by an authority of its own that
// nobody trusts by itself: receivers trust the URL, as with AWS.
#pragma once

#include "base/result.h"
#include "rt/env.h"
#include "services/sns/schema.h"

namespace unkai::services::sns {

class Signer {
public:
    // Loads the key or makes it: 100 ms of a worker, once.
    static Task<Result<std::shared_ptr<const Signer>>> open(Env& env, store::Store& store);
    // Base64 of RSA over SHA-1 (version "1") or SHA-256 ("2"). About 0.7 ms.
    std::string sign(std::string_view text, std::string_view version) const;
    const std::string& certificate_pem() const { return key_.certificate_pem; }
    // "SimpleNotificationService-<name>.pem"
    const std::string& file_name() const { return key_.name; }

    explicit Signer(SigningKey key) : key_(std::move(key)) {}

private:
    SigningKey key_;
};

}  // namespace unkai::services::sns
