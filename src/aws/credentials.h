// Access keys: who a signature belongs to. Kept in the store, beside the services that hand them
// out (iam users, sts sessions, task and function roles), so that each of them can add and revoke
// keys in its own transaction.
//
// The root key of the installation is not stored here: it is given at start (its file is 0600).
#pragma once

#include <string>

#include "aws/call.h"
#include "store/table.h"

namespace unkai::aws {

struct Credential {
    std::string secret;
    std::string session_token;  // Empty for long-term keys.
    std::optional<Time> expires;
    bool active = true;
    Principal principal;
    void fields(auto& field) {
        field(1, secret);
        field(2, session_token);
        field(3, expires);
        field(4, active);
        field(5, principal);
    }
};

struct Session {
    std::string access_key_id;  // ASIA…
    std::string secret;
    std::string token;
    Time expires;
};

class Credentials {
public:
    struct Options {
        std::string account;
        std::string root_access_key_id;
        std::string root_secret;
        // Accept the customary test/test, and any 12-digit access key with secret `test` as that
        // account.
        bool accept_test_keys = false;
    };
    Credentials(Env& env, store::Store& store, Options options);

    // Errors: InvalidClientTokenId (unknown, inactive, wrong token), ExpiredToken.
    Result<Credential> find(std::string_view access_key_id, std::string_view session_token,
                            Time now) const;

    // Keys in the caller's transaction. A key that is not active stays known and is refused.
    void put(store::Txn& txn, const std::string& access_key_id, const Credential& credential) const;
    void erase(store::Txn& txn, const std::string& access_key_id) const;
    std::optional<Credential> get(store::Txn& txn, const std::string& access_key_id) const;
    Session issue_session(store::Txn& txn, Principal principal, Duration length, Time now) const;
    // Erases expired sessions; called now and then.
    void sweep(store::Txn& txn, Time now) const;

    const std::string& account() const { return options_.account; }
    const Options& options() const { return options_; }

private:
    Env& env_;
    store::Store& store_;
    Options options_;
    Credential root_;  // Of options_.
};

// Fresh identifiers as IAM makes them: AKIA, ASIA, AIDA, AROA, ANPA, AIPA … and 17 more characters.
std::string unique_id(Random& random, std::string_view prefix);

}  // namespace unkai::aws
