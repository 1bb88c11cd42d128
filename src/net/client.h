// The HTTP client, 1.1 and 2: pooled connections, streaming both ways, time-outs.
//
//     Client client(loop);
//     CO_TRY(Response response, co_await client.send({.address = address}, {.target = "/health"}));
//     CO_TRY(const std::string body, co_await response.read_all(64 * 1024));
//
// Pool is the connections to one destination; Client keeps a Pool for each destination it meets. A
// proxy holds Pools itself. Both belong to one loop. A Response holds its connection; when its body
// was read to the end the connection goes back to the pool, otherwise it closes with the Response.
//
// A request is sent again, once, only when a reused idle connection ended before the first byte of
// the response and the request can be replayed: an idempotent method, and a body that is in memory;
// over HTTP/2 also when the peer says that it did nothing (StreamRefused).
// Errors after which nothing was sent (never_sent): ConnectionRefused, ConnectTimeout,
// ConnectionFailed, TlsFailed, TooManyConnections. Others: NoResponse (the peer closed before the
// response's first byte), ConnectionTimeout, ConnectionClosed, BadMessage, BodyTooLarge, and those
// of the request's own stream.
#pragma once

#include <list>
#include <unordered_map>

#include "net/http.h"
#include "net/stream.h"
#include "rt/event.h"

namespace unkai::net {

struct Destination {
    Address address;
    std::string network;             // A namespace's path; empty: ours.
    std::shared_ptr<ClientTls> tls;  // Null: plain.
    std::string server_name;         // SNI and the name to verify.
    Address local = {};              // The address to connect from, if not any.
    // HTTP/2: with TLS if the peer takes it by ALPN (`tls` made with http2), else by prior
    // knowledge.
    bool http2 = false;

    friend bool operator==(const Destination&, const Destination&) = default;
};

struct ClientLimits {
    Duration connect = std::chrono::seconds(10);
    Duration handshake = std::chrono::seconds(10);
    Duration response =
        std::chrono::seconds(60);               // From the request's last byte to the head's last.
    Duration stall = std::chrono::seconds(60);  // Between pieces, either way.
    Duration keep_idle = std::chrono::seconds(55);
    size_t most_idle = 64;           // A pool's; the oldest goes.
    size_t most_connections = 4096;  // A pool's; ConnectionFailed beyond.
    wire::Http1Limits head = {.headers = 128 * 1024, .count = 200};
};

struct Request {
    std::string_view method = "GET";
    std::string_view target = "/";
    std::string_view authority =
        {};  // Becomes Host, unless `headers` hold one; default: the address.
    const Headers* headers =
        nullptr;  // Content-Length, Transfer-Encoding and Connection are the client's.
    std::string_view body = {};
    BodySource* stream = nullptr;         // Instead of `body`.
    std::optional<uint64_t> length = {};  // Of `stream`, if known; else chunked.
    bool upgrade = false;     // Pass Connection: Upgrade (and the Upgrade header of `headers`).
    bool may_replay = true;   // False: not even when idempotent.
    Steady deadline = never;  // For everything up to the response's head.
};

class Answer;
class ClientConnection;
class Http2Client;
class Pool;

class Response {
public:
    Response();
    Response(Response&&) noexcept;
    Response& operator=(Response&&) noexcept;
    ~Response();

    int status() const;
    const Headers& headers() const;  // Views that live as long as the Response.
    const ResponseHead& head() const;
    // The next piece, empty at the end; a view until the next read.
    Task<Result<std::string_view>> read();
    Task<Result<std::string>> read_all(uint64_t most);
    // After the last piece, if it was chunked.
    const Headers& trailers() const;
    // No byte of the body is to come (or the last one was read).
    bool ended() const;
    // After a 101: the bytes from here on, both ways.
    Stream& upgraded();
    bool reused_connection() const;
    Address local() const;

private:
    friend class Pool;
    explicit Response(std::unique_ptr<Answer> answer);
    void give_back();
    std::unique_ptr<Answer> answer_;
};

class Pool {
public:
    Pool(Loop& loop, Destination destination, ClientLimits limits = {});
    ~Pool();  // No Response of it may be alive.
    Pool(const Pool&) = delete;

    // `request` and what it points to live until the Response is had. A streamed body is sent
    // before the response is read, unless the peer answers earlier: then its connection is used up;
    // over HTTP/2 the rest is sent while the response is read, and the stream lives as long as it.
    Task<Result<Response>> send(const Request& request);
    void close_idle();
    const Destination& destination() const { return destination_; }
    ClientLimits& limits() { return limits_; }
    size_t idle() const { return idle_.size(); }
    size_t connections() const;

private:
    friend class Response;
    friend class ClientConnection;
    std::unique_ptr<ClientConnection> take_idle();
    std::shared_ptr<Http2Client> take_shared();
    Task<Result<Response>> send_shared(const Request& request);
    std::shared_ptr<Http2Client> share(ClientConnection& connection);
    Task<Result<std::unique_ptr<ClientConnection>>> connect(Steady deadline);
    void put(std::unique_ptr<ClientConnection> connection);
    void expire();

    Loop& loop_;
    Destination destination_;
    ClientLimits limits_;
    std::list<std::unique_ptr<ClientConnection>> idle_;  // The freshest last.
    std::list<std::shared_ptr<Http2Client>> shared_;     // Over HTTP/2.
    bool connecting_ = false;                            // A shared one.
    Event connected_;
    size_t connections_ = 0;
    Timer expiry_;
};

// True for errors after which not a byte of the request can have been acted upon.
bool never_sent(const Error& error);

// What fetch() answers: everything, in memory.
struct Fetched {
    int status = 0;
    Headers headers;
    std::string body;
};

class Client {
public:
    explicit Client(Loop& loop, ClientLimits limits = {}) : loop_(loop), limits_(limits) {}
    Pool& pool(const Destination& destination);
    Task<Result<Response>> send(const Destination& destination, const Request& request);
    // The whole answer; BodyTooLarge beyond `most` bytes.
    Task<Result<Fetched>> fetch(const Destination& destination, const Request& request,
                                uint64_t most);
    void close_idle();

private:
    static constexpr size_t most_pools = 1024;  // Pools without connections are dropped beyond.
    Loop& loop_;
    ClientLimits limits_;
    std::unordered_map<std::string, std::unique_ptr<Pool>> pools_;
};

}  // namespace unkai::net
