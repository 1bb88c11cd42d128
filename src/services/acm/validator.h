// Brings requested certificates to ISSUED, and renews them.
//
// For every certificate in PENDING_VALIDATION it asks Route 53 (through the client, as
// acm.amazonaws.com) whether the CNAME of each name is in a public zone of the account; when all
// are, it makes key and certificate. It looks every 100 ms while a request is younger than a
// minute, then every 2 s, after an hour every 30 s, and gives up after 72 hours
// (VALIDATION_TIMED_OUT), as ACM does. Issued certificates are renewed 45 days before their end if
// the records are still there.
#pragma once

#include "aws/client.h"
#include "services/acm/certificate_rules.h"
#include "services/acm/local_authority.h"

namespace unkai::services::acm {

class Validator {
public:
    Validator(Env& env, store::Store& store, aws::Client& client, const LocalAuthority& authority);
    Validator(const Validator&) = delete;

    void start();
    Task<void> stop();

private:
    struct Work {
        std::vector<Certificate> pending, ending;
        Duration next;  // Until the next look.
    };
    static Task<void> run(Validator& self);
    Work find_work();
    Task<void> attend(Certificate certificate);
    Task<Status> issue(Certificate certificate);
    Task<void> save(Certificate certificate);
    Task<bool> has_record(aws::Caller caller, Domain domain);

    Env& env_;
    store::Store& store_;
    aws::Client& client_;
    const LocalAuthority& authority_;
    std::unique_ptr<store::Store::Watch> watch_;
    Event changed_;
    bool look_ = true;  // Something changed since the last look at the store.
    Stop stop_;
    Scope scope_;
};

}  // namespace unkai::services::acm
