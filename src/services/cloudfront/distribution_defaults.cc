#include "base/strings.h"
#include "services/cloudfront/distribution_rules.h"
#include "services/cloudfront/limits.h"

namespace unkai::services::cloudfront {

using namespace api::cloudfront;

namespace {

template <class T>
void give(std::optional<T>& member, T value) {
    if (!member) member = std::move(value);
}

template <class Listed>
Listed listed(std::vector<std::string> items) {
    Listed out;
    out.quantity = static_cast<int32_t>(items.size());
    out.items = List<std::string>(std::move(items));
    return out;
}

// CacheBehavior and DefaultCacheBehavior have these members alike.
template <class Behavior>
void fill(Behavior& behavior) {
    give(behavior.trusted_signers, TrustedSigners{});
    give(behavior.trusted_key_groups, TrustedKeyGroups{});
    if (!behavior.allowed_methods)
        behavior.allowed_methods = listed<AllowedMethods>({"HEAD", "GET"});
    give(behavior.allowed_methods->cached_methods, listed<CachedMethods>({"HEAD", "GET"}));
    give(behavior.smooth_streaming, false);
    give(behavior.compress, false);
    give(behavior.lambda_function_associations, LambdaFunctionAssociations{});
    give(behavior.function_associations, FunctionAssociations{});
    give(behavior.field_level_encryption_id, std::string());
    give(behavior.grpc_config, GrpcConfig{});
    if (!behavior.forwarded_values) return;
    ForwardedValues& values = *behavior.forwarded_values;
    give(values.headers, Headers{});
    give(values.query_string_cache_keys, QueryStringCacheKeys{});
    const int64_t least = behavior.min_ttl.value_or(0);
    behavior.min_ttl = least;
    give(behavior.default_ttl, std::max<int64_t>(86400, least));
    give(behavior.max_ttl, std::max<int64_t>(31536000, *behavior.default_ttl));
}

void fill(Origin& origin) {
    give(origin.origin_path, std::string());
    give(origin.custom_headers, CustomHeaders{});
    give(origin.connection_attempts, limits::connect_attempts);
    give(origin.connection_timeout, limits::connect_timeout);
    give(origin.origin_shield, OriginShield{});
    give(origin.origin_access_control_id, std::string());
    if (origin.s3_origin_config) give(origin.s3_origin_config->origin_read_timeout, 30);
    if (!origin.custom_origin_config) return;
    CustomOriginConfig& custom = *origin.custom_origin_config;
    if (!custom.origin_ssl_protocols)
        custom.origin_ssl_protocols = listed<OriginSslProtocols>({"TLSv1.2"});
    give(custom.origin_read_timeout, 30);
    give(custom.origin_keepalive_timeout, 5);
}

void fill(ViewerCertificate& certificate) {
    if (certificate.acm_certificate_arn && !certificate.acm_certificate_arn->empty()) {
        certificate.cloud_front_default_certificate = false;
        give(certificate.minimum_protocol_version, std::string("TLSv1"));
        certificate.certificate = certificate.acm_certificate_arn;
        certificate.certificate_source = std::string(certificate_source::acm);
        return;
    }
    certificate.cloud_front_default_certificate = true;
    certificate.ssl_support_method = std::string(ssl_support_method::vip);
    certificate.minimum_protocol_version = std::string("TLSv1");
    certificate.certificate_source = std::string(certificate_source::cloudfront);
}

}  // namespace

void fill_defaults(DistributionConfig& config) {
    give(config.aliases, Aliases{});
    for (std::string& alias : config.aliases->items) alias = to_lower(alias);
    give(config.default_root_object, std::string());
    for (Origin& origin : config.origins.items) fill(origin);
    give(config.origin_groups, OriginGroups{});
    fill(config.default_cache_behavior);
    give(config.cache_behaviors, CacheBehaviors{});
    for (CacheBehavior& behavior : config.cache_behaviors->items) fill(behavior);
    give(config.custom_error_responses, CustomErrorResponses{});
    for (CustomErrorResponse& response : config.custom_error_responses->items) {
        give(response.response_page_path, std::string());
        give(response.response_code, std::string());
        give(response.error_caching_min_ttl, int64_t{10});
    }
    if (!config.logging)
        config.logging =
            LoggingConfig{.enabled = false, .include_cookies = false, .bucket = "", .prefix = ""};
    give(config.price_class, std::string(price_class::price_class_all));
    give(config.viewer_certificate, ViewerCertificate{});
    fill(*config.viewer_certificate);
    if (!config.restrictions) {
        config.restrictions.emplace();
        config.restrictions->geo_restriction.restriction_type = geo_restriction_type::none;
    }
    give(config.web_acl_id, std::string());
    give(config.http_version, std::string(http_version::http2));
    give(config.is_ipv6_enabled, false);
    give(config.continuous_deployment_policy_id, std::string());
    give(config.staging, false);
}

CacheBehavior as_behavior(const DefaultCacheBehavior& behavior) {
    CacheBehavior out;
    out.target_origin_id = behavior.target_origin_id;
    out.trusted_signers = behavior.trusted_signers;
    out.trusted_key_groups = behavior.trusted_key_groups;
    out.viewer_protocol_policy = behavior.viewer_protocol_policy;
    out.allowed_methods = behavior.allowed_methods;
    out.smooth_streaming = behavior.smooth_streaming;
    out.compress = behavior.compress;
    out.lambda_function_associations = behavior.lambda_function_associations;
    out.function_associations = behavior.function_associations;
    out.field_level_encryption_id = behavior.field_level_encryption_id;
    out.realtime_log_config_arn = behavior.realtime_log_config_arn;
    out.cache_policy_id = behavior.cache_policy_id;
    out.origin_request_policy_id = behavior.origin_request_policy_id;
    out.response_headers_policy_id = behavior.response_headers_policy_id;
    out.grpc_config = behavior.grpc_config;
    out.forwarded_values = behavior.forwarded_values;
    out.min_ttl = behavior.min_ttl;
    out.default_ttl = behavior.default_ttl;
    out.max_ttl = behavior.max_ttl;
    return out;
}

std::vector<CacheBehavior> behaviors_of(const DistributionConfig& config) {
    std::vector<CacheBehavior> out;
    if (config.cache_behaviors)
        out.assign(config.cache_behaviors->items.begin(), config.cache_behaviors->items.end());
    out.push_back(as_behavior(config.default_cache_behavior));
    return out;
}

}  // namespace unkai::services::cloudfront
