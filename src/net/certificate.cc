#include "net/certificate.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "base/strings.h"

namespace unkai::net {

namespace {

constexpr auto authority_lifetime = std::chrono::days(3650);

template <auto Function>
struct Freer {
    template <class T>
    void operator()(T* object) const {
        Function(object);
    }
};
using Bio = std::unique_ptr<BIO, Freer<BIO_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>>;
using Number = std::unique_ptr<BIGNUM, Freer<BN_free>>;

Unexpected failed(std::string_view what) {
    char reason[256] = "no reason given";
    if (const unsigned long code = ::ERR_get_error(); code != 0)
        ::ERR_error_string_n(code, reason, sizeof reason);
    ::ERR_clear_error();
    return fail("CryptographyFailed", std::string(what) + " failed: " + reason + ".");
}

Bio reader(std::string_view text) {
    return Bio(::BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string contents(const Bio& bio) {
    char* data = nullptr;
    const long size = ::BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<size_t>(size)};
}

std::string write_certificate(X509* certificate) {
    const Bio out(::BIO_new(::BIO_s_mem()));
    ::PEM_write_bio_X509(out.get(), certificate);
    return contents(out);
}

Result<Key> read_key(std::string_view pem) {
    char no_passphrase[] = "";  // An encrypted key is refused instead of asked for on the terminal.
    Key key(::PEM_read_bio_PrivateKey(reader(pem).get(), nullptr, nullptr, no_passphrase));
    ::ERR_clear_error();
    if (!key)
        return fail("InvalidPrivateKey", "The private key is not an unencrypted PEM-encoded key.",
                    400);
    return key;
}

Result<Certificate> read_x509(std::string_view pem) {
    Certificate certificate(::PEM_read_bio_X509(reader(pem).get(), nullptr, nullptr, nullptr));
    ::ERR_clear_error();
    if (!certificate)
        return fail("InvalidCertificate", "The certificate is not a PEM-encoded X.509 certificate.",
                    400);
    return certificate;
}

// All certificates of a text; nullopt when something in it is none.
std::optional<std::vector<Certificate>> read_all(std::string_view pem) {
    std::vector<Certificate> out;
    const Bio in = reader(pem);
    while (X509* next = ::PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr))
        out.emplace_back(next);
    const bool ended = ERR_GET_REASON(::ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ::ERR_clear_error();
    size_t begins = 0;
    for (size_t at = pem.find("-----BEGIN"); at != std::string_view::npos;
         at = pem.find("-----BEGIN", at + 1))
        ++begins;
    if (!ended || begins != out.size()) return std::nullopt;
    return out;
}

bool set_serial(X509* certificate, Random& random) {
    std::string bytes = random.bytes(16);
    bytes[0] = static_cast<char>((bytes[0] & 0x7F) | 0x40);  // Positive, and always 16 bytes.
    const Number number(
        ::BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), 16, nullptr));
    return number &&
           ::BN_to_ASN1_INTEGER(number.get(), ::X509_get_serialNumber(certificate)) != nullptr;
}

bool set_times(X509* certificate, Time from, Time until) {
    return ::ASN1_TIME_set(::X509_getm_notBefore(certificate),
                           static_cast<time_t>(whole_seconds(from))) != nullptr &&
           ::ASN1_TIME_set(::X509_getm_notAfter(certificate),
                           static_cast<time_t>(whole_seconds(until))) != nullptr;
}

bool add_name(X509_NAME* name, const char* field, const std::string& value) {
    return ::X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                        reinterpret_cast<const unsigned char*>(value.data()),
                                        static_cast<int>(value.size()), -1, 0) == 1;
}

bool add_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    ::X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const Extension extension(::X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
    return extension && ::X509_add_ext(certificate, extension.get(), -1) == 1;
}

// Names come from API callers: no comma may start another entry of the extension's text.
Result<std::string> alternative_names(const std::vector<std::string>& names) {
    std::string out;
    for (const std::string& name : names) {
        const bool plain = !name.empty() && std::ranges::all_of(name, [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   c == '.' || c == '-' || c == '*' || c == '_' || c == ':';
        });
        if (!plain)
            return fail("InvalidCertificate", "'" + name + "' cannot be a certificate's name.",
                        400);
        const bool address = name.find(':') != std::string::npos ||
                             name.find_first_not_of("0123456789.") == std::string::npos;
        if (!out.empty()) out += ",";
        out += (address ? "IP:" : "DNS:") + name;
    }
    return out;
}

std::string text_of(const X509_NAME* name) {
    const Bio out(::BIO_new(::BIO_s_mem()));
    ::X509_NAME_print_ex(out.get(), name, 0,
                         XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB));
    return replace_all(contents(out), ",", ", ");
}

