// Stream: bytes both ways over TCP, TLS or a Unix socket, on one loop.
//
// Two layers. try_read and try_write never wait: they answer how much moved, or that they would
// block; wait_readable and wait_writable wait. read, write_all and the like put both together, one
// Task a call. Reading and writing may happen at the same time by two coroutines, one each. A read
// that comes back short is taken as "drained", so that the next wait needs no EAGAIN.
#pragma once

#include <sys/uio.h>

#include <span>
#include <string>
#include <string_view>

#include "net/socket.h"
#include "net/tls.h"

namespace unkai::net {

// How a try ended. `bytes` counts only with `moved`.
struct Moved {
    enum class Kind : uint8_t { moved, would_block, end, broken } kind;
    size_t bytes = 0;
};

class Stream {
public:
    Stream() = default;
    explicit Stream(Io io);
    Stream(Stream&& other) noexcept;
    Stream& operator=(Stream&& other) noexcept;
    ~Stream();

    // Make it a TLS stream. Errors: TlsFailed (with OpenSSL's reason), ConnectionTimeout.
    Task<Status> accept_tls(ServerTls& tls, Steady deadline);
    Task<Status> connect_tls(ClientTls& tls, const std::string& server_name, Steady deadline);

    Moved try_read(char* into, size_t most);
    // At most 16 parts; counts what went out, perhaps in the middle of a part.
    Moved try_write(std::span<const iovec> parts);
    Io::Ready wait_readable(Steady deadline, Stop* stop = nullptr) {
        return io_.readable(deadline, stop);
    }
    // TLS may need to read in order to write; this waits for what the last try wanted.
    Io::Ready wait_writable(Steady deadline, Stop* stop = nullptr) {
        return io_.writable(deadline, stop);
    }

    // Writes what goes at once, and returns the rest: all of it where it would block or is broken,
    // which the next write tells.
    std::string_view write_now(std::string_view bytes);

    // Some bytes; 0 at the peer's end of stream. Errors as in net/http.h.
    Task<Result<size_t>> read(char* into, size_t most, Steady deadline, Stop* stop = nullptr);
    // All bytes, or an error. A deadline for the whole.
    Task<Status> write(std::string_view bytes, Steady deadline, Stop* stop = nullptr);
    Task<Status> write(std::string_view first, std::string_view second, Steady deadline);
    Task<Status> write(std::string_view first, std::string_view second, std::string_view third,
                       Steady deadline);
    // From a file, by sendfile where TLS does not stand in the way.
    Task<Status> write_file(int file, uint64_t offset, uint64_t bytes, Duration stall);
    // Bytes that were read too early: the next reads give them first.
    void put_back(std::string_view bytes);

    // Ends our direction (TLS close_notify, FIN); reading goes on.
    void shut_down_writing();
    void close();
    // Close by RST: the peer sees an abort, not a clean end.
    void abort();

    bool open() const { return io_.open(); }
    int fd() const { return io_.fd(); }
    Io& io() { return io_; }
    bool is_tls() const { return tls_ != nullptr; }
    std::string_view alpn() const;         // "h2", "http/1.1" or empty.
    std::string_view server_name() const;  // SNI, as sent; empty without.
    std::string_view tls_version() const;  // "TLSv1.3"
    std::string_view cipher() const;
    // What a read would find, without taking it: would_block, moved (bytes wait), end or broken. No
    // system call unless something was seen to arrive.
    Moved::Kind peek();

private:
    Moved tls_outcome(int result);
    Task<Status> handshake(Steady deadline);

    Io io_;
    ssl_st* tls_ = nullptr;
    std::string put_back_;
    std::string gathered_;  // TLS: parts of one write, joined so that they make one record.
};

}  // namespace unkai::net
