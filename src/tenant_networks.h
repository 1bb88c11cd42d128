// The networks of Lambda's execution environments: a namespace each, behind a shared interface
// (planes/network/snapshot.h, Tenant).
//
// A function in a VPC stands behind the interface that Lambda has in that VPC. All others stand
// behind own_interface(), in a VPC that is the program's own, as AWS's functions stand in one of
// Lambda's: it reaches public addresses, and the world if VPCs may, and nothing reaches it.
//
// It lies between those who follow VPCs and the network plane, and adds its VPC and the tenants to
// every snapshot. `spare` namespaces wait behind each interface that was asked for; one serves one
// environment and is removed after it, so that nothing of a function's network (ports that linger,
// answers that come late) meets another function. Addresses go round before one is used again.
// After kill -9 the first apply() removes what is left. Everything runs on the control loop.
#pragma once

#include <map>
#include <string>

#include "planes/functions/networks.h"
#include "planes/network/network.h"

namespace unkai {

class TenantNetworks final : public planes::network::Network, public planes::functions::Networks {
public:
    TenantNetworks(Env& env, planes::network::Network& network, size_t spare = 2)
        : env_(env), network_(network), spare_(spare) {}

    static const std::string& own_interface();

    Task<Status> apply(planes::network::Snapshot snapshot) override;
    Task<Status> ready(std::string interface, Steady deadline) override {
        return network_.ready(std::move(interface), deadline);
    }
    const planes::network::Snapshot& applied() const override { return network_.applied(); }
    const planes::network::Settings& settings() const override { return network_.settings(); }
    Task<Status> purge() override { return network_.purge(); }

    // `network`: an interface's id. Errors: "NetworkGone", "NoAddressLeft", and the network's.
    Task<Result<std::string>> take(std::string network) override;
    void give_back(const std::string& path) override;
    // Removes the spare ones; all others were given back before. Once; nothing is made afterwards.
    Task<void> stop();

private:
    enum class State { making, spare, taken };
    struct Member {
        planes::network::Tenant tenant;
        State state = State::making;
    };

    bool has_interface(const std::string& id) const;
    planes::network::Snapshot whole() const;
    size_t spares_of(const std::string& interface) const;
    // A new member in state `making`, not yet on the machine.
    Result<std::string> add(const std::string& interface);
    Task<Status> make(std::string id);
    Task<void> make_spare(std::string id);
    void refill(const std::string& interface);
    Task<void> follow();
    void forget(const std::string& id);

    Env& env_;
    planes::network::Network& network_;
    const size_t spare_;
    planes::network::Snapshot vpcs_;         // As it was given, without ours.
    std::map<std::string, Member> members_;  // By the tenant's id.
    uint32_t next_address_ = 0;
    bool changed_ = false, following_ = false, stopped_ = false;
    Scope scope_;
};

}  // namespace unkai
