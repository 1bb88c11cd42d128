// The container plane for real: needs root, runc or crun, overlayfs. Everything that the tests make
// lies below one temporary folder and one control group; the last lines of each test prove them
// gone.
#include "planes/containers/oci_plane.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "planes/containers/beneath.h"
#include "planes/containers/layout_test.h"
#include "planes/containers/mounts.h"
#include "planes/containers/oci_files.h"

namespace unkai::planes::containers {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

struct Collected final : LogSink {
    Task<void> lines(std::vector<LogLine> lines) override {
        for (LogLine& line : lines) (line.standard_error ? errors : output) += line.text + "\n";
        co_return;
    }
    std::string output, errors;
};

class OciPlaneTest : public testing::Test {
protected:
    static void SetUpTestSuite() {
        std::string name = "/tmp/unkai-containers-test-XXXXXX";
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder = name;
        ::chmod(folder.c_str(), 0755);
        build_layout(folder);
        random = system_random();
        env = std::make_unique<Env>(Env{loop, *random, workers});
        plane =
            std::make_unique<OciPlane>(*env, OciPlaneOptions{folder + "/data", folder + "/run"});
        const auto opened = loop.run_until_done(plane->open());
        ASSERT_TRUE(opened) << opened.error().message;
        auto pulled = loop.run_until_done(
            plane->pull(std::make_shared<LayoutSource>(*env, folder + "/layout"), "test"));
        ASSERT_TRUE(pulled) << pulled.error().message;
        image = std::move(*pulled);
        make_namespace(folder + "/netns");
    }
    static void TearDownTestSuite() {
        const auto purged = loop.run_until_done(plane->purge());
        EXPECT_TRUE(purged) << purged.error().message;
        plane.reset();
        EXPECT_TRUE(unmount(folder + "/netns"));
        EXPECT_EQ(mounts_left(), "");
        EXPECT_FALSE(fs::exists(folder + "/data"));
        EXPECT_FALSE(fs::exists(folder + "/run"));
        EXPECT_TRUE(groups_left().empty());
        EXPECT_TRUE(remove_folder(folder));
    }
    static void make_namespace(const std::string& path) {
        std::ofstream(path).flush();
        std::thread([&] {
            ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
            ASSERT_EQ(::mount("/proc/thread-self/ns/net", path.c_str(), nullptr, MS_BIND, nullptr),
                      0);
        }).join();
    }
    static std::string mounts_left() {
        std::string out;
        for (const MountEntry& mount : parse_mountinfo(read_file("/proc/self/mountinfo")))
            if (mount.target.starts_with(folder)) out += mount.target + "\n";
        return out;
    }
    static std::vector<std::string> groups_left() {
        const Cgroups groups(*find_cgroup_layout());
        return groups.children("/unkai-" + sha256_digest(folder + "/run").substr(7, 12));
    }

    struct Ran {
        ContainerExit exit;
        std::string output, errors;
    };
    // Runs one container from start to end in a sandbox of its own.
    static Task<Result<Ran>> run_one(SandboxSpec sandbox, ContainerSpec spec) {
        const auto sink = std::make_shared<Collected>();
        spec.image = image;
        spec.name = "one";
        spec.log = sink;
        const std::string id = sandbox.id;
        CO_REQUIRE(co_await plane->create_sandbox(std::move(sandbox)));
        auto created = co_await plane->create(id, std::move(spec));
        Ran ran;
        if (created) created = co_await plane->start(id, "one");
        if (created) {
            CO_TRY(ran.exit, co_await plane->wait(id, "one"));
        }
        ran.output = sink->output;
        ran.errors = sink->errors;
        CO_REQUIRE(co_await plane->remove_sandbox(id));
        if (!created) co_return created.error();
        co_return ran;
    }
    static Ran run_shell(const std::string& script, ContainerSpec spec = {},
                         SandboxSpec sandbox = {}) {
        spec.command = Words{"/bin/sh", "-c", script};
        if (sandbox.id.empty()) sandbox.id = "shell";
        sandbox.hostname = "box";
        auto ran = loop.run_until_done(run_one(std::move(sandbox), std::move(spec)));
        EXPECT_TRUE(ran) << ran.error().message;
        return ran ? *ran : Ran{};
    }

