#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/strings.h"
#include "planes/mysql/cluster.h"

namespace unkai::planes::mysql {

// Recovery after a crash may read much; while the process lives we wait.
constexpr Duration start_limit = 10min;
constexpr Duration stop_grace = 60s;
constexpr int64_t largest_log = 64 << 20;  // Then the file is cut to nothing.

static int64_t size_of(const std::string& path) {
    struct stat info{};
    return ::lstat(path.c_str(), &info) == 0 ? info.st_size : 0;
}

Instance::Instance(Cluster& cluster, std::string name)
    : cluster_(cluster), folder_(cluster.folder + "/" + name) {
    spec_.cluster = cluster.spec.name;
    spec_.name = std::move(name);
    const auto identity = read_small_file(folder_ + "/identity");
    spec_.role = identity && identity->ends_with("writer") ? Role::writer : Role::reader;
}

Instance::~Instance() = default;

void Instance::set_state(State state, std::string message) {
    health_.state = state;
    health_.message = std::move(message);
    health_.role = spec_.role;
    health_.pid = server_.running() ? server_.pid() : 0;
    if (state != State::available) health_.lag.reset();
    cluster_.changed.notify_all();
    if (cluster_.ground.listener.changed)
        cluster_.ground.listener.changed(spec_.cluster, spec_.name, health_);
}

// What a running server cannot change: a server of another identity is replaced, not taken over.
std::string Instance::identity() const {
    return identity_of_network(spec_.network) + " " + spec_.address + ":" +
           std::to_string(spec_.port) + (spec_.role == Role::writer ? " writer" : " reader");
}

std::string Instance::log_path(Log log) const {
    const char* name = log == Log::error        ? "error"
                       : log == Log::slow_query ? "slow_query"
                                                : "general";
    return folder_ + "/log/" + name + ".log";
}

Task<Status> Instance::start(InstanceSpec spec) {
    const Lock::Held held = co_await lock_.take(loop());
    if (wanted_ && health_.state == State::available) co_return ok();
    if (wanted_) {  // Supervision is at it, with an older specification.
        stop_->request();
        co_await server_.terminate(stop_grace);
        co_await scope_.join();
    }
    spec_ = std::move(spec);
    for (const Log log : {Log::error, Log::slow_query, Log::general})
        log_read_[log] = size_of(log_path(log));
    wanted_ = true;
    health_.restarts = 0;
    set_state(State::starting);
    Status made = co_await make_folder_of_instance();
    if (made) made = co_await launch();
    if (!made) {
        wanted_ = false;
        if (server_.running()) co_await server_.terminate(stop_grace);
        set_state(State::failed, made.error().message);
        co_return made;
    }
    stop_ = std::make_unique<Stop>();
    scope_.spawn(supervise());
    scope_.spawn(watch());
    if (std::exchange(unsynced_, false)) scope_.spawn(sync_data());
    co_return ok();
}

Task<void> Instance::stop() {
    const Lock::Held held = co_await lock_.take(loop());
    if (wanted_) {
        wanted_ = false;
        set_state(State::stopping);
        stop_->request();
        co_await server_.terminate(stop_grace);
        co_await scope_.join();
    } else if (const auto left = cluster_.ground.found.find(configuration_path());
               left != cluster_.ground.found.end()) {
        auto server = Server::adopt(loop(), left->second);
        cluster_.ground.found.erase(left);
        if (server) co_await server->terminate(stop_grace);
    }
    server_ = Server{};
    if (health_.state != State::stopped) set_state(State::stopped);
}

Task<void> Instance::leave() {
    const Lock::Held held = co_await lock_.take(loop());
    if (!std::exchange(wanted_, false)) co_return;
    stop_->request();
    co_await scope_.join();
}

Task<Status> Instance::remove() {
    co_await stop();
    const bool keep = cluster_.recorded_writer() == spec_.name &&
                      ::access((folder_ + "/data").c_str(), F_OK) == 0;
    const std::string target = keep ? cluster_.volume() : folder_ + ".gone";
    if (::access(folder_.c_str(), F_OK) != 0) co_return ok();
    co_return co_await cluster_.ground.env.workers.run([from = folder_, target, keep]() -> Status {
        remove_tree(target);
        REQUIRE(rename_file(from, target));
        if (!keep) remove_tree(target);
        return ok();
    });
}

Task<Status> Instance::make_folder_of_instance() {
    const bool writer = spec_.role == Role::writer;
    const bool inherit = writer && ::access((folder_ + "/data").c_str(), F_OK) != 0;
    if (inherit && ::access(cluster_.volume().c_str(), F_OK) == 0) {
        remove_tree(folder_);  // At most an unfinished start is there.
        CO_REQUIRE(rename_file(cluster_.volume(), folder_));
    }
    CO_REQUIRE(make_folder(folder_, 0711, {}));
    const Owner owner = cluster_.ground.owner;
    for (const char* part : {"/log", "/tmp"}) CO_REQUIRE(make_folder(folder_ + part, 0700, owner));
    const auto known = read_small_file(folder_ + "/server-id");
    server_id_ = static_cast<uint32_t>(parse_uint(trim(known.value_or(""))).value_or(0));
    if (server_id_ == 0) {
        server_id_ = cluster_.next_server_id();
        CO_REQUIRE(write_file(folder_ + "/server-id", std::to_string(server_id_), 0600, {}));
    }
    co_return ok();
}

// The data folder appears whole: a start that was cut short begins anew.
Task<Status> Instance::make_data() {
    const std::string data = folder_ + "/data";
    if (rebuild_) {
        rebuild_ = false;
        log::warn("database reader is rebuilt",
                  {{"cluster", spec_.cluster}, {"instance", spec_.name}});
        CO_REQUIRE(
            co_await cluster_.ground.env.workers.run([data] { return remove_tree(data), ok(); }));
    }
    if (::access(data.c_str(), F_OK) == 0) co_return ok();
    const std::string unfinished = folder_ + "/data.new";
    remove_tree(unfinished);
    if (spec_.role == Role::reader) {
        CO_REQUIRE(co_await seed_from_writer(unfinished));
    } else {
        CO_REQUIRE(co_await cluster_.ground.env.workers.run(
            [from = cluster_.ground.template_folder(), unfinished, owner = cluster_.ground.owner] {
                return copy_tree(from, unfinished, owner, [](std::string_view) { return false; });
            }));
        unsynced_ = true;
    }
    co_return rename_file(unfinished, data);
}

// The copied template reaches the disk while the server runs already: the server itself syncs only
// what it writes.
Task<void> Instance::sync_data() {
    const Status synced = co_await cluster_.ground.env.workers.run(
        [data = folder_ + "/data"] { return sync_folder(data); });
    if (!synced) log::error("database files are not synced", {{"error", synced.error().message}});
}

Task<Status> Instance::seed_from_writer(std::string target) {
    const Steady deadline = loop().steady() + 60s;
    while (true) {
        Instance* writer = cluster_.writer();
        if (writer != nullptr && writer->health().state == State::available) {
            CO_TRY(const std::string position, co_await writer->copy_to(target));
            co_return write_file(folder_ + "/seed", position, 0600, {}, false);
        }
        if (cluster_.leaving || co_await cluster_.changed.wait(loop(), deadline) == Wake::timed_out)
            co_return fail("WriterNotAvailable",
                           "The reader " + spec_.name +
                               " has no running writer to "
                               "be copied from: start the cluster's writer.",
                           503);
    }
}

namespace {

struct Thaw {
    Server& server;
    ~Thaw() { server.thaw(); }
};

}  // namespace

Task<Result<std::string>> Instance::copy_to(std::string target) {
    const Lock::Held held = co_await lock_.take(loop());
    const Steady deadline = loop().steady() + 120s;
    CO_TRY(Session session, co_await connect(deadline));
    std::string position;
    for (const std::string& statement : cluster_.ground.engine->hold_for_copy()) {
        CO_TRY(const auto reply, co_await session.query(statement, deadline));
        position = reply.first("position").value_or("");
    }
    const Thaw thaw{server_};
    CO_REQUIRE(co_await server_.freeze());
    CO_REQUIRE(co_await cluster_.ground.env.workers.run([from = folder_ + "/data", target,
                                                         owner = cluster_.ground.owner,
                                                         engine = cluster_.ground.engine.get()] {
        return copy_tree(from, target, owner, [engine](std::string_view path) {
            return engine->skipped_in_copies(path);
        });
    }));
    co_return position;
}

Task<Status> Instance::write_configuration() {
    CO_TRY(const std::string text,
           cluster_.ground.engine->configuration({cluster_.spec, spec_, folder_, server_id_}));
    const Owner readable{0, cluster_.ground.owner.group};
    if (spec_.certificate) {
        const std::string tls = folder_ + "/tls";
        CO_REQUIRE(make_folder(tls, 0750, readable));
        CO_REQUIRE(write_file(tls + "/authority.pem", spec_.certificate->authority, 0640, readable,
                              false));
        CO_REQUIRE(write_file(tls + "/certificate.pem", spec_.certificate->certificate, 0640,
                              readable, false));
        CO_REQUIRE(write_file(tls + "/key.pem", spec_.certificate->key, 0640, readable, false));
    }
    CO_REQUIRE(write_file(configuration_path(), text, 0640, readable, false));
    co_return write_file(folder_ + "/identity", identity(), 0600, {});
}

// Takes over the server that an earlier run left, when it is what we would start; ends it
// otherwise.
Task<bool> Instance::adopt() {
    const auto left = cluster_.ground.found.find(configuration_path());
    if (left == cluster_.ground.found.end()) co_return false;
    const pid_t pid = left->second;
    cluster_.ground.found.erase(left);
    auto server = Server::adopt(loop(), pid);
    if (!server) co_return false;
    server->thaw();  // We may have been killed while it stood still.
    const auto network = network_of(pid);
    const bool same = read_small_file(folder_ + "/identity") == identity() && network &&
                      same_file(network->get(), cluster_.network.get());
    server_ = std::move(*server);
    if (same) {
        const auto session = co_await connect(loop().steady() + 30s);
        if (session) co_return true;
    }
    co_await server_.terminate(stop_grace);
    co_return false;
}

Task<Status> Instance::launch() {
    CO_REQUIRE(cluster_.enter_network());
    was_writer_ = false;
    if (!co_await adopt()) {
        CO_REQUIRE(co_await make_data());
        const auto before = read_small_file(folder_ + "/identity");
        was_writer_ = spec_.role == Role::reader && before && before->ends_with("writer");
        CO_REQUIRE(co_await write_configuration());
        if (!wanted_)
            co_return fail("StartFailed", spec_.name + " was stopped while it started.", 409);
        CO_TRY(Process child, spawn_server());
        CO_TRY(server_, Server::started(loop(), std::move(child)));
    }
    co_return co_await wait_until_serving();
}

Result<Process> Instance::spawn_server() {
    TRY(const net::Address address, net::Address::parse(spec_.address, spec_.port));
    TRY(const Fd public_listener, net::open_listener(spec_.network, address, {.backlog = 128}));
    TRY(const net::Address inner,
        net::Address::parse("127.0.0.1", cluster_.source(server_id_).port));
    TRY(const Fd inner_listener,
        net::open_listener("/proc/self/fd/" + std::to_string(cluster_.network.get()), inner, {}));
    const Fd here(::open(folder_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    TRY(const net::Address socket_path,
        net::Address::unix_socket("/proc/self/fd/" + std::to_string(here.get()) + "/admin.sock"));
    TRY(const Fd admin_listener, net::open_listener("", socket_path, {.unix_mode = 0600}));
    const Fd log(::open(log_path(Log::error).c_str(),
                        O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640));
    const Owner& owner = cluster_.ground.owner;
    if (!log || ::fchown(log.get(), owner.user, owner.group) != 0)
        return fail("FileFailed", "Cannot write " + log_path(Log::error) + ": is the disk full?");

    const Engine& engine = *cluster_.ground.engine;
    SpawnOptions options{
        .argv = engine.command(configuration_path()),
        .environment = engine.environment(3),
        .directory = folder_,
        .output = log.get(),
        .error = log.get(),
        .descriptors = {public_listener.get(), inner_listener.get(), admin_listener.get()},
        .network = cluster_.network.get(),
        .user = cluster_.ground.owner.user,
        .group = cluster_.ground.owner.group};
    return spawn(loop(), options);
}

namespace {

Task<void> request_at_end(Server& server, Stop& done, Stop& dead) {
    if (co_await server.ended(never, &done)) dead.request();
}

}  // namespace

// The listening sockets exist before the server serves: a login simply waits until it does.
Task<Status> Instance::wait_until_serving() {
    const Steady deadline = loop().steady() + start_limit;
    Stop done;
    Stop dead;
    Scope scope;
    scope.spawn(request_at_end(server_, done, dead));
    const Fd here(::open(folder_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    CO_TRY(
        const net::Address address,
        net::Address::unix_socket("/proc/self/fd/" + std::to_string(here.get()) + "/admin.sock"));
    Status served = ok();
    {
        auto session = co_await Session::open(
            loop(), {"", address, cluster_.ground.engine->administrator(), ""}, deadline, &dead);
        served = session ? co_await configure(*session) : Status(session.error());
    }
    const bool died = dead.requested();
    done.request();
    co_await scope.join();
    if (died) {
        const auto log = end_of_file(log_path(Log::error), 1500);
        co_return fail("StartFailed",
                       "The database server of " + spec_.name +
                           " ended while it started. "
                           "The end of its error log:\n" +
                           (log ? *log : ""),
                       503);
    }
    if (!served) co_return std::move(served);
    set_state(State::available);
    co_return ok();
}

Task<Status> Instance::configure(Session& session) {
    const Steady deadline = loop().steady() + 60s;
    if (spec_.role == Role::writer) co_return co_await cluster_.initialise(session, deadline);
    Instance* writer = cluster_.writer();
    if (writer == nullptr || writer->server_id() == 0)
        co_return fail("WriterNotAvailable",
                       "The reader " + spec_.name + " has no writer to follow.", 503);
    auto seed = read_small_file(folder_ + "/seed");
    if (!seed && std::exchange(was_writer_, false)) {
        for (const std::string& statement : cluster_.ground.engine->step_down()) {
            CO_TRY(const auto reply, co_await session.query(statement, deadline));
            seed = reply.first("position");
        }
    }
    for (const std::string& statement :
         cluster_.ground.engine->follow(cluster_.source(writer->server_id()), seed))
        CO_REQUIRE(co_await session.query(statement, deadline));
    if (seed) ::unlink((folder_ + "/seed").c_str());
    co_return ok();
}

Task<Result<Session>> Instance::connect(Steady deadline) {
    const Fd here(::open(folder_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    CO_TRY(
        const net::Address address,
        net::Address::unix_socket("/proc/self/fd/" + std::to_string(here.get()) + "/admin.sock"));
    co_return co_await Session::open(
        loop(), {"", address, cluster_.ground.engine->administrator(), ""}, deadline);
}

// Starts the server again whenever it ends, until stop() asks us to go.
Task<void> Instance::supervise() {
    Duration pause = 100ms;
    while (true) {
        if (!co_await server_.ended(never, stop_.get())) co_return;
        if (!wanted_ || stop_->requested()) co_return;
        log::warn("database server ended", {{"cluster", spec_.cluster}, {"instance", spec_.name}});
        set_state(State::starting, "The server ended and is started again.");
        ++health_.restarts;
        if (!co_await loop().sleep(pause, stop_.get())) co_return;
        const Steady began = loop().steady();
        const Status launched = co_await launch();
        if (stop_->requested()) co_return;
        if (launched) {
            pause = 100ms;
            continue;
        }
        set_state(State::failed, launched.error().message);
        if (server_.running()) co_await server_.terminate(stop_grace);
        if (loop().steady() - began < 10s) pause = std::min<Duration>(pause * 2, 30s);
    }
}

// Once a second: new log lines; every five: does it answer, does replication run?
Task<void> Instance::watch() {
    int unanswered = 0;
    for (int tick = 1; co_await loop().sleep(1s, stop_.get()); ++tick) {
        read_logs();
        if (tick % 5 != 0 || health_.state != State::available) continue;
        const auto session = co_await connect(loop().steady() + 5s);
        unanswered = session ? 0 : unanswered + 1;
        if (unanswered >= 6 && !stop_->requested()) {
            log::warn("database server hangs and is restarted", {{"instance", spec_.name}});
            server_.signal(SIGKILL);
            unanswered = 0;
        }
        if (session && spec_.role == Role::reader) co_await check_replication();
    }
}

Task<void> Instance::check_replication() {
    const Steady deadline = loop().steady() + 5s;
    auto session = co_await connect(deadline);
    if (!session) co_return;
    const auto reply =
        co_await session->query(cluster_.ground.engine->replication_status(), deadline);
    if (!reply || stop_->requested()) co_return;
    const auto value = [&reply](const char* name) { return reply->first(name).value_or(""); };
    health_.lag.reset();
    if (const auto behind = parse_int(value("Seconds_Behind_Master")))
        health_.lag = std::chrono::seconds(*behind);
    const std::string applying = value("Last_SQL_Error");
    const std::string fetching = value("Last_IO_Error");
    health_.message = !applying.empty() ? applying : fetching;
    // Its own position cannot be gone on from: the data differs, or the writer's log is gone.
    const bool lost = !applying.empty() || value("Last_IO_Errno") == "1236";
    if (!lost || loop().steady() - rebuilt_ < 60s) co_return;
    rebuilt_ = loop().steady();
    rebuild_ = true;
    server_.signal(SIGKILL);  // Its data goes; supervision starts it again.
}

void Instance::read_logs() {
    for (const Log log : {Log::error, Log::slow_query, Log::general}) {
        const Fd fd(::open(log_path(log).c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
        if (!fd) continue;
        int64_t& at = log_read_[log];
        const int64_t size = ::lseek(fd.get(), 0, SEEK_END);
        if (size < at) at = 0;  // It was cut or made anew.
        if (size == at && size > largest_log && ::ftruncate(fd.get(), 0) == 0) at = 0;
        if (!cluster_.ground.listener.logged) at = size;
        std::string text(static_cast<size_t>(std::min<int64_t>(size - at, 256 << 10)), '\0');
        const ssize_t got = ::pread(fd.get(), text.data(), text.size(), at);
        const size_t lines = got <= 0 ? 0 : text.rfind('\n', static_cast<size_t>(got) - 1) + 1;
        if (lines == 0) continue;
        at += static_cast<int64_t>(lines);
        text.resize(lines);
        cluster_.ground.listener.logged(spec_.cluster, spec_.name, log, text);
    }
}

}  // namespace unkai::planes::mysql
