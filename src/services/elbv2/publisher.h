// Records → proxy and DNS: after every commit that touches elbv2, the whole of it as one snapshot;
// and what must happen later: targets whose deregistration delay is over go, interfaces of deleted
// load balancers are deleted at EC2.
//
//     Publisher publisher(env, store, {.plane = proxy, .names = names, …});
//     publisher.start();                       // and serves what was there before a restart
//     co_await publisher.stop();
#pragma once

#include <set>

#include "net/certificate_lookup.h"
#include "planes/dns/names.h"
#include "planes/proxy/plane.h"
#include "rt/env.h"
#include "rt/event.h"
#include "services/elbv2/interfaces.h"

namespace unkai::services::elbv2 {

// "10.0.1.17:8080", the target's key and its name in the plane.
std::string target_id(const TargetRecord& record);

struct Surroundings {
    planes::proxy::Plane& plane;
    planes::dns::NameSource& names;
    net::CertificateLookup& certificates;
    aws::Client& client;
    // The namespace's path of a VPC.
    std::function<std::string(const std::string& vpc)> network;
    // Waits until an interface is up in it; an error at the deadline.
    std::function<Task<Status>(std::string interface, Steady deadline)> ready;
};

// Everything of all accounts and regions. Reads the store; certificates that cannot be had (any
// more) are left out and logged, and a listener without any stays closed. Only interfaces of `up`
// become nodes: the namespace of a VPC that nobody used for a moment is removed and made anew under
// the same path, and a socket opened in the old one would never hear anything.
planes::proxy::Snapshot compile(store::Txn& txn, const Surroundings& around,
                                const std::set<std::string>& up);

// Whether aliases with EvaluateTargetHealth find a load balancer healthy: every target group that
// contains targets has a healthy one (or does not ask them). Groups without targets do not count.
// https://docs.aws.amazon.com/Route53/latest/APIReference/API_AliasTarget.html
bool answers_for_dns(const std::map<std::string, planes::proxy::TargetGroup>& groups,
                     const planes::proxy::Plane& plane, const std::string& balancer);

class Publisher {
public:
    Publisher(Env& env, store::Store& store, Surroundings around)
        : env_(env), store_(store), around_(std::move(around)), interfaces_(around_.client) {}

    void start();
    Task<void> stop();
    // Waits until the plane has all that was committed before the call. For tests and orderly ends.
    Task<void> settle();

private:
    Task<void> run();
    Task<void> watch_certificates();
    void publish();
    // Forgets interfaces that are no load balancer's any more, awaits those that are not up yet.
    void follow_interfaces(store::Txn& txn);
    Task<void> await_interface(std::string interface);
    void publish_names(store::Txn& txn);
    // Erases targets that have drained. Answers when the next one has.
    Task<std::optional<Time>> erase_drained();
    Task<void> remove_doomed();
    Task<void> take_back();

    Env& env_;
    store::Store& store_;
    Surroundings around_;
    Interfaces interfaces_;
    std::map<std::string, planes::proxy::TargetGroup> groups_;  // As the plane has them.
    std::set<std::string> named_, up_, awaited_;                // Interfaces of load balancers.
    std::unique_ptr<store::Store::Watch> watch_;
    Scope scope_;
    Stop stop_;
    Event changed_;
    Event published_;
    uint64_t wanted_ = 1;  // Changes seen; the first is the start itself.
    uint64_t done_ = 0;
};

}  // namespace unkai::services::elbv2
