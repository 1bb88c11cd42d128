#include "services/sqs/sqs.h"

#include <gtest/gtest.h>

#include "api/cloudwatch.h"
#include "aws/client.h"
#include "rt/sim/sim_loop.h"
#include "services/sqs/limits.h"

namespace unkai::services::sqs {
namespace {

struct World {
    SimWorld sim;
    store::Store store{sim.env, store::memory_engine()};
    std::unique_ptr<Queues> queues = std::make_unique<Queues>(sim.env, store);
    std::unique_ptr<Mover> mover = std::make_unique<Mover>(*queues);
    std::unique_ptr<Sqs> sqs = std::make_unique<Sqs>(*queues, *mover, "http://localhost:4566");
    aws::Principal principal{.kind = aws::Principal::Kind::root,
                             .account = "123456789012",
                             .arn = "arn:aws:iam::123456789012:root",
                             .user_id = "123456789012"};

    // As after kill -9: what is not in the store is gone.
    void restart() {
        sqs.reset();
        mover.reset();
        queues = std::make_unique<Queues>(sim.env, store);
        mover = std::make_unique<Mover>(*queues);
        sqs = std::make_unique<Sqs>(*queues, *mover, "http://localhost:4566");
    }
    void prepare(aws::Call& call) const {
        call.account = "123456789012";
        call.region = "eu-west-1";
        call.principal = principal;
    }
    template <class In, class Out>
    Result<Out> run(Result<Out> (Sqs::*operation)(aws::Call&, const In&), const In& in) {
        aws::Call call(sim.env, store);
        prepare(call);
        Result<Out> out = ((*sqs).*operation)(call, in);
        if (out) EXPECT_TRUE(sim.loop.run_until_done(call.commit()));
        return out;
    }
    static Task<Result<ReceiveMessageOutput>> receive_task(World& self, ReceiveMessageInput in) {
        aws::Call call(self.sim.env, self.store);
        self.prepare(call);
        auto out = co_await self.sqs->ReceiveMessage(call, in);
        if (out) CO_REQUIRE(co_await call.commit());
        co_return out;
    }
    List<Message> receive(const std::string& url, int32_t most = 10, int32_t visibility = 30,
                          int32_t wait = 0) {
        auto out = sim.loop.run_until_done(receive_task(*this, {.queue_url = url,
                                                                .attribute_names = {"All"},
                                                                .message_attribute_names = {"All"},
                                                                .max_number_of_messages = most,
                                                                .visibility_timeout = visibility,
                                                                .wait_time_seconds = wait}));
        EXPECT_TRUE(out) << out.error().message;
        return out ? out->messages : List<Message>{};
    }
    std::string bodies(const std::string& url, int32_t most = 10) {
        std::string out;
        for (const Message& message : receive(url, most)) out += *message.body;
        return out;
    }
    std::string create(const std::string& name, Map<std::string> attributes = {}) {
        const auto out =
            run(&Sqs::CreateQueue, CreateQueueInput{.queue_name = name, .attributes = attributes});
        return out ? *out->queue_url : out.error().code;
    }
    std::string send(const std::string& url, const std::string& body, SendMessageInput in = {}) {
        in.queue_url = url;
        in.message_body = body;
        const auto out = run(&Sqs::SendMessage, in);
        return out ? *out->message_id : out.error().code;
    }
    std::string fifo(const std::string& url, const std::string& body, const std::string& group,
                     const std::string& id) {
        return send(url, body, {.message_deduplication_id = id, .message_group_id = group});
    }
    std::string erase(const std::string& url, const std::string& handle) {
        const auto out = run(&Sqs::DeleteMessage,
                             DeleteMessageInput{.queue_url = url, .receipt_handle = handle});
        return out ? "" : out.error().code;
    }
    std::string attribute(const std::string& url, const std::string& name) {
        return run(&Sqs::GetQueueAttributes,
                   GetQueueAttributesInput{.queue_url = url, .attribute_names = {name}})
            ->attributes[name];
    }
    void pass(Duration length) { sim.loop.run_until_done(sleep(sim.loop, length)); }
    static Task<void> sleep(Loop& loop, Duration length) { co_await loop.sleep(length); }
};

Map<std::string> redrive_to(const std::string& name, int most) {
    return {{"RedrivePolicy", R"({"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:123456789012:)" +
                                  name + R"(","maxReceiveCount":)" + std::to_string(most) + "}"}};
}

TEST(Sqs, SendsReceivesAndDeletes) {
    World world;
    const std::string url = world.create("q");
    EXPECT_EQ(url, "http://localhost:4566/123456789012/q");
    EXPECT_EQ(world.create("q"), url);
    EXPECT_EQ(world.create("q", {{"DelaySeconds", "5"}}), "QueueNameExists");
    world.send(url, "a");
    world.send(url, "b");
    EXPECT_EQ(world.attribute(url, "ApproximateNumberOfMessages"), "2");
    const auto got = world.receive(url);
    ASSERT_EQ(got.size(), 2u);
    EXPECT_EQ(*got[0].body, "a");
    EXPECT_EQ(*got[0].md5_of_body, "0cc175b9c0f1b6a831c399e269772661");
    EXPECT_EQ(got[0].attributes.at("ApproximateReceiveCount"), "1");
    EXPECT_EQ(world.attribute(url, "ApproximateNumberOfMessagesNotVisible"), "2");
    EXPECT_EQ(world.erase(url, *got[0].receipt_handle), "");
    EXPECT_EQ(world.erase(url, *got[0].receipt_handle), "") << "again: it is gone";
    EXPECT_EQ(world.erase(url, "nonsense"), "ReceiptHandleIsInvalid");
    world.pass(30s);
    EXPECT_EQ(world.bodies(url), "b");
    EXPECT_EQ(world.send("http://x/123456789012/none", "x"), "QueueDoesNotExist");
}

TEST(Sqs, ChecksMessages) {
    World world;
    const std::string url = world.create("q", {{"MaximumMessageSize", "1024"}});
    const std::string line = world.create("q.fifo", {{"FifoQueue", "true"}});
    EXPECT_EQ(world.send(url, ""), "MissingParameter");
    EXPECT_EQ(world.send(url, std::string(1025, 'x')), "InvalidParameterValue");
    EXPECT_EQ(world.send(url, "a\x01"), "InvalidMessageContents");
    EXPECT_EQ(world.send(url, "a", {.delay_seconds = 901}), "InvalidParameterValue");
    EXPECT_EQ(world.send(url, "a", {.message_deduplication_id = "1"}), "InvalidParameterValue");
    EXPECT_EQ(world.send(line, "a"), "MissingParameter");
    EXPECT_EQ(world.send(line, "a", {.message_group_id = "g"}), "InvalidParameterValue");
    SendMessageInput attributes;
    attributes.message_attributes["a"] = {.string_value = "1", .data_type = "Nonsense"};
    EXPECT_EQ(world.send(url, "a", attributes), "InvalidParameterValue");
    SendMessageBatchInput batch{.queue_url = url};
    EXPECT_EQ(world.run(&Sqs::SendMessageBatch, batch).error().code, "EmptyBatchRequest");
    batch.entries = {{.id = "a", .message_body = "x"}, {.id = "a", .message_body = "y"}};
    EXPECT_EQ(world.run(&Sqs::SendMessageBatch, batch).error().code, "BatchEntryIdsNotDistinct");
    batch.entries[1].id = "b c";
    EXPECT_EQ(world.run(&Sqs::SendMessageBatch, batch).error().code, "InvalidBatchEntryId");
    batch.entries[1] = {.id = "b", .message_body = ""};
    const auto some = world.run(&Sqs::SendMessageBatch, batch);
    EXPECT_EQ(some->successful.size(), 1u);
    EXPECT_EQ(some->failed.at(0).code, "MissingParameter");
    batch.entries = {};
    for (int i = 0; i < 11; ++i)
        batch.entries.push_back({.id = std::to_string(i), .message_body = "x"});
    EXPECT_EQ(world.run(&Sqs::SendMessageBatch, batch).error().code,
              "TooManyEntriesInBatchRequest");
}

TEST(Sqs, ALongPollWaitsForTheFirstMessageAndForVisibility) {
    World world;
    const std::string url = world.create("q");
    const Time before = world.sim.loop.now();
    EXPECT_TRUE(world.receive(url, 1, 30, 20).empty());
    EXPECT_EQ(world.sim.loop.now() - before, 20s);
    world.send(url, "late", {.delay_seconds = 7});
    EXPECT_EQ(world.receive(url, 1, 5, 20).size(), 1u);
    EXPECT_EQ(world.sim.loop.now() - before, 27s);
    EXPECT_EQ(world.receive(url, 1, 5, 20).size(), 1u);
    EXPECT_EQ(world.sim.loop.now() - before, 32s) << "its visibility ended";
}

Task<void> poll(World& world, std::string url, std::string& out) {
    const auto got =
        co_await World::receive_task(world, {.queue_url = url, .wait_time_seconds = 20});
    out = got && !got->messages.empty() ? *got->messages[0].body : "nothing";
}
Task<void> join(Scope& scope) { co_await scope.join(); }

TEST(Sqs, ASenderWakesALongPoll) {
    World world;
    const std::string url = world.create("q");
    Scope scope;
    std::string first, second;
    scope.spawn(poll(world, url, first));
    scope.spawn(poll(world, url, second));
    const Time before = world.sim.loop.now();
    world.send(url, "x");
    world.sim.loop.run_until_done(World::sleep(world.sim.loop, 1s));
    EXPECT_EQ(first + second, "x");
    world.sim.loop.run_until_done(join(scope));
    EXPECT_EQ(world.sim.loop.now() - before, 20s);
}

TEST(Sqs, FifoKeepsOrderInAGroupAndDropsDuplicates) {
    World world;
    const std::string url = world.create("q.fifo", {{"FifoQueue", "true"}});
    const std::string id = world.fifo(url, "1", "a", "x");
    EXPECT_EQ(world.fifo(url, "other", "a", "x"), id) << "a duplicate within five minutes";
    world.fifo(url, "2", "a", "y");
    world.fifo(url, "3", "b", "z");
    auto got = world.receive(url, 1);
    ASSERT_EQ(got.size(), 1u);
    EXPECT_EQ(world.bodies(url), "3") << "group a is locked";
    EXPECT_EQ(got[0].attributes.at("SequenceNumber").size(), 20u);
    EXPECT_EQ(world.erase(url, *got[0].receipt_handle), "");
    EXPECT_EQ(world.bodies(url), "2");
    world.pass(std::chrono::minutes(5));
    EXPECT_NE(world.fifo(url, "1", "a", "x"), id);
    EXPECT_EQ(world.erase(url, *got[0].receipt_handle), "");
    auto again = world.receive(url, 1);
    world.pass(31s);
    EXPECT_EQ(world.erase(url, *again[0].receipt_handle), "InvalidParameterValue");
}

TEST(Sqs, GivesUpToTheDeadLetterQueueAndMovesBack) {
    World world;
    const std::string dead = world.create("dead");
    EXPECT_EQ(world.create("bad", redrive_to("none", 1)), "InvalidParameterValue");
    const std::string url = world.create("q", redrive_to("dead", 2));
    world.send(url, "poison");
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(world.bodies(url), "poison");
        world.pass(30s);
    }
    EXPECT_EQ(world.bodies(url), "");
    const auto got = world.receive(dead, 1, 0);
    ASSERT_EQ(got.size(), 1u);
    EXPECT_EQ(got[0].attributes.at("DeadLetterQueueSourceArn"),
              "arn:aws:sqs:eu-west-1:123456789012:q");
    EXPECT_EQ(world
                  .run(&Sqs::ListDeadLetterSourceQueues,
                       ListDeadLetterSourceQueuesInput{.queue_url = dead})
                  ->queue_urls.size(),
              1u);
    const StartMessageMoveTaskInput back{.source_arn = "arn:aws:sqs:eu-west-1:123456789012:dead"};
    const auto started = world.run(&Sqs::StartMessageMoveTask, back);
    ASSERT_TRUE(started);
    EXPECT_EQ(world.run(&Sqs::StartMessageMoveTask, back).error().code, "UnsupportedOperation");
    Stop stop;
    Scope scope;
    scope.spawn(world.mover->run(stop));
    world.pass(1s);
    EXPECT_EQ(world.bodies(url), "poison");
    const auto moves = world.run(&Sqs::ListMessageMoveTasks,
                                 ListMessageMoveTasksInput{.source_arn = back.source_arn});
    EXPECT_EQ(*moves->results.at(0).status, "COMPLETED");
    EXPECT_EQ(*moves->results.at(0).approximate_number_of_messages_moved, 1);
    stop.request();
    world.sim.loop.run_until_done(join(scope));
}

