#include "services/lambda/gate.h"

#include <gtest/gtest.h>

#include "services/lambda/limits.h"

namespace unkai::services::lambda {

// An account's concurrency in a region: 1,000, less what is reserved for functions.
TEST(LambdaGate, AnAccountsConcurrencyIsShared) {
    const Place place{"123456789012", "us-east-1"}, elsewhere{"123456789012", "eu-west-1"};
    constexpr int64_t reserved = 50;
    Gate gate;
    std::vector<Gate::Pass> passes;
    for (int64_t i = 0; i < limits::concurrency - reserved; ++i) {
        auto pass = gate.enter(place, "f" + std::to_string(i % 7), std::nullopt, reserved);
        ASSERT_TRUE(pass) << i;
        passes.push_back(std::move(*pass));
    }
    const auto refused = gate.enter(place, "f", std::nullopt, reserved);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "TooManyRequestsException");
    EXPECT_EQ(refused.error().status, 429);
    EXPECT_EQ(refused.error().message, "Rate Exceeded.");
    ASSERT_FALSE(refused.error().fields.empty());
    EXPECT_EQ(refused.error().fields[0].second, "ConcurrentInvocationLimitExceeded");
    EXPECT_TRUE(gate.enter(place, "own", reserved, reserved));
    EXPECT_TRUE(gate.enter(elsewhere, "f", std::nullopt, 0));
    passes.pop_back();
    EXPECT_TRUE(gate.enter(place, "f", std::nullopt, reserved));
}

}  // namespace unkai::services::lambda
