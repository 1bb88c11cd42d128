#include "planes/mysql/session.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "planes/mysql/password.h"

namespace unkai::planes::mysql {

static Unexpected lost(const std::string& why) {
    return fail("ConnectionFailed", "The connection to the database was lost: " + why + ".", 503);
}

Task<Result<Session>> Session::open(Loop& loop, Target target, Steady deadline, Stop* stop) {
    CO_TRY(Io io,
           co_await net::open_connection(loop, target.network, target.address, deadline, stop));
    wire::mysql::Login login{
        .user = target.user,
        .answer = [password = target.password](
                      std::string_view plugin,
                      std::string_view nonce) { return answer_login(password, plugin, nonce); },
        .private_transport = target.address.family() == AF_UNIX};
    Session session(std::move(io), std::make_unique<wire::mysql::Connection>(std::move(login)));
    CO_REQUIRE(co_await session.exchange(deadline, stop));
    co_return std::move(session);
}

Task<Result<wire::mysql::Reply>> Session::query(std::string sql, Steady deadline, Stop* stop) {
    connection_->query(sql);
    CO_REQUIRE(co_await exchange(deadline, stop));
    auto reply = connection_->take_reply();
    CHECK(reply.has_value(), "a MySQL command ended without a reply");
    co_return std::move(*reply);
}

// Writes what is to be written and reads until the connection is ready.
Task<Status> Session::exchange(Steady deadline, Stop* stop) {
    std::string pending;
    std::string buffer(16 << 10, '\0');
    while (true) {
        pending += connection_->take_output();
        while (!pending.empty()) {
            const ssize_t sent = ::send(io_.fd(), pending.data(), pending.size(), MSG_NOSIGNAL);
            if (sent > 0)
                pending.erase(0, static_cast<size_t>(sent));
            else if (errno == EAGAIN) {
                if (co_await io_.writable(deadline, stop) != Wake::ready)
                    co_return lost("it took too long");
            } else if (errno != EINTR)
                co_return lost(std::strerror(errno));
        }
        if (connection_->ready()) co_return ok();
        const ssize_t got = ::read(io_.fd(), buffer.data(), buffer.size());
        if (got == 0) co_return lost("the server closed it");
        if (got > 0) {
            CO_REQUIRE(
                connection_->receive(std::string_view(buffer).substr(0, static_cast<size_t>(got))));
            continue;
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN) co_return lost(std::strerror(errno));
        const Wake wake = co_await io_.readable(deadline, stop);
        if (wake == Wake::timed_out) co_return lost("it took too long");
        if (wake == Wake::stopped) co_return lost("it was stopped");
    }
}

}  // namespace unkai::planes::mysql
