#include "planes/proxy/rules.h"

#include <gtest/gtest.h>

#include "planes/proxy/counters.h"

namespace unkai::planes::proxy {

TEST(Rules, ConditionsMatchAsAlbSays) {
    using Kind = Condition::Kind;
    const net::Headers headers{{"User-Agent", "Mozilla/5.0 Chrome"}, {"X-A", "1"}, {"x-a", "2"}};
    const Subject subject{"GET",        "Shop.Example.com:8080",
                          "/img/a.png", "v=1&Name=%41da",
                          &headers,     *net::Address::parse("10.1.2.3", 999)};
    struct Case {
        Condition condition;
        bool wanted;
    };
    const Case cases[] = {
        {{.kind = Kind::host, .values = {"shop.example.com"}}, true},
        {{.kind = Kind::host, .values = {"*.example.com"}}, true},
        {{.kind = Kind::host, .values = {"example.com"}}, false},
        {{.kind = Kind::path, .values = {"/img/*"}}, true},
        {{.kind = Kind::path, .values = {"/IMG/*"}}, false},
        {{.kind = Kind::path, .values = {"/x", "/img/?.png"}}, true},
        {{.kind = Kind::header, .name = "user-agent", .values = {"*chrome*"}}, true},
        {{.kind = Kind::header, .name = "X-A", .values = {"2"}}, true},
        {{.kind = Kind::header, .name = "X-B", .values = {"*"}}, false},
        {{.kind = Kind::method, .values = {"POST", "GET"}}, true},
        {{.kind = Kind::method, .values = {"get"}}, false},
        {{.kind = Kind::query, .queries = {{"v", "1"}}}, true},
        {{.kind = Kind::query, .queries = {{"name", "ada"}}}, true},
        {{.kind = Kind::query, .queries = {{"", "2"}}}, false},
        {{.kind = Kind::source_ip, .networks = {*Cidr::parse("10.1.0.0/16")}}, true},
        {{.kind = Kind::source_ip, .networks = {*Cidr::parse("10.1.2.0/31")}}, false},
        {{.kind = Kind::source_ip, .networks = {*Cidr::parse("::/0")}}, false},
        {{.kind = Kind::source_ip, .networks = {*Cidr::parse("0.0.0.0/0")}}, true},
    };
    for (const Case& one : cases)
        EXPECT_EQ(matches(one.condition, subject), one.wanted) << (&one - cases);
    for (const char* bad : {"", "10.0.0.0/33", "10.0.0/8", "x", "10.0.0.0/-1", "::/129"})
        EXPECT_FALSE(Cidr::parse(bad)) << bad;
}

TEST(Rules, RedirectsFillTheirPlaces) {
    const Redirect same;
    EXPECT_EQ(location(same, "http", "a.com:81", 81, "/x/y", "q=1"), "http://a.com:81/x/y?q=1");
    EXPECT_EQ(location({.protocol = "HTTPS", .port = "443"}, "http", "a.com", 80, "/", ""),
              "https://a.com:443/");
    EXPECT_EQ(
        location({.host = "www.#{host}", .path = "/v2/#{path}", .query = "from=#{host}&#{query}"},
                 "https", "a.com", 443, "/x", "y"),
        "https://www.a.com:443/v2/x?from=a.com&y");
    // What a client sends is not filled in again.
    EXPECT_EQ(location(same, "http", "a", 80, "/#{host}", ""), "http://a:80/#{host}");
}

TEST(Rules, ForwardedHeaders) {
    EXPECT_EQ(forwarded_host("a.com:8080", 8080, false), "a.com:8080");
    EXPECT_EQ(forwarded_host("a.com", 8080, false), "a.com:8080");
    EXPECT_EQ(forwarded_host("a.com:443", 443, false), "a.com");
    EXPECT_EQ(forwarded_host("a.com:443", 443, true), "a.com:443");
    const net::Peer client{.address = *net::Address::parse("192.0.2.7", 1234), .ip = "192.0.2.7"};
    EXPECT_EQ(forwarded_for("", client, false), "192.0.2.7");
    EXPECT_EQ(forwarded_for("10.0.0.1, 10.0.0.2", client, true),
              "10.0.0.1, 10.0.0.2, 192.0.2.7:1234");
    const Time now{std::chrono::seconds(0x67000000)};
    const std::string random = "00000000000000ab0000000c";
    EXPECT_EQ(trace_id("", now, 0xab, 12), "Root=1-67000000-" + random);
    EXPECT_EQ(trace_id("Root=1-x", now, 0xab, 12), "Self=1-67000000-" + random + ";Root=1-x");
}

TEST(Rules, MatchersAndCookies) {
    EXPECT_TRUE(status_matches("200", 200));
    EXPECT_TRUE(status_matches("200-299,404", 404));
    EXPECT_FALSE(status_matches("200-299", 302));
    EXPECT_FALSE(check_matcher("200-"));
    EXPECT_FALSE(check_matcher("500"));
    EXPECT_FALSE(check_matcher("x"));
    EXPECT_TRUE(check_matcher("200,301-302"));
    const net::Headers headers{{"Cookie", "AWSALBTG=no; AWSALB=word"}};
    EXPECT_EQ(cookie(headers, "AWSALB"), "word");
    EXPECT_EQ(cookie(headers, "AWS"), "");
    EXPECT_NE(sticky_word("10.0.0.1:80"), sticky_word("10.0.0.2:80"));
}

TEST(Counters, QuantilesLieWithinAQuarterOctave) {
    Histogram histogram;
    for (int i = 1; i <= 1000; ++i) histogram.add(Duration{i * 100});
    EXPECT_NEAR(static_cast<double>(histogram.quantile(0.5).count()), 50000, 10000);
    EXPECT_NEAR(static_cast<double>(histogram.quantile(0.99).count()), 99000, 20000);
    EXPECT_EQ(histogram.most, Duration{100000});
}

}  // namespace unkai::planes::proxy
