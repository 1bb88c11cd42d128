#include "planes/proxy/functions.h"

#include <gtest/gtest.h>

#include "net/client.h"
#include "planes/proxy/proxy.h"
#include "wire/json.h"

namespace unkai::planes::proxy {

namespace {

using wire::Json;

constexpr const char* group_arn = "arn:aws:elasticloadbalancing:::targetgroup/f/1";

Json event_json(net::Headers headers, std::string_view body, bool multi_value,
                std::string_view query = "a=1&b=x%20y&a=2&c") {
    return *Json::parse(event_text({.group = group_arn,
                                    .method = "POST",
                                    .path = "/p",
                                    .query = query,
                                    .headers = headers,
                                    .body = body,
                                    .multi_value = multi_value}));
}

class TestFunctions final : public Functions {
public:
    Task<Result<FunctionReply>> invoke(FunctionCall call) override {
        events.push_back(*Json::parse(call.payload));
        called = call.function + " for " + call.group;
        if (slow) co_await Loop::current()->sleep(200ms);
        co_return reply;
    }
    std::vector<Json> events;
    std::string called;
    bool slow = false;
    Result<FunctionReply> reply = FunctionReply{R"({"statusCode":200,"body":"hi"})"};
};

struct FunctionWorld {
    Loop loop;
    std::unique_ptr<Random> random = seeded_random(2);
    TestFunctions functions;
    Proxy proxy{loop, {&loop}, *random};
    uint16_t port = 0;

    Task<net::Fetched> ask(net::Request request) {
        net::Client client(loop);
        auto answer = co_await client.fetch({.address = *net::Address::parse("127.0.0.1", port)},
                                            request, 10'000'000);
        co_return answer ? std::move(*answer) : net::Fetched{0, {}, answer.error().code};
    }
};

Task<void> run_functions(FunctionWorld& world, Task<void> (*test)(FunctionWorld&), bool probed) {
    world.port =
        net::Address::local_of(net::open_listener("", *net::Address::parse("127.0.0.1", 0))->get())
            .port();
    world.proxy.set_functions(world.functions);
    Snapshot made;
    LoadBalancer balancer{.id = "lb", .nodes = {{"", *net::Address::parse("127.0.0.1", 0)}}};
    balancer.idle_timeout = 100ms;
    made.load_balancers.emplace("lb", balancer);
    TargetGroup group{.id = group_arn, .function = true, .load_balancer = "lb"};
    group.health.enabled = probed;
    group.health.interval = 50ms;
    group.targets.push_back({.id = "arn:function"});
    made.groups.emplace(group_arn, group);
    Listener listener{.id = "l", .load_balancer = "lb", .port = world.port};
    listener.fallback = Forward{.groups = {{group_arn, 1}}};
    made.listeners.push_back(listener);
    world.proxy.apply(std::move(made));
    EXPECT_TRUE(co_await world.proxy.ready(world.loop.steady() + 5s));
    co_await test(world);
    co_await world.proxy.stop(1s);
}

void with_functions(Task<void> (*test)(FunctionWorld&), bool probed = false) {
    FunctionWorld world;
    world.loop.run_until_done(run_functions(world, test, probed));
}

}  // namespace

TEST(FunctionEvent, ShowsTheRequestAsAwsDoes) {
    const net::Headers headers = {
        {"Host", "a.test"}, {"Content-Type", "application/json"}, {"X-A", "1"}, {"x-a", "2"}};
    const Json single = event_json(headers, "{}", false);
    EXPECT_EQ(single["requestContext"]["elb"]["targetGroupArn"].text(), group_arn);
    EXPECT_EQ(single["httpMethod"].text() + single["path"].text(), "POST/p");
    EXPECT_EQ(single["queryStringParameters"].dump(), R"({"a":"2","b":"x%20y","c":""})");
    EXPECT_EQ(single["headers"]["x-a"].text(), "2");
    EXPECT_EQ(single["body"].text(), "{}");
    EXPECT_FALSE(single["isBase64Encoded"].as_bool());
    EXPECT_EQ(single.find("multiValueHeaders"), nullptr);
    const Json multi = event_json(headers, "{}", true);
    EXPECT_EQ(multi["multiValueHeaders"]["x-a"].dump(), R"(["1","2"])");
    EXPECT_EQ(multi["multiValueQueryStringParameters"]["a"].dump(), R"(["1","2"])");
    EXPECT_EQ(multi.find("headers"), nullptr);
}

TEST(FunctionEvent, EncodesWhatIsNoText) {
    struct Case {
        net::Headers headers;
        std::string_view body;
        bool encoded;
    };
    for (const Case& one :
         {Case{{{"content-type", "text/csv; charset=utf-8"}}, "a,b", false},
          Case{{{"content-type", "application/xml"}}, "<a/>", false},
          Case{{{"content-type", "image/png"}}, "png", true}, Case{{}, "what", true},
          Case{{}, "", false}, Case{{{"content-type", "text/plain"}}, "\xff", true},
          Case{{{"content-type", "text/plain"}, {"content-encoding", "gzip"}}, "zip", true}}) {
        const Json event = event_json(one.headers, one.body, false);
        EXPECT_EQ(event["isBase64Encoded"].as_bool(), one.encoded) << one.body;
    }
    EXPECT_EQ(event_json({}, "what", false)["body"].text(), "d2hhdA==");
}

TEST(FunctionAnswer, IsReadOrRefused) {
    auto read = read_function_answer(
        R"({"statusCode":201,"headers":{"A":"b","Content-Length":9},"body":"aGk=","isBase64Encoded":true})",
        false);
    ASSERT_TRUE(read);
    EXPECT_EQ(std::to_string(read->status) + read->body, "201hi");
    EXPECT_EQ(read->headers.value("a"), "b");
    EXPECT_FALSE(read->headers.has("content-length"));
    read = read_function_answer(
        R"({"statusCode":200,"multiValueHeaders":{"Set-Cookie":["a","b"]}})", true);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->headers.count("set-cookie"), 2u);
    for (const std::string_view bad :
         {"", "[]", "{}", R"({"statusCode":"200"})", R"({"statusCode":99})",
          R"({"statusCode":200,"body":5})", R"({"statusCode":200,"headers":[]})",
          R"({"statusCode":200,"headers":{"a b":"c"}})",
          R"({"statusCode":200,"headers":{"a":"b\nc"}})",
          R"({"statusCode":200,"body":"!","isBase64Encoded":true})"})
        EXPECT_EQ(read_function_answer(bad, false).error().code, "MalformedAnswer") << bad;
    EXPECT_FALSE(read_function_answer(
        R"({"statusCode":200,"body":")" + std::string(most_function_bytes, 'x') + "\"}", false));
}

