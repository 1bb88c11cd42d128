// What Unkai itself answers inside every VPC, opened and closed as VPCs come and go: the resolver.
//
// It stands between the EC2 publisher and the network plane: after each applied snapshot it follows
// the VPCs that have a namespace now. Those who add something per VPC (the task metadata endpoint)
// register.
#pragma once

#include <functional>
#include <map>

#include "planes/dns/resolver.h"
#include "planes/network/network.h"

namespace unkai {

class VpcEndpoints final : public planes::network::Network {
public:
    VpcEndpoints(planes::network::Network& network, planes::dns::Resolver& resolver)
        : network_(network), resolver_(resolver) {}

    Task<Status> apply(planes::network::Snapshot snapshot) override;
    Task<Status> ready(std::string interface, Steady deadline) override {
        return network_.ready(std::move(interface), deadline);
    }
    const planes::network::Snapshot& applied() const override { return network_.applied(); }
    const planes::network::Settings& settings() const override { return network_.settings(); }
    Task<Status> purge() override { return network_.purge(); }

    // Called with a VPC's id and its namespace's path when it appears, and with an empty path when
    // it goes; at once for those that are there: after a restart they come before all followers.
    using Follower = std::function<void(const std::string& vpc, const std::string& network)>;
    void follow(Follower follower);
    Task<void> stop();

private:
    planes::network::Network& network_;
    planes::dns::Resolver& resolver_;
    std::map<std::string, std::string> open_;  // VPC → its resolver's second address.
    std::vector<Follower> followers_;
};

}  // namespace unkai
