// RUN, and running what was built: needs root, Node.js and a runtime. Leaves nothing behind.
#include <unistd.h>

#include "images/images_test.h"
#include "planes/containers/oci_plane.h"
#include "rt/process.h"

namespace unkai::images {
namespace {

namespace containers = planes::containers;

TEST_F(ImagesTest, RunRunsInTheMachinesNode) {
    if (::geteuid() != 0 || find_program("node").empty()) GTEST_SKIP() << "needs root and Node.js";
    write("Dockerfile",
          "FROM public.ecr.aws/docker/library/node:20-slim\nWORKDIR /app\nENV WHO=you\n"
          "RUN echo \"hello $WHO\" > greeting && node -e 'require(\"fs\").writeFileSync(\"n\", "
          "process.version)' "
          "&& rm /etc/login.defs; id -u > user; npm --version > npm && ls -la / > list && test -w "
          "/tmp\n"
          "USER node\nRUN test \"$(id -un)\" = node && test ! -w /app && echo ok > /tmp/mine\n"
          "CMD [\"node\", \"x.js\"]\n");
    const Built first = built();
    ASSERT_EQ(notes.size(), 1u);
    EXPECT_NE(notes[0].find("assembled from this machine's Node.js v"), std::string::npos);
    const Overview paths = overview(first);
    for (const char* path :
         {"app/greeting", "app/n", "app/user", "app/npm", "tmp/mine", "usr/local/bin/node"})
        EXPECT_EQ(paths.kind(path), "file") << path;
    EXPECT_EQ(paths.kind("etc/login.defs"), "");
    EXPECT_EQ(paths.kind("run/unkai-build"), "");
    EXPECT_EQ(built().digest, first.digest);

    write("Dockerfile", "FROM node:20-slim\nRUN echo before; echo why >&2; exit 3\n");
    const std::string text = refusal();
    EXPECT_NE(text.find("RunFailed: Dockerfile line 2 (RUN): The command ended with exit code 3"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("why"), std::string::npos) << text;
    std::ifstream mounts("/proc/self/mountinfo");
    const std::string all{std::istreambuf_iterator<char>(mounts), std::istreambuf_iterator<char>()};
    EXPECT_EQ(all.find(folder), std::string::npos);
}

struct Collected final : containers::LogSink {
    Task<void> lines(std::vector<containers::LogLine> lines) override {
        for (const containers::LogLine& line : lines) text += line.text + "\n";
        co_return;
    }
    std::string text;
};

Task<Result<std::string>> run_image(Env& env, containers::OciPlane& plane, std::string layout) {
    CO_REQUIRE(co_await plane.open());
    CO_TRY(containers::Image image,
           co_await plane.pull(std::make_shared<containers::LayoutSource>(env, layout), "test:v1"));
    CO_REQUIRE(co_await plane.create_sandbox({.id = "images-test"}));
    auto log = std::make_shared<Collected>();
    containers::ContainerSpec spec;
    spec.name = "app";
    spec.image = std::move(image);
    spec.log = log;
    CO_REQUIRE(co_await plane.create("images-test", std::move(spec)));
    CO_REQUIRE(co_await plane.start("images-test", "app"));
    CO_TRY(const auto shell,
           co_await plane.exec("images-test", "app",
                               {"/bin/sh", "-c",
                                "until [ -e /tmp/ready ]; do sleep 0.02; done; id -un; ls -d /app"},
                               20s));
    CO_TRY(const auto exit, co_await plane.stop("images-test", "app", 10s));
    CO_REQUIRE(co_await plane.remove_sandbox("images-test"));
    co_return log->text + shell.output + "exit " + std::to_string(exit.code);
}

// As ECS runs it: another user, a shell for health checks, an orderly end at SIGTERM.
TEST_F(ImagesTest, WhatWasBuiltRunsInTheContainerPlane) {
    if (::geteuid() != 0 || find_program("node").empty()) GTEST_SKIP() << "needs root and Node.js";
    write("Dockerfile",
          "FROM node:20-slim\nWORKDIR /app\nCOPY server.js .\nUSER node\nCMD [\"node\", "
          "\"server.js\"]\n");
    write("server.js",
          "console.log('user', process.getuid(), process.env.NODE_VERSION === "
          "process.version.slice(1));"
          "setInterval(() => {}, 1000); process.on('SIGTERM', () => process.exit(7));"
          "require('fs').writeFileSync('/tmp/ready', '');");
    built();
    Loop loop;
    const auto random = system_random();
    Workers workers(2);
    Env env{loop, *random, workers};
    containers::OciPlane plane(env, {folder + "/data", folder + "/run"});
    const auto text = loop.run_until_done(run_image(env, plane, options.cache_folder));
    const Status purged = loop.run_until_done(plane.purge());
    EXPECT_TRUE(purged) << purged.error().message;
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_EQ(*text, "user 1000 true\nnode\n/app\nexit 7");
}

}  // namespace
}  // namespace unkai::images
