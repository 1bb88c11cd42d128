// The program's beginning: one binary is the command line and, with `start --foreground`, Unkai
// itself.
#include <cstdio>

#include "base/log.h"
#include "cli/cli.h"
#include "cli/public_range.h"
#include "cli/signals.h"
#include "program.h"
#include "services/acm/local_authority.h"
#include "store/rocks_engine.h"

namespace unkai {

namespace {

Task<Status> compose_and_run(cli::StartOptions options) {
    const auto range = planes::network::Cidr::parse(options.public_cidr, true);
    if (!range || range->prefix > 23)
        co_return fail("PublicCidrInvalid",
                       options.public_cidr +
                           " is no range of public addresses; "
                           "give a block of /23 or wider, as --public-cidr 198.18.0.0/15");
    const auto random = system_random();
    CO_TRY(cli::Installation installation,
           cli::make_installation(options.data_dir, options.wishes, *random));
    CO_REQUIRE(cli::check_public_range(options.public_cidr, installation.id));
    CO_TRY(auto authority, services::acm::LocalAuthority::open(installation.data_dir + "/authority",
                                                               *random, Loop::current()->now()));
    const std::string& data = installation.data_dir;
    CO_TRY(auto engine,
           store::rocks_engine(data + "/store",
                               {data + "/installation.json", data + "/authority/ca.key",
                                data + "/authority/ca.pem", data + "/authority"}));
    Program program(std::move(options), std::move(installation), std::move(engine),
                    std::move(authority));
    co_return co_await program.run();
}

}  // namespace

int cli::serve(const StartOptions& options) {
    if (options.verbose) log::set_level(log::Level::debug);
    block_ending_signals();
    Loop loop;
    const Status status = loop.run_until_done(compose_and_run(options));
    if (status) return 0;
    std::fprintf(stderr, "unkai: %s\n", status.error().message.c_str());
    return 1;
}

}  // namespace unkai

int main(int argc, char** argv) {
    using namespace unkai::cli;
    CLI::App app{"Unkai runs an AWS web stack on one Linux machine, for real.", "unkai"};
    Context context;
    Action action;
    app.set_version_flag("--version", std::string("unkai ") + unkai::program_version);
    app.require_subcommand(1);
    app.footer(
        "Examples:\n  unkai start && unkai up examples/saas\n  eval \"$(unkai env)\" && aws s3 ls\n"
        "  unkai doctor                  when something is missing\n\nunkai COMMAND --help has "
        "more.");
    app.fallthrough();
    app.add_option("--data-dir", context.data_dir, "Where this installation's data lies");
    app.add_flag("--json", context.json, "Print one JSON object");
    app.add_flag("--no-color", context.no_color, "No colour");
    add_start(app, context, action);
    add_stop(app, context, action);
    add_status(app, context, action);
    add_env(app, context, action);
    add_up(app, context, action);
    add_down(app, context, action);
    add_logs(app, context, action);
    add_doctor(app, context, action);
    add_image(app, context, action);
    add_slack(app, context, action);
    add_why(app, context, action);
    add_load(app, context, action);
    add_shift(app, context, action);
    add_cost(app, context, action);
    add_migrate(app, context, action);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    return action ? action() : 2;
}
