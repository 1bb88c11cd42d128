#include "services/secretsmanager/secretsmanager.h"

#include <gtest/gtest.h>

#include "rt/sim/sim_loop.h"

namespace unkai::services::secretsmanager {
namespace {

struct World {
    SimWorld sim;
    store::Store store{sim.env, store::memory_engine()};
    SecretsManager manager;
    std::string service;  // Of the caller, if it is one.

    template <class In, class Out>
    Result<Out> run(Result<Out> (SecretsManager::*operation)(aws::Call&, const In&), const In& in) {
        aws::Call call(sim.env, store);
        call.account = "123456789012";
        call.region = "eu-west-1";
        if (!service.empty()) {
            call.principal.kind = aws::Principal::Kind::service;
            call.principal.service = service;
        }
        Result<Out> out = (manager.*operation)(call, in);
        if (out) EXPECT_TRUE(sim.loop.run_until_done(call.commit()));
        return out;
    }
    std::string create(CreateSecretInput in) {
        const auto out = run(&SecretsManager::CreateSecret, in);
        return out ? *out->arn : out.error().code;
    }
    std::string put(PutSecretValueInput in) {
        const auto out = run(&SecretsManager::PutSecretValue, in);
        return out ? *out->version_id : out.error().code;
    }
    std::string get(GetSecretValueInput in) {
        const auto out = run(&SecretsManager::GetSecretValue, in);
        if (!out) return out.error().code;
        return out->secret_binary ? "binary:" + *out->secret_binary : *out->secret_string;
    }
    std::string list(ListSecretsInput in) {
        std::string names;
        for (int pages = 0; pages < 20; ++pages) {
            const auto out = run(&SecretsManager::ListSecrets, in);
            if (!out) return out.error().code;
            for (const auto& entry : out->secret_list) names += *entry.name + " ";
            if (!out->next_token) break;
            in.next_token = out->next_token;
        }
        return names;
    }
    void wait(Duration time) {
        struct Run {
            static Task<void> go(Loop& loop, Duration time) { co_await loop.sleep(time); }
        };
        sim.loop.run_until_done(Run::go(sim.loop, time));
    }
};

}  // namespace

TEST(SecretsManager, KeepsValuesByNameAndArn) {
    World world;
    const std::string arn = world.create({.name = "app/db", .secret_string = "s3cret"});
    ASSERT_TRUE(arn.starts_with("arn:aws:secretsmanager:eu-west-1:123456789012:secret:app/db-"))
        << arn;
    for (const std::string& id : {std::string("app/db"), arn, arn.substr(0, arn.size() - 7)})
        EXPECT_EQ(world.get({.secret_id = id}), "s3cret") << id;
    const std::string another(arn.substr(0, arn.size() - 6) + "......");
    EXPECT_EQ(world.get({.secret_id = another}), "ResourceNotFoundException");
    EXPECT_EQ(world.get({.secret_id = "nope"}), "ResourceNotFoundException");
    EXPECT_EQ(world.create({.name = "app/db", .secret_string = "x"}), "ResourceExistsException");
    EXPECT_EQ(world.create({.name = "bad name", .secret_string = "x"}),
              "InvalidParameterException");
    EXPECT_EQ(world.create({.name = "both", .secret_binary = "b", .secret_string = "s"}),
              "InvalidParameterException");
    EXPECT_EQ(world.create({.name = "big", .secret_string = std::string(65537, 'x')}),
              "InvalidParameterException");
    world.create({.name = "bytes", .secret_binary = std::string("\0\xFF", 2)});
    EXPECT_EQ(world.get({.secret_id = "bytes"}), std::string("binary:\0\xFF", 9));
    // Nothing readable lies in the store.
    store::Txn txn = world.store.begin();
    for (const auto& [key, value] : schema::values.list(txn))
        EXPECT_EQ(value.sealed.find("s3cret"), std::string::npos);
}

TEST(SecretsManager, MovesTheLabelsOfVersions) {
    World world;
    world.create({.name = "s", .client_request_token = "token-1", .secret_string = "1"});
    EXPECT_EQ(
        world.put({.secret_id = "s", .client_request_token = "token-2", .secret_string = "2"}),
        "token-2");
    EXPECT_EQ(world.get({.secret_id = "s"}), "2");
    EXPECT_EQ(world.get({.secret_id = "s", .version_stage = "AWSPREVIOUS"}), "1");
    EXPECT_EQ(world.put({.secret_id = "s",
                         .client_request_token = "token-3",
                         .secret_string = "3",
                         .version_stages = {"AWSPENDING"}}),
              "token-3");
    EXPECT_EQ(world.get({.secret_id = "s"}), "2");
    EXPECT_EQ(world.get({.secret_id = "s", .version_stage = "AWSPENDING"}), "3");
    // What a rotation does at its end.
    UpdateSecretVersionStageInput move{
        .secret_id = "s", .version_stage = "AWSCURRENT", .move_to_version_id = "token-3"};
    EXPECT_EQ(world.run(&SecretsManager::UpdateSecretVersionStage, move).error().code,
              "InvalidParameterException");
    move.remove_from_version_id = "token-2";
    EXPECT_TRUE(world.run(&SecretsManager::UpdateSecretVersionStage, move));
    EXPECT_EQ(world.get({.secret_id = "s"}), "3");
    EXPECT_EQ(world.get({.secret_id = "s", .version_stage = "AWSPREVIOUS"}), "2");
    EXPECT_EQ(world.get({.secret_id = "s", .version_id = "token-1"}), "1");
    EXPECT_EQ(world.get({.secret_id = "s", .version_id = "token-1", .version_stage = "AWSCURRENT"}),
              "InvalidRequestException");
    EXPECT_EQ(world.get({.secret_id = "s", .version_stage = "MINE"}), "ResourceNotFoundException");
    const auto described =
        world.run(&SecretsManager::DescribeSecret, DescribeSecretInput{.secret_id = "s"});
    EXPECT_EQ(described->version_ids_to_stages.size(),
              2u);  // The deprecated first one is not among them.
    const auto versions = [&](bool deprecated) {
        return world
            .run(&SecretsManager::ListSecretVersionIds,
                 ListSecretVersionIdsInput{.secret_id = "s", .include_deprecated = deprecated})
            ->versions.size();
    };
    EXPECT_EQ(versions(false), 2u);
    EXPECT_EQ(versions(true), 3u);
    world.wait(1s);
    for (int i = 0; i < 120; ++i) world.put({.secret_id = "s", .secret_string = std::to_string(i)});
    EXPECT_EQ(world.get({.secret_id = "s"}), "119");
    EXPECT_EQ(world.get({.secret_id = "s", .version_id = "token-1"}), "ResourceNotFoundException");
}

TEST(SecretsManager, TokensMakeCallsRepeatable) {
    World world;
    const std::string arn =
        world.create({.name = "s", .client_request_token = "t1", .secret_string = "1"});
    EXPECT_EQ(world.create({.name = "s", .client_request_token = "t1", .secret_string = "1"}), arn);
    EXPECT_EQ(world.create({.name = "s", .client_request_token = "t1", .secret_string = "2"}),
              "ResourceExistsException");
    EXPECT_EQ(world.put({.secret_id = "s", .client_request_token = "t2", .secret_string = "2"}),
              "t2");
    EXPECT_EQ(world.put({.secret_id = "s", .client_request_token = "t2", .secret_string = "2"}),
              "t2");
    EXPECT_EQ(world.put({.secret_id = "s", .client_request_token = "t2", .secret_string = "3"}),
              "ResourceExistsException");
    EXPECT_EQ(world.put({.secret_id = "s"}), "InvalidRequestException");
    world.create({.name = "empty"});
    EXPECT_EQ(world.get({.secret_id = "empty"}), "ResourceNotFoundException");
}

TEST(SecretsManager, DeletesAfterAWindowOrAtOnce) {
    World world;
    const auto remove = [&](DeleteSecretInput in) {
        const auto out = world.run(&SecretsManager::DeleteSecret, in);
        return out ? iso8601(*out->deletion_date) : out.error().code;
    };
    world.create({.name = "s", .secret_string = "1"});
    EXPECT_EQ(remove({.secret_id = "s", .recovery_window_in_days = 6}),
              "InvalidParameterException");
    EXPECT_EQ(remove({.secret_id = "s",
                      .recovery_window_in_days = 7,
                      .force_delete_without_recovery = true}),
              "InvalidParameterException");
    EXPECT_EQ(remove({.secret_id = "s", .recovery_window_in_days = 7}), "2026-01-08T00:00:00Z");
    EXPECT_EQ(world.get({.secret_id = "s"}), "InvalidRequestException");
    EXPECT_EQ(world.create({.name = "s", .secret_string = "2"}), "InvalidRequestException");
    EXPECT_EQ(world.list({}), "");
    EXPECT_EQ(world.list({.include_planned_deletion = true}), "s ");
    EXPECT_TRUE(world.run(&SecretsManager::RestoreSecret, RestoreSecretInput{.secret_id = "s"}));
    EXPECT_EQ(world.get({.secret_id = "s"}), "1");
    EXPECT_EQ(remove({.secret_id = "s", .recovery_window_in_days = 7}), "2026-01-08T00:00:00Z");
    world.wait(std::chrono::days(7));
    EXPECT_EQ(world.get({.secret_id = "s"}), "ResourceNotFoundException");
    world.create({.name = "s", .secret_string = "new"});
    EXPECT_EQ(world.get({.secret_id = "s"}), "new");
    EXPECT_EQ(remove({.secret_id = "s", .force_delete_without_recovery = true}),
              "2026-01-08T00:00:00Z");
    EXPECT_EQ(world.get({.secret_id = "s"}), "ResourceNotFoundException");
    EXPECT_EQ(remove({.secret_id = "s"}), "ResourceNotFoundException");
    EXPECT_EQ(remove({.secret_id = "s", .force_delete_without_recovery = true}),
              "2026-01-08T00:00:00Z");
}

TEST(SecretsManager, ListsByFilterOrderAndPage) {
    World world;
    for (const char* name : {"app/one", "app/two", "other", "App"}) {
        world.create({.name = name,
                      .description = std::string("Key of ") + name,
                      .secret_string = "x",
                      .tags = {{.key = "team", .value = name}}});
        world.wait(1s);
    }
    EXPECT_EQ(world.list({}), "App other app/two app/one ");
    EXPECT_EQ(world.list({.max_results = 1, .sort_order = "asc"}), "app/one app/two other App ");
    EXPECT_EQ(world.list({.max_results = 3, .sort_order = "desc", .sort_by = "name"}),
              "other app/two app/one App ");
    const auto filtered = [&](std::string key, List<std::string> values) {
        return world.list({.filters = {{.key = key, .values = values}}, .sort_order = "asc"});
    };
    EXPECT_EQ(filtered("name", {"app"}), "app/one app/two ");
    EXPECT_EQ(filtered("name", {"!app"}), "other App ");
    EXPECT_EQ(filtered("description", {"KEY OF OTHER"}), "other ");
    EXPECT_EQ(filtered("tag-value", {"app/t", "oth"}), "app/two other ");
    EXPECT_EQ(filtered("all", {"two key"}), "app/two ");
    EXPECT_EQ(filtered("colour", {"x"}), "InvalidParameterException");
    const auto batch = world.run(&SecretsManager::BatchGetSecretValue,
                                 BatchGetSecretValueInput{.secret_id_list = {"other", "nope"}});
    EXPECT_EQ(batch->secret_values.size(), 1u);
    EXPECT_EQ(*batch->errors_[0].error_code, "ResourceNotFoundException");
}

TEST(SecretsManager, MakesPasswordsToOrder) {
    World world;
    const auto password = [&](GetRandomPasswordInput in) {
        const auto out = world.run(&SecretsManager::GetRandomPassword, in);
        return out ? *out->random_password : out.error().code;
    };
    EXPECT_EQ(password({}).size(), 32u);
    EXPECT_NE(password({}), password({}));
    const std::string digits = password({.password_length = 50,
                                         .exclude_characters = "0",
                                         .exclude_punctuation = true,
                                         .exclude_uppercase = true,
                                         .exclude_lowercase = true});
    EXPECT_EQ(digits.find_first_not_of("123456789"), std::string::npos);
    EXPECT_EQ(password({.password_length = 3}), "InvalidParameterException");
    EXPECT_EQ(password({.password_length = 3, .require_each_included_type = false}).size(), 3u);
    EXPECT_EQ(password({.password_length = 5000}), "InvalidParameterException");
}

TEST(SecretsManager, TagsPoliciesAndOwners) {
    World world;
    world.create({.name = "s", .secret_string = "1"});
    EXPECT_TRUE(
        world.run(&SecretsManager::TagResource,
                  TagResourceInput{.secret_id = "s", .tags = {{.key = "a", .value = "b"}}}));
    EXPECT_TRUE(world.run(&SecretsManager::UntagResource,
                          UntagResourceInput{.secret_id = "s", .tag_keys = {"a"}}));
    EXPECT_TRUE(world.run(&SecretsManager::DescribeSecret, DescribeSecretInput{.secret_id = "s"})
                    ->tags.empty());
    PutResourcePolicyInput policy{.secret_id = "s", .resource_policy = "{"};
    EXPECT_EQ(world.run(&SecretsManager::PutResourcePolicy, policy).error().code,
              "MalformedPolicyDocumentException");
    policy.resource_policy = R"({"Version":"2012-10-17"})";
    EXPECT_TRUE(world.run(&SecretsManager::PutResourcePolicy, policy));
    const GetResourcePolicyInput get{.secret_id = "s"};
    EXPECT_EQ(world.run(&SecretsManager::GetResourcePolicy, get)->resource_policy,
              policy.resource_policy);
    EXPECT_TRUE(world.run(&SecretsManager::DeleteResourcePolicy,
                          DeleteResourcePolicyInput{.secret_id = "s"}));
    EXPECT_FALSE(world.run(&SecretsManager::GetResourcePolicy, get)->resource_policy);
    EXPECT_EQ(world.create({.name = "rds!cluster-1", .secret_string = "1"}),
              "InvalidParameterException");
    world.service = "rds.amazonaws.com";
    EXPECT_TRUE(world.create({.name = "rds!cluster-1", .secret_string = "1"}).starts_with("arn:"));
    EXPECT_EQ(
        world
            .run(&SecretsManager::DescribeSecret, DescribeSecretInput{.secret_id = "rds!cluster-1"})
            ->owning_service,
        "rds");
}

}  // namespace unkai::services::secretsmanager
