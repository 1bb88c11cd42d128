// Documents → gateway: after every commit that touches apigateway, the whole of it as one
// snapshot; and what the gateway counted against quotas back into the store.
//
//     Publisher publisher(env, store, {.gateway = gateway, .certificates = certificates, …});
//     publisher.start();                 // and serves what was there before a restart
//     co_await publisher.stop();         // flushes the counts
//
// The snapshot is made on the stack of the commit, so that what was answered is in effect. A
// deployment's content is compiled once and kept: it never changes. Counts are written as they
// come, many in one commit; a request with a key is answered when its count is stored.
#pragma once

#include "net/certificate_lookup.h"
#include "planes/gateway/gateway.h"
#include "rt/env.h"
#include "rt/event.h"
#include "store/store.h"

namespace unkai::services::apigateway {

struct PublisherSurroundings {
    planes::gateway::Gateway& gateway;
    net::CertificateLookup& certificates;
    std::function<void()> published;  // The gateway has a new snapshot. May be empty.
    // The certificates of custom domain names, all of them, whenever they change. May be empty.
    std::function<void(std::vector<std::shared_ptr<const net::Identity>>)> identities;
};

class Publisher {
public:
    Publisher(Env& env, store::Store& store, PublisherSurroundings around)
        : env_(env), store_(store), around_(std::move(around)) {}

    void start();
    Task<void> stop();

private:
    void publish();
    void load_usage();
    Task<void> watch_certificates();
    Task<void> keep_usage();
    Task<void> flush_usage();
    std::shared_ptr<const planes::gateway::Content> content_of(store::Txn& txn,
                                                               const std::string& account,
                                                               const std::string& region,
                                                               const std::string& api,
                                                               const std::string& deployment);
    friend struct Compiler;

    Env& env_;
    store::Store& store_;
    PublisherSurroundings around_;
    std::unique_ptr<store::Store::Watch> watch_;
    std::map<std::pair<std::string, std::string>, std::shared_ptr<const planes::gateway::Content>>
        contents_;  // By API and deployment.
    std::map<std::string, std::pair<std::string, std::string>> plan_places_;  // Account, region.
    std::set<std::string> used_;  // ARNs of the domain names that use certificates.
    Scope scope_;
    Stop stop_;
};

}  // namespace unkai::services::apigateway
