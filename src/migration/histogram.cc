#include "migration/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace unkai::migration {

namespace {
constexpr int precision_bits = 7;
constexpr uint64_t longest_us = 24ull * 3600 * 1000 * 1000;
}  // namespace

// Values below 2^7 have a bucket each; above, each doubling has 2^7 buckets.
size_t Histogram::index_of(uint64_t value) {
    if (value < (1u << precision_bits)) return value;
    const int shift = std::bit_width(value) - 1 - precision_bits;
    return (static_cast<size_t>(shift) << precision_bits) + (value >> shift);
}

uint64_t Histogram::end_of(size_t index) {
    if (index < (2u << precision_bits)) return index;
    const size_t shift = (index >> precision_bits) - 1;
    const uint64_t digits = (index & ((1u << precision_bits) - 1)) + (1u << precision_bits);
    return ((digits + 1) << shift) - 1;
}

void Histogram::add(Duration length) {
    const int64_t us = std::clamp<int64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(length).count(), 0, longest_us);
    const size_t index = index_of(static_cast<uint64_t>(us));
    if (index >= buckets_.size()) buckets_.resize(index + 1);
    ++buckets_[index];
    least_ = count_ == 0 ? us : std::min(least_, us);
    most_ = std::max(most_, us);
    sum_ += static_cast<double>(us);
    ++count_;
}

void Histogram::add(const Histogram& other) {
    if (other.count_ == 0) return;
    if (other.buckets_.size() > buckets_.size()) buckets_.resize(other.buckets_.size());
    for (size_t i = 0; i < other.buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
    least_ = count_ == 0 ? other.least_ : std::min(least_, other.least_);
    most_ = std::max(most_, other.most_);
    sum_ += other.sum_;
    count_ += other.count_;
}

Duration Histogram::percentile(double percent) const {
    if (count_ == 0) return Duration(0);
    const auto wanted = std::max<uint64_t>(
        1, static_cast<uint64_t>(std::ceil(percent / 100 * static_cast<double>(count_))));
    uint64_t seen = 0;
    for (size_t i = 0; i < buckets_.size(); ++i) {
        seen += buckets_[i];
        if (seen >= wanted)
            return std::chrono::microseconds(
                std::min<int64_t>(static_cast<int64_t>(end_of(i)), most_));
    }
    return std::chrono::microseconds(most_);
}

Duration Histogram::mean() const {
    if (count_ == 0) return Duration(0);
    return std::chrono::microseconds(static_cast<int64_t>(sum_ / static_cast<double>(count_)));
}

}  // namespace unkai::migration
