// The control plane of ECS in simulated time: real operations, store and engine; containers, load
// balancers and networks are simulated.
#include <gtest/gtest.h>

#include "planes/containers/sim_plane.h"
#include "rt/sim/sim_loop.h"
#include "services/ecs/client_surroundings.h"
#include "services/ecs/ecs.h"
#include "services/ecs/engine.h"
#include "services/ecs/log_driver.h"
#include "services/ecs/metadata.h"
#include "services/ecs/names.h"
#include "services/ecs/sim_surroundings.h"
#include "services/ecs/task_definition.h"

namespace unkai::services::ecs {
namespace {

using namespace std::chrono_literals;
using planes::containers::SimImage;
using planes::containers::SimPlane;

struct World {
    explicit World(uint64_t seed = 1) : sim(seed) {
        engine = std::make_unique<Engine>(sim.env, store, plane, surroundings, EngineOptions{});
        EXPECT_TRUE(sim.loop.run_until_done(engine->start()));
        EXPECT_TRUE(call(&Ecs::CreateCluster, model::CreateClusterInput{}));
    }
    ~World() {
        sim.loop.run_until_done(engine->close());
        sim.loop.run_until_done(plane.close());
    }
    // kill -9 and a new start: what ran is gone, the store stays.
    void restart() {
        sim.loop.run_until_done(engine->close());
        plane.forget();
        engine = std::make_unique<Engine>(sim.env, store, plane, surroundings, EngineOptions{});
        EXPECT_TRUE(sim.loop.run_until_done(engine->start()));
    }
    template <class In, class Out>
    Result<Out> call(Result<Out> (Ecs::*operation)(aws::Call&, const In&), const In& in) {
        aws::Call call(sim.env, store);
        enter(call);
        Result<Out> out = (ecs.*operation)(call, in);
        if (out) EXPECT_TRUE(sim.loop.run_until_done(call.commit()));
        return out;
    }
    template <class In, class Out>
    Result<Out> call(unkai::Task<Result<Out>> (Ecs::*operation)(aws::Call&, const In&),
                     const In& in) {
        aws::Call call(sim.env, store);
        enter(call);
        Result<Out> out = sim.loop.run_until_done((ecs.*operation)(call, in));
        if (out) EXPECT_TRUE(sim.loop.run_until_done(call.commit()));
        return out;
    }
    static void enter(aws::Call& call) {
        call.account = "123456789012";
        call.region = "us-east-1";
    }
    static unkai::Task<void> sleep(Loop& loop, Duration time) { co_await loop.sleep(time); }
    void pass(Duration time) { sim.loop.run_until_done(sleep(sim.loop, time)); }

    std::string define(
        const std::string& family, const std::string& image,
        const std::function<void(model::RegisterTaskDefinitionInput&)>& change = {}) {
        model::RegisterTaskDefinitionInput in;
        in.family = family;
        in.requires_compatibilities = {"FARGATE"};
        in.network_mode = "awsvpc";
        in.cpu = "256";
        in.memory = "512";
        in.execution_role_arn = "arn:aws:iam::123456789012:role/execution";
        in.container_definitions.emplace_back();
        in.container_definitions[0].name = "app";
        in.container_definitions[0].image = image;
        model::PortMapping port;
        port.container_port = 80;
        in.container_definitions[0].port_mappings = {port};
        if (change) change(in);
        const auto out = call(&Ecs::RegisterTaskDefinition, in);
        EXPECT_TRUE(out) << out.error().message;
        return out ? *out->task_definition->task_definition_arn : "";
    }
    static model::NetworkConfiguration network() {
        model::NetworkConfiguration out;
        out.awsvpc_configuration.emplace();
        out.awsvpc_configuration->subnets = {"subnet-a", "subnet-b"};
        return out;
    }
    model::CreateServiceInput service(int desired, const std::string& definition, bool balanced) {
        model::CreateServiceInput in;
        in.service_name = "web";
        in.task_definition = definition;
        in.desired_count = desired;
        in.launch_type = "FARGATE";
        in.network_configuration = network();
        if (balanced) {
            in.load_balancers.emplace_back();
            in.load_balancers[0].target_group_arn = "arn:target-group";
            in.load_balancers[0].container_name = "app";
            in.load_balancers[0].container_port = 80;
            in.health_check_grace_period_seconds = 30;
        }
        return in;
    }
    model::ServiceShape describe() {
        model::DescribeServicesInput in;
        in.services = {"web"};
        return call(&Ecs::DescribeServices, in)->services.at(0);
    }
    std::vector<model::Task> tasks(std::string_view status) {
        std::vector<model::Task> out;
        store::Txn txn = store.begin();
        for (const auto& [key, task] : schema::tasks.list(txn))
            if (task.shape.last_status == status) out.push_back(task.shape);
        return out;
    }
    bool event(std::string_view part) {
        for (const auto& one : describe().events)
            if (one.message->find(part) != std::string::npos) return true;
        return false;
    }

