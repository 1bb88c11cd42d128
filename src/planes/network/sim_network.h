// The network's simulated twin: records what it was told, and is ready at once.
#pragma once

#include "planes/network/network.h"

namespace unkai::planes::network {

class SimNetwork final : public Network {
public:
    explicit SimNetwork(Settings settings = {}) : settings_(std::move(settings)) {}

    Task<Status> apply(Snapshot snapshot) override {
        if (failure) co_return unexpected(*failure);
        snapshots.push_back(snapshot);
        applied_ = std::move(snapshot);
        co_return ok();
    }
    Task<Status> ready(std::string interface, Steady) override {
        for (const Interface& one : applied_.interfaces)
            if (one.id == interface) co_return ok();
        co_return fail("InterfaceNotReady",
                       "the network interface " + interface + " is in no snapshot");
    }
    const Snapshot& applied() const override { return applied_; }
    const Settings& settings() const override { return settings_; }
    Task<Status> purge() override {
        applied_ = {};
        co_return ok();
    }

    std::vector<Snapshot> snapshots;  // Oldest first.
    std::optional<Error> failure;     // What apply answers, if set.

private:
    Settings settings_;
    Snapshot applied_;
};

}  // namespace unkai::planes::network
