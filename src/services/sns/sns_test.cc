#include "services/sns/sns.h"

#include <gtest/gtest.h>

#include "rt/sim/sim_loop.h"
#include "services/sns/attributes.h"
#include "services/sqs/fake_sqs.h"

namespace unkai::services::sns {
namespace {

class FakeOutside final : public Outside {
public:
    Task<Result<int>> post(Post post) override {
        posts.push_back(std::move(post));
        if (answers.empty()) co_return 200;
        const int answer = answers.front();
        answers.erase(answers.begin());
        if (answer == 0) co_return fail("ConnectionRefused", "Nobody is there.", 502);
        co_return answer;
    }
    Task<Status> mail(std::string name, std::string text) override {
        mails[name] = std::move(text);
        co_return ok();
    }
    std::vector<Post> posts;
    std::vector<int> answers;  // 0: refused.
    std::map<std::string, std::string> mails;
};

struct World {
    SimWorld sim;
    store::Store store{sim.env, store::memory_engine()};
    aws::Dispatcher dispatcher{sim.env, store};
    aws::Client client{dispatcher};
    FakeOutside outside;
    sqs::FakeSqs queue;
    std::unique_ptr<Sender> sender = make();
    std::unique_ptr<Sns> sns = std::make_unique<Sns>(*sender);
    aws::Principal principal{.kind = aws::Principal::Kind::root,
                             .account = "123456789012",
                             .arn = "arn:aws:iam::123456789012:root"};

