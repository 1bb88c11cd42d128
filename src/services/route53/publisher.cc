#include "services/route53/publisher.h"

#include "base/log.h"
#include "services/route53/places.h"
#include "services/route53/record_rules.h"

namespace unkai::services::route53 {

using planes::dns::Policy;
using planes::dns::RecordSet;
using planes::dns::Snapshot;
using wire::dns::Escapes;
using wire::dns::Name;

namespace {

// Consoles write load balancers' names with this in front; the name is the load balancer's all the
// same.
constexpr std::string_view dual_stack = "dualstack.";

std::optional<RecordSet> compile_record(const Record& record, std::string_view home) {
    const auto name = Name::parse(record.name, Escapes::octal);
    const auto type = wire::dns::parse_type(record.type);
    if (!name || !type) return std::nullopt;
    RecordSet out{.name = *name, .type = *type};
    if (record.alias) {
        std::string_view target = record.alias->name;
        if (target.starts_with(dual_stack) && target.ends_with(".elb.amazonaws.com."))
            target.remove_prefix(dual_stack.size());
        const auto parsed = Name::parse(target, Escapes::octal);
        if (!parsed) return std::nullopt;
        out.alias = planes::dns::Alias{*parsed, record.alias->evaluate_health};
    } else {
        out.ttl = static_cast<uint32_t>(record.ttl.value_or(0));
        out.data = wire_values(record);
    }
    if (record.weight) out.policy = Policy::weighted;
    if (!record.failover.empty()) out.policy = Policy::failover;
    if (record.multivalue) out.policy = Policy::multivalue;
    if (!record.region.empty() || record.place) out.policy = Policy::ranked;
    out.rank = record.place ? place_rank(home, *record.place) : latency_rank(home, record.region);
    out.weight = static_cast<uint8_t>(record.weight.value_or(0));
    out.primary = record.failover == api::route53::resource_record_set_failover::primary;
    out.health_check = record.health_check;
    return out;
}

}  // namespace

Publisher::Publisher(Env& env, store::Store& store, std::vector<planes::dns::NameSource*> sources,
                     PublisherOptions options)
    : env_(env), store_(store), sources_(std::move(sources)), options_(std::move(options)) {
    for (planes::dns::NameSource* source : sources_) source->wake_on_change(&changed_);
    sources_.push_back(&own_names_);
    watch_ = store_.watch("route53/", [this](std::span<const store::Change> changes, bool cleared) {
        on_change(changes, cleared);
    });
}

Publisher::~Publisher() {
    for (planes::dns::NameSource* source : sources_) source->wake_on_change(nullptr);
}

void Publisher::start() { scope_.spawn(run(*this)); }

Task<void> Publisher::stop() {
    stop_.request();
    co_await scope_.join();
}

void Publisher::on_change(std::span<const store::Change> changes, bool cleared) {
    if (cleared) {
        everything_ = true;
        pending_.clear();
    }
    for (const store::Change& change : changes) {
        if (change.key.starts_with(schema::zones.prefix())) {
            dirty_.insert(std::get<0>(schema::zones.decode(change.key)));
        } else if (change.key.starts_with(schema::records.prefix())) {
            dirty_.insert(std::get<0>(schema::records.decode(change.key)));
        } else if (change.key.starts_with(schema::changes.prefix()) && change.value) {
            pending_.insert(std::get<0>(schema::changes.decode(change.key)));
        }
    }
    ++wanted_;
    changed_.notify_all();
}

void Publisher::compile_zone(store::Txn& txn, const std::string& id) {
    const auto zone = schema::zones.get(txn, {id});
    if (!zone) {
        zones_.erase(id);
        return;
    }
    std::vector<RecordSet> records;
    schema::records.each(txn, store::key_prefix(id), [&](const auto&, const Record& record) {
        if (auto compiled = compile_record(record, options_.region))
            records.push_back(std::move(*compiled));
        return true;
    });
    const auto name = Name::parse(zone->name, Escapes::octal);
    auto compiled = name ? planes::dns::Zone::make(*name, std::move(records)) : Error{name.error()};
    if (!compiled) {
        log::error("a hosted zone cannot be served",
                   {{"zone", id}, {"why", compiled.error().message}});
        return;
    }
    Published& published = zones_[id];
    published.zone = std::move(*compiled);
    published.is_private = zone->is_private;
    published.name_servers = zone->name_servers;
    published.vpcs.clear();
    for (const VpcAssociation& one : zone->vpcs) published.vpcs.push_back(one.vpc);
}

void Publisher::compile_all(store::Txn& txn) {
    std::map<std::string, Published> old = std::move(zones_);
    zones_.clear();
    for (const auto& [key, zone] : schema::zones.list(txn)) compile_zone(txn, std::get<0>(key));
    for (auto& [id, published] : old)
        if (schema::zones.has(txn, {id})) zones_.try_emplace(id, std::move(published));
}

std::shared_ptr<const Snapshot> Publisher::compile() {
    store::Txn txn = store_.begin();
    if (std::exchange(everything_, false)) compile_all(txn);
    for (const std::string& id : std::exchange(dirty_, {})) compile_zone(txn, id);
    Snapshot::Parts parts;
    std::set<std::string> servers;
    for (const auto& [id, published] : zones_) {
        if (published.is_private && published.vpcs.empty()) continue;  // Seen by nobody.
        parts.zones.push_back({published.zone, published.vpcs});
        if (!published.is_private)
            servers.insert(published.name_servers.begin(), published.name_servers.end());
    }
    // The names of our name servers: set without waking ourselves.
    own_names_.wake_on_change(nullptr);
    for (const std::string& server : servers)
        own_names_.set(server, {.public_addresses = options_.server_addresses, .ttl = 172800});
    std::vector<std::string> gone;
    for (const auto& [name, target] : own_names_.entries())
        if (!servers.contains(name)) gone.push_back(name);
    for (const std::string& name : gone) own_names_.erase(name);
    parts.names = planes::dns::NameTable::make(
        std::vector<const planes::dns::NameSource*>(sources_.begin(), sources_.end()),
        options_.closed);
    parts.health = health_;
    return Snapshot::make(std::move(parts));
}

Task<void> Publisher::publish() {
    const std::set<std::string> covered = pending_;
    snapshot_ = compile();
    if (options_.published) options_.published(snapshot_);
    if (options_.server != nullptr) co_await options_.server->apply(snapshot_);
    if (options_.resolver != nullptr) co_await options_.resolver->apply(snapshot_);
    for (const std::string& id : covered) pending_.erase(id);
}

Task<void> Publisher::run(Publisher& self) {
    uint64_t names = 0;
    while (!self.stop_.requested()) {
        uint64_t names_now = 1;
        for (const auto* source : self.sources_)
            if (source != &self.own_names_) names_now += source->version();
        if (self.done_ != self.wanted_ || names != names_now) {
            names = names_now;
            const uint64_t turn = self.wanted_;
            co_await self.publish();
            self.done_ = turn;
            self.published_.notify_all();
        } else if (co_await self.changed_.wait(self.env_.loop, never, &self.stop_) != Wake::ready) {
            break;
        }
        // Woken on the stack of whoever changed something: let him finish first.
        if (!co_await self.env_.loop.sleep(0us, &self.stop_)) break;
    }
    self.published_.notify_all();
}

void Publisher::set_health(planes::dns::Health health) {
    health_ = std::make_shared<const planes::dns::Health>(std::move(health));
    ++wanted_;
    changed_.notify_all();
}

Task<void> Publisher::settle() {
    const uint64_t turn = wanted_;
    while (done_ < turn && !stop_.requested())
        if (co_await published_.wait(env_.loop, never, &stop_) != Wake::ready) break;
}

std::shared_ptr<const planes::dns::Zone> Publisher::zone(const std::string& id) const {
    const auto place = zones_.find(id);
    return place == zones_.end() ? nullptr : place->second.zone;
}

}  // namespace unkai::services::route53
