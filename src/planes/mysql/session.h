// A connection to a server, on the loop: wire::mysql::Connection with a socket.
#pragma once

#include "net/socket.h"
#include "wire/mysql.h"

namespace unkai::planes::mysql {

class Session {
public:
    struct Target {
        std::string network;  // As of net::open_connection.
        net::Address address;
        std::string user;
        std::string password;  // Empty: none (a unix socket's peer is its own proof).
    };
    // Connects and logs in. `stop` ends it early (ConnectionFailed).
    static Task<Result<Session>> open(Loop& loop, Target target, Steady deadline,
                                      Stop* stop = nullptr);
    // One statement. After an error other than MySql<number> the session is of no use.
    Task<Result<wire::mysql::Reply>> query(std::string sql, Steady deadline, Stop* stop = nullptr);

private:
    Session(Io io, std::unique_ptr<wire::mysql::Connection> connection)
        : io_(std::move(io)), connection_(std::move(connection)) {}
    Task<Status> exchange(Steady deadline, Stop* stop);

    Io io_;
    std::unique_ptr<wire::mysql::Connection> connection_;
};

}  // namespace unkai::planes::mysql
