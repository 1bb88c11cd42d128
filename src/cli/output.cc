#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/strings.h"
#include "cli/cli.h"

namespace unkai::cli {

using wire::Json;

static void print(FILE* to, std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), to);
    if (!text.empty() && !text.ends_with('\n')) std::fputc('\n', to);
    std::fflush(to);
}

std::string own_name(const std::string& data_dir) {
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    std::string name = std::filesystem::proximate(self, error);
    if (name.starts_with("../")) name = self;
    const char* path = std::getenv("PATH");
    for (const std::string_view folder : split(path != nullptr ? path : "", ':'))
        if (std::filesystem::equivalent(std::filesystem::path(folder) / "unkai", self, error))
            name = "unkai";
    return data_dir == default_data_dir() ? name : name + " --data-dir " + data_dir;
}

static Json envelope(std::string_view command, std::string_view status, Json data) {
    return Json::object({{"schemaVersion", 1},
                         {"command", std::string(command)},
                         {"status", std::string(status)},
                         {"data", std::move(data)},
                         {"warnings", Json::array()}});
}

int finish(const Context& context, std::string_view command, Json data, std::string_view text) {
    print(stdout, context.json ? envelope(command, "ok", std::move(data)).dump_pretty()
                               : std::string(text));
    return 0;
}

int finish_failed(const Context& context, std::string_view command, const Error& error, int code) {
    if (context.json) {
        Json out = envelope(command, "error", nullptr);
        out.set("error", Json::object({{"code", error.code}, {"message", error.message}}));
        print(stdout, out.dump_pretty());
    } else {
        print(stderr, "unkai: " + error.message);
    }
    return code;
}

bool use_color(const Context& context) {
    const char* no_color = std::getenv("NO_COLOR");
    const char* terminal = std::getenv("TERM");
    return !context.no_color && ::isatty(STDOUT_FILENO) == 1 &&
           (no_color == nullptr || *no_color == '\0') &&
           (terminal == nullptr || std::strcmp(terminal, "dumb") != 0);
}

std::optional<Installation> need_installation(const Context& context, std::string_view command) {
    auto found = load_installation(context.data_dir);
    if (!found) {
        finish_failed(context, command, found.error());
        return std::nullopt;
    }
    if (!*found) {
        finish_failed(context, command,
                      {"NotStarted",
                       "Unkai was never started in " + context.data_dir + ". Start it: unkai start",
                       0,
                       {}});
        return std::nullopt;
    }
    return **found;
}

std::optional<Installation> need_running(const Context& context, std::string_view command) {
    auto installation = need_installation(context, command);
    if (!installation) return std::nullopt;
    if (running_pid(*installation) == 0) {
        finish_failed(context, command,
                      {"NotRunning", "Unkai is not running. Start it: unkai start", 0, {}});
        return std::nullopt;
    }
    return installation;
}

}  // namespace unkai::cli
