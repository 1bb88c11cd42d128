// Randomness as a parameter: the kernel's in the program, a seeded one in simulation.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace unkai {

class Random {
public:
    virtual ~Random() = default;
    virtual void fill(void* bytes, size_t count) = 0;

    uint64_t u64();
    uint64_t below(uint64_t limit);  // Uniform in [0, limit); limit > 0.
    double unit();                   // Uniform in [0, 1).
    std::string bytes(size_t count);
    std::string hex(size_t digits);               // Lower case.
    std::string alphanumeric(size_t characters);  // A–Z a–z 0–9
    std::string from(std::string_view alphabet, size_t characters);
    std::string uuid();  // Version 4.
};

std::unique_ptr<Random> system_random();               // getrandom(2), buffered; one thread.
std::unique_ptr<Random> seeded_random(uint64_t seed);  // Repeatable, not secret: simulation only.

}  // namespace unkai
