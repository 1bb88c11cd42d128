// One look at an endpoint, as Route 53's health checkers take it, from the internet.
//
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/
// dns-failover-determining-health-of-endpoints.html: HTTP(S) connects within 4 s, answers 2xx or
// 3xx within 2 s after that, and has the search string in the first 5,120 bytes of a body that
// comes within 2 s more; TCP connects within 10 s. Certificates are not validated.
#pragma once

#include <functional>
#include <memory>

#include "net/tls.h"
#include "rt/loop.h"
#include "services/route53/schema.h"

namespace unkai::services::route53 {

struct ProbeResult {
    bool passed = false;
    std::string report;  // "Success: HTTP Status Code 200, OK", "Failure: …"
    // How long parts took, if they came to their end.
    std::optional<Duration> connected, secured, first_byte;
};

class Prober {
public:
    virtual ~Prober() = default;
    // Ends soon after `stop` is requested; the result does not count then.
    virtual Task<ProbeResult> probe(HealthCheckRecord check, Stop* stop) = 0;
};

class NetworkProber final : public Prober {
public:
    // `network`: the internet's namespace (empty: our own). `resolve`: what public DNS answers,
    // IPv4.
    NetworkProber(Loop& loop, std::string network,
                  std::function<std::vector<std::string>(const std::string&)> resolve)
        : loop_(loop), network_(std::move(network)), resolve_(std::move(resolve)) {}

    Task<ProbeResult> probe(HealthCheckRecord check, Stop* stop) override;

private:
    struct Look;
    Loop& loop_;
    std::string network_;
    std::function<std::vector<std::string>(const std::string&)> resolve_;
    std::shared_ptr<net::ClientTls> tls_;  // Made at the first HTTPS check.
};

}  // namespace unkai::services::route53