    static inline Loop loop;
    static inline Workers workers;
    static inline std::unique_ptr<Random> random;
    static inline std::unique_ptr<Env> env;
    static inline std::unique_ptr<OciPlane> plane;
    static inline std::string folder;
    static inline Image image;
};

TEST_F(OciPlaneTest, RunsTheImagesCommand) {
    const auto ran = loop.run_until_done(run_one({.id = "default", .hostname = "h"}, {}));
    ASSERT_TRUE(ran) << ran.error().message;
    EXPECT_EQ(ran->output, "default\n");
    EXPECT_EQ(ran->exit.code, 0);
}

TEST_F(OciPlaneTest, ExitCodeOutputsAndEnvironment) {
    const Ran ran =
        run_shell("echo out; echo err >&2; echo $FROM_IMAGE $OWN $HOSTNAME $PWD; exit 7",
                  {.environment = {{"OWN", "mine"}}});
    EXPECT_EQ(ran.exit.code, 7);
    EXPECT_EQ(ran.output, "out\nyes mine box /work\n");
    EXPECT_EQ(ran.errors, "err\n");
}

TEST_F(OciPlaneTest, LayersFilesAndTrust) {
    const Ran ran = run_shell(
        "ls /etc/removed 2>/dev/null; cat /etc/resolv.conf /etc/hostname; grep box /etc/hosts;"
        "cat $SSL_CERT_FILE $NODE_EXTRA_CA_CERTS; id -u; echo w > /etc/new && cat /etc/new",
        {.ca_certificate = "OUR CA\n"},
        {.name_servers = {"10.0.0.2"}, .hosts = {{"10.0.0.9", "box"}}});
    EXPECT_EQ(ran.output, "nameserver 10.0.0.2\nbox\n10.0.0.9 box\nBUNDLE\nOUR CA\nOUR CA\n0\nw\n");
    EXPECT_EQ(ran.exit.code, 0);
}

TEST_F(OciPlaneTest, IsLockedDown) {
    const Ran ran = run_shell(
        "mount -t tmpfs x /tmp 2>/dev/null && echo mounted;"
        "unshare -m true 2>/dev/null && echo unshared;"
        "mknod /tmp/sda b 8 0 2>/dev/null && echo made;"
        "echo 1 2>/dev/null > /proc/sys/kernel/panic && echo wrote;"
        "touch /sys/x 2>/dev/null && echo sys;"
        "cat /proc/kcore | head -c 1 | wc -c;"
        "grep -E 'NoNewPrivs|Seccomp:' /proc/self/status; ls /dev/kmsg /dev/mem 2>/dev/null;"
        "cat /proc/sys/net/ipv4/ip_unprivileged_port_start; ls /sys/class/net; true",
        {}, {.network_namespace = folder + "/netns"});
    EXPECT_EQ(ran.output, "0\nNoNewPrivs:\t1\nSeccomp:\t2\n0\nlo\n");
}

TEST_F(OciPlaneTest, UsersAndOutputDevices) {
    const Ran ran = run_shell(
        "id -u; id -g; echo $HOME; echo via > /dev/stdout; echo e > /dev/stderr", {.user = "app"});
    EXPECT_EQ(ran.output, "1000\n1000\n/home/app\nvia\n");
    EXPECT_EQ(ran.errors, "e\n");
    const auto none = loop.run_until_done(run_one({.id = "nobody"}, {.user = "missing"}));
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, "InvalidUser");
}

TEST_F(OciPlaneTest, MissingProgramSaysSo) {
    const auto ran =
        loop.run_until_done(run_one({.id = "missing"}, {.command = Words{"/bin/does-not-exist"}}));
    ASSERT_FALSE(ran);
    EXPECT_EQ(ran.error().code, "RuntimeFailed");
    EXPECT_NE(ran.error().message.find("does-not-exist"), std::string::npos) << ran.error().message;
}

TEST_F(OciPlaneTest, MemoryLimitKills) {
    const Ran ran =
        run_shell("echo started; tail /dev/zero", {.limits = {.memory_bytes = 32 << 20}});
    EXPECT_EQ(ran.output, "started\n");
    EXPECT_NE(ran.exit.code, 0);
    const auto direct =
        loop.run_until_done(run_one({.id = "oom", .limits = {.memory_bytes = 32 << 20}},
                                    {.command = Words{"/bin/tail", "/dev/zero"}}));
    ASSERT_TRUE(direct) << direct.error().message;
    EXPECT_EQ(direct->exit.code, 137);
    EXPECT_TRUE(direct->exit.out_of_memory);
}

