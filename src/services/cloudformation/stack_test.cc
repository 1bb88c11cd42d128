#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "rt/sim/sim_loop.h"
#include "services/cloudformation/cloudformation.h"

// The generated descriptions, without their headers: only the tables of inputs are needed here.
namespace unkai::api::ec2 {
extern const ServiceInfo info;
}
namespace unkai::api::ecr {
extern const ServiceInfo info;
}
namespace unkai::api::ecs {
extern const ServiceInfo info;
}
namespace unkai::api::elbv2 {
extern const ServiceInfo info;
}
namespace unkai::api::acm {
extern const ServiceInfo info;
}
namespace unkai::api::rds {
extern const ServiceInfo info;
}
namespace unkai::api::secretsmanager {
extern const ServiceInfo info;
}
namespace unkai::api::s3 {
extern const ServiceInfo info;
}
namespace unkai::api::cloudfront {
extern const ServiceInfo info;
}
namespace unkai::api::route53 {
extern const ServiceInfo info;
}
namespace unkai::api::iam {
extern const ServiceInfo info;
}
namespace unkai::api::logs {
extern const ServiceInfo info;
}
namespace unkai::api::ssm {
extern const ServiceInfo info;
}

namespace unkai::services::cloudformation {
namespace {

// Parameters and log groups that exist in this world; every call takes time.
struct FakeApi final : Api {
    explicit FakeApi(Env& environment) : env(environment) {}
    Env& env;
    std::map<std::string, std::string> parameters;
    std::map<std::string, int64_t> groups;  // Retention.
    std::vector<std::string> calls;
    std::set<std::string> refused;  // "PutParameter bad": answers an error.
    Duration pause = 10ms;
    bool dying = false;  // The caller is being killed: the call is done, nobody hears of it.

    Task<Result<Json>> call(aws::Caller, std::string, std::string operation, Json input) override {
        co_await env.loop.sleep(pause);
        Result<Json> answer = act(operation, input);
        if (dying) co_return fail("Killed", "The caller is dead.", 500);
        co_return answer;
    }
    Result<Json> act(const std::string& operation, const Json& input) {
        const std::string name = input["Name"].text() + input["logGroupName"].text();
        calls.push_back(operation + " " + name);
        if (refused.contains(operation + " " + name)) return fail("Refused", "It may not be.", 400);
        if (operation == "DescribeAvailabilityZones")
            return *Json::parse(
                R"({"AvailabilityZones":[{"ZoneName":"eu-west-1a"},{"ZoneName":"eu-west-1b"}]})");
        if (operation == "GetSecretValue")
            return Json::object({{"SecretString", R"({"password":"hunter2"})"}});
        return operation.ends_with("Parameter") ? parameter(operation, name, input)
                                                : group(operation, name, input);
    }
    Result<Json> parameter(const std::string& operation, const std::string& name,
                           const Json& input) {
        const bool there = parameters.contains(name);
        if (operation == "PutParameter") {
            if (there && !input["Overwrite"].bool_or(false))
                return fail("ParameterAlreadyExists", "There already.", 400);
            parameters[name] = input["Value"].text();
            return Json::object();
        }
        if (!there) return fail("ParameterNotFound", "Parameter " + name + " not found.", 400);
        if (operation == "DeleteParameter") {
            parameters.erase(name);
            return Json::object();
        }
        return Json::object({{"Parameter", Json::object({{"Value", parameters[name]}})}});
    }
    Result<Json> group(const std::string& operation, const std::string& name, const Json& input) {
        if (operation == "CreateLogGroup") {
            if (groups.contains(name))
                return fail("ResourceAlreadyExistsException", "There already.", 400);
            groups[name] = 0;
        } else if (!groups.contains(name)) {
            return fail("ResourceNotFoundException", "Not there.", 400);
        } else if (operation == "PutRetentionPolicy") {
            groups[name] = input["retentionInDays"].as_int();
        } else if (operation == "DeleteRetentionPolicy") {
            groups[name] = 0;
        } else if (operation == "DeleteLogGroup") {
            groups.erase(name);
        }
        return Json::object();
    }
    Task<Result<std::string>> object(aws::Caller, std::string bucket, std::string key,
                                     size_t) override {
        co_return "Resources: {H: {Type: AWS::CloudFormation::WaitConditionHandle}}\n"
            "Description: " + bucket + " " + key;
    }
    const ShapeInfo* input_shape(std::string_view service,
                                 std::string_view operation) const override {
        for (const ServiceInfo* info :
             {&unkai::api::ec2::info, &unkai::api::ecr::info, &unkai::api::ecs::info,
              &unkai::api::elbv2::info, &unkai::api::acm::info, &unkai::api::rds::info,
              &unkai::api::secretsmanager::info, &unkai::api::s3::info,
              &unkai::api::cloudfront::info, &unkai::api::route53::info, &unkai::api::iam::info,
              &unkai::api::logs::info, &unkai::api::ssm::info}) {
            const OperationInfo* found = info->name == service ? info->find(operation) : nullptr;
            if (found) return found->input;
        }
        return nullptr;
    }
};

struct World {
    SimWorld sim;
    store::Store store{sim.env, store::memory_engine()};
    FakeApi aws{sim.env};
    std::unique_ptr<Engine> engine = std::make_unique<Engine>(sim.env, store, aws);
    std::unique_ptr<CloudFormation> service = std::make_unique<CloudFormation>(*engine, aws);

