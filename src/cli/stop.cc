#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>

#include "cli/cli.h"
#include "cli/control.h"
#include "cli/leftovers.h"
#include "rt/fd.h"

namespace unkai::cli {

using wire::Json;

namespace {

constexpr int most_wait_ms_stop = 60000;
constexpr Duration most_purge_time = 120s;

struct StopOptions {
    bool purge = false;
    std::string leftovers;  // An id.
};

// Ends the program by its pid: SIGTERM, after a minute SIGKILL. A pidfd is readable once it has
// ended, whether or not anybody has reaped it.
Status end_program(int pid) {
    const Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!pidfd) return ok();  // It ended meanwhile.
    ::syscall(SYS_pidfd_send_signal, pidfd.get(), SIGTERM, nullptr, 0);
    pollfd ended{pidfd.get(), POLLIN, 0};
    if (::poll(&ended, 1, most_wait_ms_stop) > 0) return ok();
    ::syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);
    return fail("StopForced",
                "Unkai did not end within a minute and was killed. Nothing acknowledged is lost; "
                "the next start cleans up.");
}

// The program ends what runs, then it ends itself; what it could not take along is found by name.
Status purge_kernel(const Installation& installation) {
    if (::geteuid() != 0) return ok();  // Then it never made anything there.
    return remove_leftovers(installation.id, installation.data_dir);
}

int run_stop(const Context& context, const StopOptions& options) {
    auto found = load_installation(context.data_dir);
    if (!found) return finish_failed(context, "stop", found.error());
    if (!*found)
        return finish(context, "stop", Json::object({{"stopped", false}}),
                      "Nothing runs and nothing is there.");
    const Installation installation = **found;
    const int pid = running_pid(installation);
    if (pid != 0) {
        if (options.purge)
            (void)Control(installation).ask("purge", Json::object(), most_purge_time);
        if (const auto ended = end_program(pid); !ended)
            return finish_failed(context, "stop", ended.error());
    }
    if (options.purge) {
        if (const Status purged = purge_kernel(installation); !purged)
            return finish_failed(context, "stop", purged.error());
        std::error_code error;
        std::filesystem::remove_all(installation.data_dir, error);
        if (error)
            return finish_failed(
                context, "stop",
                {"PurgeFailed",
                 "Cannot erase " + installation.data_dir + ": " + error.message() + ".",
                 0,
                 {}});
    }
    return finish(context, "stop", Json::object({{"stopped", pid != 0}, {"purged", options.purge}}),
                  options.purge ? "Unkai is stopped and its data erased."
                  : pid != 0    ? "Unkai is stopped; its data stays."
                                : "Unkai was not running.");
}

// An installation whose data folder is gone, by the id in the names of what it left.
int run_leftovers(const Context& context, const std::string& id) {
    Installation installation;
    installation.id = id;
    if (running_pid(installation) != 0)
        return finish_failed(context, "stop",
                             {"StillRunning",
                              "The installation " + id + " runs. Stop it with its own --data-dir.",
                              0,
                              {}});
    const std::string text = find_leftovers(id, "").text();
    if (const Status removed = remove_leftovers(id, ""); !removed)
        return finish_failed(context, "stop", removed.error());
    return finish(
        context, "stop", Json::object({{"removed", text}}),
        text.empty() ? "The installation " + id + " left nothing." : "Removed " + text + ".");
}

}  // namespace

void add_stop(CLI::App& app, Context& context, Action& action) {
    static StopOptions options;
    CLI::App* command = app.add_subcommand("stop", "Stop Unkai; its data stays");
    command->footer(
        "Examples:\n  unkai stop\n  unkai stop --purge     and erase all data of this "
        "installation\n\n"
        "Networks stay in the kernel, where the next start finds them; --purge leaves nothing.");
    command->add_flag("--purge", options.purge,
                      "Erase the data folder, and whatever is left in the kernel");
    command->add_option("--leftovers", options.leftovers,
                        "With --purge: what a dead installation of this id left (unkai doctor)");
    command->callback([&context, &action] {
        action = [&context] {
            return options.leftovers.empty() ? run_stop(context, options)
                                             : run_leftovers(context, options.leftovers);
        };
    });
}

}  // namespace unkai::cli
