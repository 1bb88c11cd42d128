#include "fargate.h"

#include "base/log.h"

namespace unkai {

namespace network = planes::network;

Fargate::Fargate(Env& env, store::Store& store, aws::Client& client, VpcEndpoints& vpcs,
                 std::shared_ptr<planes::containers::ImageSource> images, FargateOptions options)
    : env_(env),
      vpcs_(vpcs),
      plane_(env, std::move(options.plane)),
      surroundings_(client, *this, std::move(images)),
      engine_(env, store, plane_, surroundings_, std::move(options.engine)),
      metrics_(env, store, client, plane_) {
    vpcs_.follow(
        [this](const std::string& vpc, const std::string& path) { follow_vpc(vpc, path); });
}

Task<Status> Fargate::start() {
    CO_REQUIRE(co_await plane_.open());
    CO_REQUIRE(co_await engine_.start());
    background_.spawn(metrics_.run(stop_));
    started_ = true;
    co_return ok();
}

Task<void> Fargate::stop() {
    stopped_ = true;
    stop_.request();
    co_await background_.join();
    if (std::exchange(started_, false)) co_await engine_.close();
    co_await plane_.close();
    for (auto& [vpc, server] : std::exchange(endpoints_, {}))
        scope_.spawn(close_endpoint(std::move(server)));
    co_await scope_.join();
}

Task<Result<services::ecs::TaskNetwork>> Fargate::ready(std::string interface, Steady deadline) {
    CO_REQUIRE(co_await vpcs_.ready(interface, deadline));
    services::ecs::TaskNetwork out;
    out.network_namespace = vpcs_.namespace_path(interface);
    out.name_servers = {network::resolver_address.text()};
    co_return out;
}

void Fargate::follow_vpc(const std::string& vpc, const std::string& path) {
    if (const auto found = endpoints_.find(vpc); found != endpoints_.end()) {
        scope_.spawn(close_endpoint(std::move(found->second)));
        endpoints_.erase(found);
    }
    if (path.empty() || stopped_) return;
    const auto address = net::Address::parse(network::task_metadata_address.text(), 80);
    CHECK(address.has_value());
    auto server = std::make_unique<net::Server>(env_.loop, *this, net::ServerOptions{});
    const auto bound = server->listen(path, *address, {.free_bind = true});
    if (!bound) {
        log::warn("no task metadata endpoint in a VPC",
                  {{"vpc", vpc}, {"error", bound.error().message}});
        scope_.spawn(close_endpoint(std::move(server)));
        return;
    }
    endpoints_[vpc] = std::move(server);
}

Task<void> Fargate::close_endpoint(std::unique_ptr<net::Server> server) {
    co_await server->drain(std::chrono::seconds(1));
}

Task<void> Fargate::handle(net::Exchange& exchange) {
    const std::string path(exchange.request().target);
    const auto answer = co_await metadata_.answer(path, exchange.peer().address.ip());
    exchange.headers().add_view("content-type", "application/json");
    (void)co_await exchange.respond(answer.status, answer.body);
}

}  // namespace unkai