TEST(Sqs, WhatWasAcknowledgedSurvivesAKill) {
    World world;
    const std::string url = world.create("q", {{"VisibilityTimeout", "60"}});
    const std::string line = world.create("q.fifo", {{"FifoQueue", "true"}});
    for (int i = 0; i < 5; ++i) world.send(url, std::to_string(i));
    const std::string id = world.fifo(line, "f", "g", "d");
    world.erase(url, *world.receive(url, 1)[0].receipt_handle);
    const auto taken = world.receive(url, 1, 60);
    ASSERT_TRUE(world.sim.loop.run_until_done(world.queues->flush()));
    const auto unwritten = world.receive(url, 1, 60);
    world.restart();
    EXPECT_EQ(world.bodies(url), "234") << "0 was deleted, 1 is in flight, 2 only a moment";
    EXPECT_EQ(world.erase(url, *taken[0].receipt_handle), "");
    EXPECT_EQ(world.fifo(line, "f", "g", "d"), id) << "duplicates are remembered";
    EXPECT_EQ(world.bodies(line), "f");
    world.pass(61s);
    EXPECT_EQ(world.bodies(url), "234");
}

TEST(Sqs, PurgesExpiresAndClears) {
    World world;
    const std::string url = world.create("q", {{"MessageRetentionPeriod", "60"}});
    for (int i = 0; i < 1201; ++i) world.send(url, "x");  // More than a piece.
    EXPECT_TRUE(world.run(&Sqs::PurgeQueue, PurgeQueueInput{.queue_url = url}));
    EXPECT_EQ(world.run(&Sqs::PurgeQueue, PurgeQueueInput{.queue_url = url}).error().code,
              "PurgeQueueInProgress");
    EXPECT_EQ(world.bodies(url), "");
    world.send(url, "new");
    ASSERT_TRUE(world.sim.loop.run_until_done(world.queues->sweep()));
    EXPECT_EQ(world.bodies(url), "new");
    store::Txn txn = world.store.begin();
    EXPECT_EQ(schema::messages.list(txn).size(), 1u);
    world.pass(61s);
    EXPECT_EQ(world.bodies(url), "");
    world.send(url, "last");
    EXPECT_TRUE(world.run(&Sqs::DeleteQueue, DeleteQueueInput{.queue_url = url}));
    ASSERT_TRUE(world.sim.loop.run_until_done(world.queues->sweep()));
    txn = world.store.begin();
    EXPECT_EQ(schema::messages.list(txn).size() + schema::doomed.list(txn).size(), 0u);
    EXPECT_EQ(world.send(url, "x"), "QueueDoesNotExist");
}

