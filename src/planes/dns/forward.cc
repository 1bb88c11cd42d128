#include "planes/dns/forward.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace unkai::planes::dns {

using wire::dns::Message;
using wire::dns::Question;

namespace {

constexpr Duration patience = 2s;
constexpr int attempts = 3;

bool answers(const Message& response, uint16_t id, const Question& question) {
    return response.response && response.id == id && response.questions.size() == 1 &&
           response.questions[0].name == question.name &&
           response.questions[0].type == question.type;
}

Task<Result<Message>> ask_by_udp(Loop& loop, net::Address server, Message query, Stop* stop) {
    CO_TRY(Fd fd, net::open_socket("", server.family(), SOCK_DGRAM));
    if (::connect(fd.get(), server.raw(), server.raw_size()) != 0)
        co_return fail("ConnectionFailed",
                       "The DNS server " + server.text() + " cannot be reached.");
    Io io(loop, std::move(fd));
    const std::string bytes = encode(query);
    if (::send(io.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0)
        co_return fail("ConnectionFailed",
                       "The DNS server " + server.text() + " takes no datagram.");
    const Steady deadline = loop.steady() + patience;
    std::string buffer(wire::dns::most_message, '\0');
    while (true) {
        const ssize_t got = ::recv(io.fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got >= 0) {
            auto response =
                wire::dns::decode(std::string_view(buffer).substr(0, static_cast<size_t>(got)));
            if (response && answers(*response, query.id, query.questions[0]))
                co_return std::move(*response);
            continue;  // Not ours: a forgery, or late. Wait on.
        }
        if (errno != EAGAIN)
            co_return fail("ConnectionFailed",
                           "The DNS server " + server.text() + " refuses questions.");
        if (co_await io.readable(deadline, stop) != Wake::ready)
            co_return fail("UpstreamTimeout",
                           "The DNS server " + server.text() + " does not answer.");
    }
}

Task<Result<Message>> ask_by_tcp(Loop& loop, net::Address server, Message query, Stop* stop) {
    const Steady deadline = loop.steady() + patience;
    CO_TRY(Io io, co_await net::open_connection(loop, "", server, deadline, stop));
    const std::string body = encode(query);
    const std::string bytes =
        std::string{static_cast<char>(body.size() >> 8), static_cast<char>(body.size())} + body;
    if (::send(io.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(bytes.size()))
        co_return fail("ConnectionFailed",
                       "The DNS server " + server.text() + " takes no question over TCP.");
    std::string in;
    size_t wanted = 2;
    while (in.size() < wanted) {
        char piece[4096];
        const ssize_t got = ::read(io.fd(), piece, sizeof piece);
        if (got > 0) in.append(piece, static_cast<size_t>(got));
        if (in.size() >= 2)
            wanted = 2 + (static_cast<size_t>(static_cast<uint8_t>(in[0])) << 8 |
                          static_cast<uint8_t>(in[1]));
        if (got == 0 || (got < 0 && errno != EAGAIN))
            co_return fail("ConnectionFailed", "The DNS server " + server.text() + " hung up.");
        if (got < 0 && co_await io.readable(deadline, stop) != Wake::ready)
            co_return fail("UpstreamTimeout",
                           "The DNS server " + server.text() + " does not answer over TCP.");
    }
    CO_TRY(Message response, wire::dns::decode(std::string_view(in).substr(2, wanted - 2)));
    if (!answers(response, query.id, query.questions[0]))
        co_return fail("ConnectionFailed",
                       "The DNS server " + server.text() + " answered another question.");
    co_return response;
}

}  // namespace

Task<Result<Message>> ask_upstream(Loop& loop, Random& random, std::vector<net::Address> servers,
                                   Question question, Stop* stop) {
    Error last{"UpstreamTimeout", "No upstream DNS server is configured.", 502, {}};
    for (size_t attempt = 0; attempt < attempts && !servers.empty(); ++attempt) {
        if (stop != nullptr && stop->requested()) break;
        const net::Address& server = servers[attempt % servers.size()];
        Message query;
        query.id = static_cast<uint16_t>(random.u64());
        query.recursion_desired = true;
        query.questions = {question};
        query.edns = wire::dns::Edns{};
        auto response = co_await ask_by_udp(loop, server, query, stop);
        if (response && response->truncated)
            response = co_await ask_by_tcp(loop, server, query, stop);
        if (response) co_return response;
        last = std::move(response.error());
    }
    co_return unexpected(std::move(last));
}

}  // namespace unkai::planes::dns
