// One connection of a Pool: sends a request, reads the response's head, then its body. Internal to
// net/.
#pragma once

#include "net/buffers.h"
#include "net/client.h"

namespace unkai::net {

class ClientConnection {
public:
    ClientConnection(Pool& pool, Stream stream);
    ~ClientConnection();
    ClientConnection(const ClientConnection&) = delete;

    // Sends the request and reads the response's head. NoResponse: it ended before the first byte.
    Task<Status> exchange(const Request& request);
    Task<Result<std::string_view>> read();
    // Nothing was sent to us that nobody asked for, and the peer has not closed. Costs a system
    // call only when something arrived.
    bool alive() { return stream.peek() == Moved::Kind::would_block; }
    Pool& pool() { return pool_; }
    bool ended() const { return ended_; }
    bool reusable() const;
    void rest();  // Gives the buffers back.

    Stream stream;
    ResponseHead head;
    wire::ChunkedDecoder chunked;
    Steady idle_since{};
    bool reused = false;

private:
    Task<Status> send_head(const Request& request);
    Task<Status> send_stream(const Request& request);
    Task<Status> read_head(const Request& request);
    Task<Status> fill(Buffer& buffer, size_t& begin, size_t& end, size_t most);
    Result<std::string_view> decode_chunks();
    Steady in(Duration length) const;

    Pool& pool_;
    wire::HeadParser parser_;
    std::string out_;
    Buffer buffer_;  // The head, and what came with it.
    size_t begin_ = 0, end_ = 0;
    Buffer body_;
    size_t body_begin_ = 0, body_end_ = 0;
    uint64_t left_ = 0;
    bool ended_ = false, broken_ = false, answered_ = false;
};

}  // namespace unkai::net
