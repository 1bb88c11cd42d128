#include "planes/proxy/proxy.h"

#include "base/log.h"
#include "planes/proxy/worker.h"

namespace unkai::planes::proxy {

namespace {
constexpr auto retry_pause = std::chrono::milliseconds(500);
}

// A worker on its loop, and what this side knows of it.
struct Proxy::Remote {
    Remote(Loop& loop, std::unique_ptr<Random> random, AskFunction ask)
        : worker(loop, std::move(random), std::move(ask)) {}
    Worker worker;
    Scope scope;  // Of its loop.
    uint64_t version = 0;
    std::map<std::string, std::string> failures;
};

struct Proxy::Tls {
    std::shared_ptr<net::CertificateList> certificates;
    std::shared_ptr<net::ServerTls> context;
    bool http2 = true;
};

Proxy::Proxy(Loop& control, std::vector<Loop*> data, Random& random)
    : control_(control),
      health_(
          control,
          [this](const std::string& group, const std::string& target, const TargetHealth& health) {
              const bool healthy =
                  health.state == HealthState::healthy || health.state == HealthState::unavailable;
              for (const auto& remote : remotes_)
                  remote->worker.loop().post([worker = &remote->worker, group, target, healthy] {
                      worker->set_health(group, target, healthy);
                  });
              if (changed_) changed_(group, target, health);
          },
          carrier()) {
    for (Loop* const loop : data)
        remotes_.push_back(std::make_unique<Remote>(*loop, seeded_random(random.u64()), carrier()));
}

Proxy::~Proxy() { CHECK(scope_.running() == 0, "a Proxy was destroyed before stop()"); }

void Proxy::apply(Snapshot snapshot) {
    const bool first = version_++ == 0;
    std::map<std::string, Tls> next;
    for (const Listener& listener : snapshot.listeners) {
        if (listener.certificates.empty()) continue;
        const auto balancer = snapshot.load_balancers.find(listener.load_balancer);
        const bool http2 = balancer != snapshot.load_balancers.end() && balancer->second.http2;
        Tls tls;
        if (const auto kept = tls_.find(listener.id);
            kept != tls_.end() && kept->second.http2 == http2)
            tls = kept->second;
        if (!tls.context) {
            tls.http2 = http2;
            tls.certificates = std::make_shared<net::CertificateList>();
            auto context = net::ServerTls::make(tls.certificates, {.http2 = http2});
            CHECK(context.has_value(), "no TLS context for a listener");
            tls.context = *context;
        }
        tls.certificates->set(listener.certificates);
        next.emplace(listener.id, std::move(tls));
    }
    tls_.swap(next);
    snapshot_ = std::make_shared<const Snapshot>(std::move(snapshot));
    health_.apply(*snapshot_);
    push();
    if (first) scope_.spawn(retry());
}

// Hands the newest snapshot to every loop.
void Proxy::push() {
    TlsMap tls;
    for (const auto& [id, one] : tls_) tls.emplace(id, one.context);
    HealthMap health;
    for (const auto& [id, group] : snapshot_->groups)
        for (const Target& target : group.targets) {
            const TargetHealth* const known = health_.find(id, target.id);
            health[{id, target.id}] =
                known != nullptr &&
                (known->state == HealthState::healthy || known->state == HealthState::unavailable);
        }
    for (size_t i = 0; i < remotes_.size(); ++i) {
        Worker* const worker = &remotes_[i]->worker;
        worker->loop().post(
            [this, i, worker, tls, health, snapshot = snapshot_, version = version_] {
                worker->apply(snapshot, tls, health);
                control_.post(
                    [this, i, version, failures = worker->bind()] { note(i, version, failures); });
            });
    }
}

void Proxy::note(size_t worker, uint64_t version, std::map<std::string, std::string> failures) {
    remotes_[worker]->version = std::max(remotes_[worker]->version, version);
    remotes_[worker]->failures = std::move(failures);
    std::map<std::string, std::string> all;
    for (const auto& remote : remotes_)
        all.insert(remote->failures.begin(), remote->failures.end());
    for (const auto& [listener, reason] : all)
        if (!failures_.contains(listener))
            log::warn("a listener is not open", {{"listener", listener}, {"reason", reason}});
    failures_.swap(all);
    news_.notify_all();
}

Task<void> Proxy::retry() {
    while (co_await control_.sleep(retry_pause, &stop_)) {
        for (size_t i = 0; i < remotes_.size(); ++i) {
            if (remotes_[i]->failures.empty()) continue;
            Worker* const worker = &remotes_[i]->worker;
            worker->loop().post([this, i, worker, version = remotes_[i]->version] {
                control_.post(
                    [this, i, version, failures = worker->bind()] { note(i, version, failures); });
            });
        }
    }
}

Task<Status> Proxy::ready(Steady deadline) {
    const uint64_t wanted = version_;
    while (true) {
        bool done = failures_.empty();
        for (const auto& remote : remotes_) done = done && remote->version >= wanted;
        if (done) co_return ok();
        if (co_await news_.wait(control_, deadline) == Wake::ready) continue;
        if (failures_.empty())
            co_return fail("ListenerNotOpen", "The proxy's threads do not answer.", 503);
        const auto& [listener, reason] = *failures_.begin();
        co_return fail("ListenerNotOpen", listener + ": " + reason, 503);
    }
}

Task<Counters> Proxy::collect() {
    Counters all;
    size_t missing = remotes_.size();
    Event* const news = &news_;
    for (const auto& remote : remotes_) {
        Worker* const worker = &remote->worker;
        worker->loop().post([this, worker, news, &all, &missing] {
            control_.post([news, &all, &missing, counted = worker->counters()] {
                all.add(counted);
                --missing;
                news->notify_all();
            });
        });
    }
    while (missing > 0) co_await news_.wait(control_);
    co_return all;
}

AskFunction Proxy::carrier() {
    return [this](std::shared_ptr<FunctionCrossing> crossing) {
        control_.post([this, crossing] { calls_.spawn(carry(crossing)); });
    };
}

// A call's way on the control loop.
Task<void> Proxy::carry(std::shared_ptr<FunctionCrossing> crossing) {
    Result<FunctionReply> reply = fail("NoFunctions", "Nobody calls functions here.", 502);
    if (functions_ != nullptr) reply = co_await functions_->invoke(std::move(crossing->call));
    crossing->loop.post([crossing, reply = std::move(reply)]() mutable {
        crossing->reply = std::move(reply);
        crossing->done.notify_all();
    });
}

Task<void> Proxy::stop_worker(Remote& remote, Duration grace, Loop& control,
                              std::function<void()> done) {
    co_await remote.worker.stop(grace);
    // By way of its own queue: this coroutine has ended before the other side hears of it.
    remote.worker.loop().post([&control, done] { control.post(done); });
}

Task<void> Proxy::stop(Duration grace) {
    stop_.request();
    co_await scope_.join();
    co_await health_.stop();
    size_t running = remotes_.size();
    for (const auto& one : remotes_) {
        Remote* const remote = one.get();
        remote->worker.loop().post([this, remote, grace, &running] {
            remote->scope.spawn(stop_worker(*remote, grace, control_, [this, &running] {
                --running;
                news_.notify_all();
            }));
        });
    }
    while (running > 0) co_await news_.wait(control_);
    co_await calls_.join();
}

}  // namespace unkai::planes::proxy
