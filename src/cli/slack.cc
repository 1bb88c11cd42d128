#include "cli/cli.h"
#include "cli/control.h"

namespace unkai::cli {

using wire::Json;

void add_slack(CLI::App& app, Context& context, Action& action) {
    static std::string team, channel, url;
    CLI::App* command =
        app.add_subcommand("slack", "Say to which webhook AWS Chatbot posts for a Slack channel");
    command->footer(
        "Examples:\n  unkai slack T07EA123LEP C07EZ1ABC23 "
        "https://hooks.slack.com/services/T0/B0/x\n"
        "  unkai slack T07EA123LEP C07EZ1ABC23 http://127.0.0.1:9000/slack\n\n"
        "The workspace's and the channel's ids are those of the Slack channel configuration. The\n"
        "address is kept as the SSM parameter /unkai/chatbot/slack/TEAM/CHANNEL (SecureString).");
    command->add_option("TEAM", team, "The workspace's id, T…")->required();
    command->add_option("CHANNEL", channel, "The channel's id, C…")->required();
    command->add_option("URL", url, "The incoming webhook: https, or http on this machine")
        ->required();
    command->callback([&context, &action] {
        action = [&context] {
            const auto installation = need_running(context, "slack");
            if (!installation) return 1;
            Control control(*installation);
            auto answer = control.ask(
                "slack", Json::object({{"team", team}, {"channel", channel}, {"url", url}}));
            if (!answer) return finish_failed(context, "slack", answer.error());
            finish(context, "slack", Json::object({{"team", team}, {"channel", channel}}),
                   "Messages for channel " + channel + " of workspace " + team + " go there.");
            return 0;
        };
    });
}

}  // namespace unkai::cli
