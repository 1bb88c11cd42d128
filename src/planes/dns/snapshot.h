// The immutable world that DNS servers answer from: zones, names of things, health.
//
//     Result<std::shared_ptr<const Zone>> zone = Zone::make(apex, records);       // per changed
//     zone auto names = NameTable::make({&load_balancers, &databases}, {"amazonaws.com",
//     "cloudfront.net"}); auto snapshot = Snapshot::make({.zones = {{*zone, {}}}, .names = names,
//     .health = health}); co_await server.apply(snapshot); // all loops have it
//
// Zones and name tables are shared between snapshots, so that a change costs what changed plus one
// pointer a zone. A View is what one audience sees: the public, or the containers of one VPC.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "planes/dns/names.h"
#include "planes/dns/zone.h"

namespace unkai::planes::dns {

// Health check id → healthy. An id that is not there counts as healthy.
using Health = std::unordered_map<std::string, bool>;

// The name sources' entries, compiled. Where two sources have one name, the first source wins.
class NameTable {
public:
    struct Entry {
        std::string name;  // Lower case wire form.
        Block v4, v6;
        Block private_v4, private_v6;
        std::string vpc;  // Whose containers get the private ones.
        Block canonical;  // A CNAME, then `target` is its lower case wire form.
        std::string target;
        bool healthy = true;
        bool on_the_way = false;  // Exists only because names below it do.
    };

    // Below a name of `closed` we know everything: what is not there does not exist. Entries with
    // bad names or addresses are left out and logged.
    static std::shared_ptr<const NameTable> make(std::span<const NameSource* const> sources,
                                                 std::span<const std::string> closed = {});

    // The entry itself or the nearest wildcard above it; null: none.
    const Entry* find(std::string_view name) const;
    bool exists(std::string_view name) const { return entries_.contains(name); }
    // The closed name at or above `name`, or empty.
    std::string_view closed_above(std::string_view name) const;
    const Block& negative() const { return negative_; }  // A SOA for closed names.
    size_t size() const { return entries_.size(); }
    const std::unordered_set<std::string>& vpcs() const {
        return vpcs_;
    }  // That have private addresses.

private:
    void add(const std::string& name, const NameTarget& target);

    std::unordered_map<std::string_view, std::unique_ptr<Entry>> entries_;
    std::unordered_set<std::string> vpcs_;
    std::vector<std::string> closed_names_;
    std::unordered_set<std::string_view> closed_;
    Block negative_;
};

using ZoneMap = std::unordered_map<std::string_view, std::shared_ptr<const Zone>>;

struct View {
    std::string vpc;        // Empty: the public view.
    ZoneMap private_zones;  // Consulted first, by the longest name.
    const ZoneMap* public_zones = nullptr;
    const NameTable* names = nullptr;
    const Health* health = nullptr;

    const Zone* zone_of(std::string_view name) const;
};

class Snapshot {
public:
    struct ZoneOf {
        std::shared_ptr<const Zone> zone;
        std::vector<std::string> vpcs;  // Whose containers see it; empty: public.
    };
    struct Parts {
        std::vector<ZoneOf> zones;
        std::shared_ptr<const NameTable> names;
        std::shared_ptr<const Health> health;
    };
    // Of two public zones with one apex (Route 53 allows that), the first one answers.
    static std::shared_ptr<const Snapshot> make(Parts parts);

    const View& public_view() const { return public_view_; }
    const View& view_of(const std::string& vpc) const;  // Of an unknown VPC: the public one.

private:
    Parts parts_;
    ZoneMap public_zones_;
    View public_view_;
    std::unordered_map<std::string, View> views_;
};

}  // namespace unkai::planes::dns
