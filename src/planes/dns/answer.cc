#include "planes/dns/answer.h"

namespace unkai::planes::dns {

using wire::dns::Code;
using wire::dns::Parsed;
using wire::dns::Query;
using wire::dns::ResponseWriter;
using wire::dns::Section;

namespace {

constexpr int most_steps = 8;  // CNAMEs followed, and aliases nested.
constexpr size_t most_members =
    512;  // Of a routed group that are considered (Route 53 allows 100).

class Answerer {
public:
    Answerer(const View& view, const Query& query, Random& random, ResponseWriter& writer)
        : view_(view), query_(query), random_(random), writer_(writer) {}

    Outcome run() {
        std::string_view owner = query_.lower_name();
        for (int step = 0; step <= most_steps && !owner.empty(); ++step) {
            next_ = {};
            if (const Zone* zone = view_.zone_of(owner)) {
                in_zone(*zone, owner);
            } else if (!in_names(owner)) {
                outcome_.ours = step > 0;
                if (step > 0) outcome_.continues = owner;
                break;
            }
            owner = next_;
        }
        return outcome_;
    }

private:
    void in_zone(const Zone& zone, std::string_view owner) {
        if (const Node* cut = zone.delegation(owner);
            cut != nullptr && !(query_.type == Type::DS && cut->name == owner)) {
            refer(*cut);
            return;
        }
        const Node* node = zone.match(owner);
        if (node == nullptr) {
            outcome_.code = Code::name_error;
            writer_.add(Section::authority, zone.apex(), zone.negative());
            return;
        }
        const uint16_t before = writer_.answers();
        const Group* group = query_.type == Type::ANY && !node->groups.empty()
                                 ? &node->groups[0]
                                 : node->find(query_.type);
        if (group != nullptr) {
            add_group(zone, *group, owner, 0);
        } else if (const Group* canonical = node->find(Type::CNAME)) {
            const Member* chosen = add_group(zone, *canonical, owner, 0);
            if (chosen != nullptr) next_ = chosen->canonical;
        }
        if (writer_.answers() == before && !writer_.truncated())
            writer_.add(Section::authority, zone.apex(), zone.negative());
    }

    void refer(const Node& cut) {
        if (writer_.answers() == 0) outcome_.authoritative = false;
        writer_.add(Section::authority, cut.name, cut.find(Type::NS)->members[0].block);
        for (const auto& [node, group] : cut.glue)
            writer_.add(Section::additional, node->name, group->members[0].block);
    }

    // True when the name table knows about the name.
    bool in_names(std::string_view owner) {
        const NameTable& names = *view_.names;
        const NameTable::Entry* entry = names.find(owner);
        if (entry == nullptr) {
            const std::string_view closed = names.closed_above(owner);
            if (closed.empty()) return false;
            if (!names.exists(owner)) outcome_.code = Code::name_error;
            writer_.add(Section::authority, closed, names.negative());
            return true;
        }
        if (!entry->canonical.empty()) {
            add(owner, entry->canonical);
            if (query_.type != Type::CNAME) next_ = entry->target;
            return true;
        }
        if (!add_addresses(*entry, query_.type, owner)) {
            const std::string_view closed = names.closed_above(owner);
            writer_.add(Section::authority, closed.empty() ? owner : closed, names.negative());
        }
        return true;
    }

    bool add_addresses(const NameTable::Entry& entry, Type type, std::string_view owner) {
        const bool inside = !entry.vpc.empty() && entry.vpc == view_.vpc;
        const Block* block = nullptr;
        if (type == Type::A || type == Type::ANY) block = inside ? &entry.private_v4 : &entry.v4;
        if (type == Type::AAAA) block = inside ? &entry.private_v6 : &entry.v6;
        if (block == nullptr || block->empty()) return false;
        add(owner, *block);
        return true;
    }

    void add(std::string_view owner, const Block& block) {
        uint16_t first = 0;
        // Addresses only: all records of such a block have one size.
        if (block.count > 1 && (block.bytes[3] == 1 || block.bytes[3] == 28) && block.bytes[2] == 0)
            first = static_cast<uint16_t>(random_.below(block.count));
        writer_.add(Section::answer, owner, block, first);
    }

