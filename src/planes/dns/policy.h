// Which records of a routed group answer: pure functions of health, weights and a random number.
//
// A group is all records of one name and type that share a routing policy. The rules are Route
// 53's: developer guide, "How Amazon Route 53 chooses records when health checking is configured",
// and the model's ResourceRecordSet.Weight, .Failover, .MultiValueAnswer. One rule holds
// everywhere: when nothing is healthy, everything counts as healthy.
#pragma once

#include <cstdint>
#include <span>

#include "rt/random.h"

namespace unkai::planes::dns {

enum class Policy : uint8_t { simple, weighted, failover, multivalue, ranked };

constexpr uint8_t never_answered = 255;  // A rank: whatever the others' health.

struct Candidate {
    bool healthy = true;
    uint8_t weight = 0;    // weighted: 0–255.
    bool primary = false;  // failover.
    uint8_t rank = 0;      // ranked: the lowest comes first.
};

constexpr size_t most_values = 8;  // Of a multivalue answer.

struct Chosen {
    uint16_t index[most_values];
    uint8_t count = 0;
    const uint16_t* begin() const { return index; }
    const uint16_t* end() const { return index + count; }
};

// weighted: one record. Share = weight ÷ sum of the weights. Weight 0 answers only when no healthy
// record
//   has a weight above 0; among records of weight 0 alone all are equally probable.
// failover: the healthy primary, else the healthy secondary, else the primary.
// multivalue: up to eight healthy records (of the unhealthy ones when none is healthy), drawn at
// random. ranked (latency and geolocation, once it is known where the client is): the healthy
// record of the lowest rank, else the lowest of all; none when all are never_answered. simple: the
// first record. Otherwise empty only for an empty group. Cost: O(candidates), no allocation.
Chosen choose(Policy policy, std::span<const Candidate> group, Random& random);

}  // namespace unkai::planes::dns
