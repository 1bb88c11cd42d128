// What the program needs for load balancers, put together: the proxy on the data loops, the service,
// and the publisher between them.
//
//     Balancing balancing(env, store, client, certificates, network, data_loops);
//     dispatcher.add(api::elbv2::bind(balancing.service()));
//     balancing.start();             // networks are up, other services are added
//     co_await balancing.stop();     // before the network goes
#pragma once

#include "planes/network/network.h"
#include "planes/proxy/proxy.h"
#include "services/elbv2/elbv2.h"
#include "services/elbv2/publisher.h"

namespace unkai {

class Balancing {
public:
    Balancing(Env& env, store::Store& store, aws::Client& client, net::CertificateLookup& certificates,
              const planes::network::Network& network, std::vector<Loop*> data)
        : proxy_(env.loop, std::move(data), env.random),
          elbv2_(client, certificates, proxy_),
          publisher_(env, store,
                     {.plane = proxy_,
                      .names = names_,
                      .certificates = certificates,
                      .client = client,
                      .network = [&network](const std::string& vpc) { return network.namespace_path(vpc); }}) {}

    services::elbv2::Elbv2& service() { return elbv2_; }
    planes::proxy::Proxy& proxy() { return proxy_; }
    planes::dns::NameSource& names() { return names_; }

    void start() {
        started_ = true;
        publisher_.start();
    }
    Task<void> stop() {
        if (!std::exchange(started_, false)) co_return;
        co_await publisher_.stop();
        co_await proxy_.stop(std::chrono::seconds(5));
    }

private:
    planes::proxy::Proxy proxy_;
    planes::dns::NameSource names_{"elbv2"};
    services::elbv2::Elbv2 elbv2_;
    services::elbv2::Publisher publisher_;
    bool started_ = false;
};

}  // namespace unkai
