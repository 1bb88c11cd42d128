#include "images/images_test.h"

#include "images/context.h"
#include "images/dockerfile.h"
#include "images/machine.h"
#include "rt/process.h"

namespace unkai::images {
namespace {

TEST(Dockerfile, StagesInstructionsAndContinuedLines) {
    const auto parsed = parse_dockerfile(
        "# syntax=docker/dockerfile:1\n"
        "ARG BASE=node:20-slim\n"
        "FROM --platform=linux/amd64 ${BASE} AS Build\n"
        "RUN npm ci && \\\n"
        "    # a comment in between\n"
        "    npm run build\n"
        "\n"
        "FROM scratch\n"
        "COPY --from=build --chown=1000:1000 /a /b\n"
        "CMD [\"node\", \"a b\"]\n"
        "ENTRYPOINT node [x]\n");
    ASSERT_TRUE(parsed) << parsed.error().message;
    ASSERT_EQ(parsed->stages.size(), 2u);
    EXPECT_EQ(parsed->stages[0].base, "${BASE}");
    EXPECT_EQ(parsed->stages[0].name, "build");
    EXPECT_EQ(parsed->stages[0].instructions[0].text, "npm ci &&  npm run build");
    const auto& last = parsed->stages[1].instructions;
    EXPECT_EQ(last[0].options.at("from"), "build");
    EXPECT_EQ(last[0].text, "/a /b");
    EXPECT_EQ(*last[1].arguments, (std::vector<std::string>{"node", "a b"}));
    EXPECT_FALSE(last[2].arguments);
}

TEST(Dockerfile, WhatIsNotSupportedNamesTheLine) {
    for (const char* text :
         {"FROM node\nRUN --mount=type=cache npm ci", "FROM node\nONBUILD RUN x", "RUN x",
          "FROM node\nRUN <<EOF\nx\nEOF", "FROM a b c d", "", "FROM node\nCOPY"}) {
        const auto parsed = parse_dockerfile(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().code, "InvalidDockerfile");
    }
    EXPECT_NE(parse_dockerfile("FROM node\n\nNOPE x").error().message.find("line 3"),
              std::string::npos);
}

TEST(Dockerfile, VariablesExpand) {
    const Variables known = {{"a", "1"}, {"empty", ""}};
    const std::vector<std::pair<std::string, std::string>> cases = {{"$a", "1"},
                                                                    {"${a}b", "1b"},
                                                                    {"x$a$a", "x11"},
                                                                    {"${b:-two}", "two"},
                                                                    {"${empty:-two}", "two"},
                                                                    {"${a:+yes}", "yes"},
                                                                    {"${b:+yes}", ""},
                                                                    {"\\$a", "$a"},
                                                                    {"$", "$"},
                                                                    {"$-", "$-"},
                                                                    {"$b.", "."}};
    for (const auto& [text, expected] : cases) EXPECT_EQ(*expand(text, known), expected) << text;
    EXPECT_FALSE(expand("${a", known));
    EXPECT_EQ(*assignments("a=1 b='2 3' c=\"x\\\"y\""),
              (std::vector<std::pair<std::string, std::string>>{
                  {"a", "1"}, {"b", "2 3"}, {"c", "x\"y"}}));
    EXPECT_EQ(*assignments("NAME the rest of it"),
              (std::vector<std::pair<std::string, std::string>>{{"NAME", "the rest of it"}}));
}

TEST(Context, IgnoreRulesAsDockerHasThem) {
    const IgnoreRules rules("node_modules\n**/*.log\n# comment\ndist/*\n!dist/keep\n/secret\n");
    for (const char* path :
         {"node_modules", "node_modules/a/b", "a.log", "x/y/z.log", "dist/other", "secret"})
        EXPECT_TRUE(rules.ignores(path)) << path;
    for (const char* path : {"src/node_modules", "dist", "dist/keep", "a.logs", "src/secret"})
        EXPECT_FALSE(rules.ignores(path)) << path;
    EXPECT_TRUE(path_matches("package*.json", "package-lock.json"));
    EXPECT_FALSE(path_matches("*.json", "a/b.json"));
    EXPECT_EQ(clean_path("./a//b/../c/"), "a/c");
    EXPECT_FALSE(clean_path("a/../../b"));
}

TEST(Overview, UpperLayersHideLowerOnes) {
    Tree lower, upper;
    add_folder(lower, "usr");
    add_folder(lower, "usr/bin");
    add_link(lower, "bin", "usr/bin");
    add_link(lower, "round", "round");
    add_text(lower, "usr/bin/sh", "x");
    add_folder(lower, "old");
    add_text(lower, "old/file", "x");
    add_text(upper, ".wh.old", "");
    add_text(upper, "usr/bin/node", "x");
    Overview overview;
    overview.add(Overview::list_of(lower));
    EXPECT_TRUE(overview.is_folder("/old"));
    overview.add(Overview::list_of(upper));
    EXPECT_EQ(overview.kind("old"), "");
    EXPECT_EQ(overview.kind("old/file"), "");
    EXPECT_EQ(overview.resolve("/bin/../bin/./node"), "usr/bin/node");
    EXPECT_TRUE(overview.is_folder("/bin"));
    EXPECT_EQ(overview.resolve("/"), "");
    EXPECT_EQ(overview.resolve("round/x"), "round/x");
}

TEST(Machine, KnowsThePublicNames) {
    const auto kind = [](const std::string& text) {
        return machine_kind(*planes::containers::parse_reference(text));
    };
    EXPECT_EQ(kind("public.ecr.aws/docker/library/node:20-slim"), MachineKind::node);
    EXPECT_EQ(kind("node"), MachineKind::node);
    EXPECT_EQ(kind("docker.io/library/python:3.11"), MachineKind::python);
    EXPECT_EQ(kind("scratch"), MachineKind::scratch);
    EXPECT_FALSE(kind("nginx"));
    EXPECT_FALSE(kind("someone/node"));
    EXPECT_EQ(parse_ldd("/bin/a:\n\tlinux-vdso.so.1 (0x1)\n\tlibc.so.6 => /lib/libc.so.6 (0x2)\n"
                        "\t/lib64/ld-linux.so.2 (0x3)\n/bin/b:\n\tnot a dynamic executable\n"
                        "\tlibc.so.6 => /lib/libc.so.6 (0x2)\n"),
              (std::vector<std::string>{"/lib/libc.so.6", "/lib64/ld-linux.so.2"}));
}

TEST_F(ImagesTest, CopiesIntoScratchTheSameEveryTime) {
    write("Dockerfile",
          "FROM scratch\nARG VERSION=1\nENV MODE=production V=$VERSION\nWORKDIR /app\nCOPY "
          "package*.json ./\n"
          "COPY --chmod=755 src src\nCOPY a.txt b.txt /data/\nCOPY a.txt /renamed\nUSER "
          "1000\nEXPOSE 80 53/udp\n"
          "LABEL a=b\nENTRYPOINT [\"/app/run\"]\nCMD [\"--serve\"]\n");
    write(".dockerignore", "*.log\nDockerfile\n");
    write("package.json", "{}");
    write("package-lock.json", "{}");
    write("src/deep/er.js", "x");
    write("src/noise.log", "x");
    write("a.txt", "a");
    write("b.txt", "b");
    const Built first = built();
    const Overview paths = overview(first);
    for (const char* path : {"app/package.json", "app/package-lock.json", "app/src/deep/er.js",
                             "data/a.txt", "data/b.txt", "renamed"})
        EXPECT_EQ(paths.kind(path), "file") << path;
    EXPECT_EQ(paths.kind("app/src/noise.log"), "file");  // "*.log" is about the context's top only.
    const wire::Json run = config(first);
    EXPECT_EQ(run["Env"][1].as_string(), "V=1");
    EXPECT_EQ(run["WorkingDir"].as_string(), "/app");
    EXPECT_EQ(run["User"].as_string(), "1000");
    EXPECT_TRUE(run["ExposedPorts"].find("53/udp") != nullptr);
    EXPECT_EQ(run["Cmd"][0].as_string(), "--serve");

    const Built again = built();
    EXPECT_EQ(again.digest, first.digest);
    EXPECT_EQ(again.cached_steps, again.steps);
    options.use_cache = false;
    EXPECT_EQ(built().digest, first.digest);
    options.use_cache = true;
    write("src/deep/er.js", "changed");
    const Built changed = built();
    EXPECT_NE(changed.digest, first.digest);
    EXPECT_EQ(changed.cached_steps, 2u);  // WORKDIR and the first COPY.
}

TEST_F(ImagesTest, ErrorsAreSentencesWithTheFix) {
    EXPECT_NE(refusal().find("Dockerfile cannot be read"), std::string::npos);
    write("Dockerfile", "FROM nginx\n");
    EXPECT_NE(refusal().find("BaseImageUnavailable: The base image nginx"), std::string::npos);
    write("Dockerfile", "FROM scratch\nCOPY missing /\n");
    EXPECT_NE(refusal().find("line 2 (COPY): there is no missing"), std::string::npos) << refusal();
    write("Dockerfile", "FROM scratch\nCOPY ../x /\n");
    EXPECT_NE(refusal().find("outside of the build context"), std::string::npos);
    options.target = "nope";
    EXPECT_NE(refusal().find("no stage nope"), std::string::npos);
}

TEST_F(ImagesTest, StagesCopyFromOneAnotherAndImagesFromImages) {
    write("Dockerfile",
          "FROM scratch AS one\nCOPY a.txt /out/a\nCOPY a.txt /out/deep/b\n"
          "FROM scratch\nCOPY --from=one /out /in\nCOPY --from=0 /out/a /single\n");
    write("a.txt", "a");
    const Built first = built();
    const Overview paths = overview(first);
    for (const char* path : {"in/a", "in/deep/b", "single"})
        EXPECT_EQ(paths.kind(path), "file") << path;
    EXPECT_EQ(paths.kind("out"), "");

    write("Dockerfile", "FROM test:v1\nCOPY a.txt /top\n");
    options.name = "second";
    const Built second = built();
    EXPECT_EQ(overview(second).kind("in/a"), "file");
    EXPECT_EQ(overview(second).kind("top"), "file");
    EXPECT_EQ(list(options.cache_folder).size(), 2u);
}

TEST_F(ImagesTest, TheLayoutIsReadByOthers) {
    if (find_program("skopeo").empty()) GTEST_SKIP() << "skopeo is not installed";
    write("Dockerfile", "FROM scratch\nCOPY a.txt /\nCMD [\"/a.txt\"]\n");
    write("a.txt", std::string(100'000, 'a'));
    write(std::string(60, 'd') + "/" + std::string(80, 'e'), "long names");
    write("Dockerfile", "FROM scratch\nCOPY . /\n");
    const Built image = built();
    ASSERT_TRUE(write_layout(image.digest, "v1", folder + "/layout", options.cache_folder));
    Loop loop;
    SpawnOptions copy{.argv = {find_program("skopeo"), "--insecure-policy", "copy",
                               "oci:" + folder + "/layout:v1", "dir:" + folder + "/unpacked"},
                      .environment = {"HOME=" + folder}};
    const auto output = loop.run_until_done(run(loop, copy, loop.steady() + 60s));
    ASSERT_TRUE(output);
    EXPECT_TRUE(output->exit.ok()) << output->error;
}

}  // namespace
}  // namespace unkai::images
