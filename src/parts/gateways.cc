// API Gateway: REST APIs, HTTP APIs, and the plane that serves both.
//
// The gateway answers on an address of its own in the internet namespace, where aliases of custom
// domain names lead, and by host name on the API's ports.
#include "aws/client.h"
#include "aws/front_door.h"
#include "base/log.h"
#include "parts.h"
#include "parts/gateway_backend.h"
#include "planes/network/kernel_network.h"
#include "services/acm/local_authority.h"
#include "services/apigateway/apigateway.h"
#include "services/apigateway/publisher.h"
#include "services/apigatewayv2/apigatewayv2.h"
#include "services/apigatewayv2/publisher.h"

namespace unkai {

namespace {

planes::gateway::GatewayOptions gateway_options(const Surroundings& around) {
    planes::gateway::GatewayOptions options;
    if (around.network_works) options.network = around.network.namespace_path("internet");
    options.trusted_authorities = around.authority_pem;
    return options;
}

class GatewaysPart final : public Part, public aws::HostHandler {
public:
    explicit GatewaysPart(const Surroundings& around)
        : around_(around),
          backend_(around),
          gateway_(around.env, backend_, gateway_options(around)),
          rest_(gateway_, around.certificates),
          rest_publisher_(
              around.env, around.store,
              {.gateway = gateway_,
               .certificates = around.certificates,
               .published = [this] { publish_names(); },
               .identities = [this](auto identities) { take_identities(std::move(identities)); }}),
          http_(gateway_, around.client),
          http_publisher_(around.store,
                          {.gateway = gateway_, .published = [this] { publish_names(); }}) {
        around.front_door.add_host(*this);
    }

    std::vector<BoundService> services() override {
        return {api::apigateway::bind(rest_), api::apigatewayv2::bind(http_)};
    }
    planes::dns::NameSource* names() override { return &names_; }

    bool wants(std::string_view host, std::string_view) const override {
        return gateway_.wants(host);
    }
    Task<void> handle(net::Exchange& exchange) override { return gateway_.handle(exchange); }

    Task<Status> start() override {
        CO_TRY(own_identity_, own_identity());
        take_identities({});
        rest_publisher_.start();
        http_publisher_.start();
        background_.spawn(backend_.ship(gateway_, stop_));
        started_ = true;
        if (around_.network_works)
            if (const Status listening = listen(); !listening)
                log::warn("the API gateway has no address of its own",
                          {{"reason", listening.error().message}});
        co_return ok();
    }

    Task<void> stop() override {
        if (!std::exchange(started_, false)) co_return;
        stop_.request();
        co_await background_.join();
        co_await gateway_.stop(5s);
        http_publisher_.stop();
        co_await rest_publisher_.stop();
    }

private:
    // For execute-api names of all regions.
    Result<std::shared_ptr<const net::Identity>> own_identity() {
        std::vector<std::string> names;
        for (const char* const region :
             {"us-east-1", "us-east-2", "us-west-1", "us-west-2", "ap-south-1", "ap-northeast-1",
              "ap-northeast-2", "ap-northeast-3", "ap-southeast-1", "ap-southeast-2",
              "ca-central-1", "eu-central-1", "eu-west-1", "eu-west-2", "eu-west-3", "eu-north-1",
              "sa-east-1"})
            names.push_back("*.execute-api." + std::string(region) + ".amazonaws.com");
        return around_.authority.identity_for(std::move(names), around_.env.random,
                                              around_.env.now());
    }

    // The APIs' own host names, and what aliases of custom domain names lead to.
    void publish_names() {
        std::set<std::string> wanted;
        for (const auto& [owner, snapshot] : gateway_.snapshots()) {
            for (const auto& [id, api] : snapshot->apis)
                wanted.insert(id + ".execute-api." + api.region + ".amazonaws.com");
            for (const auto& [name, domain] : snapshot->domains)
                wanted.insert(domain.targets.begin(), domain.targets.end());
        }
        std::vector<std::string> gone;
        for (const auto& [name, target] : names_.entries())
            if (!wanted.contains(name)) gone.push_back(name);
        for (const std::string& name : gone) names_.erase(name);
        const std::string address = around_.network.settings().gateway_address().text();
        for (const std::string& name : wanted) names_.set(name, {.public_addresses = {address}});
    }

    void take_identities(std::vector<std::shared_ptr<const net::Identity>> identities) {
        if (!own_identity_) return;
        identities.insert(identities.begin(), own_identity_);
        identities_->set(std::move(identities));
    }

    Status listen() {
        TRY(auto tls, net::ServerTls::make(identities_));
        const std::string internet = around_.network.namespace_path("internet");
        for (const uint16_t port : {80, 443}) {
            TRY(const net::Address address,
                net::Address::parse(around_.network.settings().gateway_address().text(), port));
            REQUIRE(gateway_.listen(internet, address, port == 443 ? tls : nullptr));
        }
        return ok();
    }

    Surroundings around_;
    planes::dns::NameSource names_{"apigateway"};
    GatewayBackend backend_;
    planes::gateway::Gateway gateway_;
    services::apigateway::ApiGateway rest_;
    services::apigateway::Publisher rest_publisher_;
    services::apigatewayv2::ApiGatewayV2 http_;
    services::apigatewayv2::Publisher http_publisher_;
    std::shared_ptr<const net::Identity> own_identity_;
    std::shared_ptr<net::CertificateList> identities_ = std::make_shared<net::CertificateList>();
    Stop stop_;
    Scope background_;
    bool started_ = false;
};

}  // namespace

std::unique_ptr<Part> make_gateways(const Surroundings& around) {
    return std::make_unique<GatewaysPart>(around);
}

}  // namespace unkai