    SimWorld sim;
    store::Store store{sim.env, store::memory_engine()};
    SimPlane plane{sim.env};
    SimSurroundings surroundings{sim.env};
    Ecs ecs{surroundings};
    std::unique_ptr<Engine> engine;
};

TEST(EcsSim, AServiceReachesASteadyState) {
    World world;
    const auto made =
        world.call(&Ecs::CreateService, world.service(2, world.define("web", "app:1"), true));
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->service->deployments[0].rollout_state, "IN_PROGRESS");
    world.pass(60s);
    const auto service = world.describe();
    EXPECT_EQ(service.running_count, 2);
    EXPECT_EQ(service.pending_count, 0);
    EXPECT_EQ(service.deployments[0].rollout_state, "COMPLETED");
    EXPECT_TRUE(world.event("(service web) has reached a steady state."));
    EXPECT_TRUE(world.event("has started 2 tasks: (task "));
    const auto running = world.tasks("RUNNING");
    ASSERT_EQ(running.size(), 2u);
    EXPECT_NE(running[0].availability_zone, running[1].availability_zone);
    EXPECT_EQ(world.surroundings.interfaces.size(), 2u);
    EXPECT_EQ(running[0].attachments[0].details[1].name, "networkInterfaceId");
    const size_t events = service.events.size();
    world.pass(10min);
    EXPECT_EQ(world.describe().events.size(), events);
}

TEST(EcsSim, AKilledTaskIsReplaced) {
    World world;
    ASSERT_TRUE(
        world.call(&Ecs::CreateService, world.service(2, world.define("web", "app:1"), true)));
    world.pass(60s);
    const std::string victim = last_part(*world.tasks("RUNNING")[0].task_arn);
    ASSERT_TRUE(world.plane.kill(victim, "app"));
    world.pass(30s);
    EXPECT_EQ(world.tasks("RUNNING").size(), 2u);
    const auto stopped = world.tasks("STOPPED");
    ASSERT_EQ(stopped.size(), 1u);
    EXPECT_EQ(stopped[0].stop_code, "EssentialContainerExited");
    EXPECT_EQ(stopped[0].stopped_reason, "Essential container in task exited");
    EXPECT_EQ(stopped[0].containers[0].exit_code, 137);
    EXPECT_EQ(world.surroundings.interfaces.size(), 2u);
    world.pass(2h);
    EXPECT_TRUE(world.tasks("STOPPED").empty());
}

TEST(EcsSim, RollingDeploymentKeepsTheMinimumHealthy) {
    World world;
    ASSERT_TRUE(
        world.call(&Ecs::CreateService, world.service(4, world.define("web", "app:1"), true)));
    world.pass(60s);
    model::UpdateServiceInput update;
    update.service = "web";
    update.task_definition = world.define("web", "app:2");
    ASSERT_TRUE(world.call(&Ecs::UpdateService, update));
    EXPECT_EQ(world.describe().deployments.size(), 2u);
    for (int second = 0; second < 90; ++second) {
        world.pass(1s);
        int healthy = 0;
        for (const auto& [key, health] : world.surroundings.targets)
            healthy += health.state == "healthy" ? 1 : 0;
        EXPECT_GE(healthy, 4) << second;
        EXPECT_LE(healthy, 8) << second;
    }
    const auto service = world.describe();
    ASSERT_EQ(service.deployments.size(), 1u);
    EXPECT_EQ(service.deployments[0].rollout_state, "COMPLETED");
    EXPECT_EQ(service.running_count, 4);
    for (const auto& task : world.tasks("RUNNING")) EXPECT_EQ(task.containers[0].image, "app:2");
    EXPECT_GT(world.surroundings.most_draining, 0);
    EXPECT_TRUE(world.event("has begun draining connections on"));
}

TEST(EcsSim, CircuitBreakerRollsBack) {
    World world;
    world.plane.images["app:bad"].missing = true;
    auto in = world.service(2, world.define("web", "app:1"), true);
    in.deployment_configuration.emplace();
    in.deployment_configuration->deployment_circuit_breaker.emplace();
    in.deployment_configuration->deployment_circuit_breaker->enable = true;
    in.deployment_configuration->deployment_circuit_breaker->rollback = true;
    ASSERT_TRUE(world.call(&Ecs::CreateService, in));
    world.pass(60s);
    model::UpdateServiceInput update;
    update.service = "web";
    update.task_definition = world.define("web", "app:bad");
    ASSERT_TRUE(world.call(&Ecs::UpdateService, update));
    world.pass(3min);
    const auto service = world.describe();
    EXPECT_TRUE(world.event("deployment failed: tasks failed to start."));
    EXPECT_TRUE(world.event("rolling back to deployment ecs-svc/"));
    ASSERT_EQ(service.deployments.size(), 1u);
    EXPECT_EQ(service.deployments[0].rollout_state, "COMPLETED");
    EXPECT_EQ(service.running_count, 2);
    EXPECT_EQ(parse_task_definition(*service.task_definition)->revision, 1);
    for (const auto& task : world.tasks("STOPPED")) {
        if (task.stop_code != "TaskFailedToStart") continue;
        EXPECT_NE(task.stopped_reason->find("CannotPullContainerError"), std::string::npos);
    }
}

TEST(EcsSim, WithoutABreakerStartsAreThrottled) {
    World world;
    world.plane.images["app:bad"].missing = true;
    ASSERT_TRUE(
        world.call(&Ecs::CreateService, world.service(1, world.define("web", "app:bad"), false)));
    world.pass(10min);
    const size_t tries = world.tasks("STOPPED").size();
    EXPECT_GE(tries, 6u);
    EXPECT_LE(tries, 12u);
    EXPECT_TRUE(world.event("is unable to consistently start tasks successfully"));
    EXPECT_EQ(world.describe().deployments[0].failed_tasks, static_cast<int>(tries));
}

TEST(EcsSim, UnhealthyTargetsAreReplaced) {
    World world;
    ASSERT_TRUE(
        world.call(&Ecs::CreateService, world.service(1, world.define("web", "app:1"), true)));
    world.pass(60s);
    const auto before = world.tasks("RUNNING");
    ASSERT_EQ(before.size(), 1u);
    for (auto& [key, health] : world.surroundings.targets)
        health = {"unhealthy", "Health checks failed with these codes: [502]"};
    world.pass(60s);
    const auto after = world.tasks("RUNNING");
    ASSERT_EQ(after.size(), 1u);
    EXPECT_NE(before[0].task_arn, after[0].task_arn);
    EXPECT_TRUE(
        world.event("is unhealthy in (target-group arn:target-group) due to (reason Health checks "
                    "failed with these codes: [502])"));
    EXPECT_EQ(world.tasks("STOPPED").at(0).stopped_reason,
              "Task failed ELB health checks in (target-group arn:target-group)");
}

TEST(EcsSim, ContainerHealthChecks) {
    World world;
    const auto with_check = [](model::RegisterTaskDefinitionInput& in) {
        model::HealthCheck check;
        check.command = {"CMD-SHELL", "true"};
        check.interval = 5;
        check.retries = 2;
        in.container_definitions[0].health_check = check;
    };
    ASSERT_TRUE(world.call(&Ecs::CreateService,
                           world.service(1, world.define("web", "app:1", with_check), false)));
    world.pass(8s);
    EXPECT_EQ(world.tasks("RUNNING").at(0).health_status, "HEALTHY");
    EXPECT_EQ(world.describe().deployments[0].rollout_state, "COMPLETED");
    const std::string first = *world.tasks("RUNNING")[0].task_arn;
    world.plane.images["app:1"].healthy = false;
    world.pass(15s);
    world.plane.images["app:1"].healthy = true;
    world.pass(30s);
    ASSERT_EQ(world.tasks("RUNNING").size(), 1u);
    EXPECT_NE(world.tasks("RUNNING")[0].task_arn, first);
    EXPECT_EQ(world.tasks("STOPPED").at(0).stopped_reason, "Task failed container health checks");
}

TEST(EcsSim, ScaleInOutAndDelete) {
    World world;
    ASSERT_TRUE(
        world.call(&Ecs::CreateService, world.service(1, world.define("web", "app:1"), true)));
    world.pass(60s);
    model::UpdateServiceInput update;
    update.service = "web";
    update.desired_count = 3;
    ASSERT_TRUE(world.call(&Ecs::UpdateService, update));
    world.pass(60s);
    EXPECT_EQ(world.describe().running_count, 3);
    EXPECT_EQ(world.describe().deployments.size(), 1u);
    update.desired_count = 1;
    ASSERT_TRUE(world.call(&Ecs::UpdateService, update));
    world.pass(60s);
    EXPECT_EQ(world.describe().running_count, 1);
    EXPECT_NE(world.tasks("STOPPED").at(0).stopped_reason->find(
                  "Scaling activity initiated by (deployment ecs-svc/"),
              std::string::npos);
    model::DeleteServiceInput gone;
    gone.service = "web";
    EXPECT_FALSE(world.call(&Ecs::DeleteService, gone));
    gone.force = true;
    ASSERT_TRUE(world.call(&Ecs::DeleteService, gone));
    EXPECT_EQ(world.describe().status, "DRAINING");
    model::DeleteClusterInput cluster;
    cluster.cluster = "default";
    EXPECT_EQ(world.call(&Ecs::DeleteCluster, cluster).error().code,
              "ClusterContainsTasksException");
    world.pass(60s);
    EXPECT_EQ(world.describe().status, "INACTIVE");
    EXPECT_TRUE(world.surroundings.interfaces.empty());
    EXPECT_TRUE(world.plane.sandboxes().empty());
    EXPECT_TRUE(world.call(&Ecs::DeleteCluster, cluster));
}

TEST(EcsSim, AfterARestartServicesReplaceWhatDied) {
    World world;
    ASSERT_TRUE(
        world.call(&Ecs::CreateService, world.service(2, world.define("web", "app:1"), true)));
    world.pass(60s);
    world.restart();
    EXPECT_EQ(world.tasks("STOPPED").size(), 2u);
    EXPECT_EQ(world.tasks("STOPPED")[0].stop_code, "TerminationNotice");
    world.pass(60s);
    EXPECT_EQ(world.tasks("RUNNING").size(), 2u);
    EXPECT_EQ(world.surroundings.interfaces.size(), 2u);
    EXPECT_EQ(world.describe().deployments[0].failed_tasks, 0);
}

TEST(EcsSim, RunTaskStopTaskAndReasons) {
    World world;
    world.plane.images["job:1"] = SimImage{.exits_after = 5s, .exit_code = 3};
    model::RunTaskInput run;
    run.task_definition = world.define("job", "job:1");
    run.launch_type = "FARGATE";
    run.network_configuration = World::network();
    run.count = 2;
    const auto ran = world.call(&Ecs::RunTask, run);
    ASSERT_TRUE(ran) << ran.error().message;
    EXPECT_EQ(ran->tasks.size(), 2u);
    EXPECT_EQ(ran->tasks[0].last_status, "PROVISIONING");
    world.pass(2s);
    EXPECT_EQ(world.tasks("RUNNING").size(), 2u);
    model::StopTaskInput stop;
    stop.task = *ran->tasks[0].task_arn;
    stop.reason = "enough";
    ASSERT_TRUE(world.call(&Ecs::StopTask, stop));
    world.pass(10s);
    ASSERT_EQ(world.tasks("STOPPED").size(), 2u);
    model::DescribeTasksInput describe;
    describe.tasks = {*ran->tasks[0].task_arn, *ran->tasks[1].task_arn, "none"};
    const auto described = world.call(&Ecs::DescribeTasks, describe);
    ASSERT_TRUE(described);
    EXPECT_EQ(described->tasks[0].stopped_reason, "enough");
    EXPECT_EQ(described->tasks[0].stop_code, "UserInitiated");
    EXPECT_EQ(described->tasks[0].containers[0].exit_code, 143);
    EXPECT_EQ(described->tasks[1].containers[0].exit_code, 3);
    EXPECT_EQ(described->failures.at(0).reason, "MISSING");
    EXPECT_TRUE(world.surroundings.interfaces.empty());
}

TEST(EcsSim, DependenciesVolumesSecretsAndEnvironment) {
    World world;
    world.plane.images["init:1"] = SimImage{.exits_after = 4s, .exit_code = 0};
    world.surroundings.secrets["arn:secret"] = "s3cret";
    const std::string arn =
        world.define("web", "app:1", [](model::RegisterTaskDefinitionInput& in) {
            model::Volume volume;
            volume.name = "shared";
            in.volumes = {volume};
            model::ContainerDefinition init;
            init.name = "init";
            init.image = "init:1";
            init.essential = false;
            model::MountPoint mount;
            mount.source_volume = "shared";
            mount.container_path = "/data";
            init.mount_points = {mount};
            model::ContainerDefinition& app = in.container_definitions[0];
            model::ContainerDependency needed;
            needed.container_name = "init";
            needed.condition = "SUCCESS";
            app.depends_on = {needed};
            model::Secret secret;
            secret.name = "PASSWORD";
            secret.value_from = "arn:secret";
            app.secrets = {secret};
            in.task_role_arn = "arn:aws:iam::123456789012:role/task";
            in.container_definitions.push_back(init);
        });
    ASSERT_TRUE(world.call(&Ecs::CreateService, world.service(1, arn, false)));
    world.pass(3s);
    EXPECT_TRUE(world.tasks("RUNNING").empty());
    world.pass(5s);
    ASSERT_EQ(world.tasks("RUNNING").size(), 1u);
    const std::string id = last_part(*world.tasks("RUNNING")[0].task_arn);
    std::map<std::string, std::string> environment;
    for (const auto& [name, value] : world.plane.spec(id, "app")->environment)
        environment[name] = value;
    EXPECT_EQ(environment["PASSWORD"], "s3cret");
    EXPECT_TRUE(
        environment["ECS_CONTAINER_METADATA_URI_V4"].starts_with("http://169.254.170.2/v4/" + id));
    EXPECT_TRUE(
        environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"].starts_with("/v2/credentials/"));
    EXPECT_EQ(environment["AWS_EXECUTION_ENV"], "AWS_ECS_FARGATE");
    EXPECT_EQ(world.plane.spec(id, "init")->volumes.at(0).volume, "shared");
    EXPECT_EQ(world.plane.spec(id)->limits.cpus, 0.25);
    EXPECT_EQ(world.plane.spec(id)->limits.memory_bytes, int64_t{512} << 20);
    EXPECT_EQ(world.plane.spec(id)->volumes, (std::vector<std::string>{"shared"}));
}

TEST(EcsSim, MetadataAndCredentialsOnlyForTheTaskItself) {
    World world;
    const auto with_role = [](model::RegisterTaskDefinitionInput& in) {
        in.task_role_arn = "arn:role";
    };
    ASSERT_TRUE(world.call(&Ecs::CreateService,
                           world.service(1, world.define("web", "app:1", with_role), false)));
    world.pass(5s);
    const auto task = world.tasks("RUNNING").at(0);
    const std::string id = last_part(*task.task_arn);
    std::map<std::string, std::string> environment;
    for (const auto& [name, value] : world.plane.spec(id, "app")->environment)
        environment[name] = value;
    const std::string base = environment["ECS_CONTAINER_METADATA_URI_V4"].substr(20);
    ASSERT_TRUE(base.starts_with("/v4/"));
    const std::string own = *task.containers[0].network_interfaces[0].private_ipv4_address;
    Metadata metadata(*world.engine);
    const auto ask = [&](const std::string& path, const std::string& source) {
        return world.sim.loop.run_until_done(metadata.answer(path, source));
    };
    EXPECT_NE(ask(base, own).body.find("\"DockerName\":\"app\""), std::string::npos);
    EXPECT_NE(ask(base + "/task", own).body.find("\"ServiceName\":\"web\""), std::string::npos);
    EXPECT_NE(ask(base + "/stats", own).body.find("cpu_stats"), std::string::npos);
    EXPECT_NE(ask(base + "/task/stats", own).body.find("memory_stats"), std::string::npos);
    EXPECT_EQ(ask(base + "/other", own).status, 404);
    EXPECT_EQ(ask(base, "10.9.9.9").status, 404);
    EXPECT_EQ(ask("/v4/guess", own).status, 404);
    EXPECT_EQ(ask("/", own).status, 404);
    const std::string credentials = environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"];
    EXPECT_EQ(ask(credentials, own).body, "{\"RoleArn\":\"arn:role\"}");
    EXPECT_EQ(ask(credentials, "10.9.9.9").status, 404);
    EXPECT_EQ(ask("/v2/credentials/guess", own).status, 404);
}

TEST(EcsSim, LogLinesBecomeEvents) {
    SimWorld sim;
    SimSurroundings surroundings(sim.env);
    LogDriver driver(surroundings, {"1", "us-east-1"}, {"us-east-1", "group", "p/app/id"});
    const std::string cut(100, 'x');
    std::vector<planes::containers::LogLine> lines = {{{}, false, false, "plain"},
                                                      {{}, false, true, cut},
                                                      {{}, true, false, "other"},
                                                      {{}, false, false, "end"},
                                                      {{}, false, false, ""},
                                                      {{},
                                                       false,
                                                       false,
                                                       "b\xff"
                                                       "d"}};
    sim.loop.run_until_done(driver.lines(lines));
    const std::vector<std::string> want = {"p/app/id: plain", "p/app/id: other",
                                           "p/app/id: " + cut + "end",
                                           "p/app/id: b\xef\xbf\xbd"
                                           "d"};
    EXPECT_EQ(surroundings.logged, want);
}

TEST(EcsRules, SecretNames) {
    const std::string arn = "arn:aws:secretsmanager:us-east-1:1:secret:db-AbCdEf";
    EXPECT_EQ(parse_secret_name(arn).id, arn);
    EXPECT_EQ(parse_secret_name(arn + ":username::").id, arn);
    EXPECT_EQ(parse_secret_name(arn + ":username::").key, "username");
    EXPECT_EQ(parse_secret_name(arn + "::AWSPREVIOUS:").stage, "AWSPREVIOUS");
    EXPECT_EQ(parse_secret_name(arn + ":k:s:v").version, "v");
    EXPECT_EQ(parse_secret_name("/plain/parameter").id, "/plain/parameter");
}

TEST(EcsSim, WhatCannotStartSaysWhy) {
    World world;
    const std::string secret =
        world.define("web", "app:1", [](model::RegisterTaskDefinitionInput& in) {
            model::Secret missing;
            missing.name = "X";
            missing.value_from = "arn:missing";
            in.container_definitions[0].secrets = {missing};
        });
    const std::string logs =
        world.define("web", "app:1", [](model::RegisterTaskDefinitionInput& in) {
            model::LogConfiguration log;
            log.log_driver = "awslogs";
            log.options = std::map<std::string, std::string>{{"awslogs-group", "nope"},
                                                             {"awslogs-region", "us-east-1"},
                                                             {"awslogs-stream-prefix", "p"}};
            in.container_definitions[0].log_configuration = log;
        });
    model::RunTaskInput run;
    run.launch_type = "FARGATE";
    run.network_configuration = World::network();
    for (const auto& [definition, text] :
         {std::pair(secret, "unable to pull secrets"),
          std::pair(logs, "The specified log group does not exist.")}) {
        run.task_definition = definition;
        const auto ran = world.call(&Ecs::RunTask, run);
        ASSERT_TRUE(ran) << ran.error().message;
        world.pass(5s);
        model::DescribeTasksInput describe;
        describe.tasks = {*ran->tasks[0].task_arn};
        const auto task = world.call(&Ecs::DescribeTasks, describe)->tasks.at(0);
        EXPECT_EQ(task.stop_code, "TaskFailedToStart");
        EXPECT_NE(task.stopped_reason.value_or("").find(text), std::string::npos)
            << task.stopped_reason.value_or("");
    }
}

TEST(EcsSim, ErrorsOfOperations) {
    World world;
    const std::string arn = world.define("web", "app:1");
    auto in = world.service(1, arn, false);
    in.network_configuration->awsvpc_configuration->subnets = {"subnet-nope"};
    auto made = world.call(&Ecs::CreateService, in);
    EXPECT_NE(made.error().message.find("InvalidSubnetID.NotFound"), std::string::npos);
    in = world.service(1, arn, false);
    in.cluster = "nope";
    EXPECT_EQ(world.call(&Ecs::CreateService, in).error().code, "ClusterNotFoundException");
    in = world.service(1, "nope", false);
    EXPECT_EQ(world.call(&Ecs::CreateService, in).error().message, "TaskDefinition not found.");
    in = world.service(1, arn, false);
    in.launch_type = "EC2";
    EXPECT_NE(world.call(&Ecs::CreateService, in).error().message.find("No Container Instances"),
              std::string::npos);
    in = world.service(1, arn, true);
    in.load_balancers[0].container_port = 81;
    EXPECT_NE(world.call(&Ecs::CreateService, in)
                  .error()
                  .message.find("did not have a container port 81"),
              std::string::npos);
    in = world.service(0, arn, false);
    ASSERT_TRUE(world.call(&Ecs::CreateService, in));
    EXPECT_EQ(world.call(&Ecs::CreateService, in).error().message,
              "Creation of service was not idempotent.");
    model::UpdateServiceInput update;
    update.service = "other";
    EXPECT_EQ(world.call(&Ecs::UpdateService, update).error().code, "ServiceNotFoundException");
}

TEST(EcsSim, TagsAndSettings) {
    World world;
    const std::string arn = world.define("web", "app:1");
    model::TagResourceInput tag;
    tag.resource_arn = arn;
    tag.tags.emplace_back();
    tag.tags[0].key = "team";
    tag.tags[0].value = "a";
    ASSERT_TRUE(world.call(&Ecs::TagResource, tag));
    model::ListTagsForResourceInput list;
    list.resource_arn = arn;
    EXPECT_EQ(world.call(&Ecs::ListTagsForResource, list)->tags.at(0).value, "a");
    list.resource_arn = "arn:aws:ecs:us-east-1:123456789012:service/default/none";
    EXPECT_EQ(world.call(&Ecs::ListTagsForResource, list).error().code,
              "ResourceNotFoundException");
    model::PutAccountSettingDefaultInput put;
    put.name = "containerInsights";
    put.value = "enabled";
    ASSERT_TRUE(world.call(&Ecs::PutAccountSettingDefault, put));
    model::ListAccountSettingsInput settings;
    settings.effective_settings = true;
    settings.name = "containerInsights";
    EXPECT_EQ(world.call(&Ecs::ListAccountSettings, settings)->settings.at(0).value, "enabled");
}

TEST(EcsSim, AllTasksStopBeforeAReset) {
    World world;
    ASSERT_TRUE(world.call(&Ecs::CreateService,
                           world.service(3, world.define("web", "app:1"), true)));
    world.pass(60s);
    world.surroundings.drain_time = 1h;
    const Time before = world.sim.loop.now();
    world.sim.loop.run_until_done(world.engine->stop_all_tasks());
    EXPECT_LT(world.sim.loop.now() - before, 10s);
    EXPECT_TRUE(world.tasks("RUNNING").empty());
    EXPECT_TRUE(world.surroundings.interfaces.empty());
    EXPECT_TRUE(world.plane.sandboxes().empty());
}

// Whatever the seed: after any kills the service comes back, and nothing is left behind at the end.
TEST(EcsSim, ChaosFromSeeds) {
    for (uint64_t seed = 1; seed <= 10; ++seed) {
        World world(seed);
        ASSERT_TRUE(world.call(&Ecs::CreateService,
                               world.service(3, world.define("web", "app:1"), seed % 2 == 0)));
        for (int step = 0; step < 15; ++step) {
            world.pass(Duration{static_cast<int64_t>(world.sim.random->below(20'000'000))});
            const auto sandboxes = world.plane.sandboxes();
            if (!sandboxes.empty() && world.sim.random->below(3) > 0)
                world.plane.kill(sandboxes[world.sim.random->below(sandboxes.size())], "app");
            if (world.sim.random->below(8) == 0) world.restart();
            if (world.sim.random->below(6) == 0) {
                model::UpdateServiceInput update;
                update.service = "web";
                update.force_new_deployment = true;
                EXPECT_TRUE(world.call(&Ecs::UpdateService, update));
            }
        }
        world.pass(5min);
        EXPECT_EQ(world.describe().running_count, 3) << seed;
        EXPECT_EQ(world.describe().deployments.size(), 1u) << seed;
        model::DeleteServiceInput gone;
        gone.service = "web";
        gone.force = true;
        ASSERT_TRUE(world.call(&Ecs::DeleteService, gone));
        world.pass(2min);
        EXPECT_TRUE(world.surroundings.interfaces.empty()) << seed;
        EXPECT_TRUE(world.plane.sandboxes().empty()) << seed;
    }
}

}  // namespace
}  // namespace unkai::services::ecs
