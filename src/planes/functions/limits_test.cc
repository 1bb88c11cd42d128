// What environments may not do, and how they end, for real.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <thread>

#include "planes/functions/plane_test.h"

namespace unkai::planes::functions {
namespace {

class LimitsTest : public PlaneTest {
protected:
    static std::string control_file(const std::string& environment, const char* name) {
        return containers::read_file(find_unified_hierarchy() + group_name() + "/f" + environment +
                                     "/" + name);
    }
    static Task<Result<Outcome>> call(FunctionSpecPtr spec, std::string payload) {
        Invocation invocation;
        invocation.request_id = env->random.uuid();
        invocation.payload = std::move(payload);
        co_return co_await plane->invoke(std::move(spec), std::move(invocation));
    }
    static Task<void> call_into(FunctionSpecPtr spec, std::string payload, Outcome& into) {
        auto outcome = co_await call(std::move(spec), std::move(payload));
        if (outcome) into = std::move(*outcome);
    }
    static Task<void> call_often(FunctionSpecPtr spec, std::vector<Outcome>& outcomes) {
        Scope scope;
        for (Outcome& one : outcomes) scope.spawn(call_into(spec, "{}", one));
        co_await scope.join();
    }
    static Task<void> call_twice(FunctionSpecPtr spec, Outcome& first, Outcome& second) {
        Scope scope;
        scope.spawn(call_into(spec, "{}", first));
        scope.spawn(call_into(spec, "{}", second));
        co_await scope.join();
    }
};

TEST_F(LimitsTest, ATimeoutKills) {
    const auto spec = function("slow", {{"app.py", R"(
import time
def handler(event, context):
    print("working")
    time.sleep(event)
)"}});
    spec->timeout = std::chrono::seconds(1);
    const Outcome out = invoke(spec, "60");
    EXPECT_EQ(out.kind, Outcome::Kind::timeout);
    EXPECT_EQ(out.payload,
              R"({"errorType":"Sandbox.Timedout","errorMessage":"RequestId: )"
              R"(8476a536-e9f4-11e8-9739-2dfe598c3fcd Error: Task timed out after 1.00 seconds"})");
    EXPECT_NE(out.log_tail.find("working\n"), std::string::npos);
    EXPECT_NE(out.log_tail.find("Z 8476a536-e9f4-11e8-9739-2dfe598c3fcd Task timed out after 1.00 "
                                "seconds\nEND"),
              std::string::npos)
        << out.log_tail;
    EXPECT_NE(out.log_tail.find("Status: timeout\n"), std::string::npos);
    const Outcome again = invoke(spec, "0");
    EXPECT_TRUE(again.cold);
    EXPECT_NE(again.environment, out.environment);
}

TEST_F(LimitsTest, AnEndWithoutAnAnswer) {
    const auto spec = function("ends", {{"app.py", R"(
import os, sys
def handler(event, context):
    print("bye")
    if event == "exit": sys.exit(7)
    if event == "silent": os._exit(0)
    data = []
    while True: data.append(bytearray(8 << 20))
)"}});
    spec->memory_mib = 128;
    Outcome out = invoke(spec, "\"exit\"");
    EXPECT_EQ(out.kind, Outcome::Kind::exited);
    EXPECT_EQ(member_of(out.payload, "errorType"), "Runtime.ExitError");
    EXPECT_EQ(member_of(out.payload, "errorMessage"),
              "RequestId: 8476a536-e9f4-11e8-9739-2dfe598c3fcd Error: Runtime exited with error: "
              "exit status 7");
    EXPECT_NE(out.log_tail.find("bye\nRequestId: 8476a536-e9f4-11e8-9739-2dfe598c3fcd Error: "
                                "Runtime exited with error: exit status 7\nRuntime.ExitError\nEND"),
              std::string::npos)
        << out.log_tail;
    out = invoke(spec, "\"silent\"");
    EXPECT_EQ(member_of(out.payload, "errorMessage"),
              "RequestId: 8476a536-e9f4-11e8-9739-2dfe598c3fcd Error: Runtime exited without "
              "providing a reason");
    out = invoke(spec, "\"memory\"");
    EXPECT_EQ(out.kind, Outcome::Kind::out_of_memory);
    EXPECT_EQ(out.payload,
              R"({"errorType":"Runtime.OutOfMemory","errorMessage":"RequestId: )"
              R"(8476a536-e9f4-11e8-9739-2dfe598c3fcd Error: Runtime exited with error: )"
              R"(signal: killed"})");
    EXPECT_NE(out.log_tail.find("Max Memory Used: 128 MB"), std::string::npos) << out.log_tail;
}

TEST_F(LimitsTest, WhatAnEnvironmentSeesAndMayDo) {
    const auto spec = function("inside", {{"app.py", R"(
import os, resource
def attempt(call):
    try:
        call()
        return "done"
    except OSError as error:
        return os.strerror(error.errno)
def fill():
    with open("/tmp/full", "wb") as file:
        for _ in range(600): file.write(bytes(1 << 20))
def handler(event, context):
    status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
    space = os.statvfs("/tmp")
    return {
        "root": attempt(lambda: open("/new", "w")), "task": attempt(lambda: open("new", "w")),
        "usr": attempt(lambda: open("/usr/new", "w")),
        "runtime": attempt(lambda: open("/var/runtime/new", "w")),
        "tmp": attempt(lambda: open("/tmp/new", "w")), "full": attempt(fill),
        "shadow": attempt(lambda: open("/etc/shadow")), "home": os.listdir("/home"),
        "processes": sorted(name for name in os.listdir("/proc") if name.isdigit()),
        "user": [os.getuid(), os.getgid()], "privileges": status["NoNewPrivs"].strip(),
        "seccomp": status["Seccomp"].strip(), "effective": status["CapEff"].strip(),
        "files": resource.getrlimit(resource.RLIMIT_NOFILE),
        "devices": sorted(os.listdir("/sys/class/net")), "cwd": os.getcwd(),
        "tmp_mib": space.f_blocks * space.f_frsize >> 20,
    }
)"}});
    const auto seen = wire::Json::parse(invoke(spec).payload);
    ASSERT_TRUE(seen);
    const auto text = [&](const char* name) { return (*seen)[name].dump(); };
    EXPECT_EQ(text("root"), "\"Read-only file system\"");
    EXPECT_EQ(text("task"), "\"Read-only file system\"");
    EXPECT_EQ(text("usr"), "\"Read-only file system\"");
    EXPECT_EQ(text("runtime"), "\"Read-only file system\"");
    EXPECT_EQ(text("tmp"), "\"done\"");
    EXPECT_EQ(text("full"), "\"No space left on device\"");
    EXPECT_EQ(text("shadow"), "\"No such file or directory\"");
    EXPECT_EQ(text("home"), "[\"sbx_user1051\"]");
    EXPECT_EQ(text("processes"), "[\"1\"]");
    EXPECT_EQ(text("user"), "[993,990]");
    EXPECT_EQ(text("privileges"), "\"1\"");
    EXPECT_EQ(text("seccomp"), "\"2\"");
    EXPECT_EQ(text("effective"), "\"0000000000000000\"");
    EXPECT_EQ(text("files"), "[1024,1024]");
    EXPECT_EQ(text("devices"), "[\"lo\"]");
    EXPECT_EQ(text("cwd"), "\"/var/task\"");
    const auto tmp = (*seen)["tmp_mib"].int_or(0);
    EXPECT_GE(tmp, 500);
    EXPECT_LE(tmp, 560);

    const auto larger = function("larger", {{"app.py", R"(
import os
def handler(event, context):
    space = os.statvfs("/tmp")
    open("/tmp/new", "w").write("x")
    return space.f_blocks * space.f_frsize >> 20
)"}});
    larger->tmp_mib = 1024;
    const auto mib = parse_int(invoke(larger).payload);
    ASSERT_TRUE(mib);
    EXPECT_GE(*mib, 1000);
    EXPECT_LE(*mib, 1120);
}

TEST_F(LimitsTest, FrozenBetweenInvocations) {
    const auto spec = function("background", {{"app.py", R"(
import threading, time
ticks = 0
def tick():
    global ticks
    while True:
        ticks += 1
        time.sleep(0.001)
threading.Thread(target=tick, daemon=True).start()
def handler(event, context):
    return ticks
)"}});
    const Outcome first = invoke(spec);
    EXPECT_EQ(control_file(first.environment, "cgroup.freeze"), "1\n");
    const Outcome second = invoke(spec);
    EXPECT_EQ(second.environment, first.environment);
    EXPECT_EQ(control_file(first.environment, "cgroup.freeze"), "1\n");
    loop.run_until_done(plane->retire(spec->id));
    loop.run_until_done(plane->settled());
    EXPECT_EQ(grants->gone, std::vector<std::string>{first.environment});
    EXPECT_TRUE(plane->environments().empty() || plane->environments()[0].function != spec->id);
}

TEST_F(LimitsTest, EnvironmentsAreBounded) {
    const auto spec = function("bounded", {{"app.py", R"(
import time
def handler(event, context):
    time.sleep(0.3)
    return context.log_stream_name
)"}});
    Outcome first, second;
    loop.run_until_done(call_twice(spec, first, second));
    EXPECT_EQ(first.kind, Outcome::Kind::response);
    EXPECT_EQ(second.kind, Outcome::Kind::response);
    EXPECT_NE(first.environment, second.environment);
    spec->most_environments = 1;
    spec->id = "bounded-to-one";
    loop.run_until_done(call_twice(spec, first, second));
    EXPECT_EQ(first.kind, Outcome::Kind::response);
    EXPECT_EQ(second.kind, Outcome::Kind::throttled);
    EXPECT_EQ(grants->granted.size(), 3u);
}

TEST_F(LimitsTest, APileOfRequestsDoesNotStartAPileOfEnvironments) {
    const auto spec = function("slow-to-load", {{"app.py", R"(
import time
time.sleep(0.3)
def handler(event, context):
    return "done"
)"}});
    std::vector<Outcome> outcomes(40);
    loop.run_until_done(call_often(spec, outcomes));
    for (const Outcome& one : outcomes) EXPECT_EQ(one.kind, Outcome::Kind::response);
    const size_t most = std::max<size_t>(4, 2 * std::thread::hardware_concurrency());
    EXPECT_LE(grants->granted.size(), 2 * most);
}

TEST_F(LimitsTest, WhatIsRefused) {
    const auto spec = function("refused", {{"app.py", "def handler(e, c): pass"}});
    auto out = loop.run_until_done(call(spec, std::string(most_payload_bytes + 1, ' ')));
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error().code, "PayloadTooLarge");
    spec->runtime = "python2.7";
    out = loop.run_until_done(call(spec, "{}"));
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error().code, "InvalidRuntime");
    spec->runtime = "python3.9";
    if (!plane->check_runtime(spec->runtime)) {
        out = loop.run_until_done(call(spec, "{}"));
        ASSERT_FALSE(out);
        EXPECT_EQ(out.error().code, "RuntimeMissing");
        EXPECT_TRUE(out.error().message.starts_with("Python 3.9 is not on this machine. Install"))
            << out.error().message;
    }
    spec->runtime = "python3.11";
    spec->architecture = spec->architecture == "arm64" ? "x86_64" : "arm64";
    out = loop.run_until_done(call(spec, "{}"));
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error().code, "ArchitectureMismatch");
}

// Leaves a plane with a warm environment and a spare one behind, as kill -9 does.
void leave_a_mess(const LocalPlaneOptions& options, FunctionSpecPtr spec, int ready) {
    Loop own_loop;
    Workers own_workers;
    const auto own_random = system_random();
    Env own_env{own_loop, *own_random, own_workers};
    auto* const own_plane = new LocalPlane(own_env, options);
    if (!own_loop.run_until_done(own_plane->open())) ::_exit(1);
    Invocation invocation;
    invocation.request_id = "1";
    invocation.payload = "{}";
    if (!own_loop.run_until_done(own_plane->invoke(spec, invocation))) ::_exit(1);
    own_loop.run_until_done(own_plane->settled());
    if (::write(ready, "r", 1) != 1) ::_exit(1);
    while (true) ::pause();
}

TEST_F(LimitsTest, NothingSurvivesAKilledProgram) {
    const auto spec = function("killed", {{"app.py", "def handler(e, c): return 1"}});
    spec->grants = nullptr;
    LocalPlaneOptions own{folder + "/run2", folder + "/data2"};
    int ready[2];
    ASSERT_EQ(::pipe2(ready, O_CLOEXEC), 0);
    loop.run_until_done(plane->settled());  // What starts meanwhile would be init's child too.
    ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 0), 0);  // The orphans are init's.
    const pid_t child = ::fork();
    if (child == 0) leave_a_mess(own, spec, ready[1]);
    ::close(ready[1]);
    char byte = 0;
    EXPECT_EQ(::read(ready[0], &byte, 1), 1);
    ::close(ready[0]);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    const std::string group =
        "/unkai-" + containers::sha256_digest(own.run_folder + "/c").substr(7, 12);
    const containers::Cgroups groups(*containers::find_cgroup_layout());
    EXPECT_GE(groups.processes(group).size(), 2u);
    EXPECT_NE(mounts_left().find(own.run_folder), std::string::npos);
    LocalPlane next(*env, own);
    const auto opened = loop.run_until_done(next.open());
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_TRUE(groups.processes(group).empty());
    EXPECT_EQ(mounts_left().find(own.run_folder), std::string::npos);
    EXPECT_TRUE(loop.run_until_done(next.purge()));
    EXPECT_FALSE(std::filesystem::exists(own.run_folder));
    EXPECT_FALSE(std::filesystem::exists(own.data_folder));
}

}  // namespace
}  // namespace unkai::planes::functions
