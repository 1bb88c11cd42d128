// What AWS's edges do and ours do not. Nothing of this is stored and then ignored.
#include "services/cloudfront/distribution_rules.h"

namespace unkai::services::cloudfront {

using namespace api::cloudfront;

namespace {

Unexpected missing(std::string sentence) {
    return fail("NotImplemented", std::move(sentence), 501);
}

template <class Listed>
bool has_items(const std::optional<Listed>& list) {
    return list && (list->quantity > 0 || !list->items.empty());
}

Status check_behavior_distribution_support(const CacheBehavior& behavior) {
    if ((behavior.trusted_signers && behavior.trusted_signers->enabled) ||
        (behavior.trusted_key_groups && behavior.trusted_key_groups->enabled))
        return missing(
            "Unkai's CloudFront has no signed URLs and cookies; leave out "
            "TrustedSigners and TrustedKeyGroups.");
    if (has_items(behavior.lambda_function_associations))
        return missing(
            "Unkai's CloudFront has no Lambda@Edge; leave out "
            "LambdaFunctionAssociations.");
    if (has_items(behavior.function_associations))
        return missing(
            "Unkai's CloudFront has no CloudFront Functions; leave out "
            "FunctionAssociations.");
    if (given(behavior.field_level_encryption_id))
        return missing(
            "Unkai's CloudFront has no field-level encryption; leave out "
            "FieldLevelEncryptionId.");
    if (given(behavior.realtime_log_config_arn))
        return missing(
            "Unkai's CloudFront has no real-time logs; leave out "
            "RealtimeLogConfigArn.");
    if (given(behavior.response_headers_policy_id))
        return missing(
            "Unkai's CloudFront has no response headers policies; leave out "
            "ResponseHeadersPolicyId and let the origin send the headers.");
    if (behavior.smooth_streaming.value_or(false))
        return missing(
            "Unkai's CloudFront has no Microsoft Smooth Streaming; leave out "
            "SmoothStreaming.");
    if (behavior.grpc_config && behavior.grpc_config->enabled)
        return missing("Unkai's CloudFront does not pass gRPC on; leave out GrpcConfig.");
    return ok();
}

Status check_origin_distribution_support(const Origin& origin) {
    if (origin.vpc_origin_config)
        return missing(
            "Unkai's CloudFront has no VPC origins; use an internet-facing load "
            "balancer as a custom origin.");
    if (origin.s3_origin_config && !origin.s3_origin_config->origin_access_identity.empty())
        return missing(
            "Unkai's CloudFront has no origin access identities; use an origin access "
            "control (OriginAccessControlId) and leave OriginAccessIdentity empty.");
    if (origin.response_completion_timeout.value_or(0) > 0)
        return missing("Unkai's CloudFront has no ResponseCompletionTimeout; leave it out.");
    if (!origin.custom_origin_config) return ok();
    const CustomOriginConfig& custom = *origin.custom_origin_config;
    if (custom.origin_mtls_config)
        return missing(
            "Unkai's CloudFront has no client certificates towards origins; leave out "
            "OriginMtlsConfig.");
    if (custom.ip_address_type.value_or("ipv4") != "ipv4")
        return missing(
            "Unkai's CloudFront reaches origins by IPv4; the only IpAddressType is "
            "ipv4.");
    if (!has_items(custom.origin_ssl_protocols)) return ok();
    for (const std::string& protocol : custom.origin_ssl_protocols->items)
        if (protocol == ssl_protocol::tl_sv1_2) return ok();
    return missing(
        "Unkai's CloudFront talks TLS 1.2 and 1.3 to origins; put TLSv1.2 into "
        "OriginSslProtocols.");
}

Status check_viewer(const DistributionConfig& config) {
    if (config.viewer_mtls_config && config.viewer_mtls_config->mode)
        return missing(
            "Unkai's CloudFront has no mutual TLS with viewers; leave out "
            "ViewerMtlsConfig.");
    if (!config.viewer_certificate) return ok();
    const ViewerCertificate& certificate = *config.viewer_certificate;
    if (given(certificate.iam_certificate_id))
        return missing(
            "Unkai's IAM keeps no server certificates; import the certificate into ACM "
            "and give ACMCertificateArn.");
    const bool own = !given(certificate.acm_certificate_arn);
    if (!own && certificate.ssl_support_method.value_or("sni-only") != ssl_support_method::sni_only)
        return missing(
            "Unkai's CloudFront serves certificates by SNI; the only SSLSupportMethod "
            "is sni-only.");
    if (certificate.minimum_protocol_version.value_or("") ==
        minimum_protocol_version::tl_sv1_3_2025)
        return missing(
            "Unkai's CloudFront takes TLS 1.2 and 1.3 and cannot refuse 1.2; choose "
            "TLSv1.2_2021 as MinimumProtocolVersion.");
    return ok();
}

Status check_whole(const DistributionConfig& config) {
    if (has_items(config.origin_groups))
        return missing("Unkai's CloudFront has no origin groups; leave out OriginGroups.");
    if (config.logging && config.logging->enabled.value_or(false))
        return missing("Unkai's CloudFront writes no access logs; leave out Logging.");
    if (given(config.web_acl_id)) return missing("Unkai has no WAF; leave out WebACLId.");
    if (config.restrictions &&
        config.restrictions->geo_restriction.restriction_type != geo_restriction_type::none)
        return missing(
            "Unkai's CloudFront does not know countries; the only RestrictionType is "
            "none.");
    if (config.staging.value_or(false) || given(config.continuous_deployment_policy_id))
        return missing(
            "Unkai's CloudFront has no staging distributions; leave out Staging and "
            "ContinuousDeploymentPolicyId.");
    if (given(config.anycast_ip_list_id))
        return missing(
            "Unkai's CloudFront has no anycast address lists; leave out "
            "AnycastIpListId.");
    if (config.tenant_config ||
        config.connection_mode.value_or("direct") != connection_mode::direct)
        return missing(
            "Unkai's CloudFront has no multi-tenant distributions; the only "
            "ConnectionMode is direct.");
    if (config.connection_function_association)
        return missing(
            "Unkai's CloudFront has no connection functions; leave out "
            "ConnectionFunctionAssociation.");
    if (config.cache_tag_config)
        return missing("Unkai's CloudFront invalidates by path only; leave out CacheTagConfig.");
    return ok();
}

}  // namespace

Status check_supported(const DistributionConfig& config) {
    REQUIRE(check_whole(config));
    REQUIRE(check_viewer(config));
    for (const Origin& origin : config.origins.items)
        REQUIRE(check_origin_distribution_support(origin));
    for (const CacheBehavior& behavior : behaviors_of(config))
        REQUIRE(check_behavior_distribution_support(behavior));
    return ok();
}

}  // namespace unkai::services::cloudfront
