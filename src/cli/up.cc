#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "base/strings.h"
#include "cli/cli.h"
#include "cli/deployment.h"

namespace unkai::cli {

using wire::Json;

namespace {

struct UpOptions {
    std::string path = ".";
    std::string stack;
    std::vector<std::string> parameters;
    bool no_build = false, check = false, no_check = false;
    double timeout_seconds = 60;
};

// The wishes of the command line. Of several stacks, a parameter is for those whose manifest names
// it.
Status apply(const UpOptions& options, std::vector<Manifest>& manifests) {
    if (!options.stack.empty() && manifests.size() > 1)
        return fail("InvalidParameter",
                    "--stack names one stack, and the manifest lists several. Change it there.");
    if (!options.stack.empty()) manifests[0].stack = options.stack;
    for (const std::string& parameter : options.parameters) {
        const size_t equals = parameter.find('=');
        if (equals == std::string::npos || equals == 0)
            return fail("InvalidParameter", "'" + parameter +
                                                "' is no parameter. Write Name=value, as in -p "
                                                "DesiredCount=3.");
        const std::string name = parameter.substr(0, equals);
        bool taken = false;
        for (Manifest& manifest : manifests)
            if (manifests.size() == 1 || manifest.parameters.contains(name)) {
                manifest.parameters[name] = parameter.substr(equals + 1);
                taken = true;
            }
        if (!taken)
            return fail("InvalidParameter", "No stack of the manifest names the parameter " + name +
                                                ". Add it there, below the stack that it is for.");
    }
    return ok();
}

bool is_url(const std::string& value) {
    return value.starts_with("https://") || value.starts_with("http://");
}

std::string host_of_url(const std::string& url) {
    const size_t begin = url.find("://") + 3;
    return url.substr(begin, url.find_first_of(":/", begin) - begin);
}

// URLs first, then endpoints; the rest is a matter of `unkai status`.
std::string outputs_text(const StackState& stack, const Entrance& entrance) {
    std::string urls, endpoints;
    for (const auto& [name, value] : stack.outputs) {
        if (is_url(value))
            urls += fmt::format("  {:<22} {}\n", name, browser_url(entrance, value));
        else if (name.ends_with("Endpoint") || name.ends_with("Address"))
            endpoints += fmt::format("  {:<22} {}\n", name, value);
    }
    const bool more = stack.outputs.size() > 0 && urls.empty() && endpoints.empty();
    for (size_t i = 0; more && i < stack.outputs.size(); ++i)
        endpoints += fmt::format("  {:<22} {}\n", stack.outputs[i].first, stack.outputs[i].second);
    return urls + endpoints;
}

// What `up` did, over all stacks.
struct Done {
    std::vector<StackState> stacks;
    std::vector<std::string> checked;
    bool changed = false;
    double seconds = 0;

