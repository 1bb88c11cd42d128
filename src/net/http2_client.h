// The client's side of HTTP/2: one connection of a Pool, shared by the requests on their way.
// Internal to net/.
#pragma once

#include <map>

#include "net/client_connection.h"
#include "wire/http2.h"

namespace unkai::net {

class Http2Answer;

// Held by its Pool and by each Http2Answer. It reads as long as it lives; whoever has something to
// write flushes. Without requests for `keep_idle` it closes.
class Http2Client final : public wire::Http2Session::Events,
                          public std::enable_shared_from_this<Http2Client> {
public:
    Http2Client(Loop& loop, Stream stream, const ClientLimits& limits);
    void start();
    void close();
    bool dead() const { return dead_; }
    // Can take one more request.
    bool usable() const { return !dead_ && session_.may_request(); }

    void on_request(int32_t, RequestHead&, bool) override {}
    void on_response(int32_t stream, ResponseHead& head, bool ended) override;
    void on_data(int32_t stream, std::string_view bytes) override;
    void on_trailers(int32_t stream, const Headers& trailers) override;
    void on_end(int32_t stream) override;
    void on_sent(int32_t stream) override;
    void on_close(int32_t stream, uint32_t error) override;

private:
    friend class Http2Answer;
    static Task<void> read_all(std::shared_ptr<Http2Client> self);
    static Task<void> write_output(std::shared_ptr<Http2Client> self);
    static void let_go(std::shared_ptr<Http2Client> self);
    bool feed(std::string_view bytes);
    void flush();
    void wake();
    void enter(int32_t stream, Http2Answer& answer);
    void leave(int32_t stream);
    Http2Answer* find(int32_t stream);

    Loop& loop_;
    const ClientLimits limits_;
    Stream stream_;
    wire::Http2Session session_;
    std::map<int32_t, Http2Answer*> answers_;
    std::vector<int32_t> awake_;  // Streams with news, to be resumed when receive() has returned.
    Timer expiry_;
    Scope scope_;
    bool busy_ = false, writing_ = false, dead_ = false;
};

// One request and its response: a stream.
class Http2Answer final : public Answer {
public:
    explicit Http2Answer(std::shared_ptr<Http2Client> connection)
        : connection_(std::move(connection)) {}
    ~Http2Answer() override;

    // Sends the request and waits for the response's head. Errors: NoResponse (the connection
    // ended), StreamRefused (nothing was done), BadMessage (reset), and those of ClientConnection.
    Task<Status> exchange(const Request& request, const Destination& destination);
    Task<Result<std::string_view>> read() override;
    const Headers& trailers() const override { return trailers_; }
    bool ended() const override { return body_ended_ && incoming_.empty(); }
    Stream& carrier() override { return connection_->stream_; }

private:
    friend class Http2Client;
    Task<Status> send_more();
    Task<Status> wait_for_head(Steady deadline);
    void begin(const Request& request, const Destination& destination);
    bool refused() const;
    Unexpected no_head() const;

    std::shared_ptr<Http2Client> connection_;
    int32_t stream_ = -1;
    Event changed_;
    Headers trailers_;
    std::string incoming_, current_;
    BodySource* source_ = nullptr;  // While there is more of it.
    std::optional<uint64_t> left_;  // Of its announced length.
    std::string rest_;  // Of the request's body, when the response came before it was sent.
    uint32_t error_ = 0;
    bool head_there_ = false, body_ended_ = false, closed_ = false, sent_piece_ = true;
};

}  // namespace unkai::net
