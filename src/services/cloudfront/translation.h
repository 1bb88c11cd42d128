// AWS's shapes → what the edges serve. Pure.
//
// CloudFront guide, controlling-the-cache-key.
// CloudFront guide, controlling-origin-requests.
// CloudFront guide, Expiration.
#pragma once

#include <functional>

#include "api/cloudfront.h"
#include "planes/cdn/snapshot.h"
#include "services/cloudfront/schema.h"

namespace unkai::services::cloudfront {

// Records that a config names by id; nullopt: there is none.
struct References {
    std::function<std::optional<api::cloudfront::CachePolicyConfig>(const std::string&)>
        cache_policy;
    std::function<std::optional<api::cloudfront::OriginRequestPolicyConfig>(const std::string&)>
        request_policy;
    std::function<std::optional<api::cloudfront::OriginAccessControlConfig>(const std::string&)>
        access_control;
};

planes::cdn::CachePolicy translate(const api::cloudfront::CachePolicyConfig& policy);
planes::cdn::RequestPolicy translate(const api::cloudfront::OriginRequestPolicyConfig& policy);
// What both take: an origin sees the values of the cache key, too.
planes::cdn::Choice both(const planes::cdn::Choice& a, const planes::cdn::Choice& b);

// A behaviour with all defaults filled in. Error: a policy that does not exist.
Result<planes::cdn::Behavior> translate(const api::cloudfront::CacheBehavior& behavior,
                                        const References& references);
Result<planes::cdn::Origin> translate(const api::cloudfront::Origin& origin,
                                      const DistributionRecord& record,
                                      const References& references);
Result<planes::cdn::Distribution> translate(const DistributionRecord& record,
                                            const api::cloudfront::DistributionConfig& config,
                                            const References& references);

// The name under which a distribution's requests are signed.
std::string signer_of(const DistributionRecord& record);

}  // namespace unkai::services::cloudfront
