// The composition root: every object of the program is built here by hand, top to bottom.
#include <fcntl.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "aws/client.h"
#include "aws/credentials.h"
#include "aws/dispatcher.h"
#include "aws/front_door.h"
#include "aws/protocol/json_shape.h"
#include "base/log.h"
#include "cli/cli.h"
#include "net/server.h"
#include "rt/env.h"
#include "services/iam/iam.h"
#include "services/s3/s3.h"
#include "services/sts/sts.h"
#include "store/blob/blobs.h"
#include "store/store.h"
#include "wire/json.h"

namespace unkai {

namespace {

constexpr const char* version = "0.1.0";
using wire::Json;

// Everything that runs, in the order in which it depends on each other; destroyed in reverse.
class Program {
public:
    Program(cli::StartOptions options, cli::Installation installation, std::unique_ptr<store::Engine> engine)
        : options_(std::move(options)), installation_(std::move(installation)), store_(env_, std::move(engine)) {}

    Task<Status> run();

private:
    void add_services();
    void add_controls();
    Status listen();
    Json status() const;
    Task<Result<std::string>> control_call(std::string body);
    Task<Result<std::string>> control_reset(std::string body);
    Task<void> wait_for_signal();
    std::string endpoint() const { return "http://localhost:" + std::to_string(options_.port); }

    cli::StartOptions options_;
    cli::Installation installation_;
    Loop& loop_ = *Loop::current();
    std::unique_ptr<Random> random_ = system_random();
    Workers workers_{4};
    Env env_{loop_, *random_, workers_};
    store::Store store_;
    aws::Credentials credentials_{env_, store_, {installation_.account, installation_.access_key_id,
                                                 installation_.secret_access_key, options_.accept_test_keys}};
    aws::Dispatcher dispatcher_{env_, store_};
    aws::Client client_{dispatcher_};
    services::iam::Iam iam_{credentials_};
    services::sts::Sts sts_{credentials_, client_};
    store::Blobs object_bodies_{env_, installation_.data_dir + "/objects"};
    services::s3::S3 s3_{env_, store_, object_bodies_};
    aws::FrontDoor front_door_{dispatcher_, credentials_,
                               {.version = version, .region = installation_.region, .control_token = installation_.control_token}};
    net::Server api_server_{loop_, front_door_, {}};
    net::Server control_server_{loop_, front_door_, {}};
};

void Program::add_services() {
    dispatcher_.add(api::iam::bind(iam_));
    dispatcher_.add(api::sts::bind(sts_));
    dispatcher_.add(api::s3::bind(s3_));
    front_door_.set_cross_origin(s3_);
}

void Program::add_controls() {
    front_door_.add_control("status", [this](std::string) -> Task<Result<std::string>> {
        struct Answer {
            static Task<Result<std::string>> go(std::string text) { co_return text; }
        };
        return Answer::go(status().dump());
    });
    front_door_.add_control("call", [this](std::string body) { return control_call(std::move(body)); });
    front_door_.add_control("reset", [this](std::string body) { return control_reset(std::move(body)); });
}

Json Program::status() const {
    Json services = Json::array();
    for (const auto& [name, service] : dispatcher_.services()) services.push(std::string(name));
    return Json::object({{"version", version},
                         {"pid", static_cast<int64_t>(::getpid())},
                         {"endpoint", endpoint()},
                         {"account", installation_.account},
                         {"region", installation_.region},
                         {"dataDir", installation_.data_dir},
                         {"runDir", installation_.run_dir()},
                         {"authority", std::filesystem::exists(installation_.authority_file()) ? installation_.authority_file() : ""},
                         {"services", std::move(services)}});
}

// Any AWS operation, as the root user: {"service", "operation", "input", "region"?, "account"?}.
Task<Result<std::string>> Program::control_call(std::string body) {
    CO_TRY(const Json json, Json::parse(body));
    const std::string service_name = json["service"].string_or("");
    const std::string operation_name = json["operation"].string_or("");
    const BoundService* service = dispatcher_.find(service_name);
    const OperationInfo* operation = service != nullptr ? service->info->find(operation_name) : nullptr;
    if (operation == nullptr)
        co_return fail("NotImplemented", "Unkai does not have " + service_name + ":" + operation_name + ".", 501);
    const std::unique_ptr<void, void (*)(void*)> input(operation->input->create(), operation->input->destroy);
    const std::unique_ptr<void, void (*)(void*)> output(operation->output->create(), operation->output->destroy);
    const Json& given = json["input"];
    CO_REQUIRE(aws::protocol::shape_from_json(*operation->input, input.get(), given.is_null() ? std::string("{}") : given.dump()));
    const std::string account = json["account"].string_or(installation_.account);
    CO_TRY(auto root, credentials_.find(installation_.access_key_id, "", env_.now()));
    CO_REQUIRE(co_await client_.run({root.principal, account, json["region"].string_or(installation_.region)}, service_name,
                                    operation_name, input.get(), output.get()));
    co_return aws::protocol::shape_to_json(*operation->output, output.get());
}

Task<Result<std::string>> Program::control_reset(std::string) {
    CO_REQUIRE(co_await store_.clear());
    CO_REQUIRE(co_await object_bodies_.erase_all());
    co_return std::string("{}");
}

Status Program::listen() {
    std::error_code error;
    std::filesystem::create_directories(installation_.run_dir(), error);
    if (error)
        return fail("RunDirUnwritable", "Cannot make " + installation_.run_dir() + ": " + error.message() +
                                            ". Unkai needs root for networks and containers: run it with sudo.");
    TRY(const net::Address control, net::Address::unix_socket(installation_.control_socket()));
    REQUIRE(control_server_.listen("", control));
    TRY(const net::Address address, net::Address::parse(options_.listen, options_.port));
    auto bound = api_server_.listen("", address);
    if (!bound)
        return fail("PortTaken", "Port " + std::to_string(options_.port) + " is taken: " + bound.error().message +
                                     " Choose another: unkai start --port N");
    if (options_.listen == "127.0.0.1") {
        // Names like localhost may resolve to ::1 first. A machine without IPv6 does without.
        TRY(const net::Address v6, net::Address::parse("::1", options_.port));
        if (auto also = api_server_.listen("", v6); !also) log::debug("no IPv6 listener", {{"error", also.error().message}});
    }
    log::info("listening", {{"address", address.text()}});
    return ok();
}

Task<void> Program::wait_for_signal() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    Io io(loop_, Fd(::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC)));
    signalfd_siginfo info{};
    while (::read(io.fd(), &info, sizeof info) != sizeof info) co_await io.readable();
    log::info("stopping", {{"signal", std::to_string(info.ssi_signo)}});
}

