#include "services/application_autoscaling/autoscaling.h"

#include <gtest/gtest.h>

#include <functional>

#include "api/cloudwatch.h"
#include "api/ecs.h"
#include "api/rds.h"
#include "rt/sim/sim_loop.h"
#include "services/application_autoscaling/scaler.h"

namespace unkai::services::application_autoscaling {
namespace {

// Stands for another service: answers the operations that a test gives it.
class StandIn {
public:
    explicit StandIn(const ServiceInfo& real)
        : info_(real), operations_(real.operations, real.operations + real.operation_count) {
        set_thunks(std::make_index_sequence<most>{});
        info_.operations = operations_.data();
    }
    template <class Op>
    void on(std::function<Result<typename Op::Output>(const typename Op::Input&)> answer) {
        answers_[std::string(Op::name)] = [answer](const void* in, void* out) -> Status {
            TRY(*static_cast<typename Op::Output*>(out),
                answer(*static_cast<const typename Op::Input*>(in)));
            return ok();
        };
    }
    BoundService bound() { return {&info_, this}; }

private:
    static constexpr size_t most = 256;
    template <size_t... I>
    void set_thunks(std::index_sequence<I...>) {
        CHECK(operations_.size() <= most);
        ((I < operations_.size() ? set_thunk<I>() : void()), ...);
    }
    template <size_t I>
    void set_thunk() {
        operations_[I].invoke_async = nullptr;
        operations_[I].invoke = [](void* self, aws::Call&, const void* in, void* out) -> Status {
            auto& stand_in = *static_cast<StandIn*>(self);
            const auto found = stand_in.answers_.find(std::string(stand_in.operations_[I].name));
            if (found == stand_in.answers_.end()) return fail("Unused", "");
            return found->second(in, out);
        };
    }

    ServiceInfo info_;
    std::vector<OperationInfo> operations_;
    std::map<std::string, std::function<Status(const void*, void*)>> answers_;
};

struct ScalingWorld {
    SimWorld sim;
    store::Store store{sim.env, store::memory_engine()};
    aws::Dispatcher dispatcher{sim.env, store};
    aws::Client client{dispatcher};
    Scaled scaled{client, *sim.random};
    Autoscaling autoscaling{client, scaled};
    Scaler scaler{sim.env, store, client, scaled};
    StandIn ecs{api::ecs::info}, rds{api::rds::info}, cloudwatch{api::cloudwatch::info};
    // The world.
    int32_t tasks = 2;
    std::map<std::string, int32_t> readers;  // By id: tier.
    std::map<std::string, api::cloudwatch::MetricAlarm> alarms;
    double metric = 0;

    ScalingWorld() {
        for (const BoundService& service : {api::application_autoscaling::bind(autoscaling),
                                            ecs.bound(), rds.bound(), cloudwatch.bound()})
            dispatcher.add(service);
        play_ecs();
        play_rds();
        play_cloudwatch();
    }
    void play_ecs() {
        namespace op = api::ecs::op;
        ecs.on<op::DescribeServices>([this](const auto& in) {
            api::ecs::DescribeServicesOutput out;
            if (in.services[0] != "web") return Result(out);
            auto& service = out.services.emplace_back();
            service.status = "ACTIVE";
            service.desired_count = tasks;
            return Result(out);
        });
        ecs.on<op::UpdateService>([this](const auto& in) {
            tasks = *in.desired_count;
            return Result(api::ecs::UpdateServiceOutput{});
        });
    }
    void play_rds() {
        namespace op = api::rds::op;
        rds.on<op::DescribeDBClusters>([this](const auto&) {
            api::rds::DescribeDBClustersOutput out;
            auto& cluster = out.db_clusters.emplace_back();
            cluster.db_cluster_identifier = "db";
            cluster.engine = "aurora-mysql";
            cluster.status = "available";
            auto& writer = cluster.db_cluster_members.emplace_back();
            writer.db_instance_identifier = "writer";
            writer.is_cluster_writer = true;
            for (const auto& [id, tier] : readers)
                cluster.db_cluster_members.emplace_back().db_instance_identifier = id;
            return Result(out);
        });
        rds.on<op::DescribeDBInstances>([](const auto&) {
            api::rds::DescribeDBInstancesOutput out;
            out.db_instances.emplace_back().db_instance_class = "db.r6g.large";
            return Result(out);
        });
        rds.on<op::CreateDBInstance>([this](const auto& in) {
            EXPECT_EQ(in.db_instance_class, "db.r6g.large");
            readers[in.db_instance_identifier] = *in.promotion_tier;
            return Result(api::rds::CreateDBInstanceOutput{});
        });
        rds.on<op::DeleteDBInstance>([this](const auto& in) {
            readers.erase(in.db_instance_identifier);
            return Result(api::rds::DeleteDBInstanceOutput{});
        });
    }
    void play_cloudwatch() {
        namespace op = api::cloudwatch::op;
        cloudwatch.on<op::PutMetricAlarm>([this](const auto& in) {
            auto& alarm = alarms[in.alarm_name];
            alarm.alarm_name = in.alarm_name;
            alarm.alarm_actions = in.alarm_actions;
            alarm.comparison_operator = in.comparison_operator;
            alarm.threshold = in.threshold;
            alarm.metric_name = in.metric_name;
            alarm.namespace_ = in.namespace_;
            alarm.statistic = in.statistic;
            alarm.period = in.period;
            alarm.state_value = "OK";
            return Result(api::cloudwatch::PutMetricAlarmOutput{});
        });
        cloudwatch.on<op::DeleteAlarms>([this](const auto& in) {
            for (const auto& name : in.alarm_names) alarms.erase(name);
            return Result(api::cloudwatch::DeleteAlarmsOutput{});
        });
        cloudwatch.on<op::DescribeAlarms>([this](const auto& in) {
            api::cloudwatch::DescribeAlarmsOutput out;
            for (const auto& [name, alarm] : alarms) {
                const bool named = std::find(in.alarm_names.begin(), in.alarm_names.end(), name) !=
                                   in.alarm_names.end();
                const bool acts = in.action_prefix && !alarm.alarm_actions.empty() &&
                                  alarm.alarm_actions[0].starts_with(*in.action_prefix);
                if (named || acts) out.metric_alarms.push_back(alarm);
            }
            return Result(out);
        });
        cloudwatch.on<op::GetMetricData>([this](const auto&) {
            api::cloudwatch::GetMetricDataOutput out;
            out.metric_data_results.emplace_back().values = {metric};
            return Result(out);
        });
    }

