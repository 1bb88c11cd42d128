#include "net/server.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "base/log.h"
#include "net/server_connection.h"

namespace unkai::net {

std::optional<uint64_t> Exchange::body_length() const {
    switch (request_.framing.kind) {
        case wire::Framing::Kind::none:
            return 0;
        case wire::Framing::Kind::length:
            return request_.framing.length;
        default:
            return std::nullopt;
    }
}

Task<Result<std::string>> Exchange::read_all(uint64_t most) {
    most_body_ = most;
    if (const auto at_hand = body_at_hand(most)) co_return std::string(*at_hand);
    std::string body;
    if (const auto length = body_length(); length && *length <= most)
        body.reserve(static_cast<size_t>(*length));
    while (true) {
        CO_TRY(const std::string_view piece, co_await read());
        if (piece.empty()) co_return body;
        body.append(piece);
    }
}

std::string Handler::refuse(const wire::Fault& fault, const Peer&, Headers& headers) {
    headers.add_view("content-type", "text/plain; charset=utf-8");
    return std::string(fault.text) + "\n";
}

Server::Server(Loop& loop, Handler& handler, ServerOptions options)
    : loop_(loop), handler_(handler), options_(std::move(options)) {}

Server::~Server() {
    CHECK(connections_.empty() && scope_.running() == 0, "a Server was destroyed before drain()");
}

Result<Address> Server::listen(const std::string& network, const Address& address,
                               ListenOptions options) {
    TRY(Fd fd, open_listener(network, address, options));
    return listen(std::move(fd));
}

Result<Address> Server::listen(Fd listening) {
    const Address address = Address::local_of(listening.get());
    listening_.emplace_back(loop_, std::move(listening));
    scope_.spawn(accept(std::prev(listening_.end())));
    return address;
}

Task<void> Server::accept(std::list<Io>::iterator listening) {
    constexpr auto pause = std::chrono::milliseconds(100);
    while (!stop_.requested()) {
        if (connections_.size() >= options_.limits.most_connections) {
            co_await room_.wait(loop_, never, &stop_);
            continue;
        }
        sockaddr_storage raw;
        socklen_t size = sizeof raw;
        Fd fd(::accept4(listening->fd(), reinterpret_cast<sockaddr*>(&raw), &size,
                        SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (fd) {
            const Address peer = Address::from_raw(reinterpret_cast<sockaddr*>(&raw), size);
            ++counters_.connections;
            scope_.spawn(ServerConnection::serve(*this, Io(loop_, std::move(fd)), peer));
        } else if (errno == EAGAIN) {
            co_await listening->readable(never, &stop_);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            log::warn("cannot accept a connection", {{"reason", std::strerror(errno)}});
            co_await loop_.sleep(pause, &stop_);
        }
        // Everything else (ECONNABORTED, …) is the trouble of one connection that is gone.
    }
    listening->close();
}

Task<void> Server::drain(Duration grace) {
    stop_.request();
    const Steady deadline = loop_.steady() + grace;
    while (!connections_.empty() && loop_.steady() < deadline) co_await room_.wait(loop_, deadline);
    cut_.request();
    // A cut resumes whoever waits for the connection, and may end it: the list changes meanwhile.
    for (size_t left = connections_.size(); left > 0 && !connections_.empty(); --left) {
        ServerConnection* const first = connections_.front();
        connections_.splice(connections_.end(), connections_, connections_.begin());
        first->cut();
    }
    co_await scope_.join();
    listening_.clear();
}

// ---- One connection

ServerConnection::ServerConnection(Server& server, Io io, const Address& address)
    : server(server),
      stream(std::move(io)),
      expires(server.loop_.steady() + server.options_.limits.keep_alive) {
    peer.address = address;
    peer.ip = address.ip();
    peer.local = Address::local_of(stream.fd());
    place_ = server.connections_.insert(server.connections_.end(), this);
    ++server.counters_.open;
}

ServerConnection::~ServerConnection() {
    server.connections_.erase(place_);
    --server.counters_.open;
    server.room_.notify_all();
}

Task<void> ServerConnection::serve(Server& server, Io io, Address peer) {
    ServerConnection connection(server, std::move(io), peer);
    if (server.options_.tls) {
        if (auto status = co_await connection.detect_tls(); !status) {
            ++server.counters_.tls_failures;
            co_return;
        }
    }
    if (connection.stream.alpn() == "h2")
        co_await serve_http2(connection, {});
    else
        co_await serve_http1(connection);
}

Task<Wake> ServerConnection::wait_for_request(Steady deadline) {
    constexpr auto parting = std::chrono::seconds(1);
    const Wake why = co_await stream.wait_readable(deadline, &draining());
    if (why != Wake::stopped || !stream.open()) co_return why;
    co_return co_await stream.wait_readable(std::min(deadline, in(parting)));
}

// One byte, left in the socket, tells: a TLS record of a ClientHello starts with 22, which no
// method does.
Task<Status> ServerConnection::detect_tls() {
    constexpr char handshake_record = 22;
    const Steady deadline = in(limits().handshake);
    while (server.options_.plain) {
        char first = 0;
        const ssize_t size = ::recv(stream.fd(), &first, 1, MSG_PEEK);
        if (size == 0) co_return fail("ConnectionClosed", "The client sent nothing.");
        if (size == 1) {
            stream.io().note_read(true);  // Only a peek: the bytes are still there for the reader.
            if (first != handshake_record) co_return ok();
            break;
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN) co_return fail("ConnectionClosed", "The client is gone.");
        if (co_await wait_for_request(deadline) != Wake::ready)
            co_return fail("ConnectionTimeout", "The client sent nothing.");
    }
    CO_REQUIRE(co_await stream.accept_tls(*server.options_.tls, deadline));
    peer.tls = true;
    peer.server_name = stream.server_name();
    peer.tls_version = stream.tls_version();
    peer.cipher = stream.cipher();
    co_return ok();
}

}  // namespace unkai::net