std::string entry_of(const X509_NAME* name, int id) {
    const int at = ::X509_NAME_get_index_by_NID(name, id, -1);
    if (at < 0) return {};
    const ASN1_STRING* value = ::X509_NAME_ENTRY_get_data(::X509_NAME_get_entry(name, at));
    return {reinterpret_cast<const char*>(::ASN1_STRING_get0_data(value)),
            static_cast<size_t>(::ASN1_STRING_length(value))};
}

Time time_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (::ASN1_TIME_to_tm(time, &parts) != 1) return {};
    return Time{std::chrono::seconds(::timegm(&parts))};
}

std::vector<std::string> dns_names(X509* certificate) {
    std::vector<std::string> out;
    auto* const names = static_cast<GENERAL_NAMES*>(
        ::X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
    for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_DNS) continue;
        const ASN1_STRING* value = name->d.dNSName;
        out.push_back(to_lower({reinterpret_cast<const char*>(::ASN1_STRING_get0_data(value)),
                                static_cast<size_t>(::ASN1_STRING_length(value))}));
    }
    ::GENERAL_NAMES_free(names);
    return out;
}

std::string algorithm_of(EVP_PKEY* key) {
    if (::EVP_PKEY_is_a(key, "RSA") == 1) return "RSA_" + std::to_string(::EVP_PKEY_get_bits(key));
    char group[64];
    size_t size = 0;
    if (::EVP_PKEY_is_a(key, "EC") == 1 &&
        ::EVP_PKEY_get_group_name(key, group, sizeof group, &size) == 1)
        return "EC_" + std::string(group, size);
    const char* name = ::EVP_PKEY_get0_type_name(key);
    return name == nullptr ? "UNKNOWN" : name;
}

std::string signature_of(const X509* certificate) {
    int digest = NID_undef, key = NID_undef;
    ::OBJ_find_sigid_algs(::X509_get_signature_nid(certificate), &digest, &key);
    const char* name = ::OBJ_nid2sn(digest);
    std::string out = name == nullptr ? "UNKNOWN" : name;
    if (key == NID_rsaEncryption) return out + "WITHRSA";
    return key == NID_X9_62_id_ecPublicKey ? out + "WITHECDSA" : out;
}

}  // namespace

Result<std::string> make_private_key(KeyKind kind) {
    Key key;
    switch (kind) {
        case KeyKind::ec_p256:
            key.reset(EVP_EC_gen("P-256"));
            break;
        case KeyKind::ec_p384:
            key.reset(EVP_EC_gen("P-384"));
            break;
        case KeyKind::ec_p521:
            key.reset(EVP_EC_gen("P-521"));
            break;
        case KeyKind::rsa_2048:
            key.reset(EVP_RSA_gen(2048));
            break;
        case KeyKind::rsa_3072:
            key.reset(EVP_RSA_gen(3072));
            break;
        case KeyKind::rsa_4096:
            key.reset(EVP_RSA_gen(4096));
            break;
    }
    const Bio out(::BIO_new(::BIO_s_mem()));
    if (!key || ::PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                                nullptr) != 1)
        return failed("Making a private key");
    return contents(out);
}

void Authority::Free::operator()(x509_st* certificate) const { ::X509_free(certificate); }
void Authority::Free::operator()(evp_pkey_st* key) const { ::EVP_PKEY_free(key); }

Result<Authority> Authority::from_pem(std::string_view certificate, std::string_view key) {
    Authority out;
    TRY(Certificate x509, read_x509(certificate));
    TRY(Key secret, read_key(key));
    if (::X509_check_private_key(x509.get(), secret.get()) != 1) {
        ::ERR_clear_error();
        return fail("KeyDoesNotMatch", "The private key does not belong to the certificate.", 400);
    }
    out.certificate_pem_ = certificate;
    out.key_pem_ = key;
    out.certificate_.reset(x509.release());
    out.key_.reset(secret.release());
    return out;
}

