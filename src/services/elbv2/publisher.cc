#include "services/elbv2/publisher.h"

#include "base/log.h"
#include "base/strings.h"

namespace unkai::services::elbv2 {

namespace {
constexpr auto retry_pause = std::chrono::seconds(1);
constexpr auto between_looks = std::chrono::milliseconds(500);
}  // namespace

void Publisher::start() {
    watch_ =
        store_.watch(std::string(schema::everything), [this](std::span<const store::Change>, bool) {
            ++wanted_;
            changed_.notify_all();
        });
    around_.plane.on_health([this](const auto&, const auto&, const auto&) {
        store::Txn seen = store_.begin();
        publish_names(seen);
    });
    store::Txn txn = store_.begin();
    for (const auto& [key, listener] : schema::listeners.list(txn))
        around_.certificates.set_uses(listener.arn,
                                      {listener.certificates.begin(), listener.certificates.end()});
    scope_.spawn(run());
    scope_.spawn(watch_certificates());
}

Task<void> Publisher::stop() {
    watch_.reset();
    around_.plane.on_health([](const auto&, const auto&, const auto&) {});
    stop_.request();
    co_await scope_.join();
}

Task<void> Publisher::settle() {
    const uint64_t mine = wanted_;
    while (done_ < mine) co_await published_.wait(env_.loop);
}

// A renewed or newly issued certificate is a change, too.
Task<void> Publisher::watch_certificates() {
    while (co_await around_.certificates.changed().wait(env_.loop, never, &stop_) == Wake::ready) {
        ++wanted_;
        changed_.notify_all();
    }
}

Task<void> Publisher::run() {
    co_await take_back();
    while (!stop_.requested()) {
        const uint64_t seen = wanted_;
        publish();
        done_ = seen;
        published_.notify_all();
        co_await remove_doomed();
        const std::optional<Time> next = co_await erase_drained();
        if (wanted_ > done_ || stop_.requested()) continue;
        const Steady due =
            next ? env_.loop.steady() + std::max<Duration>(*next - env_.now(), 10ms) : never;
        co_await changed_.wait(env_.loop, due, &stop_);
    }
}

void Publisher::follow_interfaces(store::Txn& txn) {
    named_.clear();
    for (const auto& [key, record] : schema::balancers.list(txn))
        for (const ZoneRecord& zone : record.zones) named_.insert(zone.interface);
    std::erase_if(up_, [this](const std::string& one) { return !named_.contains(one); });
    for (const std::string& interface : named_)
        if (!up_.contains(interface) && awaited_.insert(interface).second)
            scope_.spawn(await_interface(interface));
}

Task<void> Publisher::await_interface(std::string interface) {
    while (!stop_.requested() && named_.contains(interface)) {
        if (!co_await around_.ready(interface, env_.loop.steady() + between_looks)) continue;
        if (named_.contains(interface)) up_.insert(interface);
        ++wanted_;
        changed_.notify_all();
        break;
    }
    awaited_.erase(interface);
}

void Publisher::publish() {
    store::Txn txn = store_.begin();
    follow_interfaces(txn);
    planes::proxy::Snapshot snapshot = compile(txn, around_, up_);
    groups_ = snapshot.groups;
    around_.plane.apply(std::move(snapshot));
    publish_names(txn);
}

void Publisher::publish_names(store::Txn& txn) {
    std::map<std::string, planes::dns::NameTarget> wanted;
    for (const auto& [key, record] : schema::balancers.list(txn)) {
        planes::dns::NameTarget target;
        target.healthy = answers_for_dns(groups_, around_.plane, record.arn);
        for (const ZoneRecord& zone : record.zones) {
            const bool facing = !zone.public_ip.empty();
            target.public_addresses.push_back(facing ? zone.public_ip : zone.private_ip);
        }
        wanted.emplace(record.dns_name, std::move(target));
    }
    std::vector<std::string> gone;
    for (const auto& [name, target] : around_.names.entries()) {
        bool kept = false;
        for (const auto& [own, unused] : wanted) kept = kept || equals_ignoring_case(own, name);
        if (!kept) gone.push_back(name);
    }
    for (const std::string& name : gone) around_.names.erase(name);
    for (auto& [name, target] : wanted) around_.names.set(name, std::move(target));
}

Task<std::optional<Time>> Publisher::erase_drained() {
    store::Txn txn = store_.begin();
    std::optional<Time> next;
    for (const auto& [key, record] : schema::targets.list(txn)) {
        if (!record.drained_at) continue;
        if (*record.drained_at <= env_.now())
            schema::targets.erase(txn, key);
        else if (!next || *record.drained_at < *next)
            next = record.drained_at;
    }
    if (!txn.has_writes()) co_return next;
    // What fails here is tried again at the next turn.
    if (auto committed = co_await store_.commit(txn); !committed) next = env_.now() + retry_pause;
    co_return next;
}

// Interfaces and addresses of load balancers whose creation a crash has cut off.
Task<void> Publisher::take_back() {
    store::Txn txn = store_.begin();
    std::set<std::string> used;
    for (const auto& [key, record] : schema::balancers.list(txn))
        for (const ZoneRecord& zone : record.zones) used.insert(zone.interface);
    for (const auto& [key, record] : schema::making.list(txn)) {
        const auto& [account, region, description] = key;
        const aws::Caller service = load_balancing(account, region);
        if (const auto taken = co_await interfaces_.take_back(service, description, used); !taken) {
            log::warn("interfaces of a load balancer that was never made stay",
                      {{"description", description}, {"reason", taken.error().message}});
            continue;
        }
        store::Txn done = store_.begin();
        schema::making.erase(done, key);
        (void)co_await store_.commit(done);
    }
}

Task<void> Publisher::remove_doomed() {
    store::Txn txn = store_.begin();
    for (const auto& [key, record] : schema::doomed.list(txn)) {
        const auto& [account, region, interface] = key;
        const auto removed =
            co_await interfaces_.remove(load_balancing(account, region), interface);
        if (!removed) {
            log::warn("a load balancer's interface cannot be deleted",
                      {{"interface", interface}, {"reason", removed.error().message}});
            continue;
        }
        store::Txn done = store_.begin();
        schema::doomed.erase(done, key);
        (void)co_await store_.commit(done);
    }
}

}  // namespace unkai::services::elbv2
