// AWS Signature Version 2 of S3's presigned URLs: what current SDKs still make by default for
// us-east-1.
//
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/RESTAuthentication.html
// Query form only (AWSAccessKeyId, Expires, Signature); headers signed with version 2 are not
// taken.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aws/sigv4.h"

namespace unkai::aws::sigv2 {

struct Claim {
    std::string access_key_id;
    std::string signature;
    int64_t expires;  // Seconds since the epoch.
    std::string session_token;
};

// nullopt: the request carries no such signature.
std::optional<Claim> parse(const sigv4::Request& request);
// `path` is in path style (/bucket/key), still encoded. Errors: AccessDenied (expired),
// SignatureDoesNotMatch.
Status verify(const sigv4::Request& request, std::string_view path, const Claim& claim,
              std::string_view secret, Time now);

}  // namespace unkai::aws::sigv2
