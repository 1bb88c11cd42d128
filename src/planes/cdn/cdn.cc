#include "planes/cdn/cdn.h"

#include "base/strings.h"
#include "planes/cdn/edge.h"

namespace unkai::planes::cdn {

namespace {

// The identity of the distribution that a viewer names.
class SnapshotCertificates final : public net::CertificateSource {
public:
    void set(std::shared_ptr<const Snapshot> snapshot) {
        const std::lock_guard lock(mutex_);
        snapshot_ = std::move(snapshot);
    }
    std::shared_ptr<const net::Identity> find(std::string_view name) override {
        std::shared_ptr<const Snapshot> snapshot;
        {
            const std::lock_guard lock(mutex_);
            snapshot = snapshot_;
        }
        if (!snapshot) return nullptr;
        const auto distribution = find_distribution(*snapshot, name);
        if (distribution && distribution->identity && name != distribution->domain)
            return distribution->identity;
        return snapshot->identity;
    }

private:
    std::mutex mutex_;
    std::shared_ptr<const Snapshot> snapshot_;
};

// Runs `make()`'s task on `there`; the awaiting coroutine goes on, on its own loop, when it is
// done.
struct OnLoop {
    Loop& there;
    std::function<Task<void>()> make;
    bool await_ready() { return false; }
    void await_suspend(std::coroutine_handle<> handle) {
        auto scope = std::make_shared<Scope>();
        Loop* const home = Loop::current();
        there.post([this, scope, home, handle] { scope->spawn(run(*this, scope, home, handle)); });
    }
    void await_resume() {}
    static Task<void> run(OnLoop& self, std::shared_ptr<Scope> scope, Loop* home,
                          std::coroutine_handle<> handle) {
        Loop& here = self.there;
        co_await self.make();
        here.post([scope] {});  // The scope goes in a later turn, when this task has ended.
        home->post([handle] { handle.resume(); });
    }
};

Task<void> nothing() { co_return; }

}  // namespace

Cdn::Cdn(CdnOptions options) : options_(std::move(options)), cache_(options_.cache) {}

Cdn::~Cdn() = default;

Result<std::unique_ptr<Cdn>> Cdn::start(std::vector<Loop*> loops, CdnOptions options) {
    std::unique_ptr<Cdn> cdn(new Cdn(std::move(options)));
    cdn->certificates_ = std::make_shared<SnapshotCertificates>();
    TRY(cdn->tls_, net::ServerTls::make(cdn->certificates_));
    TRY(cdn->origin_tls_, net::ClientTls::make({.trusted_pem = cdn->options_.trusted_authorities}));
    for (Loop* loop : loops)
        cdn->edges_.push_back(
            std::make_unique<Edge>(*loop, cdn->cache_, cdn->options_, cdn->origin_tls_));
    cdn->guest_ =
        std::make_unique<Edge>(*Loop::current(), cdn->cache_, cdn->options_, cdn->origin_tls_);
    return cdn;
}

Task<Status> Cdn::listen(std::string network, net::Address address) {
    Status first;
    for (const auto& edge : edges_) {
        Edge* const here = edge.get();
        const auto tls = tls_;
        Status* const outcome = &first;
        co_await OnLoop{
            here->loop, [here, tls, network, address, outcome] {
                if (!here->server) {
                    net::ServerOptions options;
                    options.tls = tls;
                    options.limits.most_body = uint64_t{20} << 30;  // CloudFront: 20 GB a request.
                    here->server = std::make_unique<net::Server>(here->loop, *here, options);
                }
                auto bound = here->server->listen(network, address, {.reuse_port = true});
                if (!bound) *outcome = bound.error();
                return nothing();
            }};
        if (!first) co_return first;
    }
    co_return ok();
}

Task<void> Cdn::apply(std::shared_ptr<const Snapshot> snapshot) {
    snapshot_ = snapshot;
    guest_->snapshot = snapshot;
    static_cast<SnapshotCertificates&>(*certificates_).set(snapshot);
    for (const auto& edge : edges_) {
        Edge* const here = edge.get();
        co_await OnLoop{here->loop, [here, snapshot] {
                            here->snapshot = snapshot;
                            return nothing();
                        }};
    }
}

bool Cdn::serves(std::string_view host) const {
    return find_distribution(*snapshot_, host) != nullptr;
}

Task<void> Cdn::handle(net::Exchange& exchange) { co_await guest_->handle(exchange); }

void CdnCounters::add(const CdnCounters& other) {
    requests += other.requests;
    hits += other.hits;
    misses += other.misses;
    errors_4xx += other.errors_4xx;
    errors_5xx += other.errors_5xx;
    bytes_downloaded += other.bytes_downloaded;
    bytes_uploaded += other.bytes_uploaded;
}

Task<CdnCounters> Cdn::collect() {
    CdnCounters total = guest_->counters;
    for (const auto& edge : edges_) {
        Edge* const here = edge.get();
        CdnCounters part;
        CdnCounters* const into = &part;
        co_await OnLoop{here->loop, [here, into] {
                            *into = here->counters;
                            return nothing();
                        }};
        total.add(part);
    }
    co_return total;
}

Task<std::map<std::string, CdnCounters>> Cdn::collect_distributions() {
    std::map<std::string, CdnCounters> total = guest_->distributions;
    for (const auto& edge : edges_) {
        Edge* const here = edge.get();
        std::map<std::string, CdnCounters> part;
        auto* const into = &part;
        co_await OnLoop{here->loop, [here, into] {
                            *into = here->distributions;
                            return nothing();
                        }};
        for (const auto& [id, counters] : part) total[id].add(counters);
    }
    co_return total;
}

Task<void> Cdn::stop(Duration grace) {
    guest_->client.close_idle();
    for (const auto& edge : edges_) {
        Edge* const here = edge.get();
        struct Close {
            static Task<void> go(Edge& edge, Duration grace) {
                if (edge.server) co_await edge.server->drain(grace);
                edge.server.reset();
                edge.client.close_idle();
            }
        };
        co_await OnLoop{here->loop, [here, grace] { return Close::go(*here, grace); }};
    }
}

}  // namespace unkai::planes::cdn
