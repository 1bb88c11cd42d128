#include "planes/dns/zone.h"

#include "wire/dns_text.h"

namespace unkai::planes::dns {

const Node* Zone::match(std::string_view name) const {
    if (const Node* exact = find(name)) return exact;
    // The closest name that exists; only a wildcard right below it can stand for `name`.
    std::string_view encloser = name;
    while (encloser.size() > apex_.size()) {
        encloser = without_first_label(encloser);
        if (find(encloser) == nullptr) continue;
        if (encloser.size() + 2 > wire::dns::most_name) return nullptr;
        char wildcard[wire::dns::most_name] = {1, '*'};
        encloser.copy(wildcard + 2, encloser.size());
        return find({wildcard, encloser.size() + 2});
    }
    return nullptr;
}

const Node* Zone::delegation(std::string_view name) const {
    if (delegations_.empty()) return nullptr;
    const Node* uppermost = nullptr;
    for (; name.size() > apex_.size(); name = without_first_label(name))
        if (const Node* node = find(name); node != nullptr && node->find(Type::NS) != nullptr)
            uppermost = node;
    return uppermost;
}

Node& Zone::node(std::string_view name) {
    if (const auto place = nodes_.find(name); place != nodes_.end()) return *place->second;
    auto fresh = std::make_unique<Node>();
    fresh->name = name;
    Node& out = *fresh;
    nodes_.emplace(out.name, std::move(fresh));
    // Every name above exists too, if only as a place on the way.
    if (name.size() > apex_.size()) node(without_first_label(out.name));
    return out;
}

Status Zone::add(RecordSet& record) {
    const Name lower = record.name.lower();
    if (!lower.is_under(*Name::from_wire(apex_)))
        return fail("InvalidName", "The record " + lower.text() + " lies outside of its zone.",
                    400);
    Node& place = node(lower.wire());
    Group* group = nullptr;
    for (Group& known : place.groups)
        if (known.type == record.type) group = &known;
    if (group == nullptr) {
        place.groups.push_back({record.type, record.policy, {}});
        group = &place.groups.back();
    } else if (group->policy != record.policy || record.policy == Policy::simple) {
        return fail("MixedPolicies",
                    "The records of " + lower.text() + " " + wire::dns::type_name(record.type) +
                        " do not share one routing policy.",
                    400);
    }
    Member member;
    member.weight = record.weight;
    member.primary = record.primary;
    member.rank = record.rank;
    member.health_check = std::move(record.health_check);
    if (record.alias) {
        member.alias = record.alias->target.lower().wire();
        member.evaluate_health = record.alias->evaluate_health;
    } else {
        member.block = wire::dns::make_block(record.type, record.ttl, record.data);
        if (record.type == Type::CNAME && !record.data.empty())
            if (const auto target = Name::from_wire(record.data[0]))
                member.canonical = target->lower().wire();
    }
    group->members.push_back(std::move(member));
    return ok();
}

void Zone::finish_delegations() {
    for (const auto& [name, node] : nodes_) {
        const Group* servers = name == apex_ ? nullptr : node->find(Type::NS);
        if (servers == nullptr || !servers->plain()) continue;
        delegations_.push_back(node.get());
        const std::string_view bytes = servers->members[0].block.bytes;
        for (size_t at = 0; at < bytes.size();) {
            const size_t length = static_cast<size_t>(static_cast<uint8_t>(bytes[at + 10])) << 8 |
                                  static_cast<uint8_t>(bytes[at + 11]);
            const auto server = Name::from_wire(bytes.substr(at + 12, length));
            at += 12 + length;
            const Node* address = server ? find(server->lower().wire()) : nullptr;
            if (address == nullptr) continue;
            for (const Group& group : address->groups)
                if ((group.type == Type::A || group.type == Type::AAAA) && group.plain())
                    node->glue.emplace_back(address, &group);
        }
    }
}

Result<std::shared_ptr<const Zone>> Zone::make(const Name& apex, std::vector<RecordSet> records) {
    auto zone = std::make_shared<Zone>();
    zone->apex_ = apex.lower().wire();
    zone->node(zone->apex_);
    for (RecordSet& record : records) {
        if (record.type == Type::SOA && record.name == apex && !record.data.empty()) {
            const std::string& data = record.data[0];
            uint32_t minimum = 0;
            for (const char c : std::string_view(data).substr(data.size() - 4))
                minimum = minimum << 8 | static_cast<uint8_t>(c);
            zone->negative_ =
                wire::dns::make_block(Type::SOA, std::min(record.ttl, minimum), record.data);
        }
        REQUIRE(zone->add(record));
    }
    if (zone->negative_.empty())
        return fail("NoSuchRecord", "The zone " + apex.text() + " has no SOA record.", 400);
    zone->finish_delegations();
    return std::shared_ptr<const Zone>(std::move(zone));
}

}  // namespace unkai::planes::dns
