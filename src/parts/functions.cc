// Lambda: the function plane, the engine, the service, and function URLs.
#include "aws/client.h"
#include "aws/front_door.h"
#include "base/log.h"
#include "parts.h"
#include "planes/dns/names.h"
#include "planes/functions/local_plane.h"
#include "planes/network/kernel_network.h"
#include "services/lambda/engine.h"
#include "services/lambda/lambda.h"
#include "services/lambda/limits.h"
#include "services/lambda/url_host.h"
#include "tenant_networks.h"
#include "vpc_endpoints.h"

namespace unkai {

namespace {

namespace functions = planes::functions;

class MachineNetworks final : public services::lambda::FunctionNetworks {
public:
    explicit MachineNetworks(VpcEndpoints& vpcs) : vpcs_(vpcs) {}

    Result<functions::FunctionNetwork> outside() override {
        return behind(TenantNetworks::own_interface());
    }
    Task<Result<functions::FunctionNetwork>> inside(std::string interface,
                                                    Steady deadline) override {
        CO_REQUIRE(co_await vpcs_.ready(interface, deadline));
        co_return behind(std::move(interface));
    }

private:
    static functions::FunctionNetwork behind(std::string interface) {
        functions::FunctionNetwork out;
        out.name = std::move(interface);
        out.name_servers = {planes::network::resolver_address.text()};
        return out;
    }

    VpcEndpoints& vpcs_;
};

class FunctionsPart final : public Part {
public:
    explicit FunctionsPart(const Surroundings& around)
        : network_works_(around.network_works),
          networks_(around.vpcs),
          plane_(around.env, {.run_folder = around.run_dir + "/functions",
                              .data_folder = around.data_dir + "/functions",
                              .networks = &around.tenants}),
          engine_(around.env, around.store, around.client, plane_, networks_,
                  {.code_folder = around.data_dir + "/function-code",
                   .authority_pem = around.authority_pem,
                   .images = around.images,
                   .endpoint = "http://localhost:" + std::to_string(around.port)}),
          urls_(engine_, around.credentials) {
        around.front_door.add_host(urls_);
        around.front_door.allow_body(
            "lambda", services::lambda::limits::request_bytes,
            Error{"RequestEntityTooLargeException",
                  "Request must be smaller than " +
                      std::to_string(services::lambda::limits::request_bytes) +
                      " bytes for this operation",
                  413,
                  {}});
        if (network_works_)
            names_.set("*.on.aws",
                       {.public_addresses = {around.network.settings().api_address().text()}});
    }

    std::vector<BoundService> services() override { return {api::lambda::bind(lambda_)}; }
    planes::dns::NameSource* names() override { return &names_; }

    Task<Status> start() override {
        if (network_works_) {
            if (const auto opened = co_await plane_.open(); !opened)
                log::warn("no functions on this machine", {{"error", opened.error().message}});
        }
        co_return co_await engine_.start();
    }
    Task<void> stop() override {
        engine_.begin_stop();
        co_await plane_.close();
        co_await engine_.finish_stop();
    }
    Task<void> reset() override { co_await engine_.reset(); }
    Task<Status> purge() override {
        co_await engine_.purge();
        co_return co_await plane_.purge();
    }
    std::vector<std::string> findings() const override {
        std::vector<std::string> out;
        for (const auto& finding : plane_.findings())
            out.push_back(finding.problem + " " + finding.fix);
        return out;
    }

private:
    const bool network_works_;
    MachineNetworks networks_;
    functions::LocalPlane plane_;
    services::lambda::Engine engine_;
    services::lambda::Lambda lambda_{engine_};
    services::lambda::UrlHost urls_;
    planes::dns::NameSource names_{"lambda"};
};

}  // namespace

std::unique_ptr<Part> make_functions(const Surroundings& around) {
    return std::make_unique<FunctionsPart>(around);
}

}  // namespace unkai
