#include <gtest/gtest.h>

#include "base/result.h"
#include "base/shape_tables.h"
#include "base/strings.h"
#include "base/time.h"

namespace unkai {

static Result<int> parse(std::string_view text) {
    const auto value = parse_int(text);
    if (!value) return fail("NotANumber", "'" + std::string(text) + "' is not a number.", 400);
    return static_cast<int>(*value);
}

static Result<int> twice(std::string_view text) {
    TRY(const int value, parse(text));
    return value * 2;
}

// Against the plain way, byte by byte, at every place of texts of every length that is done its own
// way.
TEST(Strings, CompareIgnoringAsciiCase) {
    for (const size_t size : {1, 3, 4, 5, 7, 8, 9, 15, 16, 17}) {
        for (size_t at = 0; at < size; ++at) {
            for (int left = 0; left < 256; ++left) {
                std::string a(size, 'x'), b(size, 'X');
                a[at] = static_cast<char>(left);
                for (int right = 0; right < 256; ++right) {
                    b[at] = static_cast<char>(right);
                    const bool same = to_lower(a.substr(at, 1)) == to_lower(b.substr(at, 1));
                    ASSERT_EQ(equals_ignoring_case(a, b), same)
                        << size << ' ' << at << ' ' << left << ' ' << right;
                }
            }
        }
    }
    EXPECT_TRUE(equals_ignoring_case("", ""));
    EXPECT_FALSE(equals_ignoring_case("content-type", "content-typ"));
}

TEST(Strings, TrimAndHex) {
    EXPECT_EQ(trim(" \t\r\na b\n "), "a b");
    EXPECT_EQ(trim(" \n"), "");
    EXPECT_EQ(trim(""), "");
    EXPECT_EQ(hex(std::string_view("\x00\x0f\xa5\xff", 4)), "000fa5ff");
}

TEST(Result, PassesValuesAndErrorsOn) {
    EXPECT_EQ(*twice("21"), 42);
    const Result<int> bad = twice("x");
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().code, "NotANumber");
    EXPECT_EQ(bad.error().status, 400);
}

TEST(Result, IsCopiedMovedAndAssignedWithWhatItHolds) {
    Result<std::string> text = std::string("a text that is too long for a small string");
    const Result<std::string> copy = text;
    const Result<std::string> moved = std::move(text);
    EXPECT_EQ(*copy, *moved);
    Result<std::string> changing = fail("Gone", "It is gone.");
    const Result<std::string> failed = changing;
    changing = copy;
    ASSERT_TRUE(changing);
    EXPECT_EQ(*changing, *copy);
    changing = failed;
    ASSERT_FALSE(changing);
    EXPECT_EQ(changing.error().message, "It is gone.");
    EXPECT_EQ(failed.error().message, "It is gone.");
    const Result<std::string> onwards = changing.failure();
    EXPECT_FALSE(changing);  // Failed still, though its error went on.
    EXPECT_TRUE(onwards.error().is("Gone"));
}

#pragma GCC diagnostic ignored "-Winvalid-offsetof"

struct Cup {
    std::optional<std::string> colour;
    List<int32_t> sips;
    Map<double> prices;
    static const ShapeInfo shape_info;
};
static constexpr ShapeInfo sip_list = {
    .kind = Kind::list, .element = &shapes::int32, .list = &list_ops<int32_t>};
static constexpr ShapeInfo price_map = {
    .kind = Kind::map, .element = &shapes::number, .map = &map_ops<double>};
static constexpr MemberInfo cup_members[] = {
    {"Colour", "Colour", &shapes::string, &optional_storage<std::string>, offsetof(Cup, colour)},
    {"Sips", "Sips", &sip_list, &given_storage<List<int32_t>>, offsetof(Cup, sips)},
    {"Prices", "Prices", &price_map, &given_storage<Map<double>>, offsetof(Cup, prices)}};
const ShapeInfo Cup::shape_info = {
    .kind = Kind::structure, .name = "Cup", .members = cup_members, .member_count = 3};

