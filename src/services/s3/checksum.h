// S3's checksums: computed piece by piece, compared in base64.
//
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
// CRC32, CRC32C, CRC64NVME, SHA1, SHA256, SHA512, MD5. The XXHASH family is not had here.
// Multipart: FULL_OBJECT (CRCs, combined from the parts') or COMPOSITE (hash of the parts' hashes,
// "-N").
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace unkai::services::s3 {

class Digest {
public:
    virtual ~Digest() = default;
    virtual void update(std::string_view bytes) = 0;
    virtual std::string finish() = 0;  // Raw bytes, big endian for CRCs. Once.
};

// `algorithm`: CRC32, CRC32C, CRC64NVME, SHA1, SHA256, SHA512, MD5; nullptr for others.
std::unique_ptr<Digest> make_digest(std::string_view algorithm);
bool is_crc(std::string_view algorithm);

// The CRC of two byte sequences one after the other, from their CRCs and the second's length.
std::string combine_crc(std::string_view algorithm, std::string_view first, std::string_view second,
                        uint64_t second_bytes);

// Algorithm and base64 value, as in x-amz-checksum-<algorithm>.
struct Checksum {
    std::string algorithm;
    std::string value;
    bool operator==(const Checksum&) const = default;
    void fields(auto& field) {
        field(1, algorithm);
        field(2, value);
    }
};

// Any generated struct with checksum members: what the client gave; and writing one into an output.
template <class Input>
std::optional<Checksum> given_checksum(const Input& in) {
    if (in.checksum_crc32) return Checksum{"CRC32", *in.checksum_crc32};
    if (in.checksum_crc32_c) return Checksum{"CRC32C", *in.checksum_crc32_c};
    if (in.checksum_crc64_nvme) return Checksum{"CRC64NVME", *in.checksum_crc64_nvme};
    if (in.checksum_sha1) return Checksum{"SHA1", *in.checksum_sha1};
    if (in.checksum_sha256) return Checksum{"SHA256", *in.checksum_sha256};
    if (in.checksum_sha512) return Checksum{"SHA512", *in.checksum_sha512};
    if (in.checksum_md5) return Checksum{"MD5", *in.checksum_md5};
    return std::nullopt;
}

template <class Output>
void show_checksum(Output& out, const Checksum& checksum) {
    if (checksum.algorithm == "CRC32") out.checksum_crc32 = checksum.value;
    if (checksum.algorithm == "CRC32C") out.checksum_crc32_c = checksum.value;
    if (checksum.algorithm == "CRC64NVME") out.checksum_crc64_nvme = checksum.value;
    if (checksum.algorithm == "SHA1") out.checksum_sha1 = checksum.value;
    if (checksum.algorithm == "SHA256") out.checksum_sha256 = checksum.value;
    if (checksum.algorithm == "SHA512") out.checksum_sha512 = checksum.value;
    if (checksum.algorithm == "MD5") out.checksum_md5 = checksum.value;
}

}  // namespace unkai::services::s3
