#include <fmt/format.h>
#include <signal.h>

#include <fstream>

#include "cli/cloud_access.h"
#include "cli/shift_desk.h"
#include "cli/signals.h"

namespace unkai::cli {

using migration::Command;
using migration::Phase;
using migration::Sides;
using wire::Json;

namespace {

struct ShiftWishes {
    std::string name, from, to, steps = "10,25,50,100", every = "20s", period, report;
    std::vector<std::string> guards;
    double least_requests = 10;
    EndpointOptions endpoint;
    std::string command;  // pause, resume, promote, abort, undo, status
    bool fully = false;
};

Result<migration::ShiftOptions> read_shift_wishes(const ShiftWishes& wishes) {
    migration::ShiftOptions out;
    out.names = {wishes.name, wishes.from, wishes.to};
    if (wishes.name.empty() || wishes.from.empty() || wishes.to.empty() || wishes.from == wishes.to)
        return fail(
            "ShiftIncomplete",
            "A shift needs a name, and two identifiers of its weighted records: unkai shift "
            "api.example.com --from lambda --to fargate",
            400);
    TRY(out.settings.steps, migration::parse_steps(wishes.steps));
    TRY(out.settings.every, migration::parse_length(wishes.every));
    for (const std::string& text : wishes.guards) {
        TRY(const migration::Guard guard, migration::parse_guard(text));
        out.settings.guards.push_back(guard);
    }
    out.settings.least_requests = wishes.least_requests;
    return out;
}

std::string shift_folder(const Context& context) { return context.data_dir + "/shift"; }

Task<Result<migration::ShiftReport>> carry_out(Loop& loop, migration::Cloud& cloud,
                                               migration::ShiftOptions options, Duration period,
                                               const migration::ShiftFile& file,
                                               TerminalDesk& desk) {
    CO_TRY(const auto sides, co_await Sides::find(loop, cloud, options.names, period));
    Stop stop;
    Scope scope;
    scope.spawn(desk.listen(stop));
    auto report = co_await migration::run_shift(loop, *sides, std::move(options), &file, desk);
    stop.request();
    co_await scope.join();
    co_return report;
}

Task<Status> restore(Loop& loop, migration::Cloud& cloud, migration::ShiftNames names, int share) {
    CO_TRY(const auto sides, co_await Sides::find(loop, cloud, std::move(names), 60s));
    co_return co_await sides->set_share(share);
}

Result<std::string> write_report(const Context& context, const ShiftWishes& wishes,
                                 const migration::ShiftReport& report) {
    std::string base = wishes.report;
    if (base.empty())
        base = fmt::format("{}/{}-{}", shift_folder(context), wishes.name,
                           basic_iso8601(report.begun));
    if (base.ends_with(".html") || base.ends_with(".json")) base.resize(base.size() - 5);
    std::ofstream(base + ".json") << report_json(report).dump_pretty() << "\n";
    std::ofstream page(base + ".html");
    page << report_page(report);
    page.close();
    if (!page)
        return fail("FileUnwritable", "Cannot write the report " + base +
                                          ".html. Choose another place: --report PATH");
    return base;
}

int start_shift(const Context& context, const ShiftWishes& wishes) {
    auto options = read_shift_wishes(wishes);
    if (!options) return finish_failed(context, "shift", options.error(), 2);
    // CloudWatch keeps AWS's own metrics by the minute; Unkai publishes each ten seconds.
    const auto period = migration::parse_length(!wishes.period.empty()              ? wishes.period
                                                : wishes.endpoint.endpoint == "aws" ? "60s"
                                                                                    : "10s");
    if (!period) return finish_failed(context, "shift", period.error(), 2);
    auto access = cloud_access(context, wishes.endpoint.endpoint, wishes.endpoint.region);
    if (!access) return finish_failed(context, "shift", access.error());
    block_ending_signals();
    Loop loop;
    const auto random = system_random();
    migration::Cloud cloud(loop, *random, std::move(*access));
    const migration::ShiftFile file(shift_folder(context), wishes.name);
    Result<migration::ShiftReport> report = fail("Unset", "");
    {
        TerminalDesk desk(loop, options->names, context.json, use_color(context));
        report = loop.run_until_done(carry_out(loop, cloud, *options, *period, file, desk));
    }
    if (!report) return finish_failed(context, "shift", report.error());
    Json data = report_json(*report);
    std::string text =
        fmt::format("\n{} {} at {} %.\n", wishes.name, name_of(report->outcome), report->share);
    if (const auto path = write_report(context, wishes, *report)) {
        data.set("report", *path + ".html");
        text += "Report: " + *path + ".html (and .json)";
    } else {
        text += path.error().message;
    }
    finish(context, "shift", std::move(data), text);
    return exit_code_of(report->outcome);
}

bool is_alive(const Json& state) {
    const auto pid = static_cast<pid_t>(state["pid"].int_or(0));
    return state["phase"].text() != "done" && pid > 0 && (::kill(pid, 0) == 0 || errno == EPERM);
}

// Of a shift that is over, or whose program died: sets the weights from before it.
int undo_ended(const Context& context, const ShiftWishes& wishes, const Json& state) {
    auto access = cloud_access(context, wishes.endpoint.endpoint, wishes.endpoint.region);
    if (!access) return finish_failed(context, "shift", access.error());
    Loop loop;
    const auto random = system_random();
    migration::Cloud cloud(loop, *random, std::move(*access));
    const int share = static_cast<int>(state["originalShare"].int_or(0));
    const Status done = loop.run_until_done(restore(
        loop, cloud, {state["name"].text(), state["from"].text(), state["to"].text()}, share));
    if (!done) return finish_failed(context, "shift", done.error());
    return finish(context, "shift", Json::object({{"name", state["name"]}, {"share", share}}),
                  fmt::format("{} is back at {} % for {}, as before the shift.",
                              state["name"].text(), share, state["to"].text()));
}

int command_shift(const Context& context, const ShiftWishes& wishes) {
    const migration::ShiftFile file(shift_folder(context), wishes.name);
    const auto state = file.read();
    if (!state) return finish_failed(context, "shift", state.error());
    if (wishes.command == "status")
        return finish(context, "shift", *state,
                      fmt::format("{}  {}{}  {} % to {}\n{}", (*state)["name"].text(),
                                  is_alive(*state)                ? (*state)["phase"].text()
                                  : (*state)["outcome"].is_null() ? std::string("interrupted")
                                                                  : (*state)["outcome"].text(),
                                  (*state)["paused"].bool_or(false) ? " (paused)" : "",
                                  (*state)["share"].text(), (*state)["to"].text(),
                                  (*state)["reason"].text()));
    if (!is_alive(*state)) {
        if (wishes.command == "undo") return undo_ended(context, wishes, *state);
        return finish_failed(context, "shift",
                             {"ShiftOver",
                              "The shift of " + wishes.name +
                                  " does not run any more. Undo it: unkai "
                                  "shift undo " +
                                  wishes.name,
                              409,
                              {}});
    }
    const auto command = migration::parse_command(
        wishes.command == "promote" && wishes.fully ? "promote-fully" : wishes.command);
    if (!command) return finish_failed(context, "shift", command.error(), 2);
    if (const auto sent = file.send(*command); !sent)
        return finish_failed(context, "shift", sent.error());
    return finish(context, "shift", Json::object({{"sent", wishes.command}}),
                  "The running shift was told to " + wishes.command + ".");
}

void add_shift_command(CLI::App& shift, ShiftWishes& wishes, const char* name, const char* help) {
    CLI::App* command = shift.add_subcommand(name, help);
    command->add_option("NAME", wishes.name, "The record's name")->required();
    if (std::string_view(name) == "promote")
        command->add_flag("--full", wishes.fully, "To the last step at once");
    if (std::string_view(name) == "undo") add_endpoint_options(*command, wishes.endpoint);
    command->callback([&wishes, name] { wishes.command = name; });
}

}  // namespace

void add_shift(CLI::App& app, Context& context, Action& action) {
    static ShiftWishes wishes;
    CLI::App* command = app.add_subcommand(
        "shift", "Move traffic between two weighted records, step by step, under guard");
    command->footer(
        "Examples:\n  unkai shift api.shop.example --from lambda --to fargate --steps 10,25,50,100 "
        "--every 20s \\\n      --guard 'errors<1%' --guard 'p99<300ms'\n"
        "  unkai shift pause api.shop.example         resume, promote [--full], abort, undo, "
        "status\n"
        "  unkai shift api.example.com --from lambda --to fargate --endpoint aws --region "
        "ap-northeast-1\n\n"
        "Guards judge the new side. A broken one, or abort, goes back to the last good weights "
        "(and\n"
        "to those from before the shift if they break there, too). Keys: p pause/resume, n next\n"
        "step, f all the way, a abort, u undo; Ctrl-C asks. Exit code 0 completed, 1 failed, "
        "aborted\n"
        "or undone, 99 a guard broke. It calls Route 53, CloudWatch, Elastic Load Balancing and "
        "API\n"
        "Gateway, nothing else; with --endpoint aws those of your AWS account.");
    command->add_option("NAME", wishes.name, "The record's name");
    command->add_option("--from", wishes.from, "SetIdentifier of the old side");
    command->add_option("--to", wishes.to, "SetIdentifier of the new side");
    command->add_option("--steps", wishes.steps, "Percent for the new side (10,25,50,100)");
    command->add_option("--every", wishes.every, "How long each step must hold (20s)");
    command->add_option("--guard", wishes.guards, "errors<1%, p99<300ms, p50<…; may be repeated")
        ->allow_extra_args(false);
    command->add_option("--min-requests", wishes.least_requests,
                        "Of the new side, before it is judged (10)");
    command->add_option("--period", wishes.period, "Of the metrics (10s; 60s on AWS)");
    command->add_option("--report", wishes.report, "Where the report goes, without its ending");
    add_endpoint_options(*command, wishes.endpoint);
    add_shift_command(*command, wishes, "pause", "Stay at this step");
    add_shift_command(*command, wishes, "resume", "Go on");
    add_shift_command(*command, wishes, "promote", "Take the next step now");
    add_shift_command(*command, wishes, "abort", "Go back to the last good weights and end");
    add_shift_command(*command, wishes, "undo", "Go back to the weights from before the shift");
    add_shift_command(*command, wishes, "status", "Show where it is");
    command->callback([&context, &action] {
        action = [&context] {
            return wishes.command.empty() ? start_shift(context, wishes)
                                          : command_shift(context, wishes);
        };
    });
}

}  // namespace unkai::cli
