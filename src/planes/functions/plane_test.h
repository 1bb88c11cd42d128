// What the tests of the real plane share: one plane below a temporary folder, functions written on
// the spot, and the proof that nothing of it is left.
#pragma once

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "base/strings.h"
#include "planes/containers/beneath.h"
#include "planes/containers/mounts.h"
#include "planes/containers/oci_files.h"
#include "planes/functions/local_plane.h"
#include "wire/json.h"

namespace unkai::planes::functions {

struct CollectedLog final : containers::LogSink {
    Task<void> lines(std::vector<containers::LogLine> lines) override {
        for (containers::LogLine& line : lines) all += line.text + "\n";
        co_return;
    }
    std::string all;
};

struct TestGrants final : Grants {
    Task<Result<Grant>> grant(std::string environment) override {
        granted.push_back(environment);
        co_return Grant{.log_group = "/aws/lambda/test",
                        .log_stream = "stream",
                        .log = log,
                        .variables = {{"AWS_ACCESS_KEY_ID", "key-" + environment.substr(0, 4)}}};
    }
    void ended(std::string_view environment) override { gone.emplace_back(environment); }
    std::shared_ptr<CollectedLog> log = std::make_shared<CollectedLog>();
    std::vector<std::string> granted, gone;
};

// Namespaces with a loopback and nothing else.
class TestNetworks final : public Networks {
public:
    Task<Result<std::string>> take(std::string network) override {
        if (network == "none") co_return fail("NetworkGone", "There is no such network.");
        const std::string path = folder + "/netns-" + std::to_string(++made);
        std::ofstream(path).flush();
        std::thread([&] {
            CHECK(::unshare(CLONE_NEWNET) == 0);
            CHECK(::mount("/proc/thread-self/ns/net", path.c_str(), nullptr, MS_BIND, nullptr) ==
                  0);
        }).join();
        taken.insert(path);
        co_return path;
    }
    void give_back(const std::string& path) override {
        CHECK(taken.erase(path) == 1);
        CHECK(containers::unmount(path).has_value() && ::unlink(path.c_str()) == 0);
    }
    std::string folder;
    int made = 0;
    std::set<std::string> taken;
};

class PlaneTest : public testing::Test {
protected:
    static void SetUpTestSuite() {
        std::string name = "/tmp/unkai-fn-XXXXXX";
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder = name;
        ::chmod(folder.c_str(), 0755);
        networks.folder = folder;
        random = system_random();
        env = std::make_unique<Env>(Env{loop, *random, workers});
        plane = std::make_unique<LocalPlane>(*env, options());
        const auto opened = loop.run_until_done(plane->open());
        ASSERT_TRUE(opened) << opened.error().message;
    }
    static void TearDownTestSuite() {
        const auto purged = loop.run_until_done(plane->purge());
        EXPECT_TRUE(purged) << purged.error().message;
        plane.reset();
        EXPECT_EQ(mounts_left(), "");
        EXPECT_FALSE(std::filesystem::exists(folder + "/run"));
        EXPECT_FALSE(std::filesystem::exists(folder + "/data"));
        EXPECT_TRUE(groups_left().empty());
        EXPECT_TRUE(networks.taken.empty());
        EXPECT_TRUE(containers::remove_folder(folder));
    }
    static LocalPlaneOptions options() {
        LocalPlaneOptions out{folder + "/run", folder + "/data", &networks};
        out.limits.most_environments = 8;
        return out;
    }
    static std::string mounts_left() {
        std::string out;
        for (const auto& mount :
             containers::parse_mountinfo(containers::read_file("/proc/self/mountinfo")))
            if (mount.target.starts_with(folder)) out += mount.target + "\n";
        return out;
    }
    static std::string group_name() {
        return "/unkai-" + containers::sha256_digest(folder + "/run/c").substr(7, 12);
    }
    static std::vector<std::string> groups_left() {
        const containers::Cgroups groups(*containers::find_cgroup_layout());
        std::vector<std::string> out = groups.children(group_name());
        if (std::filesystem::exists(find_unified_hierarchy() + group_name()))
            out.push_back("unified");
        return out;
    }

    using Files = std::vector<std::pair<std::string, std::string>>;
    static std::string write_folder(const std::string& name, const Files& files) {
        const std::string path = folder + "/code/" + name;
        for (const auto& [file, text] : files) {
            const std::filesystem::path whole = path + "/" + file;
            std::filesystem::create_directories(whole.parent_path());
            std::ofstream(whole) << text;
            ::chmod(whole.c_str(), 0755);
        }
        return path;
    }
    static std::shared_ptr<FunctionSpec> function(const std::string& name, const Files& files,
                                                  std::string runtime = "python3.11",
                                                  std::string handler = "app.handler") {
        auto spec = std::make_shared<FunctionSpec>();
        spec->id = name;
        spec->revision = "1";
        spec->name = name;
        spec->region = "eu-central-1";
        spec->runtime = std::move(runtime);
        spec->handler = std::move(handler);
        spec->code = write_folder(name, files);
        spec->memory_mib = 256;
        spec->timeout = std::chrono::seconds(20);
        spec->architecture =
            containers::host_platform().architecture == "arm64" ? "arm64" : "x86_64";
        spec->grants = grants = std::make_shared<TestGrants>();
        return spec;
    }
    static Outcome invoke(FunctionSpecPtr spec, std::string payload = "{}") {
        Invocation invocation;
        invocation.request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";
        invocation.payload = std::move(payload);
        invocation.function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:" + spec->name;
        invocation.log_tail = true;
        const auto outcome =
            loop.run_until_done(plane->invoke(std::move(spec), std::move(invocation)));
        EXPECT_TRUE(outcome) << outcome.error().message;
        return outcome ? *outcome : Outcome{};
    }
    static std::string member_of(const std::string& json, std::string_view name) {
        const auto parsed = wire::Json::parse(json);
        return parsed ? (*parsed)[name].string_or("") : "no JSON: " + json;
    }

    static inline std::string folder;
    static inline Loop loop;
    static inline Workers workers;
    static inline TestNetworks networks;
    static inline std::unique_ptr<Random> random;
    static inline std::unique_ptr<Env> env;
    static inline std::unique_ptr<LocalPlane> plane;
    static inline std::shared_ptr<TestGrants> grants;
};

}  // namespace unkai::planes::functions
