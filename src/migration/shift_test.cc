#include "migration/shift.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "rt/sim/sim_loop.h"

namespace unkai::migration {

namespace {

ShiftSettings settings_of(std::vector<std::string> guards = {"errors<1%", "p99<300ms"}) {
    ShiftSettings out{.steps = {10, 25, 50, 100}};
    for (const std::string& text : guards) out.guards.push_back(*parse_guard(text));
    return out;
}

Observed seen_at(int seconds, double requests, double errors = 0, double p99 = 50,
                 Command command = Command::none) {
    Observed out{.now = Time(std::chrono::seconds(seconds)), .command = command};
    out.arrived = {.requests = requests, .errors = errors, .seconds = 20, .p50 = 10, .p99 = p99};
    return out;
}

// A world with a rate of requests that follows the share, and a new side that may be ill.
struct SimSides final : ShiftWorld {
    explicit SimSides(Loop& loop) : loop(loop) {}
    Loop& loop;
    int percent = 0;
    double rate = 100, ill_errors = 0;
    std::optional<Time> ill_from;
    std::vector<int> set;
    bool blind = false;
    std::map<Time, std::pair<Reading, Reading>> periods;

    // Called each second of the simulated time.
    void serve() {
        const Time now = loop.now();
        const Time at(std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()) / 10s * 10s);
        auto& [from, to] = periods[at];
        from.at = to.at = at;
        from.requests += rate * (100 - percent) / 100;
        to.requests += rate * percent / 100;
        if (ill_from && now >= *ill_from) to.errors += rate * percent / 100 * ill_errors;
        from.p50 = to.p50 = 5;
        from.p99 = to.p99 = 20;
    }
    Task<Status> set_share(int share) override {
        percent = share;
        set.push_back(share);
        co_return ok();
    }
    Task<Result<Readings>> read(Time since) override {
        if (blind) co_return fail("ServiceUnavailable", "CloudWatch is down.", 503);
        Readings out;
        for (const auto& [at, sides] : periods) {
            if (at < since || at + 10s > loop.now()) continue;  // Published when it is over.
            out.from.push_back(sides.first);
            out.to.push_back(sides.second);
        }
        co_return out;
    }
    Task<Result<int>> share() override { co_return percent; }
    Duration period() const override { return 10s; }
    Duration ttl() const override { return 60s; }
    Duration keep_alive() const override { return 1h; }
    std::string describe(bool) const override { return "a side"; }
};

struct SimDesk final : ShiftDesk {
    Loop* loop = nullptr;
    std::map<int, Command> commands;  // By second since the beginning.
    Time begun;
    std::vector<std::string> told;
    size_t shown = 0;
    void show(const Tick&, const ShiftSettings&) override { ++shown; }
    void tell(const ShiftEvent& event) override { told.push_back(event.what); }
    Command take_command() override {
        for (auto& [second, command] : commands)
            if (command != Command::none && loop->now() - begun >= std::chrono::seconds(second))
                return std::exchange(command, Command::none);
        return Command::none;
    }
};

struct ShiftSim {
    SimWorld sim{11};
    SimSides sides{sim.loop};
    SimDesk desk;
    ShiftOptions options{.settings = settings_of(), .names = {"api.test", "lambda", "fargate"}};
    const ShiftFile* file = nullptr;
    Stop stop;

    Result<ShiftReport> run() {
        desk.loop = &sim.loop;
        desk.begun = sim.loop.now();
        struct Run {
            static Task<void> serve(ShiftSim& self) {
                while (co_await self.sim.loop.sleep(1s, &self.stop)) self.sides.serve();
            }
            static Task<Result<ShiftReport>> go(ShiftSim& self) {
                Scope scope;
                scope.spawn(serve(self));
                auto out = co_await run_shift(self.sim.loop, self.sides, self.options, self.file,
                                              self.desk);
                self.stop.request();
                co_await scope.join();
                co_return out;
            }
        };
        return sim.loop.run_until_done(Run::go(*this));
    }
};

}  // namespace

