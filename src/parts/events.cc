// EventBridge and EventBridge Scheduler.
#include "services/events/events.h"

#include "aws/client.h"
#include "base/log.h"
#include "parts.h"
#include "services/scheduler/scheduler.h"

namespace unkai {

namespace {

class EventsPart final : public Part {
public:
    explicit EventsPart(const Surroundings& around)
        : router_(around.env, around.store, around.client),
          clock_(around.env, around.store, around.client) {}

    std::vector<BoundService> services() override {
        return {api::events::bind(events_), api::scheduler::bind(scheduler_)};
    }
    Task<Status> start() override {
        background_.spawn(router_.outbox().run(stop_));
        background_.spawn(router_.run(stop_));
        background_.spawn(clock_.outbox().run(stop_));
        background_.spawn(clock_.run(stop_));
        co_return ok();
    }
    Task<void> stop() override {
        stop_.request();
        co_await background_.join();
    }
    Task<void> reset() override {
        router_.outbox().forget();
        clock_.outbox().forget();
        co_return;
    }

private:
    services::events::Router router_;
    services::events::Events events_{router_};
    services::scheduler::Clock clock_;
    services::scheduler::Scheduler scheduler_;
    Stop stop_;
    Scope background_;
};

}  // namespace

std::unique_ptr<Part> make_events(const Surroundings& around) {
    return std::make_unique<EventsPart>(around);
}

}  // namespace unkai
