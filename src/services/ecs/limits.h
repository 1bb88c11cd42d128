// Limits of ECS. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace unkai::services::ecs::limits {

constexpr size_t clusters = 10'000;
constexpr size_t services_per_cluster = 5'000;
constexpr int32_t tasks_per_service = 5'000;
constexpr int32_t tasks_per_run_task = 10;
constexpr size_t containers_per_task_definition = 10;
constexpr size_t task_definition_bytes = 64 << 10;
constexpr int32_t revisions_per_family = 1'000'000;
constexpr size_t tags = 50;
constexpr size_t subnets = 16;
constexpr size_t security_groups = 5;
constexpr size_t load_balancers_per_service = 5;
constexpr size_t events_per_service = 100;  // API_Service: "up to 100 of the latest events".
constexpr size_t described_services = 10;
constexpr size_t described_tasks = 100;
constexpr size_t described_clusters = 100;

// Stopped tasks stay visible for an hour (API_DescribeTasks).
constexpr Duration stopped_task_kept = std::chrono::hours(1);
// Fargate: stopTimeout is 30 s unless told, 120 s at the most.
constexpr Duration stop_timeout = std::chrono::seconds(30);
constexpr int32_t longest_stop_timeout = 120;
// A task without any health check counts as healthy so long after it runs
// (DeploymentConfiguration).
constexpr Duration healthy_after = std::chrono::seconds(40);
constexpr Duration longest_restart_delay = std::chrono::minutes(15);
constexpr size_t log_event_bytes = (256 << 10) - 26;  // PutLogEvents: 256 KiB with 26 of overhead.

}  // namespace unkai::services::ecs::limits
