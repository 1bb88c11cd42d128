#include "services/ssm/ssm.h"

#include <gtest/gtest.h>

#include "rt/sim/sim_loop.h"
#include "services/ssm/sealing.h"

namespace unkai::services::ssm {
namespace {

struct World {
    SimWorld sim;
    store::Store store{sim.env, store::memory_engine()};
    Ssm ssm;

    template <class In, class Out>
    Result<Out> run(Result<Out> (Ssm::*operation)(aws::Call&, const In&), const In& in) {
        aws::Call call(sim.env, store);
        call.account = "123456789012";
        call.region = "eu-west-1";
        call.principal.arn = "arn:aws:iam::123456789012:root";
        Result<Out> out = (ssm.*operation)(call, in);
        if (out) EXPECT_TRUE(sim.loop.run_until_done(call.commit()));
        return out;
    }
    std::string put(PutParameterInput in) {
        const auto out = run(&Ssm::PutParameter, in);
        return out ? std::to_string(*out->version) : out.error().code;
    }
    std::string get(const std::string& name, bool decrypt = false) {
        const auto out =
            run(&Ssm::GetParameter, GetParameterInput{.name = name, .with_decryption = decrypt});
        return out ? *out->parameter->value : out.error().code;
    }
};

TEST(Ssm, PutsVersionsAndGetsThem) {
    World world;
    EXPECT_EQ(world.put({.name = "/a/b", .value = "1"}), "ValidationException");
    EXPECT_EQ(world.put({.name = "/a/b", .value = "1", .type = "String"}), "1");
    EXPECT_EQ(world.put({.name = "/a/b", .value = "2", .type = "String"}),
              "ParameterAlreadyExists");
    EXPECT_EQ(world.put({.name = "/a/b", .value = "2", .overwrite = true}), "2");
    EXPECT_EQ(world.get("/a/b"), "2");
    EXPECT_EQ(world.get("/a/b:1"), "1");
    EXPECT_EQ(world.get("/a/b:3"), "ParameterVersionNotFound");
    EXPECT_EQ(world.get("arn:aws:ssm:eu-west-1:123456789012:parameter/a/b"), "2");
    EXPECT_EQ(world.get("/nope"), "ParameterNotFound");
    EXPECT_EQ(world.put({.name = "plain", .value = "x", .type = "String"}), "1");
    EXPECT_EQ(world.get("arn:aws:ssm:eu-west-1:123456789012:parameter/plain"), "x");
    const auto history =
        world.run(&Ssm::GetParameterHistory, GetParameterHistoryInput{.name = "/a/b"});
    ASSERT_EQ(history->parameters.size(), 2u);
    EXPECT_EQ(*history->parameters[0].value, "1");
}

TEST(Ssm, ChecksNamesValuesAndPatterns) {
    World world;
    for (const char* name : {"a/b", "/a//b", "/a/", "aws-x", "/ssm/x", "a b"})
        EXPECT_EQ(world.put({.name = name, .value = "1", .type = "String"}), "ValidationException")
            << name;
    EXPECT_EQ(
        world.put(
            {.name = "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16", .value = "1", .type = "String"}),
        "HierarchyLevelLimitExceededException");
    EXPECT_EQ(
        world.put({.name = "p", .value = "abc", .type = "String", .allowed_pattern = "[0-9]+"}),
        "ParameterPatternMismatchException");
    EXPECT_EQ(
        world.put({.name = "p", .value = "12", .type = "String", .allowed_pattern = "[0-9]+"}),
        "1");
    const std::string big(5000, 'x');
    EXPECT_EQ(world.put({.name = "big", .value = big, .type = "String"}), "ValidationException");
    EXPECT_EQ(
        world.put({.name = "big", .value = big, .type = "String", .tier = "Intelligent-Tiering"}),
        "1");
    EXPECT_EQ(world.put({.name = "big", .value = "x", .overwrite = true, .tier = "Standard"}),
              "ValidationException");
    EXPECT_EQ(
        world.put({.name = "s", .value = "x", .type = "SecureString", .key_id = "alias/mine"}),
        "InvalidKeyId");
}

TEST(Ssm, SecureStringsAreSealed) {
    World world;
    EXPECT_EQ(world.put({.name = "/db/password", .value = "hunter2", .type = "SecureString"}), "1");
    EXPECT_EQ(world.get("/db/password", true), "hunter2");
    EXPECT_EQ(world.get("/db/password").find("hunter2"), std::string::npos);
    const std::string key(32, 'k');
    const std::string sealed = seal(key, "a", "text", *world.sim.random);
    EXPECT_EQ(unseal(key, "a", sealed), "text");
    EXPECT_FALSE(unseal(key, "b", sealed));
    EXPECT_FALSE(unseal(std::string(32, 'x'), "a", sealed));
    EXPECT_FALSE(unseal(key, "a", sealed.substr(0, 20)));
}

TEST(Ssm, FindsByPathAndFilter) {
    World world;
    for (const char* name : {"/site/db/host", "/site/db/port", "/site/name", "/other", "plain"})
        ASSERT_EQ(world.put({.name = name, .value = name, .type = "String"}), "1");
    const auto by_path = [&](GetParametersByPathInput in) {
        std::string text;
        for (;;) {
            const auto out = world.run(&Ssm::GetParametersByPath, in);
            if (!out) return out.error().code;
            for (const auto& parameter : out->parameters) text += *parameter.name + " ";
            if (!out->next_token) return text;
            in.next_token = out->next_token;
        }
    };
    EXPECT_EQ(by_path({.path = "/site"}), "/site/name ");
    EXPECT_EQ(by_path({.path = "/site/", .recursive = true, .max_results = 1}),
              "/site/db/host /site/db/port /site/name ");
    EXPECT_EQ(by_path({.path = "/"}), "/other plain ");
    EXPECT_EQ(by_path({.path = "site"}), "ValidationException");
    EXPECT_EQ(by_path({.path = "/", .parameter_filters = {{.key = "Name"}}}), "InvalidFilterKey");
    const auto describe = [&](ParameterStringFilter filter) {
        std::string text;
        const auto out = world.run(&Ssm::DescribeParameters,
                                   DescribeParametersInput{.parameter_filters = {filter}});
        if (!out) return out.error().code;
        for (const auto& parameter : out->parameters) text += *parameter.name + " ";
        return text;
    };
    EXPECT_EQ(describe({.key = "Name", .option = "Contains", .values = {"db"}}),
              "/site/db/host /site/db/port ");
    EXPECT_EQ(describe({.key = "Path", .option = "OneLevel", .values = {"/site"}}), "/site/name ");
    EXPECT_EQ(describe({.key = "Name", .values = {"/other", "plain"}}), "/other plain ");
    EXPECT_EQ(describe({.key = "Nope", .values = {"x"}}), "InvalidFilterKey");
    EXPECT_EQ(describe({.key = "Type", .option = "Contains", .values = {"x"}}),
              "InvalidFilterOption");
}

TEST(Ssm, DeletesAndTags) {
    World world;
    ASSERT_EQ(world.put({.name = "/a",
                         .value = "1",
                         .type = "StringList",
                         .tags = {{.key = "k", .value = "v"}}}),
              "1");
    EXPECT_EQ(
        world.put(
            {.name = "/a", .value = "1", .overwrite = true, .tags = {{.key = "k", .value = "v"}}}),
        "ValidationException");
    ASSERT_TRUE(world.run(&Ssm::AddTagsToResource,
                          AddTagsToResourceInput{.resource_type = "Parameter",
                                                 .resource_id = "/a",
                                                 .tags = {{.key = "x", .value = "y"}}}));
    ASSERT_TRUE(
        world.run(&Ssm::RemoveTagsFromResource,
                  RemoveTagsFromResourceInput{
                      .resource_type = "Parameter", .resource_id = "/a", .tag_keys = {"k"}}));
    const auto tags =
        world.run(&Ssm::ListTagsForResource,
                  ListTagsForResourceInput{.resource_type = "Parameter", .resource_id = "/a"});
    ASSERT_EQ(tags->tag_list.size(), 1u);
    EXPECT_EQ(tags->tag_list[0].key, "x");
    const auto got = world.run(&Ssm::GetParameters, GetParametersInput{.names = {"/a", "/b"}});
    EXPECT_EQ(got->parameters.size(), 1u);
    EXPECT_EQ(got->invalid_parameters[0], "/b");
    const auto gone =
        world.run(&Ssm::DeleteParameters, DeleteParametersInput{.names = {"/a", "/b"}});
    EXPECT_EQ(gone->deleted_parameters.size(), 1u);
    EXPECT_EQ(world.run(&Ssm::DeleteParameter, DeleteParameterInput{.name = "/a"}).error().code,
              "ParameterNotFound");
    store::Txn txn = world.store.begin();
    EXPECT_TRUE(schema::versions.list(txn).empty());
}

}  // namespace
}  // namespace unkai::services::ssm
