// The VPC resolver: what containers ask at 169.254.169.253 and at their VPC's base address plus
// two.
//
//     Resolver resolver(loop, {.upstreams = {}});
//     co_await resolver.open("vpc-1", "/run/unkai/netns/vpc-1", {"169.254.169.253", "10.0.0.2"});
//     co_await resolver.apply(snapshot);
//     co_await resolver.close("vpc-1");
//
// One loop serves the sockets of all VPCs; each lies in its VPC's namespace, so overlapping ranges
// do not meet. A question is answered from, in this order: localhost names; the private zones of
// the VPC; the public zones and the name table (as an authoritative server would, with RA set); the
// internal names ip-10-0-1-5.ec2.internal and ip-10-0-1-5.<region>.compute.internal and their
// reverse; names without a dot and others below "internal", which do not exist. Everything else
// goes to the upstreams, through a cache. Without upstreams the answer is SERVFAIL with the reason
// as an extended error: we did not ask, so we do not know that a name does not exist.
//
// All calls may be made on any loop. Sockets are bound before the namespace has the address, if
// need be.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "planes/dns/cache.h"
#include "planes/dns/endpoint.h"
#include "planes/dns/snapshot.h"

namespace unkai::planes::dns {

struct ResolverOptions {
    std::vector<net::Address> upstreams;  // Empty: nothing leaves this machine.
    size_t most_forwards = 256;           // At a time; SERVFAIL beyond.
};

class Resolver {
public:
    Resolver(Loop& loop, ResolverOptions options);
    ~Resolver();
    Resolver(const Resolver&) = delete;

    // Opening a VPC that is open closes it first. Errors as in net/socket.h; then it stays closed.
    // `port` is 53 outside of tests.
    Task<Status> open(std::string vpc, std::string network, std::vector<std::string> addresses,
                      uint16_t port = 53);
    Task<void> close(std::string vpc);
    Task<void> apply(std::shared_ptr<const Snapshot> snapshot);
    Task<void> stop();  // Needed before destruction.

    // For tests and status: as bound. On the resolver's loop.
    std::vector<net::Address> addresses(const std::string& vpc) const;
    const Cache& cache() const { return cache_; }

private:
    class Vpc;
    Task<void> close_here(std::string vpc);

    Loop& loop_;
    ResolverOptions options_;
    std::shared_ptr<const Snapshot> snapshot_ = Snapshot::make({});
    Cache cache_;
    std::unique_ptr<Random> random_ = system_random();
    size_t forwards_ = 0;
    std::map<std::string, std::unique_ptr<Vpc>> vpcs_;
};

}  // namespace unkai::planes::dns