    void configure(aws::Call& call) {
        call.account = "123456789012";
        call.region = "eu-west-1";
    }
    template <class In, class Out>
    Result<Out> run(Result<Out> (CloudFormation::*operation)(aws::Call&, const In&), const In& in) {
        aws::Call call(sim.env, store);
        configure(call);
        Result<Out> out = (service.get()->*operation)(call, in);
        if (out) EXPECT_TRUE(sim.loop.run_until_done(call.commit()));
        return out;
    }
    template <class In, class Out>
    Result<Out> run(Task<Result<Out>> (CloudFormation::*operation)(aws::Call&, const In&),
                    const In& in) {
        aws::Call call(sim.env, store);
        configure(call);
        Result<Out> out = sim.loop.run_until_done((service.get()->*operation)(call, in));
        if (out) EXPECT_TRUE(sim.loop.run_until_done(call.commit()));
        return out;
    }
    void finish() {
        struct Wait {
            static Task<void> go(Engine& engine) { co_await engine.idle(); }
        };
        sim.loop.run_until_done(Wait::go(*engine));
    }
    void run_for(Duration length) {
        struct Wait {
            static Task<void> go(Loop& loop, Duration length) { co_await loop.sleep(length); }
        };
        sim.loop.run_until_done(Wait::go(sim.loop, length));
    }
    // As kill -9 and a start: nothing of the old engine goes on.
    void restart() {
        struct Stop {
            static Task<void> go(Engine& engine) { co_await engine.stop(); }
        };
        aws.dying = true;
        sim.loop.run_until_done(Stop::go(*engine));
        aws.dying = false;
        service.reset();
        engine = std::make_unique<Engine>(sim.env, store, aws);
        service = std::make_unique<CloudFormation>(*engine, aws);
        engine->resume();
    }
    std::string create(const std::string& body, List<api::Parameter> parameters = {},
                       std::string on_failure = "ROLLBACK") {
        const auto made =
            run(&CloudFormation::CreateStack, api::CreateStackInput{.stack_name = "site",
                                                                    .template_body = body,
                                                                    .parameters = parameters,
                                                                    .on_failure = on_failure});
        if (!made) return made.error().message;
        finish();
        return status();
    }
    std::string update(const std::string& body, List<api::Parameter> parameters = {}) {
        const auto made =
            run(&CloudFormation::UpdateStack,
                api::UpdateStackInput{
                    .stack_name = "site", .template_body = body, .parameters = parameters});
        if (!made) return made.error().message;
        finish();
        return status();
    }
    std::string remove() {
        const auto made =
            run(&CloudFormation::DeleteStack, api::DeleteStackInput{.stack_name = "site"});
        if (!made) return made.error().message;
        finish();
        return status();
    }
    std::string status() {
        store::Txn txn = store.begin();
        const auto stacks = list_stacks(txn, "123456789012", "eu-west-1");
        return stacks.empty() ? "none" : stacks[0].status;
    }
    std::string reason() {
        store::Txn txn = store.begin();
        return list_stacks(txn, "123456789012", "eu-west-1")[0].reason;
    }
    // Logical id and status, oldest first.
    std::vector<std::string> events() {
        store::Txn txn = store.begin();
        std::vector<std::string> list;
        for (const auto& [key, event] : schema::events.list(txn)) {
            std::string line = event.logical_id + " " + event.status;
            if (event.reason == "Resource creation Initiated") line += " (initiated)";
            list.push_back(line);
        }
        return list;
    }
    std::map<std::string, std::string> outputs() {
        std::map<std::string, std::string> made;
        const auto out =
            run(&CloudFormation::DescribeStacks, api::DescribeStacksInput{.stack_name = "site"});
        for (const auto& output : out->stacks[0].outputs)
            made[*output.output_key] = *output.output_value;
        return made;
    }
    std::string physical(const std::string& name) {
        const auto out =
            run(&CloudFormation::DescribeStackResource,
                api::DescribeStackResourceInput{.stack_name = "site", .logical_resource_id = name});
        return out ? out->stack_resource_detail->physical_resource_id.value_or("")
                   : out.error().message;
    }
};

constexpr const char* chain = R"(
Parameters: {Value: {Type: String, Default: one}, Name: {Type: String, Default: first}}
Resources:
  Third:
    Type: AWS::SSM::Parameter
    Properties: {Name: third, Type: String, Value: !Sub '${Second.Value}-${AWS::StackName}'}
  Second:
    Type: AWS::SSM::Parameter
    Properties: {Name: second, Type: String, Value: !GetAtt First.Value}
  First: {Type: AWS::SSM::Parameter, Properties: {Name: !Ref Name, Type: String, Value: !Ref Value}}
Outputs:
  Out: {Value: !GetAtt Third.Value}
)";

TEST(Stack, IsCreatedInTheOrderOfItsReferences) {
    World world;
    EXPECT_EQ(world.create(chain), "CREATE_COMPLETE");
    EXPECT_EQ(world.aws.parameters,
              (std::map<std::string, std::string>{
                  {"first", "one"}, {"second", "one"}, {"third", "one-site"}}));
    EXPECT_EQ(world.outputs()["Out"], "one-site");
    EXPECT_EQ(world.events(),
              (std::vector<std::string>{"site CREATE_IN_PROGRESS", "First CREATE_IN_PROGRESS",
                                        "First CREATE_IN_PROGRESS (initiated)",
                                        "First CREATE_COMPLETE", "Second CREATE_IN_PROGRESS",
                                        "Second CREATE_IN_PROGRESS (initiated)",
                                        "Second CREATE_COMPLETE", "Third CREATE_IN_PROGRESS",
                                        "Third CREATE_IN_PROGRESS (initiated)",
                                        "Third CREATE_COMPLETE", "site CREATE_COMPLETE"}));
    EXPECT_EQ(world.create(chain), "Stack [site] already exists");
    EXPECT_EQ(world.remove(), "DELETE_COMPLETE");
    EXPECT_TRUE(world.aws.parameters.empty());
    const auto& calls = world.aws.calls;
    EXPECT_EQ(std::vector<std::string>(calls.end() - 3, calls.end()),
              (std::vector<std::string>{"DeleteParameter third", "DeleteParameter second",
                                        "DeleteParameter first"}));
    EXPECT_EQ(
        world.run(&CloudFormation::DescribeStacks, api::DescribeStacksInput{.stack_name = "site"})
            .error()
            .message,
        "Stack with id site does not exist");
    EXPECT_EQ(world.create(chain), "CREATE_COMPLETE");
}

TEST(Stack, RunsWhatDoesNotDependInParallel) {
    World world;
    world.aws.pause = 1s;
    std::string body = "Resources:\n";
    for (int i = 0; i < 40; ++i)
        body += "  P" + std::to_string(i) +
                ": {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: x}}\n";
    const Time before = world.sim.loop.now();
    EXPECT_EQ(world.create(body), "CREATE_COMPLETE");
    EXPECT_LT(world.sim.loop.now() - before, 3s);
    EXPECT_EQ(world.aws.parameters.size(), 40u);
}

TEST(Stack, RollsBackWhenAResourceFails) {
    World world;
    world.aws.refused = {"PutParameter third"};
    EXPECT_EQ(world.create(chain), "ROLLBACK_COMPLETE");
    EXPECT_TRUE(world.aws.parameters.empty());
    const auto events = world.events();
    EXPECT_NE(std::find(events.begin(), events.end(), "Third CREATE_FAILED"), events.end());
    EXPECT_NE(std::find(events.begin(), events.end(), "site ROLLBACK_IN_PROGRESS"), events.end());
    EXPECT_EQ(world.update(chain).substr(0, 6), "Stack:");
    EXPECT_EQ(world.remove(), "DELETE_COMPLETE");
}

TEST(Stack, KeepsOrDeletesAFailedOneWhenAsked) {
    World kept;
    kept.aws.refused = {"PutParameter third"};
    EXPECT_EQ(kept.create(chain, {}, "DO_NOTHING"), "CREATE_FAILED");
    EXPECT_EQ(kept.aws.parameters.size(), 2u);
    EXPECT_EQ(kept.reason(), "The following resource(s) failed to create: [Third]. ");
    kept.aws.refused.clear();
    EXPECT_EQ(kept.update(chain), "UPDATE_COMPLETE");
    EXPECT_EQ(kept.aws.parameters.size(), 3u);
    World gone;
    gone.aws.refused = {"PutParameter third"};
    EXPECT_EQ(gone.create(chain, {}, "DELETE"), "DELETE_COMPLETE");
    EXPECT_TRUE(gone.aws.parameters.empty());
}

TEST(Stack, UpdatesInPlaceReplacesAndRemoves) {
    World world;
    ASSERT_EQ(world.create(chain), "CREATE_COMPLETE");
    EXPECT_EQ(world.update(chain), "No updates are to be performed.");
    EXPECT_EQ(world.update(chain, {{.parameter_key = "Value", .parameter_value = "two"}}),
              "UPDATE_COMPLETE");
    EXPECT_EQ(world.aws.parameters["third"], "two-site");
    // Another name is another parameter: made first, the old one deleted in the clean-up.
    EXPECT_EQ(world.update(chain, {{.parameter_key = "Name", .parameter_value = "other"},
                                   {.parameter_key = "Value", .use_previous_value = true}}),
              "UPDATE_COMPLETE");
    EXPECT_EQ(world.physical("First"), "other");
    EXPECT_EQ(world.aws.parameters,
              (std::map<std::string, std::string>{
                  {"other", "two"}, {"second", "two"}, {"third", "two-site"}}));
    EXPECT_EQ(world.aws.calls.back(), "DeleteParameter first");
    EXPECT_EQ(world.update("Resources: {First: {Type: AWS::SSM::Parameter, Properties: {Name: "
                           "other, Type: String, Value: two}}}"),
              "UPDATE_COMPLETE");
    EXPECT_EQ(world.aws.parameters.size(), 1u);
    EXPECT_EQ(world
                  .run(&CloudFormation::ListStackResources,
                       api::ListStackResourcesInput{.stack_name = "site"})
                  ->stack_resource_summaries.size(),
              1u);
}

TEST(Stack, AFailedUpdateGoesBackToWhatWas) {
    World world;
    ASSERT_EQ(world.create(chain), "CREATE_COMPLETE");
    const auto before = world.aws.parameters;
    world.aws.refused = {"PutParameter bad"};
    const std::string more =
        std::string(chain).insert(std::string(chain).find("Outputs:"),
                                  "  Bad: {Type: AWS::SSM::Parameter, DependsOn: Third, "
                                  "Properties: {Name: bad, Type: String, Value: x}}\n");
    EXPECT_EQ(world.update(more, {{.parameter_key = "Name", .parameter_value = "other"},
                                  {.parameter_key = "Value", .parameter_value = "two"}}),
              "UPDATE_ROLLBACK_COMPLETE");
    EXPECT_EQ(world.aws.parameters, before);
    EXPECT_EQ(world.physical("First"), "first");
    EXPECT_EQ(world.outputs()["Out"], "one-site");
    const auto events = world.events();
    EXPECT_EQ(events.back(), "site UPDATE_ROLLBACK_COMPLETE");
    EXPECT_NE(std::find(events.begin(), events.end(),
                        "site UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"),
              events.end());
    EXPECT_EQ(world.update(chain), "No updates are to be performed.");
}

TEST(Stack, KeepsWhatItsPolicyRetains) {
    World world;
    ASSERT_EQ(world.create(R"(
Resources:
  Kept: {Type: AWS::Logs::LogGroup, DeletionPolicy: Retain, Properties: {LogGroupName: kept}}
  Gone: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: gone, RetentionInDays: '7'}}
)"),
              "CREATE_COMPLETE");
    EXPECT_EQ(world.aws.groups["gone"], 7);
    EXPECT_EQ(world.remove(), "DELETE_COMPLETE");
    EXPECT_EQ(world.aws.groups, (std::map<std::string, int64_t>{{"kept", 0}}));
}

