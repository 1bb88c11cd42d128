// Who keeps certificates (ACM), as those see it who serve with them (load balancers,
// distributions).
//
//     TRY(auto identity, lookup.find(arn));              // for a net::CertificateList
//     lookup.set_uses(load_balancer_arn, {arn});         // from now on it cannot be deleted
//     co_await lookup.changed().wait(loop);              // renewed, imported again, or newly
//     issued
//
// Control loop only; identities may be handed to any thread. Uses are not kept over a restart:
// whoever uses certificates declares it again when it starts.
#pragma once

#include <set>
#include <string>

#include "net/tls.h"
#include "rt/event.h"

namespace unkai::net {

class CertificateLookup {
public:
    virtual ~CertificateLookup() = default;
    // Chain and key as they are now. Error: CertificateNotFound (no such ARN, or not issued yet).
    virtual Result<std::shared_ptr<const Identity>> find(const std::string& arn) = 0;
    // `user` (an ARN) uses exactly these certificates; an empty set ends its use.
    virtual void set_uses(const std::string& user, std::set<std::string> certificates) = 0;
    Event& changed() { return changed_; }

private:
    Event changed_;
};

}  // namespace unkai::net
