// ECS with containers that really run; the other services are simulated. Needs root and runc or
// crun.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "planes/containers/beneath.h"
#include "planes/containers/layout_test.h"
#include "planes/containers/oci_plane.h"
#include "services/ecs/ecs.h"
#include "services/ecs/engine.h"
#include "services/ecs/names.h"
#include "services/ecs/sim_surroundings.h"

namespace unkai::services::ecs {
namespace {

namespace containers = planes::containers;

class RealImages final : public SimSurroundings {
public:
    RealImages(Env& env, std::string layout)
        : SimSurroundings(env),
          source_(std::make_shared<containers::LayoutSource>(env, std::move(layout))) {}
    std::shared_ptr<containers::ImageSource> images() override { return source_; }
    // No VPC here: a namespace of the runtime's own.
    unkai::Task<Result<TaskNetwork>> network_ready(std::string, Steady) override {
        co_return TaskNetwork{};
    }

private:
    std::shared_ptr<containers::ImageSource> source_;
};

struct RealWorld {
    RealWorld() {
        ::chmod(folder.c_str(), 0755);
        containers::build_layout(folder);
        EXPECT_TRUE(loop.run_until_done(plane.open()));
        EXPECT_TRUE(loop.run_until_done(engine.start()));
    }
    ~RealWorld() {
        loop.run_until_done(engine.close());
        EXPECT_TRUE(loop.run_until_done(plane.purge()));
        EXPECT_TRUE(containers::remove_folder(folder));
    }
    static std::string make_folder() {
        std::string name = "/tmp/unkai-ecs-test-XXXXXX";
        CHECK(::mkdtemp(name.data()) != nullptr);
        return name;
    }
    template <class In, class Out>
    Result<Out> call(Result<Out> (Ecs::*operation)(aws::Call&, const In&), const In& in) {
        aws::Call call(env, store);
        call.account = "123456789012";
        call.region = "us-east-1";
        Result<Out> out = (ecs.*operation)(call, in);
        if (out) EXPECT_TRUE(loop.run_until_done(call.commit()));
        return out;
    }
    template <class In, class Out>
    Result<Out> call(unkai::Task<Result<Out>> (Ecs::*operation)(aws::Call&, const In&),
                     const In& in) {
        aws::Call call(env, store);
        call.account = "123456789012";
        call.region = "us-east-1";
        Result<Out> out = loop.run_until_done((ecs.*operation)(call, in));
        if (out) EXPECT_TRUE(loop.run_until_done(call.commit()));
        return out;
    }
    static unkai::Task<void> until_task(Loop& loop, const std::function<bool()>& reached) {
        const Steady deadline = loop.steady() + std::chrono::seconds(60);
        while (!reached() && loop.steady() < deadline)
            co_await loop.sleep(std::chrono::milliseconds(10));
    }
    // Polls: what it waits for happens in other processes.
    bool until(const std::function<bool()>& reached) {
        loop.run_until_done(until_task(loop, reached));
        return reached();
    }
    std::vector<StoredTask> tasks(std::string_view status) {
        std::vector<StoredTask> out;
        store::Txn txn = store.begin();
        for (const auto& [key, task] : schema::tasks.list(txn))
            if (task.shape.last_status == status) out.push_back(task);
        return out;
    }

    std::string folder = make_folder();
    Loop loop;
    std::unique_ptr<Random> random = system_random();
    Workers workers;
    Env env{loop, *random, workers};
    store::Store store{env, store::memory_engine()};
    containers::OciPlane plane{env, {folder + "/data", folder + "/run"}};
    RealImages surroundings{env, folder + "/layout"};
    Ecs ecs{surroundings};
    Engine engine{env, store, plane, surroundings, {}};
};

TEST(EcsReal, AServiceRunsLogsIsReplacedAndGoes) {
    RealWorld world;
    model::CreateClusterInput cluster;
    ASSERT_TRUE(world.call(&Ecs::CreateCluster, cluster));
    model::RegisterTaskDefinitionInput define;
    define.family = "web";
    define.requires_compatibilities = {"FARGATE"};
    define.network_mode = "awsvpc";
    define.cpu = "256";
    define.memory = "512";
    define.execution_role_arn = "arn:role";
    model::ContainerDefinition container;
    container.name = "app";
    container.image = "test:latest";
    container.command = {
        "/bin/sh", "-c",
        "echo up $GREETING; trap 'echo bye; exit 0' TERM; while :; do sleep 0.05; done"};
    container.environment.emplace_back();
    container.environment[0].name = "GREETING";
    container.environment[0].value = "hello";
    container.log_configuration.emplace();
    container.log_configuration->log_driver = "awslogs";
    container.log_configuration->options =
        std::map<std::string, std::string>{{"awslogs-group", "group"},
                                           {"awslogs-region", "us-east-1"},
                                           {"awslogs-stream-prefix", "p"}};
    define.container_definitions = {container};
    ASSERT_TRUE(world.call(&Ecs::RegisterTaskDefinition, define));
    model::CreateServiceInput create;
    create.service_name = "web";
    create.task_definition = "web";
    create.desired_count = 1;
    create.launch_type = "FARGATE";
    create.network_configuration.emplace();
    create.network_configuration->awsvpc_configuration.emplace();
    create.network_configuration->awsvpc_configuration->subnets = {"subnet-a"};
    const auto created = world.call(&Ecs::CreateService, create);
    ASSERT_TRUE(created) << created.error().message;

    ASSERT_TRUE(world.until([&] { return !world.tasks("RUNNING").empty(); }));
    ASSERT_TRUE(world.until([&] { return !world.surroundings.logged.empty(); }));
    const std::string first = last_part(*world.tasks("RUNNING")[0].shape.task_arn);
    EXPECT_EQ(world.surroundings.logged[0], "p/app/" + first + ": up hello");

    // The task's process is killed from outside: the service replaces it.
    const containers::Cgroups groups(*containers::find_cgroup_layout());
    const std::string group =
        "/unkai-" + containers::sha256_digest(world.folder + "/run").substr(7, 12) + "/" + first;
    for (const pid_t pid : groups.processes(group)) ::kill(pid, SIGKILL);
    ASSERT_TRUE(world.until(
        [&] { return !world.tasks("STOPPED").empty() && !world.tasks("RUNNING").empty(); }));
    EXPECT_EQ(world.tasks("STOPPED")[0].shape.stop_code, "EssentialContainerExited");
    EXPECT_EQ(world.tasks("STOPPED")[0].shape.containers[0].exit_code, 137);
    EXPECT_EQ(world.surroundings.interfaces.size(), 1u);
    const std::string second = last_part(*world.tasks("RUNNING")[0].shape.task_arn);
    EXPECT_NE(first, second);
    ASSERT_TRUE(world.until([&] { return world.surroundings.logged.size() >= 2; }));

    model::DeleteServiceInput gone;
    gone.service = "web";
    gone.force = true;
    ASSERT_TRUE(world.call(&Ecs::DeleteService, gone));
    ASSERT_TRUE(world.until([&] { return world.tasks("STOPPED").size() == 2; }));
    EXPECT_EQ(world.surroundings.logged.back(), "p/app/" + second + ": bye");
    EXPECT_TRUE(world.surroundings.interfaces.empty());
    EXPECT_TRUE(world.until([&] { return world.plane.sandboxes().empty(); }));
    for (const StoredTask& task : world.tasks("STOPPED"))
        if (last_part(*task.shape.task_arn) == second)
            EXPECT_EQ(task.shape.containers[0].exit_code, 0);
}

}  // namespace
}  // namespace unkai::services::ecs
