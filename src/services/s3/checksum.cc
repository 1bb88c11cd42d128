#include "services/s3/checksum.h"

#include <openssl/evp.h>

#include <array>

#include "base/check.h"

namespace unkai::services::s3 {

namespace {

// Reflected CRCs of 32 and 64 bits share this code; the narrow ones leave the upper half zero.
struct Polynomial {
    uint64_t reflected;
    uint64_t all_ones;
    size_t bytes;
};

constexpr Polynomial crc32_polynomial = {0xEDB88320u, 0xFFFFFFFFu, 4};
constexpr Polynomial crc32c_polynomial = {0x82F63B78u, 0xFFFFFFFFu, 4};
constexpr Polynomial crc64_polynomial = {0x9A6C9329AC4BC9B5u, 0xFFFFFFFFFFFFFFFFu, 8};

using Table = std::array<std::array<uint64_t, 256>, 8>;

Table make_table(uint64_t reflected) {
    Table table{};
    for (uint64_t byte = 0; byte < 256; ++byte) {
        uint64_t value = byte;
        for (int bit = 0; bit < 8; ++bit) value = value & 1 ? value >> 1 ^ reflected : value >> 1;
        table[0][byte] = value;
    }
    for (size_t byte = 0; byte < 256; ++byte)
        for (size_t slice = 1; slice < 8; ++slice)
            table[slice][byte] =
                table[slice - 1][byte] >> 8 ^ table[0][table[slice - 1][byte] & 0xFF];
    return table;
}

class Crc final : public Digest {
public:
    Crc(const Polynomial& polynomial, const Table& table)
        : polynomial_(polynomial), table_(table), value_(polynomial.all_ones) {}

    void update(std::string_view bytes) override {
        const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
        size_t left = bytes.size();
        while (left >= 8) {
            uint64_t word = 0;
            for (size_t i = 0; i < 8; ++i) word |= static_cast<uint64_t>(at[i]) << 8 * i;
            word ^= value_;
            value_ = 0;
            for (size_t i = 0; i < 8; ++i) value_ ^= table_[7 - i][word >> 8 * i & 0xFF];
            at += 8;
            left -= 8;
        }
        for (; left > 0; --left, ++at) value_ = value_ >> 8 ^ table_[0][(value_ ^ *at) & 0xFF];
    }

    std::string finish() override {
        const uint64_t value = value_ ^ polynomial_.all_ones;
        std::string out;
        for (size_t i = polynomial_.bytes; i-- > 0;) out += static_cast<char>(value >> 8 * i);
        return out;
    }

private:
    const Polynomial& polynomial_;
    const Table& table_;
    uint64_t value_;
};

class Hash final : public Digest {
public:
    explicit Hash(const EVP_MD* kind) : context_(::EVP_MD_CTX_new()) {
        ::EVP_DigestInit_ex(context_, kind, nullptr);
    }
    ~Hash() override { ::EVP_MD_CTX_free(context_); }
    Hash(const Hash&) = delete;
    void update(std::string_view bytes) override {
        ::EVP_DigestUpdate(context_, bytes.data(), bytes.size());
    }
    std::string finish() override {
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned int size = 0;
        ::EVP_DigestFinal_ex(context_, digest, &size);
        return {reinterpret_cast<char*>(digest), size};
    }

private:
    EVP_MD_CTX* context_;
};

const Polynomial* polynomial_of(std::string_view algorithm) {
    if (algorithm == "CRC32") return &crc32_polynomial;
    if (algorithm == "CRC32C") return &crc32c_polynomial;
    if (algorithm == "CRC64NVME") return &crc64_polynomial;
    return nullptr;
}

const Table& table_of(const Polynomial* polynomial) {
    static const Table crc32 = make_table(crc32_polynomial.reflected);
    static const Table crc32c = make_table(crc32c_polynomial.reflected);
    static const Table crc64 = make_table(crc64_polynomial.reflected);
    return polynomial == &crc32_polynomial    ? crc32
           : polynomial == &crc32c_polynomial ? crc32c
                                              : crc64;
}

// a·b modulo the polynomial, in the reflected representation (bit 0 is the highest power).
uint64_t multiply(uint64_t a, uint64_t b, const Polynomial& polynomial) {
    const uint64_t top = uint64_t{1} << (polynomial.bytes * 8 - 1);
    uint64_t product = 0;
    for (uint64_t bit = top; bit != 0; bit >>= 1) {
        if (a & bit) product ^= b;
        b = b & 1 ? b >> 1 ^ polynomial.reflected : b >> 1;
    }
    return product;
}

uint64_t from_bytes(std::string_view bytes) {
    uint64_t value = 0;
    for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
    return value;
}

}  // namespace

std::unique_ptr<Digest> make_digest(std::string_view algorithm) {
    if (const Polynomial* polynomial = polynomial_of(algorithm))
        return std::make_unique<Crc>(*polynomial, table_of(polynomial));
    if (algorithm == "SHA1") return std::make_unique<Hash>(::EVP_sha1());
    if (algorithm == "SHA256") return std::make_unique<Hash>(::EVP_sha256());
    if (algorithm == "SHA512") return std::make_unique<Hash>(::EVP_sha512());
    if (algorithm == "MD5") return std::make_unique<Hash>(::EVP_md5());
    return nullptr;
}

bool is_crc(std::string_view algorithm) { return polynomial_of(algorithm) != nullptr; }

// crc(AB) = crc(A)·x^(8·|B|) + crc(B), the exponent taken by squaring.
std::string combine_crc(std::string_view algorithm, std::string_view first, std::string_view second,
                        uint64_t second_bytes) {
    const Polynomial* polynomial = polynomial_of(algorithm);
    CHECK(polynomial != nullptr);
    const uint64_t top = uint64_t{1} << (polynomial->bytes * 8 - 1);
    uint64_t power = top >> 8;  // x^8
    uint64_t shift = top;       // x^0
    for (uint64_t left = second_bytes; left > 0; left >>= 1) {
        if (left & 1) shift = multiply(shift, power, *polynomial);
        power = multiply(power, power, *polynomial);
    }
    const uint64_t value = multiply(shift, from_bytes(first), *polynomial) ^ from_bytes(second);
    std::string out;
    for (size_t i = polynomial->bytes; i-- > 0;) out += static_cast<char>(value >> 8 * i);
    return out;
}

}  // namespace unkai::services::s3
