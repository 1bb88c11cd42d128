// Names that services give to what they run: load balancers, distributions, database endpoints.
//
// A NameSource is a watchable table "dns name → addresses". The service that owns the things fills
// it, on the control loop; the DNS publisher reads all sources and puts them into the snapshot that
// the servers answer from, so that an alias record, a container and `dig` see the same addresses.
//
//     NameSource names("rds");                       // made by the composition root
//     names.set("shop.cluster-abc.us-east-1.rds.amazonaws.com",
//               {.public_addresses = {"10.0.2.11"}, .ttl = 5});
//     names.erase("shop.cluster-abc.us-east-1.rds.amazonaws.com");
//
// Names are lower-cased here and need no final dot; a first label `*` answers every name below that
// has no entry of its own. Cost: O(log names) and one flag; publishing is batched by the reader.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "rt/event.h"

namespace unkai::planes::dns {

struct NameTarget {
    // What everybody outside of `vpc` gets: IPv4 and IPv6 addresses in their usual spelling.
    std::vector<std::string> public_addresses;
    // What containers in `vpc` get. Empty: the public ones.
    std::vector<std::string> private_addresses;
    std::string vpc;
    // Instead of addresses: the name that this one is another name of (answered as a CNAME).
    std::string canonical;
    uint32_t ttl = 60;
    // What an alias record with EvaluateTargetHealth sees.
    bool healthy = true;

    friend bool operator==(const NameTarget&, const NameTarget&) = default;
};

class NameSource {
public:
    explicit NameSource(std::string owner) : owner_(std::move(owner)) {}
    NameSource(const NameSource&) = delete;

    // Adds or replaces. Wakes readers only if something changed.
    void set(std::string_view name, NameTarget target);
    void erase(std::string_view name);
    void clear();

    const std::string& owner() const { return owner_; }
    const std::map<std::string, NameTarget>& entries() const { return entries_; }
    const NameTarget* find(std::string_view name) const;  // Exact names only.
    uint64_t version() const { return version_; }         // Grows with every change.
    // One event may serve all sources: the publisher calls this once with its own.
    void wake_on_change(Event* event) { event_ = event; }

private:
    void touch();

    std::string owner_;
    std::map<std::string, NameTarget> entries_;
    uint64_t version_ = 0;
    Event* event_ = nullptr;
};

}  // namespace unkai::planes::dns
