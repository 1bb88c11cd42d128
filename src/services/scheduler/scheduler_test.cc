#include "services/scheduler/scheduler.h"

#include <gtest/gtest.h>

#include "rt/sim/sim_loop.h"
#include "services/sqs/fake_sqs.h"

namespace unkai::services::scheduler {
namespace {

struct World {
    SimWorld sim;
    store::Store store{sim.env, store::memory_engine()};
    aws::Dispatcher dispatcher{sim.env, store};
    aws::Client client{dispatcher};
    sqs::FakeSqs queue;
    std::unique_ptr<Clock> clock = std::make_unique<Clock>(sim.env, store, client);
    Scheduler scheduler;

    World() { dispatcher.add(api::sqs::bind(queue)); }
    template <class In, class Out>
    Result<Out> run(Result<Out> (Scheduler::*operation)(aws::Call&, const In&), const In& in) {
        aws::Call call(sim.env, store);
        call.account = "123456789012";
        call.region = "eu-west-1";
        Result<Out> out = (scheduler.*operation)(call, in);
        if (out) EXPECT_TRUE(sim.loop.run_until_done(call.commit()));
        return out;
    }
    static CreateScheduleInput plain(const std::string& name, const std::string& expression) {
        return {.name = name,
                .schedule_expression = expression,
                .target = {.arn = "arn:aws:sqs:eu-west-1:123456789012:q",
                           .role_arn = "arn:aws:iam::123456789012:role/r",
                           .input = name + " <aws.scheduler.scheduled-time>"},
                .flexible_time_window = {.mode = "OFF"}};
    }
    std::string create(CreateScheduleInput in) {
        const auto out = run(&Scheduler::CreateSchedule, in);
        return out ? "" : out.error().code;
    }
    bool exists(const std::string& name) {
        return run(&Scheduler::GetSchedule, GetScheduleInput{.name = name}).has_value();
    }
    static Task<void> go(World& self, Duration length) {
        Stop stop;
        Scope scope;
        scope.spawn(self.clock->outbox().run(stop));
        scope.spawn(self.clock->run(stop));
        co_await self.sim.loop.sleep(length);
        stop.request();
        co_await scope.join();
    }
    void settle(Duration length) { sim.loop.run_until_done(go(*this, length)); }
};

TEST(Scheduler, FiresOnceAndByZone) {
    World world;  // Begins at 2026-01-01T00:00:00Z.
    auto once = World::plain("once", "at(2026-01-01T09:30:00)");
    once.schedule_expression_timezone = "Asia/Tokyo";
    once.action_after_completion = "DELETE";
    EXPECT_EQ(world.create(once), "");
    EXPECT_EQ(world.create(World::plain("kept", "at(2026-01-01T00:10:00)")), "");
    auto daily = World::plain("daily", "cron(0 8 * * ? *)");
    daily.schedule_expression_timezone = "Europe/Berlin";
    EXPECT_EQ(world.create(daily), "");
    world.settle(std::chrono::hours(24));
    EXPECT_EQ(world.queue.bodies(),
              "kept 2026-01-01T00:10:00Z\nonce 2026-01-01T00:30:00Z\ndaily 2026-01-01T07:00:00Z\n");
    EXPECT_FALSE(world.exists("once"));
    EXPECT_TRUE(world.exists("kept"));
}

TEST(Scheduler, ARateBeginsAtOnceAndEnds) {
    World world;
    auto in = World::plain("r", "rate(10 minutes)");
    in.end_date = world.sim.loop.now() + std::chrono::minutes(25);
    in.action_after_completion = "DELETE";
    EXPECT_EQ(world.create(in), "");
    world.settle(std::chrono::hours(2));
    EXPECT_EQ(world.queue.sent.size(), 3u) << "0, 10, 20 minutes";
    EXPECT_FALSE(world.exists("r"));
}

TEST(Scheduler, AWindowSpreadsCallsAndOutlivesAKill) {
    World world;
    auto in = World::plain("w", "at(2026-01-01T00:10:00)");
    in.flexible_time_window = {.mode = "FLEXIBLE", .maximum_window_in_minutes = 30};
    EXPECT_EQ(world.create(in), "");
    world.settle(std::chrono::minutes(10) + 1ms);
    EXPECT_EQ(world.queue.sent.size(), 0u);
    world.clock.reset();
    world.clock = std::make_unique<Clock>(world.sim.env, world.store, world.client);
    world.settle(std::chrono::minutes(30));
    ASSERT_EQ(world.queue.sent.size(), 1u);
    EXPECT_EQ(world.queue.bodies(), "w 2026-01-01T00:10:00Z\n");
}

TEST(Scheduler, RetriesAndGivesUp) {
    World world;
    auto in = World::plain("r", "at(2026-01-01T00:01:00)");
    in.target.retry_policy = RetryPolicy{.maximum_retry_attempts = 1};
    in.target.dead_letter_config =
        DeadLetterConfig{.arn = "arn:aws:sqs:eu-west-1:123456789012:dead"};
    EXPECT_EQ(world.create(in), "");
    const Error busy{"ServiceUnavailable", "busy", 503, {}};
    world.queue.refusals = {busy, busy};
    world.settle(std::chrono::minutes(5));
    ASSERT_EQ(world.queue.sent.size(), 1u);
    EXPECT_TRUE(world.queue.sent[0].message.queue_url.ends_with("/dead"));
}

TEST(Scheduler, ChecksSchedules) {
    World world;
    auto in = World::plain("s", "rate(1 fortnight)");
    EXPECT_EQ(world.create(in), "ValidationException");
    in.schedule_expression = "rate(1 day)";
    in.schedule_expression_timezone = "Nowhere/Land";
    EXPECT_EQ(world.create(in), "ValidationException");
    in.schedule_expression_timezone = "UTC";
    in.target.arn = "arn:aws:scheduler:::aws-sdk:sqs:sendMessage";
    EXPECT_EQ(world.create(in), "ValidationException");
    in = World::plain("s", "rate(1 day)");
    in.group_name = "none";
    EXPECT_EQ(world.create(in), "ResourceNotFoundException");
    in = World::plain("s", "rate(1 day)");
    in.flexible_time_window.mode = "FLEXIBLE";
    EXPECT_EQ(world.create(in), "ValidationException");
    in = World::plain("s", "rate(1 day)");
    in.client_token = "t";
    EXPECT_EQ(world.create(in), "");
    EXPECT_EQ(world.create(in), "") << "the same token";
    in.client_token = "u";
    EXPECT_EQ(world.create(in), "ConflictException");
}

TEST(Scheduler, AGroupTakesItsSchedulesWithIt) {
    World world;
    EXPECT_TRUE(world.run(&Scheduler::CreateScheduleGroup, CreateScheduleGroupInput{.name = "g"}));
    auto in = World::plain("s", "rate(1 day)");
    in.group_name = "g";
    EXPECT_EQ(world.create(in), "");
    EXPECT_EQ(world.run(&Scheduler::ListSchedules, ListSchedulesInput{.group_name = "g"})
                  ->schedules.size(),
              1u);
    EXPECT_TRUE(world.run(&Scheduler::DeleteScheduleGroup, DeleteScheduleGroupInput{.name = "g"}));
    EXPECT_EQ(world.run(&Scheduler::ListSchedules, ListSchedulesInput{})->schedules.size(), 0u);
    EXPECT_EQ(
        world.run(&Scheduler::DeleteScheduleGroup, DeleteScheduleGroupInput{.name = "default"})
            .error()
            .code,
        "ValidationException");
}

}  // namespace
}  // namespace unkai::services::scheduler
