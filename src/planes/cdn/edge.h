// One data loop's part of the CDN: its servers and its connections to origins. Inside of planes/cdn
// only.
#pragma once

#include <atomic>

#include "planes/cdn/cdn.h"
#include "planes/cdn/rules.h"

namespace unkai::planes::cdn {

class Edge final : public net::Handler {
public:
    Edge(Loop& loop_, Cache& cache_, const CdnOptions& options_,
         std::shared_ptr<net::ClientTls> origin_tls_)
        : loop(loop_),
          cache(cache_),
          options(options_),
          origin_tls(std::move(origin_tls_)),
          client(loop_) {}

    Task<void> handle(net::Exchange& exchange) override;

    Loop& loop;
    Cache& cache;
    const CdnOptions& options;
    std::shared_ptr<net::ClientTls> origin_tls;
    net::Client client;
    std::shared_ptr<const Snapshot> snapshot = std::make_shared<Snapshot>();
    std::unique_ptr<net::Server> server;
    std::unique_ptr<Random> random = system_random();
    CdnCounters counters;
    std::map<std::string, CdnCounters> distributions;  // Answered requests, by id.
};

}  // namespace unkai::planes::cdn
