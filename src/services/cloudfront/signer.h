// Signs requests to S3 origins with origin access control, on the data loops.
//
//     Signer signer;
//     CdnOptions{.sign = [&signer](const auto& request, auto& headers) { signer.sign(request,
//     headers); }} signer.set({{"123456789012/E1ABC", session}});       // by the publisher
//
// CloudFront guide, private-content-restricting-access-to-s3.
// Signature version 4 for S3, with UNSIGNED-PAYLOAD. The region is the one in the origin's host
// name. A request whose signer has no session goes unsigned, and S3 refuses it. Thread safe.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "aws/credentials.h"
#include "planes/cdn/cdn.h"

namespace unkai::services::cloudfront {

// The bucket's region: "eu-west-1" of photos.s3.eu-west-1.amazonaws.com; us-east-1 of global names.
// nullopt: not the name of a bucket (website endpoints are not).
std::optional<std::string> s3_region(std::string_view host);

class Signer {
public:
    void set(std::map<std::string, aws::Session> sessions);
    // Replaces what the viewer sent of x-amz-date, x-amz-security-token and x-amz-content-sha256.
    void sign(const planes::cdn::SigningRequest& request, net::Headers& headers) const;
    void sign_at(const planes::cdn::SigningRequest& request, Time now, net::Headers& headers) const;

private:
    mutable std::mutex mutex_;
    std::map<std::string, aws::Session> sessions_;
};

}  // namespace unkai::services::cloudfront
