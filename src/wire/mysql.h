// MySQL client protocol, sans-I/O: login and text queries, enough to administer a server.
//
//     Connection connection({.user = "root", .answer = my_answer});
//     loop: connection.receive(bytes_read);            // an error: the connection is of no use any
//     more
//           write(connection.take_output());
//           if (connection.ready()) connection.query("SELECT 1");
//           if (auto reply = connection.take_reply()) …
//
// Owns no socket, knows no clock, blocks on nothing. One command at a time.
// Errors: "MySqlProtocol" when the peer does not speak the protocol or a limit is passed (the
// connection is then of no use), "MySqlLogin" when the login is refused, "MySql<number>" (for
// example MySql1290) for an error that the server answers to a command; its message is the
// server's. Cost: rows are copied once out of the input. Protocol: dev.mysql.com, MySQL Internals,
// "Client/Server Protocol" (handshake v10, protocol 4.1).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace unkai::wire::mysql {

using Row = std::vector<std::optional<std::string>>;  // nullopt is NULL

struct Reply {
    std::vector<std::string> columns;  // Empty for statements that answer no rows.
    std::vector<Row> rows;
    uint64_t affected_rows = 0;
    uint64_t last_insert_id = 0;
    uint16_t warnings = 0;

    // The value in `column` of the first row; nullopt: no such row or column, or NULL.
    std::optional<std::string> first(std::string_view column) const;
};

struct Limits {
    size_t reply_bytes = 16 << 20;
    size_t reply_rows = 100000;
};

struct Login {
    std::string user;
    std::string database;
    // The answer of an authentication plugin ("mysql_native_password", "caching_sha2_password",
    // "mysql_clear_password") to the server's nonce. An empty string means no password. Passwords
    // and their hashes stay with the caller.
    std::function<Result<std::string>(std::string_view plugin, std::string_view nonce)> answer;
    // True on a unix socket or inside TLS: the clear password may be sent when the plugin asks for
    // it.
    bool private_transport = false;
};

class Connection {
public:
    explicit Connection(Login login, Limits limits = {});

    // Takes bytes that were read. After an error nothing else may be called.
    Status receive(std::string_view bytes);
    // What is to be written now; often empty.
    std::string take_output() { return std::exchange(output_, {}); }

    bool greeted() const { return state_ != State::greeting; }
    bool ready() const { return state_ == State::idle; }  // Logged in, and no command is running.
    const std::string& server_version() const { return version_; }

    // Only when ready().
    void query(std::string_view sql);
    void ping();
    // The reply of the last command when it is complete, once.
    std::optional<Result<Reply>> take_reply() { return std::exchange(reply_, std::nullopt); }

private:
    enum class State { greeting, login, idle, header, columns, columns_end, rows };

    Status packet(std::string_view payload);
    Status greeting(std::string_view payload);
    Status login_packet(std::string_view payload);
    Status header_packet(std::string_view payload);
    Status column_packet(std::string_view payload);
    Status row_packet(std::string_view payload);
    Status answer_plugin(std::string_view plugin);
    void command(char number, std::string_view text);
    void finish(Result<Reply> reply);
    void send(std::string_view payload);

    Login login_;
    Limits limits_;
    State state_ = State::greeting;
    std::string input_;
    std::string assembled_;  // The parts of a packet that is longer than 16 MiB.
    std::string output_;
    std::string version_;
    std::string nonce_;
    std::string plugin_;
    uint8_t sequence_ = 0;
    uint64_t columns_left_ = 0;
    size_t reply_size_ = 0;
    Reply building_;
    std::optional<Result<Reply>> reply_;
};

// A string as an SQL literal, quotes included, safe under any sql_mode but NO_BACKSLASH_ESCAPES.
std::string quote(std::string_view text);
// An identifier in backquotes.
std::string quote_name(std::string_view name);

}  // namespace unkai::wire::mysql