TEST(FunctionTargets, AnswerOrFailAsAwsDoes) {
    with_functions([](FunctionWorld& world) -> Task<void> {
        const net::Headers headers = {{"Content-Type", "text/plain"}};
        auto answer = co_await world.ask({.method = "POST",
                                          .target = "/x?y=z",
                                          .authority = "f.test",
                                          .headers = &headers,
                                          .body = "text"});
        EXPECT_EQ(std::to_string(answer.status) + answer.body, "200hi");
        EXPECT_EQ(answer.headers.value("server"), "awselb/2.0");
        EXPECT_EQ(world.functions.called, std::string("arn:function for ") + group_arn);
        const Json& event = world.functions.events.at(0);
        EXPECT_EQ(event["body"].text() + event["path"].text(), "text/x");
        EXPECT_EQ(event["headers"]["x-forwarded-for"].text(), "127.0.0.1");
        const std::string large(most_function_bytes + 1, 'l');
        EXPECT_EQ((co_await world.ask({.method = "POST", .body = large})).status, 413);
        const net::Headers upgrade = {{"Upgrade", "websocket"}};
        EXPECT_EQ((co_await world.ask({.headers = &upgrade, .upgrade = true})).status, 400);
        world.functions.reply = FunctionReply{R"({"errorMessage":"x"})", true};
        EXPECT_EQ((co_await world.ask({})).status, 502);
        world.functions.reply = FunctionReply{"no JSON"};
        EXPECT_EQ((co_await world.ask({})).status, 502);
        world.functions.reply = fail("TooManyRequestsException", "Rate exceeded", 429);
        EXPECT_EQ((co_await world.ask({})).status, 502);
        world.functions.slow = true;
        EXPECT_EQ((co_await world.ask({})).status, 504);
        const Counters counters = co_await world.proxy.collect();
        const GroupCounters& counted = counters.groups.at(group_arn);
        EXPECT_EQ(counted.requests, 5u);
        EXPECT_EQ(counted.codes[2], 1u);
        EXPECT_EQ(counted.function_user_errors, 2u);
        EXPECT_EQ(counted.function_internal_errors, 2u);
        EXPECT_EQ(world.proxy.health(group_arn, "arn:function")->reason,
                  "Target.HealthCheckDisabled");
    });
}

TEST(FunctionTargets, AreProbedByAnEvent) {
    with_functions(
        [](FunctionWorld& world) -> Task<void> {
            const auto state = [&world] {
                return name_of(world.proxy.health(group_arn, "arn:function")->state);
            };
            while (state() != "healthy") co_await world.loop.sleep(5ms);
            EXPECT_EQ(world.functions.events.at(0)["headers"]["user-agent"].text(),
                      "ELB-HealthChecker/2.0");
            world.functions.reply = FunctionReply{R"({"statusCode":500})"};
            while (state() != "unhealthy") co_await world.loop.sleep(5ms);
        },
        true);
}

}  // namespace unkai::planes::proxy
