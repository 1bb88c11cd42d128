// The L7 load balancer's data plane. It knows nothing of AWS's records: services/elbv2 compiles
// them into a Snapshot and hands it over; traffic never touches the store.
//
//     Proxy proxy(control_loop, data_loops, random);
//     proxy.on_health([](group, target, health) { … });     // on the control loop
//     proxy.apply(std::move(snapshot));                     // whole, every time
//     CO_REQUIRE(co_await proxy.ready(deadline));           // its sockets are open
//     …
//     co_await proxy.stop(10s);                             // before it is destroyed
//
// Every data loop listens on every address (SO_REUSEPORT) and has its own connections to the
// targets, so that a request never changes threads. Sockets are opened in the load balancer's
// network namespace, bound to its own addresses, so that security groups and routes apply to it as
// to anybody. A socket that cannot be opened yet (no namespace yet) is tried again twice a second.
//
// A request goes to another target (at most three in all) when no connection could be had, or when
// the peer closed before the first byte of a response to an idempotent request whose body is in
// memory. Answers of its own: 502 the target closed or spoke nonsense, 503 no target, 504 time-out.
#pragma once

#include "planes/proxy/counters.h"
#include "planes/proxy/functions.h"
#include "planes/proxy/plane.h"
#include "rt/event.h"
#include "rt/random.h"

namespace unkai::planes::proxy {

class Proxy final : public Plane {
public:
    // The data loops run, or will; one of them may be the control loop itself.
    Proxy(Loop& control, std::vector<Loop*> data, Random& random);
    ~Proxy() override;
    Proxy(const Proxy&) = delete;

    // Who calls functions that are targets; before apply(). Without it they answer 502.
    void set_functions(Functions& functions) { functions_ = &functions; }
    // Takes effect on all loops within milliseconds; returns at once. Connections of what stays go
    // on; listeners that go get 30 s to finish their requests.
    void apply(Snapshot snapshot) override;
    // Waits until the newest snapshot is in effect and every socket is open. ListenerNotOpen names
    // the first that is not, at the deadline.
    Task<Status> ready(Steady deadline);
    // Listeners with a socket that cannot be opened, and why.
    const std::map<std::string, std::string>& failures() const { return failures_; }

    const TargetHealth* health(const std::string& group, const std::string& target) const override {
        return health_.find(group, target);
    }
    void on_health(HealthChecker::Changed changed) override { changed_ = std::move(changed); }
    Task<Counters> collect();
    Task<void> stop(Duration grace);

private:
    struct Remote;
    struct Tls;
    void push();
    void note(size_t worker, uint64_t version, std::map<std::string, std::string> failures);
    Task<void> retry();
    AskFunction carrier();
    Task<void> carry(std::shared_ptr<FunctionCrossing> crossing);
    static Task<void> stop_worker(Remote& remote, Duration grace, Loop& control,
                                  std::function<void()> done);

    Loop& control_;
    std::vector<std::unique_ptr<Remote>> remotes_;
    std::shared_ptr<const Snapshot> snapshot_;
    std::map<std::string, Tls> tls_;  // By listener.
    HealthChecker health_;
    HealthChecker::Changed changed_;
    Functions* functions_ = nullptr;
    uint64_t version_ = 0;
    std::map<std::string, std::string> failures_;
    Event news_;
    Stop stop_;
    Scope scope_, calls_;
};

}  // namespace unkai::planes::proxy
