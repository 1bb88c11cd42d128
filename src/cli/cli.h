// The command line: one file a subcommand. Conventions: --json prints one object with a stable
// envelope; errors are a sentence with the fix on standard error; exit codes 0 good, 1 failed, 2
// wrong usage, 99 a guard or threshold failed; colour and animation only on a terminal, never with
// NO_COLOR.
//
// Subcommands talk to the running program by its control socket (0600), see control.h.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "base/result.h"
#include "cli/installation.h"
#include "wire/json.h"

namespace unkai::cli {

// What every subcommand has.
struct Context {
    std::string data_dir = default_data_dir();
    bool json = false;
    bool no_color = false;
};

// A subcommand adds itself: its options, its help (examples first), and what it does. `action`
// gives the exit code.
using Action = std::function<int()>;
void add_start(CLI::App& app, Context& context, Action& action);
void add_stop(CLI::App& app, Context& context, Action& action);
void add_status(CLI::App& app, Context& context, Action& action);
void add_env(CLI::App& app, Context& context, Action& action);
void add_up(CLI::App& app, Context& context, Action& action);
void add_down(CLI::App& app, Context& context, Action& action);
void add_logs(CLI::App& app, Context& context, Action& action);
void add_doctor(CLI::App& app, Context& context, Action& action);
void add_image(CLI::App& app, Context& context, Action& action);
void add_slack(CLI::App& app, Context& context, Action& action);
void add_why(CLI::App& app, Context& context, Action& action);
void add_load(CLI::App& app, Context& context, Action& action);
void add_shift(CLI::App& app, Context& context, Action& action);
void add_cost(CLI::App& app, Context& context, Action& action);
void add_migrate(CLI::App& app, Context& context, Action& action);

// The installation, or a sentence on standard error (and in the envelope) and nullopt.
std::optional<Installation> need_installation(const Context& context, std::string_view command);
std::optional<Installation> need_running(const Context& context, std::string_view command);

// Prints data (or `text` for people) and returns 0.
int finish(const Context& context, std::string_view command, wire::Json data,
           std::string_view text);
// Prints the error and returns `code`.
int finish_failed(const Context& context, std::string_view command, const Error& error,
                  int code = 1);

bool use_color(const Context& context);

// How this program is called from here, for installations of that data folder: "unkai" where the
// shell finds it, else its path, and --data-dir where the folder is not the customary one.
std::string own_name(const std::string& data_dir);

// Everything that `unkai start` was told.
struct StartOptions {
    Wishes wishes;
    std::string data_dir;
    std::string listen = "127.0.0.1";
    uint16_t port = 4566;
    bool foreground = false;
    bool accept_test_keys = false;
    bool egress = false;
    bool verbose = false;
    std::string public_cidr = "198.18.0.0/15";
    double timeout_seconds = 30;
};

// The program itself, until it is stopped (src/main.cc).
int serve(const StartOptions& options);

}  // namespace unkai::cli
