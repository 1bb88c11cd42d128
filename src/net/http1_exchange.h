// HTTP/1.1 on one connection: one Exchange, used again for each request, so that its memory is.
// Internal to net/.
#pragma once

#include "net/server_connection.h"

namespace unkai::net {

class Http1Exchange final : public Exchange {
public:
    explicit Http1Exchange(ServerConnection& connection);

    // Requests, one after the other, until the connection ends.
    Task<void> serve();

    Task<Result<std::string_view>> read() override;
    std::optional<std::string_view> body_at_hand(uint64_t most) override;
    const Headers& trailers() const override { return chunked_.trailers(); }
    Task<Status> respond(int status, std::string_view body) override;
    Task<Status> start(int status, std::optional<uint64_t> length) override;
    Task<Status> write(std::string_view piece) override;
    Task<Status> flush() override;
    Task<Status> write_file(int file, uint64_t offset, uint64_t bytes) override;
    Task<Status> finish(const Headers* trailers) override;
    Task<Status> inform(int status, const Headers& fields) override;
    Task<Result<Stream*>> upgrade() override;

private:
    enum class Read : uint8_t { request, end, refused, http2 };
    enum class Sending : uint8_t { nothing, length, chunked, until_close };

    Task<Read> read_head();
    Task<Wake> wait_for_bytes();
    Task<void> refuse(wire::Fault fault);
    Task<bool> complete();
    Task<bool> drop_rest_of_body();
    Task<void> linger();
    void reset();

    Task<Result<std::string_view>> read_sized();
    Task<Result<std::string_view>> read_chunked();
    Task<Status> fill_body();
    Status count_received(size_t bytes);
    Unexpected body_fault(std::string_view code, std::string_view text, int status);

    void begin_head(int status);
    void end_head();
    bool bodiless() const;
    Task<Status> send(std::string_view piece, bool last);
    Steady stall() { return connection_.in(limits_.stall); }

    ServerConnection& connection_;
    Stream& stream_;
    wire::HeadParser parser_;
    wire::ChunkedDecoder chunked_;

    Buffer buffer_;               // The head, and what came with it.
    size_t begin_ = 0, end_ = 0;  // Of what is not used yet.
    Buffer body_;                 // Body bytes, when the first buffer is used up.
    size_t body_begin_ = 0, body_end_ = 0;
    std::string out_;  // A head on its way out.

    uint64_t body_left_ = 0;
    Steady body_since_{};
    bool body_ended_ = true, body_broken_ = false, continue_due_ = false;
    Sending sending_ = Sending::nothing;
    uint64_t send_left_ = 0;
    bool to_head_ = false, broken_ = false, upgraded_ = false, first_ = true;
};

}  // namespace unkai::net
