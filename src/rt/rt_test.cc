#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>

#include "rt/event.h"
#include "rt/process.h"
#include "rt/sim/sim_loop.h"
#include "rt/workers.h"

namespace unkai {

static Task<int> add(int a, int b) { co_return a + b; }

static Task<int> add_later(Loop& loop, int a, int b) {
    co_await loop.sleep(1h);
    co_return co_await add(a, b);
}

TEST(SimLoop, SleepsAnHourInNoTime) {
    SimWorld world;
    const Time before = world.loop.now();
    EXPECT_EQ(world.loop.run_until_done(add_later(world.loop, 40, 2)), 42);
    EXPECT_EQ(world.loop.now() - before, 1h);
}

static Task<void> count_up(Loop& loop, Stop& stop, int& count) {
    while (co_await loop.sleep(1s, &stop)) ++count;
}

static Task<void> stop_after(Loop& loop, int& count) {
    Stop stop;
    Scope scope;
    scope.spawn(count_up(loop, stop, count));
    scope.spawn(count_up(loop, stop, count));
    co_await loop.sleep(10500ms);
    stop.request();
    co_await scope.join();
}

TEST(Scope, JoinsChildrenThatAStopEnds) {
    SimWorld world;
    int count = 0;
    world.loop.run_until_done(stop_after(world.loop, count));
    EXPECT_EQ(count, 20);
}

static Task<Wake> wait_for(Loop& loop, Event& event, Duration most) {
    co_return co_await event.wait(loop, loop.steady() + most);
}

TEST(Event, TimesOutAndWakes) {
    SimWorld world;
    Event event;
    EXPECT_EQ(world.loop.run_until_done(wait_for(world.loop, event, 5s)), Wake::timed_out);
    struct Run {
        static Task<Wake> go(Loop& loop, Event& event) {
            Scope scope;
            Wake outcome = Wake::stopped;
            struct Child {
                static Task<void> go(Loop& loop, Event& event, Wake& outcome) {
                    outcome = co_await wait_for(loop, event, 5s);
                }
            };
            scope.spawn(Child::go(loop, event, outcome));
            co_await loop.sleep(1s);
            event.notify_all();
            co_await scope.join();
            co_return outcome;
        }
    };
    EXPECT_EQ(world.loop.run_until_done(Run::go(world.loop, event)), Wake::ready);
}

static Task<Wake> read_with_deadline(Loop& loop, Io& io) {
    co_await io.readable(loop.steady() + 10ms);  // The first edge is assumed: nothing was read yet.
    co_return co_await io.readable(loop.steady() + 10ms);
}

static Task<Wake> read_after_close(Loop& loop, Io& io) {
    struct Closer {
        static Task<void> go(Loop& loop, Io& io) {
            co_await loop.sleep(5ms);
            io.close();
        }
    };
    Scope scope;
    scope.spawn(Closer::go(loop, io));
    const Wake outcome = co_await io.readable();
    co_await scope.join();
    co_return outcome;
}

// Bytes arrive before the deadline, but the loop is busy until after it.
static Task<Wake> read_behind_a_long_turn(Loop& loop, Io& io, const Fd& other) {
    const Steady deadline = loop.steady() + 5ms;
    co_await io.readable(deadline);
    loop.post([&loop, &other, deadline] {
        EXPECT_EQ(::send(other.get(), "x", 1, 0), 1);
        while (loop.steady() <= deadline) {
        }
    });
    co_return co_await io.readable(deadline);
}

TEST(Io, WhatArrivedInTimeIsNotLateWhenTheLoopWasBusy) {
    Loop loop;
    int pair[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    const Fd other(pair[1]);
    Io io(loop, Fd(pair[0]));
    EXPECT_EQ(loop.run_until_done(read_behind_a_long_turn(loop, io, other)), Wake::ready);
}

TEST(Io, TimesOutAndIsStoppedByClose) {
    Loop loop;
    int pair[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    const Fd other(pair[1]);
    Io io(loop, Fd(pair[0]));
    EXPECT_EQ(loop.run_until_done(read_with_deadline(loop, io)), Wake::timed_out);
    EXPECT_EQ(loop.run_until_done(read_after_close(loop, io)), Wake::stopped);
}

TEST(Workers, RunJobsAndComeBack) {
    Loop loop;
    Workers workers(2);
    struct Run {
        static Task<int> go(Workers& workers) {
            int sum = 0;
            for (int i = 0; i < 10; ++i) sum += co_await workers.run([i] { return i; });
            co_return sum;
        }
    };
    EXPECT_EQ(loop.run_until_done(Run::go(workers)), 45);
}

TEST(Process, RunsCollectsAndReportsExits) {
    Loop loop;
    SpawnOptions options;
    options.argv = {"/bin/sh", "-c", "echo out; echo err >&2; exit 3"};
    const auto output = loop.run_until_done(run(loop, options));
    ASSERT_TRUE(output);
    EXPECT_EQ(output->output, "out\n");
    EXPECT_EQ(output->error, "err\n");
    EXPECT_EQ(output->exit.code, 3);

    options.argv = {"/bin/sleep", "100"};
    const auto slow = loop.run_until_done(run(loop, options, loop.steady() + 20ms));
    ASSERT_FALSE(slow);
    EXPECT_EQ(slow.error().code, "ProcessTimeout");

    options.argv = {"/nowhere/at/all"};
    const auto missing = spawn(loop, options);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, "ProcessStartFailed");
}

TEST(Random, IsRepeatableFromASeed) {
    EXPECT_EQ(seeded_random(7)->uuid(), seeded_random(7)->uuid());
    EXPECT_NE(system_random()->uuid(), system_random()->uuid());
    EXPECT_EQ(system_random()->hex(17).size(), 17u);
}

}  // namespace unkai
