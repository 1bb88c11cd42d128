#include "net/stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace unkai::net {

namespace {

constexpr size_t most_parts = 16;
constexpr size_t tls_write = 64 * 1024;  // Joined for one call; OpenSSL cuts it into records.
constexpr size_t file_piece = 1024 * 1024;

Unexpected closed() { return fail("ConnectionClosed", "The peer closed the connection.", 499); }

Unexpected timed_out() {
    return fail("ConnectionTimeout", "Nothing moved on the connection for too long.", 408);
}

Unexpected wait_failed(Wake why) { return why == Wake::timed_out ? timed_out() : closed(); }

std::string tls_reason() {
    const unsigned long code = ::ERR_peek_last_error();
    ::ERR_clear_error();
    const char* const text = code == 0 ? nullptr : ::ERR_reason_error_string(code);
    return text == nullptr ? "the connection ended" : text;
}

// sendfile and OpenSSL raise SIGPIPE at a closed connection. Blocked on the threads that own
// streams; children start with an empty mask (rt/process.h).
void block_broken_pipe_signal() {
    static thread_local bool done = false;
    if (std::exchange(done, true)) return;
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

}  // namespace

Stream::Stream(Io io) : io_(std::move(io)) { block_broken_pipe_signal(); }

Stream::Stream(Stream&& other) noexcept
    : io_(std::move(other.io_)),
      tls_(std::exchange(other.tls_, nullptr)),
      put_back_(std::move(other.put_back_)),
      gathered_(std::move(other.gathered_)) {}

Stream& Stream::operator=(Stream&& other) noexcept {
    if (this == &other) return *this;
    close();
    io_ = std::move(other.io_);
    tls_ = std::exchange(other.tls_, nullptr);
    put_back_ = std::move(other.put_back_);
    gathered_ = std::move(other.gathered_);
    return *this;
}

Stream::~Stream() { close(); }

void Stream::close() {
    if (tls_ != nullptr) ::SSL_free(std::exchange(tls_, nullptr));
    io_.close();
}

void Stream::abort() {
    if (io_.open()) {
        const linger at_once{.l_onoff = 1, .l_linger = 0};
        ::setsockopt(io_.fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    close();
}

void Stream::shut_down_writing() {
    if (!io_.open()) return;
    if (tls_ != nullptr && ::SSL_is_init_finished(tls_)) {
        ::SSL_shutdown(tls_);
        ::ERR_clear_error();
    }
    ::shutdown(io_.fd(), SHUT_WR);
}

// ---- TLS

Task<Status> Stream::accept_tls(ServerTls& tls, Steady deadline) {
    tls_ = tls.make_session();
    ::SSL_set_fd(tls_, io_.fd());
    ::SSL_set_accept_state(tls_);
    co_return co_await handshake(deadline);
}

Task<Status> Stream::connect_tls(ClientTls& tls, const std::string& server_name, Steady deadline) {
    tls_ = tls.make_session(server_name);
    ::SSL_set_fd(tls_, io_.fd());
    ::SSL_set_connect_state(tls_);
    co_return co_await handshake(deadline);
}

Task<Status> Stream::handshake(Steady deadline) {
    while (true) {
        ::ERR_clear_error();
        const int result = ::SSL_do_handshake(tls_);
        if (result == 1) {
            // The handshake's last read may have fetched what follows it: that makes no edge.
            io_.note_read(true);
            co_return ok();
        }
        const int error = ::SSL_get_error(tls_, result);
        Wake why = Wake::ready;
        if (error == SSL_ERROR_WANT_READ) {
            why = co_await io_.readable(deadline);
        } else if (error == SSL_ERROR_WANT_WRITE) {
            why = co_await io_.writable(deadline);
        } else {
            const long verified = ::SSL_get_verify_result(tls_);
            const std::string reason = verified != X509_V_OK && !::SSL_is_server(tls_)
                                           ? ::X509_verify_cert_error_string(verified)
                                           : tls_reason();
            ::ERR_clear_error();
            co_return fail("TlsFailed", "The TLS handshake failed: " + reason + ".", 502);
        }
        if (why != Wake::ready) co_return wait_failed(why);
    }
}

Moved Stream::tls_outcome(int result) {
    switch (::SSL_get_error(tls_, result)) {
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE:
            return {Moved::Kind::would_block};
        case SSL_ERROR_ZERO_RETURN:
            return {Moved::Kind::end};
        default:
            ::ERR_clear_error();
            return {Moved::Kind::broken};
    }
}

std::string_view Stream::alpn() const {
    if (tls_ == nullptr) return {};
    const unsigned char* name = nullptr;
    unsigned int size = 0;
    ::SSL_get0_alpn_selected(tls_, &name, &size);
    return {reinterpret_cast<const char*>(name), size};
}

std::string_view Stream::server_name() const {
    const char* const name =
        tls_ == nullptr ? nullptr : ::SSL_get_servername(tls_, TLSEXT_NAMETYPE_host_name);
    return name == nullptr ? std::string_view{} : name;
}

std::string_view Stream::tls_version() const {
    return tls_ == nullptr ? std::string_view{} : ::SSL_get_version(tls_);
}

std::string_view Stream::cipher() const {
    return tls_ == nullptr ? std::string_view{} : ::SSL_get_cipher_name(tls_);
}

// ---- Trying

Moved Stream::try_read(char* into, size_t most) {
    if (!io_.open()) return {Moved::Kind::broken};
    if (!put_back_.empty()) {
        const size_t size = std::min(most, put_back_.size());
        std::memcpy(into, put_back_.data(), size);
        put_back_.erase(0, size);
        return {Moved::Kind::moved, size};
    }
    if (tls_ != nullptr) {
        ::ERR_clear_error();
        size_t size = 0;
        const int result = ::SSL_read_ex(tls_, into, most, &size);
        if (result == 1) {
            // What OpenSSL holds back, or has not fetched from the socket, makes no edge.
            io_.note_read(true);
            return {Moved::Kind::moved, size};
        }
        return tls_outcome(result);
    }
    while (true) {
        const ssize_t size = ::recv(io_.fd(), into, most, 0);
        if (size > 0) {
            io_.note_read(static_cast<size_t>(size) == most);
            return {Moved::Kind::moved, static_cast<size_t>(size)};
        }
        if (size == 0) return {Moved::Kind::end};
        if (errno == EINTR) continue;
        if (errno != EAGAIN) return {Moved::Kind::broken};
        io_.note_read(false);
        return {Moved::Kind::would_block};
    }
}

Moved::Kind Stream::peek() {
    if (!io_.open()) return Moved::Kind::broken;
    if (!put_back_.empty()) return Moved::Kind::moved;
    if (!io_.has_news()) return Moved::Kind::would_block;
    char byte = 0;
    Moved::Kind found = Moved::Kind::moved;
    if (tls_ != nullptr) {
        ::ERR_clear_error();
        size_t size = 0;
        if (const int result = ::SSL_peek_ex(tls_, &byte, 1, &size); result != 1)
            found = tls_outcome(result).kind;
    } else if (const ssize_t size = ::recv(io_.fd(), &byte, 1, MSG_PEEK); size <= 0) {
        const bool waits = size < 0 && (errno == EAGAIN || errno == EINTR);
        found = waits       ? Moved::Kind::would_block
                : size == 0 ? Moved::Kind::end
                            : Moved::Kind::broken;
    }
    if (found == Moved::Kind::would_block) io_.note_read(false);
    return found;
}

Moved Stream::try_write(std::span<const iovec> parts) {
    if (!io_.open()) return {Moved::Kind::broken};
    if (parts.size() > most_parts) parts = parts.first(most_parts);
    if (tls_ != nullptr) {
        // Parts are joined so that a head and a small body share a record. A repeated try must
        // offer the same bytes again, which callers do: they keep what did not go out.
        const iovec* const first = parts.data();
        std::string_view bytes{static_cast<const char*>(first->iov_base), first->iov_len};
        if (parts.size() > 1 && bytes.size() < tls_write) {
            gathered_.clear();
            for (const iovec& part : parts) {
                const size_t room = tls_write - gathered_.size();
                gathered_.append(static_cast<const char*>(part.iov_base),
                                 std::min(room, part.iov_len));
            }
            bytes = gathered_;
        }
        ::ERR_clear_error();
        size_t size = 0;
        const int result = ::SSL_write_ex(tls_, bytes.data(), bytes.size(), &size);
        if (gathered_.size() > 4096) gathered_ = {};
        if (result == 1) return {Moved::Kind::moved, size};
        return tls_outcome(result);
    }
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(parts.data());
    message.msg_iovlen = parts.size();
    while (true) {
        const ssize_t size =
            parts.size() == 1 ? ::send(io_.fd(), parts[0].iov_base, parts[0].iov_len, MSG_NOSIGNAL)
                              : ::sendmsg(io_.fd(), &message, MSG_NOSIGNAL);
        if (size >= 0) return {Moved::Kind::moved, static_cast<size_t>(size)};
        if (errno == EINTR) continue;
        return {errno == EAGAIN ? Moved::Kind::would_block : Moved::Kind::broken};
    }
}

// ---- Waiting

Task<Result<size_t>> Stream::read(char* into, size_t most, Steady deadline, Stop* stop) {
    while (true) {
        const Moved moved = try_read(into, most);
        switch (moved.kind) {
            case Moved::Kind::moved:
                co_return moved.bytes;
            case Moved::Kind::end:
                co_return size_t{0};
            case Moved::Kind::broken:
                co_return closed();
            case Moved::Kind::would_block:
                break;
        }
        if (const Wake why = co_await io_.readable(deadline, stop); why != Wake::ready)
            co_return wait_failed(why);
    }
}

std::string_view Stream::write_now(std::string_view bytes) {
    const iovec part{const_cast<char*>(bytes.data()), bytes.size()};
    const Moved moved = try_write({&part, 1});
    if (moved.kind == Moved::Kind::moved) bytes.remove_prefix(moved.bytes);
    return bytes;
}

Task<Status> Stream::write(std::string_view bytes, Steady deadline, Stop* stop) {
    while (!bytes.empty()) {
        const iovec part{const_cast<char*>(bytes.data()), bytes.size()};
        const Moved moved = try_write({&part, 1});
        if (moved.kind == Moved::Kind::moved) {
            bytes.remove_prefix(moved.bytes);
            continue;
        }
        if (moved.kind != Moved::Kind::would_block) co_return closed();
        if (const Wake why = co_await io_.writable(deadline, stop); why != Wake::ready)
            co_return wait_failed(why);
    }
    co_return ok();
}

Task<Status> Stream::write(std::string_view first, std::string_view second, Steady deadline) {
    return write(first, second, {}, deadline);
}

Task<Status> Stream::write(std::string_view first, std::string_view second, std::string_view third,
                           Steady deadline) {
    std::array<std::string_view, 3> left = {first, second, third};
    while (true) {
        std::array<iovec, 3> parts;
        size_t count = 0;
        for (const std::string_view part : left)
            if (!part.empty()) parts[count++] = {const_cast<char*>(part.data()), part.size()};
        if (count == 0) co_return ok();
        Moved moved = try_write({parts.data(), count});
        if (moved.kind == Moved::Kind::moved) {
            for (std::string_view& part : left) {
                const size_t size = std::min(moved.bytes, part.size());
                part.remove_prefix(size);
                moved.bytes -= size;
            }
            continue;
        }
        if (moved.kind != Moved::Kind::would_block) co_return closed();
        if (const Wake why = co_await io_.writable(deadline); why != Wake::ready)
            co_return wait_failed(why);
    }
}

Task<Status> Stream::write_file(int file, uint64_t offset, uint64_t bytes, Duration stall) {
    std::string piece;
    Loop& loop = io_.loop();
    while (bytes > 0) {
        const size_t most = static_cast<size_t>(std::min<uint64_t>(bytes, file_piece));
        if (tls_ != nullptr) {
            piece.resize(std::min(most, tls_write));
            const ssize_t got =
                ::pread(file, piece.data(), piece.size(), static_cast<off_t>(offset));
            if (got <= 0)
                co_return fail("FileTooShort", "A file ended before its announced length.");
            CO_REQUIRE(
                co_await write({piece.data(), static_cast<size_t>(got)}, loop.steady() + stall));
            offset += static_cast<uint64_t>(got);
            bytes -= static_cast<uint64_t>(got);
            continue;
        }
        if (!io_.open()) co_return closed();
        off_t from = static_cast<off_t>(offset);
        const ssize_t sent = ::sendfile(io_.fd(), file, &from, most);
        if (sent > 0) {
            offset += static_cast<uint64_t>(sent);
            bytes -= static_cast<uint64_t>(sent);
            continue;
        }
        if (sent == 0) co_return fail("FileTooShort", "A file ended before its announced length.");
        if (errno == EINTR) continue;
        if (errno != EAGAIN) co_return closed();
        if (const Wake why = co_await io_.writable(loop.steady() + stall); why != Wake::ready)
            co_return wait_failed(why);
    }
    co_return ok();
}

void Stream::put_back(std::string_view bytes) { put_back_.insert(0, bytes); }

}  // namespace unkai::net
