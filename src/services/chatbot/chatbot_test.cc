#include "services/chatbot/chatbot.h"

#include <gtest/gtest.h>

#include "api/sns.h"
#include "api/ssm.h"
#include "base/strings.h"
#include "rt/sim/sim_loop.h"
#include "services/chatbot/poster.h"
#include "services/chatbot/slack_message.h"

namespace unkai::services::chatbot {
namespace {

// What the service calls instead of SNS and Parameter Store.
#define UNUSED(space, Name)                                                                      \
    Result<api::space::Name##Output> Name(aws::Call&, const api::space::Name##Input&) override { \
        return fail("Unused", "");                                                               \
    }
struct FakeTopics final : api::sns::Service {
    std::map<std::string, std::string> subscriptions;  // By topic.
    Result<api::sns::SubscribeOutput> Subscribe(aws::Call& call,
                                                const api::sns::SubscribeInput& in) override {
        if (in.topic_arn.ends_with(":gone")) return fail("NotFound", "Topic does not exist", 404);
        EXPECT_EQ(call.principal.service, "chatbot.amazonaws.com");
        EXPECT_EQ(in.endpoint, Poster::endpoint);
        auto& arn = subscriptions[in.topic_arn];
        if (arn.empty()) arn = in.topic_arn + ":" + call.env.random.uuid();
        return api::sns::SubscribeOutput{.subscription_arn = arn};
    }
    Result<api::sns::UnsubscribeOutput> Unsubscribe(aws::Call&,
                                                    const api::sns::UnsubscribeInput& in) override {
        std::erase_if(subscriptions,
                      [&](const auto& each) { return each.second == in.subscription_arn; });
        return api::sns::UnsubscribeOutput{};
    }
    UNUSED(sns, CreateTopic)
    UNUSED(sns, DeleteTopic)
    UNUSED(sns, ListTopics)
    UNUSED(sns, GetTopicAttributes)
    UNUSED(sns, SetTopicAttributes)
    UNUSED(sns, AddPermission)
    UNUSED(sns, RemovePermission)
    UNUSED(sns, GetDataProtectionPolicy)
    UNUSED(sns, ConfirmSubscription)
    UNUSED(sns, ListSubscriptions)
    UNUSED(sns, ListSubscriptionsByTopic)
    UNUSED(sns, GetSubscriptionAttributes)
    UNUSED(sns, SetSubscriptionAttributes)
    UNUSED(sns, Publish)
    UNUSED(sns, PublishBatch)
    UNUSED(sns, TagResource)
    UNUSED(sns, UntagResource)
    UNUSED(sns, ListTagsForResource)
};
struct FakeParameters final : api::ssm::Service {
    std::map<std::string, std::string> values;
    Result<api::ssm::PutParameterOutput> PutParameter(
        aws::Call&, const api::ssm::PutParameterInput& in) override {
        EXPECT_EQ(in.type, "SecureString");
        values[in.name] = in.value;
        return api::ssm::PutParameterOutput{};
    }
    Result<api::ssm::GetParameterOutput> GetParameter(
        aws::Call&, const api::ssm::GetParameterInput& in) override {
        if (!values.contains(in.name)) return fail("ParameterNotFound", "", 400);
        api::ssm::GetParameterOutput out;
        out.parameter.emplace().value = values[in.name];
        return out;
    }
    Result<api::ssm::GetParametersByPathOutput> GetParametersByPath(
        aws::Call&, const api::ssm::GetParametersByPathInput&) override {
        api::ssm::GetParametersByPathOutput out;
        for (const auto& [name, value] : values) out.parameters.emplace_back().name = name;
        return out;
    }
    UNUSED(ssm, GetParameters)
    UNUSED(ssm, GetParameterHistory)
    UNUSED(ssm, DescribeParameters)
    UNUSED(ssm, DeleteParameter)
    UNUSED(ssm, DeleteParameters)
    UNUSED(ssm, AddTagsToResource)
    UNUSED(ssm, RemoveTagsFromResource)
    UNUSED(ssm, ListTagsForResource)
};
#undef UNUSED

struct FakeSlack final : Webhooks {
    std::vector<std::pair<std::string, std::string>> posts;
    std::vector<int> answers;  // Taken from the front; then 200.
    Task<Result<WebhookAnswer>> post(std::string url, std::string json) override {
        int status = 200;
        if (!answers.empty()) {
            status = answers.front();
            answers.erase(answers.begin());
        }
        if (status == 200) posts.emplace_back(url, json);
        if (status == 0) co_return fail("ConnectionRefused", "Slack cannot be reached.", 502);
        co_return WebhookAnswer{status, status == 200 ? "ok" : "no_service"};
    }
};

struct ChatWorld {
    SimWorld sim;
    store::Store store{sim.env, store::memory_engine()};
    aws::Dispatcher dispatcher{sim.env, store};
    aws::Client client{dispatcher};
    WebhookAddresses addresses{client, "us-east-1"};
    Chatbot chatbot{client, addresses};
    FakeTopics topics;
    FakeParameters parameters;
    FakeSlack slack;
    Poster poster{sim.env, store, addresses, slack};
    const std::string topic = "arn:aws:sns:us-east-1:123456789012:alarms";

