#include "cli/cli.h"
#include "cli/control.h"

namespace unkai::cli {

using wire::Json;

void add_env(CLI::App& app, Context& context, Action& action) {
    CLI::App* command = app.add_subcommand(
        "env", "Print what lets the AWS CLI, SDKs, CDK and Terraform find Unkai");
    command->footer(
        "Examples:\n  eval \"$(unkai env)\" && aws sts get-caller-identity\n  unkai env --json");
    command->callback([&context, &action] {
        action = [&context] {
            const auto installation = need_running(context, "env");
            if (!installation) return 1;
            auto status = Control(*installation).ask("status", Json::object());
            if (!status) return finish_failed(context, "env", status.error());
            const std::string endpoint = (*status)["endpoint"].string_or("");
            const std::string authority = (*status)["authority"].string_or("");
            std::string text;
            Json data = Json::object();
            const auto add = [&](const char* name, const std::string& value) {
                text += "export " + std::string(name) + "='" + value + "'\n";
                data.set(name, value);
            };
            add("AWS_ENDPOINT_URL", endpoint);
            // SDKs put the bucket before a name (bucket.localhost), which not every machine
            // resolves; behind an address they put it into the path.
            add("AWS_ENDPOINT_URL_S3",
                "http://127.0.0.1:" + std::to_string((*status)["port"].int_or(4566)));
            add("AWS_ACCESS_KEY_ID", installation->access_key_id);
            add("AWS_SECRET_ACCESS_KEY", installation->secret_access_key);
            add("AWS_DEFAULT_REGION", installation->region);
            add("AWS_REGION", installation->region);
            if (!authority.empty()) add("AWS_CA_BUNDLE", authority);
            text += "unset AWS_PROFILE AWS_SESSION_TOKEN\n";
            data.set("account", installation->account);
            data.set("controlToken", installation->control_token);
            return finish(context, "env", std::move(data), text);
        };
    });
}

}  // namespace unkai::cli
