#include "services/sns/signer.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/strings.h"
#include "net/certificate.h"

namespace unkai::services::sns {

namespace {

Result<SigningKey> make_signing_key(std::string names_suffix, Random& random, Time now,
                                    std::string key_pem) {
    TRY(const net::Authority authority, net::Authority::make("Unkai SNS", random, now));
    SigningKey out{.key_pem = std::move(key_pem), .name = std::move(names_suffix)};
    TRY(out.certificate_pem, authority.issue({.key_pem = out.key_pem,
                                              .names = {"sns.amazonaws.com"},
                                              .not_before = now - std::chrono::hours(24),
                                              .not_after = now + std::chrono::hours(24 * 365 * 9)},
                                             random));
    return out;
}

}  // namespace

Task<Result<std::shared_ptr<const Signer>>> Signer::open(Env& env, store::Store& store) {
    store::Txn txn = store.begin();
    auto key = schema::signing.get(txn, {"key"});
    if (!key) {
        CO_TRY(std::string pem, co_await env.workers.run(
                                    [] { return net::make_private_key(net::KeyKind::rsa_2048); }));
        CO_TRY(key, make_signing_key("SimpleNotificationService-" + env.random.hex(32) + ".pem",
                                     env.random, env.now(), std::move(pem)));
        txn = store.begin();
        schema::signing.put(txn, {"key"}, *key);
        CO_REQUIRE(co_await store.commit(txn));
    }
    co_return std::make_shared<const Signer>(std::move(*key));
}

std::string Signer::sign(std::string_view text, std::string_view version) const {
    const std::unique_ptr<BIO, decltype(&::BIO_free)> bio(
        ::BIO_new_mem_buf(key_.key_pem.data(), static_cast<int>(key_.key_pem.size())), ::BIO_free);
    const std::unique_ptr<EVP_PKEY, decltype(&::EVP_PKEY_free)> key(
        ::PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr), ::EVP_PKEY_free);
    const std::unique_ptr<EVP_MD_CTX, decltype(&::EVP_MD_CTX_free)> context(::EVP_MD_CTX_new(),
                                                                            ::EVP_MD_CTX_free);
    const EVP_MD* const digest = version == "2" ? ::EVP_sha256() : ::EVP_sha1();
    size_t size = 0;
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    bool good = key != nullptr &&
                ::EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key.get()) == 1 &&
                ::EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) == 1;
    std::string signature(size, '\0');
    auto* const out = reinterpret_cast<unsigned char*>(signature.data());
    good = good && ::EVP_DigestSign(context.get(), out, &size, bytes, text.size()) == 1;
    CHECK(good, "SNS's own key cannot sign");
    signature.resize(size);
    return base64(signature);
}

}  // namespace unkai::services::sns
