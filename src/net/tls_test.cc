#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "net/net_test.h"

namespace {
// What happens the moment after a read of another descriptor than this found nothing: bytes that
// arrive just then. Once.
std::function<void()> after_an_empty_read;
int reads_in_peace = -1;
}  // namespace

// OpenSSL reads its sockets by this.
extern "C" ssize_t read(int fd, void* into, size_t most) {
    const ssize_t size = ::syscall(SYS_read, fd, into, most);
    if (size >= 0 || errno != EAGAIN || fd == reads_in_peace || !after_an_empty_read) return size;
    std::exchange(after_an_empty_read, nullptr)();
    errno = EAGAIN;
    return size;
}

namespace unkai::net {

namespace {

struct Pem {
    std::string certificate, key;
};

std::string drain(BIO* bio) {
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio, &text);
    std::string pem(text, static_cast<size_t>(size));
    ::BIO_free(bio);
    return pem;
}

// A self-signed certificate for these names ("DNS:a,DNS:*.b"), good for an hour.
Pem make_certificate(const std::string& names) {
    EVP_PKEY* const key = EVP_EC_gen("P-256");
    X509* const certificate = ::X509_new();
    ::X509_set_version(certificate, 2);
    ::ASN1_INTEGER_set(::X509_get_serialNumber(certificate), 7);
    ::X509_gmtime_adj(::X509_getm_notBefore(certificate), -60);
    ::X509_gmtime_adj(::X509_getm_notAfter(certificate), 3600);
    ::X509_set_pubkey(certificate, key);
    X509_NAME* const subject = ::X509_get_subject_name(certificate);
    ::X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_ASC,
                                 reinterpret_cast<const unsigned char*>("Unkai"), -1, -1, 0);
    ::X509_set_issuer_name(certificate, subject);
    X509_EXTENSION* const alternatives =
        ::X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
    ::X509_add_ext(certificate, alternatives, -1);
    ::X509_EXTENSION_free(alternatives);
    ::X509_sign(certificate, key, ::EVP_sha256());
    BIO* const certificate_pem = ::BIO_new(::BIO_s_mem());
    ::PEM_write_bio_X509(certificate_pem, certificate);
    BIO* const key_pem = ::BIO_new(::BIO_s_mem());
    ::PEM_write_bio_PrivateKey(key_pem, key, nullptr, nullptr, 0, nullptr, nullptr);
    ::X509_free(certificate);
    ::EVP_PKEY_free(key);
    return {drain(certificate_pem), drain(key_pem)};
}

const Pem& pem_a() {
    static const Pem pem = make_certificate("DNS:a.test,DNS:*.a.test");
    return pem;
}

const Pem& pem_b() {
    static const Pem pem = make_certificate("DNS:b.test");
    return pem;
}

std::shared_ptr<const Identity> identity(const Pem& pem) {
    return *Identity::from_pem(pem.certificate, "", pem.key);
}

const std::shared_ptr<CertificateList>& certificates() {
    static const auto list = std::make_shared<CertificateList>();
    return list;
}

ServerOptions with_tls(bool plain) {
    certificates()->set({identity(pem_a()), identity(pem_b())});
    ServerOptions options;
    options.tls = *ServerTls::make(certificates());
    options.plain = plain;
    return options;
}

Task<void> tell(Exchange& exchange) {
    const auto body = co_await exchange.read_all(10'000'000);
    std::string text = std::string(exchange.scheme()) + " " +
                       std::string(exchange.peer().server_name) + " " +
                       std::to_string(body ? body->size() : 0);
    if (exchange.request().path == "/large") text.assign(3'000'000, 'l');
    (void)co_await exchange.respond(200, text);
}

Task<std::string> ask(Running running, const std::string& trusted, std::string name,
                      std::string_view body = "", std::string_view path = "/") {
    Client client(running.loop);
    Destination to{.address = running.address, .server_name = name};
    if (!trusted.empty()) to.tls = *ClientTls::make({.trusted_pem = trusted});
    const Request request{.method = "POST", .target = path, .body = body};
    std::string answer;
    for (int i = 0; i < 2; ++i) {  // The second time on the same connection.
        const auto fetched = co_await client.fetch(to, request, 10'000'000);
        if (!fetched) co_return fetched.error().code + ": " + fetched.error().message;
        answer = fetched->body;
    }
    EXPECT_EQ(client.pool(to).connections(), 1u);
    co_return answer;
}

// A client by OpenSSL itself, so that a test says when it moves.
struct RawTlsClient {
    explicit RawTlsClient(Io connected) : io(std::move(connected)) {
        ::SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
        session = ::SSL_new(context);
        ::SSL_set_fd(session, io.fd());
        ::SSL_set_connect_state(session);
    }
    ~RawTlsClient() {
        ::SSL_free(session);
        ::SSL_CTX_free(context);
    }
    RawTlsClient(const RawTlsClient&) = delete;

    Io io;
    SSL_CTX* context = ::SSL_CTX_new(::TLS_client_method());
    SSL* session = nullptr;
};

Task<void> tell_version(Exchange& exchange) {
    (void)co_await exchange.respond(200, std::to_string(exchange.request().version));
}

