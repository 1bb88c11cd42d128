// Load balancers by name on the API's ports, for browsers without any DNS set-up: *.localhost leads
// to 127.0.0.1, where this takes what a load balancer owns (its DNS name, or a record that leads to
// it) to the load balancer's public address, as one more hop before it.
//
//     BalancerHosts hosts(loop, names, balancing.names());
//     front_door.add_host(hosts);
//     …
//     hosts.close();                    // before the loop ends
//
// Bodies stream both ways. TLS ends here and begins again towards the load balancer, whose
// certificate is not verified: the address is on this machine. X-Forwarded-For names this hop.
// WebSocket does not pass: 501 says where it does.
#pragma once

#include "aws/front_door.h"
#include "net/client.h"
#include "origin_names.h"
#include "planes/dns/names.h"

namespace unkai {

class BalancerHosts final : public aws::HostHandler {
public:
    BalancerHosts(Loop& loop, const OriginNames& names, const planes::dns::NameSource& balancers)
        : names_(names), balancers_(balancers), client_(loop) {}

    bool wants(std::string_view host, std::string_view path) const override;
    Task<void> handle(net::Exchange& exchange) override;
    void close() { client_.close_idle(); }

private:
    // The load balancer's public address; empty: the name leads elsewhere. ≈ 3 µs.
    std::string address_of(std::string_view host) const;
    Task<Status> pass(net::Exchange& exchange, std::string address);

    const OriginNames& names_;
    const planes::dns::NameSource& balancers_;
    net::Client client_;
    std::shared_ptr<net::ClientTls> tls_;
};

}  // namespace unkai
