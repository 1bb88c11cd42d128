#include "services/cloudwatch/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/strings.h"
#include "store/record.h"

namespace unkai::services::cloudwatch {

namespace {

const double grid_step = std::log(1.02);
// Indices of the smallest magnitudes are below zero; this moves all of them above it.
constexpr int64_t grid_origin = 40000;

using Values = std::vector<std::pair<double, double>>;

// Integers in a few bytes, others in nine.
void put_number(std::string& out, double value) {
    if (value == std::floor(value) && std::fabs(value) < 0x1p52) {
        const auto whole = static_cast<int64_t>(value);
        store::put_varint(
            out, (static_cast<uint64_t>(whole) << 1 ^ static_cast<uint64_t>(whole >> 63)) << 1);
        return;
    }
    store::put_varint(out, 1);
    store::Codec<double>::encode(out, value);
}

bool take_number(std::string_view& in, double& value) {
    uint64_t raw = 0;
    if (!store::take_varint(in, raw)) return false;
    if (raw == 1) {
        if (in.size() < sizeof value) return false;
        std::memcpy(&value, in.data(), sizeof value);
        in.remove_prefix(sizeof value);
        return true;
    }
    raw >>= 1;
    value = static_cast<double>(static_cast<int64_t>(raw >> 1 ^ (~(raw & 1) + 1)));
    return true;
}

void put_values(std::string& out, const Statistics& value) {
    store::put_varint(out, value.values.size());
    int64_t before = 0;
    for (const auto& [at, times] : value.values) {
        if (value.coarse) {
            const int64_t index = grid_index(at);
            put_number(out, static_cast<double>(index - before));
            before = index;
        } else {
            put_number(out, at);
        }
        put_number(out, times);
    }
}

bool take_values(std::string_view& in, Statistics& value) {
    uint64_t size = 0;
    if (!store::take_varint(in, size) || size > in.size()) return false;
    value.values.resize(size);
    double index = 0;
    for (auto& [at, times] : value.values) {
        double raw = 0;
        if (!take_number(in, raw) || !take_number(in, times)) return false;
        index += raw;
        at = value.coarse ? grid_value(static_cast<int64_t>(index)) : raw;
    }
    return true;
}

// The smallest value at or below which `share` (0–1) of all samples lie.
double value_at(const Values& values, double count, double share) {
    const double wanted = share * count;
    double seen = 0;
    for (const auto& [value, times] : values) {
        seen += times;
        if (seen >= wanted * (1 - 1e-12)) return value;
    }
    return values.back().first;
}

struct Trimmed {
    double count = 0, sum = 0;
};

// The samples between two shares of the sorted samples, the ones at the edges in part.
Trimmed between_shares(const Values& values, double count, double low, double high) {
    Trimmed out;
    double seen = 0;
    for (const auto& [value, times] : values) {
        const double from = std::max(seen, low * count), to = std::min(seen + times, high * count);
        seen += times;
        if (to <= from) continue;
        out.count += to - from;
        out.sum += (to - from) * value;
    }
    return out;
}

Trimmed between_values(const Values& values, std::optional<double> low,
                       std::optional<double> high) {
    Trimmed out;
    for (const auto& [value, times] : values) {
        if ((low && value <= *low) || (high && value > *high)) continue;
        out.count += times;
        out.sum += times * value;
    }
    return out;
}

double winsorized(const Values& values, double low, double high) {
    double count = 0, sum = 0;
    for (const auto& [value, times] : values) {
        count += times;
        sum += times * std::clamp(value, low, high);
    }
    return sum / count;
}

std::optional<double> of_distribution(const Statistic& statistic, const Statistics& samples) {
    using Kind = Statistic::Kind;
    const double low_share = statistic.low.value_or(0) / 100;
    const double high_share = statistic.high.value_or(100) / 100;
    if (statistic.kind == Kind::percentile && high_share >= 1) return samples.maximum;
    if (statistic.kind == Kind::percentile)
        return std::clamp(value_at(samples.values, samples.count, high_share), samples.minimum,
                          samples.maximum);
    if (statistic.kind == Kind::winsorized_mean) {
        const double low = statistic.by_percent ? value_at(samples.values, samples.count, low_share)
                                                : statistic.low.value_or(samples.minimum);
        const double high = statistic.by_percent
                                ? value_at(samples.values, samples.count, high_share)
                                : statistic.high.value_or(samples.maximum);
        return winsorized(samples.values, low, std::max(low, high));
    }
    const Trimmed trimmed =
        statistic.by_percent ? between_shares(samples.values, samples.count, low_share, high_share)
                             : between_values(samples.values, statistic.low, statistic.high);
    switch (statistic.kind) {
        case Kind::trimmed_count:
            return trimmed.count;
        case Kind::trimmed_sum:
            return trimmed.sum;
        case Kind::percentile_rank:
            return 100 * trimmed.count / samples.count;
        default:
            break;
    }
    if (trimmed.count == 0) return std::nullopt;
    return trimmed.sum / trimmed.count;
}

// "10%" or "10"; both bounds must be of one kind.
bool read_bound(std::string_view text, std::optional<double>& bound, std::optional<bool>& percent) {
    text = trim(text);
    if (text.empty()) return true;
    const bool has_percent = text.ends_with('%');
    if (has_percent) text.remove_suffix(1);
    if (percent && *percent != has_percent) return false;
    percent = has_percent;
    bound = parse_double(text);
    return bound.has_value() && (!has_percent || (*bound >= 0 && *bound <= 100));
}

std::optional<Statistic> parse_range(std::string_view text, Statistic::Kind kind) {
    if (!text.starts_with('(') || !text.ends_with(')')) return std::nullopt;
    text = text.substr(1, text.size() - 2);
    if (text.find(':') == text.npos) return std::nullopt;
    const auto [low, high] = split_once(text, ':');
    Statistic out{.kind = kind};
    std::optional<bool> percent;
    if (!read_bound(low, out.low, percent) || !read_bound(high, out.high, percent) || !percent)
        return std::nullopt;
    if (out.low && out.high && *out.low >= *out.high) return std::nullopt;
    if (kind == Statistic::Kind::percentile_rank && *percent) return std::nullopt;
    out.by_percent = *percent;
    return out;
}

std::optional<Statistic> parse_share(std::string_view digits, Statistic::Kind kind) {
    if (digits.empty() || digits.size() > 13 ||
        digits.find_first_not_of("0123456789.") != digits.npos)
        return std::nullopt;
    const auto share = parse_double(digits);
    if (!share || *share < 0 || *share > 100) return std::nullopt;
    return Statistic{.kind = kind, .by_percent = true, .low = std::nullopt, .high = share};
}

}  // namespace

int64_t grid_index(double value) {
    if (value == 0) return 0;
    const double magnitude = std::clamp(std::fabs(value), 0x1p-360, 0x1p360);
    const int64_t index = std::llround(std::log(magnitude) / grid_step) + grid_origin;
    return value < 0 ? -index : index;
}

double grid_value(int64_t index) {
    if (index == 0) return 0;
    const double magnitude =
        std::exp(static_cast<double>(std::abs(index) - grid_origin) * grid_step);
    return index < 0 ? -magnitude : magnitude;
}

void Statistics::coarsen() {
    if (coarse) return;
    coarse = true;
    Values rounded;
    for (const auto& [value, times] : values) {
        const double at = grid_value(grid_index(value));
        if (!rounded.empty() && rounded.back().first == at)
            rounded.back().second += times;
        else
            rounded.emplace_back(at, times);
    }
    values = std::move(rounded);
}

void Statistics::merge_values(const Values& more, bool more_coarse) {
    if (more_coarse) coarsen();
    for (const auto& [raw, times] : more) {
        const double value = coarse ? grid_value(grid_index(raw)) : raw;
        const auto at =
            std::lower_bound(values.begin(), values.end(), value,
                             [](const auto& entry, double wanted) { return entry.first < wanted; });
        if (at != values.end() && at->first == value)
            at->second += times;
        else
            values.insert(at, {value, times});
    }
    if (values.size() > most_exact) coarsen();
}

void Statistics::add(double value, double times) {
    if (times == 0) return;
    minimum = empty() ? value : std::min(minimum, value);
    maximum = empty() ? value : std::max(maximum, value);
    count += times;
    sum += value * times;
    if (!opaque) merge_values({{value, times}}, false);
}

void Statistics::add_set(double samples, double total, double least, double most) {
    if (samples == 0) return;
    Statistics set{.count = samples, .sum = total, .minimum = least, .maximum = most};
    if (least == most)
        set.values = {{least, samples}};
    else
        set.opaque = true;
    add(set);
}

void Statistics::add(const Statistics& other) {
    if (other.empty()) return;
    if (empty()) {
        *this = other;
        return;
    }
    minimum = std::min(minimum, other.minimum);
    maximum = std::max(maximum, other.maximum);
    count += other.count;
    sum += other.sum;
    opaque = opaque || other.opaque;
    if (opaque)
        values.clear();
    else
        merge_values(other.values, other.coarse);
}

std::optional<double> Statistic::of(const Statistics& samples) const {
    if (samples.empty()) return std::nullopt;
    switch (kind) {
        case Kind::count:
            return samples.count;
        case Kind::sum:
            return samples.sum;
        case Kind::average:
            return samples.sum / samples.count;
        case Kind::minimum:
            return samples.minimum;
        case Kind::maximum:
            return samples.maximum;
        default:
            break;
    }
    if (samples.opaque) return std::nullopt;
    return of_distribution(*this, samples);
}

std::optional<Statistic> parse_statistic(std::string_view text) {
    using Kind = Statistic::Kind;
    static constexpr std::pair<std::string_view, Kind> plain[] = {{"SampleCount", Kind::count},
                                                                  {"Average", Kind::average},
                                                                  {"Sum", Kind::sum},
                                                                  {"Minimum", Kind::minimum},
                                                                  {"Maximum", Kind::maximum}};
    for (const auto& [name, kind] : plain)
        if (text == name) return Statistic{.kind = kind};
    if (text == "IQM")
        return Statistic{.kind = Kind::trimmed_mean, .by_percent = true, .low = 25, .high = 75};
    if (text.starts_with('p')) return parse_share(text.substr(1), Kind::percentile);
    static constexpr std::pair<std::string_view, Kind> trimmed[] = {{"tm", Kind::trimmed_mean},
                                                                    {"tc", Kind::trimmed_count},
                                                                    {"ts", Kind::trimmed_sum},
                                                                    {"wm", Kind::winsorized_mean},
                                                                    {"pr", Kind::percentile_rank}};
    for (const auto& [name, kind] : trimmed) {
        if (text.starts_with(name) && kind != Kind::percentile_rank)
            return parse_share(text.substr(2), kind);
        if (text.starts_with(to_upper(name))) return parse_range(text.substr(2), kind);
    }
    return std::nullopt;
}

void encode_statistics(std::string& out, const Statistics& value) {
    const bool single = value.values.size() == 1 && !value.coarse && !value.opaque;
    out.push_back(
        static_cast<char>((value.coarse ? 1 : 0) | (value.opaque ? 2 : 0) | (single ? 4 : 0)));
    put_number(out, value.count);
    put_number(out, value.minimum);
    if (single) return;
    put_number(out, value.sum);
    put_number(out, value.maximum);
    put_values(out, value);
}

bool decode_statistics(std::string_view& in, Statistics& value) {
    if (in.empty()) return false;
    const auto flags = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    value.coarse = flags & 1;
    value.opaque = flags & 2;
    if (!take_number(in, value.count) || !take_number(in, value.minimum)) return false;
    if (flags & 4) {
        value.maximum = value.minimum;
        value.sum = value.minimum * value.count;
        value.values = {{value.minimum, value.count}};
        return true;
    }
    return take_number(in, value.sum) && take_number(in, value.maximum) && take_values(in, value);
}

}  // namespace unkai::services::cloudwatch