TEST(Stack, ADeletionThatFailsSaysSoAndMayBeTriedAgain) {
    World world;
    ASSERT_EQ(world.create(chain), "CREATE_COMPLETE");
    world.aws.refused = {"DeleteParameter second"};
    EXPECT_EQ(world.remove(), "DELETE_FAILED");
    EXPECT_EQ(world.reason(), "The following resource(s) failed to delete: [Second]. ");
    world.aws.refused.clear();
    EXPECT_EQ(world.remove(), "DELETE_COMPLETE");
    EXPECT_TRUE(world.aws.parameters.empty());
}

TEST(Stack, CanBeDeletedWhileItIsCreated) {
    World world;
    world.aws.pause = 1s;
    ASSERT_TRUE(world.run(&CloudFormation::CreateStack,
                          api::CreateStackInput{.stack_name = "site", .template_body = chain}));
    world.run_for(1500ms);
    EXPECT_EQ(world.status(), "CREATE_IN_PROGRESS");
    EXPECT_EQ(world.remove(), "DELETE_COMPLETE");
    EXPECT_TRUE(world.aws.parameters.empty());
}

TEST(Stack, TimesOut) {
    World world;
    world.aws.pause = 30min;
    ASSERT_TRUE(
        world.run(&CloudFormation::CreateStack,
                  api::CreateStackInput{
                      .stack_name = "site", .template_body = chain, .timeout_in_minutes = 45}));
    world.finish();
    EXPECT_EQ(world.status(), "ROLLBACK_COMPLETE");
    EXPECT_TRUE(world.aws.parameters.empty());
}

