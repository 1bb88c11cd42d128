#include "planes/mysql/local_plane.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/log.h"
#include "base/strings.h"

namespace unkai::planes::mysql {

std::string_view text(State state) {
    switch (state) {
        case State::stopped:
            return "stopped";
        case State::starting:
            return "starting";
        case State::available:
            return "available";
        case State::stopping:
            return "stopping";
        case State::failed:
            return "failed";
    }
    return "failed";
}

// A user of the servers' own: the package's if it is there, else a number that nobody has.
static Owner server_owner() {
    if (const passwd* entry = ::getpwnam("mysql")) return {entry->pw_uid, entry->pw_gid};
    return {61306, 61306};
}

static bool good_name(std::string_view name) {
    return !name.empty() && name.size() <= 63 && name.front() != '-' &&
           name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") ==
               std::string_view::npos;
}

LocalPlane::LocalPlane(Env env, std::string root)
    : ground_{env, std::move(root), server_owner(), nullptr, {}, {}} {}

LocalPlane::~LocalPlane() = default;

Cluster* LocalPlane::find(const std::string& name) const {
    const auto found = clusters_.find(name);
    return found == clusters_.end() ? nullptr : found->second.get();
}

Result<std::shared_ptr<Instance>> LocalPlane::find(const std::string& cluster,
                                                   const std::string& name) const {
    const Cluster* owner = find(cluster);
    if (owner == nullptr)
        return fail("ClusterNotFound", "There is no database cluster " + cluster + ".", 404);
    const auto found = owner->instances.find(name);
    if (found == owner->instances.end())
        return fail("InstanceNotFound", "The cluster " + cluster + " has no instance " + name + ".",
                    404);
    return found->second;
}

Task<Status> LocalPlane::open() {
    CO_REQUIRE(
        co_await ground_.env.workers.run([root = ground_.root, owner = ground_.owner]() -> Status {
            std::error_code failure;
            std::filesystem::create_directories(root, failure);
            if (failure)
                return fail("FileFailed", "Cannot make " + root + ": " + failure.message() + ".");
            REQUIRE(make_folder(root, 0711, {}));
            REQUIRE(make_folder(root + "/clusters", 0711, {}));
            return reachable(root, owner);
        }));
    opened_ = true;
    for (const Found& server : find_servers(ground_.root))
        ground_.found[server.configuration] = server.pid;
    if (!ground_.found.empty())
        log::info("database servers of an earlier run",
                  {{"count", std::to_string(ground_.found.size())}});
    co_return ok();
}

Task<Status> LocalPlane::find_engine_once() {
    if (ground_.engine) co_return ok();
    CO_TRY(ground_.engine, co_await find_engine(ground_.env.loop));
    co_return ok();
}

Task<Status> LocalPlane::prepare() {
    const Lock::Held held = co_await preparing_.take(ground_.env.loop);
    CO_REQUIRE(co_await find_engine_once());
    const std::string folder = ground_.template_folder();
    if (::access(folder.c_str(), F_OK) == 0) co_return ok();
    co_return co_await make_template(folder);
}

Task<Status> LocalPlane::make_template(std::string folder) {
    Loop& loop = ground_.env.loop;
    const std::string unfinished = folder + ".new";
    const std::string input = folder + ".sql";
    CO_TRY(const std::string statements, ground_.engine->bootstrap_statements());
    CO_REQUIRE(co_await ground_.env.workers.run(
        [unfinished, input, statements, owner = ground_.owner]() -> Status {
            remove_tree(unfinished);
            REQUIRE(make_folder(unfinished, 0700, owner));
            return write_file(input, statements, 0600, {});
        }));
    const Fd script(::open(input.c_str(), O_RDONLY | O_CLOEXEC));
    SpawnOptions options{.argv = ground_.engine->bootstrap_command(unfinished),
                         .directory = unfinished,
                         .input = script.get(),
                         .user = ground_.owner.user,
                         .group = ground_.owner.group,
                         .die_with_parent = true};
    CO_TRY(const Output output, co_await run(loop, std::move(options), loop.steady() + 120s));
    ::unlink(input.c_str());
    if (!output.exit.ok() || output.error.find("[ERROR]") != std::string::npos)
        co_return fail(
            "StartFailed",
            "The database server could not make its first data (" + output.exit.text() + "):\n" +
                output.error.substr(output.error.size() > 1500 ? output.error.size() - 1500 : 0),
            503);
    co_return rename_file(unfinished, folder);
}

Task<void> LocalPlane::stop_found(std::string below) {
    std::vector<pid_t> pids;
    for (auto at = ground_.found.begin(); at != ground_.found.end();) {
        if (!at->first.starts_with(below)) {
            ++at;
            continue;
        }
        pids.push_back(at->second);
        at = ground_.found.erase(at);
    }
    for (const pid_t pid : pids) {
        auto server = Server::adopt(ground_.env.loop, pid);
        if (server) co_await server->terminate(60s);
    }
}

Task<void> LocalPlane::stop_unclaimed() { co_await stop_found(ground_.root + "/"); }

Task<Status> LocalPlane::define(ClusterSpec spec) {
    if (!good_name(spec.name))
        co_return fail("InvalidName", "A cluster's name has 1 to 63 of a-z, 0-9 and '-'.", 400);
    auto& cluster = clusters_[spec.name];
    if (cluster) {
        cluster->spec.binlog_kept = spec.binlog_kept;
        co_return ok();
    }
    cluster = std::make_unique<Cluster>(ground_);
    cluster->folder = ground_.root + "/clusters/" + spec.name;
    cluster->spec = std::move(spec);
    if (cluster->load()) co_return ok();
    cluster->replication_password = ground_.env.random.alphanumeric(32);
    Status made = make_folder(cluster->folder, 0711, {});
    if (made) made = cluster->save();
    if (!made) clusters_.erase(std::string(cluster->spec.name));
    co_return made;
}

Task<Status> LocalPlane::start(InstanceSpec spec) {
    if (!good_name(spec.name))
        co_return fail("InvalidName", "An instance's name has 1 to 63 of a-z, 0-9 and '-'.", 400);
    for (const auto& [name, value] : spec.parameters)
        if (reserved_variable(name))
            co_return fail("ReservedParameter", "The parameter " + name + " cannot be set.", 400);
    Cluster* cluster = find(spec.cluster);
    if (cluster == nullptr || cluster->leaving)
        co_return fail("ClusterNotFound", "There is no database cluster " + spec.cluster + ".",
                       404);
    const std::string writer = cluster->recorded_writer();
    if (!writer.empty() && (spec.role == Role::writer) != (writer == spec.name))
        co_return fail("WriterExists",
                       "The writer of the cluster " + spec.cluster + " is " + writer + ".", 409);
    if (spec.role == Role::writer && writer.empty()) CO_REQUIRE(cluster->record_writer(spec.name));
    auto& entry = cluster->instances[spec.name];
    if (!entry) entry = std::make_shared<Instance>(*cluster, spec.name);
    const std::shared_ptr<Instance> instance = entry;
    CO_REQUIRE(co_await prepare());
    co_return co_await instance->start(std::move(spec));
}

Task<Status> LocalPlane::stop(std::string cluster, std::string instance) {
    Cluster* owner = find(cluster);
    if (owner == nullptr)
        co_return fail("ClusterNotFound", "There is no database cluster " + cluster + ".", 404);
    auto& entry = owner->instances[instance];
    if (!entry) entry = std::make_shared<Instance>(*owner, instance);
    const std::shared_ptr<Instance> target = entry;
    co_await target->stop();
    co_return ok();
}

Task<Status> LocalPlane::remove(std::string cluster, std::string instance) {
    Cluster* owner = find(cluster);
    if (owner == nullptr || !good_name(instance)) co_return ok();
    auto& entry = owner->instances[instance];
    if (!entry) entry = std::make_shared<Instance>(*owner, instance);
    const std::shared_ptr<Instance> target = entry;
    CO_REQUIRE(co_await target->remove());
    if (owner->recorded_writer() == instance) CO_REQUIRE(owner->record_writer(""));
    owner->instances.erase(instance);
    co_return ok();
}

Task<Status> LocalPlane::remove_cluster(std::string name) {
    if (!good_name(name)) co_return ok();
    const std::string folder = ground_.root + "/clusters/" + name;
    if (Cluster* cluster = find(name)) {
        cluster->leaving = true;
        cluster->changed.notify_all();
        while (!cluster->instances.empty()) {
            const std::shared_ptr<Instance> instance = cluster->instances.begin()->second;
            co_await instance->stop();
            cluster->instances.erase(instance->spec().name);
        }
        clusters_.erase(name);
    }
    co_await stop_found(folder + "/");
    co_return co_await ground_.env.workers.run([folder] { return remove_tree(folder), ok(); });
}

namespace {

Task<void> stop_one(std::shared_ptr<Instance> instance) { co_await instance->stop(); }

}  // namespace

// Readers first, so that no writer waits for one that goes.
Task<void> LocalPlane::stop_all() {
    for (const Role role : {Role::reader, Role::writer}) {
        Scope scope;
        for (const auto& [name, cluster] : clusters_)
            for (const auto& [instance_name, instance] : cluster->instances)
                if (instance->spec().role == role) scope.spawn(stop_one(instance));
        co_await scope.join();
    }
    co_await stop_found(ground_.root + "/");
}

Task<void> LocalPlane::leave() {
    for (const auto& [name, cluster] : clusters_)
        for (const auto& [instance_name, instance] : cluster->instances) co_await instance->leave();
}

Task<void> LocalPlane::purge() {
    co_await stop_all();
    clusters_.clear();
    const Status removed =
        co_await ground_.env.workers.run([root = ground_.root] { return remove_tree(root), ok(); });
    if (!removed) log::error("database files are left", {{"folder", ground_.root}});
}

std::optional<std::string> LocalPlane::writer(const std::string& cluster) const {
    const Cluster* found = find(cluster);
    std::string name = found == nullptr ? "" : found->recorded_writer();
    if (name.empty()) return std::nullopt;
    return name;
}

std::optional<Health> LocalPlane::health(const std::string& cluster,
                                         const std::string& instance) const {
    const auto found = find(cluster, instance);
    if (!found) return std::nullopt;
    return (*found)->health();
}

Task<Status> LocalPlane::set_master_hash(std::string name, std::string hash) {
    Cluster* cluster = find(name);
    if (cluster == nullptr)
        co_return fail("ClusterNotFound", "There is no database cluster " + name + ".", 404);
    cluster->spec.master_hash = std::move(hash);
    CO_REQUIRE(cluster->save());
    Instance* writer = cluster->writer();
    if (writer == nullptr || writer->health().state != State::available) co_return ok();
    const Steady deadline = ground_.env.loop.steady() + 30s;
    CO_TRY(Session session, co_await writer->connect(deadline));
    co_return co_await cluster->initialise(session, deadline);
}

Task<Status> LocalPlane::set_variable(std::string cluster, std::string instance, std::string name,
                                      std::string value) {
    if (reserved_variable(name))
        co_return fail("ReservedParameter", "The parameter " + name + " cannot be set.", 400);
    // Numbers must not be quoted, words may be.
    const bool number = parse_double(value).has_value();
    CO_TRY(const auto reply, co_await query(cluster, instance,
                                            "SET GLOBAL " + wire::mysql::quote_name(name) + "=" +
                                                (number ? value : wire::mysql::quote(value))));
    co_return ok();
}

Task<Result<wire::mysql::Reply>> LocalPlane::query(std::string cluster, std::string instance,
                                                   std::string sql) {
    CO_TRY(const std::shared_ptr<Instance> target, find(cluster, instance));
    if (target->health().state != State::available)
        co_return fail("StartFailed", "The instance " + instance + " does not run.", 503);
    const Steady deadline = ground_.env.loop.steady() + 30s;
    CO_TRY(Session session, co_await target->connect(deadline));
    co_return co_await session.query(std::move(sql), deadline);
}

Result<std::string> LocalPlane::log_end(const std::string& cluster, const std::string& instance,
                                        Log log, size_t most) const {
    TRY(const std::shared_ptr<Instance> target, find(cluster, instance));
    return end_of_file(target->log_path(log), most);
}

Task<Result<std::string>> LocalPlane::engine() {
    if (!opened_)
        co_return fail("PlaneClosed",
                       "Databases do not run in this Unkai: it could not make their networks or "
                       "folder when it "
                       "started. Its log and unkai doctor say why; it needs root.",
                       503);
    CO_REQUIRE(co_await find_engine_once());
    co_return ground_.engine->name();
}

Task<Result<bool>> LocalPlane::knows_variable(std::string name) {
    CO_REQUIRE(co_await find_engine_once());
    if (variables_.empty()) {
        SpawnOptions options{.argv = ground_.engine->list_variables_command()};
        CO_TRY(const Output output,
               co_await run(ground_.env.loop, std::move(options), ground_.env.loop.steady() + 20s));
        bool table = false;  // "name<spaces>value" follows a line of dashes.
        for (const std::string_view line : split(output.output, '\n')) {
            if (line.starts_with("-----"))
                table = true;
            else if (table && !line.empty())
                variables_.insert(replace_all(split_once(line, ' ').first, "-", "_"));
        }
    }
    co_return variables_.contains(name) && !reserved_variable(name);
}

}  // namespace unkai::planes::mysql