TEST(Sqs, AServiceNeedsTheQueuesLeave) {
    World world;
    const std::string url = world.create("q");
    const aws::Principal root = world.principal;
    world.principal = aws::service_caller("sns.amazonaws.com", root.account, "eu-west-1").principal;
    world.principal.arn = "arn:aws:sns:eu-west-1:123456789012:topic";
    const aws::Principal sns = world.principal;
    EXPECT_EQ(world.send(url, "x"), "AccessDenied");
    world.principal = root;
    const std::string policy = R"({"Statement":[{"Effect":"Allow","Principal":
        {"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage",
        "Resource":"arn:aws:sqs:eu-west-1:123456789012:q","Condition":
        {"ArnEquals":{"aws:SourceArn":"arn:aws:sns:eu-west-1:123456789012:topic"}}}]})";
    ASSERT_TRUE(
        world.run(&Sqs::SetQueueAttributes,
                  SetQueueAttributesInput{.queue_url = url, .attributes = {{"Policy", policy}}}));
    world.principal = sns;
    EXPECT_EQ(world.send(url, "x").size(), 36u);
    world.principal.arn += "2";
    EXPECT_EQ(world.send(url, "x"), "AccessDenied");
    world.principal = aws::service_caller("lambda.amazonaws.com", root.account, "r").principal;
    EXPECT_EQ(world.send(url, "x").size(), 36u) << "acts with a role of the account";
}