Task<Status> Program::run() {
    add_services();
    add_controls();
    CO_REQUIRE(co_await s3_.recover());
    CO_REQUIRE(listen());
    std::ofstream(installation_.pid_file()) << ::getpid() << "\n";
    co_await wait_for_signal();
    co_await api_server_.drain(5s);
    co_await control_server_.drain(1s);
    co_await s3_.stop();
    std::filesystem::remove(installation_.pid_file());
    co_return ok();
}

Task<Status> compose_and_run(cli::StartOptions options) {
    const auto random = system_random();
    CO_TRY(cli::Installation installation, cli::make_installation(options.data_dir, options.wishes, *random));
    CO_TRY(auto engine, store::rocks_engine(installation.data_dir + "/store"));
    Program program(std::move(options), std::move(installation), std::move(engine));
    co_return co_await program.run();
}

void block_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
}

}  // namespace

int cli::serve(const StartOptions& options) {
    if (options.verbose) log::set_level(log::Level::debug);
    block_signals();
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
    app.set_version_flag("--version", std::string("unkai ") + unkai::version);
    app.require_subcommand(1);
    app.fallthrough();
    app.add_option("--data-dir", context.data_dir, "Where this installation's data lies");
    app.add_flag("--json", context.json, "Print one JSON object");
    app.add_flag("--no-color", context.no_color, "No colour");
    add_start(app, context, action);
    add_stop(app, context, action);
    add_status(app, context, action);
    add_env(app, context, action);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    return action ? action() : 2;
}
