// The server program: where it is, how it is configured, and the statements in which engines
// differ. MariaDB is the engine of this file's implementation; a mysqld 8 would be another one
// behind it.
#pragma once

#include <string>
#include <vector>

#include "planes/mysql/plane.h"
#include "rt/loop.h"

namespace unkai::planes::mysql {

// How one server is to run.
struct Launch {
    const ClusterSpec& cluster;
    const InstanceSpec& instance;
    std::string folder;  // The instance's; its parts below.
    uint32_t server_id = 1;
};

// Where the writer answers its readers, and as whom.
struct Source {
    uint16_t port = 0;
    std::string user;
    std::string password;
};

class Engine {
public:
    virtual ~Engine() = default;
    virtual std::string name() const = 0;  // "mariadbd 10.11.6"
    virtual const std::string& program() const = 0;
    virtual std::string administrator()
        const = 0;  // Its account, proven by the unix socket's peer.

    // The configuration file, and the command that starts a server with it. Listening sockets are
    // handed to the server as descriptors 3, 4, …, so that it owns none of the networks itself.
    virtual Result<std::string> configuration(const Launch& launch) const = 0;
    virtual std::vector<std::string> command(const std::string& configuration_path) const = 0;
    virtual std::vector<std::string> environment(size_t sockets) const = 0;

    // Fills an empty data folder.
    virtual std::vector<std::string> bootstrap_command(const std::string& data) const = 0;
    virtual Result<std::string> bootstrap_statements() const = 0;
    // Files of a data folder that a copy leaves behind.
    virtual bool skipped_in_copies(std::string_view path) const = 0;

    // First statements on a new volume, each of which may run twice.
    virtual std::vector<std::string> first_statements(const ClusterSpec& cluster,
                                                      const Source& source) const = 0;
    virtual std::string set_password(const std::string& user, const std::string& hash) const = 0;
    // Makes the writer's files and its position (column "position") consistent until the session
    // ends.
    virtual std::vector<std::string> hold_for_copy() const = 0;
    virtual std::vector<std::string> follow(const Source& source,
                                            const std::optional<std::string>& position) const = 0;
    // A change of places: the writer refuses writes and tells its position (column "position"); the
    // reader waits for it (column "reached" is 0 then) and becomes a writer.
    virtual std::vector<std::string> step_down() const = 0;
    virtual std::string stay_writer() const = 0;
    virtual std::string wait_for(const std::string& position) const = 0;
    virtual std::vector<std::string> take_over() const = 0;
    virtual std::string replication_status() const { return "SHOW SLAVE STATUS"; }
    // "--help --verbose"; its output to the set of variable names.
    virtual std::vector<std::string> list_variables_command() const = 0;
};

// Error EngineMissing with the command that installs it. Asks the program for its version (≈ 15
// ms).
Task<Result<std::unique_ptr<Engine>>> find_engine(Loop& loop);

// Variables that the plane sets itself; parameters of these names are refused.
bool reserved_variable(std::string_view name);

}  // namespace unkai::planes::mysql
