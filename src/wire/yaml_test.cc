#include "wire/yaml.h"

#include <gtest/gtest.h>

namespace unkai::wire {
namespace {

std::string read(std::string_view text) {
    const Result<Json> value = parse_yaml(text);
    return value ? value->dump() : value.error().message;
}

TEST(Yaml, ReadsScalarsAsCloudFormationDoes) {
    struct Case {
        const char* text;
        const char* json;
    };
    for (const Case& c : {Case{"", "null"},
                          {"~", "null"},
                          {"a: ", R"({"a":null})"},
                          {"yes", "true"},
                          {"Off", "false"},
                          {"12", "12"},
                          {"-3", "-3"},
                          {"1.5", "1.5"},
                          {"2010-09-09", "\"2010-09-09\""},
                          {"2010-09-09T10:00:00Z", "\"2010-09-09T10:00:00Z\""},
                          {"012345678901", "\"012345678901\""},
                          {"1.10", "\"1.10\""},
                          {"1_000", "\"1_000\""},
                          {"12:30", "\"12:30\""},
                          {"0x1F", "\"0x1F\""},
                          {"+15550100", "\"+15550100\""},
                          {"99999999999999999999", "\"99999999999999999999\""},
                          {"\"true\"", "\"true\""},
                          {"'12'", "\"12\""},
                          {"|\n  a\n  b\n", "\"a\\nb\\n\""},
                          {">-\n  a\n  b\n", "\"a b\""},
                          {"!!str 12", "\"12\""},
                          {"!!int 12", "12"},
                          {"[a, 1, {b: c}]", R"(["a",1,{"b":"c"}])"},
                          {"200: x", R"({"200":"x"})"},
                          {"y", "\"y\""},
                          {"10.0.0.0/16", "\"10.0.0.0/16\""},
                          {"-", "[null]"},
                          {"e", "\"e\""},
                          {"{\"a\": [1, 2]}", R"({"a":[1,2]})"}})
        EXPECT_EQ(read(c.text), c.json) << c.text;
}

TEST(Yaml, TurnsShortTagsIntoTheirLongForm) {
    struct Case {
        const char* text;
        const char* json;
    };
    for (const Case& c :
         {Case{"!Ref Vpc", R"({"Ref":"Vpc"})"},
          {"!Condition IsBig", R"({"Condition":"IsBig"})"},
          {"!GetAtt A.B.C", R"({"Fn::GetAtt":["A","B.C"]})"},
          {"!GetAtt [A, !Ref B]", R"({"Fn::GetAtt":["A",{"Ref":"B"}]})"},
          {"!Sub '${A}-x'", R"({"Fn::Sub":"${A}-x"})"},
          {"!Sub\n- '${V}'\n- V: !Ref X\n", R"({"Fn::Sub":["${V}",{"V":{"Ref":"X"}}]})"},
          {"!Join ['', [a, 1]]", R"({"Fn::Join":["",["a",1]]})"},
          {"!Select [0, !GetAZs '']", R"({"Fn::Select":[0,{"Fn::GetAZs":""}]})"},
          {"!If [A, !Ref AWS::NoValue, 2]", R"({"Fn::If":["A",{"Ref":"AWS::NoValue"},2]})"},
          {"!Cidr [!GetAtt V.CidrBlock, 4, 8]",
           R"({"Fn::Cidr":[{"Fn::GetAtt":["V","CidrBlock"]},4,8]})"},
          {"!Base64\n  Fn::Sub: x", R"({"Fn::Base64":{"Fn::Sub":"x"}})"},
          {"!Ref 12", R"({"Ref":"12"})"}})
        EXPECT_EQ(read(c.text), c.json) << c.text;
}

TEST(Yaml, CopiesAliasesWithinLimits) {
    EXPECT_EQ(read("a: &x {n: 1}\nb: *x\nc: [*x]"), R"({"a":{"n":1},"b":{"n":1},"c":[{"n":1}]})");
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 12; ++i) {
        const std::string before = "*a" + std::to_string(i - 1);
        bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
        for (int j = 0; j < 10; ++j) bomb += before + (j < 9 ? ", " : "]\n");
    }
    EXPECT_NE(read(bomb).find("too many nodes"), std::string::npos);
    EXPECT_NE(read(std::string(5000, '[')).find("levels"), std::string::npos);
    EXPECT_FALSE(parse_yaml("abcdef", {.bytes = 5}));
}

TEST(Yaml, NamesThePlaceOfAnError) {
    struct Case {
        const char* text;
        const char* part;
    };
    for (const Case& c : {Case{"a: 1\nb: [1", "(line 3, column 1)"},
                          {"a: 1\na: 2", "\"a\" is there twice (line 2, column 1)"},
                          {"a: !Nope x", "tag !Nope is unknown (line 1, column 4)"},
                          {"a: !GetAtt X", "Resource.Attribute"},
                          {"a: *x", "names no anchor"},
                          {"a: &x\n  b: *x", "names no anchor"},
                          {"<<: {a: 1}", "merge keys"},
                          {"[a]: 1", "must be text"},
                          {"--- 1\n--- 2", "second document"},
                          {"!!binary aGk=", "does not fit its tag"},
                          {"a: b: c", "line 1"},
                          {"\ta: 1", "line 1"},
                          {"a: \xFF", "YAML: "},
                          {"!!int x", "does not fit"},
                          {"!!set {a}", "not supported"}})
        EXPECT_NE(read(c.text).find(c.part), std::string::npos) << c.text << " → " << read(c.text);
    EXPECT_EQ(parse_yaml("a: 1\na: 2").error().fields[0].second, "2");
}

}  // namespace
}  // namespace unkai::wire
