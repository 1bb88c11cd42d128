#include <array>
#include <set>

#include "base/strings.h"
#include "planes/mysql/engine.h"
#include "planes/mysql/files.h"
#include "rt/process.h"

namespace unkai::planes::mysql {

namespace {

// Everything that costs memory or start-up time is small here: 60 MiB a server, 0.2 s to start.
constexpr std::string_view trimmed = R"(
performance_schema=OFF
innodb_buffer_pool_size=24M
innodb_log_file_size=16M
innodb_log_buffer_size=2M
innodb_data_file_path=ibdata1:4M:autoextend
innodb_autoextend_increment=4
innodb_temp_data_file_path=ibtmp1:4M:autoextend
innodb_buffer_pool_dump_at_shutdown=OFF
innodb_buffer_pool_load_at_startup=OFF
key_buffer_size=1M
aria_pagecache_buffer_size=2M
table_open_cache=400
table_definition_cache=400
open_files_limit=8192
max_connections=90
loose_feedback=OFF
)";

// What Aurora MySQL 3 answers where MariaDB's own default differs.
constexpr std::string_view as_on_aws = R"(
character_set_server=utf8mb4
collation_server=utf8mb4_uca1400_nopad_ai_ci
sql_mode=NO_ENGINE_SUBSTITUTION
max_allowed_packet=64M
local_infile=OFF
skip_name_resolve=ON
event_scheduler=OFF
slow_query_log=OFF
general_log=OFF
log_output=FILE
)";

constexpr std::string_view replicated = R"(
log_bin=binlog
binlog_format=ROW
max_binlog_size=64M
gtid_strict_mode=ON
log_slave_updates=ON
relay_log=relay
relay_log_recovery=ON
skip_slave_start=ON
slave_net_timeout=10
loose_slave_connections_needed_for_purge=0
rpl_semi_sync_master_enabled=ON
rpl_semi_sync_master_wait_point=AFTER_SYNC
rpl_semi_sync_master_wait_no_slave=OFF
rpl_semi_sync_master_timeout=1000
rpl_semi_sync_slave_enabled=ON
)";

// AWS's rights of a master user, in MariaDB's names. Neither SUPER nor READ_ONLY ADMIN: a reader
// refuses its writes.
constexpr std::string_view master_rights =
    "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, "
    "SHOW DATABASES, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, BINLOG "
    "MONITOR, "
    "SLAVE MONITOR, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, "
    "TRIGGER";

// MySQL 8's collations by their nearest kin here: Unicode 14 for 9, both without padding.
std::string translated(std::string_view name, std::string value) {
    if (name != "collation_server" && name != "collation_connection") return value;
    return replace_all(value, "utf8mb4_0900_", "utf8mb4_uca1400_nopad_");
}

class MariaEngine final : public Engine {
public:
    MariaEngine(std::string program, std::string version)
        : program_(std::move(program)), version_(std::move(version)) {}

    std::string name() const override { return "mariadbd " + version_; }
    const std::string& program() const override { return program_; }
    std::string administrator() const override { return "root"; }

    Result<std::string> configuration(const Launch& launch) const override {
        const InstanceSpec& spec = launch.instance;
        const bool writer = spec.role == Role::writer;
        std::string out = "# Written by Unkai at each start of the server.\n[mariadbd]\n";
        out += trimmed.substr(1);
        out += as_on_aws.substr(1);
        for (const auto& [name, value] : spec.parameters) {
            if (reserved_variable(name))
                return fail("ReservedParameter", "The parameter " + name + " cannot be set.", 400);
            if (value.find_first_of("\r\n") != std::string::npos)
                return fail("ReservedParameter", "The value of " + name + " has a line break.",
                            400);
            out += "loose_" + name + "='" +
                   replace_all(replace_all(translated(name, value), "\\", "\\\\"), "'", "\\'") +
                   "'\n";
        }
        out += replicated.substr(1);
        const auto set = [&out](std::string_view name, const std::string& value) {
            out.append(name).append("=").append(value) += '\n';
        };
        set("binlog_expire_logs_seconds",
            std::to_string(
                std::chrono::duration_cast<std::chrono::seconds>(launch.cluster.binlog_kept)
                    .count()));
        // A reader's disk may lag: what it lost after a power failure, it gets again from its
        // writer.
        set("innodb_flush_log_at_trx_commit", writer ? "1" : "2");
        set("sync_binlog", writer ? "1" : "0");
        set("read_only", writer ? "OFF" : "ON");
        set("server_id", std::to_string(launch.server_id));
        set("port", std::to_string(spec.port));
        set("datadir", launch.folder + "/data");
        set("tmpdir", launch.folder + "/tmp");
        set("secure_file_priv", launch.folder + "/tmp");
        set("pid_file", "server.pid");
        set("socket", "unused.sock");
        set("log_error", launch.folder + "/log/error.log");
        set("slow_query_log_file", launch.folder + "/log/slow_query.log");
        set("general_log_file", launch.folder + "/log/general.log");
        if (spec.certificate) {
            set("ssl_cert", launch.folder + "/tls/certificate.pem");
            set("ssl_key", launch.folder + "/tls/key.pem");
            set("ssl_ca", launch.folder + "/tls/authority.pem");
        }
        return out;
    }