TEST_F(OciPlaneTest, ReadOnlyRootAndLimitsSeenInside) {
    const Ran ran = run_shell(
        "touch /x 2>/dev/null && echo wrote; touch /dev/shm/x && echo shm;"
        "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null",
        {.read_only_root = true, .limits = {.memory_bytes = 64 << 20}});
    EXPECT_EQ(ran.output, "shm\n67108864\n");
}

static Task<Result<std::string>> share_volume(OciPlane& plane, Image image) {
    CO_REQUIRE(co_await plane.create_sandbox({.id = "volumes", .volumes = {"data"}}));
    const auto sink = std::make_shared<Collected>();
    ContainerSpec writer{.name = "writer", .image = image};
    writer.command = Words{"/bin/sh", "-c", "echo shared > /data/f"};
    writer.volumes = {{"data", "/data"}};
    ContainerSpec reader{.name = "reader", .image = image, .log = sink};
    reader.command = Words{"/bin/sh", "-c", "cat /mnt/f; touch /mnt/x 2>/dev/null || echo refused"};
    reader.volumes = {{"data", "/mnt", true}};
    for (const ContainerSpec& spec : {writer, reader}) {
        CO_REQUIRE(co_await plane.create("volumes", spec));
        CO_REQUIRE(co_await plane.start("volumes", spec.name));
        CO_REQUIRE(co_await plane.wait("volumes", spec.name));
    }
    CO_REQUIRE(co_await plane.remove_sandbox("volumes"));
    co_return sink->output;
}

TEST_F(OciPlaneTest, ContainersShareVolumes) {
    const auto output = loop.run_until_done(share_volume(*plane, image));
    ASSERT_TRUE(output) << output.error().message;
    EXPECT_EQ(*output, "shared\nrefused\n");
}

struct FirstLine final : LogSink {
    Task<void> lines(std::vector<LogLine> lines) override {
        count += lines.size();
        seen.notify_all();
        co_return;
    }
    size_t count = 0;
    Event seen;
};

struct Stopped {
    int polite = 0, stubborn = 0;
    ExecResult good, bad, slow;
    CgroupStats stats;
    NetworkStats network;
    bool other_id_refused = false;
};

static Task<Result<Stopped>> stop_and_exec(OciPlane& plane, Loop& loop, Image image,
                                           std::string netns) {
    Stopped out;
    CO_REQUIRE(co_await plane.create_sandbox({.id = "stop", .network_namespace = netns}));
    const auto ready = std::make_shared<FirstLine>();
    ContainerSpec spec{.name = "polite", .image = image, .log = ready};
    spec.command =
        Words{"/bin/sh", "-c", "trap 'exit 3' TERM; echo up; while :; do sleep 0.05; done"};
    CO_REQUIRE(co_await plane.create("stop", spec));
    CO_REQUIRE(co_await plane.start("stop", "polite"));
    while (ready->count < 1) co_await ready->seen.wait(loop);
    CO_TRY(out.good,
           co_await plane.exec("stop", "polite", {"/bin/sh", "-c", "echo $FROM_IMAGE"}, 30s));
    CO_TRY(out.bad, co_await plane.exec("stop", "polite", {"/bin/sh", "-c", "exit 4"}, 30s));
    CO_TRY(out.slow, co_await plane.exec("stop", "polite", {"/bin/sleep", "1000"}, 200ms));
    CO_TRY(out.stats, co_await plane.stats("stop", "polite"));
    CO_TRY(out.network, co_await plane.network_stats("stop"));
    CO_TRY(const ContainerExit polite, co_await plane.stop("stop", "polite", 30s));
    out.polite = polite.code;
    spec.name = "stubborn";
    spec.command = Words{"/bin/sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.05; done"};
    CO_REQUIRE(co_await plane.create("stop", spec));
    CO_REQUIRE(co_await plane.start("stop", "stubborn"));
    while (ready->count < 2) co_await ready->seen.wait(loop);
    CO_TRY(const ContainerExit stubborn, co_await plane.stop("stop", "stubborn", 100ms));
    out.stubborn = stubborn.code;
    out.other_id_refused = !plane.status("stop", "nobody") && !plane.status("nowhere", "x");
    CO_REQUIRE(co_await plane.remove_sandbox("stop"));
    co_return out;
}

TEST_F(OciPlaneTest, StopsAndExecutes) {
    const auto got = loop.run_until_done(stop_and_exec(*plane, loop, image, folder + "/netns"));
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(got->polite, 3);
    EXPECT_EQ(got->stubborn, 137);
    EXPECT_EQ(got->good.code, 0);
    EXPECT_EQ(got->good.output, "yes\n");
    EXPECT_EQ(got->bad.code, 4);
    EXPECT_TRUE(got->slow.timed_out);
    EXPECT_GT(got->stats.cpu_nanoseconds, 0);
    EXPECT_GT(got->stats.memory_bytes, 0);
    EXPECT_EQ(got->network.received_bytes, 0);
    EXPECT_TRUE(got->other_id_refused);
}