TEST(Sqs, ChangesVisibility) {
    World world;
    const std::string url = world.create("q");
    world.send(url, "x");
    const std::string handle = *world.receive(url)[0].receipt_handle;
    ChangeMessageVisibilityInput in{.queue_url = url, .receipt_handle = handle};
    EXPECT_TRUE(world.run(&Sqs::ChangeMessageVisibility, in));
    EXPECT_EQ(world.run(&Sqs::ChangeMessageVisibility, in).error().code, "MessageNotInflight");
    in.receipt_handle = *world.receive(url)[0].receipt_handle;
    in.visibility_timeout = 43201;
    EXPECT_EQ(world.run(&Sqs::ChangeMessageVisibility, in).error().code, "InvalidParameterValue");
    in.visibility_timeout = 100;
    EXPECT_TRUE(world.run(&Sqs::ChangeMessageVisibility, in));
    world.pass(99s);
    EXPECT_EQ(world.bodies(url), "");
    world.pass(1s);
    EXPECT_EQ(world.bodies(url), "x");
}

// quotas-messages: 120,000 messages in flight, for standard queues an error, for FIFO ones nothing.
TEST(Sqs, InFlightMessagesHaveAQuota) {
    World world;
    for (const bool fifo : {false, true}) {
        const std::string name = fifo ? "full.fifo" : "full";
        const std::string url =
            world.create(name, fifo ? Map<std::string>{{"FifoQueue", "true"}} : Map<std::string>{});
        const auto queue = world.queues->find_arn("arn:aws:sqs:eu-west-1:123456789012:" + name);
        ASSERT_NE(queue, nullptr);
        const Time now = world.sim.env.now();
        for (int64_t i = 1; i < static_cast<int64_t>(limits::in_flight); ++i) {
            queue->order.add(-i, {.sent = now, .group = fifo ? std::to_string(i) : ""});
            queue->order.publish(-i);
            queue->order.hide(-i, now, now + 12h, 1);
        }
        EXPECT_EQ(queue->order.in_flight(), limits::in_flight - 1);
        for (const char* body : {"last", "over"})
            if (fifo)
                world.fifo(url, body, body, body);
            else
                world.send(url, body);
        EXPECT_EQ(world.bodies(url), "last");  // As many as there is room for.
        const auto over = world.sim.loop.run_until_done(
            World::receive_task(world, {.queue_url = url, .max_number_of_messages = 1}));
        if (fifo) {
            ASSERT_TRUE(over);
            EXPECT_TRUE(over->messages.empty());
        } else {
            ASSERT_FALSE(over);
            EXPECT_EQ(over.error().code, "OverLimit");
        }
    }
}

}  // namespace
}  // namespace unkai::services::sqs
