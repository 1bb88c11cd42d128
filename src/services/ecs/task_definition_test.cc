#include "services/ecs/task_definition.h"

#include <gtest/gtest.h>

#include "services/ecs/health_check.h"
#include "services/ecs/names.h"

namespace unkai::services::ecs {
namespace {

using namespace api::ecs;

TEST(Sizes, Table) {
    for (const auto& [cpu, memory] :
         {std::pair("256", "512"), std::pair("256", "2048"), std::pair("512", "4096"),
          std::pair(".25 vCPU", "0.5 GB"), std::pair("1 vCPU", "2GB"), std::pair("2048", "16384"),
          std::pair("4096", "30720"), std::pair("8192", "16384"), std::pair("8192", "61440"),
          std::pair("16384", "32768"), std::pair("16384", "122880")})
        EXPECT_TRUE(check_fargate_size(cpu, memory)) << cpu << " " << memory;
    for (const auto& [cpu, memory] :
         {std::pair("256", "3072"), std::pair("512", "512"), std::pair("512", "1500"),
          std::pair("1024", "9216"), std::pair("8192", "17408"), std::pair("16384", "36864")})
        EXPECT_EQ(check_fargate_size(cpu, memory).error().message,
                  "No Fargate configuration exists for given values.")
            << cpu << " " << memory;
    for (const char* cpu : {"300", "0", "-256", "x", ""})
        EXPECT_TRUE(check_fargate_size(cpu, "512")
                        .error()
                        .message.starts_with("Invalid 'cpu' setting for task."))
            << cpu;
    EXPECT_EQ(cpu_units("0.5 vCPU"), 512);
    EXPECT_EQ(memory_mib("1 GB"), 1024);
    EXPECT_EQ(memory_mib("GB"), std::nullopt);
}

RegisterTaskDefinitionInput good() {
    RegisterTaskDefinitionInput in;
    in.family = "web";
    in.requires_compatibilities = {"FARGATE"};
    in.network_mode = "awsvpc";
    in.cpu = "256";
    in.memory = "512";
    in.container_definitions.resize(1);
    in.container_definitions[0].name = "app";
    in.container_definitions[0].image = "app:1";
    return in;
}

TEST(TaskDefinition, Refusals) {
    EXPECT_TRUE(check_task_definition(good()));
    using Change = void (*)(RegisterTaskDefinitionInput&);
    const std::pair<const char*, Change> rows[] = {
        {"Family contains invalid characters.", [](auto& in) { in.family = "a b"; }},
        {"Container list cannot be empty.", [](auto& in) { in.container_definitions.clear(); }},
        {"Container.name contains invalid characters.",
         [](auto& in) { in.container_definitions[0].name = "a/b"; }},
        {"Container.image should not be null or empty.",
         [](auto& in) { in.container_definitions[0].image.reset(); }},
        {"Fargate only supports network mode 'awsvpc'.",
         [](auto& in) { in.network_mode = "bridge"; }},
        {"Fargate requires that 'cpu' be defined at the task level.",
         [](auto& in) { in.cpu.reset(); }},
        {"Fargate requires that 'memory' be defined at the task level.",
         [](auto& in) {
             in.memory.reset();
             in.container_definitions[0].memory = 128;
         }},
        {"privileged", [](auto& in) { in.container_definitions[0].privileged = true; }},
        {"Duplicate container name",
         [](auto& in) { in.container_definitions.push_back(in.container_definitions[0]); }},
        {"must be essential", [](auto& in) { in.container_definitions[0].essential = false; }},
        {"executionRoleArn",
         [](auto& in) {
             in.container_definitions[0].secrets.resize(1);
             in.container_definitions[0].secrets[0].name = "A";
         }},
        {"host ports and container ports",
         [](auto& in) {
             in.container_definitions[0].port_mappings.resize(1);
             in.container_definitions[0].port_mappings[0].container_port = 80;
             in.container_definitions[0].port_mappings[0].host_port = 8080;
         }},
        {"stopTimeout", [](auto& in) { in.container_definitions[0].stop_timeout = 121; }},
        {"capability NET_ADMIN",
         [](auto& in) {
             in.container_definitions[0].linux_parameters.emplace();
             in.container_definitions[0].linux_parameters->capabilities.emplace();
             in.container_definitions[0].linux_parameters->capabilities->add = {"NET_ADMIN"};
         }},
        {"interval must be between 5 and 300",
         [](auto& in) {
             in.container_definitions[0].health_check.emplace();
             in.container_definitions[0].health_check->command = {"CMD", "x"};
             in.container_definitions[0].health_check->interval = 1;
         }},
        {"Unknown volume",
         [](auto& in) {
             in.container_definitions[0].mount_points.resize(1);
             in.container_definitions[0].mount_points[0].source_volume = "none";
         }},
        {"log driver splunk",
         [](auto& in) {
             in.container_definitions[0].log_configuration.emplace();
             in.container_definitions[0].log_configuration->log_driver = "splunk";
         }},
        {"volumes other than scratch",
         [](auto& in) {
             in.volumes.resize(1);
             in.volumes[0].name = "v";
             in.volumes[0].efs_volume_configuration.emplace();
         }},
        {"greater than that of the task",
         [](auto& in) { in.container_definitions[0].memory = 1024; }},
        {"depends on unknown container",
         [](auto& in) {
             in.container_definitions[0].depends_on.resize(1);
             in.container_definitions[0].depends_on[0].container_name = "none";
         }},
        {"has no health check",
         [](auto& in) {
             in.container_definitions.push_back(in.container_definitions[0]);
             in.container_definitions[1].name = "other";
             in.container_definitions[0].depends_on.resize(1);
             in.container_definitions[0].depends_on[0].container_name = "other";
             in.container_definitions[0].depends_on[0].condition = "HEALTHY";
         }},
    };
    for (const auto& [text, change] : rows) {
        RegisterTaskDefinitionInput in = good();
        change(in);
        const Status checked = check_task_definition(in);
        ASSERT_FALSE(checked) << text;
        EXPECT_NE(checked.error().message.find(text), std::string::npos) << checked.error().message;
        EXPECT_EQ(checked.error().code, "ClientException");
    }
}

ContainerDefinition named(const char* name, std::initializer_list<const char*> needs) {
    ContainerDefinition out;
    out.name = name;
    for (const char* other : needs) {
        out.depends_on.emplace_back();
        out.depends_on.back().container_name = other;
    }
    return out;
}

TEST(StartOrder, FollowsDependencies) {
    using Names = std::vector<std::string>;
    EXPECT_EQ(*start_order({named("a", {"b"}), named("b", {"c"}), named("c", {})}),
              (Names{"c", "b", "a"}));
    EXPECT_EQ(*start_order({named("a", {}), named("b", {})}), (Names{"a", "b"}));
    EXPECT_FALSE(start_order({named("a", {"b"}), named("b", {"a"})}));
    EXPECT_FALSE(start_order({named("a", {"a"})}));
}

TEST(Names, TaskDefinitionsAndResources) {
    EXPECT_EQ(parse_task_definition("web")->revision, std::nullopt);
    EXPECT_EQ(parse_task_definition("web:7")->revision, 7);
    EXPECT_EQ(parse_task_definition("arn:aws:ecs:r:1:task-definition/web:7")->family, "web");
    for (const char* bad : {"", "web:", "web:0", "web:x", "a b"})
        EXPECT_FALSE(parse_task_definition(bad)) << bad;
    EXPECT_EQ(parse_resource("arn:aws:ecs:r:1:service/c/s")->cluster, "c");
    EXPECT_EQ(parse_resource("arn:aws:ecs:r:1:task-definition/web:7")->name, "web:7");
    EXPECT_FALSE(parse_resource("arn:aws:s3:::x"));
    EXPECT_FALSE(parse_resource("web"));
    EXPECT_EQ(cluster_name(std::nullopt), "default");
    EXPECT_EQ(cluster_name("arn:aws:ecs:r:1:cluster/c"), "c");
}

TEST(HealthChecks, RetriesAndStartPeriod) {
    ContainerDefinition container;
    EXPECT_FALSE(health_rules(container));
    container.health_check.emplace();
    container.health_check->command = {"CMD-SHELL", "test -f /ok"};
    container.health_check->retries = 2;
    container.health_check->start_period = 10;
    const auto rules = health_rules(container);
    ASSERT_TRUE(rules);
    EXPECT_EQ(rules->command, (std::vector<std::string>{"/bin/sh", "-c", "test -f /ok"}));
    EXPECT_EQ(rules->interval, std::chrono::seconds(30));
    const Time start = from_seconds(1000);
    HealthState state(start);
    EXPECT_FALSE(state.record(false, start + std::chrono::seconds(5), *rules));
    EXPECT_FALSE(state.record(false, start + std::chrono::seconds(11), *rules));
    EXPECT_TRUE(state.record(false, start + std::chrono::seconds(12), *rules));
    EXPECT_EQ(state.health(), Health::unhealthy);
    EXPECT_TRUE(state.record(true, start + std::chrono::seconds(13), *rules));
    EXPECT_EQ(state.health(), Health::healthy);
    EXPECT_FALSE(state.record(false, start + std::chrono::seconds(14), *rules));
    EXPECT_TRUE(state.record(false, start + std::chrono::seconds(15), *rules));
    container.health_check->command = {"NONE"};
    EXPECT_FALSE(health_rules(container));
}

}  // namespace
}  // namespace unkai::services::ecs
