#include "cli/cli.h"
#include "cli/control.h"

namespace unkai::cli {

using wire::Json;

static std::string text_of_why(const Json& answer) {
    std::string text = "From " + answer["source"].string_or("") + "\nto   " +
                       answer["destination"].string_or("") + "\n\n";
    for (size_t i = 0; i < answer["steps"].size(); ++i) {
        const Json& step = answer["steps"][i];
        const std::string rule = step["rule"].string_or("");
        text += step["passes"].bool_or(false) ? "  pass  " : "  STOP  ";
        text += step["component"].string_or("") + " " + step["id"].string_or("");
        if (!rule.empty()) text += " (" + rule + ")";
        text += "\n        " + step["text"].string_or("") + "\n";
    }
    return text + (answer["passes"].bool_or(false) ? "\nIt passes." : "\nIt is stopped.");
}

void add_why(CLI::App& app, Context& context, Action& action) {
    static std::string source, destination;
    CLI::App* command =
        app.add_subcommand("why", "Say which rule or route lets a connection through, or stops it");
    command->footer(
        "Examples:\n  unkai why internet 198.18.7.1:443\n  unkai why eni-0a1b2c3d4e5f60718 "
        "10.0.3.7:3306\n  unkai why my-task my-database:3306\n  unkai why my-task "
        "8.8.8.8:53/udp\n\n"
        "A side may be an interface's id, an address, \"internet\", or a word of the interface's\n"
        "description or tags: a task's id, a load balancer's name, an endpoint's host name.\n"
        "The exit code is 0 when the connection passes, and 99 when it is stopped.");
    command->add_option("SOURCE", source, "Who connects")->required();
    command->add_option("DESTINATION", destination, "To what: NAME:PORT, NAME:PORT/udp, NAME/icmp")
        ->required();
    command->callback([&context, &action] {
        action = [&context] {
            const auto installation = need_running(context, "why");
            if (!installation) return 1;
            Control control(*installation);
            auto answer = control.ask(
                "why", Json::object({{"source", source}, {"destination", destination}}));
            if (!answer) return finish_failed(context, "why", answer.error());
            const std::string text = text_of_why(*answer);
            const bool passes = (*answer)["passes"].bool_or(false);
            finish(context, "why", std::move(*answer), text);
            return passes ? 0 : 99;
        };
    });
}

}  // namespace unkai::cli
