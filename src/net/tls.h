// TLS: identities (certificate chain and key), contexts for servers and clients. OpenSSL 3, TLS 1.2
// and up.
//
// A server chooses its identity for each handshake by the name that the client asks for (SNI), from
// a CertificateSource that may change at any time; running connections keep what they have. ALPN
// offers h2 and http/1.1. Resumption is by tickets (one a connection), whose keys all loops share.
// Cost: a full handshake ≈ 0.65 ms of CPU (EC P-256 less), a resumed one a tenth: keep connections
// alive.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

struct ssl_ctx_st;
struct ssl_st;
struct x509_st;
struct evp_pkey_st;

namespace unkai::net {

// A certificate with its chain and private key, parsed. Immutable, shared by all threads.
class Identity {
public:
    // PEM texts; `chain` may be empty or hold intermediates in order. Errors: InvalidCertificate,
    // InvalidPrivateKey, KeyDoesNotMatch.
    static Result<std::shared_ptr<const Identity>> from_pem(std::string_view certificate,
                                                            std::string_view chain,
                                                            std::string_view key);
    ~Identity();
    // dNSName entries, lower case; the common name when there are none.
    const std::vector<std::string>& names() const { return names_; }
    // Exact, or by a wildcard that stands for one whole label. `host` without port, any case.
    bool matches(std::string_view host) const;

private:
    friend class ServerTls;
    Identity() = default;
    x509_st* certificate_ = nullptr;
    std::vector<x509_st*> chain_;
    evp_pkey_st* key_ = nullptr;
    std::vector<std::string> names_;
};

// Who answers "which identity for this server name?" Called on loop threads: must be thread safe
// and quick. `name` is lower case, empty without SNI. nullptr refuses the handshake
// (unrecognized_name).
class CertificateSource {
public:
    virtual ~CertificateSource() = default;
    virtual std::shared_ptr<const Identity> find(std::string_view name) = 0;
};

// A list, the first being the default (ALB: SNI picks the best match, else the default
// certificate). An exact name wins over a wildcard. set() swaps the whole list at once, from any
// thread.
class CertificateList final : public CertificateSource {
public:
    CertificateList() = default;
    explicit CertificateList(std::vector<std::shared_ptr<const Identity>> identities);
    void set(std::vector<std::shared_ptr<const Identity>> identities);
    std::shared_ptr<const Identity> find(std::string_view name) override;

private:
    std::mutex mutex_;
    std::vector<std::shared_ptr<const Identity>> identities_;
};

struct ServerTlsOptions {
    bool http2 = true;  // Offer h2 by ALPN.
};

class ServerTls {
public:
    static Result<std::shared_ptr<ServerTls>> make(std::shared_ptr<CertificateSource> certificates,
                                                   ServerTlsOptions options = {});
    ~ServerTls();
    ServerTls(const ServerTls&) = delete;
    ssl_st* make_session();  // For Stream.

private:
    ServerTls() = default;
    static int choose_certificate(ssl_st* session, void* self);
    static int choose_protocol(ssl_st* session, const unsigned char** out, unsigned char* out_size,
                               const unsigned char* in, unsigned int in_size, void* self);
    ssl_ctx_st* context_ = nullptr;
    std::shared_ptr<CertificateSource> certificates_;
    ServerTlsOptions options_;
};

struct ClientTlsOptions {
    bool verify = true;       // Off only where AWS does not verify: load balancer → target.
    std::string trusted_pem;  // Roots; empty: the machine's.
    bool http2 = false;       // Offer h2.
};

class ClientTls {
public:
    static Result<std::shared_ptr<ClientTls>> make(ClientTlsOptions options = {});
    ~ClientTls();
    ClientTls(const ClientTls&) = delete;
    ssl_st* make_session(const std::string& server_name);  // For Stream. The name is verified.

private:
    ClientTls() = default;
    ssl_ctx_st* context_ = nullptr;
    bool verify_ = true;
    bool http2_ = false;
};

}  // namespace unkai::net
