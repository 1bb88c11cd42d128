#include "aws/credentials.h"

#include <algorithm>

#include "aws/key_uses.h"
#include "aws/sigv4.h"

namespace unkai::aws {

namespace {

const store::Table<Credential, std::string> keys{"aws/access-keys"};

Credential root_of(const std::string& account, std::string access_key_id, std::string secret) {
    Credential root;
    root.secret = std::move(secret);
    root.principal = {
        Principal::Kind::root,    account, "arn:aws:iam::" + account + ":root", account,
        std::move(access_key_id), ""};
    return root;
}

bool is_account(std::string_view text) {
    return text.size() == 12 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Unexpected unknown() {
    return fail("InvalidClientTokenId", "The security token included in the request is invalid.",
                403);
}

}  // namespace

std::string unique_id(Random& random, std::string_view prefix) {
    return std::string(prefix) + random.from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16);
}

Credentials::Credentials(Env& env, store::Store& store, Options options)
    : env_(env),
      store_(store),
      options_(std::move(options)),
      root_(root_of(options_.account, options_.root_access_key_id, options_.root_secret)) {}

Result<Credential> Credentials::find(std::string_view access_key_id, std::string_view session_token,
                                     Time now) const {
    if (access_key_id == options_.root_access_key_id) return root_;
    if (options_.accept_test_keys && (access_key_id == "test" || is_account(access_key_id))) {
        const std::string account =
            is_account(access_key_id) ? std::string(access_key_id) : options_.account;
        return root_of(account, std::string(access_key_id), "test");
    }
    store::Txn txn = store_.begin();
    auto found = keys.get(txn, std::string(access_key_id));
    if (!found || !found->active) return unknown();
    if (!sigv4::equal_in_constant_time(found->session_token, session_token)) return unknown();
    if (found->expires && *found->expires <= now)
        return fail("ExpiredToken", "The security token included in the request is expired", 403);
    return *std::move(found);
}

void Credentials::put(store::Txn& txn, const std::string& access_key_id,
                      const Credential& credential) const {
    keys.put(txn, access_key_id, credential);
}

void Credentials::erase(store::Txn& txn, const std::string& access_key_id) const {
    keys.erase(txn, access_key_id);
    forget_use(txn, access_key_id);
}

std::optional<Credential> Credentials::get(store::Txn& txn,
                                           const std::string& access_key_id) const {
    return keys.get(txn, access_key_id);
}

Session Credentials::issue_session(store::Txn& txn, Principal principal, Duration length,
                                   Time now) const {
    Session session{unique_id(env_.random, "ASIA"), env_.random.alphanumeric(40),
                    env_.random.alphanumeric(356), now + length};
    principal.access_key_id = session.access_key_id;
    keys.put(txn, session.access_key_id,
             {session.secret, session.token, session.expires, true, std::move(principal)});
    return session;
}

void Credentials::sweep(store::Txn& txn, Time now) const {
    for (const auto& [key, credential] : keys.list(txn))
        if (credential.expires && *credential.expires <= now) keys.erase(txn, key);
}

}  // namespace unkai::aws
