// Server-side encryption: what a bucket's configuration and an upload's headers make of an object.
//
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/serv-side-encryption.html
// AES256 is every bucket's default. aws:kms is had with the account's AWS managed key aws/s3 alone;
// other keys do not exist here. Settings and headers are AWS's; bodies are not encrypted on disk.
#pragma once

#include <optional>

#include "base/result.h"
#include "services/s3/schema.h"

namespace unkai::services::s3 {

struct EncryptionRequest {
    std::optional<std::string> algorithm, key;  // x-amz-server-side-encryption(-aws-kms-key-id)
    std::optional<bool> bucket_key;
    std::optional<std::string> customer_algorithm;
};

// The ARN of the key aws/s3 of that account and region: always the same.
std::string managed_key_arn(std::string_view account, std::string_view region);
// The ARN of the key that `key` (id, ARN, alias) names. Error: KMS.NotFoundException 400.
Result<std::string> find_key(const Bucket& bucket, std::string_view key);
// Sets the encryption of `headers`. Errors: InvalidArgument, InvalidEncryptionAlgorithmError,
// KMS.NotFoundException, NotImplemented (aws:kms:dsse, customer keys).
Status encrypt(const Bucket& bucket, const EncryptionRequest& request, s3::Headers& headers);

template <class Input>
Status encrypt(const Bucket& bucket, const Input& in, s3::Headers& headers) {
    return encrypt(bucket,
                   EncryptionRequest{in.server_side_encryption, in.ssekms_key_id,
                                     in.bucket_key_enabled, in.sse_customer_algorithm},
                   headers);
}

template <class Output>
void show_encryption(Output& out, const s3::Headers& headers) {
    out.server_side_encryption = headers.encryption;
    if (headers.kms_key.empty()) return;
    out.ssekms_key_id = headers.kms_key;
    if (headers.bucket_key) out.bucket_key_enabled = true;
}

}  // namespace unkai::services::s3
