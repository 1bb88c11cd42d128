// The network on the real kernel. The control loop never blocks: the work runs on Workers.
#pragma once

#include <unordered_set>

#include "planes/network/kernel.h"
#include "planes/network/network.h"

namespace unkai::planes::network {

class KernelNetwork final : public Network {
public:
    KernelNetwork(Env& env, Settings settings) : env_(env), kernel_(std::move(settings)) {}

    Task<Status> apply(Snapshot snapshot) override;
    Task<Status> ready(std::string interface, Steady deadline) override;
    const Snapshot& applied() const override { return applied_; }
    const Settings& settings() const override { return kernel_.settings(); }
    Task<Status> purge() override;
    // Waits until nothing runs. Before destruction: the slow end of an apply goes on after it
    // answered.
    Task<void> settle();

private:
    Task<void> run_newest();
    Status make(const World& wanted, std::vector<Action>& cleanup);

    Env& env_;
    Kernel kernel_;
    Scope scope_;
    Event changed_;
    std::optional<World> observed_;  // Touched by the running job only.
    std::optional<Snapshot> waiting_;
    Snapshot applied_;
    std::unordered_set<std::string> interfaces_;  // Of applied_.
    Status last_;
    uint64_t submitted_ = 0;
    uint64_t finished_ = 0;
    bool running_ = false;
};

}  // namespace unkai::planes::network
