#include "services/cloudfront/distribution_rules.h"

#include <algorithm>

#include "base/strings.h"
#include "services/cloudfront/limits.h"
#include "services/cloudfront/quantities.h"
#include "services/cloudfront/signer.h"

namespace unkai::services::cloudfront {

using namespace api::cloudfront;

namespace {

Error invalid(std::string message) { return errors::InvalidArgument(std::move(message)); }

using Methods = std::set<std::string>;

Status check_methods(const AllowedMethods& methods) {
    static const Methods reading = {"GET", "HEAD"};
    static const Methods asking = {"GET", "HEAD", "OPTIONS"};
    static const Methods all = {"GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"};
    REQUIRE(check_quantity(methods));
    REQUIRE(check_quantity(methods.cached_methods));
    const Methods allowed(methods.items.begin(), methods.items.end());
    if (allowed != reading && allowed != asking && allowed != all)
        return invalid(
            "The parameter Allowed Methods must be GET and HEAD, those and OPTIONS, or "
            "all seven methods.");
    if (!methods.cached_methods) return ok();
    const auto& items = methods.cached_methods->items;
    const Methods cached(items.begin(), items.end());
    if (cached != reading && cached != asking)
        return invalid("The parameter Cached Methods must be GET and HEAD, or those and OPTIONS.");
    if (!std::includes(allowed.begin(), allowed.end(), cached.begin(), cached.end()))
        return invalid("The parameter Cached Methods must be among the Allowed Methods.");
    return ok();
}

Status check_forwarded(const CacheBehavior& behavior) {
    const ForwardedValues& values = *behavior.forwarded_values;
    REQUIRE(check_quantity(values.headers));
    REQUIRE(check_quantity(values.query_string_cache_keys));
    REQUIRE(check_quantity(values.cookies.whitelisted_names));
    const size_t cookies =
        values.cookies.whitelisted_names ? values.cookies.whitelisted_names->items.size() : 0;
    if ((values.cookies.forward == item_selection::whitelist) != (cookies > 0))
        return errors::InvalidForwardCookies(
            "WhitelistedNames must be given when Forward is whitelist, and only then.");
    if (cookies > limits::forwarded_cookies)
        return errors::TooManyCookieNamesInWhiteList(
            "Your request contains more cookie names in the whitelist than are allowed.");
    const size_t headers = values.headers ? values.headers->items.size() : 0;
    if (headers > limits::forwarded_headers)
        return errors::TooManyHeadersInForwardedValues(
            "Your request contains too many headers in forwarded values.");
    const size_t keys =
        values.query_string_cache_keys ? values.query_string_cache_keys->items.size() : 0;
    if (keys > limits::forwarded_queries)
        return errors::TooManyQueryStringParameters(
            "Your request contains too many query string parameters.");
    if (keys > 0 && !values.query_string)
        return errors::InvalidQueryStringParameters(
            "QueryStringCacheKeys need QueryString to be true.");
    const int64_t least = behavior.min_ttl.value_or(0);
    const int64_t usual = behavior.default_ttl.value_or(std::max<int64_t>(86400, least));
    const int64_t most = behavior.max_ttl.value_or(std::max<int64_t>(31536000, usual));
    if (least < 0 || usual < least || most < usual)
        return errors::InvalidTTLOrder(
            "The TTL order specified in the request is not valid: MinTTL, DefaultTTL and MaxTTL "
            "must not be negative, and in this order.");
    return ok();
}

Status check_behavior(const CacheBehavior& behavior, const std::set<std::string>& origins) {
    if (!origins.contains(behavior.target_origin_id))
        return errors::NoSuchOrigin("One or more of your origins or origin groups do not exist.");
    if (behavior.allowed_methods) REQUIRE(check_methods(*behavior.allowed_methods));
    REQUIRE(check_quantity(behavior.trusted_signers));
    REQUIRE(check_quantity(behavior.trusted_key_groups));
    const bool by_policy = given(behavior.cache_policy_id);
    if (!by_policy && behavior.forwarded_values) {
        if (given(behavior.origin_request_policy_id))
            return invalid("The parameter OriginRequestPolicyId needs a CachePolicyId.");
        return check_forwarded(behavior);
    }
    if (!by_policy)
        return invalid("The parameter ForwardedValues is required when there is no CachePolicyId.");
    if (behavior.forwarded_values)
        return invalid(
            "The parameter ForwardedValues cannot be used when a cache policy is "
            "associated to the cache behavior.");
    if (behavior.min_ttl.value_or(0) != 0 || behavior.default_ttl.value_or(0) != 0 ||
        behavior.max_ttl.value_or(0) != 0)
        return invalid(
            "The parameters MinTTL, DefaultTTL and MaxTTL cannot be used when a cache "
            "policy is associated to the cache behavior.");
    return ok();
}

Status check_behaviors(const DistributionConfig& config, const std::set<std::string>& origins) {
    REQUIRE(check_behavior(as_behavior(config.default_cache_behavior), origins));
    if (!config.cache_behaviors) return ok();
    REQUIRE(check_quantity(config.cache_behaviors));
    if (config.cache_behaviors->items.size() > limits::behaviors)
        return errors::TooManyCacheBehaviors(
            "You cannot create more cache behaviors for the distribution.");
    std::set<std::string> patterns;
    for (const CacheBehavior& behavior : config.cache_behaviors->items) {
        const std::string& pattern = behavior.path_pattern;
        static constexpr std::string_view punctuation = "_-.*$/~\"'@:+&?";
        const bool good = std::all_of(pattern.begin(), pattern.end(), [](char c) {
            return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                   punctuation.find(c) != std::string_view::npos;
        });
        if (!good || pattern.empty() || pattern.size() > limits::pattern)
            return invalid(
                "The parameter PathPattern contains invalid characters, or has not 1 to "
                "255 of them.");
        if (!patterns.insert(pattern).second)
            return invalid("The parameter PathPattern contains a duplicate: " + pattern);
        REQUIRE(check_behavior(behavior, origins));
    }
    return ok();
}

Status check_custom_origin(const CustomOriginConfig& custom) {
    const auto is_port = [](int32_t port) {
        return port == 80 || port == 443 || (port >= 1024 && port <= 65535);
    };
    if (!is_port(custom.http_port) || !is_port(custom.https_port))
        return invalid("The parameters HTTPPort and HTTPSPort must be 80, 443, or 1024 to 65535.");
    REQUIRE(check_quantity(custom.origin_ssl_protocols));
    const int32_t read = custom.origin_read_timeout.value_or(30);
    if (read < 1 || read > limits::read_timeout)
        return errors::InvalidOriginReadTimeout("The read timeout is 1 to 120 seconds.");
    const int32_t keep = custom.origin_keepalive_timeout.value_or(5);
    if (keep < 1 || keep > limits::keepalive_timeout)
        return errors::InvalidOriginKeepaliveTimeout("The keep-alive timeout is 1 to 120 seconds.");
    return ok();
}

Status check_s3_origin(const Origin& origin) {
    if (!s3_region(origin.domain_name))
        return errors::InvalidOrigin(
            "The specified origin server does not exist or is not valid: S3OriginConfig needs the "
            "name of a bucket, such as photos.s3.us-east-1.amazonaws.com.");
    const int32_t read = origin.s3_origin_config->origin_read_timeout.value_or(30);
    if (read < 1 || read > limits::read_timeout)
        return errors::InvalidOriginReadTimeout("The read timeout is 1 to 120 seconds.");
    return ok();
}

Status check_custom_headers(const CustomHeaders& headers) {
    REQUIRE(check_quantity(headers));
    if (headers.items.size() > limits::custom_headers)
        return errors::TooManyOriginCustomHeaders(
            "Your request contains too many origin custom headers.");
    static const std::set<std::string> forbidden = {"cache-control",
                                                    "connection",
                                                    "content-length",
                                                    "cookie",
                                                    "host",
                                                    "if-match",
                                                    "if-modified-since",
                                                    "if-none-match",
                                                    "if-range",
                                                    "if-unmodified-since",
                                                    "max-forwards",
                                                    "pragma",
                                                    "proxy-authenticate",
                                                    "proxy-authorization",
                                                    "proxy-connection",
                                                    "range",
                                                    "request-range",
                                                    "te",
                                                    "trailer",
                                                    "transfer-encoding",
                                                    "upgrade",
                                                    "via",
                                                    "x-real-ip"};
    for (const OriginCustomHeader& header : headers.items) {
        const std::string name = to_lower(header.header_name);
        if (forbidden.contains(name) || name.starts_with("x-amz-") || name.starts_with("x-edge-") ||
            !wire::is_token(name) || !wire::is_field_value(header.header_value))
            return invalid("The parameter HeaderName " + header.header_name +
                           " is not allowed for an origin's custom headers.");
    }
    return ok();
}

Status check_origin(const Origin& origin) {
    if (origin.id.empty()) return invalid("The parameter Origin Id must not be empty.");
    if (!is_host_name(to_lower(origin.domain_name), false))
        return invalid("The parameter Origin DomainName " + origin.domain_name +
                       " is no domain name.");
    if (origin.s3_origin_config.has_value() == origin.custom_origin_config.has_value())
        return invalid(
            "Exactly one of CustomOriginConfig, VpcOriginConfig and S3OriginConfig must "
            "be specified.");
    const std::string path = origin.origin_path.value_or("");
    if (!path.empty() && (path.front() != '/' || path.back() == '/'))
        return invalid("The parameter OriginPath must begin with a slash and not end with one.");
    if (origin.s3_origin_config) REQUIRE(check_s3_origin(origin));
    if (origin.custom_origin_config) REQUIRE(check_custom_origin(*origin.custom_origin_config));
    if (origin.custom_headers) REQUIRE(check_custom_headers(*origin.custom_headers));
    if (given(origin.origin_access_control_id) && !origin.s3_origin_config)
        return errors::InvalidDomainNameForOriginAccessControl(
            "An origin access control is associated with an origin whose domain name is not "
            "supported.");
    const int32_t attempts = origin.connection_attempts.value_or(limits::connect_attempts);
    if (attempts < 1 || attempts > limits::connect_attempts)
        return invalid("The parameter ConnectionAttempts must be 1 to 3.");
    const int32_t connect = origin.connection_timeout.value_or(limits::connect_timeout);
    if (connect < 1 || connect > limits::connect_timeout)
        return invalid("The parameter ConnectionTimeout must be 1 to 10.");
    return ok();
}

Result<std::set<std::string>> check_origins(const Origins& origins) {
    REQUIRE(check_quantity(origins));
    if (origins.items.empty()) return invalid("The parameter Origins must hold an origin.");
    if (origins.items.size() > limits::origins)
        return errors::TooManyOrigins("You cannot create more origins for the distribution.");
    std::set<std::string> ids;
    for (const Origin& origin : origins.items) {
        REQUIRE(check_origin(origin));
        if (!ids.insert(origin.id).second)
            return invalid("The parameter Origin Id must be unique: " + origin.id);
    }
    return ids;
}

Status check_errors(const CustomErrorResponses& responses) {
    static const std::set<int32_t> codes = {400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504};
    REQUIRE(check_quantity(responses));
    std::set<int32_t> seen;
    for (const CustomErrorResponse& response : responses.items) {
        if (!codes.contains(response.error_code))
            return errors::InvalidErrorCode("An invalid error code was specified: " +
                                            std::to_string(response.error_code));
        if (!seen.insert(response.error_code).second)
            return invalid("The parameter ErrorCode contains a duplicate: " +
                           std::to_string(response.error_code));
        if (given(response.response_page_path) != given(response.response_code))
            return errors::InvalidResponseCode(
                "ResponseCode and ResponsePagePath must be given together.");
        if (response.error_caching_min_ttl.value_or(0) < 0)
            return invalid("The parameter ErrorCachingMinTTL must not be negative.");
        if (!given(response.response_code)) continue;
        if (response.response_page_path->front() != '/')
            return invalid("The parameter ResponsePagePath must begin with a slash.");
        const auto code = parse_int(*response.response_code);
        if (!code || (*code != 200 && !codes.contains(static_cast<int32_t>(*code))))
            return errors::InvalidResponseCode("A response code is not valid: " +
                                               *response.response_code);
    }
    return ok();
}

Status check_aliases(const DistributionConfig& config) {
    if (!config.aliases || config.aliases->items.empty())
        return config.aliases ? check_quantity(*config.aliases) : ok();
    REQUIRE(check_quantity(*config.aliases));
    if (config.aliases->items.size() > limits::aliases)
        return errors::TooManyDistributionCNAMEs(
            "Your request contains more CNAMEs than are allowed per distribution.");
    std::set<std::string> seen;
    for (const std::string& alias : config.aliases->items) {
        const std::string lower = to_lower(alias);
        if (!is_host_name(lower, true))
            return invalid("The parameter CNAME " + alias + " is no domain name.");
        if (lower.ends_with(".cloudfront.net"))
            return invalid("The parameter CNAME must not be a name below cloudfront.net.");
        if (!seen.insert(lower).second)
            return invalid("The parameter CNAME contains a duplicate: " + alias);
    }
    const auto& certificate = config.viewer_certificate;
    if (!certificate || !given(certificate->acm_certificate_arn))
        return errors::InvalidViewerCertificate(
            "To add an alternate domain name (CNAME) to a CloudFront distribution, you must attach "
            "a trusted certificate that validates your authorization to use the domain name.");
    return ok();
}

Status check_viewer_certificate(const ViewerCertificate& certificate) {
    const bool own = certificate.cloud_front_default_certificate.value_or(false);
    const bool acm = given(certificate.acm_certificate_arn);
    if (own && acm)
        return errors::InvalidViewerCertificate(
            "A viewer certificate is CloudFront's own (CloudFrontDefaultCertificate) or one of "
            "ACM (ACMCertificateArn), not both.");
    if (!acm) return ok();
    if (!given(certificate.ssl_support_method))
        return errors::InvalidViewerCertificate(
            "SSLSupportMethod must be given together with ACMCertificateArn; use sni-only.");
    if (certificate.minimum_protocol_version.value_or("") == minimum_protocol_version::ss_lv3)
        return errors::InvalidMinimumProtocolVersion(
            "SSLv3 is no MinimumProtocolVersion of an sni-only certificate.");
    return ok();
}

}  // namespace

bool is_host_name(std::string_view text, bool wildcard) {
    if (wildcard && text.starts_with("*.")) text.remove_prefix(2);
    if (text.empty() || text.size() > 253) return false;
    bool letters = false;
    for (const std::string_view label : split(text, '.')) {
        if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-')
            return false;
        for (const char c : label) {
            const bool letter = (c >= 'a' && c <= 'z') || c == '-' || c == '_';
            if (!letter && (c < '0' || c > '9')) return false;
            letters = letters || letter;
        }
    }
    return letters && text.find('.') != std::string_view::npos;  // No addresses, no single labels.
}

Status check_config(const DistributionConfig& config) {
    if (config.caller_reference.empty())
        return invalid("The parameter CallerReference must not be empty.");
    if (config.comment.size() > limits::comment)
        return invalid("The parameter Comment is too big.");
    const std::string root = config.default_root_object.value_or("");
    if (root.starts_with('/') || root.size() > limits::root_object)
        return errors::InvalidDefaultRootObject(
            "The default root object file name is too big or contains an invalid character.");
    if (config.price_class.value_or("") == price_class::none)
        return invalid("The parameter PriceClass None is for multi-tenant distributions.");
    TRY(const auto origins, check_origins(config.origins));
    REQUIRE(check_behaviors(config, origins));
    if (config.custom_error_responses) REQUIRE(check_errors(*config.custom_error_responses));
    if (config.viewer_certificate) REQUIRE(check_viewer_certificate(*config.viewer_certificate));
    if (config.restrictions) REQUIRE(check_quantity(config.restrictions->geo_restriction));
    return check_aliases(config);
}

}  // namespace unkai::services::cloudfront
