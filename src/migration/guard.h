// Guards: what must hold while traffic shifts. "errors<1%", "p99<300ms", "p50<0.2s".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace unkai::migration {

// What one side did over a span of time.
struct Traffic {
    double requests = 0;
    double errors = 0;               // 5XX.
    double seconds = 0;              // The span.
    std::optional<double> p50, p99;  // Milliseconds, weighted by requests.
    double rate() const { return seconds > 0 ? requests / seconds : 0; }
    double error_share() const { return requests > 0 ? errors / requests : 0; }
};

struct Guard {
    enum class Measure { errors, p50, p99 } measure = Measure::errors;
    double most = 0;   // A share for errors, milliseconds otherwise; it must stay below.
    std::string text;  // As given.
    // The sentence that says how it is broken; nullopt: it holds, or there is nothing to judge.
    std::optional<std::string> broken_by(const Traffic& traffic) const;
};

// Error GuardInvalid.
Result<Guard> parse_guard(std::string_view text);
// "10,25,50,100": rising percentages, the last at most 100. Error StepsInvalid.
Result<std::vector<int>> parse_steps(std::string_view text);
// "20s", "1m30s", "500ms", "2h". Error TimeInvalid.
Result<Duration> parse_length(std::string_view text);

}  // namespace unkai::migration
