#include "wire/dns.h"

#include <gtest/gtest.h>

#include <random>

#include "wire/dns_text.h"

namespace unkai::wire::dns {

static Name name(std::string_view text) { return *Name::parse(text); }

TEST(DnsName, ParsesPrintsAndCompares) {
    EXPECT_EQ(name("www.Example.com").wire(), std::string("\3www\7Example\3com\0", 17));
    EXPECT_EQ(name("www.Example.com").text(), "www.Example.com.");
    EXPECT_EQ(name(".").text(), ".");
    EXPECT_EQ(name("a\\.b.c").labels(), 2u);
    EXPECT_EQ(name("a\\.b.c").text(), "a\\046b.c.");
    EXPECT_EQ(Name::parse("\\052.x", Escapes::octal)->text(Escapes::octal), "\\052.x.");
    EXPECT_TRUE(Name::parse("\\052.x", Escapes::octal)->is_wildcard());
    EXPECT_TRUE(name("*.x").is_wildcard());
    EXPECT_TRUE(name("WWW.x") == name("www.X."));
    EXPECT_TRUE(name("a.b.c").is_under(name("b.C")));
    EXPECT_FALSE(name("ab.c").is_under(name("b.c")));
    EXPECT_TRUE(name("b.c").is_under(name("b.c")));
    EXPECT_EQ(name("a.b.c").parent().text(), "b.c.");
}

TEST(DnsName, RefusesWhatIsNoName) {
    for (const std::string& text : {std::string("a..b"), std::string(".a"), std::string(64, 'a'),
                                    std::string("a\\"), std::string("a\\999"), std::string("a\\1")})
        EXPECT_FALSE(Name::parse(text)) << text;
    std::string longest;
    for (int i = 0; i < 4; ++i) longest += std::string(63, 'a') + ".";
    EXPECT_FALSE(Name::parse(longest));
    longest.erase(0, 2);
    EXPECT_TRUE(Name::parse(longest));
    EXPECT_FALSE(Name::from_wire("\3abc"));
    EXPECT_FALSE(Name::from_wire(std::string_view("\0\0", 2)));
}

TEST(DnsText, GoesThereAndBack) {
    const struct {
        Type type;
        std::string_view text, printed;
    } rows[] = {
        {Type::A, "192.0.2.1", "192.0.2.1"},
        {Type::AAAA, "2001:DB8::1", "2001:db8::1"},
        {Type::CNAME, "a.example.com", "a.example.com."},
        {Type::MX, "10 mail.example.com.", "10 mail.example.com."},
        {Type::TXT, "\"a b\" \"c\\\"d\"", "\"a b\" \"c\\\"d\""},
        {Type::TXT, "plain", "\"plain\""},
        {Type::TXT, "\"\"", "\"\""},
        {Type::SRV, "1 2 443 x.y", "1 2 443 x.y."},
        {Type::CAA, "0 issue \"ca.example.com; a=b\"", "0 issue \"ca.example.com; a=b\""},
        {Type::DS, "12345 3 1 0123456789abcdef", "12345 3 1 0123456789ABCDEF"},
        {Type::NAPTR, "10 100 \"u\" \"sip+E2U\" \"!^.*$!sip:i@x!\" .",
         "10 100 \"u\" \"sip+E2U\" \"!^.*$!sip:i@x!\" ."},
        {Type::SOA, "ns.x. host.x. 1 7200 900 1209600 86400",
         "ns.x. host.x. 1 7200 900 1209600 86400"},
        {Type::SPF, "\"v=spf1 -all\"", "\"v=spf1 -all\""},
        {Type::PTR, "h.x", "h.x."},
    };
    for (const auto& row : rows) {
        const auto data = parse_data(row.type, row.text);
        ASSERT_TRUE(data) << row.text << ": " << data.error().message;
        EXPECT_EQ(data_text(row.type, *data), row.printed);
    }
}

TEST(DnsText, RefusesWhatDoesNotFit) {
    const std::pair<Type, std::string> rows[] = {
        {Type::A, "1.2.3"},
        {Type::A, "1.2.3.4 5"},
        {Type::AAAA, "1.2.3.4"},
        {Type::MX, "mail.x"},
        {Type::MX, "70000 x"},
        {Type::TXT, "\"open"},
        {Type::TXT, ""},
        {Type::TXT, "a\"b"},
        {Type::TXT, '"' + std::string(256, 'a') + '"'},
        {Type::CAA, "256 issue \"x\""},
        {Type::DS, "1 1 1 xyz"},
        {Type::HTTPS, "1 ."},
        {Type::CNAME, "a..b"},
        {Type::SRV, "1 2 3"},
    };
    for (const auto& [type, text] : rows) EXPECT_FALSE(parse_data(type, text)) << text;
}

TEST(DnsText, UnderstandsOctalEscapes) {
    EXPECT_EQ(*parse_data(Type::TXT, "\"\\101\\344\"", Escapes::octal), "\2A\xE4");
    EXPECT_EQ(data_text(Type::TXT, "\2A\xE4", Escapes::octal), "\"A\\344\"");
}

static Message sample() {
    Message out;
    out.id = 0x1234;
    out.response = out.authoritative = true;
    out.questions.push_back({name("www.example.com"), Type::A});
    out.answers.push_back(
        {name("www.example.com"), Type::CNAME, 60, *parse_data(Type::CNAME, "web.example.com")});
    out.answers.push_back(
        {name("web.example.com"), Type::A, 60, *parse_data(Type::A, "192.0.2.1")});
    out.authority.push_back(
        {name("example.com"), Type::NS, 60, *parse_data(Type::NS, "ns.example.com")});
    out.edns = Edns{4096, 0, true, ""};
    return out;
}

TEST(DnsMessage, GoesThereAndBack) {
    const std::string bytes = encode(sample());
    const auto out = decode(bytes);
    ASSERT_TRUE(out) << out.error().message;
    EXPECT_EQ(out->id, 0x1234);
    EXPECT_TRUE(out->authoritative && out->response && !out->truncated);
    ASSERT_EQ(out->answers.size(), 2u);
    EXPECT_EQ(out->answers[1].name, name("web.example.com"));
    EXPECT_EQ(data_text(Type::A, out->answers[1].data), "192.0.2.1");
    ASSERT_TRUE(out->edns);
    EXPECT_EQ(out->edns->payload, 4096);
    EXPECT_TRUE(out->edns->dnssec_ok);
    EXPECT_EQ(encode(*out), bytes);
}

TEST(DnsMessage, TruncatesAtAWholeRecord) {
    Message message = sample();
    for (int i = 0; i < 100; ++i) message.answers.push_back(message.answers[1]);
    const std::string bytes = encode(message, 512);
    EXPECT_LE(bytes.size(), 512u);
    const auto out = decode(bytes);
    ASSERT_TRUE(out);
    EXPECT_TRUE(out->truncated);
    EXPECT_TRUE(out->edns);
    EXPECT_GT(out->answers.size(), 10u);
}

static std::string header(uint16_t questions, uint16_t answers) {
    std::string out("\x12\x34\x81\x80", 4);
    for (const uint16_t count : {questions, answers, uint16_t{0}, uint16_t{0}})
        out += {static_cast<char>(count >> 8), static_cast<char>(count)};
    return out;
}

TEST(DnsMessage, RefusesHostileBytes) {
    using namespace std::string_literals;
    const std::string tail = "\0\1\0\1"s;
    const std::pair<std::string, std::string> rows[] = {
        {"short", "abc"},
        {"pointer to itself", header(1, 0) + "\xC0\x0C"s + tail},
        {"pointer forwards", header(1, 0) + "\xC0\x20"s + tail + std::string(40, '\0')},
        {"pointer into the header", header(1, 0) + "\xC0\x00"s + tail},
        {"label type 01", header(1, 0) + "\x41" + "a\0"s + tail},
        {"cut label", header(1, 0) + "\x3F" + "abc"},
        {"counts lie", header(0, 65535)},
        {"bytes after the end", header(0, 0) + "x"},
        {"A of three bytes", header(0, 1) + "\0\0\1\0\1\0\0\0\0\0\3abc"s},
        {"TXT string over its end", header(0, 1) + "\0\0\x10\0\1\0\0\0\0\0\3\7ab"s},
        {"empty TXT", header(0, 1) + "\0\0\x10\0\1\0\0\0\0\0\0"s},
        {"data over the end", header(0, 1) + "\0\0\1\0\1\0\0\0\0\xFF\xFF"s + "abcd"},
        {"OPT as an answer", header(0, 1) + "\0\0\x29\0\1\0\0\0\0\0\0"s},
    };
    for (const auto& [what, bytes] : rows) EXPECT_FALSE(decode(bytes)) << what;
}

TEST(DnsMessage, ChainsOfPointersEnd) {
    using namespace std::string_literals;
    // Each pointer leads to the one before it: allowed, and bounded by the name's length.
    std::string bytes = header(0, 1) + "\0\0\x0A\0\1\0\0\0\0"s;
    std::string data(1, '\0');
    const size_t start = bytes.size() + 2;
    size_t target = start;
    for (int i = 0; i < 200; ++i) {
        const size_t here = start + data.size();
        data += {'\1', 'a', static_cast<char>(0xC0 | target >> 8), static_cast<char>(target)};
        target = here;
    }
    bytes += {static_cast<char>(data.size() >> 8), static_cast<char>(data.size())};
    bytes += data;
    bytes[7] = 2;
    bytes += {static_cast<char>(0xC0 | target >> 8), static_cast<char>(target)};
    bytes += "\0\1\0\1\0\0\0\0\0\4abcd"s;
    EXPECT_FALSE(decode(bytes));  // 200 labels of one letter are longer than a name may be.
}

TEST(DnsMessage, SurvivesNoise) {
    std::mt19937 random(7);
    const std::string good = encode(sample());
    Query query;
    size_t decoded = 0;
    for (int i = 0; i < 20000; ++i) {
        std::string bytes = good.substr(0, i % 3 == 0 ? random() % (good.size() + 1) : good.size());
        for (size_t flips = random() % 4; flips-- > 0 && !bytes.empty();)
            bytes[random() % bytes.size()] = static_cast<char>(random());
        if (const auto out = decode(bytes)) {
            ++decoded;
            EXPECT_TRUE(decode(encode(*out)));
        }
        if (!bytes.empty() && bytes.size() > 2) bytes[2] &= 0x7F;
        (void)parse_query(bytes, query);
    }
    EXPECT_GT(decoded, 100u);
}

static std::string ask(std::string_view of, Type type, bool edns = true) {
    Message out;
    out.id = 7;
    out.recursion_desired = true;
    out.questions.push_back({name(of), type});
    if (edns) out.edns = Edns{};
    return encode(out);
}

TEST(DnsQuery, IsReadWithoutAllocation) {
    Query query;
    const std::string bytes = ask("WWW.Example.com", Type::MX);
    ASSERT_EQ(parse_query(bytes, query), Parsed::query);
    EXPECT_EQ(query.id, 7);
    EXPECT_EQ(query.type, Type::MX);
    EXPECT_EQ(query.lower_name(), name("www.example.com").wire());
    EXPECT_TRUE(query.edns);
    EXPECT_EQ(query.payload, 1232);
    EXPECT_EQ(query.question.size(), query.name_size + 4u);
    ASSERT_EQ(parse_query(ask("x", Type::A, false), query), Parsed::query);
    EXPECT_FALSE(query.edns);
    EXPECT_EQ(query.payload, 512);
}

TEST(DnsQuery, RefusesWhatIsNoQuery) {
    Query query;
    const std::string good = ask("x.y", Type::A);
    EXPECT_EQ(parse_query(good.substr(0, 11), query), Parsed::drop);
    std::string response = good;
    response[2] |= static_cast<char>(0x80);
    EXPECT_EQ(parse_query(response, query), Parsed::drop);
    EXPECT_EQ(parse_query(good.substr(0, good.size() - 1), query), Parsed::format_error);
    EXPECT_EQ(parse_query(good + "x", query), Parsed::format_error);
    std::string two = good;
    two[5] = 2;
    EXPECT_EQ(parse_query(two, query), Parsed::format_error);
    std::string pointer = good;
    pointer[12] = static_cast<char>(0xC0);
    EXPECT_EQ(parse_query(pointer, query), Parsed::format_error);
    std::string notify = good;
    notify[2] = 0x20;
    ASSERT_EQ(parse_query(notify, query), Parsed::query);
    EXPECT_EQ(query.opcode, 4);
}

TEST(DnsResponse, CopiesBlocksAndCompressesOwners) {
    const std::string question = ask("www.example.com", Type::A);
    Query query;
    ASSERT_EQ(parse_query(question, query), Parsed::query);
    char buffer[1232];
    ResponseWriter writer(buffer, sizeof buffer, query);
    const Block cname = make_block(Type::CNAME, 30, {*parse_data(Type::CNAME, "web.other.net")});
    const Block addresses =
        make_block(Type::A, 60,
                   {*parse_data(Type::A, "192.0.2.1"), *parse_data(Type::A, "192.0.2.2"),
                    *parse_data(Type::A, "192.0.2.3")});
    const std::string target = name("web.other.net").wire(), apex = name("example.com").wire();
    EXPECT_TRUE(writer.add(Section::answer, query.lower_name(), cname));
    EXPECT_TRUE(writer.add(Section::answer, target, addresses));
    EXPECT_TRUE(writer.add(Section::authority, apex, make_block(Type::NS, 5, {target})));
    const size_t size =
        writer.finish(Code::no_error, {.authoritative = true, .extended_error = 18, .info = "why"});
    const auto out = decode({buffer, size});
    ASSERT_TRUE(out) << out.error().message;
    ASSERT_EQ(out->answers.size(), 4u);
    EXPECT_EQ(out->answers[3].name, name("web.other.net"));
    EXPECT_EQ(data_text(Type::A, out->answers[3].data), "192.0.2.3");
    EXPECT_EQ(out->authority[0].name, name("example.com"));
    EXPECT_EQ(out->edns->options, std::string("\0\17\0\5\0\22why", 9));
    EXPECT_TRUE(out->authoritative && out->recursion_desired && !out->recursion_available);
}

TEST(DnsResponse, TurnsABlockAndTruncates) {
    Query query;
    const std::string question = ask("a.b", Type::A);
    ASSERT_EQ(parse_query(question, query), Parsed::query);
    std::vector<std::string> data;
    for (int i = 0; i < 60; ++i) data.push_back(std::string("\300\0\2", 3) + static_cast<char>(i));
    const Block block = make_block(Type::A, 60, data);
    char buffer[1500];
    ResponseWriter all(buffer, sizeof buffer, query);
    EXPECT_TRUE(all.add(Section::answer, query.lower_name(), block, 59));
    const auto turned = decode({buffer, all.finish(Code::no_error, {})});
    ASSERT_TRUE(turned);
    EXPECT_EQ(turned->answers.size(), 60u);
    EXPECT_EQ(turned->answers[0].data, data[59]);
    EXPECT_EQ(turned->answers[1].data, data[0]);
    ResponseWriter some(buffer, 512, query);
    EXPECT_FALSE(some.add(Section::answer, query.lower_name(), block));
    const auto cut = decode({buffer, some.finish(Code::no_error, {})});
    ASSERT_TRUE(cut);
    EXPECT_TRUE(cut->truncated);
    EXPECT_GT(cut->answers.size(), 20u);
    EXPECT_TRUE(cut->edns);
}

}  // namespace unkai::wire::dns
