// What a Response holds: HTTP/1.1's connection of a Pool, which sends a request, reads the
// response's head, then its body. Internal to net/.
#pragma once

#include "net/buffers.h"
#include "net/client.h"

namespace unkai::net {

class Answer {
public:
    Answer() = default;
    Answer(const Answer&) = delete;
    virtual ~Answer() = default;
    virtual Task<Result<std::string_view>> read() = 0;
    virtual const Headers& trailers() const = 0;
    virtual bool ended() const = 0;
    virtual Stream& carrier() = 0;
    // Its Response is over: to the pool, if it can be used again.
    virtual void give_back(std::unique_ptr<Answer>) {}

    ResponseHead head;
    bool reused = false;
};

class ClientConnection final : public Answer {
public:
    ClientConnection(Pool& pool, Stream stream);
    ~ClientConnection() override;

    // Sends the request and reads the response's head. NoResponse: it ended before the first byte.
    Task<Status> exchange(const Request& request);
    Task<Result<std::string_view>> read() override;
    const Headers& trailers() const override { return chunked.trailers(); }
    bool ended() const override { return ended_; }
    Stream& carrier() override { return stream; }
    void give_back(std::unique_ptr<Answer> self) override;
    // Nothing was sent to us that nobody asked for, and the peer has not closed. Costs a system
    // call only when something arrived.
    bool alive() { return stream.peek() == Moved::Kind::would_block; }
    Pool& pool() { return pool_; }
    bool reusable() const;
    void rest();  // Gives the buffers back.

    Stream stream;
    wire::ChunkedDecoder chunked;
    Steady idle_since{};

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