TEST(Stack, GoesOnAfterACrashAtAnyMoment) {
    for (int moment = 0; moment < 120; moment += 2) {
        World world;
        ASSERT_TRUE(world.run(&CloudFormation::CreateStack,
                              api::CreateStackInput{.stack_name = "site", .template_body = chain}));
        world.run_for(std::chrono::milliseconds(moment));
        world.restart();
        world.finish();
        EXPECT_EQ(world.status(), "CREATE_COMPLETE") << moment;
        EXPECT_EQ(world.aws.parameters.size(), 3u);
        ASSERT_TRUE(
            world.run(&CloudFormation::UpdateStack,
                      api::UpdateStackInput{
                          .stack_name = "site",
                          .template_body = chain,
                          .parameters = {{.parameter_key = "Name", .parameter_value = "other"},
                                         {.parameter_key = "Value", .parameter_value = "two"}}}));
        world.run_for(std::chrono::milliseconds(moment));
        world.restart();
        world.finish();
        EXPECT_EQ(world.status(), "UPDATE_COMPLETE") << moment;
        EXPECT_EQ(world.aws.parameters,
                  (std::map<std::string, std::string>{
                      {"other", "two"}, {"second", "two"}, {"third", "two-site"}}));
        ASSERT_TRUE(
            world.run(&CloudFormation::DeleteStack, api::DeleteStackInput{.stack_name = "site"}));
        world.run_for(std::chrono::milliseconds(moment));
        world.restart();
        world.finish();
        EXPECT_EQ(world.status(), "DELETE_COMPLETE") << moment;
        EXPECT_TRUE(world.aws.parameters.empty());
    }
}