TEST(Shape, ComparesMemberByMember) {
    const auto same = [](const Cup& left, const Cup& right) {
        return same_shape(Cup::shape_info, &left, &right);
    };
    const Cup full = {.colour = "red", .sips = {1, 2}, .prices = {{"small", 1.5}}};
    EXPECT_TRUE(same(Cup(), Cup()));
    EXPECT_TRUE(same(full, Cup(full)));
    for (const Cup& other : {Cup{.sips = {1, 2}, .prices = {{"small", 1.5}}},
                             Cup{.colour = "red", .sips = {1, 3}, .prices = {{"small", 1.5}}},
                             Cup{.colour = "red", .sips = {1}, .prices = {{"small", 1.5}}},
                             Cup{.colour = "red", .sips = {1, 2}, .prices = {{"large", 1.5}}},
                             Cup{.colour = "red", .sips = {1, 2}, .prices = {{"small", 2}}},
                             Cup{.colour = "red", .sips = {1, 2}}})
        EXPECT_FALSE(same(full, other));
    EXPECT_FALSE(same(Cup{.colour = ""}, Cup()));
    EXPECT_TRUE(same(Cup{.sips = List<int32_t>(std::vector<int32_t>())}, Cup()));
}

TEST(Strings, Base64RoundTripsEveryLength) {
    for (size_t length = 0; length < 40; ++length) {
        std::string bytes;
        for (size_t i = 0; i < length; ++i) bytes += static_cast<char>(i * 37 + 200);
        EXPECT_EQ(from_base64(base64(bytes)), bytes);
        EXPECT_EQ(from_hex(hex(bytes)), bytes);
        EXPECT_EQ(percent_decode(percent_encode(bytes)), bytes);
    }
    EXPECT_EQ(base64("foob"), "Zm9vYg==");
    EXPECT_FALSE(from_base64("Zm9vYg"));
    EXPECT_FALSE(from_base64("Zm9v*g=="));
}

TEST(Strings, GlobFollowsStarAndQuestionMark) {
    struct Case {
        const char* pattern;
        const char* text;
        bool matches;
    };
    for (const Case& c : {Case{"*", "", true},
                          {"a*c", "abc", true},
                          {"a*c", "abd", false},
                          {"/api/*", "/api/x/y", true},
                          {"?", "", false},
                          {"a?c", "abc", true},
                          {"*.js", "main.js", true},
                          {"**b", "ab", true},
                          {"A", "a", false}})
        EXPECT_EQ(glob_match(c.pattern, c.text), c.matches) << c.pattern << " " << c.text;
}

TEST(Strings, RefusesBrokenUtf8) {
    EXPECT_TRUE(is_valid_utf8("雲海 sea of clouds"));
    EXPECT_FALSE(is_valid_utf8("\xC0\x80"));
    EXPECT_FALSE(is_valid_utf8("\xED\xA0\x80"));
    EXPECT_FALSE(is_valid_utf8("\xE9\x9B"));
}

TEST(Time, SpellsAndReadsEveryForm) {
    const Time time = from_millis(1795307767123);
    EXPECT_EQ(iso8601(time), "2026-11-22T00:36:07Z");
    EXPECT_EQ(iso8601_millis(time), "2026-11-22T00:36:07.123Z");
    EXPECT_EQ(basic_iso8601(time), "20261122T003607Z");
    EXPECT_EQ(http_date(time), "Sun, 22 Nov 2026 00:36:07 GMT");
    EXPECT_EQ(epoch_seconds(time), "1795307767.123");
    EXPECT_EQ(parse_iso8601("2026-11-22T00:36:07.123Z"), time);
    EXPECT_EQ(parse_iso8601("2026-11-22T09:36:07.123+09:00"), time);
    EXPECT_EQ(parse_iso8601("20261122T003607Z"), from_millis(1795307767000));
    EXPECT_EQ(parse_http_date("Sun, 22 Nov 2026 00:36:07 GMT"), from_millis(1795307767000));
    EXPECT_FALSE(parse_iso8601("2026-13-22T00:36:07Z"));
    EXPECT_FALSE(parse_http_date("yesterday"));
}

}  // namespace unkai