TEST(Guards, AreReadAndJudged) {
    const struct {
        std::string_view text;
        Traffic traffic;
        bool broken;
    } rows[] = {
        {"errors<1%", {.requests = 1000, .errors = 9}, false},
        {"errors<1%", {.requests = 1000, .errors = 10}, true},
        {"errors < 0.5%", {.requests = 1000, .errors = 6}, true},
        {"errors<1%", {.requests = 0, .errors = 0}, false},
        {"p99<300ms", {.requests = 10, .p99 = 299}, false},
        {"p99<300ms", {.requests = 10, .p99 = 301}, true},
        {"p50<0.2s", {.requests = 10, .p50 = 250}, true},
        {"p99<300ms", {.requests = 10}, false},
    };
    for (const auto& row : rows) {
        const auto guard = parse_guard(row.text);
        ASSERT_TRUE(guard) << row.text;
        EXPECT_EQ(guard->broken_by(row.traffic).has_value(), row.broken) << row.text;
    }
    for (const char* const bad :
         {"", "errors", "errors<1", "p99<300", "p95<3ms", "p99>3ms", "x<1%"})
        EXPECT_EQ(parse_guard(bad).error().code, "GuardInvalid") << bad;
    EXPECT_EQ(parse_steps("10, 25,50,100")->size(), 4u);
    for (const char* const bad : {"", "10,5", "50,101", "a", "10,,20"})
        EXPECT_EQ(parse_steps(bad).error().code, "StepsInvalid") << bad;
    EXPECT_EQ(*parse_length("1m30s"), Duration(90s));
    EXPECT_EQ(*parse_length("500ms"), Duration(500ms));
    for (const char* const bad : {"", "10", "s", "-1s", "0s", "5 parsecs"})
        EXPECT_EQ(parse_length(bad).error().code, "TimeInvalid") << bad;
}

TEST(ShiftPlan, StepsRuleByRule) {
    const ShiftSettings settings = settings_of();
    ShiftState at_25{.step = 1, .share = 25, .last_good = 10, .since = Time(100s)};
    const struct {
        std::string_view what;
        Observed seen;
        std::optional<int> share;
        Phase phase;
        std::optional<Outcome> outcome;
    } rows[] = {
        {"too early", seen_at(110, 500), {}, Phase::shifting, {}},
        {"good", seen_at(120, 500), 50, Phase::shifting, {}},
        {"errors", seen_at(110, 500, 50), 10, Phase::rolling_back, Outcome::guard_failed},
        {"slow", seen_at(110, 500, 0, 400), 10, Phase::rolling_back, Outcome::guard_failed},
        {"too few to judge", seen_at(110, 5, 5), {}, Phase::shifting, {}},
        {"too few to go on", seen_at(120, 5), {}, Phase::shifting, {}},
        {"paused", seen_at(120, 500, 0, 50, Command::pause), {}, Phase::shifting, {}},
        {"promoted", seen_at(101, 500, 0, 50, Command::promote), 50, Phase::shifting, {}},
        {"promoted fully",
         seen_at(101, 0, 0, 50, Command::promote_fully),
         100,
         Phase::shifting,
         {}},
        {"aborted", seen_at(101, 0, 0, 50, Command::abort), 10, Phase::done, Outcome::aborted},
        {"undone", seen_at(101, 0, 0, 50, Command::undo), 0, Phase::done, Outcome::undone},
    };
    for (const auto& row : rows) {
        const Decision decision = plan(settings, at_25, row.seen);
        EXPECT_EQ(decision.share, row.share) << row.what;
        EXPECT_EQ(decision.state.phase, row.phase) << row.what;
        EXPECT_EQ(decision.state.outcome, row.outcome) << row.what;
    }
    // Too few for long: it pauses, and says why.
    const Decision idle = plan(settings, at_25, seen_at(200, 5));
    EXPECT_TRUE(idle.state.paused);
    EXPECT_TRUE(idle.state.reason.contains("only 5 requests"));
    // The last step ends it.
    const ShiftState last{.step = 3, .share = 100, .last_good = 50, .since = Time(100s)};
    EXPECT_EQ(plan(settings, last, seen_at(120, 500)).state.outcome, Outcome::completed);
    EXPECT_EQ(plan(settings, last, seen_at(101, 0, 0, 0, Command::promote)).state.outcome,
              Outcome::completed);
}

TEST(ShiftPlan, SharesAreComparedWithTheirInterval) {
    const Arrived fair = arrived_share(0.25, 7480, 2520);
    EXPECT_FALSE(fair.differs());
    EXPECT_TRUE(why_different(fair, 0.25, 5s, 60s, 1h).empty());
    const Arrived late = arrived_share(0.25, 9000, 1000);
    EXPECT_TRUE(late.differs());
    EXPECT_TRUE(why_different(late, 0.25, 5s, 60s, 1h).contains("resolver caches"));
    EXPECT_TRUE(why_different(late, 0.25, 90s, 60s, 1h).contains("kept alive"));
    EXPECT_TRUE(why_different(late, 0.25, 2h, 60s, 1h).contains("few resolvers"));
    EXPECT_FALSE(arrived_share(0.5, 0, 0).enough);
    EXPECT_EQ(weights_of(10), (std::pair{90, 10}));
}

