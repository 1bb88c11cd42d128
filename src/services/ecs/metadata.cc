#include "services/ecs/metadata.h"

#include <algorithm>

#include "base/strings.h"
#include "services/ecs/names.h"
#include "services/ecs/task_definition.h"
#include "services/ecs/task_runner.h"
#include "wire/json.h"

namespace unkai::services::ecs {

using wire::Json;

namespace {

MetadataAnswer refused(int status, std::string_view text) { return {status, Json(text).dump()}; }

std::string time_text(const std::optional<Time>& time) { return time ? iso8601_millis(*time) : ""; }

void set_time(Json& json, const char* name, const std::optional<Time>& time) {
    if (time) json.set(name, time_text(time));
}

Json networks_json(const StoredTask& task) {
    Json network;
    network.set("NetworkMode", "awsvpc");
    network.set("IPv4Addresses", Json::array({Json(task.address)}));
    network.set("AttachmentIndex", 0);
    for (const model::Attachment& attachment : task.shape.attachments)
        for (const model::KeyValuePair& detail : attachment.details)
            if (detail.name == "macAddress") network.set("MACAddress", detail.value.value_or(""));
    Json out = Json::array();
    out.push(std::move(network));
    return out;
}

Json container_json(const TaskRunner& runner, const StoredTask& task,
                    const model::Container& container) {
    const auto& definitions = runner.definition().container_definitions;
    const auto found =
        std::ranges::find_if(definitions, [&](auto& one) { return one.name == container.name; });
    Json out;
    const auto& ids = runner.metadata_ids();
    const auto id = ids.find(container.name.value_or(""));
    out.set("DockerId", id == ids.end() ? "" : id->second);
    out.set("Name", container.name.value_or(""));
    out.set("DockerName", container.name.value_or(""));
    out.set("Image", container.image.value_or(""));
    out.set("ImageID", container.image_digest.value_or(""));
    Json labels = Json::object({});
    labels.set("com.amazonaws.ecs.cluster", task.shape.cluster_arn.value_or(""));
    labels.set("com.amazonaws.ecs.container-name", container.name.value_or(""));
    labels.set("com.amazonaws.ecs.task-arn", task.shape.task_arn.value_or(""));
    if (const auto name = parse_task_definition(task.shape.task_definition_arn.value_or(""))) {
        labels.set("com.amazonaws.ecs.task-definition-family", name->family);
        labels.set("com.amazonaws.ecs.task-definition-version",
                   std::to_string(name->revision.value_or(0)));
    }
    out.set("Labels", std::move(labels));
    out.set("DesiredStatus", task.shape.desired_status.value_or(""));
    out.set("KnownStatus", container.last_status.value_or(""));
    if (container.exit_code) out.set("ExitCode", *container.exit_code);
    if (found != definitions.end()) {
        Json limits = Json::object({{"CPU", found->cpu.value_or(0)}});
        if (found->memory) limits.set("Memory", *found->memory);
        out.set("Limits", std::move(limits));
        if (found->log_configuration) {
            Json options = Json::object({});
            for (const auto& [name, value] : found->log_configuration->options)
                options.set(name, value);
            out.set("LogDriver", found->log_configuration->log_driver);
            out.set("LogOptions", std::move(options));
        }
        if (found->health_check)
            out.set("Health",
                    Json::object({{"status", container.health_status.value_or("UNKNOWN")}}));
    }
    set_time(out, "CreatedAt", task.shape.pull_stopped_at);
    set_time(out, "StartedAt", task.shape.started_at);
    out.set("Type", "NORMAL");
    out.set("ContainerARN", container.container_arn.value_or(""));
    out.set("Networks", networks_json(task));
    return out;
}

Json task_json(const TaskRunner& runner, const StoredTask& task) {
    Json out;
    out.set("Cluster", task.shape.cluster_arn.value_or(""));
    out.set("TaskARN", task.shape.task_arn.value_or(""));
    if (const auto name = parse_task_definition(task.shape.task_definition_arn.value_or(""))) {
        out.set("Family", name->family);
        out.set("Revision", std::to_string(name->revision.value_or(0)));
    }
    if (!task.service.empty()) out.set("ServiceName", task.service);
    out.set("DesiredStatus", task.shape.desired_status.value_or(""));
    out.set("KnownStatus", task.shape.last_status.value_or(""));
    out.set("Limits",
            Json::object(
                {{"CPU",
                  static_cast<double>(cpu_units(task.shape.cpu.value_or("")).value_or(0)) / 1024},
                 {"Memory", memory_mib(task.shape.memory.value_or("")).value_or(0)}}));
    set_time(out, "PullStartedAt", task.shape.pull_started_at);
    set_time(out, "PullStoppedAt", task.shape.pull_stopped_at);
    out.set("AvailabilityZone", task.shape.availability_zone.value_or(""));
    out.set("LaunchType", task.shape.launch_type.value_or("FARGATE"));
    Json containers = Json::array();
    for (const model::Container& container : task.shape.containers)
        containers.push(container_json(runner, task, container));
    out.set("Containers", std::move(containers));
    return out;
}

// The part of Docker's statistics that agents read.
Json stats_json(const planes::containers::CgroupStats& stats,
                const planes::containers::NetworkStats& network, Time now) {
    Json usage = Json::object({{"total_usage", stats.cpu_nanoseconds},
                               {"usage_in_kernelmode", stats.cpu_system_nanoseconds},
                               {"usage_in_usermode", stats.cpu_user_nanoseconds}});
    Json throttling = Json::object({{"throttled_periods", stats.throttled_periods},
                                    {"throttled_time", stats.throttled_nanoseconds}});
    Json memory =
        Json::object({{"usage", stats.memory_bytes}, {"limit", stats.memory_limit_bytes}});
    memory.set("stats", Json::object({{"inactive_file", stats.memory_cache_bytes}}));
    const auto operation = [](const char* name, int64_t value) {
        return Json::object({{"op", name}, {"value", value}});
    };
    Json blocks = Json::array();
    blocks.push(operation("Read", stats.read_bytes));
    blocks.push(operation("Write", stats.written_bytes));
    Json interface = Json::object({{"rx_bytes", network.received_bytes},
                                   {"rx_packets", network.received_packets},
                                   {"rx_errors", network.received_errors},
                                   {"rx_dropped", network.received_dropped},
                                   {"tx_bytes", network.sent_bytes},
                                   {"tx_packets", network.sent_packets},
                                   {"tx_errors", network.sent_errors},
                                   {"tx_dropped", network.sent_dropped}});
    Json out;
    out.set("read", iso8601_millis(now));
    Json cpu = Json::object({{"cpu_usage", std::move(usage)}});
    cpu.set("throttling_data", std::move(throttling));
    out.set("cpu_stats", std::move(cpu));
    out.set("memory_stats", std::move(memory));
    out.set("blkio_stats", Json::object({{"io_service_bytes_recursive", std::move(blocks)}}));
    out.set("pids_stats", Json::object({{"current", stats.processes}}));
    out.set("networks", Json::object({{"eth1", std::move(interface)}}));
    return out;
}

unkai::Task<MetadataAnswer> stats_answer(Engine& engine, std::shared_ptr<TaskRunner> runner,
                                         std::string only) {
    const auto network = co_await engine.plane().network_stats(runner->id());
    Json all;
    for (const auto& [name, id] : runner->metadata_ids()) {
        if (!only.empty() && only != name) continue;
        const auto stats = co_await engine.plane().stats(runner->id(), name);
        if (!stats) continue;
        Json one = stats_json(*stats, network ? *network : planes::containers::NetworkStats{},
                              engine.env().now());
        if (!only.empty()) co_return MetadataAnswer{200, one.dump()};
        all.set(id, std::move(one));
    }
    if (!only.empty()) co_return refused(404, "unable to get stats of the container");
    co_return MetadataAnswer{200, all.dump()};
}

}  // namespace

unkai::Task<MetadataAnswer> Metadata::credentials(std::string id, std::string source) {
    store::Txn txn = engine_.store().begin();
    for (const auto& [key, task] : schema::tasks.list(txn)) {
        if (task.address != source || task.shape.last_status == "STOPPED") continue;
        const auto runner = engine_.runner(std::get<3>(key));
        if (!runner || runner->credentials_id() != id || runner->role_arn().empty()) continue;
        auto found = co_await engine_.surroundings().role_credentials(
            runner->place(), runner->role_arn(), runner->id());
        if (found) co_return MetadataAnswer{200, std::move(*found)};
        co_return MetadataAnswer{
            found.error().status == 403 ? 403 : 500,
            Json::object({{"code", found.error().code}, {"message", found.error().message}})
                .dump()};
    }
    co_return MetadataAnswer{
        404,
        R"({"code":"InvalidIdInRequest","message":"CredentialsV2Request: Credentials not found","HTTPErrorCode":404})"};
}

unkai::Task<MetadataAnswer> Metadata::answer(std::string path, std::string source) {
    path = path.substr(0, path.find('?'));
    const auto words = split(std::string_view(path).substr(path.starts_with('/') ? 1 : 0), '/');
    if (words.size() == 3 && words[0] == "v2" && words[1] == "credentials")
        co_return co_await credentials(std::string(words[2]), source);
    if (words.size() < 2 || words.size() > 4 || (words[0] != "v4" && words[0] != "v3"))
        co_return refused(404, "404 page not found");
    const std::string id(words[1]);
    const auto runner = engine_.runner_by_metadata(id);
    std::optional<StoredTask> task;
    if (runner) {
        store::Txn txn = engine_.store().begin();
        task = schema::tasks.get(txn, runner->key());
    }
    if (!task || task->address != source)
        co_return refused(
            404,
            "V4 metadata handler: unable to get task arn from request: unable to get the task");
    std::string name;
    for (const auto& [container, secret] : runner->metadata_ids())
        if (secret == id) name = container;
    const std::string rest = path.substr(path.find(id) + id.size());
    if (rest == "/stats") co_return co_await stats_answer(engine_, runner, name);
    if (rest == "/task/stats") co_return co_await stats_answer(engine_, runner, "");
    if (rest == "/task" || rest == "/taskWithTags")
        co_return MetadataAnswer{200, task_json(*runner, *task).dump()};
    if (!rest.empty() && rest != "/") co_return refused(404, "404 page not found");
    for (const model::Container& container : task->shape.containers)
        if (container.name == name)
            co_return MetadataAnswer{200, container_json(*runner, *task, container).dump()};
    co_return refused(404, "unable to find the container");
}

}  // namespace unkai::services::ecs
