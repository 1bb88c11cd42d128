// Real servers: mariadbd processes on 127.0.0.1 and in a namespace, below a temporary folder.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "planes/mysql/local_plane.h"
#include "planes/mysql/password.h"

namespace unkai::planes::mysql {

TEST(MySqlPassword, HashesAndAnswersAsTheServerExpects) {
    EXPECT_EQ(password_hash("password"), "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19");
    EXPECT_EQ(answer_login("", "mysql_native_password", "n")->size(), 0u);
    EXPECT_EQ(answer_login("x", "mysql_native_password", "n")->size(), 20u);
    EXPECT_EQ(answer_login("x", "caching_sha2_password", "n")->size(), 32u);
    EXPECT_FALSE(answer_login("x", "dialog", "n"));
}

TEST(MySqlEngine, RefusesParametersThatThePlaneKeeps) {
    for (const char* name :
         {"datadir", "read_only", "rpl_semi_sync_master_enabled", "plugin_load", "a-b", "x\ny"})
        EXPECT_TRUE(reserved_variable(name)) << name;
    for (const char* name : {"max_connections", "sql_mode", "long_query_time"})
        EXPECT_FALSE(reserved_variable(name)) << name;
}

namespace {

// A folder that the servers' user may enter, unlike the home of root.
struct Folder {
    std::string path;
    Folder() {
        char name[] = "/tmp/unkai-mysql-test-XXXXXX";
        path = ::mkdtemp(name);
        ::chmod(path.c_str(), 0711);
    }
    ~Folder() { std::filesystem::remove_all(path); }
};

struct World {
    Loop loop;
    std::unique_ptr<Random> random = system_random();
    Workers workers{2};
    Env env{loop, *random, workers};
};

ClusterSpec cluster() {
    return {.name = "app",
            .master_user = "admin",
            .master_hash = password_hash("pass'word"),
            .database = "shop"};
}

InstanceSpec writer() {
    return {.cluster = "app",
            .name = "app-1",
            .role = Role::writer,
            .address = "127.0.0.1",
            .port = 33961};
}

InstanceSpec reader() {
    return {.cluster = "app",
            .name = "app-2",
            .role = Role::reader,
            .address = "127.0.0.1",
            .port = 33962};
}

Task<Result<Session>> as_admin(Loop& loop, uint16_t port, std::string network = {}) {
    co_return co_await Session::open(
        loop, {std::move(network), *net::Address::parse("127.0.0.1", port), "admin", "pass'word"},
        loop.steady() + 20s);
}

Task<Result<wire::mysql::Reply>> run_sql(Loop& loop, uint16_t port, std::string sql,
                                         std::string network = {}) {
    CO_TRY(Session session, co_await as_admin(loop, port, std::move(network)));
    co_return co_await session.query(std::move(sql), loop.steady() + 20s);
}

// Until the first value of the answer is `wanted`; replication and supervision have no other
// signal.
Task<bool> becomes(Loop& loop, uint16_t port, std::string sql, std::string wanted) {
    const Steady deadline = loop.steady() + 20s;
    while (loop.steady() < deadline) {
        const auto reply = co_await run_sql(loop, port, sql);
        if (reply && !reply->rows.empty() && reply->rows[0][0] == wanted) co_return true;
        co_await loop.sleep(10ms);
    }
    co_return false;
}

#define CO_ASSERT(condition)                                 \
    do {                                                     \
        const auto& assert_ = (condition);                   \
        if (!assert_) {                                      \
            ADD_FAILURE() << #condition << explain(assert_); \
            co_return;                                       \
        }                                                    \
    } while (0)

template <class T>
std::string explain(const Result<T>& result) {
    return result ? "" : ": " + result.error().code + ": " + result.error().message;
}
std::string explain(bool) { return {}; }

Task<void> grow_and_replicate(World& world, LocalPlane& plane) {
    Loop& loop = world.loop;
    CO_ASSERT(co_await plane.open());
    CO_ASSERT(co_await plane.define(cluster()));
    CO_ASSERT(co_await plane.start(writer()));
    CO_ASSERT(co_await run_sql(loop, 33961,
                               "CREATE TABLE shop.t (id INT PRIMARY KEY AUTO_INCREMENT, v TEXT)"));
    CO_ASSERT(co_await run_sql(loop, 33961, "INSERT INTO shop.t(v) VALUES ('before')"));

    // The reader is copied while writes go on; none of them is missing.
    struct Writes {
        static Task<void> go(Loop& loop, Stop& stop, int& written) {
            auto session = co_await as_admin(loop, 33961);
            while (session && !stop.requested()) {
                const auto reply = co_await session->query("INSERT INTO shop.t(v) VALUES ('x')",
                                                           loop.steady() + 20s);
                written += reply ? 1 : 0;
                EXPECT_TRUE(reply) << reply.error().message;
            }
        }
    };
    Stop stop;
    Scope scope;
    int written = 1;
    scope.spawn(Writes::go(loop, stop, written));
    const Status joined = co_await plane.start(reader());
    stop.request();
    co_await scope.join();
    CO_ASSERT(joined);
    EXPECT_GT(written, 1);
    EXPECT_TRUE(
        co_await becomes(loop, 33962, "SELECT COUNT(*) FROM shop.t", std::to_string(written)));

    const auto refused = co_await run_sql(loop, 33962, "INSERT INTO shop.t(v) VALUES ('no')");
    CO_ASSERT(!refused);
    EXPECT_EQ(refused.error().code, "MySql1290");
    for (const char* sql : {"SET GLOBAL read_only=0", "SET GLOBAL max_connections=5",
                            "INSTALL SONAME 'x'", "SELECT 1 INTO OUTFILE '/tmp/x'"})
        EXPECT_FALSE(co_await run_sql(loop, 33961, sql)) << sql;
    const auto semi_sync =
        co_await plane.query("app", "app-1", "SHOW STATUS LIKE 'Rpl_semi_sync_master_status'");
    CO_ASSERT(semi_sync);
    EXPECT_EQ(semi_sync->first("Value"), "ON");
}

// kill -9 of the writer: the same address serves again, with every committed row, and the reader
// goes on.
Task<void> survive_kills(World& world, LocalPlane& plane) {
    Loop& loop = world.loop;
    CO_ASSERT(co_await run_sql(loop, 33961, "INSERT INTO shop.t(v) VALUES ('committed')"));
    const int before = plane.health("app", "app-1")->pid;
    ::kill(before, SIGKILL);
    EXPECT_TRUE(
        co_await becomes(loop, 33961, "SELECT COUNT(*) FROM shop.t WHERE v='committed'", "1"));
    EXPECT_NE(plane.health("app", "app-1")->pid, before);
    EXPECT_EQ(plane.health("app", "app-1")->restarts, 1);
    ::kill(plane.health("app", "app-2")->pid, SIGKILL);
    CO_ASSERT(co_await run_sql(loop, 33961, "INSERT INTO shop.t(v) VALUES ('after')"));
    EXPECT_TRUE(co_await becomes(loop, 33962, "SELECT COUNT(*) FROM shop.t WHERE v='after'", "1"));
}

Task<void> stop_and_start(World& world, LocalPlane& plane) {
    Loop& loop = world.loop;
    CO_ASSERT(co_await plane.set_master_hash("app", password_hash("other")));
    EXPECT_FALSE(co_await as_admin(loop, 33961));
    CO_ASSERT(co_await plane.set_master_hash("app", password_hash("pass'word")));
    CO_ASSERT(co_await plane.stop("app", "app-2"));
    CO_ASSERT(co_await plane.stop("app", "app-1"));
    EXPECT_EQ(plane.health("app", "app-1")->state, State::stopped);
    EXPECT_FALSE(co_await as_admin(loop, 33961));
    InstanceSpec with_parameters = writer();
    with_parameters.parameters = {{"max_connections", "33"},
                                  {"collation_server", "utf8mb4_0900_ai_ci"},
                                  {"aurora_only_variable", "1"},
                                  {"general_log", "1"}};
    std::string heard;
    plane.listen({.changed = {},
                  .logged = [&heard](const std::string&, const std::string& instance, Log log,
                                     std::string_view lines) {
                      if (instance == "app-1" && log == Log::general) heard += lines;
                  }});
    CO_ASSERT(co_await plane.start(with_parameters));
    CO_ASSERT(co_await plane.start(reader()));
    EXPECT_TRUE(co_await becomes(loop, 33961, "SELECT @@max_connections", "33"));
    EXPECT_TRUE(
        co_await becomes(loop, 33961, "SELECT @@collation_server", "utf8mb4_uca1400_nopad_ai_ci"));
    EXPECT_TRUE(co_await becomes(loop, 33962, "SELECT COUNT(*) FROM shop.t WHERE v='after'", "1"));
    CO_ASSERT(co_await plane.set_variable("app", "app-1", "max_connections", "44"));
    EXPECT_TRUE(co_await becomes(loop, 33961, "SELECT @@max_connections", "44"));
    EXPECT_TRUE(*co_await plane.knows_variable("max_connections"));
    EXPECT_FALSE(*co_await plane.knows_variable("aurora_only_variable"));
    EXPECT_FALSE(*co_await plane.knows_variable("datadir"));
    for (const Steady end = loop.steady() + 10s;
         heard.find("@@collation_server") == heard.npos && loop.steady() < end;)
        co_await loop.sleep(50ms);
    EXPECT_NE(heard.find("SELECT @@max_connections\n"), heard.npos);
    EXPECT_NE(plane.log_end("app", "app-1", Log::error, 100000)->find("ready for connections"),
              heard.npos);
    plane.listen({});
    co_await plane.leave();  // As if we had been killed: the servers run on.
}

// Writer and reader change places, and back; no committed row is missing on either side.
Task<void> change_places(World& world, LocalPlane& plane) {
    Loop& loop = world.loop;
    CO_ASSERT(co_await run_sql(loop, 33961, "INSERT INTO shop.t(v) VALUES ('last')"));
    CO_ASSERT(co_await plane.promote("app", "app-2"));
    CO_ASSERT(co_await run_sql(loop, 33962, "INSERT INTO shop.t(v) VALUES ('first')"));
    EXPECT_TRUE(co_await becomes(loop, 33962, "SELECT COUNT(*) FROM shop.t WHERE v='last'", "1"));
    EXPECT_TRUE(co_await becomes(loop, 33961, "SELECT COUNT(*) FROM shop.t WHERE v='first'", "1"));
    const auto refused = co_await run_sql(loop, 33961, "INSERT INTO shop.t(v) VALUES ('no')");
    CO_ASSERT(!refused);
    EXPECT_EQ(refused.error().code, "MySql1290");
    EXPECT_EQ(plane.writer("app"), "app-2");
    // As after a crash in the midst of it: the owner still takes the old one for the writer.
    CO_ASSERT(co_await plane.stop("app", "app-1"));
    const Status refused_start = co_await plane.start(writer());
    CO_ASSERT(!refused_start);
    EXPECT_EQ(refused_start.error().code, "WriterExists");
    InstanceSpec as_reader = writer();
    as_reader.role = Role::reader;
    CO_ASSERT(co_await plane.start(as_reader));
    CO_ASSERT(co_await plane.promote("app", "app-1"));
    CO_ASSERT(co_await run_sql(loop, 33961, "INSERT INTO shop.t(v) VALUES ('back')"));
    EXPECT_TRUE(co_await becomes(loop, 33962, "SELECT COUNT(*) FROM shop.t WHERE v='back'", "1"));
}

// The next run takes the servers over, and after the writer's removal its data goes to its
// successor.
Task<void> take_over(World& world, LocalPlane& plane, int writer_pid) {
    Loop& loop = world.loop;
    CO_ASSERT(co_await plane.open());
    CO_ASSERT(co_await plane.define({.name = "app"}));
    CO_ASSERT(co_await plane.start(writer()));
    EXPECT_EQ(plane.health("app", "app-1")->pid, writer_pid);
    co_await plane.stop_unclaimed();
    EXPECT_FALSE(co_await as_admin(loop, 33962));
    CO_ASSERT(co_await plane.remove("app", "app-2"));
    CO_ASSERT(co_await plane.remove("app", "app-1"));
    InstanceSpec successor = writer();
    successor.name = "app-3";
    CO_ASSERT(co_await plane.start(successor));
    EXPECT_TRUE(co_await becomes(loop, 33961, "SELECT COUNT(*) FROM shop.t WHERE v='after'", "1"));
    co_await plane.purge();
}

// The same address in two networks: each answers in its own, and a network that is gone is an
// error.
Task<void> serve_in_namespaces(World& world, LocalPlane& plane, std::string first,
                               std::string second) {
    Loop& loop = world.loop;
    CO_ASSERT(co_await plane.open());
    CO_ASSERT(co_await plane.define(cluster()));
    InstanceSpec spec = writer();
    spec.network = "/run/unkai-no-such-network";
    const Status gone = co_await plane.start(spec);
    CO_ASSERT(!gone);
    EXPECT_EQ(gone.error().code, "NetworkNotFound");
    EXPECT_EQ(plane.health("app", "app-1")->state, State::failed);
    spec.network = first;
    CO_ASSERT(co_await plane.start(spec));
    InstanceSpec other = reader();
    other.network = second;
    other.port = spec.port;
    CO_ASSERT(co_await plane.start(other));
    const auto from_first = co_await run_sql(loop, spec.port, "SELECT @@read_only", first);
    const auto from_second = co_await run_sql(loop, spec.port, "SELECT @@read_only", second);
    CO_ASSERT(from_first);
    CO_ASSERT(from_second);
    EXPECT_EQ(from_first->rows[0][0], "0");
    EXPECT_EQ(from_second->rows[0][0], "1");
    EXPECT_FALSE(co_await as_admin(loop, spec.port));
    InstanceSpec rival = writer();
    rival.name = "app-9";
    const Status refused = co_await plane.start(rival);
    CO_ASSERT(!refused);
    EXPECT_EQ(refused.error().code, "WriterExists");
}

}  // namespace

TEST(MySqlPlane, ServesInsideTheNamespacesGiven) {
    const Folder folder;
    World world;
    const Fd first = *make_private_network();
    const Fd second = *make_private_network();
    const std::string self = "/proc/self/fd/";
    LocalPlane plane(world.env, folder.path + "/mysql");
    world.loop.run_until_done(serve_in_namespaces(world, plane, self + std::to_string(first.get()),
                                                  self + std::to_string(second.get())));
    world.loop.run_until_done(plane.purge());
}

TEST(MySqlPlane, SaysWhichFolderTheServersCannotEnter) {
    const Folder folder;
    ::chmod(folder.path.c_str(), 0700);
    World world;
    LocalPlane plane(world.env, folder.path + "/mysql");
    const Status opened = world.loop.run_until_done(plane.open());
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, "DirectoryNotReachable");
    EXPECT_NE(opened.error().message.find("chmod o+x " + folder.path), std::string::npos);
}

TEST(MySqlPlane, LivesThroughWritesKillsStopsAndTakeOver) {
    const Folder folder;
    const std::string root = folder.path + "/mysql";
    int pid = 0;
    {
        World world;
        LocalPlane plane(world.env, root);
        for (const auto act : {grow_and_replicate, survive_kills, change_places, stop_and_start}) {
            world.loop.run_until_done(act(world, plane));
            if (testing::Test::HasFailure()) {
                world.loop.run_until_done(plane.purge());
                return;
            }
        }
        pid = plane.health("app", "app-1")->pid;
    }
    EXPECT_EQ(find_servers(root).size(), 2u);
    World world;
    LocalPlane plane(world.env, root);
    world.loop.run_until_done(take_over(world, plane, pid));
    world.loop.run_until_done(plane.purge());
    EXPECT_EQ(find_servers(root).size(), 0u);
    EXPECT_FALSE(std::filesystem::exists(root));
}

}  // namespace unkai::planes::mysql
