#include "program.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/log.h"
#include "base/memory.h"
#include "cli/signals.h"
#include "parts.h"
#include "services/ec2/rules.h"
#include "services/ecr/image_source.h"

namespace unkai {

namespace {

planes::network::Settings network_settings(const cli::StartOptions& options,
                                           const cli::Installation& installation) {
    planes::network::Settings settings;
    settings.run_directory = installation.run_dir();
    settings.host_link = "unkai" + installation.id;
    settings.egress = options.egress;
    if (const auto range = planes::network::Cidr::parse(options.public_cidr))
        settings.public_range = *range;
    return settings;
}

}  // namespace

Program::Program(cli::StartOptions options, cli::Installation installation,
                 std::unique_ptr<store::Engine> engine, services::acm::LocalAuthority authority)
    : options_(std::move(options)),
      installation_(std::move(installation)),
      store_(env_, std::move(engine)),
      network_(env_, network_settings(options_, installation_)),
      authority_(std::move(authority)),
      ecr_(env_, store_,
           {.domain = "localhost:" + std::to_string(options_.port),
            .folder = installation_.data_dir + "/layers"}),
      front_door_(dispatcher_, credentials_,
                  {.version = program_version,
                   .region = installation_.region,
                   .own_hosts = {network_.settings().api_address().text()},
                   .control_token = installation_.control_token}) {}

Surroundings Program::surroundings() {
    return {.env = env_,
            .store = store_,
            .client = client_,
            .credentials = credentials_,
            .front_door = front_door_,
            .network = network_,
            .vpcs = vpc_endpoints_,
            .tenants = tenants_,
            .public_names = content_delivery_->origin_names(),
            .certificates = certificates_,
            .authority = authority_,
            .images = std::make_shared<services::ecr::RegistrySource>(store_, ecr_),
            .data_dir = installation_.data_dir,
            .run_dir = installation_.run_dir(),
            .account = installation_.account,
            .region = installation_.region,
            .authority_pem = authority_.certificate_pem(),
            .authority_path = authority_.certificate_path(),
            .port = static_cast<uint16_t>(options_.port),
            .data_loops = data_loops_.all(),
            .network_works = network_works_};
}

// Those that need nothing but the store: they answer while networks and planes come up.
void Program::add_first_services() {
    for (const BoundService& service :
         {api::iam::bind(iam_), api::sts::bind(sts_), api::s3::bind(s3_), api::logs::bind(logs_),
          api::ssm::bind(ssm_), api::secretsmanager::bind(secretsmanager_)})
        dispatcher_.add(service);
    front_door_.set_cross_origin(s3_);
}

void Program::add_services() {
    const Surroundings around = surroundings();
    parts_ = make_parts(around);
    std::vector<planes::dns::NameSource*> names{&own_names_, &balancers_.names(),
                                                &databases_.names(), &content_delivery_->names()};
    for (const auto& part : parts_)
        if (planes::dns::NameSource* const own = part->names()) names.push_back(own);
    route53_publisher_ = std::make_unique<services::route53::Publisher>(
        env_, store_, std::move(names),
        services::route53::PublisherOptions{
            .server = dns_.get(),
            .resolver = &resolver_,
            .published =
                [this](auto snapshot) {
                    content_delivery_->origin_names().set(std::move(snapshot));
                },
            .server_addresses = {network_.settings().dns_address().text()},
            .region = installation_.region});
    health_prober_ = std::make_unique<services::route53::NetworkProber>(
        loop_, network_works_ ? network_.namespace_path("internet") : "",
        [this](const std::string& name) {
            return content_delivery_->origin_names().resolve(name);
        });
    health_monitor_ = std::make_unique<services::route53::HealthMonitor>(
        env_, store_, client_, *route53_publisher_, *health_prober_);
    route53_ = std::make_unique<services::route53::Route53>(
        client_, *route53_publisher_, *health_monitor_, network_.settings().api_address().text());
    fargate_ = std::make_unique<Fargate>(
        env_, store_, client_, vpc_endpoints_, around.images,
        FargateOptions{.plane = {installation_.data_dir + "/containers",
                                 installation_.run_dir() + "/containers"},
                       .engine = {.ca_certificate = authority_.certificate_pem()}});
    for (const BoundService& service :
         {api::acm::bind(acm_), api::ec2::bind(ec2_), api::ecr::bind(ecr_),
          api::route53::bind(*route53_), api::ecs::bind(fargate_->service()),
          api::elbv2::bind(balancers_.service()),
          api::cloudfront::bind(content_delivery_->service()), api::rds::bind(databases_.service()),
          api::cloudformation::bind(cloudformation_)})
        dispatcher_.add(service);
    for (const auto& part : parts_)
        for (const BoundService& service : part->services()) dispatcher_.add(service);
    front_door_.add_host(registry_);
    front_door_.add_host(*content_delivery_);
    balancer_hosts_ = std::make_unique<BalancerHosts>(loop_, content_delivery_->origin_names(),
                                                      balancers_.names());
    front_door_.add_host(*balancer_hosts_);
}

// Everything that stays between commands is found and adopted here. Without the right to make
// networks the API still answers, and says so.
Task<Status> Program::start_network() {
    store::Txn txn = store_.begin();
    if (const auto applied = co_await vpc_endpoints_.apply(services::ec2::compile(txn)); !applied) {
        log::warn("no networks on this machine", {{"error", applied.error().message}});
        co_return ok();
    }
    network_works_ = true;
    planes::dns::ServerOptions dns;
    dns.network = network_.namespace_path("internet");
    CO_TRY(const net::Address address,
           net::Address::parse(network_.settings().dns_address().text(), 53));
    dns.addresses = {address};
    CO_TRY(dns_, planes::dns::Server::start(data_loops_.all(), dns));
    const planes::dns::NameTarget endpoint{
        .public_addresses = {network_.settings().api_address().text()}};
    own_names_.set("*.amazonaws.com", endpoint);
    co_return ok();
}

Status Program::listen() {
    std::vector<std::string> names = {"localhost",
                                      "*.cloudfront.localhost",
                                      "localhost.localstack.cloud",
                                      "*.localhost.localstack.cloud",
                                      "*.amazonaws.com",
                                      "*.s3.amazonaws.com"};
    for (const std::string& region : services::ec2::regions()) {
        names.push_back("*." + region + ".amazonaws.com");
        names.push_back("*.s3." + region + ".amazonaws.com");
    }
    TRY(auto own, authority_.identity_for(std::move(names), *random_, env_.now()));
    own_certificates_->set_own(std::move(own));
    TRY(auto tls, net::ServerTls::make(own_certificates_));
    api_server_ = std::make_unique<net::Server>(loop_, front_door_,
                                                net::ServerOptions{.tls = std::move(tls)});
    TRY(const net::Address control, net::Address::unix_socket(installation_.control_socket()));
    REQUIRE(control_server_.listen("", control));
    TRY(const net::Address address, net::Address::parse(options_.listen, options_.port));
    auto bound = api_server_->listen("", address);
    if (!bound)
        return fail("PortTaken", "Port " + std::to_string(options_.port) +
                                     " is taken: " + bound.error().message +
                                     " Choose another: unkai start --port N");
    if (options_.listen == "127.0.0.1") {
        // Names like localhost may resolve to ::1 first. A machine without IPv6 does without.
        TRY(const net::Address v6, net::Address::parse("::1", options_.port));
        if (auto also = api_server_->listen("", v6); !also)
            log::debug("no IPv6 listener", {{"error", also.error().message}});
        REQUIRE(listen_for_browsers());
    }
    log::info("listening", {{"address", address.text()}});
    return ok();
}

// Where browsers take *.localhost names. Ports that somebody else has are left to him: the same is
// on the API's port.
Status Program::listen_for_browsers() {
    for (const uint16_t port : {80, 443}) {
        TRY(const net::Address v4, net::Address::parse("127.0.0.1", port));
        TRY(const net::Address v6, net::Address::parse("::1", port));
        if (auto bound = api_server_->listen("", v4); !bound) {
            log::warn("a port for browsers is taken",
                      {{"port", std::to_string(port)}, {"error", bound.error().message}});
            continue;
        }
        web_ports_.push_back(port);
        if (auto also = api_server_->listen("", v6); !also)
            log::debug("no IPv6 listener", {{"error", also.error().message}});
    }
    return ok();
}

// The API as VPCs reach it: on its public address, by the names of AWS's endpoints.
Status Program::listen_publicly() {
    const std::string internet = network_.namespace_path("internet");
    for (const uint16_t port : {80, 443, static_cast<int>(options_.port)}) {
        TRY(const net::Address address,
            net::Address::parse(network_.settings().api_address().text(), port));
        REQUIRE(api_server_->listen(internet, address));
    }
    return ok();
}

// Until the API answers. What needs more than the store waits at the front door for bring_up().
Task<Status> Program::begin() {
    std::error_code error;
    std::filesystem::create_directories(installation_.run_dir(), error);
    if (error)
        co_return fail("RunDirUnwritable",
                       "Cannot make " + installation_.run_dir() + ": " + error.message() +
                           ". Unkai needs root for networks and containers: run it with sudo.");
    CO_REQUIRE(co_await s3_.recover());
    add_first_services();
    add_controls();
    front_door_.hold();
    CO_REQUIRE(listen());
    std::ofstream(installation_.pid_file()) << ::getpid() << "\n";
    std::ofstream(installation_.run_dir() + "/data-dir") << installation_.data_dir << "\n";
    co_return ok();
}

Task<Status> Program::bring_up() {
    CO_REQUIRE(co_await start_network());
    CO_TRY(content_delivery_,
           ContentDelivery::make(env_, store_,
                                 {credentials_, certificates_, network_, authority_,
                                  data_loops_.all(), network_works_, client_}));
    add_services();
    ecr_.sweep();
    if (network_works_) ec2_publisher_.start();
    if (network_works_) balancers_.start();
    route53_publisher_->start();
    health_monitor_->start();
    CO_REQUIRE(co_await content_delivery_->start());
    if (network_works_) {
        if (const auto started = co_await fargate_->start(); !started)
            log::warn("no containers on this machine", {{"error", started.error().message}});
    }
    if (network_works_) {
        if (const auto started = co_await databases_.start(); !started)
            log::warn("no databases on this machine", {{"error", started.error().message}});
    }
    for (const auto& part : parts_) CO_REQUIRE(co_await part->start());
    validator_.start();
    background_.spawn(logs_sweeper_.run(stop_));
    if (network_works_) CO_REQUIRE(listen_publicly());
    stack_engine_.resume();
    front_door_.release();
    give_back_memory();  // What only starting needed.
    co_return ok();
}

Task<void> Program::wait_for_signal() {
    Io io(loop_, cli::ending_signals());
    signalfd_siginfo info{};
    while (::read(io.fd(), &info, sizeof info) != sizeof info) co_await io.readable();
    log::info("stopping", {{"signal", std::to_string(info.ssi_signo)}});
}

Task<void> Program::stop() {
    stop_.request();
    front_door_.release(false);
    if (api_server_) co_await api_server_->drain(5s);
    if (balancer_hosts_) balancer_hosts_->close();
    co_await stack_engine_.stop();
    co_await validator_.stop();
    for (auto part = parts_.rbegin(); part != parts_.rend(); ++part) co_await (*part)->stop();
    co_await databases_.stop();
    if (health_monitor_) co_await health_monitor_->stop();
    if (route53_publisher_) co_await route53_publisher_->stop();
    if (content_delivery_) co_await content_delivery_->stop();
    if (fargate_) co_await fargate_->stop();
    co_await balancers_.stop();
    co_await ec2_publisher_.stop();
    co_await tenants_.stop();
    co_await control_server_.drain(1s);
    co_await vpc_endpoints_.stop();
    if (dns_) co_await dns_->stop();
    co_await network_.settle();
    co_await s3_.stop();
    co_await background_.join();
    std::error_code error;
    std::filesystem::remove(installation_.pid_file(), error);
}

Task<Status> Program::run() {
    Status started = co_await begin();
    if (started) started = co_await bring_up();
    if (started) co_await wait_for_signal();
    co_await stop();
    co_return started ? ok() : Status(started.error());
}

}  // namespace unkai
