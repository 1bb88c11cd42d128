#include "planes/dns/snapshot.h"

#include "base/log.h"
#include "wire/dns_text.h"

namespace unkai::planes::dns {

namespace {

Block address_block(Type type, uint32_t ttl, const std::vector<std::string>& addresses) {
    std::vector<std::string> data;
    for (const std::string& address : addresses) {
        const bool v6 = address.find(':') != std::string::npos;
        if (v6 != (type == Type::AAAA)) continue;
        if (auto bytes = wire::dns::parse_data(type, address))
            data.push_back(std::move(*bytes));
        else
            log::warn("a name has an address that is none", {{"address", address}});
    }
    return wire::dns::make_block(type, ttl, data);
}

const Zone* longest_snapshot(const ZoneMap& zones, std::string_view name) {
    if (zones.empty()) return nullptr;
    while (true) {
        if (const auto place = zones.find(name); place != zones.end()) return place->second.get();
        if (name.size() <= 1) return nullptr;
        name = without_first_label(name);
    }
}

}  // namespace

void NameTable::add(const std::string& name, const NameTarget& target) {
    const auto parsed = Name::parse(name);
    if (!parsed) {
        log::warn("a name was left out", {{"name", name}, {"why", parsed.error().message}});
        return;
    }
    auto entry = std::make_unique<Entry>();
    entry->name = parsed->lower().wire();
    entry->v4 = address_block(Type::A, target.ttl, target.public_addresses);
    entry->v6 = address_block(Type::AAAA, target.ttl, target.public_addresses);
    entry->private_v4 = address_block(Type::A, target.ttl, target.private_addresses);
    entry->private_v6 = address_block(Type::AAAA, target.ttl, target.private_addresses);
    entry->vpc = target.private_addresses.empty() ? "" : target.vpc;
    entry->healthy = target.healthy;
    if (!target.canonical.empty()) {
        if (const auto canonical = Name::parse(target.canonical)) {
            entry->canonical = wire::dns::make_block(Type::CNAME, target.ttl, {canonical->wire()});
            entry->target = canonical->lower().wire();
        }
    }
    if (!entry->vpc.empty()) vpcs_.insert(entry->vpc);
    const std::string_view key = entry->name;
    const auto place = entries_.find(key);
    if (place != entries_.end() && !place->second->on_the_way) return;
    if (place != entries_.end()) entries_.erase(place);
    entries_.emplace(key, std::move(entry));
    for (std::string_view above = key; above.size() > 1;) {
        above = without_first_label(above);
        if (entries_.contains(above)) continue;
        auto way = std::make_unique<Entry>();
        way->name = above;
        way->on_the_way = true;
        const std::string_view way_key = way->name;
        entries_.emplace(way_key, std::move(way));
    }
}

std::shared_ptr<const NameTable> NameTable::make(std::span<const NameSource* const> sources,
                                                 std::span<const std::string> closed) {
    auto table = std::make_shared<NameTable>();
    for (const NameSource* source : sources)
        for (const auto& [name, target] : source->entries()) table->add(name, target);
    table->closed_names_.reserve(closed.size());
    for (const std::string& name : closed)
        if (const auto parsed = Name::parse(name)) {
            table->closed_names_.push_back(parsed->lower().wire());
            table->closed_.insert(table->closed_names_.back());
        }
    const auto soa = wire::dns::parse_data(
        Type::SOA, "ns.unkai.internal. hostmaster.unkai.internal. 1 7200 900 1209600 5");
    CHECK(soa.has_value());
    table->negative_ = wire::dns::make_block(Type::SOA, 5, {*soa});
    return table;
}

const NameTable::Entry* NameTable::find(std::string_view name) const {
    if (const auto place = entries_.find(name);
        place != entries_.end() && !place->second->on_the_way)
        return place->second.get();
    char wildcard[wire::dns::most_name + 2] = {1, '*'};
    while (name.size() > 1 && !closed_.contains(name)) {
        name = without_first_label(name);
        name.copy(wildcard + 2, name.size());
        if (const auto place = entries_.find({wildcard, name.size() + 2}); place != entries_.end())
            return place->second.get();
    }
    return nullptr;
}

std::string_view NameTable::closed_above(std::string_view name) const {
    while (!closed_.empty()) {
        if (const auto place = closed_.find(name); place != closed_.end()) return *place;
        if (name.size() <= 1) break;
        name = without_first_label(name);
    }
    return {};
}

const Zone* View::zone_of(std::string_view name) const {
    if (const Zone* zone = longest_snapshot(private_zones, name)) return zone;
    return longest_snapshot(*public_zones, name);
}

std::shared_ptr<const Snapshot> Snapshot::make(Parts parts) {
    auto out = std::make_shared<Snapshot>();
    if (!parts.names) parts.names = NameTable::make({});
    if (!parts.health) parts.health = std::make_shared<Health>();
    out->parts_ = std::move(parts);
    const auto view = [&](const std::string& vpc) {
        return View{
            vpc, {}, &out->public_zones_, out->parts_.names.get(), out->parts_.health.get()};
    };
    for (const ZoneOf& one : out->parts_.zones) {
        if (one.vpcs.empty()) out->public_zones_.emplace(one.zone->apex(), one.zone);
        for (const std::string& vpc : one.vpcs)
            out->views_.try_emplace(vpc, view(vpc))
                .first->second.private_zones.emplace(one.zone->apex(), one.zone);
    }
    // A VPC without private zones has its own answers too: the private addresses of names.
    for (const std::string& vpc : out->parts_.names->vpcs())
        out->views_.try_emplace(vpc, view(vpc));
    out->public_view_ = view("");
    return out;
}

const View& Snapshot::view_of(const std::string& vpc) const {
    const auto place = views_.find(vpc);
    return place == views_.end() ? public_view_ : place->second;
}

}  // namespace unkai::planes::dns
