// Addresses of origins' names, for the CDN's data loops: what the DNS servers would answer in
// public, taken from the snapshot that they have.
//
//     OriginNames names;
//     names.set(snapshot);                    // on the control loop, with every publication
//     names.resolve("api.example.com");       // on any thread; empty: the name is not ours
//
// Names of the world beyond this installation are not looked up: the CDN has no way out.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "planes/dns/snapshot.h"

namespace unkai {

class OriginNames {
public:
    void set(std::shared_ptr<const planes::dns::Snapshot> snapshot);
    // IPv4 addresses. ≈ 2 µs.
    std::vector<std::string> resolve(const std::string& host) const;

private:
    mutable std::mutex mutex_;
    std::shared_ptr<const planes::dns::Snapshot> snapshot_;
};

}  // namespace unkai