    // Adds what the group's policy chooses; the last member that answered, if it has records of its
    // own.
    const Member* add_group(const Zone& zone, const Group& group, std::string_view owner,
                            int depth) {
        if (group.plain()) {
            add(owner, group.members[0].block);
            return &group.members[0];
        }
        if (group.policy == Policy::simple)
            return add_member(zone, group, group.members[0], owner, depth);
        std::array<Candidate, most_members> candidates;
        const size_t count = std::min(group.members.size(), most_members);
        for (size_t i = 0; i < count; ++i) {
            const Member& member = group.members[i];
            candidates[i] = {is_healthy(view_, zone, member, group.type), member.weight,
                             member.primary, member.rank};
        }
        const Member* last = nullptr;
        for (const uint16_t index : choose(group.policy, {candidates.data(), count}, random_))
            if (const Member* added = add_member(zone, group, group.members[index], owner, depth))
                last = added;
        return last;
    }

    const Member* add_member(const Zone& zone, const Group& group, const Member& member,
                             std::string_view owner, int depth) {
        if (member.alias.empty()) {
            add(owner, member.block);
            return &member;
        }
        if (depth >= most_steps) return nullptr;
        if (std::string_view(member.alias).ends_with(zone.apex())) {
            const Node* node = zone.match(member.alias);
            const Group* target = node == nullptr ? nullptr : node->find(group.type);
            if (target != nullptr) return add_group(zone, *target, owner, depth + 1);
        }
        const NameTable::Entry* entry = view_.names->find(member.alias);
        for (int step = 0; entry != nullptr && !entry->target.empty() && step < most_steps; ++step)
            entry = view_.names->find(entry->target);
        if (entry != nullptr) add_addresses(*entry, group.type, owner);
        return nullptr;
    }

    const View& view_;
    const Query& query_;
    Random& random_;
    ResponseWriter& writer_;
    Outcome outcome_;
    std::string_view next_;
};

}  // namespace

bool is_healthy(const View& view, const Zone& zone, const Member& member, Type type, int depth) {
    if (!member.health_check.empty()) {
        const auto known = view.health->find(member.health_check);
        if (known != view.health->end() && !known->second) return false;
    }
    if (member.alias.empty() || !member.evaluate_health || depth >= most_steps) return true;
    if (std::string_view(member.alias).ends_with(zone.apex())) {
        const Node* node = zone.match(member.alias);
        const Group* group = node == nullptr ? nullptr : node->find(type);
        if (group != nullptr)
            return std::ranges::any_of(group->members, [&](const Member& one) {
                return is_healthy(view, zone, one, type, depth + 1);
            });
    }
    const NameTable::Entry* entry = view.names->find(member.alias);
    return entry != nullptr && entry->healthy;
}

Outcome resolve(const View& view, const Query& query, Random& random, ResponseWriter& writer) {
    return Answerer(view, query, random, writer).run();
}

size_t respond_to_bad_query(Parsed parsed, const Query& query, char* buffer) {
    if (parsed == Parsed::drop) return 0;
    Code code = Code::no_error;
    if (parsed == Parsed::format_error)
        code = Code::format_error;
    else if (query.opcode != 0)
        code = Code::not_implemented;
    else if (query.edns && query.edns_version != 0)
        code = Code::bad_version;
    else if (query.klass != wire::dns::class_in || query.type == Type::AXFR ||
             query.type == Type::IXFR)
        code = Code::refused;
    if (code == Code::no_error) return 0;
    return ResponseWriter(buffer, wire::dns::least_payload, query).finish(code, {});
}

size_t respond(const View& view, std::string_view datagram, Random& random, char* buffer,
               size_t limit, bool over_tcp) {
    Query query;
    const Parsed parsed = wire::dns::parse_query(datagram, query);
    if (parsed == Parsed::drop) return 0;
    if (const size_t size = respond_to_bad_query(parsed, query, buffer)) return size;
    const size_t most =
        over_tcp ? limit : std::min<size_t>({limit, query.payload, most_udp_response});
    ResponseWriter writer(buffer, most, query);
    const Outcome outcome = resolve(view, query, random, writer);
    if (!outcome.ours) return writer.finish(Code::refused, {.extended_error = 20});
    return writer.finish(outcome.code, {.authoritative = outcome.authoritative});
}

}  // namespace unkai::planes::dns