TEST_F(OciPlaneTest, ALotOfOutputArrivesComplete) {
    const Ran ran = run_shell("dd if=/dev/zero bs=1024 count=2048 2>/dev/null; echo; echo end");
    EXPECT_EQ(ran.output.size(), (2048u << 10) + 128 + 4);  // A newline for each of the 128 pieces.
    EXPECT_TRUE(ran.output.ends_with("\nend\n"));
}

static Task<Status> leave_behind(OciPlane& plane, Image image) {
    CO_REQUIRE(co_await plane.create_sandbox({.id = "left"}));
    ContainerSpec spec{.name = "c", .image = image};
    spec.command = Words{"/bin/sleep", "100000"};
    CO_REQUIRE(co_await plane.create("left", spec));
    co_return co_await plane.start("left", "c");
}

TEST_F(OciPlaneTest, KilledProgramsLeftoversAreRemoved) {
    const std::string run = folder + "/run2";
    const std::string group = "/unkai-" + sha256_digest(run).substr(7, 12);
    const pid_t child = ::fork();
    if (child == 0) {
        // As another run of the program: starts a container and dies without a word.
        Loop own_loop;
        Workers own_workers;
        Env own_env{own_loop, *random, own_workers};
        OciPlane left(own_env, {folder + "/data2", run});
        bool good = own_loop.run_until_done(left.open()).has_value();
        const auto pulled = own_loop.run_until_done(
            left.pull(std::make_shared<LayoutSource>(own_env, folder + "/layout"), "test"));
        good = good && pulled && own_loop.run_until_done(leave_behind(left, *pulled));
        ::_exit(good ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0);
    const Cgroups groups(*find_cgroup_layout());
    ASSERT_FALSE(groups.processes(group).empty());
    ASSERT_NE(mounts_left().find(run), std::string::npos);

    OciPlane next(*env, {folder + "/data2", run});
    const auto opened = loop.run_until_done(next.open());
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_TRUE(groups.processes(group).empty());
    EXPECT_EQ(mounts_left().find(run), std::string::npos);
    EXPECT_TRUE(groups.children(group).empty());
    EXPECT_TRUE(loop.run_until_done(next.purge()));
    EXPECT_FALSE(fs::exists(run));
}

TEST_F(OciPlaneTest, LayersGoOnceNoImageHoldsThem) {
    ImageStore store(*env, folder + "/few");
    ASSERT_TRUE(loop.run_until_done(store.open()));
    const auto source = std::make_shared<LayoutSource>(*env, folder + "/layout");
    auto first = loop.run_until_done(store.pull(source, "test", 7));
    auto second = loop.run_until_done(store.pull(source, "test", 7));
    ASSERT_TRUE(first && second);
    const std::vector<std::string> layers = first->layers;
    ASSERT_FALSE(layers.empty());
    first = fail("gone", "");
    ASSERT_TRUE(loop.run_until_done(store.remove_unused(0s)));
    for (const std::string& layer : layers) EXPECT_TRUE(fs::exists(layer)) << "the second has it";
    second = fail("gone", "");
    ASSERT_TRUE(loop.run_until_done(store.remove_unused(1h)));
    for (const std::string& layer : layers) EXPECT_TRUE(fs::exists(layer)) << "not for an hour yet";
    ASSERT_TRUE(loop.run_until_done(store.remove_unused(0s)));
    for (const std::string& layer : layers) EXPECT_FALSE(fs::exists(layer));
    EXPECT_TRUE(loop.run_until_done(store.pull(source, "test", 7))) << "and it can be had again";
    ASSERT_TRUE(loop.run_until_done(store.purge()));
}

TEST_F(OciPlaneTest, UnknownImageAndDamagedBlob) {
    const auto source = std::make_shared<LayoutSource>(*env, folder + "/layout");
    const std::string wrong = "x@sha256:" + std::string(64, '0');
    const auto missing = loop.run_until_done(plane->pull(source, wrong));
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, "ImageNotFound");
    EXPECT_FALSE(loop.run_until_done(plane->create_sandbox({.id = "../x"})));
}

}  // namespace
}  // namespace unkai::planes::containers
