#include "cli/cli.h"
#include "cli/control.h"

namespace unkai::cli {

using wire::Json;

void add_status(CLI::App& app, Context& context, Action& action) {
    CLI::App* command =
        app.add_subcommand("status", "Show whether Unkai runs, where, and what is deployed");
    command->footer("Examples:\n  unkai status\n  unkai status --json");
    command->callback([&context, &action] {
        action = [&context] {
            const auto installation = need_running(context, "status");
            if (!installation) return 1;
            Control control(*installation);
            auto status = control.ask("status", Json::object());
            if (!status) return finish_failed(context, "status", status.error());
            std::string text = "Unkai " + (*status)["version"].string_or("") + " runs on " +
                               (*status)["endpoint"].string_or("") + " (pid " +
                               std::to_string(running_pid(*installation)) + ").\n  account " +
                               installation->account + ", region " + installation->region +
                               "\n  data in " + installation->data_dir + "\n";
            if (const auto stacks =
                    control.call("cloudformation", "DescribeStacks", Json::object());
                stacks) {
                for (const Json& stack : (*stacks)["Stacks"].is_array()
                                             ? (*stacks)["Stacks"].as_array()
                                             : Json::Array{}) {
                    text += "\n" + stack["StackName"].string_or("") + "  " +
                            stack["StackStatus"].string_or("") + "\n";
                    for (size_t i = 0; i < stack["Outputs"].size(); ++i)
                        text += "  " + stack["Outputs"][i]["OutputKey"].string_or("") + "  " +
                                stack["Outputs"][i]["OutputValue"].string_or("") + "\n";
                }
                status->set("stacks", (*stacks)["Stacks"]);
            }
            return finish(context, "status", std::move(*status), text);
        };
    });
}

}  // namespace unkai::cli
