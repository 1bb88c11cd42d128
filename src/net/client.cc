#include "net/client.h"

#include <algorithm>

#include "net/http2_client.h"

namespace unkai::net {

bool never_sent(const Error& error) {
    for (const std::string_view code :
         {"ConnectionRefused", "ConnectionFailed", "ConnectTimeout", "TlsFailed", "NetworkNotFound",
          "AddressNotAvailable", "TooManyConnections", "TooManyOpenFiles", "StreamRefused"})
        if (error.is(code)) return true;
    return false;
}

// ---- Response

Response::Response(std::unique_ptr<Answer> answer) : answer_(std::move(answer)) {}
Response::Response() = default;
Response::Response(Response&&) noexcept = default;

Response& Response::operator=(Response&& other) noexcept {
    if (this != &other) {
        give_back();
        answer_ = std::move(other.answer_);
    }
    return *this;
}

Response::~Response() { give_back(); }

int Response::status() const { return answer_->head.status; }
const Headers& Response::headers() const { return answer_->head.headers; }
const ResponseHead& Response::head() const { return answer_->head; }
const Headers& Response::trailers() const { return answer_->trailers(); }
bool Response::ended() const { return answer_->ended(); }
Stream& Response::upgraded() { return answer_->carrier(); }
bool Response::reused_connection() const { return answer_->reused; }
Address Response::local() const { return Address::local_of(answer_->carrier().fd()); }

Task<Result<std::string_view>> Response::read() { return answer_->read(); }

Task<Result<std::string>> Response::read_all(uint64_t most) {
    std::string body;
    while (true) {
        CO_TRY(const std::string_view piece, co_await answer_->read());
        if (piece.empty()) co_return body;
        if (body.size() + piece.size() > most)
            co_return fail("BodyTooLarge", "The response is larger than expected.", 502);
        body.append(piece);
    }
}

void Response::give_back() {
    if (Answer* const answer = answer_.get()) answer->give_back(std::move(answer_));
}

void ClientConnection::give_back(std::unique_ptr<Answer> self) {
    if (!reusable()) return;
    (void)self.release();
    pool_.put(std::unique_ptr<ClientConnection>(this));
}

// ---- Pool

Pool::Pool(Loop& loop, Destination destination, ClientLimits limits)
    : loop_(loop), destination_(std::move(destination)), limits_(limits), expiry_(loop) {}

Pool::~Pool() {
    close_idle();
    for (const auto& shared : std::exchange(shared_, {})) shared->close();
    CHECK(connections_ == 0, "a Pool was destroyed while a Response of it lives");
}

size_t Pool::connections() const {
    return connections_ + static_cast<size_t>(std::ranges::count_if(
                              shared_, [](const auto& shared) { return !shared->dead(); }));
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
    if (connections() >= limits_.most_connections)
        co_return fail("TooManyConnections",
                       "There are " + std::to_string(connections()) + " connections to " +
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

// Over HTTP/2 a peer refuses what is more than it takes.
constexpr int most_attempts = 5;

static bool may_replay(const Request& request, const Error& error) {
    if (request.stream != nullptr || !request.may_replay) return false;
    return error.is("StreamRefused") || (error.is("NoResponse") && is_idempotent(request.method));
}

Task<Result<Response>> Pool::send(const Request& request) {
    if (std::unique_ptr<ClientConnection> connection = take_idle()) {
        Status status = co_await connection->exchange(request);
        if (status) co_return Response(std::move(connection));
        connection.reset();
        if (!may_replay(request, status.error())) co_return unexpected(std::move(status.error()));
    }
    if (destination_.http2) co_return co_await send_shared(request);
    CO_TRY(std::unique_ptr<ClientConnection> connection, co_await connect(request.deadline));
    CO_REQUIRE(co_await connection->exchange(request));
    co_return Response(std::move(connection));
}

std::shared_ptr<Http2Client> Pool::take_shared() {
    shared_.remove_if([](const auto& one) { return one->dead(); });
    for (const auto& one : shared_)
        if (one->usable()) return one;
    return nullptr;
}

std::shared_ptr<Http2Client> Pool::share(ClientConnection& connection) {
    if (connection.stream.is_tls() && connection.stream.alpn() != "h2") return nullptr;
    auto shared = std::make_shared<Http2Client>(loop_, std::move(connection.stream), limits_);
    shared_.push_back(shared);
    shared->start();
    return shared;
}

// Whoever finds no connection with room makes one, and the others wait for it.
Task<Result<Response>> Pool::send_shared(const Request& request) {
    for (int attempt = 1;; ++attempt) {
        std::shared_ptr<Http2Client> shared = take_shared();
        if (!shared && connecting_) {
            if (co_await connected_.wait(loop_, request.deadline) != Wake::ready)
                co_return fail("ConnectTimeout", "No connection was made in time.", 504);
            continue;
        }
        const bool reused = shared != nullptr;
        if (!shared) {
            connecting_ = true;
            auto connection = co_await connect(request.deadline);
            connecting_ = false;
            if (connection) shared = share(**connection);
            connected_.notify_all();
            if (!connection) co_return unexpected(std::move(connection.error()));
            if (!shared) {  // A peer that speaks HTTP/1.1 only.
                CO_REQUIRE(co_await (*connection)->exchange(request));
                co_return Response(std::move(*connection));
            }
        }
        auto answer = std::make_unique<Http2Answer>(shared);
        answer->reused = reused;
        Status status = co_await answer->exchange(request, destination_);
        if (status) co_return Response(std::move(answer));
        const Error& error =
            status.error();  // A fresh connection has not heard yet how many it may have.
        if (!may_replay(request, error) || attempt == most_attempts ||
            (!reused && !error.is("StreamRefused")))
            co_return unexpected(std::move(status.error()));
    }
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