    World() { dispatcher.add(api::sqs::bind(queue)); }
    std::unique_ptr<Sender> make() {
        return std::make_unique<Sender>(sim.env, store, client, outside, "http://localhost:4566");
    }
    void restart() {
        sns.reset();
        sender = make();
        sns = std::make_unique<Sns>(*sender);
    }
    template <class In, class Out>
    Result<Out> run(Result<Out> (Sns::*operation)(aws::Call&, const In&), const In& in) {
        aws::Call call(sim.env, store);
        call.account = "123456789012";
        call.region = "eu-west-1";
        call.principal = principal;
        Result<Out> out = ((*sns).*operation)(call, in);
        if (out) EXPECT_TRUE(sim.loop.run_until_done(call.commit()));
        return out;
    }
    std::string topic(const std::string& name, Map<std::string> attributes = {}) {
        const auto out =
            run(&Sns::CreateTopic, CreateTopicInput{.name = name, .attributes = attributes});
        return out ? *out->topic_arn : out.error().code;
    }
    std::string subscribe(const std::string& topic_arn, const std::string& protocol,
                          const std::string& endpoint, Map<std::string> attributes = {}) {
        const auto out = run(&Sns::Subscribe, SubscribeInput{.topic_arn = topic_arn,
                                                             .protocol = protocol,
                                                             .endpoint = endpoint,
                                                             .attributes = attributes,
                                                             .return_subscription_arn = true});
        return out ? *out->subscription_arn : out.error().code;
    }
    std::string publish(PublishInput in) {
        const auto out = run(&Sns::Publish, in);
        return out ? *out->message_id : out.error().code;
    }
    // Subscribes a web server and confirms.
    std::string web(const std::string& topic_arn, Map<std::string> attributes = {}) {
        const std::string arn =
            subscribe(topic_arn, "http", "http://localhost:1234/hook", attributes);
        settle();
        store::Txn txn = store.begin();
        const std::string token = schema::subscriptions.get(txn, {topic_arn, arn})->token;
        EXPECT_TRUE(run(&Sns::ConfirmSubscription,
                        ConfirmSubscriptionInput{.topic_arn = topic_arn, .token = token}));
        outside.posts.clear();
        return arn;
    }
    static Task<void> go(World& self, Duration length) {
        Stop stop;
        Scope scope;
        scope.spawn(self.sender->outbox().run(stop));
        co_await self.sim.loop.sleep(length);
        stop.request();
        co_await scope.join();
    }
    void settle(Duration length = 100ms) { sim.loop.run_until_done(go(*this, length)); }
};

TEST(Sns, AsksForConfirmationThenDelivers) {
    World world;
    const std::string arn = world.topic("t");
    EXPECT_EQ(arn, "arn:aws:sns:eu-west-1:123456789012:t");
    EXPECT_EQ(world.topic("t"), arn);
    const std::string subscription = world.subscribe(arn, "http", "http://localhost:1234/hook");
    world.settle();
    ASSERT_EQ(world.outside.posts.size(), 1u);
    const auto asked = wire::Json::parse(world.outside.posts[0].body);
    EXPECT_EQ((*asked)["Type"].text(), "SubscriptionConfirmation");
    const std::string token = (*asked)["Token"].text();
    EXPECT_EQ((*asked)["SubscribeURL"].text(),
              "http://localhost:4566/SimpleNotificationService/?Action=ConfirmSubscription&"
              "TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A123456789012%3At&Token=" +
                  token);
    world.publish({.topic_arn = arn, .message = "too early"});
    world.settle();
    EXPECT_EQ(world.outside.posts.size(), 1u);
    EXPECT_EQ(world
                  .run(&Sns::ConfirmSubscription,
                       ConfirmSubscriptionInput{.topic_arn = arn, .token = "wrong"})
                  .error()
                  .code,
              "InvalidParameter");
    EXPECT_TRUE(world.run(&Sns::ConfirmSubscription,
                          ConfirmSubscriptionInput{.topic_arn = arn, .token = token}));
    world.publish({.topic_arn = arn, .message = "hello", .subject = "S"});
    world.settle();
    ASSERT_EQ(world.outside.posts.size(), 2u);
    const auto got = wire::Json::parse(world.outside.posts[1].body);
    EXPECT_EQ((*got)["Message"].text(), "hello");
    EXPECT_EQ((*got)["Subject"].text(), "S");
    EXPECT_EQ(world.outside.posts[1].headers[0].second, "Notification");
    EXPECT_TRUE(world.run(&Sns::Unsubscribe, UnsubscribeInput{.subscription_arn = subscription}));
    world.publish({.topic_arn = arn, .message = "late"});
    world.settle();
    EXPECT_EQ(world.outside.posts.size(), 2u);
}

TEST(Sns, RetriesAndGivesUpAsThePolicySays) {
    World world;
    const std::string arn = world.topic("t");
    world.web(arn);
    world.outside.answers = {500, 0, 200};
    world.publish({.topic_arn = arn, .message = "x"});
    world.settle(19s);
    EXPECT_EQ(world.outside.posts.size(), 1u);
    world.settle(22s);
    EXPECT_EQ(world.outside.posts.size(), 3u);
    world.outside.posts.clear();
    world.outside.answers = {404};
    world.publish({.topic_arn = arn, .message = "y"});
    world.settle(100s);
    EXPECT_EQ(world.outside.posts.size(), 1u) << "trying again mends no 404";
    world.outside.posts.clear();
    world.outside.answers = {500, 500, 500, 500, 500};
    world.publish({.topic_arn = arn, .message = "z"});
    world.settle(1000s);
    EXPECT_EQ(world.outside.posts.size(), 4u) << "three retries by default";
    EXPECT_EQ(world.sender->outbox().waiting(), 0u);
}

TEST(Sns, WhatWasPublishedSurvivesAKill) {
    World world;
    const std::string arn = world.topic("t");
    world.web(arn);
    world.outside.answers = {0};
    world.publish({.topic_arn = arn, .message = "one"});
    world.settle(1s);
    world.publish({.topic_arn = arn, .message = "two"});
    world.restart();
    world.outside.posts.clear();
    world.settle(60s);
    ASSERT_EQ(world.outside.posts.size(), 2u);
    EXPECT_NE(world.outside.posts[0].body.find("two"), std::string::npos);
    EXPECT_NE(world.outside.posts[1].body.find("one"), std::string::npos);
}

TEST(Sns, FiltersByAttributesAndBody) {
    World world;
    const std::string arn = world.topic("t");
    world.web(arn,
              {{"FilterPolicy", R"({"kind":["a",{"prefix":"b"}],"n":[{"numeric":[">",3]}]})"}});
    const auto publish = [&](const char* kind, const char* number) {
        PublishInput in{.topic_arn = arn, .message = "{}"};
        in.message_attributes["kind"] = {.data_type = "String", .string_value = kind};
        in.message_attributes["n"] = {.data_type = "Number", .string_value = number};
        world.publish(in);
        world.settle();
        return std::exchange(world.outside.posts, {}).size();
    };
    EXPECT_EQ(publish("a", "4"), 1u);
    EXPECT_EQ(publish("bc", "10.5"), 1u);
    EXPECT_EQ(publish("a", "3"), 0u);
    EXPECT_EQ(publish("c", "4"), 0u);
    const std::string other = world.topic("u");
    world.web(other,
              {{"FilterPolicy", R"({"a":{"b":["x"]}})"}, {"FilterPolicyScope", "MessageBody"}});
    for (const char* body : {R"({"a":{"b":"x"}})", R"({"a":{"b":"y"}})", "no JSON"})
        world.publish({.topic_arn = other, .message = body});
    world.settle();
    EXPECT_EQ(world.outside.posts.size(), 1u);
    EXPECT_EQ(world.subscribe(arn, "http", "http://localhost/2", {{"FilterPolicy", "{\"a\":1}"}}),
              "InvalidParameter");
}

TEST(Sns, FifoTopicsDropDuplicates) {
    World world;
    EXPECT_EQ(world.topic("t", {{"FifoTopic", "true"}}), "InvalidParameter");
    const std::string arn = world.topic("t.fifo", {{"FifoTopic", "true"}});
    EXPECT_EQ(world.publish({.topic_arn = arn, .message = "x"}), "InvalidParameter");
    const PublishInput in{
        .topic_arn = arn, .message = "x", .message_deduplication_id = "d", .message_group_id = "g"};
    const std::string id = world.publish(in);
    EXPECT_EQ(world.publish(in), id);
    EXPECT_EQ(world.subscribe(arn, "http", "http://localhost/"), "InvalidParameter");
    EXPECT_EQ(world.subscribe(world.topic("t"), "sqs", "arn:aws:sqs:eu-west-1:123456789012:q.fifo"),
              "InvalidParameter");
}

TEST(Sns, AFifoTopicKeepsAGroupInOrderThroughFailuresAndAKill) {
    World world;
    const std::string arn = world.topic("t.fifo", {{"FifoTopic", "true"}});
    world.subscribe(arn, "sqs", "arn:aws:sqs:eu-west-1:123456789012:q.fifo",
                    {{"RawMessageDelivery", "true"}});
    const auto publish = [&](const char* text, const char* group) {
        world.publish({.topic_arn = arn,
                       .message = text,
                       .message_deduplication_id = text,
                       .message_group_id = group});
    };
    const Error busy{"ServiceUnavailable", "busy", 503, {}};
    world.queue.refusals = {busy, busy, busy, busy};
    for (const char* text : {"a1", "a2", "a3"}) publish(text, "a");
    world.settle(500ms);
    EXPECT_EQ(world.queue.bodies(), "") << "the fourth attempt comes a second later";
    world.restart();
    publish("a4", "a");
    world.settle(60s);
    EXPECT_EQ(world.queue.bodies(), "a1\na2\na3\na4\n");
    EXPECT_EQ(*world.queue.sent[0].message.message_group_id, "a");
    EXPECT_EQ(*world.queue.sent[0].message.message_deduplication_id, "a1");
    EXPECT_EQ(world.queue.sent[0].principal.arn, arn);
}

TEST(Sns, WhatAQueueRefusesGoesToTheDeadLetterQueue) {
    World world;
    const std::string arn = world.topic("t");
    world.subscribe(arn, "sqs", "arn:aws:sqs:eu-west-1:123456789012:q",
                    {{"RawMessageDelivery", "true"},
                     {"RedrivePolicy",
                      R"({"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:123456789012:dead"})"}});
    world.queue.refusals = {{"AccessDenied", "no", 403, {}}};
    world.publish({.topic_arn = arn, .message = "x"});
    world.settle();
    ASSERT_EQ(world.queue.sent.size(), 1u);
    EXPECT_TRUE(world.queue.sent[0].message.queue_url.ends_with("/dead"));
    EXPECT_EQ(world.queue.bodies(), "x\n");
}

TEST(Sns, MailGoesIntoTheMailbox) {
    World world;
    const std::string arn = world.topic("t");
    world.subscribe(arn, "email", "ada@example.com");
    world.settle();
    ASSERT_EQ(world.outside.mails.size(), 1u);
    const std::string& mail = world.outside.mails.begin()->second;
    EXPECT_NE(mail.find("To: ada@example.com\n"), std::string::npos);
    EXPECT_NE(mail.find("http://localhost:4566/SimpleNotificationService/?Action=Confirm"),
              std::string::npos);
}

TEST(Sns, RefusesWhatItCannotDo) {
    World world;
    const std::string arn = world.topic("t");
    EXPECT_EQ(world.topic("a b"), "InvalidParameter");
    EXPECT_EQ(world.topic("a", {{"ArchivePolicy", "{}"}}), "InvalidParameter");
    EXPECT_EQ(world.subscribe(arn, "sms", "+4912345"), "InvalidParameter");
    EXPECT_EQ(world.subscribe(arn, "nonsense", "x"), "InvalidParameter");
    EXPECT_EQ(world.subscribe(arn + "2", "http", "http://x/"), "NotFound");
    EXPECT_EQ(world.publish({.phone_number = "+4912345", .message = "x"}), "InvalidParameter");
    EXPECT_EQ(world.publish({.topic_arn = arn + "2", .message = "x"}), "NotFound");
    EXPECT_EQ(world.publish({.topic_arn = arn, .message = std::string(262145, 'x')}),
              "InvalidParameter");
    EXPECT_EQ(world.publish({.topic_arn = arn, .message = "x", .message_structure = "json"}),
              "InvalidParameter");
}

TEST(Sns, ServicesNeedTheTopicsLeave) {
    World world;
    const std::string arn = world.topic("t");
    world.principal =
        aws::service_caller("cloudwatch.amazonaws.com", "123456789012", "eu-west-1").principal;
    EXPECT_EQ(world.publish({.topic_arn = arn, .message = "x"}).size(), 36u);
    world.principal =
        aws::service_caller("events.amazonaws.com", "123456789012", "eu-west-1").principal;
    EXPECT_EQ(world.publish({.topic_arn = arn, .message = "x"}), "AuthorizationError");
}

TEST(Retries, FollowAwssPhases) {
    EXPECT_EQ(retry_after("sqs", 3, ""), Duration(0));
    EXPECT_EQ(retry_after("sqs", 5, ""), Duration(1s));
    EXPECT_EQ(retry_after("lambda", 15, ""), Duration(20s));
    EXPECT_EQ(retry_after("lambda", 100015, ""), Duration(20s));
    EXPECT_EQ(retry_after("sqs", 100016, ""), std::nullopt);
    EXPECT_EQ(retry_after("http", 3, ""), Duration(20s));
    EXPECT_EQ(retry_after("https", 4, ""), std::nullopt);
    const std::string policy = R"({"healthyRetryPolicy":{"numRetries":7,"numNoDelayRetries":1,
        "numMinDelayRetries":1,"numMaxDelayRetries":2,"minDelayTarget":1,"maxDelayTarget":5}})";
    std::string waits;
    for (int64_t i = 1; i <= 8; ++i)
        if (const auto wait = retry_after("http", i, policy))
            waits += std::to_string(*wait / 1s) + " ";
    EXPECT_EQ(waits, "0 1 1 3 5 5 5 ");
}

TEST(Signer, SignsSoThatTheCertificateVerifies) {
    World world;
    const auto signer = world.sim.loop.run_until_done(Signer::open(world.sim.env, world.store));
    ASSERT_TRUE(signer);
    EXPECT_NE((*signer)->certificate_pem().find("BEGIN CERTIFICATE"), std::string::npos);
    EXPECT_EQ((*signer)->sign("x", "1").size(), 344u);
    EXPECT_NE((*signer)->sign("x", "1"), (*signer)->sign("x", "2"));
    const auto again = world.sim.loop.run_until_done(Signer::open(world.sim.env, world.store));
    EXPECT_EQ((*again)->file_name(), (*signer)->file_name());
}

}  // namespace
}  // namespace unkai::services::sns