TEST(Shift, GoesAllTheWay) {
    ShiftSim world;
    const auto report = world.run();
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->outcome, Outcome::completed);
    EXPECT_EQ(world.sides.set, (std::vector{10, 25, 50, 100}));
    EXPECT_LT(report->ended - report->begun, Duration(150s));
    EXPECT_EQ(exit_code_of(report->outcome), 0);
    const wire::Json json = report_json(*report);
    EXPECT_EQ(json["outcome"].text(), "completed");
    EXPECT_GT(json["ticks"].size(), 30u);
    const std::string page = report_page(*report);
    EXPECT_TRUE(page.contains("<svg") && page.contains("Step 2 of 4: 25 % to fargate."));
    EXPECT_FALSE(page.contains("http://") || page.contains("src="));  // Nothing from elsewhere.
}

TEST(Shift, AGuardRollsBackToTheLastGoodShare) {
    ShiftSim world;
    world.sides.ill_errors = 0.3;
    world.sides.ill_from = world.sim.loop.now() + 60s;
    const auto report = world.run();
    ASSERT_TRUE(report);
    EXPECT_EQ(report->outcome, Outcome::guard_failed);
    EXPECT_EQ(exit_code_of(report->outcome), 99);
    ASSERT_GE(world.sides.set.size(), 3u);
    // It stays ill where it went back to: then to where it came from.
    EXPECT_EQ(world.sides.set.back(), 0);
    EXPECT_GT(world.sides.set[world.sides.set.size() - 2], 0);
    EXPECT_TRUE(report->reason.contains("errors<1% is broken")) << report->reason;
}

TEST(Shift, AFaultUnderLoadOnlyStaysAtTheLastGoodShare) {
    ShiftSim world;
    struct Overloaded {
        static Task<void> go(ShiftSim& world) {
            while (co_await world.sim.loop.sleep(1s, &world.stop))
                world.sides.ill_from =
                    world.sides.percent >= 50 ? std::optional(world.sim.loop.now()) : std::nullopt;
        }
    };
    world.sides.ill_errors = 0.5;
    Scope scope;
    scope.spawn(Overloaded::go(world));
    const auto report = world.run();
    ASSERT_TRUE(report);
    EXPECT_EQ(report->outcome, Outcome::guard_failed);
    EXPECT_EQ(world.sides.set, (std::vector{10, 25, 50, 25}));
}

TEST(Shift, ListensToCommands) {
    {
        ShiftSim world;
        world.desk.commands = {{5, Command::pause}, {300, Command::resume}, {310, Command::abort}};
        const auto report = world.run();
        EXPECT_EQ(report->outcome, Outcome::aborted);
        EXPECT_GT(report->ended - report->begun, Duration(300s));
    }
    {
        ShiftSim world;
        world.desk.commands = {{2, Command::promote_fully}, {15, Command::undo}};
        const auto report = world.run();
        EXPECT_EQ(report->outcome, Outcome::undone);
        EXPECT_EQ(world.sides.set.back(), 0);
    }
    {
        const std::string folder = testing::TempDir() + "unkai-shift-test";
        std::filesystem::remove_all(folder);
        const ShiftFile file(folder, "api.test.");
        EXPECT_EQ(file.read().error().code, "NoSuchShift");
        EXPECT_TRUE(file.send(Command::abort));
        EXPECT_EQ(file.take_command(), Command::abort);
        EXPECT_EQ(file.take_command(), Command::none);
        ShiftSim world;
        world.file = &file;
        ASSERT_TRUE(world.run());
        const auto state = file.read();
        ASSERT_TRUE(state);
        EXPECT_EQ((*state)["outcome"].text(), "completed");
        EXPECT_EQ((*state)["originalShare"].int_or(-1), 0);
        std::filesystem::remove_all(folder);
    }
}

TEST(Shift, RollsBackWhenNobodyCanWatch) {
    ShiftSim world;
    struct Blindness {
        static Task<void> go(ShiftSim& world) {
            co_await world.sim.loop.sleep(65s, &world.stop);
            world.sides.blind = true;
            co_await world.sim.loop.sleep(70s, &world.stop);
            world.sides.blind = false;
        }
    };
    Scope scope;
    scope.spawn(Blindness::go(world));
    const auto report = world.run();
    ASSERT_TRUE(report);
    EXPECT_EQ(report->outcome, Outcome::aborted);
    bool told = false;
    for (const std::string& text : world.desk.told) told = told || text.contains("cannot be read");
    EXPECT_TRUE(told);
}

}  // namespace unkai::migration
