// What the program needs for load balancers, put together: the proxy on the data loops, the
// publisher, the service, the names, the metrics.
#pragma once

#include "balancer_functions.h"
#include "planes/dns/names.h"
#include "planes/network/network.h"
#include "planes/proxy/proxy.h"
#include "services/elbv2/elbv2.h"
#include "services/elbv2/metrics.h"
#include "services/elbv2/publisher.h"

namespace unkai {

class Balancers {
public:
    Balancers(Env& env, store::Store& store, aws::Client& client,
              net::CertificateLookup& certificates, planes::network::Network& network,
              std::vector<Loop*> data_loops)
        : functions_(client),
          proxy_(env.loop, std::move(data_loops), env.random),
          service_(client, certificates, proxy_),
          publisher_(
              env, store,
              {.plane = proxy_,
               .names = names_,
               .certificates = certificates,
               .client = client,
               .network =
                   [&network](const std::string& vpc) { return network.namespace_path(vpc); },
               .ready =
                   [&network](std::string interface, Steady deadline) {
                       return network.ready(std::move(interface), deadline);
                   }}),
          metrics_(env, store, client, proxy_, [this] { return proxy_.collect(); }) {
        proxy_.set_functions(functions_);
    }

    services::elbv2::Elbv2& service() { return service_; }
    planes::dns::NameSource& names() { return names_; }

    void start() {
        publisher_.start();
        background_.spawn(metrics_.run(stop_));
        started_ = true;
    }
    Task<void> stop() {
        stop_.request();
        co_await background_.join();
        if (std::exchange(started_, false)) co_await publisher_.stop();
        co_await proxy_.stop(5s);
    }

private:
    planes::dns::NameSource names_{"elbv2"};
    BalancerFunctions functions_;
    planes::proxy::Proxy proxy_;
    services::elbv2::Elbv2 service_;
    services::elbv2::Publisher publisher_;
    services::elbv2::MetricsPublisher metrics_;
    Stop stop_;
    Scope background_;
    bool started_ = false;
};

}  // namespace unkai
