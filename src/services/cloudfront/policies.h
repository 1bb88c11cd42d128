// Cache policies and origin request policies: AWS's managed ones, and the rules of custom ones.
//
// CloudFront guide, using-managed-cache-policies and using-managed-origin-request-policies.
#pragma once

#include "api/cloudfront.h"
#include "services/cloudfront/schema.h"

namespace unkai::services::cloudfront {

// By id, with AWS's ids and settings. They cannot be changed or deleted.
const std::map<std::string, api::cloudfront::CachePolicyConfig>& managed_cache_policies();
const std::map<std::string, api::cloudfront::OriginRequestPolicyConfig>& managed_request_policies();
inline constexpr std::string_view managed_version = "E23ZP02F085DFQ";          // Their ETag.
inline constexpr Time managed_since = Time{std::chrono::seconds{1595376000}};  // 2020-07-22

// Defaults filled in. Errors: InvalidArgument, InconsistentQuantities, TooManyHeadersInCachePolicy,
// TooManyCookiesInCachePolicy, TooManyQueryStringsInCachePolicy.
Result<api::cloudfront::CachePolicyConfig> check_policy(api::cloudfront::CachePolicyConfig policy);
// InvalidArgument, InconsistentQuantities, TooManyHeadersInOriginRequestPolicy, …
Result<api::cloudfront::OriginRequestPolicyConfig> check_policy(
    api::cloudfront::OriginRequestPolicyConfig policy);

// Managed or the account's own.
std::optional<api::cloudfront::CachePolicyConfig> cache_policy(store::Txn& txn,
                                                               const std::string& account,
                                                               const std::string& id);
std::optional<api::cloudfront::OriginRequestPolicyConfig> request_policy(store::Txn& txn,
                                                                         const std::string& account,
                                                                         const std::string& id);
std::optional<api::cloudfront::OriginAccessControlConfig> access_control(store::Txn& txn,
                                                                         const std::string& account,
                                                                         const std::string& id);

}  // namespace unkai::services::cloudfront
