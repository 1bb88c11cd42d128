// HTTP/2 on one connection: a session, and an Exchange for each stream. Internal to net/.
#pragma once

#include <map>

#include "net/server_connection.h"
#include "wire/http2.h"

namespace unkai::net {

class Http2Exchange;

// Reads for all streams; whoever has something to write flushes.
class Http2Connection final : public wire::Http2Session::Events {
public:
    explicit Http2Connection(ServerConnection& connection);
    Task<void> serve(std::string_view first_bytes);

    void on_request(int32_t stream, RequestHead& head, bool ended) override;
    void on_response(int32_t, ResponseHead&, bool) override {}
    void on_data(int32_t stream, std::string_view bytes) override;
    void on_trailers(int32_t stream, const Headers& trailers) override;
    void on_end(int32_t stream) override;
    void on_sent(int32_t stream) override;
    void on_close(int32_t stream, uint32_t error) override;

    // Writes what the session has to say, unless somebody does already or receive() will.
    void flush();
    ServerConnection& connection() { return connection_; }
    wire::Http2Session& session() { return session_; }
    bool dead() const { return dead_; }

private:
    struct News;
    bool feed(std::string_view bytes);
    Task<bool> read_some(Buffer& buffer);
    Task<void> write_output();
    Task<void> run(int32_t stream, std::unique_ptr<Http2Exchange> exchange);
    void wake();
    void end();
    Http2Exchange* find(int32_t stream);

    ServerConnection& connection_;
    wire::Http2Session session_;
    std::map<int32_t, Http2Exchange*> exchanges_;
    std::vector<std::pair<int32_t, std::unique_ptr<Http2Exchange>>> fresh_;
    std::vector<int32_t> awake_;  // Streams with news, to be resumed when receive() has returned.
    Scope scope_;
    bool busy_ = false, writing_ = false, dead_ = false;
};

class Http2Exchange final : public Exchange {
public:
    Http2Exchange(Http2Connection& connection, int32_t stream, RequestHead&& head);

    Task<Result<std::string_view>> read() override;
    const Headers& trailers() const override { return trailers_; }
    Task<Status> respond(int status, std::string_view body) override;
    Task<Status> start(int status, std::optional<uint64_t> length) override;
    Task<Status> write(std::string_view piece) override;
    Task<Status> flush() override;
    Task<Status> write_file(int file, uint64_t offset, uint64_t bytes) override;
    Task<Status> finish(const Headers* trailers) override;
    Task<Status> inform(int status, const Headers& fields) override;
    Task<Result<Stream*>> upgrade() override;
    // After the handler: completes or resets the stream.
    Task<void> complete();

private:
    friend class Http2Connection;
    void begin(int status, std::optional<uint64_t> length, bool body);
    Task<Status> offer(std::string_view piece);
    bool bodiless() const { return status_ < 200 || status_ == 204 || status_ == 304; }
    Unexpected gone() const;

    Http2Connection& connection_;
    const int32_t stream_;
    Event changed_;
    Headers trailers_;
    std::string incoming_, current_;
    Steady body_since_{};
    bool body_ended_ = false, sent_piece_ = true, closed_ = false, sends_body_ = false;
};

}  // namespace unkai::net
