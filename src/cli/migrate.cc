#include <fmt/format.h>

#include "cli/cloud_access.h"
#include "migration/checks.h"

namespace unkai::cli {

using wire::Json;

namespace {

struct MigrateWishes {
    std::vector<std::string> stacks;
    EndpointOptions endpoint;
};

int run_migrate_check(const Context& context, const MigrateWishes& wishes) {
    auto access = cloud_access(context, wishes.endpoint.endpoint, wishes.endpoint.region);
    if (!access) return finish_failed(context, "migrate check", access.error());
    Loop loop;
    const auto random = system_random();
    migration::Cloud cloud(loop, *random, std::move(*access));
    const auto facts = loop.run_until_done(migration::gather_facts(cloud, wishes.stacks));
    if (!facts) return finish_failed(context, "migrate check", facts.error());
    Json list = Json::array();
    std::string text;
    int stops = 0;
    for (const migration::Finding& one : migration::check_migration(*facts)) {
        stops += one.stop ? 1 : 0;
        list.push(Json::object(
            {{"about", one.about}, {"mustFix", one.stop}, {"text", one.text}, {"fix", one.fix}}));
        text += fmt::format("{}  {:<16} {}\n{:<24}{}\n", one.stop ? "FIX " : "note", one.about,
                            one.text, "", one.fix);
    }
    text += stops == 0 ? "\nNothing stands in the way. Shift: unkai shift NAME --from … --to …"
                       : fmt::format("\n{} to fix before traffic moves.", stops);
    finish(context, "migrate check",
           Json::object({{"mustFix", stops}, {"findings", std::move(list)}}), text);
    return stops == 0 ? 0 : 1;
}

}  // namespace

void add_migrate(CLI::App& app, Context& context, Action& action) {
    static MigrateWishes wishes;
    CLI::App* migrate =
        app.add_subcommand("migrate", "Move an API from API Gateway and Lambda to containers");
    migrate->footer("Examples:\n  unkai migrate check my-stack\n\nThen: unkai load, unkai shift.");
    migrate->require_subcommand(1);
    CLI::App* check = migrate->add_subcommand(
        "check", "Say what will differ behind the load balancer, and the fix for each");
    check->footer(
        "Examples:\n  unkai migrate check my-stack\n  unkai migrate check old-stack new-stack "
        "--json\n"
        "  unkai migrate check my-stack --endpoint aws --region ap-northeast-1\n\n"
        "The exit code is 0 when nothing must be fixed before traffic moves, 1 otherwise.");
    check->add_option("STACK", wishes.stacks, "The stacks that have the API and the load balancer")
        ->required();
    add_endpoint_options(*check, wishes.endpoint);
    check->callback([&context, &action] {
        action = [&context] { return run_migrate_check(context, wishes); };
    });
}

}  // namespace unkai::cli
