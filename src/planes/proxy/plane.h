// What a control plane sees of the proxy; proxy.h is the real one.
#pragma once

#include "planes/proxy/health.h"
#include "planes/proxy/snapshot.h"

namespace unkai::planes::proxy {

class Plane {
public:
    virtual ~Plane() = default;
    // Takes effect on all loops within milliseconds; returns at once. The whole, every time.
    virtual void apply(Snapshot snapshot) = 0;
    // nullptr: not a target of a group that is in use.
    virtual const TargetHealth* health(const std::string& group,
                                       const std::string& target) const = 0;
    // Called on the control loop when a target's health changes.
    virtual void on_health(HealthChecker::Changed changed) = 0;
};

}  // namespace unkai::planes::proxy
