#include "services/cloudwatch/cloudwatch.h"

#include <gtest/gtest.h>

#include <cmath>

#include "api/sns.h"
#include "aws/client.h"
#include "aws/metrics.h"
#include "rt/sim/sim_loop.h"
#include "services/cloudwatch/evaluator.h"
#include "services/cloudwatch/notifier.h"
#include "services/cloudwatch/roller.h"

namespace unkai::services::cloudwatch {
namespace {

using api::sns::PublishInput;
using api::sns::PublishOutput;

const aws::Caller sample_user{{.kind = aws::Principal::Kind::root}, "123456789012", "us-east-1"};

struct MetricsWorld {
    SimWorld sim;
    store::Store store{sim.env, store::memory_engine()};
    CloudWatch cloudwatch;
    aws::Dispatcher dispatcher{sim.env, store};
    aws::Client client{dispatcher};
    Evaluator evaluator{sim.env, store};
    Notifier notifier{sim.env, store, client};
    Roller roller{sim.env, store};
    MetricsWorld() { dispatcher.add(api::cloudwatch::bind(cloudwatch)); }

    template <class Op>
    Result<typename Op::Output> call(typename Op::Input input, aws::Caller caller = sample_user) {
        return sim.loop.run_until_done(client.call<Op>(std::move(caller), std::move(input)));
    }
    Time now() { return sim.loop.now(); }
    void pass(Duration length) { sim.loop.run_until_done(nap(length)); }
    Task<void> nap(Duration length) { co_await sim.loop.sleep(length); }