TEST(Stack, ResolvesDynamicReferencesAndParameterStore) {
    World world;
    world.aws.parameters = {{"/image", "ami-1"}, {"/plain", "text"}};
    EXPECT_EQ(world.create(R"(
Parameters:
  Image: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /image}
  Secret: {Type: String, NoEcho: true, Default: x}
Resources:
  A:
    Type: AWS::SSM::Parameter
    Properties:
      Name: a
      Type: String
      Value: !Sub >-
        ${Image}-{{resolve:ssm:/plain}}-{{resolve:secretsmanager:db:SecretString:password}}
  Days: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: !Select [1, !GetAZs '']}}
)"),
              "CREATE_COMPLETE");
    EXPECT_EQ(world.aws.parameters["a"], "ami-1-text-hunter2");
    EXPECT_TRUE(world.aws.groups.contains("eu-west-1b"));
    store::Txn txn = world.store.begin();
    for (const auto& [key, resource] : schema::resources.list(txn))
        EXPECT_EQ(resource.now.properties.find("hunter2"), std::string::npos);
    const auto out =
        world.run(&CloudFormation::DescribeStacks, api::DescribeStacksInput{.stack_name = "site"});
    for (const auto& parameter : out->stacks[0].parameters) {
        if (*parameter.parameter_key == "Secret") EXPECT_EQ(*parameter.parameter_value, "****");
        if (*parameter.parameter_key == "Image") EXPECT_EQ(*parameter.resolved_value, "ami-1");
    }
}

