#include "planes/dns/endpoint.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "wire/dns.h"

namespace unkai::planes::dns {

namespace {

constexpr size_t batch_size = 32;
constexpr size_t most_datagram = 2048;  // A question is at most 512 and its options.
constexpr size_t most_answer = 4096;
constexpr size_t batches_per_turn = 16;  // Then the loop's other work gets its turn.
constexpr size_t most_later = 1024;
constexpr auto tcp_idle = 10s;

void count(std::atomic<uint64_t>& counter, uint64_t more = 1) {
    counter.store(counter.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
}

Result<Fd> open_one(const std::string& network, const net::Address& address, int type) {
    TRY(Fd fd, net::open_socket(network, address.family(), type));
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address.family() == AF_INET6)
        ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    ::setsockopt(fd.get(), IPPROTO_IP, IP_FREEBIND, &on, sizeof on);
    if (type == SOCK_DGRAM) {
        const int room = 1 << 20;
        ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    }
    if (::bind(fd.get(), address.raw(), address.raw_size()) != 0) {
        if (errno == EADDRINUSE)
            return fail("AddressInUse",
                        "Another program already answers DNS on " + address.text() +
                            ". Stop it, or choose another address or port for Unkai's DNS.");
        if (errno == EACCES)
            return fail("PermissionDenied",
                        "Only root may open " + address.text() +
                            ". Start Unkai as root, or choose a port above 1023.");
        return fail("AddressNotAvailable",
                    "Cannot open " + address.text() + ": " + std::strerror(errno) + ".");
    }
    if (type == SOCK_STREAM && ::listen(fd.get(), 256) != 0)
        return fail("AddressInUse", "Another program already listens on " + address.text() + ".");
    return fd;
}

}  // namespace

Task<std::string> Handler::answer_later(std::string, bool) { co_return std::string(); }

Result<EndpointSockets> open_sockets(const std::string& network, const net::Address& address) {
    // A free port of one kind may be taken in the other: try a few.
    for (int attempt = 0;; ++attempt) {
        TRY(Fd udp, open_one(network, address, SOCK_DGRAM));
        const net::Address bound = net::Address::local_of(udp.get());
        auto tcp = open_one(network, bound, SOCK_STREAM);
        if (tcp) return EndpointSockets{std::move(udp), std::move(*tcp), bound};
        if (address.port() != 0 || attempt == 16) return tcp.error();
    }
}

struct Endpoint::Batch {
    std::array<mmsghdr, batch_size> in{}, out{};
    std::array<iovec, batch_size> in_pieces{}, out_pieces{};
    std::array<sockaddr_storage, batch_size> peers;
    std::unique_ptr<char[]> questions{new char[batch_size * most_datagram]};
    std::unique_ptr<char[]> answers{new char[batch_size * most_answer]};
    char* question(size_t i) { return questions.get() + i * most_datagram; }
    char* answer(size_t i) { return answers.get() + i * most_answer; }

