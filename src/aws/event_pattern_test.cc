#include "aws/event_pattern.h"

#include <gtest/gtest.h>

namespace unkai::aws {
namespace {

struct Case {
    const char* pattern;
    const char* document;
    bool matches;
};

TEST(EventPattern, Matches) {
    for (const Case& c : std::initializer_list<Case>{
             {R"({"a":["x"]})", R"({"a":"x"})", true},
             {R"({"a":["x"]})", R"({"a":"y"})", false},
             {R"({"a":["x","y"]})", R"({"a":"y","b":1})", true},
             {R"({"a":["x"],"b":[1]})", R"({"a":"x"})", false},
             {R"({"a":["x"]})", R"({"a":["z","x"]})", true},
             {R"({"a":["1"]})", R"({"a":1})", false},
             {R"({"a":[1]})", R"({"a":1.0})", true},
             {R"({"a":[null]})", R"({"a":null})", true},
             {R"({"a":[null]})", R"({})", false},
             {R"({"a":[true]})", R"({"a":true})", true},
             {R"({"a":[""]})", R"({"a":""})", true},
             {R"({"a":[{"prefix":"x"}]})", R"({"a":"xy"})", true},
             {R"({"a":[{"prefix":"x"}]})", R"({"a":"yx"})", false},
             {R"({"a":[{"prefix":{"equals-ignore-case":"X"}}]})", R"({"a":"xy"})", true},
             {R"({"a":[{"suffix":".png"}]})", R"({"a":"b.png"})", true},
             {R"({"a":[{"suffix":".png"}]})", R"({"a":"b.jpg"})", false},
             {R"({"a":[{"equals-ignore-case":"Alice"}]})", R"({"a":"aLICE"})", true},
             {R"({"a":[{"wildcard":"*/b/*.c"}]})", R"({"a":"x/b/y/z.c"})", true},
             {R"({"a":[{"wildcard":"*/b/*.c"}]})", R"({"a":"x/b/y/z.cc"})", false},
             {R"({"a":[{"wildcard":"x\\*y"}]})", R"({"a":"x*y"})", true},
             {R"({"a":[{"wildcard":"x\\*y"}]})", R"({"a":"xzy"})", false},
             {R"({"a":[{"anything-but":"x"}]})", R"({"a":"y"})", true},
             {R"({"a":[{"anything-but":"x"}]})", R"({"a":"x"})", false},
             {R"({"a":[{"anything-but":"x"}]})", R"({})", false},
             {R"({"a":[{"anything-but":["x",1]}]})", R"({"a":1})", false},
             {R"({"a":[{"anything-but":["x","y"]}]})", R"({"a":["x","z"]})", true},
             {R"({"a":[{"anything-but":{"prefix":"x"}}]})", R"({"a":"xy"})", false},
             {R"({"a":[{"anything-but":{"suffix":["x","y"]}}]})", R"({"a":"ay"})", false},
             {R"({"a":[{"anything-but":{"wildcard":"*x*"}}]})", R"({"a":"ay"})", true},
             {R"({"a":[{"anything-but":{"equals-ignore-case":"AY"}}]})", R"({"a":"ay"})", false},
             {R"({"a":[{"numeric":["=",5]}]})", R"({"a":5})", true},
             {R"({"a":[{"numeric":[">",0,"<=",5]}]})", R"({"a":5})", true},
             {R"({"a":[{"numeric":[">",0,"<",5]}]})", R"({"a":5})", false},
             {R"({"a":[{"numeric":[">",0]}]})", R"({"a":"5"})", false},
             {R"({"a":[{"exists":true}]})", R"({"a":null})", true},
             {R"({"a":[{"exists":true}]})", R"({"b":1})", false},
             {R"({"a":[{"exists":false}]})", R"({"b":1})", true},
             {R"({"a":[{"exists":false}]})", R"({"a":[1]})", false},
             {R"({"a":[{"exists":true}]})", R"({"a":{"b":1}})", false},
             {R"({"a":{"b":[{"exists":false}]}})", R"({})", true},
             {R"({"a":[{"cidr":"10.0.0.0/24"}]})", R"({"a":"10.0.0.255"})", true},
             {R"({"a":[{"cidr":"10.0.0.0/24"}]})", R"({"a":"10.0.1.0"})", false},
             {R"({"a":[{"cidr":"2001:db8::/32"}]})", R"({"a":"2001:db8::1"})", true},
             {R"({"a":{"b":["x"]}})", R"({"a":{"b":"x"}})", true},
             {R"({"a":{"b":["x"]}})", R"({"a":"x"})", false},
             {R"({"a":{"b":["x"],"c":["y"]}})", R"({"a":[{"b":"x","c":"y"}]})", true},
             {R"({"a":{"b":["x"],"c":["y"]}})", R"({"a":[{"b":"x"},{"c":"y"}]})", false},
             {R"({"$or":[{"a":[1]},{"b":[2]}]})", R"({"b":2})", true},
             {R"({"$or":[{"a":[1]},{"b":[2]}]})", R"({"b":1})", false},
             {R"({"c":[3],"$or":[{"a":[1]},{"b":[2]}]})", R"({"b":2})", false},
             {R"({"a":{"$or":[{"b":[1]},{"c":[2]}]}})", R"({"a":{"c":2}})", true},
             {R"({"source":["aws.ec2"],"detail":{"state":["running"]}})",
              R"({"source":"aws.ec2","detail":{"state":"running","x":1}})", true}}) {
        const auto pattern = EventPattern::compile(std::string_view(c.pattern));
        ASSERT_TRUE(pattern) << c.pattern << ": " << pattern.error().message;
        const auto document = wire::Json::parse(c.document);
        ASSERT_TRUE(document) << c.document;
        EXPECT_EQ(pattern->matches(*document), c.matches) << c.pattern << " and " << c.document;
    }
}

TEST(EventPattern, RefusesWhatIsNone) {
    for (const char* pattern :
         {"", "[]", "{}", "{", R"({"a":1})", R"({"a":"x"})", R"({"a":[]})", R"({"a":{}})",
          R"({"a":[["x"]]})", R"({"a":[{"nonsense":1}]})", R"({"a":[{"prefix":1}]})",
          R"({"a":[{"prefix":"x","suffix":"y"}]})", R"({"a":[{"numeric":["<"]}]})",
          R"({"a":[{"numeric":["!",1]}]})", R"({"a":[{"exists":"yes"}]})",
          R"({"a":[{"cidr":"10.0.0.0/33"}]})", R"({"a":[{"anything-but":[]}]})",
          R"({"a":[{"wildcard":"a**b"}]})", R"({"$or":[{"a":[1]},{}]})"}) {
        const auto made = EventPattern::compile(std::string_view(pattern));
        EXPECT_FALSE(made) << pattern;
        if (!made) EXPECT_EQ(made.error().code, "InvalidEventPattern");
    }
}

TEST(EventPattern, CountsForLimits) {
    const auto pattern = EventPattern::compile(
        std::string_view(R"({"a":{"b":["x","y","z"],"c":[1,2]},"d":[{"prefix":"q"}]})"));
    EXPECT_EQ(pattern->keys(), 3u);
    EXPECT_EQ(pattern->combinations(), 6);
}

}  // namespace
}  // namespace unkai::aws