    template <class Op>
    Result<typename Op::Output> call(typename Op::Input input) {
        const aws::Caller caller{{.kind = aws::Principal::Kind::root}, "123456789012", "us-east-1"};
        return sim.loop.run_until_done(client.call<Op>(caller, std::move(input)));
    }
    template <class Input>
    Input on_service(Input input) {
        input.service_namespace = "ecs";
        input.resource_id = "service/main/web";
        input.scalable_dimension = "ecs:service:DesiredCount";
        return input;
    }
    template <class Input>
    Input on_cluster(Input input) {
        input.service_namespace = "rds";
        input.resource_id = "cluster:db";
        input.scalable_dimension = "rds:cluster:ReadReplicaCount";
        return input;
    }
    std::string track_cpu(bool disable_scale_in = false) {
        PutScalingPolicyInput input;
        input.policy_name = "cpu";
        input.policy_type = "TargetTrackingScaling";
        auto& tracking = input.target_tracking_scaling_policy_configuration.emplace();
        tracking.target_value = 50;
        tracking.predefined_metric_specification.emplace().predefined_metric_type =
            "ECSServiceAverageCPUUtilization";
        tracking.scale_out_cooldown = tracking.scale_in_cooldown = 60;
        tracking.disable_scale_in = disable_scale_in;
        const auto made = call<op::PutScalingPolicy>(on_service(input));
        return made ? made->policy_arn : made.error().code;
    }
    void set_alarm(std::string_view part, std::string_view state) {
        for (auto& [name, alarm] : alarms)
            if (name.find(part) != name.npos) alarm.state_value = std::string(state);
    }
    void look() { EXPECT_TRUE(sim.loop.run_until_done(scaler.look())); }
    void pass(Duration length) { sim.loop.run_until_done(nap(length)); }
    Task<void> nap(Duration length) { co_await sim.loop.sleep(length); }
};

RegisterScalableTargetInput bounds(int32_t least, int32_t most) {
    RegisterScalableTargetInput out;
    out.min_capacity = least;
    out.max_capacity = most;
    return out;
}

TEST(Autoscaling, TracksATargetWithCooldowns) {
    ScalingWorld world;
    ASSERT_TRUE(world.call<op::RegisterScalableTarget>(world.on_service(bounds(1, 10))));
    ASSERT_TRUE(world.track_cpu().starts_with("arn:aws:autoscaling:us-east-1:123456789012:"));
    EXPECT_EQ(world.alarms.size(), 2u);
    world.look();
    EXPECT_EQ(world.tasks, 2);
    world.metric = 100;
    world.set_alarm("AlarmHigh", "ALARM");
    world.look();
    EXPECT_EQ(world.tasks, 4);
    world.look();  // Within the cooldown the same need adds nothing.
    EXPECT_EQ(world.tasks, 4);
    world.metric = 150;
    world.look();  // A larger need does.
    EXPECT_EQ(world.tasks, 6);
    world.set_alarm("AlarmHigh", "OK");
    world.set_alarm("AlarmLow", "ALARM");
    world.metric = 10;
    world.look();
    EXPECT_EQ(world.tasks, 6);  // Scaling in waits.
    world.pass(61s);
    world.look();
    EXPECT_EQ(world.tasks, 2);
    world.pass(30s);
    world.look();
    EXPECT_EQ(world.tasks, 2);
    world.pass(31s);
    world.look();
    EXPECT_EQ(world.tasks, 1);
    DescribeScalingActivitiesInput input;
    input.service_namespace = "ecs";
    const auto activities = world.call<op::DescribeScalingActivities>(input)->scaling_activities;
    ASSERT_EQ(activities.size(), 4u);
    EXPECT_EQ(activities[0].description, "Setting desired count to 1.");
    EXPECT_EQ(activities[0].status_code, "Successful");
    // Suspended: nothing happens.
    auto suspended = bounds(1, 10);
    suspended.suspended_state = SuspendedState{true, true, true};
    ASSERT_TRUE(world.call<op::RegisterScalableTarget>(world.on_service(suspended)));
    world.set_alarm("AlarmHigh", "ALARM");
    world.metric = 500;
    world.look();
    EXPECT_EQ(world.tasks, 1);
    ASSERT_TRUE(world.call<op::DeregisterScalableTarget>(
        world.on_service(DeregisterScalableTargetInput{})));
    EXPECT_TRUE(world.alarms.empty());
}

TEST(Autoscaling, StepsAndScaleInOnlyWithAllTrackersAgreeing) {
    ScalingWorld world;
    ASSERT_TRUE(world.call<op::RegisterScalableTarget>(world.on_service(bounds(1, 10))));
    PutScalingPolicyInput input;
    input.policy_name = "steps";
    auto& steps = input.step_scaling_policy_configuration.emplace();
    steps.adjustment_type = "ChangeInCapacity";
    steps.cooldown = 0;
    auto& up = steps.step_adjustments.emplace_back();
    up.metric_interval_lower_bound = 0;
    up.scaling_adjustment = 3;
    auto& down = steps.step_adjustments.emplace_back();
    down.metric_interval_upper_bound = 0;
    down.scaling_adjustment = -1;
    const auto made = world.call<op::PutScalingPolicy>(world.on_service(input));
    ASSERT_TRUE(made);
    auto& alarm = world.alarms["mine"];
    alarm.alarm_name = "mine";
    alarm.alarm_actions = {made->policy_arn};
    alarm.threshold = 10;
    alarm.state_value = "ALARM";
    world.metric = 25;
    world.look();
    EXPECT_EQ(world.tasks, 5);
    world.metric = 5;
    world.look();
    EXPECT_EQ(world.tasks, 4);
    ASSERT_NE(world.track_cpu(), "");  // It holds: neither high nor low.
    world.look();
    EXPECT_EQ(world.tasks, 4);
    ASSERT_NE(world.track_cpu(true), "");  // It has no say any more.
    world.look();
    EXPECT_EQ(world.tasks, 3);
}

TEST(Autoscaling, HasQuotas) {
    ScalingWorld world;
    world.ecs.on<api::ecs::op::DescribeServices>([](const auto&) {
        api::ecs::DescribeServicesOutput out;
        out.services.emplace_back().status = "ACTIVE";
        out.services.back().desired_count = 1;
        return Result(out);
    });
    const auto add = [&](const char* space, const std::string& resource, const char* dimension) {
        RegisterScalableTargetInput in = bounds(1, 2);
        in.service_namespace = space;
        in.resource_id = resource;
        in.scalable_dimension = dimension;
        const auto made = world.call<op::RegisterScalableTarget>(in);
        return made ? "ok" : made.error().code;
    };
    const auto service = [&](int i) {
        return add("ecs", i == 0 ? "service/main/web" : "service/main/" + std::to_string(i),
                   "ecs:service:DesiredCount");
    };
    const auto cluster = [&](int i) {
        return add("rds", "cluster:db" + std::to_string(i), "rds:cluster:ReadReplicaCount");
    };
    const auto fill = [&](const char* space, int count, const char* dimension) {
        store::Txn txn = world.store.begin();
        for (int i = 0; i < count; ++i)
            schema::targets.put(
                txn, {"123456789012", "us-east-1", space, "filled" + std::to_string(i), dimension},
                StoredTarget{});
        ASSERT_TRUE(world.sim.loop.run_until_done(world.store.commit(txn)));
    };
    fill("ecs", 2999, "ecs:service:DesiredCount");
    fill("rds", 499, "rds:cluster:ReadReplicaCount");
    EXPECT_EQ(service(0), "ok");
    EXPECT_EQ(service(1), "LimitExceededException");
    EXPECT_EQ(service(0), "ok");  // It is there already.
    EXPECT_EQ(cluster(0), "ok");
    EXPECT_EQ(cluster(1), "LimitExceededException");
    const auto policy = [&](int i, int steps) {
        PutScalingPolicyInput in;
        in.policy_name = "p" + std::to_string(i);
        in.policy_type = "StepScaling";
        auto& how = in.step_scaling_policy_configuration.emplace();
        how.adjustment_type = "ChangeInCapacity";
        for (int step = 0; step < steps; ++step) {
            auto& one = how.step_adjustments.emplace_back();
            one.metric_interval_lower_bound = step;
            if (step + 1 < steps) one.metric_interval_upper_bound = step + 1;
            one.scaling_adjustment = 1;
        }
        const auto made = world.call<op::PutScalingPolicy>(world.on_service(in));
        return made ? "ok" : made.error().code;
    };
    EXPECT_EQ(policy(0, 21), "ValidationException");
    for (int i = 0; i < 50; ++i) ASSERT_EQ(policy(i, 20), "ok");
    EXPECT_EQ(policy(50, 1), "LimitExceededException");
    const auto action = [&](int i) {
        PutScheduledActionInput in;
        in.scheduled_action_name = "a" + std::to_string(i);
        in.schedule = "rate(1 hour)";
        in.scalable_target_action = ScalableTargetAction{1, 2};
        const auto made = world.call<op::PutScheduledAction>(world.on_service(in));
        return made ? "ok" : made.error().code;
    };
    for (int i = 0; i < 200; ++i) ASSERT_EQ(action(i), "ok");
    EXPECT_EQ(action(200), "LimitExceededException");
}

TEST(Autoscaling, AuroraReaders) {
    ScalingWorld world;
    world.readers["mine"] = 1;
    ASSERT_TRUE(world.call<op::RegisterScalableTarget>(world.on_cluster(bounds(3, 15))));
    world.look();
    EXPECT_EQ(world.readers.size(), 3u);
    int own = 0;
    for (const auto& [id, tier] : world.readers)
        if (id.starts_with("application-autoscaling-")) own += tier == 15;
    EXPECT_EQ(own, 2);
    ASSERT_TRUE(world.call<op::RegisterScalableTarget>(world.on_cluster(bounds(0, 0))));
    world.look();
    EXPECT_EQ(world.readers.size(), 1u);  // Readers of others stay.
    EXPECT_TRUE(world.readers.contains("mine"));
    EXPECT_EQ(world.call<op::RegisterScalableTarget>(world.on_cluster(bounds(0, 16))).error().code,
              "ValidationException");
}

TEST(Autoscaling, ScheduledActionsComeOnce) {
    ScalingWorld world;
    ASSERT_TRUE(world.call<op::RegisterScalableTarget>(world.on_service(bounds(1, 4))));
    PutScheduledActionInput input;
    input.scheduled_action_name = "hourly";
    input.schedule = "rate(1 hour)";
    input.scalable_target_action = ScalableTargetAction{5, 8};
    ASSERT_TRUE(world.call<op::PutScheduledAction>(world.on_service(input)));
    world.look();
    EXPECT_EQ(world.tasks, 2);
    world.pass(61min);
    world.look();
    EXPECT_EQ(world.tasks, 5);
    ASSERT_TRUE(world.call<op::RegisterScalableTarget>(world.on_service(bounds(1, 4))));
    world.look();
    EXPECT_EQ(world.tasks, 4);
    world.look();
    EXPECT_EQ(world.tasks, 4);  // Not again before the hour.
}

TEST(Autoscaling, RefusesWhatItCannot) {
    ScalingWorld world;
    auto unknown = world.on_service(bounds(1, 2));
    unknown.resource_id = "service/main/nope";
    EXPECT_EQ(world.call<op::RegisterScalableTarget>(unknown).error().code, "ValidationException");
    unknown.service_namespace = "dynamodb";
    EXPECT_EQ(world.call<op::RegisterScalableTarget>(unknown).error().code, "ValidationException");
    EXPECT_EQ(world.track_cpu(), "ObjectNotFoundException");
    ASSERT_TRUE(world.call<op::RegisterScalableTarget>(world.on_service(bounds(1, 2))));
    PutScalingPolicyInput predictive;
    predictive.policy_name = "p";
    predictive.policy_type = "PredictiveScaling";
    EXPECT_EQ(world.call<op::PutScalingPolicy>(world.on_service(predictive)).error().code,
              "ValidationException");
}

}  // namespace
}  // namespace unkai::services::application_autoscaling
