#include "vpc_endpoints.h"

#include <set>

#include "base/log.h"

namespace unkai {

using planes::network::Ipv4;

Task<Status> VpcEndpoints::apply(planes::network::Snapshot snapshot) {
    auto applied = co_await network_.apply(std::move(snapshot));
    std::map<std::string, std::string> wanted;
    for (const auto& vpc : network_.applied().vpcs)
        if (!vpc.cidrs.empty()) wanted[vpc.id] = Ipv4{vpc.cidrs[0].base.value + 2}.text();
    for (auto it = open_.begin(); it != open_.end();) {
        if (wanted.contains(it->first)) {
            ++it;
            continue;
        }
        for (const auto& follower : followers_) follower(it->first, "");
        co_await resolver_.close(it->first);
        it = open_.erase(it);
    }
    for (const auto& [vpc, address] : wanted) {
        if (open_.contains(vpc)) continue;
        const std::string path = network_.namespace_path(vpc);
        const auto opened =
            co_await resolver_.open(vpc, path, {planes::network::resolver_address.text(), address});
        if (!opened) {
            log::warn("no resolver in a VPC", {{"vpc", vpc}, {"error", opened.error().message}});
            continue;
        }
        open_[vpc] = address;
        for (const auto& follower : followers_) follower(vpc, path);
    }
    co_return applied;
}

void VpcEndpoints::follow(Follower follower) {
    for (const auto& [vpc, address] : open_) follower(vpc, network_.namespace_path(vpc));
    followers_.push_back(std::move(follower));
}

Task<void> VpcEndpoints::stop() {
    for (const auto& [vpc, address] : open_)
        for (const auto& follower : followers_) follower(vpc, "");
    open_.clear();
    co_await resolver_.stop();
}

}  // namespace unkai
