#include "cli/site_build.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <vector>

#include "base/strings.h"
#include "rt/process.h"

namespace unkai::cli {

namespace {

constexpr int most_attempts = 2;
constexpr size_t most_last_words = 4000;

// https://docs.npmjs.com/cli/v10/using-npm/config: what npm reads from its environment.
constexpr std::pair<const char*, const char*> npm_settings[] = {
    {"npm_config_fetch_timeout", "8000"},
    {"npm_config_fetch_retries", "4"},
    {"npm_config_fetch_retry_factor", "2"},
    {"npm_config_fetch_retry_mintimeout", "500"},
    {"npm_config_fetch_retry_maxtimeout", "4000"}};

std::vector<std::string> environment_of_build() {
    std::vector<std::string> out;
    for (char** variable = environ; *variable != nullptr; ++variable) out.emplace_back(*variable);
    for (const auto& [name, value] : npm_settings) {
        const std::string own = std::string(name) + "=";
        const auto given = std::find_if(out.begin(), out.end(), [&](const std::string& one) {
            return to_lower(one.substr(0, own.size())) == own;
        });
        if (given == out.end()) out.push_back(own + value);
    }
    return out;
}

pid_t parent_of(const std::filesystem::path& process) {
    std::ifstream in(process / "stat");
    const std::string stat((std::istreambuf_iterator<char>(in)), {});
    const size_t name = stat.rfind(") ");
    if (name == std::string::npos || name + 4 >= stat.size()) return 0;
    return static_cast<pid_t>(parse_uint(split(stat.substr(name + 4), ' ').front()).value_or(0));
}

// All below `root`, while it still runs: what it started keeps its place in the tree until then.
std::vector<pid_t> descendants_of(pid_t root) {
    std::multimap<pid_t, pid_t> children;
    std::error_code error;
    for (auto entry = std::filesystem::directory_iterator("/proc", error);
         !error && entry != std::filesystem::directory_iterator(); entry.increment(error))
        if (const auto pid = parse_uint(entry->path().filename().string()))
            children.emplace(parent_of(entry->path()), static_cast<pid_t>(*pid));
    std::vector<pid_t> out = {root};
    for (size_t i = 0; i < out.size(); ++i) {
        const auto [first, last] = children.equal_range(out[i]);
        for (auto child = first; child != last; ++child) out.push_back(child->second);
    }
    out.erase(out.begin());
    return out;
}

// The shell last: it cannot be reaped, and its number cannot be given away, before we ask.
Task<void> end_build(Process& shell) {
    for (const pid_t pid : descendants_of(shell.pid())) ::kill(pid, SIGKILL);
    shell.signal(SIGKILL);
    co_await shell.wait();
}

std::string last_words_in(const std::string& log) {
    std::ifstream in(log);
    std::string text((std::istreambuf_iterator<char>(in)), {});
    if (text.size() > most_last_words) text = "…" + text.substr(text.size() - most_last_words);
    return text;
}

bool blames_network(const std::string& words) {
    for (const char* sign : {"ETIMEDOUT", "ECONNRESET", "ECONNREFUSED", "EAI_AGAIN", "ENOTFOUND",
                             "ERR_SOCKET_TIMEOUT", "EIDLETIMEOUT", "network"})
        if (words.find(sign) != std::string::npos) return true;
    return false;
}

// How it ended, or nullopt at the time limit.
Task<Result<std::optional<Exit>>> attempt(Loop& loop, const SiteBuild& build) {
    const Fd log(::open(build.log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!log)
        co_return fail("FileUnwritable",
                       "Cannot write " + build.log + ": " + std::strerror(errno) + ".");
    SpawnOptions options;
    options.argv = {"/bin/sh", "-c", build.command};
    options.directory = build.folder;
    options.environment = environment_of_build();
    options.output = options.error = log.get();
    options.new_session = false;  // Ctrl-C ends it too.
    CO_TRY(Process shell, spawn(loop, options));
    const std::optional<Exit> exit = co_await shell.wait(loop.steady() + build.limit);
    if (!exit) co_await end_build(shell);
    co_return exit;
}

}  // namespace

Status run_site_build(const SiteBuild& build, const std::function<void(std::string)>& told) {
    const std::string what = "'" + build.command + "' in " + build.folder;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(build.limit).count();
    const std::string limit = std::to_string(seconds) + " seconds";
    for (int number = 1;; ++number) {
        Loop loop;
        TRY(const std::optional<Exit> exit, loop.run_until_done(attempt(loop, build)));
        if (exit && exit->ok()) return ok();
        const std::string words = last_words_in(build.log);
        const bool again = number < most_attempts && (!exit || blames_network(words));
        if (again) {
            told(exit ? "the network failed; trying again"
                      : "not done in " + limit + "; trying again");
            continue;
        }
        if (exit)
            return fail("SiteBuildFailed", what + " ended with " + exit->text() + ":\n" + words);
        return fail("SiteBuildTimeout",
                    what + " did not end within " + limit +
                        ", twice. Most often a package "
                        "registry does not answer: try the command by hand, then run this again. "
                        "What needs longer says so in unkai.yaml (time_limit: seconds). "
                        "It printed last:\n" +
                        words);
    }
}

}  // namespace unkai::cli
