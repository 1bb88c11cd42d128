#include "planes/functions/pool.h"

#include <algorithm>

namespace unkai::planes::functions {

namespace {

constexpr int64_t largest_function_mib = 10'240;

bool expired(const PoolMember& member, Time now) {
    return member.expires_at && *member.expires_at <= now;
}

bool usable(const PoolMember& member, const Demand& demand, Time now) {
    return member.idle && member.function == demand.function &&
           member.revision == demand.revision && !expired(member, now);
}

}  // namespace

PoolLimits limits_for(int64_t machine_mib) {
    PoolLimits out;
    out.most_environments = static_cast<size_t>(std::clamp<int64_t>(machine_mib / 64, 8, 1000));
    out.most_memory_mib = std::max(machine_mib, largest_function_mib);
    return out;
}

Claim plan_claim(const std::vector<PoolMember>& members, const Demand& demand,
                 const PoolLimits& limits, Time now) {
    Claim claim;
    std::optional<size_t> best;
    for (size_t i = 0; i < members.size(); ++i)
        if (usable(members[i], demand, now) &&
            (!best || members[i].used_at > members[*best].used_at))
            best = i;
    if (best) return {Claim::Kind::use, *best, {}};

    // What may go, the function's own useless ones first: they are never used again.
    std::vector<size_t> idle;
    size_t own = 0;
    size_t total = members.size();
    int64_t memory = demand.memory_mib;
    for (size_t i = 0; i < members.size(); ++i) {
        memory += members[i].memory_mib;
        own += members[i].function == demand.function;
        if (members[i].idle) idle.push_back(i);
    }
    const auto useless = [&](size_t i) { return members[i].function == demand.function; };
    std::ranges::sort(idle, [&](size_t a, size_t b) {
        if (useless(a) != useless(b)) return useless(a);
        return members[a].used_at < members[b].used_at;
    });
    for (const size_t i : idle) {
        const bool full = total >= limits.most_environments || memory > limits.most_memory_mib;
        if (!full && !useless(i)) break;
        claim.evict.push_back(i);
        own -= useless(i);
        memory -= members[i].memory_mib;
        --total;
    }
    if (own >= demand.most_environments || total >= limits.most_environments ||
        memory > limits.most_memory_mib)
        return {};
    claim.kind = Claim::Kind::start;
    return claim;
}

std::vector<size_t> plan_sweep(const std::vector<PoolMember>& members, const PoolLimits& limits,
                               Time now) {
    std::vector<size_t> out;
    for (size_t i = 0; i < members.size(); ++i)
        if (members[i].idle &&
            (expired(members[i], now) || now - members[i].used_at >= limits.idle_time))
            out.push_back(i);
    return out;
}

}  // namespace unkai::planes::functions
