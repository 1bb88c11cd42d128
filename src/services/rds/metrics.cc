#include "services/rds/metrics.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/log.h"
#include "base/strings.h"
#include "services/rds/instance_class.h"

namespace unkai::services::rds {

namespace {

// User and system time of a process; 0 when it is gone. procfs never blocks.
double cpu_seconds_of(int pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string text((std::istreambuf_iterator<char>(file)), {});
    const size_t name_end = text.rfind(')');
    if (name_end == text.npos) return 0;
    std::istringstream fields(text.substr(name_end + 1));
    std::string skipped;
    for (int i = 0; i < 11; ++i) fields >> skipped;
    double user = 0, system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double resident_bytes_of(int pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
    double total = 0, resident = 0;
    file >> total >> resident;
    return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

constexpr const char* status_query =
    "SHOW GLOBAL STATUS WHERE Variable_name IN ('Queries','Threads_connected','Uptime',"
    "'Com_select','Com_insert','Com_update','Com_delete','Com_commit','Aborted_clients',"
    "'Connections','Slow_queries')";

struct Rate {
    std::string_view metric;
    std::vector<std::string_view> counters;
};

const std::vector<Rate>& rates() {
    static const std::vector<Rate> all{
        {"Queries", {"Queries"}},
        {"SelectThroughput", {"Com_select"}},
        {"InsertThroughput", {"Com_insert"}},
        {"UpdateThroughput", {"Com_update"}},
        {"DeleteThroughput", {"Com_delete"}},
        {"DMLThroughput", {"Com_insert", "Com_update", "Com_delete"}},
        {"CommitThroughput", {"Com_commit"}}};
    return all;
}

double counter(const std::map<std::string, double>& counters, std::string_view name) {
    const auto found = counters.find(std::string(name));
    return found == counters.end() ? 0 : found->second;
}

}  // namespace

Task<Result<MetricsPublisher::Sample>> MetricsPublisher::sample(const std::string& cluster,
                                                                const std::string& instance,
                                                                int pid) {
    Sample out{.at = env_.loop.steady(), .pid = pid, .cpu_seconds = cpu_seconds_of(pid)};
    CO_TRY(const auto reply, co_await plane_.query(cluster, instance, status_query));
    for (const auto& row : reply.rows)
        if (row.size() == 2 && row[0] && row[1])
            out.counters[*row[0]] = parse_double(*row[1]).value_or(0);
    co_return out;
}

Task<void> MetricsPublisher::add_instance(Instance instance, Cluster cluster, aws::Metrics& metrics,
                                          std::map<std::string, Sample>& samples) {
    const std::string in_plane = to_lower(cluster.resource_id);
    const std::string name = to_lower(instance.resource_id);
    const auto health = plane_.health(in_plane, name);
    if (!health || health->state != planes::mysql::State::available) co_return;
    const auto now = co_await sample(in_plane, name, health->pid);
    if (!now) co_return;  // It is just going down.
    const bool writer = health->role == planes::mysql::Role::writer;
    const std::vector<aws::Metrics::Dimensions> places{
        {{"DBInstanceIdentifier", instance.id}},
        {{"DBClusterIdentifier", cluster.id}, {"Role", writer ? "WRITER" : "READER"}},
        {{"DBClusterIdentifier", cluster.id}}};
    const InstanceClass* const size = find_class(instance.instance_class);
    const auto add = [&](std::string_view metric, std::string_view unit, double value) {
        for (const auto& where : places) metrics.add(metric, where, unit, value);
    };
    add("DatabaseConnections", "Count", counter(now->counters, "Threads_connected"));
    add("EngineUptime", "Seconds", counter(now->counters, "Uptime"));
    if (health->lag && !writer)
        add("AuroraReplicaLag", "Milliseconds", static_cast<double>(health->lag->count()) / 1000);
    if (size != nullptr)
        add("FreeableMemory", "Bytes",
            std::max(0.0, size->memory_gib * 0x1p30 - resident_bytes_of(health->pid)));
    samples[instance.resource_id] = *now;
    const auto before = before_.find(instance.resource_id);
    if (before == before_.end() || before->second.pid != now->pid) co_return;
    const double seconds = std::chrono::duration<double>(now->at - before->second.at).count();
    if (seconds <= 0) co_return;
    const int cpus = size != nullptr ? size->cpus : 1;
    const double used = (now->cpu_seconds - before->second.cpu_seconds) / seconds / cpus * 100;
    add("CPUUtilization", "Percent", std::clamp(used, 0.0, 100.0));
    for (const Rate& rate : rates()) {
        double count = 0;
        for (const std::string_view each : rate.counters)
            count += counter(now->counters, each) - counter(before->second.counters, each);
        add(rate.metric, "Count/Second", std::max(0.0, count) / seconds);
    }
}

Task<Status> MetricsPublisher::publish(Time start) {
    struct Row {
        std::string account, region;
        Instance instance;
        Cluster cluster;
    };
    std::vector<Row> rows;
    {
        store::Txn txn = store_.begin();
        for (auto& [key, instance] : schema::instances.list(txn)) {
            const auto& [account, region, id] = key;
            auto cluster = schema::clusters.get(txn, {account, region, instance.cluster});
            if (cluster) rows.push_back({account, region, instance, *std::move(cluster)});
        }
    }
    std::map<std::pair<std::string, std::string>, aws::Metrics> all;
    std::map<std::string, Sample> samples;
    for (Row& row : rows) {
        aws::Metrics& metrics = all.try_emplace({row.account, row.region}, "AWS/RDS").first->second;
        co_await add_instance(std::move(row.instance), std::move(row.cluster), metrics, samples);
    }
    before_ = std::move(samples);
    Status status;
    for (auto& [owner, metrics] : all) {
        const auto caller = aws::service_caller("rds.amazonaws.com", owner.first, owner.second);
        if (Status done = co_await metrics.publish(client_, caller, start); !done)
            status = std::move(done);
    }
    co_return status;
}

Task<void> MetricsPublisher::run(Stop& stop) {
    for (;;) {
        const int64_t now = whole_seconds(env_.now());
        const Time next{std::chrono::seconds{now - now % period + period}};
        if (!co_await env_.loop.sleep(next - env_.now(), &stop)) co_return;
        if (const Status done = co_await publish(next - std::chrono::seconds{period}); !done)
            log::warn("rds: publishing metrics failed", {{"error", done.error().message}});
    }
}

}  // namespace unkai::services::rds
