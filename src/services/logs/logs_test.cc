#include "services/logs/logs.h"

#include <gtest/gtest.h>

#include "rt/sim/sim_loop.h"
#include "services/logs/filter_pattern.h"
#include "services/logs/limits.h"
#include "services/logs/sweeper.h"

namespace unkai::services::logs {
namespace {

constexpr int64_t hour = 3600 * 1000;

struct World {
    SimWorld sim;
    store::Store store{sim.env, store::memory_engine()};
    Logs logs;

    template <class In, class Out>
    Result<Out> run(Result<Out> (Logs::*operation)(aws::Call&, const In&), const In& in) {
        aws::Call call(sim.env, store);
        call.account = "123456789012";
        call.region = "eu-west-1";
        Result<Out> out = (logs.*operation)(call, in);
        if (out) {
            const Status committed = sim.loop.run_until_done(call.commit());
            EXPECT_TRUE(committed);
        }
        return out;
    }
    int64_t now() const { return millis(sim.loop.now()); }
    void make(const char* group, const char* stream) {
        run(&Logs::CreateLogGroup, CreateLogGroupInput{.log_group_name = group}).has_value();
        ASSERT_TRUE(run(&Logs::CreateLogStream,
                        CreateLogStreamInput{.log_group_name = group, .log_stream_name = stream}));
    }
    Result<PutLogEventsOutput> put(const char* stream,
                                   std::vector<std::pair<int64_t, std::string>> events) {
        PutLogEventsInput in{.log_group_name = "g", .log_stream_name = stream};
        for (auto& [timestamp, message] : events)
            in.log_events.push_back({.timestamp = timestamp, .message = std::move(message)});
        return run(&Logs::PutLogEvents, in);
    }
    GetLogEventsOutput get(GetLogEventsInput in) {
        in.log_group_name = "g";
        in.log_stream_name = "s";
        auto out = run(&Logs::GetLogEvents, in);
        EXPECT_TRUE(out) << out.error().message;
        return *out;
    }
    std::string filter(FilterLogEventsInput in) {
        in.log_group_name = "g";
        std::string text;
        for (;;) {
            auto out = run(&Logs::FilterLogEvents, in);
            if (!out) return out.error().message;
            for (const auto& event : out->events) text += *event.message + " ";
            if (!out->next_token) return text;
            text += "| ";
            in.next_token = out->next_token;
        }
    }
    void sweep() {
        Sweeper sweeper(sim.env, store);
        EXPECT_TRUE(sim.loop.run_until_done(sweeper.sweep()));
    }
    size_t chunks() {
        store::Txn txn = store.begin();
        return schema::chunks.list(txn).size();
    }
};

std::string messages(const GetLogEventsOutput& out) {
    std::string text;
    for (const auto& event : out.events) text += *event.message + " ";
    return text;
}

TEST(Logs, GroupsAreMadeDescribedAndDeleted) {
    World world;
    for (const char* name : {"/a/1", "/a/2", "/b"})
        ASSERT_TRUE(world.run(&Logs::CreateLogGroup,
                              CreateLogGroupInput{.log_group_name = name, .tags = {{"k", "v"}}}));
    EXPECT_EQ(
        world.run(&Logs::CreateLogGroup, CreateLogGroupInput{.log_group_name = "/b"}).error().code,
        "ResourceAlreadyExistsException");
    auto page = world.run(&Logs::DescribeLogGroups,
                          DescribeLogGroupsInput{.log_group_name_prefix = "/a", .limit = 1});
    ASSERT_EQ(page->log_groups.size(), 1u);
    EXPECT_EQ(*page->log_groups[0].arn, "arn:aws:logs:eu-west-1:123456789012:log-group:/a/1:*");
    page = world.run(
        &Logs::DescribeLogGroups,
        DescribeLogGroupsInput{.log_group_name_prefix = "/a", .next_token = page->next_token});
    EXPECT_EQ(*page->log_groups[0].log_group_name, "/a/2");
    EXPECT_FALSE(page->next_token);
    EXPECT_EQ(world
                  .run(&Logs::PutRetentionPolicy,
                       PutRetentionPolicyInput{.log_group_name = "/b", .retention_in_days = 2})
                  .error()
                  .code,
              "InvalidParameterException");
    const std::string arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/b";
    ASSERT_TRUE(
        world.run(&Logs::TagResource, TagResourceInput{.resource_arn = arn, .tags = {{"x", "y"}}}));
    ASSERT_TRUE(world.run(&Logs::UntagResource,
                          UntagResourceInput{.resource_arn = arn + ":*", .tag_keys = {"k"}}));
    EXPECT_EQ(
        world.run(&Logs::ListTagsForResource, ListTagsForResourceInput{.resource_arn = arn})->tags,
        (Map<std::string>{{"x", "y"}}));
    ASSERT_TRUE(world.run(&Logs::DeleteLogGroup, DeleteLogGroupInput{.log_group_name = "/b"}));
    EXPECT_EQ(
        world.run(&Logs::DeleteLogGroup, DeleteLogGroupInput{.log_group_name = "/b"}).error().code,
        "ResourceNotFoundException");
}

TEST(Logs, EventsComeBackInOrderOfTime) {
    World world;
    world.make("g", "s");
    const int64_t t = world.now();
    ASSERT_TRUE(world.put("s", {{t + 5000, "d"}, {t + 6000, "e"}}));
    ASSERT_TRUE(world.put("s", {{t, "a"}, {t + 1000, "b"}, {t + hour, "f"}}));
    ASSERT_TRUE(world.put("s", {{t + 2000, "c"}}));
    EXPECT_EQ(messages(world.get({.start_from_head = true})), "a b c d e f ");
    EXPECT_EQ(messages(world.get({})), "a b c d e f ");
    EXPECT_EQ(messages(world.get({.limit = 2})), "e f ");
    EXPECT_EQ(messages(world.get({.start_time = t + 1000, .end_time = t + 6000})), "b c d ");
    GetLogEventsOutput page = world.get({.limit = 4, .start_from_head = true});
    EXPECT_EQ(messages(page), "a b c d ");
    GetLogEventsOutput next = world.get({.next_token = page.next_forward_token, .limit = 4});
    EXPECT_EQ(messages(next), "e f ");
    EXPECT_EQ(messages(world.get({.next_token = next.next_backward_token, .limit = 3})), "b c d ");
    GetLogEventsOutput end = world.get({.next_token = next.next_forward_token});
    EXPECT_TRUE(end.events.empty());
    EXPECT_EQ(end.next_forward_token, next.next_forward_token);
    ASSERT_TRUE(world.put("s", {{t + hour, "g"}}));
    EXPECT_EQ(messages(world.get({.next_token = end.next_forward_token})), "g ");
}

TEST(Logs, AnEmptyStreamCanBeFollowed) {
    World world;
    world.make("g", "s");
    const GetLogEventsOutput empty = world.get({});
    ASSERT_TRUE(world.put("s", {{world.now(), "a"}}));
    EXPECT_EQ(messages(world.get({.next_token = empty.next_forward_token})), "a ");
}

TEST(Logs, BatchesAreCheckedAndOddEventsRejected) {
    World world;
    world.make("g", "s");
    const int64_t t = world.now();
    EXPECT_EQ(world.put("s", {{t, "a"}, {t - 1, "b"}}).error().message,
              "Log events in a single PutLogEvents request must be in chronological order.");
    EXPECT_NE(world.put("s", {{t, std::string(1048576, 'x')}})
                  .error()
                  .message.find("Upload too large: 1048602"),
              std::string::npos);
    EXPECT_FALSE(world.put("s", {{t - 30 * hour, "a"}, {t, "b"}}));
    EXPECT_EQ(world.put("nope", {{t, "a"}}).error().code, "ResourceNotFoundException");
    const auto old = world.put("s", {{t - 15 * 24 * hour, "a"}, {t - 15 * 24 * hour + 1, "b"}});
    EXPECT_EQ(old->rejected_log_events_info->too_old_log_event_end_index, 2);
    const auto early = world.put("s", {{t, "now"}, {t + 3 * hour, "early"}});
    EXPECT_EQ(early->rejected_log_events_info->too_new_log_event_start_index, 1);
    EXPECT_EQ(messages(world.get({})), "now ");
}

TEST(Logs, ManyEventsStayInOrderAcrossChunks) {
    World world;
    world.make("g", "s");
    const int64_t t = world.now() - 2 * hour;
    // Two writers whose clocks differ: every batch overlaps the one before it.
    for (int batch = 0; batch < 60; ++batch) {
        std::vector<std::pair<int64_t, std::string>> events;
        for (int i = 0; i < 50; ++i)
            events.emplace_back(t + batch * 60000 - (batch % 2) * 90000 + i * 1000,
                                std::string(100, 'x'));
        ASSERT_TRUE(world.put("s", std::move(events)));
    }
    GetLogEventsInput in{.limit = 700, .start_from_head = true};
    size_t count = 0;
    int64_t last = 0;
    for (GetLogEventsOutput page = world.get(in); !page.events.empty(); page = world.get(in)) {
        for (const auto& event : page.events) {
            EXPECT_LE(last, *event.timestamp);
            last = *event.timestamp;
            ++count;
        }
        in.next_token = page.next_forward_token;
    }
    EXPECT_EQ(count, 3000u);
    EXPECT_LT(world.chunks(), 80u);
    in.next_token.reset();
    in.start_from_head.reset();
    count = 0;
    for (GetLogEventsOutput page = world.get(in); !page.events.empty(); page = world.get(in)) {
        count += page.events.size();
        in.next_token = page.next_backward_token;
    }
    EXPECT_EQ(count, 3000u);
    EXPECT_EQ(messages({.events = world.get({.limit = 1}).events}).size(), 101u);
}

TEST(Logs, FiltersAcrossStreamsByTimeAndPages) {
    World world;
    world.make("g", "s");
    world.make("g", "other");
    const int64_t t = world.now();
    ASSERT_TRUE(
        world.put("s", {{t, "a-ERROR"}, {t + 2, "c"}, {t + 4, "e-ERROR"}, {t + hour, "g"}}));
    ASSERT_TRUE(world.put("other", {{t + 1, "b"}, {t + 3, "d-ERROR"}, {t + 5, "f"}}));
    EXPECT_EQ(world.filter({}), "a-ERROR b c d-ERROR e-ERROR f g ");
    EXPECT_EQ(world.filter({.limit = 3}), "a-ERROR b c | d-ERROR e-ERROR f | g ");
    EXPECT_EQ(world.filter({.filter_pattern = "ERROR", .limit = 1}),
              "a-ERROR | d-ERROR | e-ERROR ");
    EXPECT_EQ(world.filter({.log_stream_names = {"other"}}), "b d-ERROR f ");
    EXPECT_EQ(world.filter({.log_stream_name_prefix = "o", .start_time = t + 3}), "d-ERROR f ");
    EXPECT_EQ(world.filter({.start_time = t + 2, .end_time = t + 5}), "c d-ERROR e-ERROR ");
    EXPECT_NE(world.filter({.filter_pattern = "{ $.a ="}).find("Invalid filter pattern"),
              std::string::npos);
}

TEST(Logs, RetentionExpiresByTheClock) {
    World world;
    world.make("g", "s");
    ASSERT_TRUE(world.run(&Logs::PutRetentionPolicy,
                          PutRetentionPolicyInput{.log_group_name = "g", .retention_in_days = 1}));
    ASSERT_TRUE(world.put("s", {{world.now(), "old"}}));
    world.sim.loop.run_until_done(
        [](Loop& loop) -> Task<void> { co_await loop.sleep(30h); }(world.sim.loop));
    ASSERT_TRUE(world.put("s", {{world.now(), "new"}}));
    EXPECT_EQ(messages(world.get({})), "new ");
    EXPECT_EQ(world.filter({}), "new ");
    EXPECT_EQ(world.chunks(), 2u);
    world.sweep();
    EXPECT_EQ(world.chunks(), 1u);
    EXPECT_EQ(messages(world.get({})), "new ");
}

TEST(Logs, DeletedStreamsAndGroupsLeaveNothing) {
    World world;
    world.make("g", "s");
    world.make("g", "t");
    ASSERT_TRUE(world.put("s", {{world.now(), "a"}}));
    ASSERT_TRUE(world.put("t", {{world.now(), "b"}}));
    ASSERT_TRUE(world.run(&Logs::DeleteLogStream,
                          DeleteLogStreamInput{.log_group_name = "g", .log_stream_name = "s"}));
    world.make("g", "s");
    EXPECT_EQ(messages(world.get({})), "");
    world.sweep();
    EXPECT_EQ(world.chunks(), 1u);
    ASSERT_TRUE(world.run(&Logs::DeleteLogGroup, DeleteLogGroupInput{.log_group_name = "g"}));
    world.sweep();
    EXPECT_EQ(world.chunks(), 0u);
    store::Txn txn = world.store.begin();
    EXPECT_TRUE(schema::doomed.list(txn).empty());
    EXPECT_TRUE(schema::streams.list(txn).empty());
}

TEST(Logs, StreamsAreDescribedByNameOrTime) {
    World world;
    for (const char* name : {"a", "b", "c"}) world.make("g", name);
    ASSERT_TRUE(world.put("b", {{world.now() + 5, "x"}}));
    ASSERT_TRUE(world.put("a", {{world.now() + 2, "x"}}));
    const auto names = [&](DescribeLogStreamsInput in) {
        in.log_group_name = "g";
        std::string text;
        for (;;) {
            const auto out = world.run(&Logs::DescribeLogStreams, in);
            EXPECT_TRUE(out);
            for (const auto& stream : out->log_streams) text += *stream.log_stream_name;
            if (!out->next_token) return text;
            in.next_token = out->next_token;
        }
    };
    EXPECT_EQ(names({.limit = 1}), "abc");
    EXPECT_EQ(names({.descending = true, .limit = 1}), "cba");
    EXPECT_EQ(names({.order_by = "LastEventTime", .descending = true, .limit = 1}), "bac");
    EXPECT_EQ(names({.order_by = "LastEventTime"}), "cab");
    EXPECT_EQ(names({.log_stream_name_prefix = "b"}), "b");
}

TEST(FilterPattern, FollowsCloudWatchsSyntax) {
    struct Case {
        const char* pattern;
        const char* message;
        bool matches;
    };
    constexpr const char* json =
        R"({"status":503,"path":"/api/x","ok":false,"none":null,"a":{"b":[{"c":"d"}]},"x.y":"z","n":1.5})";
    constexpr const char* line =
        R"(127.0.0.1 - ada [10/Oct/2026:13:25:15 -0700] "GET /x HTTP/1.0" 404 1534)";
    for (const Case& c :
         {Case{"", "anything", true},
          {"ERROR", "an ERROR here", true},
          {"ERROR", "an error", false},
          {"ERROR disk", "disk ERROR", true},
          {"ERROR disk", "ERROR", false},
          {"\"disk full\"", "the disk full!", true},
          {"\"disk full\"", "full disk", false},
          {"ERROR -retry", "ERROR retry", false},
          {"ERROR -retry", "ERROR", true},
          {"?ERROR ?WARN", "a WARN", true},
          {"?ERROR ?WARN", "INFO", false},
          {"%4[0-9]{2}%", "code 404", true},
          {"%4[0-9]{2}%", "code 500", false},
          {"{ $.status = 503 }", json, true},
          {"{ $.status >= 500 && $.path = \"/api/*\" }", json, true},
          {"{ $.status < 500 || $.ok IS FALSE }", json, true},
          {"{ $.status < 500 }", json, false},
          {"{ $.status != 503 }", json, false},
          {"{ $.none IS NULL }", json, true},
          {"{ $.nope NOT EXISTS }", json, true},
          {"{ $.nope = * }", json, false},
          {"{ $.path = * }", json, true},
          {"{ $.a.b[0].c = d }", json, true},
          {"{ $.a.b[1].c = d }", json, false},
          {"{ $.['x.y'] = z }", json, true},
          {"{ $.ok IS TRUE }", json, false},
          {"{ ($.status = 1 || $.n = 1.5) && $.ok IS FALSE }", json, true},
          {"{ $.a = 1 }", "not json", false},
          {"[ip, id, user, time, request, status = 4*, size]", line, true},
          {"[ip, id, user, time, request, status = 4*]", line, false},
          {"[..., status = 404, size > 1000]", line, true},
          {"[..., status = 404, size > 2000]", line, false},
          {"[ip, ..., status != 404, size]", line, false},
          {"[ip, ..., request = \"GET *\" || request = \"PUT *\", status, size]", line, true},
          {"[w1=ERROR || w1=WARN, ...]", "WARN it is hot", true},
          {"[w1=ERROR, ...]", "WARN hot", false}}) {
        const auto pattern = FilterPattern::parse(c.pattern);
        ASSERT_TRUE(pattern) << c.pattern << ": " << pattern.error().message;
        EXPECT_EQ(pattern->matches(c.message), c.matches) << c.pattern << " on " << c.message;
    }
    for (const char* broken :
         {"{", "{ $.a }", "{ $. = 1 }", "{ a = 1 }", "{ $.a > b }", "[a, b", "[..., ...]", "a=b",
          "\"open", "%(%", "{ $.a = 1 } x", "{ ($.a = 1 }"})
        EXPECT_FALSE(FilterPattern::parse(broken)) << broken;
}

}  // namespace
}  // namespace unkai::services::logs
