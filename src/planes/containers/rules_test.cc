#include <gtest/gtest.h>

#include "planes/containers/image.h"
#include "planes/containers/log_pipe.h"
#include "planes/containers/mounts.h"
#include "planes/containers/rootfs.h"
#include "planes/containers/runtime.h"
#include "planes/containers/seccomp.h"
#include "planes/containers/spec.h"
#include "wire/json.h"

namespace unkai::planes::containers {
namespace {

using wire::Json;
const std::string digest_a = "sha256:" + std::string(64, 'a');
const std::string digest_b = "sha256:" + std::string(64, 'b');

TEST(ImageReference, Table) {
    struct Row {
        std::string text, registry, repository, tag, digest;
    };
    const Row rows[] = {
        {"nginx", "", "nginx", "latest", ""},
        {"nginx:1.27", "", "nginx", "1.27", ""},
        {"library/nginx:a_b.c-d", "", "library/nginx", "a_b.c-d", ""},
        {"localhost/app", "localhost", "app", "latest", ""},
        {"localhost:5000/app:x", "localhost:5000", "app", "x", ""},
        {"1.dkr.ecr.us-east-1.amazonaws.com/team/app:7", "1.dkr.ecr.us-east-1.amazonaws.com",
         "team/app", "7", ""},
        {"r.io/app@" + digest_a, "r.io", "app", "", digest_a},
        {"r.io/app:t@" + digest_a, "r.io", "app", "t", digest_a},
    };
    for (const Row& row : rows) {
        const auto got = parse_reference(row.text);
        ASSERT_TRUE(got) << row.text;
        EXPECT_EQ(got->registry, row.registry) << row.text;
        EXPECT_EQ(got->repository, row.repository) << row.text;
        EXPECT_EQ(got->tag, row.tag) << row.text;
        EXPECT_EQ(got->digest, row.digest) << row.text;
    }
    for (const char* bad : {"", "UPPER", "a//b", "../x", "r.io/", "app:", "app:-x", "app@sha256:12",
                            "app@md5:00", "r.io/a/../b", "a b", "r.io/./a"})
        EXPECT_FALSE(parse_reference(bad)) << bad;
}

TEST(Manifest, PicksThePlatform) {
    const std::string index = R"({"schemaVersion":2,"manifests":[
        {"digest":")" + digest_a +
                              R"(","size":1,"platform":{"os":"linux","architecture":"arm64"}},
        {"digest":")" + digest_b +
                              R"(","size":2,"platform":{"os":"linux","architecture":"amd64"}}]})";
    const auto found = parse_manifest(index, {.architecture = "amd64"});
    ASSERT_TRUE(found);
    EXPECT_EQ(found->chosen->digest, digest_b);
    const auto none = parse_manifest(index, {.architecture = "riscv64"});
    ASSERT_FALSE(none);
    EXPECT_NE(none.error().message.find("linux/riscv64"), std::string::npos);
}

TEST(Manifest, DockerSchema2AndErrors) {
    const std::string good = R"({"schemaVersion":2,"mediaType":
        "application/vnd.docker.distribution.manifest.v2+json",
        "config":{"digest":")" +
                             digest_a + R"(","size":7},
        "layers":[{"mediaType":"application/vnd.docker.image.rootfs.diff.tar.gzip","size":5,
                   "digest":")" +
                             digest_b + R"("}]})";
    const auto found = parse_manifest(good, {.architecture = "amd64"});
    ASSERT_TRUE(found);
    EXPECT_EQ(found->manifest->config.digest, digest_a);
    EXPECT_EQ(found->manifest->layers.at(0).size, 5);
    for (const std::string bad :
         {R"(x)", R"([])", R"({"schemaVersion":1})", R"({"schemaVersion":2})",
          R"({"schemaVersion":2,"config":{"digest":"../../etc/passwd","size":1},"layers":[]})",
          R"({"schemaVersion":2,"config":{"digest":"sha256:AA","size":1},"layers":[]})"})
        EXPECT_FALSE(parse_manifest(bad, {})) << bad;
    std::string many =
        R"({"schemaVersion":2,"config":{"digest":")" + digest_a + R"(","size":1},"layers":[)";
    for (size_t i = 0; i <= most_layers; ++i)
        many += std::string(i ? "," : "") + R"({"digest":")" + digest_a + R"(","size":1})";
    EXPECT_FALSE(parse_manifest(many + "]}", {}));
}

