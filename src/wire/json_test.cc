#include "wire/json.h"

#include <gtest/gtest.h>

#include <limits>

namespace unkai::wire {
namespace {

std::string error_of(std::string_view text) {
    const Result<Json> result = Json::parse(text);
    return result ? "parsed" : result.error().message;
}

TEST(Json, RoundTripsWhatIsWellFormed) {
    for (const char* text :
         {"null", "true", "false", "0", "-1", "9223372036854775807", "-9223372036854775808", "1.5",
          "\"\"", "[]", "{}", "[1,2,[3]]", R"({"b":1,"a":{"c":[null,true]}})",
          R"("a\"b\\c\n\t\u0001")", "\"雲海\"", "1e+300", "0.1", "1e-07"}) {
        const Result<Json> value = Json::parse(text);
        ASSERT_TRUE(value) << text;
        EXPECT_EQ(value->dump(), text);
    }
}

TEST(Json, ReadsEscapesAndSurrogates) {
    EXPECT_EQ(Json::parse(R"("\u0041\/\b\f\r\u00e9\u96f2\ud83d\ude00")")->as_string(),
              "A/\b\f\r\xC3\xA9\xE9\x9B\xB2\xF0\x9F\x98\x80");
    EXPECT_EQ(Json::parse("\"\\u0000\"")->as_string(), std::string(1, '\0'));
    EXPECT_EQ(Json(std::string("a\0b\x7f", 4)).dump(), "\"a\\u0000b\x7f\"");
}

TEST(Json, RefusesWhatIsBroken) {
    struct Case {
        const char* text;
        const char* part;
    };
    for (const Case& c : {
             Case{"", "ends where a value is expected (line 1, column 1)"},
             {"{\n  \"a\": }", "a value is expected (line 2, column 8)"},
             {"[1,]", "comma must not come last"},
             {"[1 2]", "',' or ']'"},
             {"{\"a\" 1}", "':' is expected"},
             {"{a:1}", "member's name is expected"},
             {"{\"a\":1", "ends inside an object"},
             {"\"a", "ends inside a string"},
             {"\"\\x\"", "no such escape"},
             {"\"\\u12g4\"", "four hexadecimal digits"},
             {R"("\ud800")", "high surrogate"},
             {R"("\ud800\u0041")", "high surrogate"},
             {R"("\udc00")", "low surrogate"},
             {"\"a\nb\"", "control character"},
             {"\"\xC0\x80\"", "UTF-8"},
             {"\"\\n\xE9\x9B\"", "UTF-8"},
             {"01", "start with 0"},
             {"-", "digit is expected after '-'"},
             {"1.", "after the decimal point"},
             {"1e", "in the exponent"},
             {"1e999", "out of range"},
             {"NaN", "a value is expected"},
             {"nul", "a value is expected"},
             {"1 2", "goes on after its value"},
             {"\xEF\xBB\xBF{}", "a value is expected"},
             {"{} // x", "goes on after its value"},
         })
        EXPECT_NE(error_of(c.text).find(c.part), std::string::npos)
            << c.text << " " << error_of(c.text);
}

TEST(Json, KeepsBigNumbersAsDoubles) {
    EXPECT_TRUE(Json::parse("9223372036854775807")->is_integer());
    EXPECT_EQ(Json::parse("9223372036854775808")->type(), Json::Type::number);
    EXPECT_EQ(Json::parse("1.0")->type(), Json::Type::number);
    EXPECT_EQ(Json(uint64_t{1} << 63).type(), Json::Type::number);
    EXPECT_EQ(Json(0.1 + 0.2).dump(), "0.30000000000000004");
    EXPECT_EQ(Json(std::numeric_limits<double>::quiet_NaN()).dump(), "\"NaN\"");
    EXPECT_EQ(Json(-std::numeric_limits<double>::infinity()).dump(), "\"-Infinity\"");
}

TEST(Json, LastOfDuplicateMembersCountsAndOrderStays) {
    EXPECT_EQ(Json::parse(R"({"a":1,"b":2,"a":3})")->dump(), R"({"a":3,"b":2})");
    Json big = Json::object();
    for (int i = 0; i < 100; ++i) big.set("k" + std::to_string(i), i);
    big.as_object().erase("k50");
    EXPECT_EQ(big.size(), 99u);
    EXPECT_EQ(big["k99"].as_int(), 99);
    EXPECT_TRUE(big["k50"].is_null());
    const Json copy = big;
    EXPECT_EQ(copy["k51"].as_int(), 51);
    EXPECT_EQ(copy, big);
    EXPECT_EQ(copy.as_object().begin()->name, "k0");
}

TEST(Json, LimitsDepthAndSize) {
    const auto nested = [](int depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    EXPECT_EQ(error_of(nested(100)), "parsed");
    EXPECT_NE(error_of(nested(101)).find("inside each other"), std::string::npos);
    EXPECT_NE(error_of(std::string(1000000, '[')).find("inside each other"), std::string::npos);
    EXPECT_FALSE(Json::parse("[1,2,3]", {.bytes = 6}));
    EXPECT_TRUE(Json::parse("[1,2,3]", {.bytes = 7}));
}

TEST(Json, EqualsWithoutRegardToOrder) {
    EXPECT_EQ(*Json::parse(R"({"a":1,"b":[1,2]})"), *Json::parse(R"({"b":[1.0,2],"a":1})"));
    EXPECT_FALSE(*Json::parse("[1,2]") == *Json::parse("[2,1]"));
    EXPECT_FALSE(Json("1") == Json(1));
}

TEST(Json, PrettyPrints) {
    EXPECT_EQ(Json::parse(R"({"a":[1,{}],"b":[]})")->dump_pretty(),
              "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}");
}

TEST(JsonWriter, ReplacesBrokenUtf8) {
    std::string out;
    append_json_string(out, "a\xFF\xE9\x9Bz");
    EXPECT_EQ(out, "\"a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz\"");
}

TEST(JsonReader, PullsKnownShapes) {
    JsonReader reader(
        R"( {"n": 1e3, "s": "a\u0062", "raw": [1, {"x": 2}], "skip": {"y": [true, null]},
                          "list": ["p", "q"], "f": 2.5, "t": true, "z": null} )");
    int64_t count = 0;
    double fraction = 0;
    bool flag = false;
    std::string text, raw, list;
    ASSERT_TRUE(reader.enter_object());
    for (std::string_view name; reader.next_member(name);) {
        if (name == "n")
            reader.read_int(count);
        else if (name == "s")
            reader.read_string(text);
        else if (name == "raw")
            raw = reader.read_raw();
        else if (name == "f")
            reader.read_double(fraction);
        else if (name == "t")
            reader.read_bool(flag);
        else if (name == "z")
            EXPECT_TRUE(reader.read_null());
        else if (name == "list") {
            reader.enter_array();
            for (std::string item; reader.next_element();) {
                reader.read_string(item);
                list += item;
            }
        } else
            reader.skip();
    }
    ASSERT_TRUE(reader.finish());
    EXPECT_EQ(count, 1000);
    EXPECT_EQ(text, "ab");
    EXPECT_EQ(raw, R"([1, {"x": 2}])");
    EXPECT_EQ(list, "pq");
    EXPECT_EQ(fraction, 2.5);
    EXPECT_TRUE(flag);
}

TEST(JsonReader, StaysFailedAndTellsTheFirstError) {
    JsonReader reader(R"({"a": "x"})");
    std::string_view name;
    int64_t number = 7;
    ASSERT_TRUE(reader.enter_object());
    ASSERT_TRUE(reader.next_member(name));
    EXPECT_FALSE(reader.read_int(number));
    EXPECT_EQ(number, 7);
    EXPECT_FALSE(reader.next_member(name));
    EXPECT_EQ(reader.peek(), JsonReader::Kind::failed);
    EXPECT_EQ(reader.finish().error().message, "JSON: a number is expected (line 1, column 7).");
    for (const char* text : {"1.5", "1e30", "9223372036854775808", "\"1\""}) {
        JsonReader one(text);
        EXPECT_FALSE(one.read_int(number)) << text;
    }
}

}  // namespace
}  // namespace unkai::wire
