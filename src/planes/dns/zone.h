// A zone, compiled: what an authoritative server needs to answer from it without thinking.
//
// Zone::make() takes the records as the publisher has them and is run on the control loop (≈ 1 µs a
// record); the result is immutable and shared by all data loops. A simple record set becomes one
// block of bytes that is copied into responses; a routed group becomes its members with their
// weights, roles and health checks; an alias keeps the name that it follows, resolved at answer
// time inside the snapshot.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "planes/dns/policy.h"
#include "wire/dns.h"

namespace unkai::planes::dns {

using wire::dns::Block;
using wire::dns::Name;
using wire::dns::Type;

// An alias answers with the records of another name, under its own name: of this zone first, then
// of the name table (names.h). It has their TTL.
struct Alias {
    Name target;
    bool evaluate_health = false;
};

// All records of one name, type and (if routed) identifier. Sets of equal name and type form a
// group and must share `policy`.
struct RecordSet {
    Name name;
    Type type = Type::A;
    uint32_t ttl = 300;
    std::vector<std::string> data;  // Wire form, names uncompressed (wire/dns_text.h makes it).
    std::optional<Alias> alias;     // Instead of ttl and data.
    Policy policy = Policy::simple;
    uint8_t weight = 0;
    bool primary = false;
    uint8_t rank = 0;          // policy.h
    std::string health_check;  // An id in Health; empty: always healthy.
};

struct Member {
    Block block;
    std::string alias;  // Lower case wire form; empty: `block` answers.
    bool evaluate_health = false;
    std::string canonical;  // Of a CNAME: its target, lower case wire form.
    uint8_t weight = 0;
    bool primary = false;
    uint8_t rank = 0;
    std::string health_check;
};

struct Group {
    Type type;
    Policy policy;
    std::vector<Member> members;
    // One block and nothing to decide.
    bool plain() const { return policy == Policy::simple && members[0].alias.empty(); }
};

struct Node {
    std::string name;           // Lower case wire form.
    std::vector<Group> groups;  // Empty: the name exists only because names below it do.
    // Of a delegation: the addresses of its name servers that lie in this zone.
    std::vector<std::pair<const Node*, const Group*>> glue;

    const Group* find(Type type) const {
        for (const Group& group : groups)
            if (group.type == type) return &group;
        return nullptr;
    }
};

class Zone {
public:
    // Errors: NoSuchRecord (no SOA at the apex), InvalidName (a record lies outside of the zone),
    // MixedPolicies.
    static Result<std::shared_ptr<const Zone>> make(const Name& apex,
                                                    std::vector<RecordSet> records);

    const std::string& apex() const { return apex_; }
    const Node* find(std::string_view name) const {
        const auto place = nodes_.find(name);
        return place == nodes_.end() ? nullptr : place->second.get();
    }
    // `name` itself, or the wildcard that stands for it (RFC 4592); null: no such name.
    const Node* match(std::string_view name) const;
    // The uppermost delegation at or above `name`, below the apex.
    const Node* delegation(std::string_view name) const;
    // The SOA as negative answers carry it: its TTL is at most its last field (RFC 2308).
    const Block& negative() const { return negative_; }
    size_t names() const { return nodes_.size(); }

private:
    Status add(RecordSet& record);
    Node& node(std::string_view name);
    void finish_delegations();

    std::string apex_;
    std::unordered_map<std::string_view, std::unique_ptr<Node>>
        nodes_;  // Keys view into the nodes.
    std::vector<const Node*> delegations_;
    Block negative_;
};

// The name without its first label. `name` is not the root.
inline std::string_view without_first_label(std::string_view name) {
    return name.substr(static_cast<uint8_t>(name[0]) + 1u);
}

}  // namespace unkai::planes::dns
