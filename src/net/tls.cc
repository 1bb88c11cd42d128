#include "net/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstring>

#include "base/strings.h"

namespace unkai::net {

namespace {

struct BioFree {
    void operator()(BIO* bio) const { ::BIO_free(bio); }
};

std::unique_ptr<BIO, BioFree> reader(std::string_view pem) {
    return std::unique_ptr<BIO, BioFree>(
        ::BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

std::string text_of(const ASN1_STRING* value) {
    return {reinterpret_cast<const char*>(::ASN1_STRING_get0_data(value)),
            static_cast<size_t>(::ASN1_STRING_length(value))};
}

std::vector<std::string> names_of(X509* certificate) {
    std::vector<std::string> names;
    auto* const alternatives = static_cast<GENERAL_NAMES*>(
        ::X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
    for (int i = 0; i < sk_GENERAL_NAME_num(alternatives); ++i) {
        const GENERAL_NAME* const name = sk_GENERAL_NAME_value(alternatives, i);
        if (name->type == GEN_DNS) names.push_back(to_lower(text_of(name->d.dNSName)));
    }
    ::GENERAL_NAMES_free(alternatives);
    if (!names.empty()) return names;
    X509_NAME* const subject = ::X509_get_subject_name(certificate);
    const int at = ::X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at >= 0)
        names.push_back(
            to_lower(text_of(::X509_NAME_ENTRY_get_data(::X509_NAME_get_entry(subject, at)))));
    return names;
}

bool name_matches(std::string_view pattern, std::string_view host) {
    if (!pattern.starts_with("*.")) return pattern == host;
    const size_t dot = host.find('.');
    return dot != std::string_view::npos && dot > 0 && host.substr(dot) == pattern.substr(1);
}

constexpr long modes =
    SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS;
constexpr std::string_view both_protocols = "\x02h2\x08http/1.1";
constexpr std::string_view only_http1 = "\x08http/1.1";

void set_common(SSL_CTX* context) {
    ::SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    ::SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    ::SSL_CTX_set_mode(context, modes);
    ::SSL_CTX_set_read_ahead(context, 1);
}

}  // namespace

// ---- Identity

Result<std::shared_ptr<const Identity>> Identity::from_pem(std::string_view certificate,
                                                           std::string_view chain,
                                                           std::string_view key) {
    std::shared_ptr<Identity> identity(new Identity);
    identity->certificate_ =
        ::PEM_read_bio_X509(reader(certificate).get(), nullptr, nullptr, nullptr);
    if (identity->certificate_ == nullptr) {
        ::ERR_clear_error();
        return fail("InvalidCertificate", "The certificate is not a PEM-encoded X.509 certificate.",
                    400);
    }
    const auto more = reader(chain);
    while (X509* next = ::PEM_read_bio_X509(more.get(), nullptr, nullptr, nullptr))
        identity->chain_.push_back(next);
    ::ERR_clear_error();  // The end of the PEM text is an error to OpenSSL.
    // An empty passphrase: an encrypted key is refused instead of asked for on the terminal.
    char no_passphrase[] = "";
    identity->key_ = ::PEM_read_bio_PrivateKey(reader(key).get(), nullptr, nullptr, no_passphrase);
    if (identity->key_ == nullptr) {
        ::ERR_clear_error();
        return fail("InvalidPrivateKey", "The private key is not an unencrypted PEM-encoded key.",
                    400);
    }
    if (::X509_check_private_key(identity->certificate_, identity->key_) != 1) {
        ::ERR_clear_error();
        return fail("KeyDoesNotMatch", "The private key does not belong to the certificate.", 400);
    }
    identity->names_ = names_of(identity->certificate_);
    return std::shared_ptr<const Identity>(std::move(identity));
}

Identity::~Identity() {
    ::X509_free(certificate_);
    for (X509* const one : chain_) ::X509_free(one);
    ::EVP_PKEY_free(key_);
}

bool Identity::matches(std::string_view host) const {
    const std::string lower = to_lower(host);
    for (const std::string& name : names_)
        if (name_matches(name, lower)) return true;
    return false;
}

CertificateList::CertificateList(std::vector<std::shared_ptr<const Identity>> identities)
    : identities_(std::move(identities)) {}

void CertificateList::set(std::vector<std::shared_ptr<const Identity>> identities) {
    const std::lock_guard lock(mutex_);
    identities_.swap(identities);
}

std::shared_ptr<const Identity> CertificateList::find(std::string_view name) {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<const Identity> by_wildcard;
    for (const auto& identity : identities_) {
        for (const std::string& own : identity->names()) {
            if (own == name) return identity;
            if (!by_wildcard && name_matches(own, name)) by_wildcard = identity;
        }
    }
    if (by_wildcard) return by_wildcard;
    return identities_.empty() ? nullptr : identities_.front();
}

// ---- Server

Result<std::shared_ptr<ServerTls>> ServerTls::make(std::shared_ptr<CertificateSource> certificates,
                                                   ServerTlsOptions options) {
    std::shared_ptr<ServerTls> tls(new ServerTls);
    tls->certificates_ = std::move(certificates);
    tls->options_ = options;
    tls->context_ = ::SSL_CTX_new(::TLS_server_method());
    if (tls->context_ == nullptr) return fail("TlsFailed", "OpenSSL cannot make a TLS context.");
    set_common(tls->context_);
    ::SSL_CTX_set_options(tls->context_, SSL_OP_CIPHER_SERVER_PREFERENCE);
    ::SSL_CTX_set_num_tickets(tls->context_, 1);
    ::SSL_CTX_set_session_cache_mode(tls->context_, SSL_SESS_CACHE_OFF);
    constexpr unsigned char name[] = "unkai";
    ::SSL_CTX_set_session_id_context(tls->context_, name, sizeof name - 1);
    ::SSL_CTX_set_cert_cb(tls->context_, &ServerTls::choose_certificate, tls.get());
    ::SSL_CTX_set_alpn_select_cb(tls->context_, &ServerTls::choose_protocol, tls.get());
    return tls;
}

ServerTls::~ServerTls() { ::SSL_CTX_free(context_); }

ssl_st* ServerTls::make_session() { return ::SSL_new(context_); }

int ServerTls::choose_certificate(ssl_st* session, void* self) {
    auto& tls = *static_cast<ServerTls*>(self);
    const char* const name = ::SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
    const auto identity = tls.certificates_->find(name == nullptr ? "" : to_lower(name));
    if (!identity) return 0;
    STACK_OF(X509)* const chain = sk_X509_new_null();
    for (X509* const one : identity->chain_) sk_X509_push(chain, one);
    const int result =
        ::SSL_use_cert_and_key(session, identity->certificate_, identity->key_, chain, 1);
    sk_X509_free(chain);
    return result;
}

int ServerTls::choose_protocol(ssl_st*, const unsigned char** out, unsigned char* out_size,
                               const unsigned char* in, unsigned int in_size, void* self) {
    const auto& tls = *static_cast<const ServerTls*>(self);
    const std::string_view ours = tls.options_.http2 ? both_protocols : only_http1;
    unsigned char* chosen = nullptr;
    const int result = ::SSL_select_next_proto(&chosen, out_size,
                                               reinterpret_cast<const unsigned char*>(ours.data()),
                                               static_cast<unsigned int>(ours.size()), in, in_size);
    *out = chosen;
    return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

// ---- Client

Result<std::shared_ptr<ClientTls>> ClientTls::make(ClientTlsOptions options) {
    std::shared_ptr<ClientTls> tls(new ClientTls);
    tls->verify_ = options.verify;
    tls->http2_ = options.http2;
    tls->context_ = ::SSL_CTX_new(::TLS_client_method());
    if (tls->context_ == nullptr) return fail("TlsFailed", "OpenSSL cannot make a TLS context.");
    set_common(tls->context_);
    ::SSL_CTX_set_verify(tls->context_, options.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE,
                         nullptr);
    if (!options.verify) return tls;
    if (options.trusted_pem.empty()) {
        ::SSL_CTX_set_default_verify_paths(tls->context_);
        return tls;
    }
    X509_STORE* const store = ::SSL_CTX_get_cert_store(tls->context_);
    const auto pem = reader(options.trusted_pem);
    size_t found = 0;
    while (X509* root = ::PEM_read_bio_X509(pem.get(), nullptr, nullptr, nullptr)) {
        ::X509_STORE_add_cert(store, root);
        ::X509_free(root);
        ++found;
    }
    ::ERR_clear_error();
    if (found == 0)
        return fail("InvalidCertificate", "The trusted roots hold no PEM-encoded certificate.",
                    400);
    return tls;
}

ClientTls::~ClientTls() { ::SSL_CTX_free(context_); }

ssl_st* ClientTls::make_session(const std::string& server_name) {
    SSL* const session = ::SSL_new(context_);
    const std::string_view protocols = http2_ ? both_protocols : only_http1;
    ::SSL_set_alpn_protos(session, reinterpret_cast<const unsigned char*>(protocols.data()),
                          static_cast<unsigned int>(protocols.size()));
    X509_VERIFY_PARAM* const parameters = ::SSL_get0_param(session);
    if (::X509_VERIFY_PARAM_set1_ip_asc(parameters, server_name.c_str()) == 1) return session;
    ::ERR_clear_error();
    if (!server_name.empty()) {
        ::SSL_set_tlsext_host_name(session, server_name.c_str());
        if (verify_) ::SSL_set1_host(session, server_name.c_str());
    }
    return session;
}

}  // namespace unkai::net