    // The socket protocol of systemd wants the server's own pid, which only the process itself
    // knows.
    std::vector<std::string> command(const std::string& configuration_path) const override {
        return {"/bin/sh", "-c", "LISTEN_PID=$$ exec \"$0\" \"$@\"", program_,
                "--defaults-file=" + configuration_path};
    }
    std::vector<std::string> environment(size_t sockets) const override {
        return {"LISTEN_FDS=" + std::to_string(sockets), "TZ=UTC", "PATH=/usr/bin:/bin"};
    }

    std::vector<std::string> bootstrap_command(const std::string& data) const override {
        return {program_,
                "--no-defaults",
                "--bootstrap",
                "--skip-networking",
                "--datadir=" + data,
                "--innodb-data-file-path=ibdata1:4M:autoextend",
                "--innodb-autoextend-increment=1",
                "--innodb-temp-data-file-path=ibtmp1:4M:autoextend",
                "--innodb-log-file-size=16M",
                "--innodb-buffer-pool-size=24M",
                "--innodb-flush-log-at-trx-commit=0",
                "--innodb-buffer-pool-dump-at-shutdown=OFF",
                "--tmpdir=" + data};
    }

    Result<std::string> bootstrap_statements() const override {
        std::string out = "CREATE DATABASE mysql;\nUSE mysql;\n";
        for (const char* file : {"mysql_system_tables.sql", "mysql_performance_tables.sql",
                                 "mysql_system_tables_data.sql", "maria_add_gis_sp_bootstrap.sql",
                                 "mysql_sys_schema.sql"}) {
            const auto text = read_small_file(std::string("/usr/share/mysql/") + file);
            if (!text)
                return fail("EngineMissing",
                            std::string("/usr/share/mysql/") + file +
                                " is missing: apt-get install --reinstall mariadb-server-core",
                            503);
            out += *text + "\n";
        }
        out +=
            "USE mysql;\n"
            "DELETE FROM global_priv WHERE NOT (Host='localhost' AND User IN "
            "('root','mariadb.sys'));\n"
            "DELETE FROM proxies_priv;\nDELETE FROM db;\nFLUSH PRIVILEGES;\n"
            "CREATE OR REPLACE USER root@localhost IDENTIFIED VIA unix_socket;\n"
            "GRANT ALL PRIVILEGES ON *.* TO root@localhost WITH GRANT OPTION;\n";
        return out;
    }

    bool skipped_in_copies(std::string_view path) const override {
        for (const std::string_view start : {"binlog.", "relay.", "relay-log", "master.info",
                                             "multi-master.info", "ibtmp", "server.pid"})
            if (path.starts_with(start)) return true;
        return false;
    }

    std::vector<std::string> first_statements(const ClusterSpec& cluster,
                                              const Source& source) const override {
        using wire::mysql::quote;
        using wire::mysql::quote_name;
        const std::string replication = quote(source.user) + "@'127.0.0.1'";
        std::vector<std::string> out = {
            "SET SESSION sql_log_bin=0",
            "CREATE OR REPLACE USER " + replication + " IDENTIFIED BY PASSWORD " +
                quote(password_hash(source.password)),
            "GRANT REPLICATION SLAVE ON *.* TO " + replication,
            "CREATE OR REPLACE PROCEDURE mysql.rds_kill(IN thread BIGINT) SQL SECURITY DEFINER "
            "KILL CONNECTION thread",
            "CREATE OR REPLACE PROCEDURE mysql.rds_kill_query(IN thread BIGINT) SQL SECURITY "
            "DEFINER "
            "KILL QUERY thread"};
        if (!cluster.master_user.empty()) {
            const std::string master = quote(cluster.master_user) + "@'%'";
            out.push_back("CREATE OR REPLACE USER " + master + " IDENTIFIED BY PASSWORD " +
                          quote(cluster.master_hash));
            out.push_back("GRANT " + std::string(master_rights) + " ON *.* TO " + master +
                          " WITH GRANT OPTION");
        }
        if (!cluster.database.empty())
            out.push_back("CREATE DATABASE IF NOT EXISTS " + quote_name(cluster.database));
        return out;
    }

    std::string set_password(const std::string& user, const std::string& hash) const override {
        return "ALTER USER " + wire::mysql::quote(user) + "@'%' IDENTIFIED BY PASSWORD " +
               wire::mysql::quote(hash);
    }

