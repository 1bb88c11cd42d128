#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>

#include "cli/cli.h"
#include "cli/control.h"
#include "rt/fd.h"

namespace unkai::cli {

using wire::Json;

namespace {

constexpr int most_wait_ms = 60000;

// Ends the program by its pid: SIGTERM, after a minute SIGKILL. A pidfd is readable once it has ended,
// whether or not anybody has reaped it.
Status end_program(int pid) {
    const Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!pidfd) return ok();  // It ended meanwhile.
    ::syscall(SYS_pidfd_send_signal, pidfd.get(), SIGTERM, nullptr, 0);
    pollfd ended{pidfd.get(), POLLIN, 0};
    if (::poll(&ended, 1, most_wait_ms) > 0) return ok();
    ::syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);
    return fail("StopForced", "Unkai did not end within a minute and was killed. Nothing acknowledged is lost; "
                              "the next start cleans up.");
}

}  // namespace

void add_stop(CLI::App& app, Context& context, Action& action) {
    static bool purge = false;
    CLI::App* command = app.add_subcommand("stop", "Stop Unkai; its data stays");
    command->footer("Examples:\n  unkai stop\n  unkai stop --purge     and erase all data of this installation");
    command->add_flag("--purge", purge, "Erase the data folder, and whatever is left in the kernel");
    command->callback([&context, &action] {
        action = [&context] {
            auto found = load_installation(context.data_dir);
            if (!found) return finish_failed(context, "stop", found.error());
            if (!*found) return finish(context, "stop", Json::object({{"stopped", false}}), "Nothing runs and nothing is there.");
            const Installation installation = **found;
            const int pid = running_pid(installation);
            if (pid != 0) {
                if (purge) (void)Control(installation).ask("purge", Json::object(), 60s);
                if (const auto ended = end_program(pid); !ended) return finish_failed(context, "stop", ended.error());
            }
            std::error_code error;
            if (purge) {
                std::filesystem::remove_all(installation.run_dir(), error);
                std::filesystem::remove_all(installation.data_dir, error);
                if (error)
                    return finish_failed(context, "stop", {"PurgeFailed", "Cannot erase " + installation.data_dir + ": " + error.message() + ".", 0, {}});
            }
            return finish(context, "stop", Json::object({{"stopped", pid != 0}, {"purged", purge}}),
                          purge ? "Unkai is stopped and its data erased." : pid != 0 ? "Unkai is stopped; its data stays." : "Unkai was not running.");
        };
    });
}

}  // namespace unkai::cli
