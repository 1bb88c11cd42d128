#include "wire/http1.h"

#include <gtest/gtest.h>

namespace unkai::wire {

namespace {

struct Parsed {
    Parse outcome = Parse::need_more;
    int fault = 0;
    std::string method, target, authority;
    Framing framing;
    bool keep_alive = true;
};

Parsed parse_request(const std::string& text) {
    HeadParser parser(HeadParser::Kind::request);
    Parsed parsed;
    parsed.outcome = parser.parse(text);
    RequestHead head;
    if (parsed.outcome == Parse::complete && !parser.request(text, head))
        parsed.outcome = Parse::bad;
    if (parsed.outcome == Parse::bad) parsed.fault = parser.fault().status;
    if (parsed.outcome != Parse::complete) return parsed;
    parsed.method = head.method;
    parsed.target = head.target;
    parsed.authority = head.authority;
    parsed.framing = head.framing;
    parsed.keep_alive = head.keep_alive;
    return parsed;
}

std::string with_headers(const std::string& lines) {
    return "POST / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n";
}

}  // namespace

struct Hostile {
    const char* name;
    std::string text;
    int fault;
};

TEST(Http1Request, RefusesWhatParsersDisagreeAbout) {
    const std::string long_value(17000, 'v');
    const Hostile cases[] = {
        {"bare LF", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400},
        {"bare LF in headers", "GET / HTTP/1.1\r\nHost: a\n\r\n", 400},
        {"bare LF ends the head", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400},
        {"bare CR in a value", with_headers("X: a\rb\r\n"), 400},
        {"bare CR before CRLF", with_headers("X: a\r\r\n"), 400},
        {"folded", with_headers("X: a\r\n b\r\n"), 400},
        {"folded by tab", with_headers("X: a\r\n\tb\r\n"), 400},
        {"space before colon", with_headers("Content-Length : 5\r\n"), 400},
        {"no colon", with_headers("Content-Length\r\n"), 400},
        {"empty name", with_headers(": x\r\n"), 400},
        {"NUL in a name", with_headers(std::string("A\0B: x\r\n", 8)), 400},
        {"NUL in a value", with_headers(std::string("A: x\0y\r\n", 8)), 400},
        {"DEL in a value", with_headers("A: x\x7fy\r\n"), 400},
        {"non-ASCII name", with_headers("\xc3\xa4: x\r\n"), 400},
        {"two lengths", with_headers("Content-Length: 5\r\nContent-Length: 5\r\n"), 400},
        {"conflicting lengths", with_headers("Content-Length: 5\r\ncontent-length: 6\r\n"), 400},
        {"list of lengths", with_headers("Content-Length: 5, 5\r\n"), 400},
        {"signed length", with_headers("Content-Length: +5\r\n"), 400},
        {"negative length", with_headers("Content-Length: -5\r\n"), 400},
        {"hexadecimal length", with_headers("Content-Length: 0x5\r\n"), 400},
        {"empty length", with_headers("Content-Length:\r\n"), 400},
        {"huge length", with_headers("Content-Length: 99999999999999999999\r\n"), 400},
        {"length and chunked", with_headers("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
         400},
        {"two codings",
         with_headers("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
        {"coding list", with_headers("Transfer-Encoding: gzip, chunked\r\n"), 501},
        {"coding with tail", with_headers("Transfer-Encoding: chunked;q=1\r\n"), 501},
        {"vertical tab in coding",
         with_headers("Transfer-Encoding: \x0b"
                      "chunked\r\n"),
         400},
        {"chunked in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
        {"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
        {"host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
        {"host with user", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400},
        {"host list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
        {"absolute form of another host", "GET http://evil/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"absolute form of another scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"authority form", "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", 400},
        {"asterisk of GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"relative target", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"tab as separator", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"no version", "GET /\r\nHost: a\r\n\r\n", 400},
        {"lower-case version", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
        {"future version", "GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505},
        {"version 1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
        {"method not a token", "GE(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"endless method", std::string(40, 'A') + " / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"two empty lines first", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"long line", "GET /" + std::string(17000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
        {"long line without end", "GET /" + std::string(17000, 'a'), 414},
        {"long header", with_headers("X: " + long_value + "\r\n"), 431},
        {"long header without end", "GET / HTTP/1.1\r\nX: " + long_value, 431},
    };
    for (const Hostile& hostile : cases) {
        const Parsed parsed = parse_request(hostile.text);
        EXPECT_EQ(parsed.outcome, Parse::bad) << hostile.name;
        EXPECT_EQ(parsed.fault, hostile.fault) << hostile.name;
    }
}

TEST(Http1Request, LimitsCountAndTotal) {
    std::string many, large;
    for (int i = 0; i < 100; ++i) many += "X: y\r\n";
    for (int i = 0; i < 5; ++i) large += "X: " + std::string(15000, 'v') + "\r\n";
    EXPECT_EQ(parse_request(with_headers(many)).fault, 431);
    EXPECT_EQ(parse_request(with_headers(many.substr(6))).outcome, Parse::complete);
    EXPECT_EQ(parse_request(with_headers(large)).fault, 431);
}

TEST(Http1Request, AcceptsWhatIsMeant) {
    struct Good {
        const char* text;
        const char* method;
        const char* target;
        const char* authority;
        Framing framing;
        bool keep_alive;
    };
    using Kind = Framing::Kind;
    const Good cases[] = {
        {"GET /a?b=c HTTP/1.1\r\nHost: x:80\r\n\r\n", "GET", "/a?b=c", "x:80", {}, true},
        {"\r\nGET / HTTP/1.1\r\nHost:\t x \t\r\n\r\n", "GET", "/", "x", {}, true},
        {"GET / HTTP/1.0\r\n\r\n", "GET", "/", "", {}, false},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "GET", "/", "", {}, true},
        {"GET / HTTP/1.1\r\nHost: x\r\nConnection: foo, Close\r\n\r\n", "GET", "/", "x", {}, false},
        {"GET http://x/y HTTP/1.1\r\nHost: x\r\n\r\n", "GET", "/y", "x", {}, true},
        {"GET http://x HTTP/1.1\r\nHost: X\r\n\r\n", "GET", "/", "x", {}, true},
        {"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "OPTIONS", "*", "x", {}, true},
        {"GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET", "/", "", {}, true},
        {"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 007\r\n\r\n",
         "PUT",
         "/",
         "x",
         {Kind::length, 7},
         true},
        {"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n",
         "PUT",
         "/",
         "x",
         {Kind::chunked, 0},
         true},
        {"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "PUT", "/", "x", {}, true},
    };
    for (const Good& good : cases) {
        const Parsed parsed = parse_request(good.text);
        ASSERT_EQ(parsed.outcome, Parse::complete) << good.text;
        EXPECT_EQ(parsed.method, good.method) << good.text;
        EXPECT_EQ(parsed.target, good.target) << good.text;
        EXPECT_EQ(parsed.authority, good.authority) << good.text;
        EXPECT_EQ(parsed.framing.kind, good.framing.kind) << good.text;
        EXPECT_EQ(parsed.framing.length, good.framing.length) << good.text;
        EXPECT_EQ(parsed.keep_alive, good.keep_alive) << good.text;
    }
}

TEST(Http1Request, SameResultHoweverItArrives) {
    const std::string text =
        "POST /x?y HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc";
    HeadParser parser(HeadParser::Kind::request);
    for (size_t size = 0; size + 3 < text.size(); ++size) {
        const std::string moved = text.substr(0, size);  // A new place each time.
        ASSERT_EQ(parser.parse(moved), Parse::need_more) << size;
    }
    ASSERT_EQ(parser.parse(text), Parse::complete);
    EXPECT_EQ(parser.size(), text.size() - 3);
    RequestHead head;
    ASSERT_TRUE(parser.request(text, head));
    EXPECT_EQ(head.path, "/x");
    EXPECT_EQ(head.query, "y");
    EXPECT_TRUE(head.expects_continue);
    EXPECT_EQ(head.headers.value("HOST"), "h");
    parser.reset();
    EXPECT_TRUE(parser.fresh());
}

TEST(Http1Response, ReadsStatusAndFraming) {
    struct Case {
        const char* text;
        int status;
        Framing::Kind framing;
        bool keep_alive;
    };
    using Kind = Framing::Kind;
    const Case cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200, Kind::length, true},
        {"HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n", 200, Kind::chunked, true},
        {"HTTP/1.1 200 \r\n\r\n", 200, Kind::until_close, false},
        {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", 200, Kind::length, false},
        {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, Kind::none, true},
        {"HTTP/1.1 204 x\r\n\r\n", 204, Kind::none, true},
        {"HTTP/1.1 101 Switching Protocols\r\n\r\n", 101, Kind::none, true},
    };
    for (const Case& good : cases) {
        HeadParser parser(HeadParser::Kind::response);
        ResponseHead head;
        ASSERT_EQ(parser.parse(good.text), Parse::complete) << good.text;
        ASSERT_TRUE(parser.response(good.text, head)) << good.text;
        EXPECT_EQ(head.status, good.status) << good.text;
        EXPECT_EQ(head.framing.kind, good.framing) << good.text;
        EXPECT_EQ(head.keep_alive, good.keep_alive) << good.text;
    }
    for (const char* bad : {"HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "200 OK\r\n\r\n",
                            "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 200 O\x01K\r\n\r\n",
                            "\r\nHTTP/1.1 200 OK\r\n\r\n"}) {
        HeadParser parser(HeadParser::Kind::response);
        EXPECT_EQ(parser.parse(bad), Parse::bad) << bad;
    }
}

namespace {

// The decoded body; "!" when refused, "…" when it wants more. `step` bytes at a time.
std::string decode(const std::string& input, size_t step, Headers* trailers = nullptr) {
    ChunkedDecoder decoder;
    std::string body, waiting;
    for (size_t at = 0; at <= input.size(); at += step) {
        waiting += input.substr(at, step);
        while (true) {
            const auto output = decoder.decode(waiting);
            body += output.piece;
            waiting.erase(0, output.consumed);
            if (output.step == ChunkedDecoder::Step::bad) return "!";
            if (output.step == ChunkedDecoder::Step::end) {
                if (trailers != nullptr) *trailers = decoder.trailers();
                return body + (waiting.empty() && at + step >= input.size() ? "" : "+");
            }
            if (output.step == ChunkedDecoder::Step::need_more) break;
        }
    }
    return body + "…";
}

}  // namespace

TEST(Chunked, DecodesOrRefuses) {
    const std::pair<std::string, std::string> cases[] = {
        {"3\r\nabc\r\n0\r\n\r\n", "abc"},
        {"0\r\n\r\n", ""},
        {"A;x=y\r\n0123456789\r\n00\r\n\r\n", "0123456789"},
        {"1\r\na\r\n2\r\nbc\r\n0\r\nX: y\r\n\r\n", "abc"},
        {"3\r\nab", "ab…"},
        {"\r\n", "!"},
        {"g\r\n", "!"},
        {" 3\r\nabc\r\n", "!"},
        {"3 \r\nabc\r\n", "!"},
        {"0x3\r\nabc\r\n", "!"},
        {"-1\r\n", "!"},
        {"+3\r\nabc\r\n", "!"},
        {"3\nabc\r\n", "!"},
        {"3\r\nabcd\r\n", "!"},
        {"3\r\nabc\n0\r\n\r\n", "!"},
        {"3\r\nabc0\r\n\r\n", "!"},
        {"FFFFFFFFFFFFFFFFF\r\n", "!"},
        {"3;\n\r\nabc\r\n", "!"},
        {"3;" + std::string(2000, 'x') + "\r\nabc\r\n", "!"},
        {"0\r\nX : y\r\n\r\n", "!"},
        {"0\r\nX: y\n\r\n", "!"},
        {"0\r\nX: " + std::string(20000, 'y') + "\r\n\r\n", "!"},
    };
    for (const auto& [input, wanted] : cases)
        for (const size_t step : {size_t{1}, size_t{2}, size_t{7}, size_t{100000}})
            EXPECT_EQ(decode(input, step), wanted) << input.substr(0, 40) << " by " << step;
}

TEST(Chunked, KeepsTrailersButNotRoutingOnes) {
    Headers trailers;
    EXPECT_EQ(decode("0\r\nx-amz-checksum: ab=\r\nContent-Length: 9\r\n\r\n", 3, &trailers), "");
    EXPECT_EQ(trailers.size(), 1u);
    EXPECT_EQ(trailers.value("X-Amz-Checksum"), "ab=");
    EXPECT_EQ(chunk_head(255).view(), "ff\r\n");
    EXPECT_EQ(chunk_head(1ULL << 63).view(), "8000000000000000\r\n");
}

TEST(Headers, ValuesHoldNoControls) {
    for (const size_t size : {1, 7, 8, 9, 16, 17})
        for (size_t at = 0; at < size; ++at)
            for (int c = 0; c < 256; ++c) {
                std::string value(size, '!');
                value[at] = static_cast<char>(c);
                ASSERT_EQ(is_field_value(value), c == '\t' || (c >= 0x20 && c != 0x7f))
                    << size << ' ' << at << ' ' << c;
            }
    EXPECT_TRUE(is_field_value(""));
}

TEST(Headers, OwnsCopiesAndReplaces) {
    Headers headers{{"A", "1"}, {"b", "2"}, {"a", "3"}};
    EXPECT_EQ(headers.joined("A"), "1, 3");
    headers.set("a", headers.value("b"));
    EXPECT_EQ(headers.size(), 2u);
    EXPECT_EQ(headers.value("A"), "2");
    Headers copy = headers;
    headers.clear();
    headers.add("z", std::string(5000, 'z'));
    EXPECT_EQ(copy.value("b"), "2");
    EXPECT_EQ(copy.remove("B"), 1u);
    EXPECT_FALSE(copy.has("b"));
    copy.add("Connection", "keep-alive , Upgrade");
    EXPECT_TRUE(copy.has_token("connection", "upgrade"));
    EXPECT_FALSE(copy.has_token("connection", "up"));
    Headers moved = std::move(headers);
    EXPECT_EQ(moved.value("z").size(), 5000u);
}

}  // namespace unkai::wire
