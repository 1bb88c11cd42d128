#include "tenant_networks.h"

#include <algorithm>

#include "base/log.h"

namespace unkai {

namespace network = planes::network;
using network::Interface;
using network::Ipv4;

namespace {

constexpr const char* own_vpc = "vpc-lambda";
constexpr const char* own_subnet = "subnet-lambda";
constexpr const char* own_table = "rtb-lambda";
constexpr const char* own_group = "sg-lambda";
// Of the range for carriers, which no machine's own network has.
constexpr network::Cidr own_range{Ipv4{0x64400000}, 28};  // 100.64.0.0/28
// The first two addresses and the last are nobody's.
constexpr uint32_t most_tenants = (1u << (32 - network::tenant_range.prefix)) - 3;

void add_own_vpc(network::Snapshot& to, const network::Settings& settings) {
    to.vpcs.push_back({own_vpc, {own_range}, true});
    to.subnets.push_back({own_subnet, own_vpc, own_range, own_table});
    to.route_tables.push_back({own_table,
                               own_vpc,
                               {{.destination = network::Cidr::everything(),
                                 .target = network::Route::Target::internet_gateway}}});
    to.groups.push_back({own_group, own_vpc, {}, {{.id = "sgr-lambda"}}});
    to.interfaces.push_back({TenantNetworks::own_interface(),
                             own_subnet,
                             Interface::Kind::shared,
                             "02:00:00:00:00:05",
                             {{own_range.base + 4, settings.functions_address()}},
                             {own_group}});
}

}  // namespace

const std::string& TenantNetworks::own_interface() {
    static const std::string id = "eni-lambda";
    return id;
}

bool TenantNetworks::has_interface(const std::string& id) const {
    if (id == own_interface()) return true;
    return std::ranges::any_of(vpcs_.interfaces, [&](const Interface& one) {
        return one.id == id && one.kind == Interface::Kind::shared;
    });
}

network::Snapshot TenantNetworks::whole() const {
    network::Snapshot out = vpcs_;
    add_own_vpc(out, network_.settings());
    for (const auto& [id, member] : members_) out.tenants.push_back(member.tenant);
    return out;
}

Task<Status> TenantNetworks::apply(network::Snapshot snapshot) {
    vpcs_ = std::move(snapshot);
    std::erase_if(members_, [this](const auto& one) {
        return one.second.state == State::spare && !has_interface(one.second.tenant.interface);
    });
    co_return co_await network_.apply(whole());
}

size_t TenantNetworks::spares_of(const std::string& interface) const {
    return static_cast<size_t>(std::ranges::count_if(members_, [&](const auto& one) {
        return one.second.tenant.interface == interface && one.second.state != State::taken;
    }));
}

Result<std::string> TenantNetworks::add(const std::string& interface) {
    if (members_.size() >= most_tenants)
        return fail("NoAddressLeft", "All addresses of execution environments are in use.", 503);
    const auto taken = [this](Ipv4 address) {
        return std::ranges::any_of(
            members_, [&](const auto& one) { return one.second.tenant.address == address; });
    };
    Ipv4 address;
    do {
        address = network::tenant_range.base + 2 + next_address_;
        next_address_ = (next_address_ + 1) % most_tenants;
    } while (taken(address));
    const std::string id = "tenant-" + env_.random.hex(16);  // The last run's may still be there.
    members_[id] = {{id, interface, address}, State::making};
    return id;
}

Task<Status> TenantNetworks::make(std::string id) {
    Status made = co_await network_.apply(whole());
    if (!made) forget(id);
    co_return made;
}

void TenantNetworks::forget(const std::string& id) {
    members_.erase(id);
    changed_ = true;
    if (!std::exchange(following_, true)) scope_.spawn(follow());
}

Task<Result<std::string>> TenantNetworks::take(std::string interface) {
    if (stopped_) co_return fail("NetworkGone", "The networks of functions are closed.", 503);
    if (!has_interface(interface))
        co_return fail("NetworkGone", "Lambda's network interface " + interface + " is not there.");
    for (auto& [id, member] : members_) {
        if (member.tenant.interface != interface || member.state != State::spare) continue;
        member.state = State::taken;
        refill(interface);
        co_return network_.namespace_path(id);
    }
    CO_TRY(const std::string id, add(interface));
    members_[id].state = State::taken;
    refill(interface);
    CO_REQUIRE(co_await make(id));
    co_return network_.namespace_path(id);
}

void TenantNetworks::refill(const std::string& interface) {
    while (!stopped_ && spares_of(interface) < spare_) {
        const auto id = add(interface);
        if (!id) return;
        scope_.spawn(make_spare(*id));
    }
}

Task<void> TenantNetworks::make_spare(std::string id) {
    const Status made = co_await make(id);
    if (!made) {
        log::warn("no network made ahead for a function", {{"error", made.error().message}});
        co_return;
    }
    const auto found = members_.find(id);
    if (found == members_.end()) co_return;
    if (has_interface(found->second.tenant.interface))
        found->second.state = State::spare;
    else
        forget(id);
}

void TenantNetworks::give_back(const std::string& path) {
    const std::string id = path.substr(path.rfind('/') + 1);
    CHECK(members_.contains(id), "a network that is given back was taken");
    forget(id);
}

// Those that end while the network is at work go together.
Task<void> TenantNetworks::follow() {
    while (std::exchange(changed_, false)) {
        const Status applied = co_await network_.apply(whole());
        if (!applied) log::warn("a function's network stays", {{"error", applied.error().message}});
    }
    following_ = false;
}

Task<void> TenantNetworks::stop() {
    if (std::exchange(stopped_, true)) co_return;
    co_await scope_.join();
    if (members_.empty()) co_return;
    members_.clear();
    const Status applied = co_await network_.apply(whole());
    if (!applied) log::warn("functions' networks stay", {{"error", applied.error().message}});
}

}  // namespace unkai
