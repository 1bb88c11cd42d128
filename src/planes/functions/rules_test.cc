// The plane's rules as tables, and the simulated plane.
#include <gtest/gtest.h>

#include "planes/functions/control.h"
#include "planes/functions/pool.h"
#include "planes/functions/report.h"
#include "planes/functions/runtime_names.h"
#include "planes/functions/sim_plane.h"
#include "planes/functions/start.h"
#include "rt/sim/sim_loop.h"

namespace unkai::planes::functions {
namespace {

using namespace std::chrono_literals;

Time at(int seconds) { return Time{} + std::chrono::seconds(seconds); }

TEST(Pool, TakesTheEnvironmentThatWasUsedLast) {
    const std::vector<PoolMember> members{
        {"f", "1", true, 128, at(1), {}},    {"f", "1", true, 128, at(3), {}},
        {"f", "1", true, 128, at(2), {}},    {"f", "2", true, 128, at(9), {}},
        {"g", "1", true, 128, at(9), {}},    {"f", "1", false, 128, at(9), {}},
        {"f", "1", true, 128, at(8), at(10)}};
    Claim claim = plan_claim(members, {"f", "1", 128, 10}, {}, at(10));
    EXPECT_EQ(claim.kind, Claim::Kind::use);
    EXPECT_EQ(claim.use, 1u);
    claim = plan_claim(members, {"f", "1", 128, 10}, {}, at(9));  // Not expired yet.
    EXPECT_EQ(claim.use, 6u);
}

TEST(Pool, StartsEvictsAndThrottles) {
    struct Case {
        const char* what;
        std::vector<PoolMember> members;
        Demand demand;
        PoolLimits limits;
        Claim::Kind kind;
        std::vector<size_t> evict;
    };
    const PoolMember busy{"f", "1", false, 100, at(1), {}};
    const PoolMember old{"f", "0", true, 100, at(5), {}};
    const PoolMember other{"g", "1", true, 100, at(2), {}};
    const PoolMember older{"h", "1", true, 100, at(1), {}};
    const PoolLimits three{3, 1000, 60s};
    const PoolLimits small{10, 300, 60s};
    const Demand demand{"f", "1", 100, 2};
    using enum Claim::Kind;
    const Case cases[] = {
        {"nothing there", {}, demand, three, start, {}},
        {"all busy", {busy}, demand, three, start, {}},
        {"the function's most", {busy, busy}, demand, three, throttle, {}},
        {"an outdated one goes and makes room", {busy, old}, demand, three, start, {1}},
        {"none may be", {}, {"f", "1", 100, 0}, three, throttle, {}},
        {"full: the least recently used goes", {busy, other, older}, demand, three, start, {2}},
        {"full: outdated before others", {old, other, older}, demand, three, start, {0}},
        {"full of busy ones",
         {{"g", "1", false, 1, at(1), {}},
          {"g", "1", false, 1, at(1), {}},
          {"g", "1", false, 1, at(1), {}}},
         demand,
         three,
         throttle,
         {}},
        {"memory: as many as it takes",
         {other, older, busy},
         {"f", "1", 200, 2},
         small,
         start,
         {1, 0}},
        {"more memory than there is", {other}, {"f", "1", 301, 2}, small, throttle, {}}};
    for (const Case& one : cases) {
        const Claim claim = plan_claim(one.members, one.demand, one.limits, at(10));
        EXPECT_EQ(claim.kind, one.kind) << one.what;
        EXPECT_EQ(claim.evict, one.evict) << one.what;
    }
}

TEST(Pool, IsAsLargeAsTheMachine) {
    struct Case {
        int64_t machine_mib;
        size_t environments;
        int64_t memory_mib;
    };
    for (const Case& one : {Case{256, 8, 10'240}, Case{8'192, 128, 10'240},
                            Case{24'000, 375, 24'000}, Case{512'000, 1000, 512'000}}) {
        const PoolLimits limits = limits_for(one.machine_mib);
        EXPECT_EQ(limits.most_environments, one.environments) << one.machine_mib;
        EXPECT_EQ(limits.most_memory_mib, one.memory_mib) << one.machine_mib;
    }
    EXPECT_GT(machine_memory_mib(), 64);
}

TEST(Pool, SweepsIdleAndExpired) {
    const std::vector<PoolMember> members{{"f", "1", true, 1, at(0), {}},
                                          {"f", "1", false, 1, at(0), {}},
                                          {"f", "1", true, 1, at(50), {}},
                                          {"f", "1", true, 1, at(50), at(55)}};
    EXPECT_EQ(plan_sweep(members, {10, 10, 60s}, at(60)), (std::vector<size_t>{0, 3}));
}

TEST(Report, Lines) {
    FunctionSpec spec;
    Outcome out{.duration = 1520us, .billed_duration = 102ms};
    out.init_duration = 99610us;
    out.max_memory_mib = 36;
    EXPECT_EQ(report_line("id", spec, out),
              "REPORT RequestId: id\tDuration: 1.52 ms\tBilled Duration: 102 ms\t"
              "Memory Size: 128 MB\tMax Memory Used: 36 MB\tInit Duration: 99.61 ms\t");
    EXPECT_EQ(billed(out.duration, out.init_duration), Duration(102ms));
    EXPECT_EQ(billed(Duration{0}, {}), Duration(1ms));
    EXPECT_EQ(billed(2ms, {}), Duration(2ms));
    EXPECT_EQ(timeout_line(Time{} + 1500ms, "id", 2s),
              "1970-01-01T00:00:01.500Z id Task timed out after 2.00 seconds");
    EXPECT_EQ(exit_message("id", ""),
              "RequestId: id Error: Runtime exited without providing a reason");
    out = exited("id", "signal: killed", true);
    EXPECT_EQ(out.kind, Outcome::Kind::out_of_memory);
    EXPECT_TRUE(report_line("id", spec, out)
                    .ends_with("Status: error\tError Type: "
                               "Runtime.OutOfMemory"));
}

TEST(Runtimes, Names) {
    EXPECT_EQ(parse_runtime_name("python3.13")->version, "3.13");
    EXPECT_EQ(parse_runtime_name("nodejs24.x")->family, RuntimeFamily::node);
    EXPECT_FALSE(parse_runtime_name("python3.8"));
    EXPECT_FALSE(parse_runtime_name("nodejs16.x"));
    EXPECT_FALSE(parse_runtime_name("java21"));
    EXPECT_EQ(runtime_identifiers().size(), 11u);
}

TEST(Start, VariablesAndScripts) {
    FunctionSpec spec;
    spec.name = "f";
    spec.handler = "a.b";
    spec.runtime = "python3.11";
    spec.environment = {{"MINE", "it's"}, {"AWS_LAMBDA_FUNCTION_NAME", "not mine"}, {"a-b", "x"}};
    const Grant grant{.variables = {{"AWS_REGION", "eu-west-1"}}};
    const Variables all = environment_variables(spec, grant, {RuntimeFamily::python, "3.11"});
    const std::string script = bootstrap_script(all, "");
    EXPECT_NE(script.find("export MINE='it'\\''s'\n"), std::string::npos);
    EXPECT_NE(script.find("export AWS_LAMBDA_FUNCTION_NAME='f'\n"), std::string::npos);
    EXPECT_NE(script.find("export AWS_REGION='eu-west-1'\n"), std::string::npos);
    EXPECT_NE(script.find("export _HANDLER='a.b'\n"), std::string::npos);
    EXPECT_EQ(script.find("a-b"), std::string::npos);
    EXPECT_NE(claim_document(spec, grant, all).find("\"restart\":false"), std::string::npos);
    for (const char* early : {"LD_PRELOAD", "PYTHONHASHSEED", "NODE_OPTIONS", "LC_ALL"}) {
        spec.environment = {{early, "x"}};
        EXPECT_NE(claim_document(spec, grant, {}).find("\"restart\":true"), std::string::npos);
    }
    const auto container =
        generic_container({RuntimeFamily::python, "3.12"}, "/opt/python3.12/bin/python3.12");
    EXPECT_EQ(container.entry_point->at(0), "/var/lang/bin/python3.12");
    EXPECT_EQ(container.binds.at(0).source, "/opt/python3.12");
}

struct SimGrants final : Grants, containers::LogSink {
    Task<Result<Grant>> grant(std::string) override {
        co_return Grant{.log = std::shared_ptr<containers::LogSink>(std::shared_ptr<void>(), this)};
    }
    void ended(std::string_view) override { ++gone; }
    Task<void> lines(std::vector<containers::LogLine> lines) override {
        for (const auto& line : lines) all += line.text + "\n";
        co_return;
    }
    std::string all;
    int gone = 0;
};

Task<void> use_sim_plane(Env& env) {
    SimPlane plane(env);
    plane.functions["f"] = {.response = "1", .prints = {"hello"}};
    plane.functions["slow"].duration = 10s;
    plane.missing_runtimes.insert("python3.9");
    auto spec = std::make_shared<FunctionSpec>();
    const auto grants = std::make_shared<SimGrants>();
    spec->id = spec->name = "f";
    spec->runtime = "python3.11";
    spec->grants = grants;
    EXPECT_TRUE(co_await plane.prepare(spec));
    auto out = co_await plane.invoke(spec, {.request_id = "r", .log_tail = true});
    EXPECT_EQ(out->payload, "1");
    EXPECT_TRUE(out->cold);
    EXPECT_TRUE(out->log_tail.starts_with("START RequestId: r Version: $LATEST\nhello\nEND "));
    EXPECT_EQ(grants->all, out->log_tail);
    out = co_await plane.invoke(spec, {.request_id = "r"});
    EXPECT_FALSE(out->cold);
    EXPECT_EQ(plane.environments().size(), 1u);
    co_await plane.retire("f");
    EXPECT_TRUE(plane.environments().empty());
    EXPECT_EQ(grants->gone, 1);
    spec->name = "slow";
    out = co_await plane.invoke(spec, {.request_id = "r"});
    EXPECT_EQ(out->kind, Outcome::Kind::timeout);
    EXPECT_TRUE(plane.environments().empty());
    spec->most_environments = 0;
    out = co_await plane.invoke(spec, {});
    EXPECT_EQ(out->kind, Outcome::Kind::throttled);
    EXPECT_EQ(plane.check_runtime("python3.9").error().code, "RuntimeMissing");
    EXPECT_EQ(plane.check_runtime("python2").error().code, "InvalidRuntime");
}

TEST(SimulatedPlane, BehavesAsTheRealOne) {
    SimWorld world;
    world.loop.run_until_done(use_sim_plane(world.env));
}

}  // namespace
}  // namespace unkai::planes::functions
