#include "wire/mysql.h"

#include <algorithm>

namespace unkai::wire::mysql {

namespace {

constexpr size_t longest_part = 0xFFFFFF;

enum Capability : uint32_t {
    long_password = 1,
    long_flag = 4,
    connect_with_database = 8,
    protocol_41 = 0x200,
    transactions = 0x2000,
    secure_connection = 0x8000,
    plugin_auth = 0x80000,
};

Unexpected broken(std::string what) {
    return fail("MySqlProtocol", "The MySQL server broke the protocol: " + std::move(what) + ".");
}

// Reads a payload from its front; `bad` once anything was missing, and then only zeros come.
class Reader {
public:
    explicit Reader(std::string_view bytes) : left_(bytes) {}
    bool bad() const { return bad_; }
    size_t left() const { return left_.size(); }

    std::string_view bytes(size_t count) {
        if (count > left_.size()) {
            bad_ = true;
            count = left_.size();
        }
        const std::string_view taken = left_.substr(0, count);
        left_.remove_prefix(count);
        return taken;
    }
    uint64_t number(size_t width) {
        uint64_t value = 0;
        const std::string_view raw = bytes(width);
        for (size_t i = raw.size(); i-- > 0;) value = value << 8 | static_cast<uint8_t>(raw[i]);
        return value;
    }
    std::string_view until_zero() {
        const size_t end = left_.find('\0');
        if (end == std::string_view::npos) return bytes(left_.size());
        const std::string_view text = bytes(end);
        bytes(1);
        return text;
    }
    // A length-encoded integer; nullopt is the mark of NULL.
    std::optional<uint64_t> length() {
        const auto first = static_cast<uint8_t>(number(1));
        if (first < 0xFB) return first;
        if (first == 0xFB) return std::nullopt;
        if (first == 0xFC) return number(2);
        if (first == 0xFD) return number(3);
        if (first == 0xFE) return number(8);
        bad_ = true;
        return 0;
    }
    std::optional<std::string_view> text() {
        const auto size = length();
        if (!size) return std::nullopt;
        return bytes(static_cast<size_t>(std::min<uint64_t>(*size, left_.size() + 1)));
    }

private:
    std::string_view left_;
    bool bad_ = false;
};

void put(std::string& out, uint64_t value, size_t width) {
    for (size_t i = 0; i < width; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

bool is_error(std::string_view payload) { return !payload.empty() && payload[0] == '\xFF'; }
bool is_end(std::string_view payload) { return payload.size() < 9 && payload[0] == '\xFE'; }

Error server_error(std::string_view payload) {
    Reader reader(payload.substr(1));
    const auto number = reader.number(2);
    std::string_view message = reader.bytes(reader.left());
    if (message.starts_with('#')) message.remove_prefix(std::min<size_t>(6, message.size()));
    return Error{"MySql" + std::to_string(number), std::string(message), 400, {}};
}

}  // namespace

std::optional<std::string> Reply::first(std::string_view column) const {
    const auto found = std::find(columns.begin(), columns.end(), column);
    if (rows.empty() || found == columns.end()) return std::nullopt;
    return rows[0][static_cast<size_t>(found - columns.begin())];
}

Connection::Connection(Login login, Limits limits) : login_(std::move(login)), limits_(limits) {}

Status Connection::receive(std::string_view bytes) {
    input_.append(bytes);
    size_t at = 0;
    while (input_.size() - at >= 4) {
        Reader header(std::string_view(input_).substr(at, 4));
        const auto size = static_cast<size_t>(header.number(3));
        const auto sequence = static_cast<uint8_t>(header.number(1));
        if (assembled_.size() + size > limits_.reply_bytes) return broken("a packet is too long");
        if (input_.size() - at < 4 + size) break;
        if (state_ != State::greeting && sequence != sequence_)
            return broken("a packet came out of order");
        sequence_ = static_cast<uint8_t>(sequence + 1);
        const std::string_view part = std::string_view(input_).substr(at + 4, size);
        at += 4 + size;
        if (size == longest_part || !assembled_.empty()) assembled_.append(part);
        if (size == longest_part) continue;
        const std::string whole = std::exchange(assembled_, {});
        REQUIRE(packet(whole.empty() ? part : std::string_view(whole)));
    }
    input_.erase(0, at);
    return ok();
}

Status Connection::packet(std::string_view payload) {
    if (payload.empty()) return broken("an empty packet");
    switch (state_) {
        case State::greeting:
            return greeting(payload);
        case State::login:
            return login_packet(payload);
        case State::idle:
            if (is_error(payload)) return server_error(payload);  // The server is shutting down.
            return broken("it speaks without being asked");
        case State::header:
            return header_packet(payload);
        case State::columns:
        case State::columns_end:
            return column_packet(payload);
        case State::rows:
            return row_packet(payload);
    }
    return ok();
}

Status Connection::greeting(std::string_view payload) {
    if (is_error(payload)) return server_error(payload);  // For example 1040, too many connections.
    Reader reader(payload);
    if (reader.number(1) != 10) return broken("its greeting is not of version 10");
    version_ = reader.until_zero();
    reader.bytes(4);
    nonce_ = reader.bytes(8);
    reader.bytes(1 + 2 + 1 + 2 + 2);
    const auto nonce_size = static_cast<size_t>(reader.number(1));
    reader.bytes(10);
    nonce_ += reader.bytes(std::max<size_t>(13, nonce_size < 8 ? 0 : nonce_size - 8));
    if (nonce_.ends_with('\0')) nonce_.pop_back();
    plugin_ = reader.until_zero();
    if (reader.bad() || nonce_.size() < 20) return broken("its greeting is cut short");

    uint32_t wanted =
        long_password | long_flag | protocol_41 | transactions | secure_connection | plugin_auth;
    if (!login_.database.empty()) wanted |= connect_with_database;
    if (plugin_ != "caching_sha2_password") plugin_ = "mysql_native_password";
    TRY(const std::string answer, login_.answer(plugin_, nonce_));
    std::string out;
    put(out, wanted, 4);
    put(out, longest_part, 4);
    put(out, 45, 1);  // utf8mb4_general_ci, known to every server
    out.append(23, '\0');
    out += login_.user + '\0';
    put(out, answer.size(), 1);
    out += answer;
    if (!login_.database.empty()) out += login_.database + '\0';
    out += plugin_ + '\0';
    send(out);
    state_ = State::login;
    return ok();
}

Status Connection::answer_plugin(std::string_view plugin) {
    plugin_ = plugin;
    TRY(const std::string answer, login_.answer(plugin_, nonce_));
    send(answer);
    return ok();
}

Status Connection::login_packet(std::string_view payload) {
    if (is_error(payload)) return fail("MySqlLogin", server_error(payload).message, 403);
    Reader reader(payload.substr(1));
    switch (static_cast<uint8_t>(payload[0])) {
        case 0x00:
            state_ = State::idle;
            return ok();
        case 0xFE: {  // Switch to another plugin.
            const std::string plugin(reader.until_zero());
            if (reader.left() > 0) nonce_ = reader.bytes(reader.left());
            if (nonce_.ends_with('\0')) nonce_.pop_back();
            if (plugin == "mysql_clear_password" && !login_.private_transport)
                return fail("MySqlLogin",
                            "The server asks for the password in clear text; connect by TLS.", 403);
            return answer_plugin(plugin);
        }
        case 0x01: {
            const auto step = reader.number(1);
            if (plugin_ != "caching_sha2_password") return broken("its login has an unknown step");
            if (step == 3) return ok();  // The password was in its cache; an OK follows.
            if (step != 4) return broken("its login has an unknown step");
            if (!login_.private_transport)
                return fail("MySqlLogin", "caching_sha2_password needs TLS or a unix socket here.",
                            403);
            TRY(const std::string clear, login_.answer("mysql_clear_password", nonce_));
            send(clear);
            return ok();
        }
        default:
            return broken("its login has an unknown step");
    }
}

Status Connection::header_packet(std::string_view payload) {
    Reader reader(payload);
    if (is_error(payload)) {
        finish(server_error(payload));
        return ok();
    }
    if (payload[0] == '\0') {
        reader.bytes(1);
        building_.affected_rows = reader.length().value_or(0);
        building_.last_insert_id = reader.length().value_or(0);
        reader.bytes(2);
        building_.warnings = static_cast<uint16_t>(reader.number(2));
        if (reader.bad()) return broken("an OK packet is cut short");
        finish(std::move(building_));
        return ok();
    }
    const auto columns = reader.length();
    if (!columns) return broken("it asks for a local file, which is never sent");
    if (*columns == 0 || *columns > 4096)
        return broken("a result has an impossible number of columns");
    columns_left_ = *columns;
    state_ = State::columns;
    return ok();
}

Status Connection::column_packet(std::string_view payload) {
    if (state_ == State::columns_end) {
        if (!is_end(payload)) return broken("the end of the columns is missing");
        state_ = State::rows;
        return ok();
    }
    Reader reader(payload);
    for (int skipped = 0; skipped < 4; ++skipped)
        reader.text();  // catalogue, schema, table, its origin
    const auto name = reader.text();
    if (reader.bad() || !name) return broken("a column is cut short");
    building_.columns.emplace_back(*name);
    if (--columns_left_ == 0) state_ = State::columns_end;
    return ok();
}

Status Connection::row_packet(std::string_view payload) {
    if (is_error(payload)) {
        finish(server_error(payload));
        return ok();
    }
    if (is_end(payload)) {
        finish(std::move(building_));
        return ok();
    }
    reply_size_ += payload.size();
    if (reply_size_ > limits_.reply_bytes || building_.rows.size() >= limits_.reply_rows)
        return broken("a result is larger than the limit");
    Reader reader(payload);
    Row& row = building_.rows.emplace_back();
    for (size_t i = 0; i < building_.columns.size(); ++i) {
        const auto value = reader.text();
        row.push_back(value ? std::optional<std::string>(*value) : std::nullopt);
    }
    if (reader.bad()) return broken("a row is cut short");
    return ok();
}

void Connection::query(std::string_view sql) { command('\x03', sql); }
void Connection::ping() { command('\x0E', {}); }

void Connection::command(char number, std::string_view text) {
    CHECK(ready(), "a MySQL command on a connection that is not ready");
    sequence_ = 0;
    reply_size_ = 0;
    building_ = Reply{};
    reply_.reset();
    send(std::string(1, number).append(text));
    state_ = State::header;
}

void Connection::finish(Result<Reply> reply) {
    state_ = State::idle;
    reply_.emplace(std::move(reply));
    building_ = Reply{};
}

void Connection::send(std::string_view payload) {
    while (true) {
        const std::string_view part = payload.substr(0, longest_part);
        put(output_, part.size(), 3);
        put(output_, sequence_++, 1);
        output_ += part;
        payload.remove_prefix(part.size());
        if (part.size() < longest_part) return;
    }
}

std::string quote(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\0')
            out += "\\0";
        else if (c == '\n')
            out += "\\n";
        else if (c == '\x1A')
            out += "\\Z";
        else if (c == '\'' || c == '\\')
            (out += '\\') += c;
        else
            out += c;
    }
    return out += '\'';
}

std::string quote_name(std::string_view name) {
    std::string out = "`";
    for (const char c : name) (c == '`' ? out += '`' : out) += c;
    return out += '`';
}

}  // namespace unkai::wire::mysql
