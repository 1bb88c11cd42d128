// One address that speaks DNS, over UDP and TCP, on one loop. It moves bytes; a Handler answers.
//
// UDP: up to 32 datagrams are taken by one system call and answered by one (recvmmsg, sendmmsg); an
// answer that the socket does not take at once is dropped, as DNS over UDP may. TCP (RFC 7766):
// many questions a connection, answered in order; at most `most_connections` (the newest is
// refused), closed after 10 s without a question. Several endpoints share an address by
// SO_REUSEPORT, one a loop.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "net/socket.h"
#include "rt/loop.h"

namespace unkai::planes::dns {

class Handler {
public:
    virtual ~Handler() = default;
    static constexpr size_t nothing = 0;                      // Do not answer.
    static constexpr size_t later = static_cast<size_t>(-1);  // answer_later() will.
    // The answer's size, written into `buffer` of `limit` bytes.
    virtual size_t answer(std::string_view question, char* buffer, size_t limit, bool over_tcp) = 0;
    // The answer, or empty for none. Only called after answer() said `later`.
    virtual Task<std::string> answer_later(std::string question, bool over_tcp);
};

// Written by one loop, read by any.
struct EndpointCounters {
    std::atomic<uint64_t> udp_questions = 0, tcp_questions = 0, udp_dropped = 0, connections = 0,
                          connections_refused = 0;
};

struct EndpointSockets {
    Fd udp, tcp;
    net::Address address;  // With the port that was chosen.
};
// Opens both sockets, bound whether or not the namespace has the address yet. With port 0 both get
// the same free port. Errors as in net/socket.h.
Result<EndpointSockets> open_sockets(const std::string& network, const net::Address& address);

class Endpoint {
public:
    // Serves from construction on. `handler` and `counters` outlive it.
    Endpoint(Loop& loop, EndpointSockets sockets, Handler& handler, EndpointCounters& counters,
             size_t most_connections = 128);
    Endpoint(const Endpoint&) = delete;
    // Ends all connections and waits for them; needed before destruction. On the endpoint's loop.
    Task<void> stop();

    const net::Address& address() const { return address_; }

private:
    struct Batch;
    static Task<void> serve_udp(Endpoint& self);
    static Task<void> serve_tcp(Endpoint& self);
    static Task<void> serve_connection(Endpoint& self, Fd fd);
    static Task<void> answer_one_later(Endpoint& self, std::string question, sockaddr_storage peer,
                                       socklen_t peer_size);
    void answer_batch(Batch& batch, size_t count);
    void send_batch(Batch& batch, size_t count);

    Loop& loop_;
    Handler& handler_;
    EndpointCounters& counters_;
    net::Address address_;
    Io udp_, tcp_;
    size_t most_connections_;
    size_t open_connections_ = 0;
    size_t later_ = 0;
    Stop stop_;
    Scope scope_;
};

// Runs `work` on `there` and goes on, on the caller's own loop, when it is done. The second form
// runs the task that `make` returns to its end.
Task<void> run_on(Loop& there, std::function<void()> work);
Task<void> run_task_on(Loop& there, std::function<Task<void>()> make);

}  // namespace unkai::planes::dns
