#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "cli/cli.h"
#include "cli/control.h"
#include "rt/process.h"

namespace unkai::cli {

using wire::Json;

namespace {

std::string last_lines(const std::string& path, size_t most) {
    std::ifstream in(path);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) {
        lines.push_back(line);
        if (lines.size() > most) lines.erase(lines.begin());
    }
    std::string out;
    for (const auto& line : lines) out += "  " + line + "\n";
    return out;
}

std::vector<std::string> arguments_of(const StartOptions& options, const std::string& self) {
    std::vector<std::string> argv = {self,
                                     "start",
                                     "--foreground",
                                     "--data-dir",
                                     options.data_dir,
                                     "--listen",
                                     options.listen,
                                     "--port",
                                     std::to_string(options.port),
                                     "--public-cidr",
                                     options.public_cidr};
    if (options.accept_test_keys) argv.emplace_back("--accept-test-credentials");
    if (options.egress) argv.emplace_back("--egress");
    if (options.verbose) argv.emplace_back("--verbose");
    return argv;
}

// Waits until the program answers, or ends.
Status wait_until_ready(Process& child, Loop& loop, const Installation& installation,
                        Duration most) {
    Control control(installation);
    const Steady deadline = loop.steady() + most;
    while (loop.steady() < deadline) {
        if (control.ask("status", Json::object(), 1s)) return ok();
        if (loop.run_until_done(child.wait(loop.steady() + 5ms)))
            return fail("StartFailed", "Unkai did not start. Its last words:\n" +
                                           last_lines(installation.log_file(), 8));
    }
    return fail("StartFailed",
                "Unkai did not become ready in time; see " + installation.log_file() + ".");
}

int start_in_background(const Context& context, const StartOptions& options) {
    const auto random = system_random();
    auto installation = make_installation(options.data_dir, options.wishes, *random);
    if (!installation) return finish_failed(context, "start", installation.error());
    const int already = running_pid(*installation);
    const std::string endpoint = "http://localhost:" + std::to_string(options.port);
    if (already == 0) {
        char self[4096];
        const ssize_t length = ::readlink("/proc/self/exe", self, sizeof self - 1);
        if (length <= 0)
            return finish_failed(context, "start", {"StartFailed", "/proc is not mounted.", 0, {}});
        const Fd log(::open(installation->log_file().c_str(),
                            O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
        Loop loop;
        SpawnOptions spawned;
        spawned.argv = arguments_of(options, std::string(self, static_cast<size_t>(length)));
        spawned.environment = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                               "LANG=C.UTF-8"};
        spawned.directory = "/";
        spawned.output = spawned.error = log.get();
        auto child = spawn(loop, spawned);
        if (!child) return finish_failed(context, "start", child.error());
        const auto ready = wait_until_ready(
            *child, loop, *installation, from_seconds(options.timeout_seconds).time_since_epoch());
        if (!ready) return finish_failed(context, "start", ready.error());
    }
    Control control(*installation);
    auto status = control.ask("status", Json::object());
    if (!status) return finish_failed(context, "start", status.error());
    const std::string self = own_name(installation->data_dir);
    const auto example = [&self](const std::string& what, const char* does) {
        const size_t width = self.size() + std::string_view("eval \"$( env)\"").size();
        return fmt::format("\n  {:<{}}   {}", fmt::format(fmt::runtime(what), self), width, does);
    };
    const std::string text =
        std::string(already != 0 ? "Unkai runs already" : "Unkai is ready") + " on " +
        (*status)["endpoint"].string_or(endpoint) + " (account " + installation->account + ", " +
        installation->region + ")." +
        example("eval \"$({} env)\"", "lets the AWS CLI, SDKs, CDK and Terraform find it") +
        example("{} up FOLDER", "deploys an example or a template") +
        example("{} stop", "stops it; its data stays");
    return finish(context, "start", std::move(*status), text);
}

}  // namespace

void add_start(CLI::App& app, Context& context, Action& action) {
    static StartOptions options;
    CLI::App* command = app.add_subcommand("start", "Start Unkai in the background");
    command->footer(
        "Examples:\n  unkai start\n  unkai start --account 123456789012 --access-key AKIA… "
        "--secret-key …\n"
        "  unkai start --accept-test-credentials      for scripts that use test/test\n  unkai "
        "start --foreground");
    command->add_option("--account", options.wishes.account,
                        "The AWS account id, 12 digits (random at the first start)");
    command->add_option("--access-key", options.wishes.access_key_id,
                        "The root user's access key id");
    command->add_option("--secret-key", options.wishes.secret_access_key,
                        "The root user's secret access key");
    command->add_option("--region", options.wishes.region,
                        "The region of calls that name none (us-east-1)");
    command->add_option("--listen", options.listen, "The address to listen on (127.0.0.1)");
    command->add_option("--port", options.port, "The port of the AWS endpoint (4566)");
    command->add_option("--public-cidr", options.public_cidr,
                        "The range that public addresses come from (198.18.0.0/15)");
    command->add_flag("--accept-test-credentials", options.accept_test_keys,
                      "Accept test/test, and any 12-digit access key as that account");
    command->add_flag("--egress", options.egress,
                      "Let VPCs with a way out reach the world beyond this machine");
    command->add_flag("--foreground", options.foreground,
                      "Stay in the foreground and log to standard error");
    command->add_flag("--verbose", options.verbose, "Log every call");
    command->add_option("--timeout", options.timeout_seconds,
                        "Seconds to wait until it is ready (30)");
    command->callback([&context, &action] {
        action = [&context] {
            options.data_dir = context.data_dir;
            return options.foreground ? serve(options) : start_in_background(context, options);
        };
    });
}

}  // namespace unkai::cli