    std::string put(MetricDatum datum, const std::string& space = "App",
                    aws::Caller caller = sample_user) {
        const auto done = call<op::PutMetricData>(
            {.namespace_ = space, .metric_data = {std::move(datum)}}, caller);
        return done ? "ok" : done.error().code;
    }
    void put_value(double value, bool fine = false) {
        EXPECT_EQ(put({.metric_name = "m",
                       .timestamp = now(),
                       .value = value,
                       .storage_resolution = fine ? 1 : 60}),
                  "ok");
    }
    std::string values(GetMetricDataInput input) {
        const auto got = call<op::GetMetricData>(std::move(input));
        if (!got) return got.error().code;
        std::string out;
        for (const auto& result : got->metric_data_results) {
            out += *result.id + ":";
            for (size_t i = 0; i < result.values.size(); ++i)
                out += " " + std::to_string(std::llround(result.values[i]));
            out += ";";
        }
        return out;
    }
    std::string state(const std::string& name) {
        const auto found = call<op::DescribeAlarms>(
            {.alarm_names = {name}, .alarm_types = {"MetricAlarm", "CompositeAlarm"}});
        if (!found) return found.error().code;
        if (!found->metric_alarms.empty()) return *found->metric_alarms[0].state_value;
        if (!found->composite_alarms.empty()) return *found->composite_alarms[0].state_value;
        return "none";
    }
    PutMetricAlarmInput alarm_input(const std::string& name, int32_t period = 60) {
        return {.alarm_name = name,
                .metric_name = "m",
                .namespace_ = "App",
                .statistic = "Sum",
                .period = period,
                .evaluation_periods = 1,
                .threshold = 10,
                .comparison_operator = "GreaterThanThreshold"};
    }
    std::string put_alarm(PutMetricAlarmInput input) {
        const auto done = call<op::PutMetricAlarm>(std::move(input));
        return done ? "ok" : done.error().code + ": " + done.error().message;
    }
};

MetricDataQuery sample_query(const std::string& id, int32_t period, const std::string& stat) {
    return {
        .id = id,
        .metric_stat = MetricStat{
            .metric = {.namespace_ = "App", .metric_name = "m"}, .period = period, .stat = stat}};
}

TEST(CloudWatch, PutsDataAsAwsTakesIt) {
    MetricsWorld world;
    const Time now = world.now();
    EXPECT_EQ(world.put({.metric_name = "m", .value = 1}), "ok");
    EXPECT_EQ(world.put({.metric_name = "m", .values = {1, 2}, .counts = {3, 4}}), "ok");
    EXPECT_EQ(world.put({.metric_name = "m", .statistic_values = StatisticSet{2, 3, 1, 2}}), "ok");
    EXPECT_EQ(world.put({.metric_name = "m", .value = 1}, "AWS/App"),
              "InvalidParameterValueException");
    EXPECT_EQ(world.put({.metric_name = "m", .value = 1}, "AWS/App",
                        aws::service_caller("ecs.amazonaws.com", "123456789012", "us-east-1")),
              "ok");
    const std::string invalid_value = "InvalidParameterValueException";
    EXPECT_EQ(world.put({.metric_name = "m", .value = NAN}), invalid_value);
    EXPECT_EQ(world.put({.metric_name = "m", .value = INFINITY}), invalid_value);
    EXPECT_EQ(world.put({.metric_name = "m", .timestamp = now + 3h, .value = 1}), invalid_value);
    EXPECT_EQ(world.put({.metric_name = "m", .timestamp = now - 15 * 24h, .value = 1}),
              invalid_value);
    EXPECT_EQ(world.put({.metric_name = "m", .timestamp = now - 13 * 24h, .value = 1}), "ok");
    EXPECT_EQ(world.put({.metric_name = "m", .values = {1, 2}, .counts = {1}}), invalid_value);
    EXPECT_EQ(world.put({.metric_name = "m", .value = 1, .storage_resolution = 5}), invalid_value);
    EXPECT_EQ(world.put({.metric_name = "m", .value = 1, .values = {1}}),
              "InvalidParameterCombinationException");
    EXPECT_EQ(world.put({.metric_name = "m"}), "MissingRequiredParameterException");
    MetricDatum wide{.metric_name = "m", .value = 1};
    for (int i = 0; i < 31; ++i) wide.dimensions.push_back({"d" + std::to_string(i), "v"});
    EXPECT_EQ(world.put(wide).substr(0, 7), "Invalid");
    List<MetricDatum> many(1001, MetricDatum{.metric_name = "m", .value = 1});
    EXPECT_FALSE(world.call<op::PutMetricData>({.namespace_ = "App", .metric_data = many}));
    many.pop_back();
    EXPECT_TRUE(world.call<op::PutMetricData>({.namespace_ = "Bulk", .metric_data = many}));
}

TEST(CloudWatch, GetsDataByPeriodAndPage) {
    MetricsWorld world;
    const Time start = world.now();
    for (int i = 0; i < 12; ++i) {
        world.put_value(i, true);
        world.pass(10s);
    }
    GetMetricDataInput input{
        .metric_data_queries = {sample_query("a", 60, "Sum"), sample_query("b", 30, "Maximum")},
        .start_time = start,
        .end_time = world.now(),
        .scan_by = "TimestampAscending"};
    EXPECT_EQ(world.values(input), "a: 15 51;b: 2 5 8 11;");
    input.scan_by = "TimestampDescending";
    EXPECT_EQ(world.values(input), "a: 51 15;b: 11 8 5 2;");
    input.max_datapoints = 3;
    const auto first = world.call<op::GetMetricData>(input);
    ASSERT_TRUE(first && first->next_token);
    EXPECT_EQ(first->metric_data_results[1].status_code, "PartialData");
    input.next_token = first->next_token;
    EXPECT_EQ(world.values(input), "b: 8 5 2;");
    input = {.metric_data_queries = {sample_query("a", 60, "Sum"),
                                     {.id = "e", .expression = "a * 2 + PERIOD(a)"}},
             .start_time = start,
             .end_time = world.now(),
             .scan_by = "TimestampAscending"};
    EXPECT_EQ(world.values(input), "a: 15 51;e: 90 162;");
    input.metric_data_queries[1].expression = "SUM(a)";
    EXPECT_EQ(world.values(input), "ValidationError");
    input.metric_data_queries[1].expression = "e + 1";
    EXPECT_EQ(world.values(input), "ValidationError");
    input.metric_data_queries[1].expression = "SEARCH('{App} MetricName=\"m\"', 'Sum', 120)";
    EXPECT_EQ(world.values(input), "a: 15 51;e: 66;");
    input.metric_data_queries = {sample_query("A", 60, "Sum")};
    EXPECT_EQ(world.values(input), "ValidationError");
    input.metric_data_queries = {sample_query("a", 45, "Sum")};
    EXPECT_EQ(world.values(input), "ValidationError");
}

TEST(CloudWatch, StatisticsAndLists) {
    MetricsWorld world;
    const Time start = world.now();
    for (const char* name : {"x", "y"})
        EXPECT_EQ(world.put({.metric_name = name,
                             .dimensions = {{"Service", "web"}, {"Zone", name}},
                             .values = {1, 2, 3, 4},
                             .unit = "Seconds"}),
                  "ok");
    GetMetricStatisticsInput input{.namespace_ = "App",
                                   .metric_name = "x",
                                   .dimensions = {{"Zone", "x"}, {"Service", "web"}},
                                   .start_time = start,
                                   .end_time = start + 1h,
                                   .period = 300,
                                   .statistics = {"Average", "SampleCount"},
                                   .extended_statistics = {"p50"}};
    const auto got = world.call<op::GetMetricStatistics>(input);
    ASSERT_EQ(got->datapoints.size(), 1u);
    EXPECT_EQ(got->datapoints[0].average, 2.5);
    EXPECT_EQ(got->datapoints[0].sample_count, 4);
    EXPECT_EQ(got->datapoints[0].unit, "Seconds");
    EXPECT_EQ(got->datapoints[0].extended_statistics.at("p50"), 2);
    input.end_time = start + 24h * 30;
    EXPECT_EQ(world.call<op::GetMetricStatistics>(input).error().code,
              "InvalidParameterCombinationException");
    input.end_time = start;
    EXPECT_EQ(world.call<op::GetMetricStatistics>(input).error().code,
              "InvalidParameterValueException");
    const auto count = [&](ListMetricsInput list) {
        return world.call<op::ListMetrics>(std::move(list))->metrics.size();
    };
    EXPECT_EQ(count({}), 2u);
    EXPECT_EQ(count({.namespace_ = "App", .metric_name = "x"}), 1u);
    EXPECT_EQ(count({.dimensions = {{.name = "Zone", .value = "y"}}}), 1u);
    EXPECT_EQ(count({.dimensions = {{.name = "Service"}}}), 2u);
    EXPECT_EQ(count({.namespace_ = "Other"}), 0u);
    world.pass(15 * 24h);
    EXPECT_EQ(count({}), 0u);
}

TEST(CloudWatch, RollsUpByAge) {
    MetricsWorld world;
    const Time start = world.now();
    for (int i = 0; i < 12; ++i) {
        world.put_value(1, true);
        world.pass(10s);
    }
    const auto sum = [&](int32_t period) {
        return world.values({.metric_data_queries = {sample_query("a", period, "Sum")},
                             .start_time = start,
                             .end_time = start + 1h,
                             .scan_by = "TimestampAscending"});
    };
    const auto blocks = [&] {
        store::Txn txn = world.store.begin();
        std::string out;
        for (const auto& [key, block] : schema::blocks.list(txn))
            out +=
                std::to_string(std::get<1>(key)) + "x" + std::to_string(block.points.size()) + " ";
        return out;
    };
    const auto age_and_roll = [&](Duration age) {
        world.pass(age);
        EXPECT_TRUE(world.sim.loop.run_until_done(world.roller.roll()));
    };
    EXPECT_EQ(sum(60), "a: 6 6;");
    EXPECT_EQ(sum(10).size(), std::string("a: 1 1 1 1 1 1 1 1 1 1 1 1;").size());
    age_and_roll(4h);
    EXPECT_EQ(blocks(), "60x2 ");
    EXPECT_EQ(sum(60), "a: 6 6;");
    age_and_roll(16 * 24h);
    EXPECT_EQ(blocks(), "300x1 ");
    EXPECT_EQ(sum(60), "a:;");
    EXPECT_EQ(sum(300), "a: 12;");
    age_and_roll(64 * 24h);
    EXPECT_EQ(blocks(), "3600x1 ");
    EXPECT_EQ(sum(3600), "a: 12;");
    age_and_roll(490 * 24h);
    EXPECT_EQ(blocks(), "");
}

TEST(CloudWatch, ManyValuesOfAPublisherKeepTheirPercentiles) {
    MetricsWorld world;
    aws::Metrics metrics("AWS/Test");
    for (int i = 0; i < 3000; ++i) metrics.add("Latency", {{"Side", "a"}}, "Seconds", i / 1000.0);
    ASSERT_TRUE(world.sim.loop.run_until_done(metrics.publish(
        world.client, aws::service_caller("lambda.amazonaws.com", "123456789012", "us-east-1"),
        world.now())));
    const auto got = world.call<op::GetMetricStatistics>({.namespace_ = "AWS/Test",
                                                          .metric_name = "Latency",
                                                          .dimensions = {{"Side", "a"}},
                                                          .start_time = world.now() - 1min,
                                                          .end_time = world.now() + 1min,
                                                          .period = 60,
                                                          .statistics = {"SampleCount"},
                                                          .extended_statistics = {"p99"}});
    ASSERT_EQ(got->datapoints.size(), 1u);
    EXPECT_EQ(got->datapoints[0].sample_count, 3000);
    EXPECT_NEAR(got->datapoints[0].extended_statistics.at("p99"), 2.97, 0.2);
}

// Runs the evaluator for a while.
Task<void> evaluate_for(MetricsWorld& world, Duration length) {
    Stop stop;
    Scope scope;
    scope.spawn(world.evaluator.run(stop));
    co_await world.sim.loop.sleep(length);
    stop.request();
    co_await scope.join();
}

TEST(CloudWatchAlarms, GoToAlarmAndBackByTheClock) {
    MetricsWorld world;
    ASSERT_EQ(world.put_alarm(world.alarm_input("slow")), "ok");
    ASSERT_EQ(world.put_alarm(world.alarm_input("quick", 10)), "ok");
    EXPECT_EQ(world.state("slow"), "INSUFFICIENT_DATA");
    world.put_value(50, true);
    world.sim.loop.run_until_done(evaluate_for(world, 13s));
    EXPECT_EQ(world.state("quick"), "ALARM");
    world.sim.loop.run_until_done(evaluate_for(world, 50s));
    EXPECT_EQ(world.state("slow"), "ALARM");
    world.put_value(1, true);
    world.sim.loop.run_until_done(evaluate_for(world, 13s));
    EXPECT_EQ(world.state("quick"), "OK");
    world.sim.loop.run_until_done(evaluate_for(world, 55s));
    EXPECT_EQ(world.state("slow"), "OK");
    world.sim.loop.run_until_done(evaluate_for(world, 5min));
    EXPECT_EQ(world.state("quick"), "INSUFFICIENT_DATA");
    EXPECT_EQ(world.state("slow"), "INSUFFICIENT_DATA");
    const auto history = world.call<op::DescribeAlarmHistory>(
        {.alarm_name = "slow", .history_item_type = "StateUpdate"});
    ASSERT_EQ(history->alarm_history_items.size(), 3u);
    EXPECT_EQ(history->alarm_history_items[0].history_summary,
              "Alarm updated from OK to INSUFFICIENT_DATA");
}

TEST(CloudWatchAlarms, OnMathAndPercentiles) {
    MetricsWorld world;
    MetricDataQuery ratio{.id = "e", .expression = "FILL(errors, 0) / all * 100"};
    MetricDataQuery all = sample_query("all", 60, "SampleCount");
    MetricDataQuery bad = sample_query("errors", 60, "Sum");
    all.return_data = bad.return_data = false;
    PutMetricAlarmInput input{.alarm_name = "ratio",
                              .evaluation_periods = 1,
                              .threshold = 10,
                              .comparison_operator = "GreaterThanThreshold",
                              .metrics = {ratio, all, bad}};
    ASSERT_EQ(world.put_alarm(input), "ok");
    PutMetricAlarmInput percentile = world.alarm_input("p");
    percentile.statistic.reset();
    percentile.extended_statistic = "p90";
    percentile.evaluate_low_sample_count_percentile = "ignore";
    ASSERT_EQ(world.put_alarm(percentile), "ok");
    for (int i = 0; i < 10; ++i) world.put_value(i < 3 ? 1 : 0, true);
    world.sim.loop.run_until_done(evaluate_for(world, 65s));
    EXPECT_EQ(world.state("ratio"), "ALARM");
    EXPECT_EQ(world.state("p"), "INSUFFICIENT_DATA");  // Below 100 samples.
    for (auto change : {+[](PutMetricAlarmInput& in) { in.metrics[1].return_data = true; },
                        +[](PutMetricAlarmInput& in) { in.metrics[0].expression = "nope * 2"; },
                        +[](PutMetricAlarmInput& in) { in.metrics[1].metric_stat->period = 300; },
                        +[](PutMetricAlarmInput& in) { in.metric_name = "m"; },
                        +[](PutMetricAlarmInput& in) { in.datapoints_to_alarm = 2; },
                        +[](PutMetricAlarmInput& in) { in.treat_missing_data = "maybe"; },
                        +[](PutMetricAlarmInput& in) { in.evaluation_periods = 1441; },
                        +[](PutMetricAlarmInput& in) { in.alarm_actions = {"nonsense"}; }}) {
        PutMetricAlarmInput broken = input;
        change(broken);
        EXPECT_NE(world.put_alarm(broken), "ok");
    }
}

TEST(CloudWatchAlarms, CompositesFollowTheirChildrenAndSuppressors) {
    MetricsWorld world;
    for (const char* name : {"a", "b", "maintenance"})
        ASSERT_EQ(world.put_alarm(world.alarm_input(name)), "ok");
    const auto put = [&](PutCompositeAlarmInput input) {
        const auto done = world.call<op::PutCompositeAlarm>(std::move(input));
        return done ? "ok" : done.error().code;
    };
    EXPECT_EQ(put({.alarm_name = "both", .alarm_rule = "ALARM(a) AND ALARM(nope)"}),
              "ValidationError");
    PutCompositeAlarmInput both{.alarm_actions = {"arn:aws:sns:us-east-1:123456789012:t"},
                                .alarm_name = "both",
                                .alarm_rule = "ALARM(a) AND ALARM(b)",
                                .actions_suppressor = "maintenance",
                                .actions_suppressor_wait_period = 20,
                                .actions_suppressor_extension_period = 30};
    ASSERT_EQ(put(both), "ok");
    EXPECT_EQ(put({.alarm_name = "loop", .alarm_rule = "ALARM(loop)"}), "ValidationError");
    ASSERT_EQ(put({.alarm_name = "over", .alarm_rule = "ALARM(both)"}), "ok");
    EXPECT_EQ(put({.alarm_name = "both", .alarm_rule = "ALARM(over)"}), "ValidationError");
    const auto set = [&](const std::string& name, const std::string& state) {
        ASSERT_TRUE(world.call<op::SetAlarmState>(
            {.alarm_name = name, .state_value = state, .state_reason = "test"}));
        ASSERT_TRUE(world.sim.loop.run_until_done(world.evaluator.settle()));
    };
    const auto owed = [&] {
        store::Txn txn = world.store.begin();
        return schema::owed.list(txn).size();
    };
    const auto settle = [&] { return world.sim.loop.run_until_done(world.evaluator.settle()); };
    set("a", "ALARM");
    EXPECT_EQ(world.state("both"), "OK");
    set("maintenance", "ALARM");
    set("b", "ALARM");
    EXPECT_EQ(world.state("both"), "ALARM");
    EXPECT_EQ(world.state("over"), "ALARM");
    EXPECT_EQ(owed(), 0u);
    set("maintenance", "OK");
    EXPECT_EQ(owed(), 0u);
    world.pass(29s);
    ASSERT_TRUE(settle());
    EXPECT_EQ(owed(), 0u);
    world.pass(2s);
    ASSERT_TRUE(settle());
    EXPECT_EQ(owed(), 1u);
    const auto found = world.call<op::DescribeAlarms>({.children_of_alarm_name = "both"});
    EXPECT_EQ(found->metric_alarms.size(), 2u);
    EXPECT_EQ(world.call<op::DescribeAlarms>({.parents_of_alarm_name = "both"})
                  ->composite_alarms[0]
                  .alarm_name,
              "over");
    EXPECT_EQ(world.call<op::DeleteAlarms>({.alarm_names = {"a"}}).error().code, "ValidationError");
    EXPECT_TRUE(world.call<op::DeleteAlarms>({.alarm_names = {"over"}}));
}

// What the notifier calls instead of SNS.
struct TopicService final : api::sns::Service {
    std::vector<PublishInput> published;
    int failures = 0;
#define UNUSED(Name)                                                                         \
    Result<api::sns::Name##Output> Name(aws::Call&, const api::sns::Name##Input&) override { \
        return fail("Unused", "");                                                           \
    }
    UNUSED(CreateTopic)
    UNUSED(DeleteTopic)
    UNUSED(ListTopics)
    UNUSED(GetTopicAttributes)
    UNUSED(SetTopicAttributes)
    UNUSED(AddPermission)
    UNUSED(RemovePermission)
    UNUSED(Subscribe)
    UNUSED(ConfirmSubscription)
    UNUSED(Unsubscribe)
    UNUSED(GetDataProtectionPolicy)
    UNUSED(ListSubscriptions)
    UNUSED(ListSubscriptionsByTopic)
    UNUSED(GetSubscriptionAttributes)
    UNUSED(SetSubscriptionAttributes)
    UNUSED(PublishBatch)
    UNUSED(TagResource)
    UNUSED(UntagResource)
    UNUSED(ListTagsForResource)
#undef UNUSED
    Result<PublishOutput> Publish(aws::Call& call, const PublishInput& in) override {
        if (failures-- > 0) return fail("InternalError", "Try again.", 500);
        if (*in.topic_arn == "arn:aws:sns:us-east-1:123456789012:gone")
            return fail("NotFound", "Topic does not exist", 404);
        EXPECT_EQ(call.principal.service, "cloudwatch.amazonaws.com");
        EXPECT_EQ(call.principal.arn,
                  "arn:aws:cloudwatch:us-east-1:123456789012:alarm:errors \"5XX\"");
        published.push_back(in);
        return PublishOutput{};
    }
};

TEST(CloudWatchAlarms, ActionsAreDoneOrSaidToHaveFailed) {
    MetricsWorld world;
    TopicService topics;
    world.dispatcher.add(api::sns::bind(topics));
    PutMetricAlarmInput input = world.alarm_input("errors \"5XX\"");
    input.alarm_actions = {"arn:aws:sns:us-east-1:123456789012:good",
                           "arn:aws:sns:us-east-1:123456789012:gone"};
    ASSERT_EQ(world.put_alarm(input), "ok");
    topics.failures = 1;
    ASSERT_TRUE(world.call<op::SetAlarmState>(
        {.alarm_name = input.alarm_name, .state_value = "ALARM", .state_reason = "because"}));
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(world.sim.loop.run_until_done(world.notifier.deliver_due()));
        world.pass(5s);
    }
    ASSERT_EQ(topics.published.size(), 1u);
    EXPECT_EQ(topics.published[0].subject, "ALARM: \"errors \"5XX\"\" in US East (N. Virginia)");
    const auto message = wire::Json::parse(topics.published[0].message);
    ASSERT_TRUE(message);
    EXPECT_EQ((*message)["NewStateValue"].string_or(""), "ALARM");
    EXPECT_EQ((*message)["OldStateValue"].string_or(""), "INSUFFICIENT_DATA");
    EXPECT_EQ((*message)["Trigger"]["Statistic"].string_or(""), "SUM");
    EXPECT_EQ((*message)["Region"].string_or(""), "US East (N. Virginia)");
    const auto history = world.call<op::DescribeAlarmHistory>(
        {.alarm_name = input.alarm_name, .history_item_type = "Action"});
    ASSERT_EQ(history->alarm_history_items.size(), 2u);
    std::string summaries;
    for (const auto& item : history->alarm_history_items) summaries += *item.history_summary + "\n";
    EXPECT_NE(
        summaries.find("Successfully executed action arn:aws:sns:us-east-1:123456789012:good"),
        std::string::npos);
    EXPECT_NE(summaries.find("Failed to execute action"), std::string::npos);
    ASSERT_TRUE(world.call<op::DisableAlarmActions>({.alarm_names = {input.alarm_name}}));
    ASSERT_TRUE(world.call<op::SetAlarmState>(
        {.alarm_name = input.alarm_name, .state_value = "OK", .state_reason = "calm"}));
    ASSERT_TRUE(world.call<op::SetAlarmState>(
        {.alarm_name = input.alarm_name, .state_value = "ALARM", .state_reason = "again"}));
    ASSERT_TRUE(world.sim.loop.run_until_done(world.notifier.deliver_due()));
    EXPECT_EQ(topics.published.size(), 1u);
}

