#include "planes/mysql/cluster.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include "base/strings.h"

namespace unkai::planes::mysql {

std::string Ground::replace(std::string name) {
    for (char& c : name)
        if (c == ' ' || c == '/') c = '-';
    return name;
}

Instance* Cluster::writer() const {
    for (const auto& [name, instance] : instances)
        if (instance->spec().role == Role::writer) return instance.get();
    return nullptr;
}

std::string Cluster::recorded_writer() const {
    return read_small_file(folder + "/writer").value_or("");
}

Status Cluster::record_writer(const std::string& name) const {
    if (!name.empty()) return write_file(folder + "/writer", name, 0600, {});
    ::unlink((folder + "/writer").c_str());
    return ok();
}

// Lines: master user, its password's hash, first database, replication password.
Status Cluster::save() const {
    return write_file(folder + "/cluster",
                      spec.master_user + "\n" + spec.master_hash + "\n" + spec.database + "\n" +
                          replication_password + "\n",
                      0600, {});
}

Status Cluster::load() {
    const auto text = read_small_file(folder + "/cluster");
    if (!text) return fail("ClusterNotFound", "There is no cluster in " + folder + ".", 404);
    const auto lines = split(*text, '\n');
    if (lines.size() < 5) return fail("FileFailed", folder + "/cluster is damaged.");
    spec.master_user = lines[0];
    spec.master_hash = lines[1];
    spec.database = lines[2];
    replication_password = lines[3];
    return ok();
}

Status Cluster::enter_network() {
    if (network) return ok();
    for (const auto& [path, pid] : ground.found) {
        if (!path.starts_with(folder + "/")) continue;
        if (auto existing = network_of(pid)) {
            network = std::move(*existing);
            return ok();
        }
    }
    TRY(network, make_private_network());
    return ok();
}

uint32_t Cluster::next_server_id() const {
    uint64_t highest = 0;
    std::error_code failure;
    for (const auto& entry : std::filesystem::directory_iterator(folder, failure)) {
        const auto text = read_small_file(entry.path().string() + "/server-id");
        if (text) highest = std::max(highest, parse_uint(trim(*text)).value_or(0));
    }
    return static_cast<uint32_t>(highest + 1);
}

Source Cluster::source(uint32_t server_id) const {
    return {static_cast<uint16_t>(20000 + server_id), "rdsrepladmin", replication_password};
}

Task<Status> Cluster::initialise(Session& session, Steady deadline) {
    const std::string marker =
        folder + "/initialised";  // Holds the master's hash as it was set last.
    const auto done = read_small_file(marker);
    std::vector<std::string> statements;
    if (!done)
        statements = ground.engine->first_statements(spec, source(0));
    else if (*done != spec.master_hash && !spec.master_user.empty())
        statements.push_back(ground.engine->set_password(spec.master_user, spec.master_hash));
    for (const std::string& statement : statements)
        CO_REQUIRE(co_await session.query(statement, deadline));
    if (!statements.empty()) CO_REQUIRE(write_file(marker, spec.master_hash, 0600, {}));
    co_return ok();
}

}  // namespace unkai::planes::mysql
