#include "migration/guard.h"

#include <fmt/format.h>

#include "base/strings.h"

namespace unkai::migration {

namespace {

std::optional<double> parse_decimal(std::string_view text) {
    const auto number = parse_double(text);
    return number && *number >= 0 ? number : std::nullopt;
}

}  // namespace

std::optional<std::string> Guard::broken_by(const Traffic& traffic) const {
    if (traffic.requests <= 0) return std::nullopt;
    if (measure == Measure::errors) {
        if (traffic.error_share() < most || (most == 0 && traffic.errors == 0)) return std::nullopt;
        return fmt::format("{} is broken: {:.2f} % of {:.0f} requests failed", text,
                           traffic.error_share() * 100, traffic.requests);
    }
    const auto& seen = measure == Measure::p50 ? traffic.p50 : traffic.p99;
    if (!seen || *seen < most) return std::nullopt;
    return fmt::format("{} is broken: {} is {:.0f} ms over {:.0f} requests", text,
                       measure == Measure::p50 ? "p50" : "p99", *seen, traffic.requests);
}

Result<Guard> parse_guard(std::string_view text) {
    const auto refuse = [&] {
        return fail("GuardInvalid",
                    "'" + std::string(text) +
                        "' is no guard. Write errors<1%, p99<300ms or p50<0.2s (quoted, for the "
                        "shell).",
                    400);
    };
    Guard out{.text = std::string(text)};
    std::string plain;
    for (const char c : text)
        if (c != ' ') plain += c;
    const size_t sign = plain.find('<');
    if (sign == plain.npos) return refuse();
    const std::string name = plain.substr(0, sign);
    std::string_view value = std::string_view(plain).substr(sign + 1);
    if (value.starts_with('=')) value.remove_prefix(1);
    double unit = 1;
    if (name == "errors" && value.ends_with('%')) {
        value.remove_suffix(1);
        unit = 0.01;
    } else if ((name == "p50" || name == "p99") && value.ends_with("ms")) {
        out.measure = name == "p50" ? Guard::Measure::p50 : Guard::Measure::p99;
        value.remove_suffix(2);
    } else if ((name == "p50" || name == "p99") && value.ends_with('s')) {
        out.measure = name == "p50" ? Guard::Measure::p50 : Guard::Measure::p99;
        value.remove_suffix(1);
        unit = 1000;
    } else {
        return refuse();
    }
    const auto number = parse_decimal(value);
    if (!number) return refuse();
    out.most = *number * unit;
    return out;
}

Result<std::vector<int>> parse_steps(std::string_view text) {
    std::vector<int> out;
    for (const std::string_view part : split(text, ',')) {
        const auto number = parse_uint(trim(part));
        if (!number || *number > 100 || (!out.empty() && static_cast<int>(*number) <= out.back()))
            return fail("StepsInvalid",
                        "--steps '" + std::string(text) +
                            "' must be rising percentages up to 100, as 10,25,50,100.",
                        400);
        out.push_back(static_cast<int>(*number));
    }
    return out;
}

Result<Duration> parse_length(std::string_view text) {
    std::string_view rest = text;
    Duration total{0};
    while (!rest.empty()) {
        const size_t digits = rest.find_first_not_of("0123456789.");
        const auto number = parse_decimal(rest.substr(0, digits));
        const std::string_view unit =
            digits == rest.npos
                ? ""
                : rest.substr(
                      digits,
                      std::min(rest.find_first_of("0123456789", digits), rest.size()) - digits);
        const double us = unit == "ms"  ? 1e3
                          : unit == "s" ? 1e6
                          : unit == "m" ? 60e6
                          : unit == "h" ? 3600e6
                                        : 0;
        if (!number || us == 0 || *number > 1e6) {
            total = Duration(0);
            break;
        }
        total += Duration(static_cast<int64_t>(*number * us));
        rest.remove_prefix(digits + unit.size());
    }
    if (total <= Duration(0))
        return fail("TimeInvalid",
                    "'" + std::string(text) + "' is no length of time. Write 20s, 1m30s or 500ms.",
                    400);
    return total;
}

}  // namespace unkai::migration
