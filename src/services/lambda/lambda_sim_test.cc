// Lambda in simulated time: real operations, store, queue, pollers; the machine is simulated.
#include "services/lambda/lambda_test.h"
#include "services/lambda/limits.h"

namespace unkai::services::lambda {
namespace {

using namespace std::chrono_literals;
using planes::functions::Outcome;
using testing::LambdaWorld;
using wire::Json;
namespace op = model::op;

const char* const failure = R"({"errorType":"ValueError","errorMessage":"no"})";

model::PutFunctionEventInvokeConfigInput event_config(const std::string& name,
                                                      const std::string& success,
                                                      const std::string& failed) {
    model::PutFunctionEventInvokeConfigInput in;
    in.function_name = name;
    in.destination_config.emplace();
    if (!success.empty()) {
        in.destination_config->on_success.emplace();
        in.destination_config->on_success->destination = LambdaWorld::queue_arn(success);
    }
    if (!failed.empty()) {
        in.destination_config->on_failure.emplace();
        in.destination_config->on_failure->destination = LambdaWorld::queue_arn(failed);
    }
    return in;
}

TEST(LambdaSim, RunsAndSaysWhatItRan) {
    LambdaWorld world;
    world.make("echo");
    world.plane.functions["echo"].handler = [](const auto&, const auto& in) {
        return Outcome{.payload = in.payload};
    };
    const auto out = world.invoke("echo", R"({"n":1})");
    ASSERT_TRUE(out) << out.error().message;
    EXPECT_EQ(out->payload, R"({"n":1})");
    EXPECT_EQ(out->status_code, 200);
    EXPECT_EQ(out->executed_version, "$LATEST");
    EXPECT_FALSE(out->function_error);
    world.plane.functions["echo"] = {.kind = Outcome::Kind::function_error, .response = failure};
    EXPECT_EQ(world.invoke("echo")->function_error, "Unhandled");
    EXPECT_TRUE(world.invoke("none").error().is("ResourceNotFoundException"));
    EXPECT_TRUE(world.invoke("echo", "{").error().is("InvalidRequestContentException"));
    world.pass(20s);
    EXPECT_EQ(world.neighbours.metrics["Invocations"], 2);
    EXPECT_EQ(world.neighbours.metrics["Errors"], 1);
    EXPECT_TRUE(world.neighbours.groups.contains("/aws/lambda/echo"));
    ASSERT_FALSE(world.neighbours.logged.empty());
    EXPECT_TRUE(world.neighbours.logged.front().starts_with("START RequestId: "));
}

TEST(LambdaSim, AFailingEventIsTriedThreeTimesAndToldOf) {
    LambdaWorld world;
    world.neighbours.queues["failed"];
    world.neighbours.queues["letters"];
    world.make("bad", [](auto& in) {
        in.dead_letter_config.emplace();
        in.dead_letter_config->target_arn = LambdaWorld::queue_arn("letters");
    });
    ASSERT_TRUE(world.call<op::PutFunctionEventInvokeConfig>(event_config("bad", "", "failed")));
    world.plane.functions["bad"] = {.kind = Outcome::Kind::function_error, .response = failure};
    EXPECT_EQ(world.invoke("bad", R"({"n":1})", "Event")->status_code, 202);
    world.pass(30s);
    EXPECT_EQ(world.ran(), 1u);
    world.pass(60s);
    EXPECT_EQ(world.ran(), 2u);  // After a minute.
    world.pass(60s);
    EXPECT_EQ(world.ran(), 2u);
    world.pass(60s);
    EXPECT_EQ(world.ran(), 3u);  // After two more.
    EXPECT_EQ(world.stored_events(), 0u);
    EXPECT_EQ(world.plane.invoked[0].request_id, world.plane.invoked[2].request_id);
    ASSERT_EQ(world.neighbours.queues["failed"].sent.size(), 1u);
    const Json record = *Json::parse(world.neighbours.queues["failed"].sent[0]);
    EXPECT_EQ(record["requestContext"]["condition"].string_or(""), "RetriesExhausted");
    EXPECT_EQ(record["requestContext"]["approximateInvokeCount"].int_or(0), 3);
    EXPECT_EQ(record["responsePayload"]["errorType"].string_or(""), "ValueError");
    EXPECT_EQ(world.neighbours.queues["letters"].sent, (std::vector<std::string>{R"({"n":1})"}));
}

TEST(LambdaSim, AcceptedEventsSurviveAKill) {
    LambdaWorld world;
    world.neighbours.queues["done"];
    world.make("slow");
    world.plane.functions["slow"] = {.kind = Outcome::Kind::function_error, .response = failure};
    ASSERT_TRUE(world.call<op::PutFunctionEventInvokeConfig>(event_config("slow", "done", "")));
    for (int i = 0; i < 50; ++i)
        ASSERT_TRUE(world.invoke("slow", "{\"n\":" + std::to_string(i) + "}", "Event"));
    EXPECT_EQ(world.stored_events(), 50u);
    world.pass(5s);
    world.restart();
    EXPECT_EQ(world.stored_events(), 50u);
    world.plane.functions["slow"] = {.response = "{}"};
    world.pass(3min);
    EXPECT_EQ(world.stored_events(), 0u);
    std::set<int64_t> seen;
    for (const std::string& one : world.neighbours.queues["done"].sent)
        seen.insert((*Json::parse(one))["requestPayload"]["n"].int_or(-1));
    EXPECT_EQ(seen.size(), 50u);
}

TEST(LambdaSim, ThrottledEventsWaitAndGrowOld) {
    LambdaWorld world;
    world.neighbours.queues["failed"];
    world.make("busy");
    auto config = event_config("busy", "", "failed");
    config.maximum_event_age_in_seconds = 120;
    ASSERT_TRUE(world.call<op::PutFunctionEventInvokeConfig>(config));
    model::PutFunctionConcurrencyInput one;
    one.function_name = "busy";
    one.reserved_concurrent_executions = 1;
    ASSERT_TRUE(world.call<op::PutFunctionConcurrency>(one));
    world.plane.functions["busy"].duration = 2500ms;
    ASSERT_TRUE(world.invoke("busy", "{}", "Event"));
    ASSERT_TRUE(world.invoke("busy", "{}", "Event"));
    world.pass(30s);
    EXPECT_EQ(world.ran(), 2u);  // One after the other.
    one.reserved_concurrent_executions = 0;
    ASSERT_TRUE(world.call<op::PutFunctionConcurrency>(one));
    ASSERT_TRUE(world.invoke("busy", "{}", "Event"));
    world.pass(5s);
    EXPECT_EQ(world.ran(), 2u);
    ASSERT_EQ(world.neighbours.queues["failed"].sent.size(), 1u);  // At once: it can never run.
    EXPECT_NE(world.neighbours.queues["failed"].sent[0].find("ZeroReservedConcurrency"),
              std::string::npos);
}

TEST(LambdaSim, ADestinationThatRefusesIsTriedAgain) {
    LambdaWorld world;
    world.neighbours.queues["done"].refuse_sends = 2;
    world.make("f");
    ASSERT_TRUE(world.call<op::PutFunctionEventInvokeConfig>(event_config("f", "done", "")));
    ASSERT_TRUE(world.invoke("f", "{}", "Event"));
    world.pass(20s);
    EXPECT_EQ(world.neighbours.queues["done"].sent.size(), 1u);
    EXPECT_EQ(world.ran(), 1u);
}

model::CreateEventSourceMappingInput mapping(const std::string& function,
                                             const std::string& queue) {
    model::CreateEventSourceMappingInput in;
    in.function_name = function;
    in.event_source_arn = LambdaWorld::queue_arn(queue);
    return in;
}

void send(LambdaWorld& world, const std::string& queue, int count, const std::string& body = "m") {
    for (int i = 0; i < count; ++i) {
        QueueMessage message;
        message.message_id = body + std::to_string(i);
        message.receipt_handle = "handle-" + body + std::to_string(i);
        message.body = body;
        world.neighbours.queues[queue].waiting.push_back(message);
    }
}

TEST(LambdaSim, MessagesComeInBatchesAndAreDeleted) {
    LambdaWorld world;
    world.neighbours.queues["work"];
    world.make("worker");
    ASSERT_TRUE(world.call<op::CreateEventSourceMapping>(mapping("worker", "work")));
    send(world, "work", 25);
    world.pass(5s);
    EXPECT_EQ(world.ran(), 3u);  // 10, 10, 5
    EXPECT_EQ(world.neighbours.queues["work"].deleted.size(), 25u);
    EXPECT_TRUE(world.call<op::CreateEventSourceMapping>(mapping("worker", "work"))
                    .error()
                    .is("ResourceConflictException"));
    // After a restart it goes on.
    world.restart();
    send(world, "work", 1, "again");
    world.pass(5s);
    EXPECT_EQ(world.neighbours.queues["work"].deleted.size(), 26u);
}

TEST(LambdaSim, AWindowGathersABatch) {
    LambdaWorld world;
    world.neighbours.queues["work"];
    world.make("worker");
    auto in = mapping("worker", "work");
    in.batch_size = 100;
    EXPECT_TRUE(
        world.call<op::CreateEventSourceMapping>(in).error().is("InvalidParameterValueException"));
    in.maximum_batching_window_in_seconds = 10;
    ASSERT_TRUE(world.call<op::CreateEventSourceMapping>(in));
    send(world, "work", 3, "a");
    world.pass(5s);
    send(world, "work", 4, "b");
    world.pass(2s);
    EXPECT_EQ(world.ran(), 0u);
    world.pass(10s);
    EXPECT_EQ(world.ran(), 1u);
    EXPECT_EQ((*Json::parse(world.plane.invoked[0].payload))["Records"].size(), 7u);
}

TEST(LambdaSim, WhatFailedIsNotDeleted) {
    LambdaWorld world;
    world.neighbours.queues["work"];
    world.make("worker");
    auto in = mapping("worker", "work");
    in.function_response_types = {"ReportBatchItemFailures"};
    const auto made = world.call<op::CreateEventSourceMapping>(in);
    ASSERT_TRUE(made);
    world.plane.functions["worker"].response = R"({"batchItemFailures":[{"itemIdentifier":"m1"}]})";
    send(world, "work", 3);
    world.pass(5s);
    EXPECT_EQ(world.neighbours.queues["work"].deleted,
              (std::vector<std::string>{"handle-m0", "handle-m2"}));
    world.plane.functions["worker"] = {.kind = Outcome::Kind::function_error, .response = failure};
    send(world, "work", 3, "x");
    world.pass(5s);
    EXPECT_EQ(world.neighbours.queues["work"].deleted.size(), 2u);
    // Disabled, it takes nothing.
    model::UpdateEventSourceMappingInput off;
    off.uuid = *made->uuid;
    off.enabled = false;
    ASSERT_TRUE(world.call<op::UpdateEventSourceMapping>(off));
    world.pass(5s);
    send(world, "work", 2, "y");
    world.pass(30s);
    EXPECT_EQ(world.neighbours.queues["work"].waiting.size(), 2u);
}

// 75 GB of packages, each counted once for each version that has it; layers count, too.
TEST(LambdaSim, CodeStorageHasALimit) {
    LambdaWorld world;
    world.make("f");
    {
        store::Txn txn = world.store.begin();
        auto rows =
            schema::versions.list(txn, std::string("123456789012"), std::string("us-east-1"));
        ASSERT_EQ(rows.size(), 1u);
        rows[0].second.code.zipped = limits::storage_bytes - 100;
        schema::versions.put(txn, rows[0].first, rows[0].second);
        ASSERT_TRUE(world.sim.loop.run_until_done(world.store.commit(txn)));
    }
    model::CreateFunctionInput one_more;
    one_more.function_name = "g";
    one_more.runtime = "python3.12";
    one_more.handler = "app.handler";
    one_more.role = "arn:aws:iam::123456789012:role/r";
    one_more.code.zip_file = testing::zip_of("app.py", "x = 1\n");
    const auto made = world.call<op::CreateFunction>(one_more);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, "CodeStorageExceededException");
    EXPECT_EQ(made.error().message, "Code storage limit exceeded.");
    model::PublishLayerVersionInput layer;
    layer.layer_name = "l";
    layer.content.zip_file = one_more.code.zip_file;
    EXPECT_EQ(world.call<op::PublishLayerVersion>(layer).error().code,
              "CodeStorageExceededException");
    model::UpdateFunctionCodeInput update;
    update.function_name = "f";
    update.zip_file = testing::zip_of("app.py", "x = 2\n");
    EXPECT_EQ(world.call<op::UpdateFunctionCode>(update).error().code,
              "CodeStorageExceededException");
    model::PublishVersionInput publish;
    publish.function_name = "f";
    EXPECT_EQ(world.call<op::PublishVersion>(publish).error().code, "CodeStorageExceededException");
    // What is deleted counts no more.
    model::DeleteFunctionInput gone;
    gone.function_name = "f";
    ASSERT_TRUE(world.call<op::DeleteFunction>(gone));
    EXPECT_TRUE(world.call<op::CreateFunction>(one_more));
}

TEST(LambdaSim, FiltersDropAndConcurrencyIsBounded) {
    LambdaWorld world;
    world.neighbours.queues["work"];
    world.make("worker");
    auto in = mapping("worker", "work");
    in.batch_size = 1;
    in.scaling_config.emplace();
    in.scaling_config->maximum_concurrency = 2;
    in.filter_criteria.emplace();
    in.filter_criteria->filters.emplace_back();
    in.filter_criteria->filters[0].pattern = R"({"body":["keep"]})";
    ASSERT_TRUE(world.call<op::CreateEventSourceMapping>(in));
    size_t most = 0;
    world.plane.functions["worker"].duration = 1s;
    send(world, "work", 4, "drop");
    send(world, "work", 6, "keep");
    for (int i = 0; i < 40; ++i) {
        world.pass(250ms);
        most = std::max(most, static_cast<size_t>(world.engine->invoker().gate().running(
                                  {"123456789012", "us-east-1"})));
    }
    EXPECT_EQ(most, 2u);
    EXPECT_EQ(world.ran(), 6u);
    EXPECT_EQ(world.neighbours.queues["work"].deleted.size(), 10u);
}

TEST(LambdaSim, AServiceNeedsAPermission) {
    LambdaWorld world;
    world.make("f");
    aws::Caller sns = aws::service_caller("sns.amazonaws.com", "123456789012", "us-east-1");
    sns.principal.arn = "arn:aws:sns:us-east-1:123456789012:topic";
    model::InvokeInput in;
    in.function_name = "f";
    in.invocation_type = "Event";
    EXPECT_TRUE(world.call_as<op::Invoke>(sns, in).error().is("AccessDeniedException"));
    model::AddPermissionInput allow;
    allow.function_name = "f";
    allow.statement_id = "sns";
    allow.action = "lambda:InvokeFunction";
    allow.principal = "sns.amazonaws.com";
    allow.source_arn = sns.principal.arn;
    ASSERT_TRUE(world.call<op::AddPermission>(allow));
    EXPECT_TRUE(world.call_as<op::Invoke>(sns, in));
    sns.principal.arn += "2";
    EXPECT_TRUE(world.call_as<op::Invoke>(sns, in).error().is("AccessDeniedException"));
}

TEST(LambdaSim, ReservedConcurrencyThrottles) {
    LambdaWorld world;
    world.make("f");
    model::PutFunctionConcurrencyInput in;
    in.function_name = "f";
    in.reserved_concurrent_executions = 901;
    EXPECT_TRUE(
        world.call<op::PutFunctionConcurrency>(in).error().is("InvalidParameterValueException"));
    in.reserved_concurrent_executions = 0;
    ASSERT_TRUE(world.call<op::PutFunctionConcurrency>(in));
    const auto out = world.invoke("f");
    ASSERT_FALSE(out);
    EXPECT_TRUE(out.error().is("TooManyRequestsException"));
    EXPECT_EQ(out.error().status, 429);
    EXPECT_EQ(out.error().fields[0].second, "ReservedFunctionConcurrentInvocationLimitExceeded");
}

TEST(LambdaSim, AliasesShareByWeight) {
    LambdaWorld world;
    world.make("f");
    ASSERT_EQ(world.call<op::PublishVersion>({.function_name = "f"})->version, "1");
    EXPECT_EQ(world.call<op::PublishVersion>({.function_name = "f"})->version, "1");
    model::UpdateFunctionConfigurationInput change;
    change.function_name = "f";
    change.timeout = 9;
    ASSERT_TRUE(world.call<op::UpdateFunctionConfiguration>(change));
    world.pass(1s);
    ASSERT_EQ(world.call<op::PublishVersion>({.function_name = "f"})->version, "2");
    world.pass(1s);
    model::CreateAliasInput alias;
    alias.function_name = "f";
    alias.name = "live";
    alias.function_version = "1";
    alias.routing_config.emplace();
    alias.routing_config->additional_version_weights["2"] = 0.25;
    ASSERT_TRUE(world.call<op::CreateAlias>(alias));
    int second = 0;
    for (int i = 0; i < 400; ++i) second += world.invoke("f:live")->executed_version == "2";
    EXPECT_GT(second, 60);
    EXPECT_LT(second, 140);
}

TEST(LambdaSim, WhatAKillLeftPendingBecomesActive) {
    LambdaWorld world;
    model::CreateFunctionInput in;
    in.function_name = "f";
    in.runtime = "python3.12";
    in.handler = "app.handler";
    in.role = "arn:aws:iam::123456789012:role/r";
    in.code.zip_file = testing::zip_of("app.py", "x = 1\n");
    ASSERT_TRUE(world.call<op::CreateFunction>(in));
    world.engine->begin_stop();  // Before it was activated.
    world.restart();
    world.pass(1s);
    EXPECT_EQ(world.call<op::GetFunctionConfiguration>({.function_name = "f"})->state, "Active");
    world.plane.missing_runtimes.insert("python3.9");
    in.function_name = "g";
    in.runtime = "python3.9";
    EXPECT_TRUE(world.call<op::CreateFunction>(in).error().is("InvalidParameterValueException"));
    world.neighbours.roles_work = false;
    in.runtime = "python3.12";
    EXPECT_EQ(world.call<op::CreateFunction>(in).error().message,
              "The role defined for the function cannot be assumed by Lambda.");
}

}  // namespace
}  // namespace unkai::services::lambda
