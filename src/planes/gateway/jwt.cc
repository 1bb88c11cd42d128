#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <algorithm>

#include "base/strings.h"
#include "planes/gateway/gateway.h"

namespace unkai::planes::gateway {

using wire::Json;

namespace {

template <auto Free>
struct Freed {
    template <class T>
    void operator()(T* pointer) const {
        Free(pointer);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using Digest = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM_free>>;

Unexpected unauthorized(std::string why) { return fail("Unauthorized", std::move(why), 401); }

std::optional<std::string> from_base64_url(std::string_view text) {
    std::string plain = replace_all(replace_all(text, "-", "+"), "_", "/");
    while (plain.size() % 4 != 0) plain += '=';
    return from_base64(plain);
}

Number number_of(std::string_view bytes) {
    return Number(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                            static_cast<int>(bytes.size()), nullptr));
}

Key make_key(const char* kind, OSSL_PARAM_BLD* builder) {
    const Parameters parameters(OSSL_PARAM_BLD_to_param(builder));
    const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
    EVP_PKEY* key = nullptr;
    if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) <= 0 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) <= 0)
        return nullptr;
    return Key(key);
}

Key rsa_key(const Json& jwk) {
    const auto modulus = from_base64_url(jwk["n"].string_or(""));
    const auto exponent = from_base64_url(jwk["e"].string_or(""));
    if (!modulus || !exponent || modulus->empty() || exponent->empty()) return nullptr;
    const Number n = number_of(*modulus), e = number_of(*exponent);
    const Builder builder(OSSL_PARAM_BLD_new());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
    return make_key("RSA", builder.get());
}

Key ec_key(const Json& jwk) {
    const auto x = from_base64_url(jwk["x"].string_or(""));
    const auto y = from_base64_url(jwk["y"].string_or(""));
    const std::string curve = jwk["crv"].string_or("");
    const size_t size = curve == "P-256" ? 32 : curve == "P-384" ? 48 : curve == "P-521" ? 66 : 0;
    if (!x || !y || size == 0 || x->size() != size || y->size() != size) return nullptr;
    const std::string point = "\x04" + *x + *y;
    const Builder builder(OSSL_PARAM_BLD_new());
    OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve.c_str(), 0);
    OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                     point.size());
    return make_key("EC", builder.get());
}

// JWS has r and s side by side; OpenSSL wants DER.
std::string der_signature(std::string_view raw) {
    const size_t half = raw.size() / 2;
    const std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>> signature(ECDSA_SIG_new());
    ECDSA_SIG_set0(signature.get(), number_of(raw.substr(0, half)).release(),
                   number_of(raw.substr(half)).release());
    unsigned char* bytes = nullptr;
    const int size = i2d_ECDSA_SIG(signature.get(), &bytes);
    std::string out;
    if (size > 0) out.assign(reinterpret_cast<char*>(bytes), static_cast<size_t>(size));
    OPENSSL_free(bytes);
    return out;
}

bool signature_holds(const Json& jwk, std::string_view algorithm, std::string_view text,
                     std::string signature) {
    const bool rsa = algorithm.starts_with("RS");
    if (jwk["kty"].string_or("") != (rsa ? "RSA" : "EC")) return false;
    const Key key = rsa ? rsa_key(jwk) : ec_key(jwk);
    if (!key) return false;
    if (!rsa) signature = der_signature(signature);
    const std::string_view bits = algorithm.substr(2);
    const EVP_MD* digest = bits == "256"   ? EVP_sha256()
                           : bits == "384" ? EVP_sha384()
                                           : EVP_sha512();
    const Digest context(EVP_MD_CTX_new());
    return EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key.get()) == 1 &&
           EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                            signature.size(), reinterpret_cast<const unsigned char*>(text.data()),
                            text.size()) == 1;
}

// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
Status check_claims(const Json& claims, const Authorizer& authorizer, Time now) {
    const auto seconds = whole_seconds(now);
    if (claims["iss"].string_or("") != authorizer.issuer)
        return unauthorized("the issuer is not the authorizer's");
    if (!claims["exp"].is_number() || claims["exp"].as_double() <= static_cast<double>(seconds))
        return unauthorized("the token has expired");
    if (claims["nbf"].is_number() && claims["nbf"].as_double() > static_cast<double>(seconds))
        return unauthorized("the token is not valid yet");
    if (claims["iat"].is_number() && claims["iat"].as_double() > static_cast<double>(seconds))
        return unauthorized("the token was issued in the future");
    std::vector<std::string> audience;
    const Json& named = claims["aud"].is_null() ? claims["client_id"] : claims["aud"];
    if (named.is_string()) audience.push_back(named.as_string());
    if (named.is_array())
        for (const Json& one : named.as_array()) audience.push_back(one.string_or(""));
    for (const std::string& one : audience)
        if (std::find(authorizer.audience.begin(), authorizer.audience.end(), one) !=
            authorizer.audience.end())
            return ok();
    return unauthorized("the audience is not the authorizer's");
}

}  // namespace

Result<Json> verify_jwt(std::string_view token, const Json& keys, const Authorizer& authorizer,
                        Time now) {
    const auto parts = split(token, '.');
    if (parts.size() != 3) return unauthorized("the token has not three parts");
    const auto head_text = from_base64_url(parts[0]), claims_text = from_base64_url(parts[1]),
               signature = from_base64_url(parts[2]);
    if (!head_text || !claims_text || !signature) return unauthorized("the token is not base64");
    const auto head = Json::parse(*head_text);
    auto claims = Json::parse(*claims_text);
    if (!head || !claims || !claims->is_object()) return unauthorized("the token is no JSON");
    const std::string algorithm = (*head)["alg"].string_or("");
    constexpr std::array<std::string_view, 6> known = {"RS256", "RS384", "RS512",
                                                       "ES256", "ES384", "ES512"};
    if (std::find(known.begin(), known.end(), algorithm) == known.end())
        return unauthorized("the algorithm '" + algorithm + "' is not supported");
    const std::string_view text = token.substr(0, parts[0].size() + 1 + parts[1].size());
    bool good = false;
    if (keys["keys"].is_array())
        for (const Json& jwk : keys["keys"].as_array())
            if (jwk["kid"].string_or("") == (*head)["kid"].string_or(""))
                good = good || signature_holds(jwk, algorithm, text, *signature);
    if (!good) return unauthorized("no key of the issuer made this signature");
    REQUIRE(check_claims(*claims, authorizer, now));
    return *std::move(claims);
}

}  // namespace unkai::planes::gateway
