// Making and reading certificates: keys, a certificate authority, leaves. OpenSSL 3; PEM texts in
// and out.
//
//     TRY(const std::string key, make_private_key(KeyKind::ec_p256)); // 0.1 ms; RSA 2048 100 ms
//     TRY(Authority authority, Authority::make("Unkai Local CA", random, now));
//     TRY(const std::string leaf, authority.issue({.key_pem = key, .names = {"a.com"}, …},
//     random)); TRY(const CertificateFacts facts, read_certificate(leaf));
//
// The authority may sign DNS names and loopback addresses only (critical name constraints: no other
// IP address), for TLS servers only, and no further authority (path length 0). Errors:
// InvalidCertificate, InvalidPrivateKey, KeyDoesNotMatch, CryptographyFailed (a bug or no memory).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "rt/random.h"

struct x509_st;
struct evp_pkey_st;

namespace unkai::net {

enum class KeyKind { ec_p256, ec_p384, ec_p521, rsa_2048, rsa_3072, rsa_4096 };

// PKCS #8, PEM, unencrypted. Blocks for the time named above: RSA keys belong on Workers.
Result<std::string> make_private_key(KeyKind kind);

struct LeafRequest {
    std::string_view key_pem;
    std::vector<std::string>
        names;  // DNS names, or IP addresses. The first becomes the common name.
    Time not_before, not_after;
};

class Authority {
public:
    // A new one, valid for ten years from `now`, with an EC P-256 key.
    static Result<Authority> make(const std::string& name, Random& random, Time now);
    static Result<Authority> from_pem(std::string_view certificate, std::string_view key);

    // The leaf, PEM. ≈ 0.2 ms.
    Result<std::string> issue(const LeafRequest& request, Random& random) const;
    const std::string& certificate_pem() const { return certificate_pem_; }
    const std::string& key_pem() const { return key_pem_; }

private:
    struct Free {
        void operator()(x509_st* certificate) const;
        void operator()(evp_pkey_st* key) const;
    };
    std::string certificate_pem_, key_pem_;
    std::unique_ptr<x509_st, Free> certificate_;
    std::unique_ptr<evp_pkey_st, Free> key_;
};

// What a certificate says of itself.
struct CertificateFacts {
    std::string subject, issuer;      // "CN=example.com, O=…"
    std::string issuer_organization;  // O of the issuer, else its CN.
    std::string serial;               // "0a:1b:…"
    Time not_before, not_after;
    std::vector<std::string> names;  // DNS names, lower case.
    std::string common_name;
    std::string key_algorithm;  // As ACM names it: RSA_2048, EC_prime256v1, …; else OpenSSL's name.
    std::string signature_algorithm;  // As ACM names it: SHA256WITHRSA, SHA256WITHECDSA, …
    bool self_signed = false;
};
// Of the first certificate of the text.
Result<CertificateFacts> read_certificate(std::string_view pem);

// How many certificates a text holds; nullopt when something in it is none.
std::optional<size_t> count_certificates(std::string_view pem);
// That each certificate of `certificate` + `chain` is signed by the next one.
Status check_chain(std::string_view certificate, std::string_view chain);

}  // namespace unkai::net