    ChatWorld() {
        dispatcher.add(api::chatbot::bind(chatbot));
        dispatcher.add(api::sns::bind(topics));
        dispatcher.add(api::ssm::bind(parameters));
    }
    template <class Op>
    Result<typename Op::Output> call(typename Op::Input input) {
        const aws::Caller caller{{.kind = aws::Principal::Kind::root}, "123456789012", "us-east-1"};
        return sim.loop.run_until_done(client.call<Op>(caller, std::move(input)));
    }
    CreateSlackChannelConfigurationInput input(const std::string& name) {
        return {.slack_team_id = "T1",
                .slack_channel_id = "C" + name,
                .sns_topic_arns = {topic},
                .iam_role_arn = "arn:aws:iam::123456789012:role/chatbot",
                .configuration_name = name};
    }
    std::string create(CreateSlackChannelConfigurationInput in) {
        const auto made = call<op::CreateSlackChannelConfiguration>(std::move(in));
        return made ? "ok" : made.error().code;
    }
    std::string notify(const std::string& message, std::string subscription = "") {
        if (subscription.empty()) subscription = topics.subscriptions[topic];
        const std::string body =
            wire::Json::object({{"TopicArn", topic}, {"Message", message}}).dump();
        const auto taken = sim.loop.run_until_done(poster.take(subscription, body));
        return taken ? std::to_string(*taken) : taken.error().code;
    }
    Task<void> post_for(Duration length) {
        Stop stop;
        Scope scope;
        scope.spawn(poster.run(stop));
        co_await sim.loop.sleep(length);
        stop.request();
        co_await scope.join();
    }
    std::string reason(const std::string& name) {
        const auto found = call<op::DescribeSlackChannelConfigurations>(
            {.chat_configuration_arn = channel_arn("123456789012", name)});
        return found ? found->slack_channel_configurations[0].state_reason.value_or("none")
                     : found.error().code;
    }
};

const std::string sample_alarm =
    R"({"AlarmName":"too <many> 5XX","AlarmDescription":null,"AWSAccountId":"123456789012",)"
    R"("NewStateValue":"ALARM","NewStateReason":"Threshold Crossed","OldStateValue":"OK",)"
    R"("StateChangeTime":"2026-11-22T04:05:00.000+0000","AlarmArn":)"
    R"("arn:aws:cloudwatch:us-east-1:123456789012:alarm:x","Trigger":{"MetricName":"E",)"
    R"("Namespace":"N","StatisticType":"Statistic","Statistic":"SUM","Dimensions":)"
    R"([{"value":"v","name":"d"}]}})";

TEST(SlackMessages, ShowAlarmsAndCustomNotifications) {
    const auto text = slack_message(sample_alarm);
    ASSERT_TRUE(text);
    const auto json = wire::Json::parse(*text);
    const wire::Json& attachment = (*json)["attachments"][0];
    EXPECT_EQ(attachment["color"].string_or(""), "#D13212");
    EXPECT_NE(text->find("too &lt;many&gt; 5XX"), std::string::npos);
    EXPECT_NE(text->find("Threshold Crossed"), std::string::npos);
    EXPECT_NE(text->find("N E (SUM)"), std::string::npos);
    EXPECT_NE(text->find("console.aws.amazon.com"), std::string::npos);
    const auto calm = slack_message(replace_all(sample_alarm, "\"ALARM\"", "\"OK\""));
    EXPECT_NE(calm->find("#1D8102"), std::string::npos);
    const auto custom = slack_message(
        R"({"version":"1.0","source":"custom","content":{"title":"T","description":"D & more"}})");
    ASSERT_TRUE(custom);
    EXPECT_NE(custom->find("D & more"), std::string::npos);
    for (const char* other : {"", "plain text", "{}", "[1]", R"({"source":"custom"})"})
        EXPECT_FALSE(slack_message(other)) << other;
}

TEST(Webhooks, HaveAddresses) {
    for (const char* good :
         {"https://hooks.slack.com/services/T/B/x", "http://127.0.0.1:9000/x", "http://localhost",
          "https://[::1]:8443/x?y=1", "http://slack.localhost:1/"})
        EXPECT_TRUE(parse_webhook(good)) << good;
    for (const char* bad : {"", "hooks.slack.com", "ftp://x", "http://hooks.slack.com/x",
                            "https://u:p@host/", "https://host:0/", "https://host/a b"})
        EXPECT_FALSE(parse_webhook(bad)) << bad;
}

TEST(Chatbot, ConfiguresChannels) {
    ChatWorld world;
    EXPECT_EQ(world.create(world.input("a")), "ok");
    EXPECT_EQ(world.create(world.input("a")), "ConflictException");
    auto same_channel = world.input("b");
    same_channel.slack_channel_id = "Ca";
    EXPECT_EQ(world.create(same_channel), "ConflictException");
    EXPECT_EQ(world.create(world.input("b")), "ok");
    auto gone = world.input("c");
    gone.sns_topic_arns = {"arn:aws:sns:us-east-1:123456789012:gone"};
    EXPECT_EQ(world.create(gone), "InvalidParameterException");
    gone.sns_topic_arns = {"nonsense"};
    EXPECT_EQ(world.create(gone), "InvalidParameterException");
    EXPECT_NE(world.reason("a").find("unkai slack T1 Ca URL"), std::string::npos);
    world.parameters.values["/unkai/chatbot/slack/T1/Ca"] = "http://127.0.0.1:1/";
    EXPECT_EQ(world.reason("a"), "none");
    EXPECT_EQ(world.call<op::DescribeSlackWorkspaces>({})->slack_workspaces.size(), 1u);
    const std::string arn = channel_arn("123456789012", "a");
    ASSERT_TRUE(world.call<op::TagResource>({.resource_arn = arn, .tags = {{"k", "v"}}}));
    EXPECT_EQ(world.call<op::ListTagsForResource>({.resource_arn = arn})->tags.size(), 1u);
    ASSERT_TRUE(world.call<op::UntagResource>({.resource_arn = arn, .tag_keys = {"k"}}));
    ASSERT_TRUE(world.call<op::UpdateAccountPreferences>({.user_authorization_required = true}));
    EXPECT_TRUE(*world.call<op::GetAccountPreferences>({})
                     ->account_preferences->user_authorization_required);
    const auto updated = world.call<op::UpdateSlackChannelConfiguration>(
        {.chat_configuration_arn = arn, .slack_channel_id = "C9", .logging_level = "INFO"});
    EXPECT_EQ(updated->channel_configuration->slack_channel_id, "C9");
    EXPECT_EQ(updated->channel_configuration->sns_topic_arns.size(), 1u);
    // Both share the subscription; it ends with the last.
    ASSERT_TRUE(world.call<op::DeleteSlackChannelConfiguration>({.chat_configuration_arn = arn}));
    EXPECT_EQ(world.topics.subscriptions.size(), 1u);
    ASSERT_TRUE(world.call<op::DeleteSlackChannelConfiguration>(
        {.chat_configuration_arn = channel_arn("123456789012", "b")}));
    EXPECT_TRUE(world.topics.subscriptions.empty());
    EXPECT_EQ(world.call<op::DeleteSlackChannelConfiguration>({.chat_configuration_arn = arn})
                  .error()
                  .code,
              "ResourceNotFoundException");
}

TEST(Chatbot, PostsUntilSlackTakesIt) {
    ChatWorld world;
    ASSERT_EQ(world.create(world.input("a")), "ok");
    EXPECT_EQ(world.notify(sample_alarm, "arn:forged"), "UnknownSubscription");
    EXPECT_EQ(world.notify("not an alarm"), "0");
    EXPECT_EQ(world.notify(sample_alarm), "1");
    world.sim.loop.run_until_done(world.post_for(10s));
    EXPECT_TRUE(world.slack.posts.empty());
    EXPECT_EQ(world.poster.findings().size(), 1u);
    world.slack.answers = {0, 429, 500};
    ASSERT_TRUE(world.sim.loop.run_until_done(
        world.addresses.set("123456789012", "T1", "Ca", "http://127.0.0.1:1/hook")));
    world.sim.loop.run_until_done(world.post_for(3min));
    ASSERT_EQ(world.slack.posts.size(), 1u);
    EXPECT_EQ(world.slack.posts[0].first, "http://127.0.0.1:1/hook");
    EXPECT_EQ(world.reason("a"), "none");
    EXPECT_TRUE(world.poster.findings().empty());
    // What Slack refuses is given up, and said.
    world.slack.answers = {404};
    EXPECT_EQ(world.notify(sample_alarm), "1");
    world.sim.loop.run_until_done(world.post_for(3min));
    EXPECT_EQ(world.slack.posts.size(), 1u);
    EXPECT_EQ(world.reason("a"), "Slack's webhook answered 404 no_service.");
}

TEST(Chatbot, AMessageTakenSurvivesARestart) {
    ChatWorld world;
    ASSERT_EQ(world.create(world.input("a")), "ok");
    EXPECT_EQ(world.notify(sample_alarm), "1");
    ASSERT_TRUE(world.sim.loop.run_until_done(
        world.addresses.set("123456789012", "T1", "Ca", "http://127.0.0.1:1/hook")));
    Poster after(world.sim.env, world.store, world.addresses, world.slack);
    Stop stop;
    Scope scope;
    world.sim.loop.post([&] { scope.spawn(after.run(stop)); });
    world.sim.loop.run_until_done(
        [](ChatWorld* each) -> Task<void> { co_await each->sim.loop.sleep(5s); }(&world));
    stop.request();
    world.sim.loop.run_until_done([](Scope* each) -> Task<void> { co_await each->join(); }(&scope));
    EXPECT_EQ(world.slack.posts.size(), 1u);
}

}  // namespace
}  // namespace unkai::services::chatbot