TEST(Manifest, Config) {
    const auto config = parse_image_config(
        R"({"os":"linux","architecture":"amd64","config":{"Entrypoint":["/e"],"Cmd":["a","b"],
            "Env":["A=1"],"User":"node","WorkingDir":"/app","StopSignal":"SIGQUIT",
            "ExposedPorts":{"80/tcp":{}},"Volumes":{"/data":{}}}})");
    ASSERT_TRUE(config);
    EXPECT_EQ(config->entry_point, (std::vector<std::string>{"/e"}));
    EXPECT_EQ(config->command, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(config->user, "node");
    EXPECT_EQ(config->volumes, (std::vector<std::string>{"/data"}));
    EXPECT_EQ(config->exposed_ports, (std::vector<std::string>{"80/tcp"}));
    EXPECT_TRUE(parse_image_config(R"({"config":null})"));
    EXPECT_FALSE(parse_image_config("3"));
}

TEST(Signals, Table) {
    EXPECT_EQ(signal_number("SIGTERM"), 15);
    EXPECT_EQ(signal_number("QUIT"), 3);
    EXPECT_EQ(signal_number("9"), 9);
    EXPECT_EQ(signal_number("SIGRTMIN+3"), 37);
    EXPECT_EQ(signal_number("SIGNOPE"), std::nullopt);
    EXPECT_EQ(signal_number("99"), std::nullopt);
    EXPECT_EQ(signal_number(""), std::nullopt);
}

TEST(Merge, Arguments) {
    using Words = std::vector<std::string>;
    struct Row {
        Words image_entry, image_command;
        std::optional<Words> entry, command;
        Words want;
    };
    const Row rows[] = {
        {{"e"}, {"c"}, {}, {}, {"e", "c"}},
        {{"e"}, {"c"}, {}, Words{"x"}, {"e", "x"}},
        {{"e"}, {"c"}, Words{"n"}, {}, {"n"}},
        {{"e"}, {"c"}, Words{"n"}, Words{"x"}, {"n", "x"}},
        {{}, {"c"}, {}, {}, {"c"}},
        {{"e"}, {"c"}, Words{}, Words{"x"}, {"x"}},
    };
    for (const Row& row : rows) {
        const auto got = merge_arguments(
            {.entry_point = row.image_entry, .command = row.image_command}, row.entry, row.command);
        ASSERT_TRUE(got);
        EXPECT_EQ(*got, row.want);
    }
    EXPECT_FALSE(merge_arguments({}, {}, {}));
}

