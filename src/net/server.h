// The HTTP server: HTTP/1.1 and HTTP/2, plain and TLS on the same port, on one loop.
//
//     class Hello final : public net::Handler {
//         Task<void> handle(net::Exchange& exchange) override {
//             exchange.headers().add_view("content-type", "text/plain");
//             co_await exchange.respond(200, "hello\n");
//         }
//     };
//     net::Server server(loop, handler, {.tls = tls});
//     REQUIRE(server.listen("", address));            // a namespace's path, or empty for our own
//     …
//     co_await server.drain(10s);                     // before it is destroyed
//
// For several loops: one Server each, listening with reuse_port. Everything is bounded by Limits,
// all on by default. One request at a time of an HTTP/1 connection is in a handler; the streams of
// an HTTP/2 connection run side by side. The handler needs to be awaited to its end: it must react
// to errors of reads and writes (the peer is gone) by returning. Cost of a small GET on a kept
// connection: one read, one write, no allocation but the coroutines'.
#pragma once

#include <list>

#include "net/http.h"
#include "net/stream.h"
#include "rt/event.h"
#include "wire/http2.h"

namespace unkai::net {

struct Limits {
    Duration handshake = std::chrono::seconds(10);  // TLS.
    Duration header = std::chrono::seconds(10);     // From a head's first byte to its last.
    Duration idle = std::chrono::seconds(60);       // Between requests.
    Duration stall = std::chrono::seconds(60);      // A body or response of which nothing moves.
    Duration keep_alive =
        std::chrono::hours(1);              // A connection's life; it ends after the request then.
    uint64_t slowest_body = 240;            // Bytes a second, on average, after 20 s.
    uint64_t most_body = 16 * 1024 * 1024;  // Unless the handler allows more.
    size_t most_connections = 10000;        // Further ones wait in the kernel's backlog.
    wire::Http1Limits head;
    wire::Http2Limits http2;
};

// The two ends of the connection that a request came by.
struct Peer {
    Address address;  // The client's.
    std::string ip;   // Its IP address as text.
    Address local;    // Ours.
    bool tls = false;
    std::string_view server_name;  // SNI.
    std::string_view tls_version;  // "TLSv1.3"
    std::string_view cipher;
};

// One request and its response. Lives until the handler returns. All views of the request live as
// long.
class Exchange {
public:
    virtual ~Exchange() = default;

    const RequestHead& request() const { return request_; }
    const Peer& peer() const { return *peer_; }
    std::string_view scheme() const { return peer_->tls ? "https" : "http"; }

    // ---- The request's body
    bool has_body() const { return request_.framing.kind != wire::Framing::Kind::none; }
    std::optional<uint64_t> body_length() const;  // nullopt: not announced.
    // Before the first read: more (or less) than Limits::most_body.
    void allow_body(uint64_t most) { most_body_ = most; }
    // The next piece, empty at the end. Answers `Expect: 100-continue` by itself. A view until the
    // next read. Errors: net/http.h; respond() still works after BodyTooLarge, BadMessage and
    // time-outs.
    virtual Task<Result<std::string_view>> read() = 0;
    // The whole body, when nothing of it was read and all of it came with the head, and has at most
    // that many bytes: then it is read now, and nobody waits. A view until the handler returns.
    virtual std::optional<std::string_view> body_at_hand(uint64_t) { return std::nullopt; }
    // The whole body, if it has at most that many bytes.
    Task<Result<std::string>> read_all(uint64_t most);
    virtual const Headers& trailers() const = 0;  // Complete after the last piece.

    // ---- The response: respond() alone, or start(), write()…, finish().
    // Fields of the response; Date, Content-Length, Transfer-Encoding and Connection are the
    // server's.
    Headers& headers() { return headers_; }
    // Head and body in one write. To a HEAD request the body's length is told, not the body.
    virtual Task<Status> respond(int status, std::string_view body) = 0;
    // Sends the head. Without a length: chunked (closing for HTTP/1.0). The head waits for the
    // first piece, so that both leave in one write; flush() sends what waits.
    virtual Task<Status> start(int status, std::optional<uint64_t> length) = 0;
    virtual Task<Status> write(std::string_view piece) = 0;
    virtual Task<Status> flush() = 0;
    virtual Task<Status> write_file(int file, uint64_t offset, uint64_t bytes) = 0;
    virtual Task<Status> finish(const Headers* trailers = nullptr) = 0;
    // An informational response (103 Early Hints), any number before the final one.
    virtual Task<Status> inform(int status, const Headers& fields) = 0;
    bool started() const { return started_; }
    int status() const { return status_; }                 // Of the response; 0 before it started.
    uint64_t bytes_received() const { return received_; }  // Body bytes.
    uint64_t bytes_sent() const { return sent_; }          // Body bytes.
    // The connection ends after this response.
    void close_after() { close_after_ = true; }

    // ---- Upgrade (HTTP/1.1 only): sends 101 with headers(), and hands over the connection's
    // bytes, both ways, until the handler returns. Error UpgradeNotPossible otherwise.
    virtual Task<Result<Stream*>> upgrade() = 0;

    Limits& limits() { return limits_; }

protected:
    Exchange(Limits limits, const Peer& peer) : limits_(limits), peer_(&peer) {}

    RequestHead request_;
    Headers headers_;
    Limits limits_;
    const Peer* peer_;
    uint64_t most_body_ = 0, received_ = 0, sent_ = 0;
    int status_ = 0;
    bool started_ = false, finished_ = false, close_after_ = false;
};

class Handler {
public:
    virtual ~Handler() = default;
    // Answers one request. Returning without an answer is a 500; in the middle of one, an abort.
    virtual Task<void> handle(Exchange& exchange) = 0;
    // The page for what never becomes a request: a bad head (400, 414, 431, 501, 505), a time-out
    // (408). May add to `headers`. Called once for each, so that it can also count them.
    virtual std::string refuse(const wire::Fault& fault, const Peer& peer, Headers& headers);
};

struct ServerOptions {
    std::shared_ptr<ServerTls> tls;  // Null: plain only.
    bool plain = true;               // With tls: whether plain HTTP is served on the same port.
    bool http2 = true;               // By ALPN, and by prior knowledge (its preface) on plain ones.
    Limits limits;
};

struct ServerCounters {
    uint64_t connections = 0, requests = 0, refused = 0, tls_failures = 0;
    uint64_t bytes_received = 0, bytes_sent = 0;  // Bodies.
    size_t open = 0;                              // Connections now.
};

class Server {
public:
    Server(Loop& loop, Handler& handler, ServerOptions options = {});
    ~Server();  // After drain() only.
    Server(const Server&) = delete;

    // May be called several times. The address really bound (port 0 chooses) comes back.
    Result<Address> listen(const std::string& network, const Address& address,
                           ListenOptions options = {});
    Result<Address> listen(Fd listening);
    // Accepts no more; idle connections close; requests in progress get `grace`, then are cut.
    Task<void> drain(Duration grace);

    Loop& loop() { return loop_; }
    Handler& handler() { return handler_; }
    const ServerOptions& options() const { return options_; }
    const ServerCounters& counters() const { return counters_; }

private:
    friend class ServerConnection;
    Task<void> accept(std::list<Io>::iterator listening);

    Loop& loop_;
    Handler& handler_;
    ServerOptions options_;
    ServerCounters counters_;
    std::list<Io> listening_;
    std::list<class ServerConnection*> connections_;
    Event room_;  // A connection closed.
    Stop stop_;   // drain() was called.
    Stop cut_;    // The grace is over.
    Scope scope_;
};

}  // namespace unkai::net
