// What a DistributionConfig may say. Pure: no store, no clock.
//
// https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_DistributionConfig.html
// CloudFront guide, DownloadDistValuesCacheBehavior.
#pragma once

#include "api/cloudfront.h"

namespace unkai::services::cloudfront {

inline bool given(const std::optional<std::string>& text) { return text && !text->empty(); }

// What AWS does and the edges here do not: NotImplemented (501) with a sentence that names it.
Status check_supported(const api::cloudfront::DistributionConfig& config);

// AWS's errors: InconsistentQuantities, InvalidArgument, NoSuchOrigin, TooManyOrigins,
// InvalidOrigin, InvalidTTLOrder, InvalidErrorCode, InvalidDefaultRootObject,
// InvalidViewerCertificate, …
Status check_config(const api::cloudfront::DistributionConfig& config);

// What AWS's answers show of members that were not given.
void fill_defaults(api::cloudfront::DistributionConfig& config);

// The default behaviour with its fields as an ordinary one, with an empty pattern.
api::cloudfront::CacheBehavior as_behavior(const api::cloudfront::DefaultCacheBehavior& behavior);
// All of them, the default one last.
std::vector<api::cloudfront::CacheBehavior> behaviors_of(
    const api::cloudfront::DistributionConfig& config);

// A host name, in lower case; `wildcard`: may begin with "*.".
bool is_host_name(std::string_view text, bool wildcard);

}  // namespace unkai::services::cloudfront
