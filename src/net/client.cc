#include "net/client.h"

#include "net/client_connection.h"

namespace unkai::net {

bool never_sent(const Error& error) {
    for (const std::string_view code :
         {"ConnectionRefused", "ConnectionFailed", "ConnectTimeout", "TlsFailed", "NetworkNotFound",
          "AddressNotAvailable", "TooManyConnections", "TooManyOpenFiles"})
        if (error.is(code)) return true;
    return false;
}

// ---- Response

Response::Response(std::unique_ptr<ClientConnection> connection)
    : connection_(std::move(connection)) {}
Response::Response() = default;
Response::Response(Response&&) noexcept = default;

Response& Response::operator=(Response&& other) noexcept {
    if (this != &other) {
        give_back();
        connection_ = std::move(other.connection_);
    }
    return *this;
}

Response::~Response() { give_back(); }

int Response::status() const { return connection_->head.status; }
const Headers& Response::headers() const { return connection_->head.headers; }
const ResponseHead& Response::head() const { return connection_->head; }
const Headers& Response::trailers() const { return connection_->chunked.trailers(); }
bool Response::ended() const { return connection_->ended(); }
Stream& Response::upgraded() { return connection_->stream; }
bool Response::reused_connection() const { return connection_->reused; }
Address Response::local() const { return Address::local_of(connection_->stream.fd()); }

Task<Result<std::string_view>> Response::read() { return connection_->read(); }

Task<Result<std::string>> Response::read_all(uint64_t most) {
    std::string body;
    while (true) {
        CO_TRY(const std::string_view piece, co_await connection_->read());
        if (piece.empty()) co_return body;
        if (body.size() + piece.size() > most)
            co_return fail("BodyTooLarge", "The response is larger than expected.", 502);
        body.append(piece);
    }
}

void Response::give_back() {
    if (!connection_ || !connection_->reusable()) {
        connection_.reset();
        return;
    }
    Pool& pool = connection_->pool();
    pool.put(std::move(connection_));
}

// ---- Pool

Pool::Pool(Loop& loop, Destination destination, ClientLimits limits)
    : loop_(loop), destination_(std::move(destination)), limits_(limits), expiry_(loop) {}

Pool::~Pool() {
    idle_.clear();
    CHECK(connections_ == 0, "a Pool was destroyed while a Response of it lives");
}

std::unique_ptr<ClientConnection> Pool::take_idle() {
    while (!idle_.empty()) {
        std::unique_ptr<ClientConnection> freshest = std::move(idle_.back());
        idle_.pop_back();
        if (freshest->alive()) return freshest;
    }
    return nullptr;
}

void Pool::put(std::unique_ptr<ClientConnection> connection) {
    connection->rest();
    connection->idle_since = loop_.steady();
    idle_.push_back(std::move(connection));
    if (idle_.size() > limits_.most_idle) idle_.pop_front();
    if (!expiry_.is_set())
        expiry_.set(
            loop_.steady() + limits_.keep_idle,
            [](void* self) { static_cast<Pool*>(self)->expire(); }, this);
}

void Pool::expire() {
    const Steady oldest = loop_.steady() - limits_.keep_idle;
    while (!idle_.empty() && idle_.front()->idle_since <= oldest) idle_.pop_front();
    if (!idle_.empty())
        expiry_.set(
            idle_.front()->idle_since + limits_.keep_idle,
            [](void* self) { static_cast<Pool*>(self)->expire(); }, this);
}

void Pool::close_idle() {
    idle_.clear();
    expiry_.cancel();
}

Task<Result<std::unique_ptr<ClientConnection>>> Pool::connect(Steady deadline) {
    if (connections_ >= limits_.most_connections)
        co_return fail("TooManyConnections",
                       "There are " + std::to_string(connections_) + " connections to " +
                           destination_.address.text() + " already.",
                       503);
    auto io = co_await open_connection(loop_, destination_.network, destination_.address,
                                       std::min(deadline, loop_.steady() + limits_.connect),
                                       nullptr, destination_.local);
    if (!io) {
        // Told apart from a peer that took the request and does not answer.
        if (io.error().is("ConnectionTimeout")) io.error().code = "ConnectTimeout";
        co_return unexpected(std::move(io.error()));
    }
    auto connection = std::make_unique<ClientConnection>(*this, Stream(std::move(*io)));
    if (destination_.tls) {
        auto status = co_await connection->stream.connect_tls(
            *destination_.tls, destination_.server_name,
            std::min(deadline, loop_.steady() + limits_.handshake));
        if (!status) {
            status.error().code = "TlsFailed";
            co_return unexpected(std::move(status.error()));
        }
    }
    co_return connection;
}

Task<Result<Response>> Pool::send(const Request& request) {
    std::unique_ptr<ClientConnection> connection = take_idle();
    if (connection) {
        Status status = co_await connection->exchange(request);
        if (status) co_return Response(std::move(connection));
        const bool replay = status.error().is("NoResponse") && request.stream == nullptr &&
                            request.may_replay && is_idempotent(request.method);
        connection.reset();
        if (!replay) co_return unexpected(std::move(status.error()));
    }
    CO_TRY(connection, co_await connect(request.deadline));
    CO_REQUIRE(co_await connection->exchange(request));
    co_return Response(std::move(connection));
}

// ---- Client

Pool& Client::pool(const Destination& destination) {
    std::string key = destination.network + '|' + destination.address.text() + '|' +
                      destination.server_name + '|' + destination.local.text() + '|' +
                      std::to_string(reinterpret_cast<uintptr_t>(destination.tls.get()));
    if (const auto found = pools_.find(key); found != pools_.end()) return *found->second;
    if (pools_.size() >= most_pools)
        std::erase_if(pools_, [](const auto& entry) { return entry.second->connections() == 0; });
    auto pool = std::make_unique<Pool>(loop_, destination, limits_);
    return *pools_.emplace(std::move(key), std::move(pool)).first->second;
}

Task<Result<Response>> Client::send(const Destination& destination, const Request& request) {
    return pool(destination).send(request);
}

Task<Result<Fetched>> Client::fetch(const Destination& destination, const Request& request,
                                    uint64_t most) {
    CO_TRY(Response response, co_await send(destination, request));
    CO_TRY(std::string body, co_await response.read_all(most));
    co_return Fetched{response.status(), response.headers(), std::move(body)};
}

void Client::close_idle() {
    for (auto& [key, pool] : pools_) pool->close_idle();
}

}  // namespace unkai::net
