// The simulated world: a loop whose clock jumps to the next timer, and seeded randomness.
//
//     SimWorld world(seed);
//     world.loop.run_until_done(scenario(world.env));   // hours of simulated time in milliseconds
//
// Nothing sleeps; the same seed gives the same run. Real descriptors cannot be waited for here.
#pragma once

#include "rt/env.h"

namespace unkai {

class SimLoop final : public Loop {
public:
    // Starts at 2026-01-01T00:00:00Z unless told.
    explicit SimLoop(Time start = Time{std::chrono::seconds{1767225600}}) : start_(start) {}
    Time now() const override { return start_ + elapsed_; }
    Steady steady() const override { return Steady{std::chrono::hours{1} + elapsed_}; }

protected:
    bool wait(Steady due) override {
        if (has_posted()) return true;
        if (due == never) return false;
        if (due > steady()) elapsed_ += due - steady();
        return true;
    }

private:
    Time start_;
    Duration elapsed_{0};
};

struct SimWorld {
    explicit SimWorld(uint64_t seed = 1) : random(seeded_random(seed)) {}
    SimLoop loop;
    std::unique_ptr<Random> random;
    Workers workers{0};
    Env env{loop, *random, workers};
};

}  // namespace unkai
