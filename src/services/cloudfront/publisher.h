// Records → the CDN's snapshot, the names of distributions, signing sessions and invalidations:
// after every commit that touches cloudfront, the whole of it.
//
//     Publisher publisher(env, store, {.apply = …, .invalidate = …, …});
//     publisher.start();                       // and serves what was there before a restart
//     co_await publisher.stop();
//
// A distribution is Deployed when apply() has returned with its version; an invalidation is
// Completed when invalidate() has. A record that cannot be translated (it never should) is logged
// and left out.
#pragma once

#include "aws/credentials.h"
#include "net/certificate_lookup.h"
#include "planes/cdn/snapshot.h"
#include "planes/dns/names.h"
#include "rt/env.h"
#include "rt/event.h"
#include "services/cloudfront/schema.h"
#include "services/cloudfront/signer.h"

namespace unkai::services::cloudfront {

struct Surroundings {
    // The plane (planes/cdn/cdn.h): returns when every edge answers by the snapshot.
    std::function<Task<void>(std::shared_ptr<const planes::cdn::Snapshot>)> apply;
    std::function<void(const std::string& distribution, const std::vector<std::string>& paths)>
        invalidate;
    planes::dns::NameSource& names;           // Gets every distribution's own name.
    std::vector<std::string> edge_addresses;  // What those names lead to.
    net::CertificateLookup& certificates;
    std::shared_ptr<const net::Identity> identity;  // For *.cloudfront.net; may be null in tests.
    const aws::Credentials& credentials;
    Signer& signer;
};

class Publisher {
public:
    Publisher(Env& env, store::Store& store, Surroundings around)
        : env_(env), store_(store), around_(std::move(around)) {}
    Publisher(const Publisher&) = delete;

    void start();
    Task<void> stop();
    // Waits until the edges have all that was committed before the call.
    Task<void> settle();
    // Whether every edge answers by that version.
    bool is_deployed(const std::string& distribution, const std::string& etag) const;

private:
    Task<void> run();
    Task<void> watch_certificates();
    Task<void> publish();
    std::shared_ptr<const planes::cdn::Snapshot> compile(
        store::Txn& txn, const std::vector<DistributionRecord>& records);
    void publish_names(const std::vector<DistributionRecord>& records);
    // Sessions that signed origins need, and that are not about to end.
    Task<void> renew_sessions(std::vector<DistributionRecord> records);
    Task<void> carry_out_invalidations();
    void touch();

    Env& env_;
    store::Store& store_;
    Surroundings around_;
    std::unique_ptr<store::Store::Watch> watch_;
    std::map<std::string, std::string> deployed_;   // Distribution → version.
    std::map<std::string, aws::Session> sessions_;  // By the signer's name.
    Scope scope_;
    Stop stop_;
    Event changed_, published_;
    uint64_t wanted_ = 1;  // Changes seen; the first is the start itself.
    uint64_t done_ = 0;
};

}  // namespace unkai::services::cloudfront
