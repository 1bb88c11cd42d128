#include "services/ecs/metrics.h"

#include "base/log.h"
#include "base/strings.h"

namespace unkai::services::ecs {

namespace {

constexpr double bytes_per_megabyte = 1024 * 1024;

double number_of(const std::optional<std::string>& text) {
    return parse_double(text.value_or("")).value_or(0);
}

bool has_insights(const model::Cluster& cluster) {
    for (const auto& setting : cluster.settings)
        if (setting.name == "containerInsights")
            return setting.value == "enabled" || setting.value == "enhanced";
    return false;
}

// "web" of arn:…:task-definition/web:7
std::string family_of(const StoredTask& task) {
    const std::string arn = task.shape.task_definition_arn.value_or("");
    const size_t slash = arn.rfind('/');
    const std::string name = slash == arn.npos ? arn : arn.substr(slash + 1);
    return name.substr(0, name.find(':'));
}

}  // namespace

unkai::Task<MetricsPublisher::Use> MetricsPublisher::use_of(const StoredTask& task,
                                                            std::string id) {
    Use out;
    for (const auto& container : task.shape.containers) {
        const auto stats = co_await plane_.stats(id, container.name.value_or(""));
        if (!stats) continue;  // It has not begun, or has ended.
        out.cpu_nanoseconds += stats->cpu_nanoseconds;
        out.memory_bytes += stats->memory_bytes - stats->memory_cache_bytes;
        out.read_bytes += stats->read_bytes;
        out.written_bytes += stats->written_bytes;
    }
    if (const auto network = co_await plane_.network_stats(id)) {
        out.received_bytes = network->received_bytes;
        out.sent_bytes = network->sent_bytes;
    }
    co_return out;
}

void MetricsPublisher::add_insights(const TaskKey& key, const StoredTask& task, const Use& since,
                                    double seconds, aws::Metrics& metrics) {
    const std::string& cluster = std::get<2>(key);
    std::vector<aws::Metrics::Dimensions> places{
        {{"ClusterName", cluster}},
        {{"ClusterName", cluster}, {"TaskDefinitionFamily", family_of(task)}}};
    if (!task.service.empty())
        places.push_back({{"ClusterName", cluster}, {"ServiceName", task.service}});
    const double cpu = static_cast<double>(since.cpu_nanoseconds) / 1e9 / seconds * 1024;
    for (const auto& where : places) {
        metrics.add("CpuUtilized", where, "None", cpu);
        metrics.add("CpuReserved", where, "None", number_of(task.shape.cpu));
        metrics.add("MemoryUtilized", where, "Megabytes",
                    static_cast<double>(since.memory_bytes) / bytes_per_megabyte);
        metrics.add("MemoryReserved", where, "Megabytes", number_of(task.shape.memory));
        metrics.add("StorageReadBytes", where, "Bytes", static_cast<double>(since.read_bytes));
        metrics.add("StorageWriteBytes", where, "Bytes", static_cast<double>(since.written_bytes));
        metrics.add("NetworkRxBytes", where, "Bytes/Second",
                    static_cast<double>(since.received_bytes) / seconds);
        metrics.add("NetworkTxBytes", where, "Bytes/Second",
                    static_cast<double>(since.sent_bytes) / seconds);
    }
}

unkai::Task<void> MetricsPublisher::add_task(const TaskKey& key, const StoredTask& task,
                                             bool insights, Both& metrics,
                                             std::map<std::string, Sample>& samples) {
    const std::string& id = std::get<3>(key);
    const Sample sample{co_await use_of(task, id), env_.loop.steady()};
    samples[id] = sample;
    const auto before = before_.find(id);
    if (before == before_.end()) co_return;
    const double seconds = std::chrono::duration<double>(sample.at - before->second.at).count();
    const Use& old = before->second.use;
    if (seconds <= 0 || sample.use.cpu_nanoseconds < old.cpu_nanoseconds) co_return;
    Use since = sample.use;
    since.cpu_nanoseconds -= old.cpu_nanoseconds;
    since.read_bytes = std::max<int64_t>(0, since.read_bytes - old.read_bytes);
    since.written_bytes = std::max<int64_t>(0, since.written_bytes - old.written_bytes);
    since.received_bytes = std::max<int64_t>(0, since.received_bytes - old.received_bytes);
    since.sent_bytes = std::max<int64_t>(0, since.sent_bytes - old.sent_bytes);
    const double cpus = number_of(task.shape.cpu) / 1024;
    const double memory = number_of(task.shape.memory) * bytes_per_megabyte;
    if (!task.service.empty() && cpus > 0 && memory > 0) {
        const aws::Metrics::Dimensions where{{"ClusterName", std::get<2>(key)},
                                             {"ServiceName", task.service}};
        metrics.service.add(
            "CPUUtilization", where, "Percent",
            static_cast<double>(since.cpu_nanoseconds) / 1e9 / seconds / cpus * 100);
        metrics.service.add("MemoryUtilization", where, "Percent",
                            static_cast<double>(since.memory_bytes) / memory * 100);
    }
    if (insights) add_insights(key, task, since, seconds, metrics.insights);
}

void MetricsPublisher::add_counts(store::Txn& txn, const Owner& owner, const std::string& cluster,
                                  aws::Metrics& metrics) {
    std::map<std::string, std::pair<int, int>> tasks;  // By service: running, pending.
    int all = 0;
    for (const auto& [key, task] : schema::tasks.list(txn, owner.first, owner.second, cluster)) {
        const bool running = task.shape.last_status == "RUNNING";
        if (task.shape.last_status == "STOPPED") continue;
        all += running;
        (running ? tasks[task.service].first : tasks[task.service].second) += 1;
    }
    const aws::Metrics::Dimensions whole{{"ClusterName", cluster}};
    metrics.add("TaskCount", whole, "Count", all);
    const auto services = schema::services.list(txn, owner.first, owner.second, cluster);
    metrics.add("ServiceCount", whole, "Count", static_cast<double>(services.size()));
    for (const auto& [key, service] : services) {
        const std::string& name = std::get<3>(key);
        const aws::Metrics::Dimensions where{{"ClusterName", cluster}, {"ServiceName", name}};
        metrics.add("DesiredTaskCount", where, "Count", service.shape.desired_count.value_or(0));
        metrics.add("RunningTaskCount", where, "Count", tasks[name].first);
        metrics.add("PendingTaskCount", where, "Count", tasks[name].second);
        metrics.add("DeploymentCount", where, "Count",
                    static_cast<double>(service.deployments.size()));
    }
}

unkai::Task<Status> MetricsPublisher::publish(Time start) {
    std::map<Owner, Both> all;
    std::vector<std::pair<TaskKey, StoredTask>> running;
    std::set<std::tuple<std::string, std::string, std::string>> insights;
    {
        store::Txn txn = store_.begin();
        for (const auto& [key, cluster] : schema::clusters.list(txn)) {
            if (!has_insights(cluster)) continue;
            const Owner owner{std::get<0>(key), std::get<1>(key)};
            insights.insert({owner.first, owner.second, std::get<2>(key)});
            add_counts(txn, owner, std::get<2>(key), all[owner].insights);
        }
        for (auto& [key, task] : schema::tasks.list(txn))
            if (task.shape.last_status == "RUNNING") running.emplace_back(key, std::move(task));
    }
    std::map<std::string, Sample> samples;
    for (const auto& [key, task] : running) {
        const auto& [account, region, cluster, id] = key;
        const bool detailed = insights.contains({account, region, cluster});
        co_await add_task(key, task, detailed, all[{account, region}], samples);
    }
    before_ = std::move(samples);
    Status status;
    for (auto& [owner, metrics] : all) {
        const auto caller = aws::service_caller("ecs.amazonaws.com", owner.first, owner.second);
        for (aws::Metrics* each : {&metrics.service, &metrics.insights})
            if (Status done = co_await each->publish(client_, caller, start); !done)
                status = std::move(done);
    }
    co_return status;
}

unkai::Task<void> MetricsPublisher::run(Stop& stop) {
    for (;;) {
        const int64_t now = whole_seconds(env_.now());
        const Time next{std::chrono::seconds{now - now % period + period}};
        if (!co_await env_.loop.sleep(next - env_.now(), &stop)) co_return;
        if (const Status done = co_await publish(next - std::chrono::seconds{period}); !done)
            log::warn("ecs: publishing metrics failed", {{"error", done.error().message}});
    }
}

}  // namespace unkai::services::ecs
