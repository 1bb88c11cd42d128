#include "planes/dns/policy.h"

namespace unkai::planes::dns {

namespace {

Chosen only(size_t index) {
    Chosen out;
    out.index[0] = static_cast<uint16_t>(index);
    out.count = 1;
    return out;
}

template <class Accept>
size_t count_of(std::span<const Candidate> group, Accept accept) {
    size_t count = 0;
    for (const Candidate& one : group) count += accept(one) ? 1 : 0;
    return count;
}

// The `wanted`-th of those accepted.
template <class Accept>
Chosen nth(std::span<const Candidate> group, size_t wanted, Accept accept) {
    for (size_t i = 0; i < group.size(); ++i)
        if (accept(group[i]) && wanted-- == 0) return only(i);
    return only(0);
}

Chosen weighted_among(std::span<const Candidate> group, bool healthy_only, Random& random) {
    uint64_t sum = 0;
    for (const Candidate& one : group)
        if (one.healthy || !healthy_only) sum += one.weight;
    const auto accepted = [&](const Candidate& one) { return one.healthy || !healthy_only; };
    if (sum == 0) return nth(group, random.below(count_of(group, accepted)), accepted);
    uint64_t point = random.below(sum);
    for (size_t i = 0; i < group.size(); ++i) {
        if (!accepted(group[i])) continue;
        if (point < group[i].weight) return only(i);
        point -= group[i].weight;
    }
    return only(0);
}

Chosen choose_failover(std::span<const Candidate> group) {
    std::optional<size_t> primary, secondary;
    for (size_t i = 0; i < group.size(); ++i) {
        auto& role = group[i].primary ? primary : secondary;
        if (!role || (group[i].healthy && !group[*role].healthy)) role = i;
    }
    if (primary && group[*primary].healthy) return only(*primary);
    if (secondary && group[*secondary].healthy) return only(*secondary);
    return only(primary ? *primary : *secondary);
}

Chosen choose_multivalue(std::span<const Candidate> group, bool healthy_only, Random& random) {
    // Reservoir sampling keeps every subset equally probable; a final shuffle does so for the
    // order.
    Chosen out;
    size_t seen = 0;
    for (size_t i = 0; i < group.size(); ++i) {
        if (healthy_only && !group[i].healthy) continue;
        ++seen;
        if (out.count < most_values) {
            out.index[out.count++] = static_cast<uint16_t>(i);
        } else if (const size_t place = random.below(seen); place < most_values) {
            out.index[place] = static_cast<uint16_t>(i);
        }
    }
    for (size_t i = out.count; i > 1; --i) std::swap(out.index[i - 1], out.index[random.below(i)]);
    return out;
}

Chosen choose_ranked(std::span<const Candidate> group) {
    std::optional<size_t> best;
    for (size_t i = 0; i < group.size(); ++i) {
        if (group[i].rank == never_answered) continue;
        const bool better =
            !best || (group[i].healthy && !group[*best].healthy) ||
            (group[i].healthy == group[*best].healthy && group[i].rank < group[*best].rank);
        if (better) best = i;
    }
    return best ? only(*best) : Chosen{};
}

}  // namespace

Chosen choose(Policy policy, std::span<const Candidate> group, Random& random) {
    if (group.empty()) return {};
    if (policy == Policy::ranked) return choose_ranked(group);
    if (policy == Policy::simple || group.size() == 1) return only(0);
    const bool any_healthy = count_of(group, [](const Candidate& one) { return one.healthy; }) > 0;
    switch (policy) {
        case Policy::failover:
            return choose_failover(group);
        case Policy::multivalue:
            return choose_multivalue(group, any_healthy, random);
        default:
            return weighted_among(group, any_healthy, random);
    }
}

}  // namespace unkai::planes::dns
