#include "wire/mysql.h"

#include <gtest/gtest.h>

namespace unkai::wire::mysql {

namespace {

std::string packet(uint8_t sequence, const std::string& payload) {
    std::string out;
    for (int i = 0; i < 3; ++i) out.push_back(static_cast<char>(payload.size() >> (8 * i)));
    out.push_back(static_cast<char>(sequence));
    return out + payload;
}

std::string text(const std::string& value) { return static_cast<char>(value.size()) + value; }

const std::string nonce = "abcdefghijklmnopqrst";

std::string greeting() {
    using namespace std::string_literals;
    return packet(0, "\x0A"s + "10.11.6-MariaDB\0"s + "\1\0\0\0"s + nonce.substr(0, 8) + "\0"s +
                         "\xFE\xF7"s + "\x2D"s + "\2\0"s + "\xFF\x81"s + "\x15"s +
                         std::string(10, '\0') + nonce.substr(8) + "\0"s +
                         "mysql_native_password\0"s);
}

Login login() {
    return {.user = "root",
            .answer = [](std::string_view plugin, std::string_view seen) -> Result<std::string> {
                return std::string(plugin) + ":" + std::string(seen);
            }};
}

const std::string ok_packet("\0\1\2\2\0\0\0", 7);
const std::string end_packet("\xFE\0\0\2\0", 5);
const std::string column = text("def") + text("") + text("t") + text("t") + text("v") + text("v") +
                           "\x0C" + std::string(12, '\0');

Connection logged_in() {
    Connection connection(login());
    EXPECT_TRUE(connection.receive(greeting()));
    EXPECT_NE(connection.take_output().find("mysql_native_password:" + nonce), std::string::npos);
    EXPECT_TRUE(connection.receive(packet(2, ok_packet)));
    EXPECT_TRUE(connection.ready());
    return connection;
}

}  // namespace

TEST(MySql, LogsInByteByByte) {
    Connection connection(login());
    for (const char c : greeting()) ASSERT_TRUE(connection.receive(std::string(1, c)));
    EXPECT_EQ(connection.server_version(), "10.11.6-MariaDB");
    EXPECT_FALSE(connection.take_output().empty());
    for (const char c : packet(2, ok_packet)) ASSERT_TRUE(connection.receive(std::string(1, c)));
    EXPECT_TRUE(connection.ready());
}

TEST(MySql, ReadsRowsAndNull) {
    Connection connection = logged_in();
    connection.query("SELECT v FROM t");
    EXPECT_EQ(connection.take_output(), packet(0, "\x03SELECT v FROM t"));
    ASSERT_TRUE(connection.receive(packet(1, "\x01") + packet(2, column) + packet(3, end_packet) +
                                   packet(4, text("x")) + packet(5, "\xFB") +
                                   packet(6, end_packet)));
    auto reply = connection.take_reply();
    ASSERT_TRUE(reply && *reply);
    ASSERT_EQ((*reply)->rows.size(), 2u);
    EXPECT_EQ((*reply)->first("v"), "x");
    EXPECT_EQ((*reply)->rows[1][0], std::nullopt);
    EXPECT_TRUE(connection.ready());
}

TEST(MySql, AnErrorOfAStatementLeavesTheConnectionReady) {
    Connection connection = logged_in();
    connection.query("INSERT");
    ASSERT_TRUE(connection.receive(packet(1, "\xFF\x0A\x05#HY000The server is read-only")));
    auto reply = connection.take_reply();
    ASSERT_TRUE(reply && !*reply);
    EXPECT_EQ(reply->error().code, "MySql1290");
    EXPECT_EQ(reply->error().message, "The server is read-only");
    EXPECT_TRUE(connection.ready());
}

TEST(MySql, RefusesWhatIsNotTheProtocol) {
    struct Case {
        const char* what;
        std::string bytes;
    };
    using namespace std::string_literals;
    for (const Case& c :
         {Case{"wrong order", packet(7, ok_packet)}, Case{"empty", packet(1, "")},
          Case{"local file", packet(1, "\xFB/etc/passwd")}, Case{"cut OK", packet(1, "\0"s)},
          Case{"too long", "\xFF\xFF\xFF\x01"s + "\xFF"s}}) {
        Connection connection(login(), {.reply_bytes = 1 << 20});
        ASSERT_TRUE(connection.receive(greeting()));
        ASSERT_TRUE(connection.receive(packet(2, ok_packet)));
        connection.query("SELECT 1");
        const Status status = connection.receive(c.bytes);
        ASSERT_FALSE(status) << c.what;
        EXPECT_EQ(status.error().code, "MySqlProtocol") << c.what;
    }
}

TEST(MySql, TheClearPasswordNeedsAPrivateTransport) {
    using namespace std::string_literals;
    Connection connection(login());
    ASSERT_TRUE(connection.receive(greeting()));
    const Status status = connection.receive(packet(2, "\xFEmysql_clear_password\0"s));
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, "MySqlLogin");
}

TEST(MySql, Quotes) {
    EXPECT_EQ(quote("it's a \\ \n"), "'it\\'s a \\\\ \\n'");
    EXPECT_EQ(quote_name("a`b"), "`a``b`");
}

}  // namespace unkai::wire::mysql
