// HTTP/2 frames ⇄ messages, without a socket: nghttp2 (framing, HPACK, flow control) behind one
// class, with the limits against floods that it leaves to us (security.md, rule 15).
//
//     Http2Session session(Http2Session::Side::server, limits, events);
//     if (!session.receive(bytes)) …                  // calls events; false: write output(), then
//     close while (!(out = session.output()).empty()) …     // bytes to write, a view until the
//     next call
//
// Body bytes received count against the stream's window until consume() is called: not calling it
// is the back-pressure. Body bytes to send are pulled: offer() a piece, and Events::sent tells when
// it went. What a flooding peer gets: GOAWAY with ENHANCE_YOUR_CALM, and receive() answers false.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "wire/headers.h"
#include "wire/http1.h"

struct nghttp2_session;

namespace unkai::wire {

struct Http2Limits {
    uint32_t streams = 128;               // Side by side.
    uint32_t stream_window = 256 * 1024;  // Bytes of a body on the way, a stream …
    uint32_t connection_window =
        1024 * 1024;            // … and a connection: the most that it makes us hold.
    uint32_t head = 64 * 1024;  // A head, decoded (RFC 9113's count: 32 more a field).
    uint32_t fields = 100;
    uint32_t resets = 200;            // RST_STREAM received: a budget that refills by a
    uint32_t resets_per_second = 50;  // rate (rapid reset, CVE-2023-44487).
    uint32_t control_frames = 1000;   // SETTINGS, PING, PRIORITY, empty DATA: likewise.
    uint32_t control_frames_per_second = 200;
};

class Http2Session {
public:
    enum class Side : uint8_t { server, client };

    // Called in the middle of receive() and output(): they note what happened, and act when that
    // returned.
    class Events {
    public:
        virtual ~Events() = default;
        // A whole request head (server). `ended`: no body follows. Views live during the call only.
        virtual void on_request(int32_t stream, RequestHead& head, bool ended) = 0;
        virtual void on_response(int32_t stream, ResponseHead& head, bool ended) = 0;
        virtual void on_data(int32_t stream, std::string_view bytes) = 0;
        virtual void on_trailers(int32_t stream, const Headers& trailers) = 0;
        virtual void on_end(int32_t stream) = 0;   // The peer's side is complete.
        virtual void on_sent(int32_t stream) = 0;  // The offered piece was taken: offer the next.
        virtual void on_close(int32_t stream,
                              uint32_t error) = 0;  // 0: well. The last call for it.
    };

    Http2Session(Side side, const Http2Limits& limits, Events& events);
    ~Http2Session();
    Http2Session(const Http2Session&) = delete;

    // `seconds`: a steady clock, for the budgets. False: the connection ends after output().
    bool receive(std::string_view bytes, double seconds);
    std::string_view output();
    bool wants_write() const;
    // Nothing to read or write any more: close.
    bool finished() const;

    // Server. `body`: pieces follow by offer(); otherwise the stream ends with the head.
    void respond(int32_t stream, int status, const Headers& headers, bool body);
    void inform(int32_t stream, int status, const Headers& headers);
    // Client: the new stream's number, or -1 when no more can be opened.
    int32_t request(std::string_view method, std::string_view scheme, std::string_view authority,
                    std::string_view target, const Headers& headers, bool body);
    // Client: request() would open a stream now.
    bool may_request() const;
    // One piece at a time; its bytes stay valid until on_sent, on_close or withdraw().
    void offer(int32_t stream, std::string_view piece);
    // What is left of the piece comes back and is not sent; the stream stays open.
    std::string_view withdraw(int32_t stream);
    void end(int32_t stream, const Headers* trailers);
    void reset(int32_t stream, uint32_t error);  // 0x8: CANCEL, 0x2: INTERNAL_ERROR
    // Bytes of on_data were used: the peer may send as many again.
    void consume(int32_t stream, size_t bytes);
    // GOAWAY: no new streams; those open go on.
    void go_away();

private:
    struct Stream;
    struct Callbacks;
    struct Budget {
        double left, most, per_second, at = 0;
        bool spend(double seconds);
    };
    Stream* find(int32_t stream);
    Stream& open(int32_t stream);
    bool add_field(Stream& stream, std::string_view name, std::string_view value);
    void head_complete(int32_t stream, bool ended);

    Side side_;
    Http2Limits limits_;
    Events& events_;
    nghttp2_session* session_ = nullptr;
    std::map<int32_t, std::unique_ptr<Stream>> streams_;
    Budget resets_, control_;
    double seconds_ = 0;
    bool broken_ = false;
    std::string output_;
};

}  // namespace unkai::wire