TEST(Merge, Environment) {
    const auto got = merge_environment({.environment = {"A=1", "B=2=3", "=x"}},
                                       {{"A", "9"}, {"C", ""}}, "/root", "host");
    const Environment want = {
        {"A", "9"},        {"B", "2=3"},
        {"C", ""},         {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
        {"HOME", "/root"}, {"HOSTNAME", "host"}};
    EXPECT_EQ(got, want);
    const auto own = merge_environment({.environment = {"PATH=/x"}}, {{"HOME", "/h"}}, "/", "h");
    EXPECT_EQ(own, (Environment{{"PATH", "/x"}, {"HOME", "/h"}, {"HOSTNAME", "h"}}));
}

TEST(User, Table) {
    const std::string passwd =
        "root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1001::/home/node:/bin/sh\n";
    const std::string group = "root:x:0:\nnode:x:1001:\naudio:x:29:node,x\n";
    struct Row {
        std::string user;
        uint32_t id, group;
        std::string home;
        std::vector<uint32_t> further;
    };
    const Row rows[] = {{"", 0, 0, "/root", {}},
                        {"node", 1000, 1001, "/home/node", {29}},
                        {"1000", 1000, 1001, "/home/node", {29}},
                        {"1000:29", 1000, 29, "/home/node", {}},
                        {"node:audio", 1000, 29, "/home/node", {}},
                        {"7", 7, 0, "/", {}},
                        {"7:8", 7, 8, "/", {}}};
    for (const Row& row : rows) {
        const auto got = find_user(row.user, passwd, group);
        ASSERT_TRUE(got) << row.user;
        EXPECT_EQ(got->user, row.id) << row.user;
        EXPECT_EQ(got->group, row.group) << row.user;
        EXPECT_EQ(got->home, row.home) << row.user;
        EXPECT_EQ(got->further_groups, row.further) << row.user;
    }
    for (const char* bad : {"nobody", "node:wheel", "70000", "-1", "1000:99999"})
        EXPECT_FALSE(find_user(bad, passwd, group)) << bad;
    EXPECT_TRUE(find_user("", "", ""));
}

TEST(Config, IsLockedDown) {
    RuntimeSpec spec;
    spec.process.arguments = {"/bin/app"};
    spec.process.environment = {{"A", "1"}};
    spec.process.limits = {{"nofile", 10, 20}};
    spec.root = "/r";
    spec.new_network = true;
    spec.sysfs = "/run/sys";
    spec.first_id = 5000;
    spec.cgroup = "/u/t/c0";
    spec.cgroup_views = {{"memory", "/sys/fs/cgroup/memory/u/t/c0"}};
    spec.resources = {.cpus = 0.25, .cpu_shares = 256, .memory_bytes = 1 << 20, .processes = 9};
    spec.binds = {{"/src", "/dst", true}};
    const auto json = Json::parse(oci_config(spec));
    ASSERT_TRUE(json);
    const Json& process = (*json)["process"];
    EXPECT_TRUE(process["noNewPrivileges"].bool_or(false));
    EXPECT_EQ(process["env"][0].text(), "A=1");
    EXPECT_EQ(process["rlimits"][0]["type"].text(), "RLIMIT_NOFILE");
    const std::string granted = process["capabilities"].dump();
    for (const char* never :
         {"SYS_ADMIN", "NET_RAW", "NET_ADMIN", "MKNOD", "SYS_PTRACE", "SYS_MODULE"})
        EXPECT_EQ(granted.find(never), std::string::npos) << never;
    EXPECT_EQ(process["capabilities"].find("inheritable"), nullptr);
    const Json& linux_part = (*json)["linux"];
    EXPECT_EQ(linux_part["resources"]["cpu"]["quota"].int_or(0), 25'000);
    EXPECT_EQ(linux_part["resources"]["memory"]["limit"].int_or(0), 1 << 20);
    EXPECT_EQ(linux_part["resources"]["pids"]["limit"].int_or(0), 9);
    EXPECT_EQ(linux_part["uidMappings"][0]["hostID"].int_or(0), 5000);
    EXPECT_EQ(linux_part["namespaces"].dump(),
              R"([{"type":"pid"},{"type":"ipc"},{"type":"uts"},{"type":"mount"},)"
              R"({"type":"network"},{"type":"user"}])");
    EXPECT_EQ(linux_part["seccomp"]["defaultAction"].text(), "SCMP_ACT_ERRNO");
    EXPECT_NE(linux_part["maskedPaths"].dump().find("/proc/kcore"), std::string::npos);
    // Only what was asked for comes from the host, and read-only.
    size_t binds = 0;
    for (const Json& mount : (*json)["mounts"].as_array()) {
        if (mount["type"].text() != "bind") continue;
        ++binds;
        EXPECT_NE(mount["options"].dump().find("\"ro\""), std::string::npos) << mount.dump();
    }
    EXPECT_EQ(binds, 3u);
    spec.process.trace = true;
    EXPECT_NE(oci_config(spec).find("CAP_SYS_PTRACE"), std::string::npos);
}

TEST(Config, LimitsAreClampedOnlyWhenTheyCannotBeRaised) {
    std::vector<std::string> clamped;
    const std::map<std::string, uint64_t> hard = {{"nofile", 100}, {"core", 5}};
    auto got = clamp_limits({{"nofile", 90, 200}, {"core", 1, 5}}, hard, false, clamped);
    EXPECT_EQ(got[0].hard, 100u);
    EXPECT_EQ(got[0].soft, 90u);
    EXPECT_EQ(clamped, (std::vector<std::string>{"nofile"}));
    got = clamp_limits({{"nofile", 150, 200}}, hard, true, clamped);
    EXPECT_EQ(got[0].hard, 200u);
    EXPECT_EQ(rlimit_name("nofile"), "RLIMIT_NOFILE");
    EXPECT_EQ(rlimit_name("RLIMIT_NOFILE"), std::nullopt);
}

TEST(Seccomp, DefaultDeny) {
    EXPECT_LE(allowed_system_calls(), 300u);
    const std::string profile = seccomp_profile(false)["syscalls"][0].dump();
    for (const char* never :
         {"\"mount\"", "\"unshare\"", "\"setns\"", "\"bpf\"", "\"ptrace\"", "\"keyctl\"",
          "\"io_uring_setup\"", "\"clone3\"", "\"clone\"", "\"socket\"", "\"reboot\""})
        EXPECT_EQ(profile.find(never), std::string::npos) << never;
    EXPECT_NE(seccomp_profile(true)["syscalls"][0].dump().find("\"ptrace\""), std::string::npos);
}

TEST(Cgroups, FindsTheVersion) {
    const std::string v2 = "30 1 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n";
    auto layout = parse_cgroup_layout(v2, "cpuset cpu io memory hugetlb pids\n");
    ASSERT_TRUE(layout);
    EXPECT_TRUE(layout->version2);
    EXPECT_EQ(layout->mounts[""], "/sys/fs/cgroup");
    EXPECT_EQ(layout->views("/u/t")[0].second, "/sys/fs/cgroup/u/t");

    const std::string v1 =
        "31 1 0:27 / /c/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
        "32 1 0:28 / /c/memory rw - cgroup cgroup rw,memory\n"
        "33 1 0:29 / /c/pids rw - cgroup cgroup rw,pids\n"
        "34 1 0:30 / /c/systemd rw - cgroup cgroup rw,name=systemd\n";
    layout =
        parse_cgroup_layout(v1 + "30 1 0:26 / /c/unified rw - cgroup2 cgroup2 rw\n", "hugetlb\n");
    ASSERT_TRUE(layout);
    EXPECT_FALSE(layout->version2);
    EXPECT_EQ(layout->mounts["cpu"], "/c/cpu,cpuacct");
    EXPECT_EQ(layout->mounts["cpuacct"], "/c/cpu,cpuacct");
    EXPECT_EQ(layout->others, (std::vector<std::string>{"/c/systemd", "/c/unified"}));
    EXPECT_EQ(layout->views("/g").size(), 4u);
    EXPECT_FALSE(parse_cgroup_layout("", ""));
    EXPECT_FALSE(parse_cgroup_layout(v2, "cpu\n"));
}

TEST(Cgroups, ParsesWhatTheKernelWrites) {
    EXPECT_EQ(weight_of_shares(2), 1);
    EXPECT_EQ(weight_of_shares(1024), 39);
    EXPECT_EQ(weight_of_shares(262'144), 10'000);
    EXPECT_EQ(weight_of_shares(0), 1);
    const auto map = parse_flat_keyed("usage_usec 17\nnr_throttled 3\nbad\nword x\n");
    EXPECT_EQ(map.find("usage_usec")->second, 17);
    EXPECT_EQ(map.size(), 2u);
    CgroupStats stats;
    parse_io_stat("8:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n8:16 rbytes=5\n", stats);
    EXPECT_EQ(stats.read_bytes, 15);
    EXPECT_EQ(stats.written_bytes, 20);
    stats = {};
    parse_blkio("8:0 Read 100\n8:0 Write 7\n8:0 Sync 3\nTotal 107\n", "8:0 Read 4\nTotal 4\n",
                stats);
    EXPECT_EQ(stats.read_bytes, 100);
    EXPECT_EQ(stats.written_bytes, 7);
    EXPECT_EQ(stats.read_operations, 4);
    EXPECT_EQ(parse_limit("max\n"), 0);
    EXPECT_EQ(parse_limit("9223372036854771712\n"), 0);
    EXPECT_EQ(parse_limit("1048576\n"), 1 << 20);
}

TEST(Mounts, ParsesMountinfo) {
    const auto got = parse_mountinfo(
        "36 35 98:0 /a /mnt\\0402 rw,noatime master:1 - ext4 /dev/root rw,errors=continue\n"
        "40 1 0:1 / /x rw - overlay overlay rw,lowerdir=/a\nshort line\n");
    ASSERT_EQ(got.size(), 2u);
    EXPECT_EQ(got[0].target, "/mnt 2");
    EXPECT_EQ(got[0].type, "ext4");
    EXPECT_EQ(got[1].super_options, "rw,lowerdir=/a");
}

TEST(Rootfs, Files) {
    const SandboxSpec sandbox{.hostname = "h",
                              .name_servers = {"10.0.0.2"},
                              .search_domains = {"ec2.internal"},
                              .hosts = {{"10.0.1.5", "h h.ec2.internal"}}};
    EXPECT_EQ(resolver_file(sandbox), "search ec2.internal\nnameserver 10.0.0.2\n");
    EXPECT_NE(hosts_file(sandbox).find("10.0.1.5 h h.ec2.internal\n"), std::string::npos);
}

TEST(Runtime, LastError) {
    EXPECT_EQ(last_runtime_error(
                  "{\"level\":\"warn\",\"msg\":\"w\"}\n{\"level\":\"error\",\"msg\":\"no\"}\n"),
              "no");
    EXPECT_EQ(last_runtime_error("plain text\n"), "plain text");
    EXPECT_EQ(last_runtime_error(""), "");
}

std::string texts(const std::vector<LogLine>& lines) {
    std::string out;
    for (const LogLine& line : lines) out += line.text + (line.partial ? "+" : "|");
    return out;
}

TEST(Lines, Split) {
    LineSplitter splitter(false);
    EXPECT_EQ(texts(splitter.feed("a\nb\r\n\nc", {})), "a|b||");
    EXPECT_EQ(texts(splitter.feed("d\n", {})), "cd|");
    EXPECT_EQ(texts(splitter.feed("e", {})), "");
    EXPECT_EQ(texts(splitter.finish({})), "e|");
    EXPECT_EQ(texts(splitter.finish({})), "");
}

TEST(Lines, CutAt16KiB) {
    const std::string full(most_line_bytes, 'x');
    LineSplitter exact(true);
    EXPECT_EQ(texts(exact.feed(full + "\n", {})), full + "|");
    LineSplitter longer(true);
    EXPECT_EQ(texts(longer.feed(full + "yz\n", {})), full + "+yz|");
    LineSplitter pieces(true);
    EXPECT_EQ(texts(pieces.feed(full, {})), "");
    EXPECT_EQ(texts(pieces.feed("\n", {})), full + "|");
    const auto three = longer.feed(full + full + full, {});
    ASSERT_EQ(three.size(), 2u);
    EXPECT_TRUE(three[0].partial && three[1].partial && three[0].standard_error);
}

}  // namespace
}  // namespace unkai::planes::containers
