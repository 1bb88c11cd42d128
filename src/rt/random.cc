#include "rt/random.h"

#include <sys/random.h>

#include <array>
#include <cstring>

#include "base/check.h"
#include "base/strings.h"

namespace unkai {

namespace {

class SystemRandom final : public Random {
public:
    void fill(void* bytes, size_t count) override {
        auto* out = static_cast<char*>(bytes);
        while (count > 0) {
            if (used_ == buffer_.size()) refill();
            const size_t take = std::min(count, buffer_.size() - used_);
            std::memcpy(out, buffer_.data() + used_, take);
            std::memset(buffer_.data() + used_, 0, take);
            used_ += take;
            out += take;
            count -= take;
        }
    }

private:
    void refill() {
        CHECK(
            ::getrandom(buffer_.data(), buffer_.size(), 0) == static_cast<ssize_t>(buffer_.size()),
            "the kernel gave no randomness");
        used_ = 0;
    }

    std::array<char, 256> buffer_{};
    size_t used_ = buffer_.size();
};

// SplitMix64.
class SeededRandom final : public Random {
public:
    explicit SeededRandom(uint64_t seed) : state_(seed) {}

    void fill(void* bytes, size_t count) override {
        auto* out = static_cast<char*>(bytes);
        while (count > 0) {
            state_ += 0x9E3779B97F4A7C15u;
            uint64_t value = state_;
            value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9u;
            value = (value ^ value >> 27) * 0x94D049BB133111EBu;
            value ^= value >> 31;
            const size_t take = std::min(count, sizeof value);
            std::memcpy(out, &value, take);
            out += take;
            count -= take;
        }
    }

private:
    uint64_t state_;
};

}  // namespace

uint64_t Random::u64() {
    uint64_t value;
    fill(&value, sizeof value);
    return value;
}

uint64_t Random::below(uint64_t limit) {
    CHECK(limit > 0);
    const uint64_t fair = UINT64_MAX - UINT64_MAX % limit;
    uint64_t value;
    do value = u64();
    while (value >= fair);
    return value % limit;
}

double Random::unit() { return static_cast<double>(u64() >> 11) * 0x1.0p-53; }

std::string Random::bytes(size_t count) {
    std::string out(count, '\0');
    fill(out.data(), count);
    return out;
}

std::string Random::hex(size_t digits) {
    std::string out = unkai::hex(bytes((digits + 1) / 2));
    out.resize(digits);
    return out;
}

std::string Random::from(std::string_view alphabet, size_t characters) {
    std::string out;
    for (size_t i = 0; i < characters; ++i) out += alphabet[below(alphabet.size())];
    return out;
}

std::string Random::alphanumeric(size_t characters) {
    return from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", characters);
}

std::string Random::uuid() {
    std::array<char, 16> raw{};
    fill(raw.data(), raw.size());
    raw[6] = static_cast<char>((raw[6] & 0x0F) | 0x40);
    raw[8] = static_cast<char>((raw[8] & 0x3F) | 0x80);
    std::string out(36, '-');
    std::string_view left(raw.data(), raw.size());
    char* at = out.data();
    for (const size_t bytes : {4, 2, 2, 2, 6}) {
        write_hex(left.substr(0, bytes), at);
        left.remove_prefix(bytes);
        at += 2 * bytes + 1;
    }
    return out;
}

std::unique_ptr<Random> system_random() { return std::make_unique<SystemRandom>(); }

std::unique_ptr<Random> seeded_random(uint64_t seed) {
    return std::make_unique<SeededRandom>(seed);
}

}  // namespace unkai
