#include "cli/installation.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/strings.h"
#include "rt/fd.h"
#include "wire/json.h"

namespace unkai::cli {

namespace fs = std::filesystem;
using wire::Json;

static std::string path_of(const std::string& data_dir) { return data_dir + "/installation.json"; }

std::string default_data_dir() {
    if (const char* named = std::getenv("UNKAI_DATA_DIR"); named != nullptr && *named != '\0')
        return named;
    if (::geteuid() == 0) return "/var/lib/unkai";
    const char* home = std::getenv("HOME");
    return std::string(home != nullptr ? home : "/tmp") + "/.local/share/unkai";
}

Result<std::optional<Installation>> load_installation(const std::string& data_dir) {
    std::error_code error;
    if (!fs::exists(path_of(data_dir), error)) return std::optional<Installation>();
    std::ifstream in(path_of(data_dir));
    std::stringstream text;
    text << in.rdbuf();
    const auto json = Json::parse(text.str());
    if (!in || !json)
        return fail("InstallationUnreadable",
                    "Cannot read " + path_of(data_dir) +
                        ". Run as the user who started Unkai (usually root), or restore the file.");
    Installation out;
    out.id = (*json)["id"].string_or("");
    out.account = (*json)["account"].string_or("");
    out.region = (*json)["region"].string_or("us-east-1");
    out.access_key_id = (*json)["accessKeyId"].string_or("");
    out.secret_access_key = (*json)["secretAccessKey"].string_or("");
    out.control_token = (*json)["controlToken"].string_or("");
    out.data_dir = data_dir;
    return std::optional<Installation>(std::move(out));
}

static std::string text_of(const Installation& installation) {
    const Json json = Json::object({{"id", installation.id},
                                    {"account", installation.account},
                                    {"region", installation.region},
                                    {"accessKeyId", installation.access_key_id},
                                    {"secretAccessKey", installation.secret_access_key},
                                    {"controlToken", installation.control_token}});
    return json.dump_pretty() + "\n";
}

// The first one is synced with the store that is made beside it (store/rocks_engine.cc): until
// then nothing depends on it.
static Status write_installation(const Installation& installation, bool first) {
    const std::string text = text_of(installation);
    const std::string path = path_of(installation.data_dir);
    const std::string fresh = path + ".new";
    const Fd file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    const bool written =
        file &&
        ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
        (first || ::fsync(file.get()) == 0) && ::rename(fresh.c_str(), path.c_str()) == 0;
    if (!written)
        return fail("DataDirUnwritable", "Cannot write " + path + ": " + std::strerror(errno) +
                                             ". Run as root, or choose a folder "
                                             "of yours with --data-dir.");
    return ok();
}

Result<Installation> make_installation(const std::string& data_dir, const Wishes& wishes,
                                       Random& random) {
    std::error_code error;
    fs::create_directories(data_dir, error);
    ::chmod(data_dir.c_str(), 0711);  // Database processes of another user pass through.
    if (error)
        return fail("DataDirUnwritable",
                    "Cannot make " + data_dir + ": " + error.message() +
                        ". Run as root, or choose a folder of yours with --data-dir.");
    TRY(auto found, load_installation(fs::absolute(data_dir)));
    Installation out = found.value_or(Installation{});
    out.data_dir = fs::absolute(data_dir);
    const auto settle = [](std::string& field, const std::optional<std::string>& wish,
                           std::string otherwise) {
        if (wish)
            field = *wish;
        else if (field.empty())
            field = std::move(otherwise);
    };
    settle(out.id, std::nullopt, random.hex(8));
    settle(out.account, wishes.account,
           random.from("123456789", 1) + random.from("0123456789", 11));
    settle(out.region, wishes.region, "us-east-1");
    settle(out.access_key_id, wishes.access_key_id,
           "AKIA" + random.from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16));
    settle(out.secret_access_key, wishes.secret_access_key, random.alphanumeric(40));
    settle(out.control_token, std::nullopt, random.alphanumeric(40));
    const bool digits = std::all_of(out.account.begin(), out.account.end(),
                                    [](char c) { return c >= '0' && c <= '9'; });
    if (out.account.size() != 12 || !digits)
        return fail("InvalidAccount",
                    "'" + out.account + "' is not an AWS account id: it must be 12 digits.");
    if (found && text_of(*found) == text_of(out)) return out;
    REQUIRE(write_installation(out, !found));
    return out;
}

int running_pid(const Installation& installation) {
    std::ifstream in(installation.pid_file());
    int pid = 0;
    in >> pid;
    if (!in || pid <= 1 || ::kill(pid, 0) != 0) return 0;
    // The number may belong to another process by now.
    std::ifstream command("/proc/" + std::to_string(pid) + "/cmdline");
    std::string text((std::istreambuf_iterator<char>(command)), {});
    return text.find("unkai") != std::string::npos ? pid : 0;
}

}  // namespace unkai::cli
