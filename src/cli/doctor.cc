#include <fmt/format.h>

#include "cli/cli.h"
#include "cli/machine_checks.h"

namespace unkai::cli {

using wire::Json;

namespace {

struct Words {
    const char* text;
    const char* colour;
};

Words words_of(Finding::Verdict verdict) {
    switch (verdict) {
        case Finding::Verdict::passed:
            return {"PASSED", "32"};
        case Finding::Verdict::warning:
            return {"WARNING", "33"};
        case Finding::Verdict::failed:
            return {"FAILED", "31"};
    }
    return {"", ""};
}

int run_doctor(const Context& context) {
    const auto found = load_installation(context.data_dir);
    const std::optional<Installation> installation = found ? *found : std::nullopt;
    const std::vector<Finding> findings = check_machine(context.data_dir, installation);
    Json checks = Json::object();
    std::string text;
    size_t failed = 0, warnings = 0;
    for (const Finding& finding : findings) {
        const auto [word, colour] = words_of(finding.verdict);
        failed += finding.verdict == Finding::Verdict::failed ? 1 : 0;
        warnings += finding.verdict == Finding::Verdict::warning ? 1 : 0;
        Json check = Json::object({{"verdict", word}, {"text", finding.text}});
        if (!finding.fix.empty()) check.set("fix", finding.fix);
        checks.set(finding.name, std::move(check));
        const std::string padded = fmt::format("{:<8}", word);
        text += use_color(context) ? fmt::format("\033[{}m{}\033[0m", colour, padded) : padded;
        text += fmt::format(" {:<22} {}\n", finding.name, finding.text);
        if (!finding.fix.empty()) text += fmt::format("{:>9}{:<22} fix: {}\n", "", "", finding.fix);
    }
    text += failed > 0     ? fmt::format("\n{} failed: Unkai cannot do its work here yet.", failed)
            : warnings > 0 ? fmt::format("\nUnkai can work here; {} to look at.", warnings)
                           : "\nUnkai has all that it needs.";
    finish(
        context, "doctor",
        Json::object({{"failed", failed}, {"warnings", warnings}, {"checks", std::move(checks)}}),
        text);
    return failed > 0 ? 1 : 0;
}

}  // namespace

void add_doctor(CLI::App& app, Context& context, Action& action) {
    CLI::App* command = app.add_subcommand(
        "doctor", "Look whether this machine has what Unkai needs, and say how to mend it");
    command->footer(
        "Examples:\n  unkai doctor\n  unkai doctor --json\n\n"
        "The exit code is 1 when something that is required fails.");
    command->callback([&context, &action] { action = [&context] { return run_doctor(context); }; });
}

}  // namespace unkai::cli