Result<Authority> Authority::make(const std::string& name, Random& random, Time now) {
    TRY(const std::string key_pem, make_private_key(KeyKind::ec_p256));
    TRY(const Key key, read_key(key_pem));
    const Certificate certificate(::X509_new());
    X509* const x509 = certificate.get();
    X509_NAME* const subject = ::X509_get_subject_name(x509);
    const bool good =
        ::X509_set_version(x509, X509_VERSION_3) == 1 && set_serial(x509, random) &&
        set_times(x509, now - 1h, now + authority_lifetime) &&
        ::X509_set_pubkey(x509, key.get()) == 1 && add_name(subject, "O", "Unkai") &&
        add_name(subject, "CN", name) && ::X509_set_issuer_name(x509, subject) == 1 &&
        add_extension(x509, x509, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
        add_extension(x509, x509, NID_key_usage, "critical,keyCertSign,cRLSign") &&
        add_extension(x509, x509, NID_ext_key_usage, "serverAuth") &&
        add_extension(x509, x509, NID_subject_key_identifier, "hash") &&
        add_extension(x509, x509, NID_name_constraints,
                      "critical,permitted;IP:127.0.0.0/255.0.0.0,"
                      "permitted;IP:0:0:0:0:0:0:0:1/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff") &&
        ::X509_sign(x509, key.get(), ::EVP_sha256()) > 0;
    if (!good) return failed("Making a certificate authority");
    return from_pem(write_certificate(x509), key_pem);
}

Result<std::string> Authority::issue(const LeafRequest& request, Random& random) const {
    if (request.names.empty())
        return fail("InvalidCertificate", "A certificate needs a name.", 400);
    TRY(const Key key, read_key(request.key_pem));
    TRY(const std::string names, alternative_names(request.names));
    const Certificate certificate(::X509_new());
    X509* const x509 = certificate.get();
    const bool rsa = ::EVP_PKEY_is_a(key.get(), "RSA") == 1;
    // A common name has at most 64 characters; the alternative names are what counts.
    const std::string common = request.names[0].size() <= 64 ? request.names[0] : "unkai";
    const bool good =
        ::X509_set_version(x509, X509_VERSION_3) == 1 && set_serial(x509, random) &&
        set_times(x509, request.not_before, request.not_after) &&
        ::X509_set_pubkey(x509, key.get()) == 1 &&
        add_name(::X509_get_subject_name(x509), "CN", common) &&
        ::X509_set_issuer_name(x509, ::X509_get_subject_name(certificate_.get())) == 1 &&
        add_extension(x509, certificate_.get(), NID_basic_constraints, "critical,CA:FALSE") &&
        add_extension(
            x509, certificate_.get(), NID_key_usage,
            rsa ? "critical,digitalSignature,keyEncipherment" : "critical,digitalSignature") &&
        add_extension(x509, certificate_.get(), NID_ext_key_usage, "serverAuth,clientAuth") &&
        add_extension(x509, certificate_.get(), NID_subject_key_identifier, "hash") &&
        add_extension(x509, certificate_.get(), NID_authority_key_identifier, "keyid") &&
        add_extension(x509, certificate_.get(), NID_subject_alt_name, names) &&
        ::X509_sign(x509, key_.get(), ::EVP_sha256()) > 0;
    if (!good) return failed("Issuing a certificate");
    return write_certificate(x509);
}

Result<CertificateFacts> read_certificate(std::string_view pem) {
    TRY(const Certificate certificate, read_x509(pem));
    X509* const x509 = certificate.get();
    CertificateFacts out;
    out.subject = text_of(::X509_get_subject_name(x509));
    out.issuer = text_of(::X509_get_issuer_name(x509));
    out.issuer_organization = entry_of(::X509_get_issuer_name(x509), NID_organizationName);
    if (out.issuer_organization.empty())
        out.issuer_organization = entry_of(::X509_get_issuer_name(x509), NID_commonName);
    const ASN1_INTEGER* serial = ::X509_get0_serialNumber(x509);
    for (int i = 0; i < serial->length; ++i)
        out.serial +=
            (i == 0 ? "" : ":") + hex({reinterpret_cast<const char*>(serial->data) + i, 1});
    out.not_before = time_of(::X509_get0_notBefore(x509));
    out.not_after = time_of(::X509_get0_notAfter(x509));
    out.names = dns_names(x509);
    out.common_name = entry_of(::X509_get_subject_name(x509), NID_commonName);
    if (EVP_PKEY* const key = ::X509_get0_pubkey(x509)) out.key_algorithm = algorithm_of(key);
    out.signature_algorithm = signature_of(x509);
    out.self_signed = ::X509_self_signed(x509, 0) == 1;
    ::ERR_clear_error();
    return out;
}

std::optional<size_t> count_certificates(std::string_view pem) {
    const auto all = read_all(pem);
    return all ? std::optional(all->size()) : std::nullopt;
}

Status check_chain(std::string_view certificate, std::string_view chain) {
    TRY(Certificate first, read_x509(certificate));
    auto rest = read_all(chain);
    if (!rest)
        return fail("InvalidCertificate",
                    "The certificate chain holds something that is no certificate.", 400);
    const X509* below = first.get();
    for (const Certificate& above : *rest) {
        const bool issued =
            ::X509_check_issued(above.get(), const_cast<X509*>(below)) == X509_V_OK &&
            ::X509_verify(const_cast<X509*>(below), ::X509_get0_pubkey(above.get())) == 1;
        ::ERR_clear_error();
        if (!issued)
            return fail("InvalidCertificate",
                        "Could not validate the certificate with the certificate chain.", 400);
        below = above.get();
    }
    return ok();
}

}  // namespace unkai::net
