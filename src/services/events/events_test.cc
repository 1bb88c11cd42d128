#include "services/events/events.h"

#include <gtest/gtest.h>

#include "rt/sim/sim_loop.h"
#include "services/events/input.h"
#include "services/sqs/fake_sqs.h"

namespace unkai::services::events {
namespace {

struct World {
    SimWorld sim;
    store::Store store{sim.env, store::memory_engine()};
    aws::Dispatcher dispatcher{sim.env, store};
    aws::Client client{dispatcher};
    sqs::FakeSqs queue;
    std::unique_ptr<Router> router = std::make_unique<Router>(sim.env, store, client);
    std::unique_ptr<Events> events = std::make_unique<Events>(*router);

    World() { dispatcher.add(api::sqs::bind(queue)); }
    void restart() {
        events.reset();
        router.reset();
        router = std::make_unique<Router>(sim.env, store, client);
        events = std::make_unique<Events>(*router);
    }
    template <class In, class Out>
    Result<Out> run(Result<Out> (Events::*operation)(aws::Call&, const In&), const In& in) {
        aws::Call call(sim.env, store);
        call.account = "123456789012";
        call.region = "eu-west-1";
        call.principal = {.kind = aws::Principal::Kind::root, .account = call.account};
        Result<Out> out = ((*events).*operation)(call, in);
        if (out) EXPECT_TRUE(sim.loop.run_until_done(call.commit()));
        return out;
    }
    template <class In, class Out>
    std::string code(Result<Out> (Events::*operation)(aws::Call&, const In&), const In& in) {
        const auto out = run(operation, in);
        return out ? "" : out.error().code;
    }
    static Target queue_target(const std::string& id = "q") {
        return {.id = id, .arn = "arn:aws:sqs:eu-west-1:123456789012:q"};
    }
    void rule(PutRuleInput in, Target target = queue_target()) {
        EXPECT_EQ(code(&Events::PutRule, in), "");
        EXPECT_EQ(code(&Events::PutTargets, PutTargetsInput{.rule = in.name,
                                                            .event_bus_name = in.event_bus_name,
                                                            .targets = {target}}),
                  "");
    }
    PutEventsOutput put(const std::string& detail, const std::string& source = "app",
                        std::optional<std::string> bus = {}) {
        PutEventsInput in;
        in.entries.push_back(
            {.source = source, .detail_type = "T", .detail = detail, .event_bus_name = bus});
        return *run(&Events::PutEvents, in);
    }
    static Task<void> go(World& self, Duration length) {
        Stop stop;
        Scope scope;
        scope.spawn(self.router->outbox().run(stop));
        scope.spawn(self.router->run(stop));
        co_await self.sim.loop.sleep(length);
        stop.request();
        co_await scope.join();
    }
    void settle(Duration length = 100ms) { sim.loop.run_until_done(go(*this, length)); }
};

TEST(Events, BringsWhatMatches) {
    World world;
    world.rule({.name = "r", .event_pattern = R"({"source":["app"],"detail":{"a":[1]}})"});
    EXPECT_EQ(world.put(R"({"a":1})").failed_entry_count, 0);
    world.put(R"({"a":2})");
    world.settle();
    ASSERT_EQ(world.queue.sent.size(), 1u);
    const auto event = wire::Json::parse(world.queue.sent[0].message.message_body);
    EXPECT_EQ((*event)["detail"]["a"].int_or(0), 1);
    EXPECT_EQ((*event)["detail-type"].text(), "T");
    EXPECT_EQ((*event)["account"].text(), "123456789012");
    EXPECT_EQ(world.queue.sent[0].principal.arn, "arn:aws:events:eu-west-1:123456789012:rule/r");
    EXPECT_EQ(world.code(&Events::DisableRule, DisableRuleInput{.name = "r"}), "");
    world.put(R"({"a":1})");
    world.settle();
    EXPECT_EQ(world.queue.sent.size(), 1u);
}

TEST(Events, ChecksEntries) {
    World world;
    EXPECT_EQ(world.put("no JSON").entries[0].error_code, "MalformedDetail");
    EXPECT_EQ(world.put("{}", "").entries[0].error_code, "InvalidArgument");
    EXPECT_EQ(world.put("{}", "aws.ec2").entries[0].error_code, "NotAuthorizedForSourceException");
    EXPECT_EQ(world.put("{}", "a", "none").entries[0].error_code, "ResourceNotFoundException");
    PutEventsInput big;
    big.entries.push_back({.source = "a", .detail_type = "T", .detail = std::string(262144, ' ')});
    EXPECT_EQ(world.code(&Events::PutEvents, big), "ValidationException");
}

TEST(Events, RetriesThenGivesUpToTheDeadLetterQueue) {
    World world;
    Target target = World::queue_target();
    target.retry_policy = RetryPolicy{.maximum_retry_attempts = 2};
    target.dead_letter_config = DeadLetterConfig{.arn = "arn:aws:sqs:eu-west-1:123456789012:dead"};
    world.rule({.name = "r", .event_pattern = R"({"source":["app"]})"}, target);
    const Error busy{"ServiceUnavailable", "busy", 503, {}};
    world.queue.refusals = {busy, busy};
    world.put("{}");
    world.settle(10s);
    ASSERT_EQ(world.queue.sent.size(), 1u) << "the third attempt";
    world.queue.refusals = {busy, busy, busy};
    world.put("{}");
    world.settle(10s);
    ASSERT_EQ(world.queue.sent.size(), 2u);
    EXPECT_TRUE(world.queue.sent[1].message.queue_url.ends_with("/dead"));
    EXPECT_EQ(*world.queue.sent[1].message.message_attributes["RETRY_ATTEMPTS"].string_value, "2");
    world.queue.refusals = {{"AccessDenied", "no", 403, {}}};
    world.put("{}");
    world.settle(10s);
    EXPECT_EQ(world.queue.sent.size(), 3u) << "a refusal is not tried again";
    EXPECT_EQ(*world.queue.sent[2].message.message_attributes["ERROR_CODE"].string_value,
              "AccessDenied");
}

TEST(Events, WhatWasPutSurvivesAKill) {
    World world;
    world.rule({.name = "r", .event_pattern = R"({"source":["app"]})"});
    world.put("{\"n\":1}");
    world.restart();
    world.settle();
    EXPECT_EQ(world.queue.sent.size(), 1u);
}

TEST(Events, FiresByTheClock) {
    World world;  // Begins at 2026-01-01T00:00:00Z.
    world.rule({.name = "rate", .schedule_expression = "rate(5 minutes)"});
    world.settle(std::chrono::minutes(16));
    EXPECT_EQ(world.queue.sent.size(), 3u);
    const auto event = wire::Json::parse(world.queue.sent[0].message.message_body);
    EXPECT_EQ((*event)["detail-type"].text(), "Scheduled Event");
    EXPECT_EQ((*event)["time"].text(), "2026-01-01T00:05:00Z");
    EXPECT_EQ((*event)["resources"][0].text(), "arn:aws:events:eu-west-1:123456789012:rule/rate");
    EXPECT_EQ(world.code(&Events::DisableRule, DisableRuleInput{.name = "rate"}), "");
    world.queue.sent.clear();
    world.rule({.name = "cron", .schedule_expression = "cron(0 12 * * ? *)"});
    world.settle(std::chrono::hours(48));
    EXPECT_EQ(world.queue.sent.size(), 2u);
}

TEST(Events, PassesOnToABusOnce) {
    World world;
    for (const char* bus : {"a", "b"})
        EXPECT_EQ(world.code(&Events::CreateEventBus, CreateEventBusInput{.name = bus}), "");
    const auto to_bus = [](const char* name) {
        return Target{
            .id = "bus",
            .arn = std::string("arn:aws:events:eu-west-1:123456789012:event-bus/") + name};
    };
    const std::string all = R"({"source":["app"]})";
    world.rule({.name = "r", .event_pattern = all, .event_bus_name = "a"}, to_bus("b"));
    world.rule({.name = "back", .event_pattern = all, .event_bus_name = "b"}, to_bus("a"));
    world.rule({.name = "q", .event_pattern = all, .event_bus_name = "b"});
    world.put("{}", "app", "a");
    world.settle(1s);
    EXPECT_EQ(world.queue.sent.size(), 1u);
    EXPECT_EQ(world.router->outbox().waiting(), 0u);
    EXPECT_EQ(world.code(&Events::DeleteEventBus, DeleteEventBusInput{.name = "a"}),
              "ValidationException");
}

TEST(Events, RefusesWhatItCannotDo) {
    World world;
    EXPECT_EQ(world.code(&Events::PutRule, PutRuleInput{.name = "r"}), "ValidationException");
    EXPECT_EQ(world.code(&Events::PutRule, PutRuleInput{.name = "r", .event_pattern = "{\"a\":1}"}),
              "InvalidEventPatternException");
    EXPECT_EQ(world.code(&Events::PutRule,
                         PutRuleInput{.name = "r", .schedule_expression = "rate(1 second)"}),
              "ValidationException");
    EXPECT_EQ(world.code(&Events::DescribeRule, DescribeRuleInput{.name = "none"}),
              "ResourceNotFoundException");
    world.rule({.name = "r", .schedule_expression = "rate(1 hour)"});
    const auto put = world.run(
        &Events::PutTargets,
        PutTargetsInput{
            .rule = "r",
            .targets = {
                {.id = "s", .arn = "arn:aws:states:eu-west-1:1:stateMachine:x"},
                {.id = "i", .arn = "arn:aws:sqs:eu-west-1:123456789012:q", .input = "no JSON"}}});
    ASSERT_EQ(put->failed_entry_count, 2);
    EXPECT_NE(put->failed_entries[0].error_message->find("Step Functions"), std::string::npos);
    EXPECT_EQ(world.code(&Events::DeleteRule, DeleteRuleInput{.name = "r"}), "ValidationException");
}

TEST(Input, IsTransformed) {
    const auto event = wire::Json::parse(
        R"({"source":"app","time":"t","detail":{"name":"Ada \"A\"","n":5,"list":[{"x":1}]}})");
    const RuleFacts rule{"arn:rule", "rule", Time{}};
    const auto transformed = [&](Map<std::string> paths, const char* text) {
        Target target;
        target.input_transformer =
            InputTransformer{.input_paths_map = paths, .input_template = text};
        EXPECT_TRUE(check_input(target));
        return input_for(target, *event, rule);
    };
    const Map<std::string> paths{{"name", "$.detail.name"},
                                 {"n", "$.detail.n"},
                                 {"x", "$.detail.list[0].x"},
                                 {"none", "$.detail.none"},
                                 {"list", "$['detail']['list']"}};
    EXPECT_EQ(transformed(paths, R"({"who":<name>,"n":<n>,"x":<x>,"all":<list>})"),
              R"({"who":"Ada \"A\"","n":5,"x":1,"all":[{"x":1}]})");
    EXPECT_EQ(transformed(paths, R"("<name> has <n> of <other>")"),
              R"("Ada \"A\" has 5 of <other>")");
    EXPECT_EQ(transformed({}, R"({"rule":<aws.events.rule-name>,"at":"<aws.events.rule-arn>"})"),
              R"({"rule":"rule","at":"arn:rule"})");
    EXPECT_EQ(transformed(paths, "{\"v\":<none>}"), "{\"v\":\"\"}");
    Target target{.input_path = "$.detail.n"};
    EXPECT_EQ(input_for(target, *event, rule), "5");
    target = {.input = "{\"constant\":true}"};
    EXPECT_EQ(input_for(target, *event, rule), "{\"constant\":true}");
    target.input_path = "$.x";
    EXPECT_FALSE(check_input(target));
}

}  // namespace
}  // namespace unkai::services::events