    // The stages let other sessions work until the last; then Aria is flushed, commits wait, and
    // the redo log is written, so that no transaction is left prepared that only the binary log
    // could decide.
    std::vector<std::string> hold_for_copy() const override {
        return {"SET SESSION lock_wait_timeout=20",
                "BACKUP STAGE START",
                "BACKUP STAGE FLUSH",
                "BACKUP STAGE BLOCK_DDL",
                "BACKUP STAGE BLOCK_COMMIT",
                "FLUSH NO_WRITE_TO_BINLOG ENGINE LOGS",
                "SELECT @@GLOBAL.gtid_binlog_pos AS position"};
    }

    std::vector<std::string> follow(const Source& source,
                                    const std::optional<std::string>& position) const override {
        using wire::mysql::quote;
        std::vector<std::string> out = {"STOP SLAVE"};
        if (position) out.push_back("SET GLOBAL gtid_slave_pos=" + quote(*position));
        out.push_back(
            "CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=" + std::to_string(source.port) +
            ", MASTER_USER=" + quote(source.user) + ", MASTER_PASSWORD=" + quote(source.password) +
            ", MASTER_USE_GTID=slave_pos, MASTER_CONNECT_RETRY=1, MASTER_HEARTBEAT_PERIOD=2");
        out.push_back("START SLAVE");
        return out;
    }

    std::vector<std::string> step_down() const override {
        return {"SET GLOBAL read_only=ON", "SELECT @@GLOBAL.gtid_binlog_pos AS position"};
    }
    std::string stay_writer() const override { return "SET GLOBAL read_only=OFF"; }
    std::string wait_for(const std::string& position) const override {
        return "SELECT MASTER_GTID_WAIT(" + wire::mysql::quote(position) + ", 30) AS reached";
    }
    std::vector<std::string> take_over() const override {
        return {"STOP SLAVE", "RESET SLAVE ALL", "SET GLOBAL innodb_flush_log_at_trx_commit=1",
                "SET GLOBAL sync_binlog=1", "SET GLOBAL read_only=OFF"};
    }

    std::vector<std::string> list_variables_command() const override {
        return {program_, "--no-defaults", "--verbose", "--help"};
    }

private:
    std::string program_;
    std::string version_;
};

}  // namespace

Task<Result<std::unique_ptr<Engine>>> find_engine(Loop& loop) {
    const std::string program = find_program("mariadbd");
    if (program.empty())
        co_return fail("EngineMissing",
                       "Databases need MariaDB's server, which is not installed: apt-get install "
                       "mariadb-server-core",
                       503);
    SpawnOptions options{.argv = {program, "--no-defaults", "--version"}};
    CO_TRY(const Output output, co_await run(loop, std::move(options), loop.steady() + 20s));
    // "… Ver 10.11.6-MariaDB-0+deb12u1 for …"
    const std::string_view text = output.output;
    const size_t start = text.find("Ver ");
    const size_t end = text.find('-', start);
    if (start == std::string_view::npos || end == std::string_view::npos)
        co_return fail("EngineMissing",
                       program +
                           " --version does not answer as MariaDB does: apt-get "
                           "install --reinstall mariadb-server-core",
                       503);
    std::unique_ptr<Engine> engine = std::make_unique<MariaEngine>(
        program, std::string(text.substr(start + 4, end - start - 4)));
    co_return std::move(engine);
}

bool reserved_variable(std::string_view name) {
    static const std::set<std::string_view> reserved = {"basedir",
                                                        "bind_address",
                                                        "binlog_expire_logs_seconds",
                                                        "character_sets_dir",
                                                        "datadir",
                                                        "general_log_file",
                                                        "gtid_domain_id",
                                                        "gtid_strict_mode",
                                                        "init_file",
                                                        "innodb_data_file_path",
                                                        "innodb_data_home_dir",
                                                        "innodb_flush_log_at_trx_commit",
                                                        "innodb_force_recovery",
                                                        "innodb_log_group_home_dir",
                                                        "innodb_temp_data_file_path",
                                                        "innodb_tmpdir",
                                                        "innodb_undo_directory",
                                                        "lc_messages_dir",
                                                        "log_basename",
                                                        "log_bin",
                                                        "log_bin_index",
                                                        "log_error",
                                                        "log_slave_updates",
                                                        "pid_file",
                                                        "plugin_dir",
                                                        "plugin_load",
                                                        "plugin_load_add",
                                                        "port",
                                                        "read_only",
                                                        "relay_log",
                                                        "relay_log_index",
                                                        "replicate_do_db",
                                                        "secure_file_priv",
                                                        "server_id",
                                                        "skip_grant_tables",
                                                        "skip_networking",
                                                        "skip_slave_start",
                                                        "slave_load_tmpdir",
                                                        "slow_query_log_file",
                                                        "socket",
                                                        "ssl_ca",
                                                        "ssl_cert",
                                                        "ssl_key",
                                                        "sync_binlog",
                                                        "tmpdir",
                                                        "user"};
    return reserved.contains(name) || name.starts_with("rpl_semi_sync_") ||
           name.starts_with("wsrep_") ||
           name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") !=
               std::string_view::npos;
}

}  // namespace unkai::planes::mysql