TEST(Stack, ExportsAreImportedAndHeld) {
    World world;
    ASSERT_EQ(world.create(R"(
Resources: {A: {Type: AWS::SSM::Parameter, Properties: {Name: a, Type: String, Value: v}}}
Outputs: {Name: {Value: !Ref A, Export: {Name: shared}}}
)"),
              "CREATE_COMPLETE");
    const auto made = world.run(&CloudFormation::CreateStack,
                                api::CreateStackInput{.stack_name = "user", .template_body = R"(
Resources:
  B:
    Type: AWS::SSM::Parameter
    Properties: {Name: b, Type: String, Value: !ImportValue shared}
)"});
    ASSERT_TRUE(made);
    world.finish();
    EXPECT_EQ(world.aws.parameters["b"], "a");
    EXPECT_EQ(world.run(&CloudFormation::ListExports, api::ListExportsInput{})->exports[0].name,
              "shared");
    EXPECT_EQ(
        world.run(&CloudFormation::ListImports, api::ListImportsInput{.export_name = "shared"})
            ->imports[0],
        "user");
    EXPECT_EQ(world.run(&CloudFormation::DeleteStack, api::DeleteStackInput{.stack_name = "site"})
                  .error()
                  .message,
              "Export shared cannot be deleted as it is in use by user");
}

TEST(ChangeSet, IsWhatTheDeployCommandNeeds) {
    World world;
    const auto create = [&](const char* name, const char* type, List<api::Parameter> parameters) {
        return world.run(&CloudFormation::CreateChangeSet,
                         api::CreateChangeSetInput{.stack_name = "site",
                                                   .template_body = chain,
                                                   .parameters = parameters,
                                                   .change_set_name = name,
                                                   .change_set_type = type});
    };
    auto made = create("one", "CREATE", {});
    ASSERT_TRUE(made);
    EXPECT_EQ(world.status(), "REVIEW_IN_PROGRESS");
    auto described = world.run(&CloudFormation::DescribeChangeSet,
                               api::DescribeChangeSetInput{.change_set_name = *made->id});
    EXPECT_EQ(*described->status, "CREATE_COMPLETE");
    ASSERT_EQ(described->changes.size(), 3u);
    EXPECT_EQ(*described->changes[0].resource_change->action, "Add");
    ASSERT_TRUE(
        world.run(&CloudFormation::ExecuteChangeSet,
                  api::ExecuteChangeSetInput{.change_set_name = "one", .stack_name = "site"}));
    world.finish();
    EXPECT_EQ(world.status(), "CREATE_COMPLETE");

    // Names made of the time are used twice within a second; one carried out does not stand in the
    // way.
    made = create("one", "UPDATE", {});
    ASSERT_TRUE(made);
    EXPECT_EQ(create("one", "UPDATE", {}).error().code, "AlreadyExistsException");
    made = create("two", "UPDATE", {});
    described = world.run(&CloudFormation::DescribeChangeSet,
                          api::DescribeChangeSetInput{.change_set_name = *made->id});
    EXPECT_EQ(*described->status, "FAILED");
    EXPECT_TRUE(
        described->status_reason->starts_with("The submitted information didn't contain changes."));
    EXPECT_EQ(world
                  .run(&CloudFormation::ExecuteChangeSet,
                       api::ExecuteChangeSetInput{.change_set_name = *made->id})
                  .error()
                  .code,
              "InvalidChangeSetStatus");

    made = create("three", "UPDATE", {{.parameter_key = "Name", .parameter_value = "other"}});
    described =
        world.run(&CloudFormation::DescribeChangeSet,
                  api::DescribeChangeSetInput{.change_set_name = "three", .stack_name = "site"});
    ASSERT_GE(described->changes.size(), 1u);
    for (const auto& change : described->changes)
        if (*change.resource_change->logical_resource_id == "First")
            EXPECT_EQ(*change.resource_change->replacement, "True");
    ASSERT_TRUE(world.run(&CloudFormation::ExecuteChangeSet,
                          api::ExecuteChangeSetInput{.change_set_name = *made->id}));
    world.finish();
    EXPECT_EQ(world.status(), "UPDATE_COMPLETE");
    EXPECT_TRUE(world.aws.parameters.contains("other"));
    EXPECT_EQ(world
                  .run(&CloudFormation::DescribeChangeSet,
                       api::DescribeChangeSetInput{.change_set_name = "nope", .stack_name = "site"})
                  .error()
                  .code,
              "ChangeSetNotFound");
}

TEST(Stack, TypesThatAConditionLeavesOutNeedNotBeKnown) {
    World world;
    EXPECT_EQ(world.create("Conditions: {Never: !Equals [a, b]}\n"
                           "Resources: {A: {Type: AWS::Nope::Thing, Condition: Never, Properties: "
                           "{X: 1}}, B: {Type: AWS::SSM::Parameter, Properties: {Type: String, "
                           "Value: x}}}"),
              "CREATE_COMPLETE");
}

TEST(Stack, RefusesBeforeAnythingIsCreated) {
    World world;
    struct Case {
        const char* body;
        const char* message;
    };
    for (const Case& c :
         {Case{"Resources: {A: {Type: AWS::Nope::Thing}, B: {Type: AWS::SSM::Parameter, "
               "Properties: {Type: String, Value: x}}}",
               "Template format error: Unrecognized resource types: [AWS::Nope::Thing]"},
          {"Conditions: {Always: !Equals [a, a]}\nResources: {A: {Type: AWS::Nope::Thing, "
           "Condition: "
           "Always}}",
           "Template format error: Unrecognized resource types: [AWS::Nope::Thing]"},
          {"Resources: {A: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16, Nope: "
           "1}}}",
           "Properties validation failed for resource A with message: #: extraneous key [Nope] "
           "is not permitted"},
          {"Resources: {A: {Type: AWS::EC2::VPC}}",
           "Properties validation failed for resource A with message: #: required key "
           "[CidrBlock] not found"},
          {"Resources: {A: {Type: AWS::ECS::TaskDefinition, Properties: {Family: x, "
           "ContainerDefinitions: [{Name: a, Imge: b}]}}}",
           "#/ContainerDefinitions/0: extraneous key [Imge] is not permitted"},
          {"Resources: {A: {Type: AWS::Logs::LogGroup, Properties: {RetentionInDays: soon}}}",
           "#/RetentionInDays: expected type: Integer"},
          {"Resources: {A: {Type: AWS::Logs::LogGroup}, B: {Type: AWS::Logs::LogGroup, "
           "Properties: {LogGroupName: !GetAtt A.Nope}}}",
           "resource A does not support attribute type Nope in Fn::GetAtt"},
          {"Resources: {A: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}}",
           "Requires capabilities : [CAPABILITY_IAM]"}})
        EXPECT_NE(world.create(c.body).find(c.message), std::string::npos) << world.create(c.body);
    EXPECT_TRUE(world.aws.calls.empty());
    EXPECT_EQ(world.status(), "none");
}

TEST(Stack, TakesATemplateFromS3) {
    World world;
    const auto out =
        world.run(&CloudFormation::ValidateTemplate,
                  api::ValidateTemplateInput{
                      .template_url = "https://bucket.s3.eu-west-1.amazonaws.com/a/b%20c"});
    ASSERT_TRUE(out) << out.error().message;
    EXPECT_EQ(*out->description, "bucket a/b c");
}

TEST(Stack, TakesTheExample) {
    std::ifstream file("examples/saas/template.yaml");
    if (!file) GTEST_SKIP() << "not run from the repository";
    std::stringstream text;
    text << file.rdbuf();
    const auto declared = parse_template(text.str());
    ASSERT_TRUE(declared) << declared.error().message;
    World world;
    const Status checked = check_types(*declared, world.aws);
    EXPECT_TRUE(checked) << checked.error().message;
    EXPECT_EQ(needed_capabilities(*declared), std::vector<std::string>{"CAPABILITY_IAM"});
    Inputs inputs;
    for (const Parameter& parameter : declared->parameters)
        inputs.parameters[parameter.name] = parameter.default_value.value_or("");
    const auto values =
        values_of(*declared, inputs,
                  StackRecord{.name = "saas", .account = "123456789012", .region = "us-east-1"});
    ASSERT_TRUE(values) << values.error().message;
    const auto graph = dependency_graph(*values);
    ASSERT_TRUE(graph) << graph.error().message;
    EXPECT_GT(graph->size(), 40u);
}

}  // namespace
}  // namespace unkai::services::cloudformation
