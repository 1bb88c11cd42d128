// Authorisation tokens of the registry: who may push and pull until when, signed with a secret of
// this installation, so that nothing needs to be stored. Pure.
//
// The password of `docker login -u AWS`: hex(account|region|principal|scope|expiry) "."
// hex(HMAC-SHA256). A download link for one layer bears the same kind of token, with the digest as
// its scope.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace unkai::services::ecr {

struct Token {
    std::string account;
    std::string region;
    std::string principal;  // An ARN.
    std::string scope;      // Empty: everything; "repository@sha256:…": that layer only.
    Time expires;
};

std::string sign_token(const Token& token, std::string_view secret);
// nullopt: not ours, changed, or expired. Compares in constant time.
std::optional<Token> read_token(std::string_view text, std::string_view secret, Time now);

}  // namespace unkai::services::ecr
