#include "planes/network/kernel_network.h"

#include <fmt/format.h>

#include "base/log.h"

namespace unkai::planes::network {

namespace {

Status copy(const Status& status) {
    if (status) return ok();
    return unexpected(status.error());
}

}  // namespace

// On a worker. A failure may come from a wrong idea of what is there: look again, once.
Status KernelNetwork::make(const World& wanted, std::vector<Action>& cleanup) {
    Status status;
    for (int attempt = 0; attempt < 2; ++attempt) {
        if (!observed_) {
            TRY(observed_, kernel_.observe());
        }
        Plan plan = diff(wanted, *observed_, kernel_.settings());
        status = kernel_.execute(plan.actions, *observed_);
        if (status) {
            cleanup = std::move(plan.cleanup);
            return ok();
        }
        observed_.reset();
    }
    return status;
}

Task<void> KernelNetwork::run_newest() {
    while (waiting_) {
        Snapshot snapshot = std::move(*waiting_);
        waiting_.reset();
        const uint64_t number = submitted_;
        std::vector<Action> cleanup;
        last_ = co_await env_.workers.run([this, &snapshot, &cleanup] {
            return make(compile(snapshot, kernel_.settings()), cleanup);
        });
        if (last_) {
            applied_ = std::move(snapshot);
            interfaces_.clear();
            for (const Interface& interface : applied_.interfaces) interfaces_.insert(interface.id);
        }
        finished_ = number;
        changed_.notify_all();
        if (cleanup.empty()) continue;
        const Status cleaned = co_await env_.workers.run(
            [this, &cleanup] { return kernel_.execute(cleanup, *observed_); });
        if (!cleaned) {
            log::warn("network clean-up failed, will look again",
                      {{"error", cleaned.error().message}});
            observed_.reset();
        }
    }
    running_ = false;
    changed_.notify_all();
}

Task<Status> KernelNetwork::apply(Snapshot snapshot) {
    waiting_ = std::move(snapshot);
    const uint64_t mine = ++submitted_;
    if (!running_) {
        running_ = true;
        scope_.spawn(run_newest());
    }
    while (finished_ < mine) co_await changed_.wait(env_.loop);
    co_return copy(last_);
}

Task<Status> KernelNetwork::ready(std::string interface, Steady deadline) {
    while (!interfaces_.contains(interface)) {
        if (co_await changed_.wait(env_.loop, deadline) == Wake::ready) continue;
        co_return fail("InterfaceNotReady",
                       fmt::format("the network interface {} did not come up in time{}", interface,
                                   last_ ? "" : ": " + last_.error().message));
    }
    co_return ok();
}

Task<void> KernelNetwork::settle() {
    while (running_) co_await changed_.wait(env_.loop);
    co_await scope_.join();
}

Task<Status> KernelNetwork::purge() {
    co_await settle();
    Status status = co_await env_.workers.run([this] { return kernel_.purge(); });
    observed_.reset();
    applied_ = {};
    interfaces_.clear();
    co_return status;
}

}  // namespace unkai::planes::network