    std::string names() const {
        std::string text;
        for (const StackState& stack : stacks) text += (text.empty() ? "" : ", ") + stack.name;
        return text + (stacks.size() == 1 ? " is up" : " are up");
    }
    // The outputs of all stacks.
    StackState whole() const {
        StackState all;
        for (const StackState& stack : stacks)
            all.outputs.insert(all.outputs.end(), stack.outputs.begin(), stack.outputs.end());
        return all;
    }
};

std::string summary(const Done& done, const Json& status, const Manifest& manifest) {
    const StackState stack = done.whole();
    const Entrance entrance = entrance_of(status);
    std::string text =
        fmt::format("\n{}{} ({}).\n", done.names(), done.changed ? "" : "; nothing had changed",
                    spoken(done.seconds));
    const std::string outputs = outputs_text(stack, entrance);
    if (!outputs.empty()) text += "\n" + outputs;
    text += "\n";
    const std::string self = own_name(status["dataDir"].string_or(""));
    const std::string dns = status["dnsAddress"].string_or("");
    for (const auto& [name, value] : stack.outputs)
        if (is_url(value) && !dns.empty() && status["network"].bool_or(false)) {
            text += fmt::format("  {:<22} dig @{} {} +short\n", "Names", dns, host_of_url(value));
            break;
        }
    for (const auto& [name, value] : stack.outputs)
        if (name.ends_with("LogGroupName")) {
            text += fmt::format("  {:<22} {} logs {} -f\n", "Logs", self, value);
            break;
        }
    if (outputs.find("https://") != std::string::npos && !entrance.authority.empty())
        text += fmt::format("  {:<22} {} (import it where https is to be trusted)\n",
                            "Certificate authority", entrance.authority);
    const bool lone = manifest.is_lone() && done.stacks.size() == 1;
    text += fmt::format(
        "  {:<22} {} down {}\n", "Remove it", self,
        lone ? done.stacks[0].name : std::filesystem::proximate(manifest.folder).string());
    text += fmt::format("  {:<22} {} stop\n", "Stop Unkai", self);
    return text;
}

Json data_of(const Done& done) {
    Json stacks = Json::array();
    for (const StackState& stack : done.stacks) {
        Json outputs = Json::object();
        for (const auto& [name, value] : stack.outputs) outputs.set(name, value);
        stacks.push(Json::object({{"stack", stack.name},
                                  {"stackId", stack.id},
                                  {"stackStatus", stack.status},
                                  {"outputs", std::move(outputs)}}));
    }
    Json checked = Json::array();
    for (const std::string& url : done.checked) checked.push(url);
    Json data = stacks.size() == 1 ? stacks[0] : Json::object({{"stacks", std::move(stacks)}});
    data.set("changed", done.changed);
    data.set("seconds", done.seconds);
    data.set("checked", std::move(checked));
    return data;
}

int run_up(const Context& context, const UpOptions& options) {
    auto manifests = load_manifests(options.path);
    if (!manifests) return finish_failed(context, "up", manifests.error());
    if (const Status good = apply(options, *manifests); !good)
        return finish_failed(context, "up", good.error(), 2);
    const auto installation = need_running(context, "up");
    if (!installation) return 1;
    Control control(*installation);
    const auto status = control.ask("status", Json::object());
    if (!status) return finish_failed(context, "up", status.error());
    Progress progress(context);
    Done all;
    for (const Manifest& manifest : *manifests) {
        Deployment deployment(
            *installation, control, progress, manifest,
            {.build = !options.no_build,
             .check = !options.no_check,
             .one_of_several = manifests->size() > 1,
             .check_urls = options.check,
             .check_timeout = from_seconds(options.timeout_seconds).time_since_epoch()});
        if (const Status done = deployment.run(); !done) {
            progress.close();
            return finish_failed(context, "up", done.error());
        }
        all.stacks.push_back(deployment.state());
        for (std::string& url : deployment.checked()) all.checked.push_back(std::move(url));
        all.changed = all.changed || deployment.changed();
    }
    progress.close();
    all.seconds = progress.seconds();
    return finish(context, "up", data_of(all), summary(all, *status, manifests->front()));
}

}  // namespace

void add_up(CLI::App& app, Context& context, Action& action) {
    static UpOptions options;
    CLI::App* command = app.add_subcommand(
        "up",
        "Deploy a folder with an unkai.yaml, or a CloudFormation template; again at any time");
    command->footer(
        "Examples:\n  unkai up examples/saas\n  unkai up examples/saas -p DesiredCount=3\n"
        "  unkai up template.yaml --stack shop\n  unkai up examples/saas --json\n\n"
        "What has not changed is left alone. When a deployment fails, the reason and what failed\n"
        "are printed and the exit code is 1.");
    command->add_option("FOLDER", options.path,
                        "A folder with an unkai.yaml, or a template's file (this folder)");
    command->add_option("--stack", options.stack, "The stack's name, if not the manifest's");
    command->add_option("-p,--param", options.parameters, "Name=value, a parameter of the template")
        ->allow_extra_args(false);
    command->add_flag("--no-build", options.no_build, "Take images and sites as they were built");
    command->add_flag("--check", options.check,
                      "Ask every output that is a URL, when the manifest has no checks");
    command->add_flag("--no-check", options.no_check, "Do not ask the manifest's checks");
    command->add_option("--check-timeout", options.timeout_seconds,
                        "Seconds until a check has to succeed (60)");
    command->callback(
        [&context, &action] { action = [&context] { return run_up(context, options); }; });
}

}  // namespace unkai::cli