Task<void> expect_version(Running running, std::string expected) {
    const ClientTlsOptions options{.trusted_pem = pem_a().certificate, .http2 = true};
    Pool pool(running.loop, {.address = running.address,
                             .tls = *ClientTls::make(options),
                             .server_name = "a.test",
                             .http2 = true});
    for (int i = 0; i < 3; ++i) {
        auto response = co_await pool.send({.target = "/"});
        EXPECT_EQ((co_await response->read_all(100)).value_or(""), expected);
    }
    EXPECT_EQ(running.server.counters().connections, 1u);
}

}  // namespace

TEST(Tls, AnswersARequestThatCameInOneReadWithTheEndOfTheHandshake) {
    ServerOptions options = with_tls(true);
    options.limits.idle = std::chrono::seconds(1);  // A request that is not seen ends soon.
    with_server(tell, std::move(options), [](Running running) -> Task<void> {
        auto io = co_await open_connection(running.loop, "", running.address, never);
        if (!io) {
            ADD_FAILURE() << io.error().message;
            co_return;
        }
        RawTlsClient client(std::move(*io));
        EXPECT_EQ(::SSL_do_handshake(client.session), -1);  // Its hello is under way.
        // The server has said its part and has looked for more in vain: now comes the rest.
        bool finished = false;
        reads_in_peace = client.io.fd();
        after_an_empty_read = [&] {
            constexpr std::string_view request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
            const auto size = static_cast<int>(request.size());
            finished = ::SSL_do_handshake(client.session) == 1 &&
                       ::SSL_write(client.session, request.data(), size) == size;
        };
        char answer[4096];
        int size = -1;
        while ((size = ::SSL_read(client.session, answer, sizeof answer)) < 0 &&
               ::SSL_get_error(client.session, size) == SSL_ERROR_WANT_READ)
            co_await client.io.readable();
        EXPECT_TRUE(finished);
        const std::string_view head(answer, static_cast<size_t>(std::max(size, 0)));
        EXPECT_TRUE(head.starts_with("HTTP/1.1 200")) << head;
    });
}

TEST(Tls, ChoosesTheCertificateBySniAndServesPlainBeside) {
    with_server(tell, with_tls(true), [](Running running) -> Task<void> {
        EXPECT_EQ(co_await ask(running, pem_a().certificate, "a.test", "abc"), "https a.test 3");
        EXPECT_EQ(co_await ask(running, pem_a().certificate, "x.a.test"), "https x.a.test 0");
        EXPECT_EQ(co_await ask(running, pem_b().certificate, "b.test"), "https b.test 0");
        EXPECT_EQ(co_await ask(running, "", ""), "http  0");
        // Verified: the default certificate is not one for c.test, nor a wildcard two labels deep.
        const std::string wrong = co_await ask(running, pem_a().certificate, "c.test");
        EXPECT_TRUE(wrong.starts_with("TlsFailed: ")) << wrong;
        EXPECT_TRUE((co_await ask(running, pem_a().certificate, "x.y.a.test")).starts_with("Tls"));
        EXPECT_TRUE((co_await ask(running, pem_a().certificate, "b.test")).starts_with("Tls"));
        // Swapped while the server runs.
        certificates()->set({identity(pem_b())});
        EXPECT_EQ(co_await ask(running, pem_b().certificate, "b.test"), "https b.test 0");
        EXPECT_TRUE((co_await ask(running, pem_a().certificate, "a.test")).starts_with("Tls"));
    });
}

// ALPN decides: HTTP/2 where the server takes it, else HTTP/1.1 as always.
TEST(Tls, NegotiatesHttp2) {
    ServerOptions options = with_tls(true);
    with_server(tell_version, options,
                [](Running running) -> Task<void> { co_await expect_version(running, "20"); });
    options.tls = *ServerTls::make(certificates(), {.http2 = false});
    with_server(tell_version, options,
                [](Running running) -> Task<void> { co_await expect_version(running, "11"); });
}

TEST(Tls, MovesLargeBodiesBothWays) {
    with_server(tell, with_tls(true), [](Running running) -> Task<void> {
        const std::string body(5'000'000, 'u');
        EXPECT_EQ(co_await ask(running, pem_a().certificate, "a.test", body),
                  "https a.test 5000000");
        const std::string large =
            co_await ask(running, pem_a().certificate, "a.test", "", "/large");
        EXPECT_EQ(large.size(), 3'000'000u);
    });
}

TEST(Tls, RefusesPlainWhereOnlyTlsIsServed) {
    with_server(tell, with_tls(false), [](Running running) -> Task<void> {
        const std::string answer = co_await talk(running, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        EXPECT_EQ(answer.find("HTTP/1.1 200"), std::string::npos) << answer;
        EXPECT_EQ(running.server.counters().tls_failures, 1u);
    });
}

TEST(Identity, RefusesWhatDoesNotFit) {
    EXPECT_EQ(Identity::from_pem("x", "", pem_a().key).error().code, "InvalidCertificate");
    EXPECT_EQ(Identity::from_pem(pem_a().certificate, "", "x").error().code, "InvalidPrivateKey");
    EXPECT_EQ(Identity::from_pem(pem_a().certificate, "", pem_b().key).error().code,
              "KeyDoesNotMatch");
    EXPECT_TRUE(identity(pem_a())->matches("X.A.test"));
    EXPECT_FALSE(identity(pem_a())->matches(".a.test"));
    EXPECT_EQ(ClientTls::make({.trusted_pem = "x"}).error().code, "InvalidCertificate");
}

}  // namespace unkai::net