// cloudwatch_limits: 5,000 metric alarms in a region.
TEST(CloudWatchAlarms, HaveAQuota) {
    MetricsWorld world;
    ASSERT_EQ(world.put_alarm(world.alarm_input("a0")), "ok");
    store::Txn txn = world.store.begin();
    StoredAlarm alarm = *schema::alarms.get(txn, {"123456789012", "us-east-1", "a0"});
    for (int i = 1; i < 4999; ++i) {
        alarm.name = "a" + std::to_string(i);
        schema::alarms.put(txn, {"123456789012", "us-east-1", alarm.name}, alarm);
    }
    ASSERT_TRUE(world.sim.loop.run_until_done(world.store.commit(txn)));
    EXPECT_EQ(world.put_alarm(world.alarm_input("the last")), "ok");
    EXPECT_EQ(world.put_alarm(world.alarm_input("one more")),
              "LimitExceededFault: An account has at most 5000 alarms in a region.");
    EXPECT_EQ(world.put_alarm(world.alarm_input("a0")), "ok");  // It is there already.
}

TEST(CloudWatch, DashboardsAndTags) {
    MetricsWorld world;
    const std::string body = R"({"widgets":[{"type":"text","properties":{"markdown":"x"}}]})";
    EXPECT_TRUE(world.call<op::PutDashboard>({.dashboard_name = "d", .dashboard_body = body}));
    EXPECT_EQ(
        world.call<op::PutDashboard>({.dashboard_name = "d", .dashboard_body = "{"}).error().code,
        "DashboardInvalidInputError");
    EXPECT_EQ(world.call<op::PutDashboard>({.dashboard_name = "a b", .dashboard_body = body})
                  .error()
                  .code,
              "DashboardInvalidInputError");
    EXPECT_EQ(world.call<op::GetDashboard>({.dashboard_name = "d"})->dashboard_body, body);
    EXPECT_EQ(world.call<op::ListDashboards>({})->dashboard_entries.size(), 1u);
    ASSERT_EQ(world.put_alarm(world.alarm_input("a")), "ok");
    for (const char* arn : {"arn:aws:cloudwatch:us-east-1:123456789012:alarm:a",
                            "arn:aws:cloudwatch::123456789012:dashboard/d"}) {
        ASSERT_TRUE(world.call<op::TagResource>({.resource_arn = arn, .tags = {{"k", "v"}}}));
        EXPECT_EQ(world.call<op::ListTagsForResource>({.resource_arn = arn})->tags.size(), 1u);
        ASSERT_TRUE(world.call<op::UntagResource>({.resource_arn = arn, .tag_keys = {"k"}}));
        EXPECT_TRUE(world.call<op::ListTagsForResource>({.resource_arn = arn})->tags.empty());
    }
    EXPECT_FALSE(world.call<op::ListTagsForResource>(
        {.resource_arn = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:nope"}));
    EXPECT_FALSE(world.call<op::DeleteDashboards>({.dashboard_names = {"d", "nope"}}));
    EXPECT_TRUE(world.call<op::DeleteDashboards>({.dashboard_names = {"d"}}));
}

}  // namespace
}  // namespace unkai::services::cloudwatch
