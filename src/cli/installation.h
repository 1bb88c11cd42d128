// An installation of Unkai on this machine: its data folder and what identifies it. Several may run
// side by side, each with its own data folder and port.
//
// <data>/installation.json (0600): id, account, region, root access key, control token. Made at the
// first start with random values; --account, --access-key and --secret-key fix them. <data>/store,
// blobs, …: the data. <run>/: what ends with the machine's uptime: control socket, pid, namespaces.
// <run> is /run/unkai/<id>.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "rt/random.h"

namespace unkai::cli {

struct Installation {
    std::string id;  // 8 hex digits; part of the names of namespaces, links and cgroups.
    std::string account;
    std::string region;
    std::string access_key_id;
    std::string secret_access_key;
    std::string control_token;
    std::string data_dir;

    std::string run_dir() const { return "/run/unkai/" + id; }
    std::string control_socket() const { return run_dir() + "/control.sock"; }
    std::string pid_file() const { return run_dir() + "/unkai.pid"; }
    std::string log_file() const { return data_dir + "/unkai.log"; }
    std::string authority_file() const { return data_dir + "/authority/ca.pem"; }
};

struct Wishes {
    std::optional<std::string> account, region, access_key_id, secret_access_key;
};

// Where data lies unless told: $UNKAI_DATA_DIR, or /var/lib/unkai for root, ~/.local/share/unkai
// otherwise.
std::string default_data_dir();

// nullopt: nothing was ever started there. Errors: InstallationUnreadable.
Result<std::optional<Installation>> load_installation(const std::string& data_dir);
// Loads it, applies the wishes, makes what is missing, and writes it back.
Result<Installation> make_installation(const std::string& data_dir, const Wishes& wishes,
                                       Random& random);

// The pid of the running program of this installation, 0 if none runs.
int running_pid(const Installation& installation);

}  // namespace unkai::cli
