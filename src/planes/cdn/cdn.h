// The CDN's data plane: edges that answer for distributions, from the cache or from an origin.
//
//     Cdn cdn(data_loops, {.resolve = …, .sign = …, .trust = ca});
//     REQUIRE(cdn.listen("/run/unkai/netns/internet", address));   // plain and TLS on the same
//     port co_await cdn.apply(snapshot); cdn.invalidate("E1", {"/*"}); co_await cdn.stop(5s);
//
// It knows nothing of AWS's records. Each data loop has its own servers and connections to origins;
// the cache is shared. The life of a request is serve.cc, its rules are rules.h.
#pragma once

#include <functional>

#include "net/client.h"
#include "net/server.h"
#include "planes/cdn/cache.h"
#include "planes/cdn/snapshot.h"
#include "rt/random.h"
#include "rt/workers.h"

namespace unkai::planes::cdn {

// Addresses of an origin's name. Called on data loops: thread safe. Empty: the name does not exist.
using Resolve = std::function<std::vector<std::string>(const std::string& host)>;
// Adds what authenticates a request to its headers. Called on data loops: thread safe.
struct SigningRequest {
    std::string_view signer, method, target, host;
};
using Sign = std::function<void(const SigningRequest& request, net::Headers& headers)>;

struct CdnOptions {
    Resolve resolve;
    Sign sign;
    std::string network;              // Of connections to origins: a namespace's path; empty: ours.
    std::string trusted_authorities;  // PEM; whom origins' certificates are checked against.
    Cache::Limits cache;
};

// What happened at the edges since the start.
struct CdnCounters {
    uint64_t requests = 0, hits = 0, misses = 0, errors_4xx = 0, errors_5xx = 0,
             bytes_downloaded = 0, bytes_uploaded = 0;
    void add(const CdnCounters& other);
};

class Edge;

class Cdn {
public:
    static Result<std::unique_ptr<Cdn>> start(std::vector<Loop*> loops, CdnOptions options);
    ~Cdn();
    Cdn(const Cdn&) = delete;

    // On every loop, by SO_REUSEPORT. Errors as in net/socket.h; then it listens on none.
    Task<Status> listen(std::string network, net::Address address);
    // Every edge answers by it when this returns.
    Task<void> apply(std::shared_ptr<const Snapshot> snapshot);
    size_t invalidate(const std::string& distribution, const std::vector<std::string>& paths) {
        return cache_.invalidate(distribution, paths);
    }
    // Whether a host name is served now. On the loop that called apply().
    bool serves(std::string_view host) const;
    // Answers one exchange of another server (the front door's port), on the caller's loop.
    Task<void> handle(net::Exchange& exchange);
    Task<CdnCounters> collect();
    // Of each distribution, by id: requests that were answered, errors and bytes.
    Task<std::map<std::string, CdnCounters>> collect_distributions();
    Task<void> stop(Duration grace);

    Cache& cache() { return cache_; }
    const CdnOptions& options() const { return options_; }

private:
    explicit Cdn(CdnOptions options);

    CdnOptions options_;
    Cache cache_;
    std::shared_ptr<net::ClientTls> origin_tls_;
    std::shared_ptr<net::CertificateSource> certificates_;
    std::shared_ptr<net::ServerTls> tls_;
    std::shared_ptr<const Snapshot> snapshot_ = std::make_shared<Snapshot>();
    std::vector<std::unique_ptr<Edge>> edges_;
    std::unique_ptr<Edge> guest_;  // For handle().
};

}  // namespace unkai::planes::cdn
