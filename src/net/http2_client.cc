#include "net/http2_client.h"

#include "base/strings.h"

namespace unkai::net {

namespace {

constexpr uint32_t error_refused = 7, error_cancelled = 8;

wire::Http2Limits session_limits(const ClientLimits& limits) {
    wire::Http2Limits out;
    out.head = static_cast<uint32_t>(limits.head.headers);
    out.fields = static_cast<uint32_t>(limits.head.count);
    return out;
}

}  // namespace

Http2Client::Http2Client(Loop& loop, Stream stream, const ClientLimits& limits)
    : loop_(loop),
      limits_(limits),
      stream_(std::move(stream)),
      session_(wire::Http2Session::Side::client, session_limits(limits), *this),
      expiry_(loop) {}

void Http2Client::start() {
    flush();  // The preface and our SETTINGS.
    scope_.spawn(read_all(shared_from_this()));
}

void Http2Client::close() {
    if (std::exchange(dead_, true)) return;
    expiry_.cancel();
    stream_.close();
    for (const auto& [stream, answer] : answers_) awake_.push_back(stream);
    for (const auto& [stream, answer] : answers_) answer->closed_ = true;
    wake();
}

Http2Answer* Http2Client::find(int32_t stream) {
    const auto found = answers_.find(stream);
    return found == answers_.end() ? nullptr : found->second;
}

void Http2Client::enter(int32_t stream, Http2Answer& answer) {
    expiry_.cancel();
    answers_[stream] = &answer;
}

void Http2Client::leave(int32_t stream) {
    answers_.erase(stream);
    if (!dead_ && answers_.empty())
        expiry_.set(
            loop_.steady() + limits_.keep_idle,
            [](void* self) { static_cast<Http2Client*>(self)->close(); }, this);
}

// ---- Events: noted here, acted upon in wake().

void Http2Client::on_response(int32_t stream, ResponseHead& head, bool ended) {
    if (Http2Answer* const answer = find(stream)) {
        answer->head = std::move(head);
        answer->head_there_ = true;
        answer->body_ended_ = ended;
        awake_.push_back(stream);
    }
}

void Http2Client::on_data(int32_t stream, std::string_view bytes) {
    if (Http2Answer* const answer = find(stream)) {
        answer->incoming_.append(bytes);
        awake_.push_back(stream);
    } else {
        session_.consume(stream, bytes.size());
    }
}

void Http2Client::on_trailers(int32_t stream, const Headers& trailers) {
    if (Http2Answer* const answer = find(stream)) answer->trailers_ = trailers;
}

void Http2Client::on_end(int32_t stream) {
    if (Http2Answer* const answer = find(stream)) {
        answer->body_ended_ = true;
        awake_.push_back(stream);
    }
}

void Http2Client::on_sent(int32_t stream) {
    if (Http2Answer* const answer = find(stream)) {
        answer->sent_piece_ = true;
        awake_.push_back(stream);
    }
}

void Http2Client::on_close(int32_t stream, uint32_t error) {
    if (Http2Answer* const answer = find(stream)) {
        answer->closed_ = true;
        answer->error_ = error;
        awake_.push_back(stream);
    }
}

void Http2Client::wake() {
    while (!awake_.empty()) {
        const auto awake = std::exchange(awake_, {});
        for (const int32_t stream : awake)
            if (Http2Answer* const answer = find(stream)) answer->changed_.notify_all();
    }
}

// ---- The connection

bool Http2Client::feed(std::string_view bytes) {
    const double seconds = std::chrono::duration<double>(loop_.steady().time_since_epoch()).count();
    busy_ = true;
    const bool good = session_.receive(bytes, seconds);
    busy_ = false;
    flush();
    wake();
    return good && !session_.finished();
}

// Whoever is woken may give up the last hold on this connection: `self` keeps it until then.
Task<void> Http2Client::read_all(std::shared_ptr<Http2Client> self) {
    Buffer buffer;
    while (!self->dead_) {
        buffer.release();
        if (co_await self->stream_.wait_readable(never) != Wake::ready) break;
        buffer.take();
        const Moved moved = self->stream_.try_read(buffer.data(), buffer_bytes);
        if (moved.kind == Moved::Kind::would_block) continue;
        if (moved.kind != Moved::Kind::moved) break;
        if (!self->feed({buffer.data(), moved.bytes})) break;
    }
    self->close();
    let_go(std::move(self));
}

// The last hold goes when the task that had it is over.
void Http2Client::let_go(std::shared_ptr<Http2Client> self) {
    Loop& loop = self->loop_;
    if (self.use_count() == 1) loop.post([kept = std::move(self)] {});
}

void Http2Client::flush() {
    if (busy_ || writing_ || dead_ || !session_.wants_write()) return;
    writing_ = true;
    scope_.spawn(write_output(shared_from_this()));
}

Task<void> Http2Client::write_output(std::shared_ptr<Http2Client> self) {
    while (!self->dead_) {
        self->busy_ = true;
        const std::string_view output = self->session_.output();
        self->busy_ = false;
        if (output.empty()) break;
        const Steady deadline = self->loop_.steady() + self->limits_.stall;
        if (!co_await self->stream_.write(output, deadline)) {
            self->writing_ = false;
            self->close();
            let_go(std::move(self));
            co_return;
        }
        self->wake();
    }
    self->writing_ = false;
    self->wake();
    let_go(std::move(self));
}

// ---- A stream

Http2Answer::~Http2Answer() {
    if (stream_ < 0) return;
    Http2Client& connection = *connection_;
    connection.session_.consume(stream_, incoming_.size() + current_.size());
    if (!closed_) connection.session_.reset(stream_, error_cancelled);
    connection.leave(stream_);
    connection.flush();
}

Unexpected Http2Answer::no_head() const {
    if (error_ == error_refused)
        return fail("StreamRefused", "The peer takes no more requests on this connection.", 503);
    if (connection_->dead_ || error_ == 0)
        return fail("NoResponse", "The peer closed the connection before it answered.", 502);
    return fail("BadMessage", "The peer reset the stream (error " + std::to_string(error_) + ").",
                502);
}

void Http2Answer::begin(const Request& request, const Destination& destination) {
    Headers headers;
    std::string authority(request.authority);
    if (request.headers != nullptr) {
        for (const Headers::Field& field : *request.headers) {
            if (equals_ignoring_case(field.name, "host")) authority = field.value;
            if (is_hop_by_hop(field.name) || equals_ignoring_case(field.name, "host") ||
                equals_ignoring_case(field.name, "content-length"))
                continue;
            headers.add_view(field.name, field.value);
        }
    }
    if (authority.empty()) authority = destination.address.text();
    const bool body = request.stream != nullptr || !request.body.empty();
    if (request.stream == nullptr ? body : request.length.has_value())
        headers.add("content-length", std::to_string(request.stream == nullptr ? request.body.size()
                                                                               : *request.length));
    Http2Client& connection = *connection_;
    stream_ =
        connection.session_.request(request.method, connection.stream_.is_tls() ? "https" : "http",
                                    authority, request.target, headers, body);
    if (stream_ > 0) connection.enter(stream_, *this);
}

// The peer wants no more of the request: it ended the stream, or answered with an error.
bool Http2Answer::refused() const { return closed_ || (head_there_ && head.status >= 400); }

// One step of sending a streamed body: waits until the last piece went, or takes the next.
Task<Status> Http2Answer::send_more() {
    Http2Client& connection = *connection_;
    if (!sent_piece_) {
        const Steady deadline = connection.loop_.steady() + connection.limits_.stall;
        if (co_await changed_.wait(connection.loop_, deadline) != Wake::ready)
            co_return fail("ConnectionTimeout", "The peer takes nothing for too long.", 504);
        co_return ok();
    }
    CO_TRY(const std::string_view piece, co_await source_->next());
    if (left_ && (piece.size() > *left_ || (piece.empty() && *left_ > 0)))
        co_return fail("BadMessage", "The request's body has not the announced length.", 400);
    if (left_) *left_ -= piece.size();
    if (refused()) co_return ok();
    sent_piece_ = piece.empty();
    if (!piece.empty()) connection.session_.offer(stream_, piece);
    if (piece.empty() || left_ == 0u) {
        connection.session_.end(stream_, nullptr);
        source_ = nullptr;
    }
    connection.flush();
    co_return ok();
}

Task<Status> Http2Answer::wait_for_head(Steady deadline) {
    while (!head_there_) {
        if (closed_) co_return no_head();
        if (co_await changed_.wait(connection_->loop_, deadline) != Wake::ready)
            co_return fail("ConnectionTimeout", "The peer did not answer in time.", 504);
    }
    co_return ok();
}

Task<Status> Http2Answer::exchange(const Request& request, const Destination& destination) {
    begin(request, destination);
    if (stream_ < 0) {
        stream_ = -1;
        co_return fail("StreamRefused", "The connection takes no more requests.", 503);
    }
    source_ = request.stream;
    left_ = request.length;
    if (source_ == nullptr && !request.body.empty()) {
        connection_->session_.offer(stream_, request.body);
        connection_->session_.end(stream_, nullptr);
        sent_piece_ = false;
    }
    while (source_ != nullptr && !head_there_ && !refused()) CO_REQUIRE(co_await send_more());
    connection_->flush();
    Loop& loop = connection_->loop_;
    Status status = co_await wait_for_head(
        std::min(loop.steady() + connection_->limits_.response, request.deadline));
    if (refused()) {
        (void)connection_->session_.withdraw(stream_);
    } else if (request.stream == nullptr && !sent_piece_) {
        // The body is the caller's, who may give it up now: the rest is kept here.
        rest_ = connection_->session_.withdraw(stream_);
        connection_->session_.offer(stream_, rest_);
        connection_->session_.end(stream_, nullptr);
        connection_->flush();
    }
    co_return status;
}

Task<Result<std::string_view>> Http2Answer::read() {
    Http2Client& connection = *connection_;
    if (!current_.empty()) {
        connection.session_.consume(stream_, current_.size());
        current_.clear();
        connection.flush();
    }
    const Steady deadline = connection.loop_.steady() + connection.limits_.stall;
    while (incoming_.empty()) {
        if (body_ended_) co_return std::string_view{};
        if (closed_)
            co_return fail("ConnectionClosed", "The response's body ended too early.", 502);
        if (source_ != nullptr && !refused()) {
            CO_REQUIRE(co_await send_more());
            continue;
        }
        if (co_await changed_.wait(connection.loop_, deadline) != Wake::ready)
            co_return fail("ConnectionTimeout", "The response's body stalled.", 504);
    }
    current_.swap(incoming_);
    co_return std::string_view(current_);
}

}  // namespace unkai::net