    Batch() {
        for (size_t i = 0; i < batch_size; ++i) {
            in_pieces[i] = {question(i), most_datagram};
            in[i].msg_hdr.msg_iov = &in_pieces[i];
            in[i].msg_hdr.msg_iovlen = 1;
            in[i].msg_hdr.msg_name = &peers[i];
            out[i].msg_hdr.msg_iov = &out_pieces[i];
            out[i].msg_hdr.msg_iovlen = 1;
        }
    }
    int receive(int fd) {
        for (mmsghdr& one : in) one.msg_hdr.msg_namelen = sizeof(sockaddr_storage);
        return ::recvmmsg(fd, in.data(), batch_size, MSG_DONTWAIT, nullptr);
    }
};

Endpoint::Endpoint(Loop& loop, EndpointSockets sockets, Handler& handler,
                   EndpointCounters& counters, size_t most_connections)
    : loop_(loop),
      handler_(handler),
      counters_(counters),
      address_(sockets.address),
      udp_(loop, std::move(sockets.udp)),
      tcp_(loop, std::move(sockets.tcp)),
      most_connections_(most_connections) {
    scope_.spawn(serve_udp(*this));
    scope_.spawn(serve_tcp(*this));
}

Task<void> Endpoint::stop() {
    stop_.request();
    co_await scope_.join();
}

Task<void> Endpoint::serve_udp(Endpoint& self) {
    const auto batch = std::make_unique<Batch>();
    while (co_await self.udp_.readable(never, &self.stop_) == Wake::ready) {
        for (size_t turn = 0;; ++turn) {
            const int got = batch->receive(self.udp_.fd());
            if (got > 0) self.answer_batch(*batch, static_cast<size_t>(got));
            // Fewer than asked for: the queue was empty, and what comes later wakes us again.
            if (got < static_cast<int>(batch_size) && (got >= 0 || errno == EAGAIN)) break;
            if (turn % batches_per_turn != batches_per_turn - 1) continue;
            if (!co_await self.loop_.sleep(0us, &self.stop_)) co_return;
        }
    }
}

void Endpoint::answer_batch(Batch& batch, size_t received) {
    size_t ready = 0;
    for (size_t i = 0; i < received; ++i) {
        const std::string_view question(batch.question(i), batch.in[i].msg_len);
        const size_t size = handler_.answer(question, batch.answer(ready), most_answer, false);
        if (size == Handler::nothing) continue;
        const socklen_t peer_size = batch.in[i].msg_hdr.msg_namelen;
        if (size != Handler::later) {
            batch.out_pieces[ready] = {batch.answer(ready), size};
            batch.out[ready].msg_hdr.msg_name = &batch.peers[i];
            batch.out[ready].msg_hdr.msg_namelen = peer_size;
            ++ready;
        } else if (later_ < most_later) {
            scope_.spawn(answer_one_later(*this, std::string(question), batch.peers[i], peer_size));
        } else {
            count(counters_.udp_dropped);
        }
    }
    count(counters_.udp_questions, received);
    send_batch(batch, ready);
}

void Endpoint::send_batch(Batch& batch, size_t ready) {
    for (size_t sent = 0; sent < ready;) {
        const int now = ::sendmmsg(udp_.fd(), batch.out.data() + sent,
                                   static_cast<unsigned>(ready - sent), MSG_DONTWAIT);
        if (now > 0) {
            sent += static_cast<size_t>(now);
        } else if (errno == EAGAIN || errno == ENOBUFS) {
            count(counters_.udp_dropped, ready - sent);
            return;
        } else {
            count(counters_.udp_dropped);  // This one cannot be sent; the others may.
            ++sent;
        }
    }
}

Task<void> Endpoint::answer_one_later(Endpoint& self, std::string question, sockaddr_storage peer,
                                      socklen_t peer_size) {
    ++self.later_;
    const std::string answer = co_await self.handler_.answer_later(std::move(question), false);
    --self.later_;
    if (answer.empty() || self.stop_.requested()) co_return;
    const auto* to = reinterpret_cast<const sockaddr*>(&peer);
    if (::sendto(self.udp_.fd(), answer.data(), answer.size(), MSG_DONTWAIT, to, peer_size) < 0)
        count(self.counters_.udp_dropped);
}

Task<void> Endpoint::serve_tcp(Endpoint& self) {
    while (co_await self.tcp_.readable(never, &self.stop_) == Wake::ready) {
        while (true) {
            Fd fd(::accept4(self.tcp_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
            if (!fd && (errno == ECONNABORTED || errno == EINTR)) continue;
            if (!fd && errno == EAGAIN) break;
            if (!fd) {
                // No descriptor left: those that are open end soon.
                if (!co_await self.loop_.sleep(100ms, &self.stop_)) co_return;
            } else if (self.open_connections_ >= self.most_connections_) {
                count(self.counters_.connections_refused);
            } else {
                count(self.counters_.connections);
                self.scope_.spawn(serve_connection(self, std::move(fd)));
            }
        }
    }
}

namespace {

// Reads until `wanted` bytes are in `buffer`. False: closed, too slow or stopped.
Task<bool> read_until(Io& io, std::string& buffer, size_t wanted, Steady deadline, Stop& stop) {
    while (buffer.size() < wanted) {
        const size_t had = buffer.size();
        buffer.resize(had + std::max<size_t>(wanted - had, 2048));
        const ssize_t got = ::read(io.fd(), buffer.data() + had, buffer.size() - had);
        buffer.resize(had + static_cast<size_t>(std::max<ssize_t>(got, 0)));
        if (got > 0) continue;
        if (got == 0 || (errno != EAGAIN && errno != EINTR)) co_return false;
        if (errno == EAGAIN && co_await io.readable(deadline, &stop) != Wake::ready)
            co_return false;
    }
    co_return true;
}

Task<bool> write_all(Io& io, std::string_view bytes, Steady deadline, Stop& stop) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(io.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent > 0) {
            bytes.remove_prefix(static_cast<size_t>(sent));
            continue;
        }
        if (errno != EAGAIN && errno != EINTR) co_return false;
        if (errno == EAGAIN && co_await io.writable(deadline, &stop) != Wake::ready)
            co_return false;
    }
    co_return true;
}

}  // namespace

Task<void> Endpoint::serve_connection(Endpoint& self, Fd fd) {
    ++self.open_connections_;
    Io io(self.loop_, std::move(fd));
    std::string in, out;
    while (co_await read_until(io, in, 2, self.loop_.steady() + tcp_idle, self.stop_)) {
        const size_t size =
            static_cast<size_t>(static_cast<uint8_t>(in[0])) << 8 | static_cast<uint8_t>(in[1]);
        if (!co_await read_until(io, in, 2 + size, self.loop_.steady() + tcp_idle, self.stop_))
            break;
        count(self.counters_.tcp_questions);
        out.resize(2 + wire::dns::most_message);
        size_t answered = self.handler_.answer(std::string_view(in).substr(2, size), out.data() + 2,
                                               wire::dns::most_message, true);
        if (answered == Handler::later) {
            const std::string late = co_await self.handler_.answer_later(in.substr(2, size), true);
            answered = std::min(late.size(), wire::dns::most_message);
            late.copy(out.data() + 2, answered);
        }
        if (answered == Handler::nothing) break;
        in.erase(0, 2 + size);
        out[0] = static_cast<char>(answered >> 8);
        out[1] = static_cast<char>(answered);
        const std::string_view answer(out.data(), 2 + answered);
        if (!co_await write_all(io, answer, self.loop_.steady() + tcp_idle, self.stop_)) break;
    }
    --self.open_connections_;
}

// ---- Work on another loop

namespace {

// Suspends the caller; `start` is run on `there` and gets the function that resumes the caller, at
// home.
struct Hop {
    Loop& there;
    std::function<void(std::function<void()>)> start;
    bool await_ready() { return false; }
    void await_suspend(std::coroutine_handle<> handle) {
        Loop* back = Loop::current();
        CHECK(back != nullptr, "only a coroutine on a loop can wait for another loop");
        there.post([this, back, handle] {
            start([back, handle] { back->post([handle] { handle.resume(); }); });
        });
    }
    void await_resume() {}
};

Task<void> run_then(Task<void> task, Loop& here, std::function<void()> done) {
    co_await std::move(task);
    // In a later turn: this coroutine and its Scope must have ended before the caller goes on.
    here.post(std::move(done));
}

}  // namespace

Task<void> run_on(Loop& there, std::function<void()> work) {
    if (&there == Loop::current()) {
        work();
        co_return;
    }
    Hop hop{there, [&work](const std::function<void()>& done) {
                work();
                done();
            }};
    co_await hop;
}

Task<void> run_task_on(Loop& there, std::function<Task<void>()> make) {
    if (&there == Loop::current()) {
        co_await make();
        co_return;
    }
    Scope scope;  // Used on `there` only, and not any more when we are back.
    Hop hop{there, [&scope, &make, &there](std::function<void()> done) {
                scope.spawn(run_then(make(), there, std::move(done)));
            }};
    co_await hop;
}

}  // namespace unkai::planes::dns
