#include "services/cloudfront/policies.h"

#include "aws/protocol/json_shape.h"
#include "base/strings.h"
#include "services/cloudfront/limits.h"
#include "services/cloudfront/quantities.h"

namespace unkai::services::cloudfront {

using namespace api::cloudfront;

namespace {

constexpr int64_t year = 31536000;
constexpr int64_t day = 86400;

template <class Names>
Names listed_policies(std::vector<std::string> names) {
    Names out;
    out.quantity = static_cast<int32_t>(names.size());
    out.items = List<std::string>(std::move(names));
    return out;
}

struct CacheFacts {
    std::string name, comment;
    int64_t least, usual, most;
    bool gzip, brotli;
    std::vector<std::string> headers;
    std::string cookies, queries;
    std::vector<std::string> query_names = {};
};

CachePolicyConfig make(const CacheFacts& facts) {
    CachePolicyConfig out;
    out.name = facts.name;
    out.comment = facts.comment;
    out.min_ttl = facts.least;
    out.default_ttl = facts.usual;
    out.max_ttl = facts.most;
    auto& key = out.parameters_in_cache_key_and_forwarded_to_origin.emplace();
    key.enable_accept_encoding_gzip = facts.gzip;
    key.enable_accept_encoding_brotli = facts.brotli;
    key.headers_config.header_behavior = facts.headers.empty() ? "none" : "whitelist";
    if (!facts.headers.empty())
        key.headers_config.headers = listed_policies<Headers>(facts.headers);
    key.cookies_config.cookie_behavior = facts.cookies;
    key.query_strings_config.query_string_behavior = facts.queries;
    if (!facts.query_names.empty())
        key.query_strings_config.query_strings =
            listed_policies<QueryStringNames>(facts.query_names);
    return out;
}

struct RequestFacts {
    std::string name, comment, behavior;
    std::vector<std::string> headers;
    std::string cookies, queries;
};

OriginRequestPolicyConfig make(const RequestFacts& facts) {
    OriginRequestPolicyConfig out;
    out.name = facts.name;
    out.comment = facts.comment;
    out.headers_config.header_behavior = facts.behavior;
    if (!facts.headers.empty())
        out.headers_config.headers = listed_policies<Headers>(facts.headers);
    out.cookies_config.cookie_behavior = facts.cookies;
    out.query_strings_config.query_string_behavior = facts.queries;
    return out;
}

const std::vector<std::string> origin_headers = {"Host", "Origin", "X-HTTP-Method-Override",
                                                 "X-HTTP-Method", "X-Method-Override"};

// How long lists of names may be, and what AWS says when they are longer.
struct Ceiling {
    size_t most;
    ErrorKind error;
};

template <class Names>
Status check_names(std::string_view parameter, const std::string& behavior,
                   const std::optional<Names>& names, const Ceiling& ceiling) {
    const bool wants = behavior == "whitelist" || behavior == "allExcept" ||
                       behavior == "allViewerAndWhitelistCloudFront";
    REQUIRE(check_quantity(names));
    const size_t count = names ? names->items.size() : 0;
    if (wants == (count == 0))
        return errors::InvalidArgument("The parameter " + std::string(parameter) +
                                       (wants ? " needs at least one name for the behavior "
                                              : " takes no names for the behavior ") +
                                       behavior + ".");
    if (count > ceiling.most)
        return ceiling.error("The number of " + std::string(parameter) +
                             " in the policy is more than " + std::to_string(ceiling.most) + ".");
    return ok();
}

Status check_name_policies(const std::string& name, const std::optional<std::string>& comment) {
    if (name.empty() || name.size() > limits::policy_name)
        return errors::InvalidArgument("The parameter Name must have 1 to 128 characters.");
    if (comment && comment->size() > limits::comment)
        return errors::InvalidArgument("The parameter Comment is too big.");
    return ok();
}

// A policy that keeps nothing has no key.
Status check_disabled(const ParametersInCacheKeyAndForwardedToOrigin& key) {
    const auto invalid = [](std::string_view parameter) {
        return errors::InvalidArgument("The parameter " + std::string(parameter) +
                                       " is invalid for policy with caching disabled.");
    };
    if (key.headers_config.header_behavior != "none") return invalid("HeaderBehavior");
    if (key.cookies_config.cookie_behavior != "none") return invalid("CookieBehavior");
    if (key.query_strings_config.query_string_behavior != "none")
        return invalid("QueryStringBehavior");
    if (key.enable_accept_encoding_gzip) return invalid("EnableAcceptEncodingGzip");
    if (key.enable_accept_encoding_brotli.value_or(false))
        return invalid("EnableAcceptEncodingBrotli");
    return ok();
}

template <class Config>
std::optional<Config> stored(store::Txn& txn, const schema::Table<ConfigRecord>& table,
                             const std::string& account, const std::string& id) {
    const auto record = table.get(txn, {account, id});
    if (!record) return std::nullopt;
    Config config;
    CHECK(aws::protocol::from_json(config, record->config).has_value(), "a policy does not parse");
    return config;
}

}  // namespace

const std::map<std::string, CachePolicyConfig>& managed_cache_policies() {
    static const std::map<std::string, CachePolicyConfig> policies = {
        {"2e54312d-136d-493c-8eb9-b001f22f67d2",
         make(CacheFacts{"Managed-Amplify",
                         "Policy for Amplify Origin",
                         2,
                         2,
                         600,
                         true,
                         true,
                         {"Authorization", "CloudFront-Viewer-Country", "Host"},
                         "all",
                         "all"})},
        {"4135ea2d-6df8-44a3-9df3-4b5a84be39ad", make(CacheFacts{"Managed-CachingDisabled",
                                                                 "Policy with caching disabled",
                                                                 0,
                                                                 0,
                                                                 0,
                                                                 false,
                                                                 false,
                                                                 {},
                                                                 "none",
                                                                 "none"})},
        {"658327ea-f89d-4fab-a63d-7e88639e58f6",
         make(CacheFacts{"Managed-CachingOptimized",
                         "Policy with caching enabled. Supports Gzip and Brotli compression.",
                         1,
                         day,
                         year,
                         true,
                         true,
                         {},
                         "none",
                         "none"})},
        {"b2884449-e4de-46a7-ac36-70bc7f1ddd6d",
         make(CacheFacts{"Managed-CachingOptimizedForUncompressedObjects",
                         "Default policy when compression is disabled",
                         1,
                         day,
                         year,
                         false,
                         false,
                         {},
                         "none",
                         "none"})},
        {"08627262-05a9-4f76-9ded-b50ca2e3a84f",
         make(CacheFacts{"Managed-Elemental-MediaPackage",
                         "Policy for Elemental MediaPackage Origin",
                         0,
                         day,
                         year,
                         true,
                         false,
                         {"Origin"},
                         "none",
                         "whitelist",
                         {"aws.manifestfilter", "start", "end", "m"}})},
        {"83da9c7e-98b4-4e11-a168-04f0df8e2c65",
         make(CacheFacts{"UseOriginCacheControlHeaders",
                         "Policy for origins that return Cache-Control headers. Query strings are "
                         "not included in the cache key.",
                         0, 0, year, true, true, origin_headers, "all", "none"})},
        {"4cc15a8a-d715-48a4-82b8-cc0b614638fe",
         make(CacheFacts{"UseOriginCacheControlHeaders-QueryStrings",
                         "Policy for origins that return Cache-Control headers and serve different "
                         "content based on values present in the query string.",
                         0, 0, year, true, true, origin_headers, "all", "all"})},
    };
    return policies;
}

const std::map<std::string, OriginRequestPolicyConfig>& managed_request_policies() {
    static const std::vector<std::string> cors = {"Origin", "Access-Control-Request-Headers",
                                                  "Access-Control-Request-Method"};
    static const std::map<std::string, OriginRequestPolicyConfig> policies = {
        {"216adef6-5c7f-47e4-b989-5492eafa07d3",
         make(RequestFacts{"Managed-AllViewer",
                           "Policy to forward all parameters in viewer requests",
                           "allViewer",
                           {},
                           "all",
                           "all"})},
        {"33f36d7e-f396-46d9-90e0-52428a34d9dc",
         make(RequestFacts{
             "Managed-AllViewerAndCloudFrontHeaders-2022-06",
             "Policy to forward all parameters in viewer requests and CloudFront headers released "
             "through June 2022",
             "allViewerAndWhitelistCloudFront",
             {"CloudFront-Forwarded-Proto",
              "CloudFront-Is-Android-Viewer",
              "CloudFront-Is-Desktop-Viewer",
              "CloudFront-Is-IOS-Viewer",
              "CloudFront-Is-Mobile-Viewer",
              "CloudFront-Is-SmartTV-Viewer",
              "CloudFront-Is-Tablet-Viewer",
              "CloudFront-Viewer-Address",
              "CloudFront-Viewer-ASN",
              "CloudFront-Viewer-City",
              "CloudFront-Viewer-Country",
              "CloudFront-Viewer-Country-Name",
              "CloudFront-Viewer-Country-Region",
              "CloudFront-Viewer-Country-Region-Name",
              "CloudFront-Viewer-Http-Version",
              "CloudFront-Viewer-Latitude",
              "CloudFront-Viewer-Longitude",
              "CloudFront-Viewer-Metro-Code",
              "CloudFront-Viewer-Postal-Code",
              "CloudFront-Viewer-Time-Zone",
              "CloudFront-Viewer-TLS"},
             "all",
             "all"})},
        {"b689b0a8-53d0-40ab-baf2-68738e2966ac",
         make(
             RequestFacts{"Managed-AllViewerExceptHostHeader",
                          "Policy to forward all parameters in viewer requests except for the Host "
                          "header",
                          "allExcept",
                          {"Host"},
                          "all",
                          "all"})},
        {"59781a5b-3903-41f3-afcb-af62929ccde1",
         make(RequestFacts{"Managed-CORS-CustomOrigin",
                           "Policy for CORS with a custom origin",
                           "whitelist",
                           {"Origin"},
                           "none",
                           "none"})},
        {"88a5eaf4-2fd4-4709-b370-b4c650ea3fcf",
         make(RequestFacts{"Managed-CORS-S3Origin", "Policy for S3 origin with CORS", "whitelist",
                           cors, "none", "none"})},
        {"775133bc-15f2-49f9-abea-afb2e0bf67d2",
         make(RequestFacts{"Managed-Elemental-MediaTailor-PersonalizedManifests",
                           "Policy for Elemental MediaTailor Origin",
                           "whitelist",
                           {"Origin", "Access-Control-Request-Headers",
                            "Access-Control-Request-Method", "User-Agent", "X-Forwarded-For"},
                           "none",
                           "all"})},
        {"bf0718e1-ba1e-49d1-88b1-f726733018ae",
         make(RequestFacts{"Managed-HostHeaderOnly",
                           "Policy to forward the Host header",
                           "whitelist",
                           {"Host"},
                           "none",
                           "none"})},
        {"acba4595-bd28-49b8-b9fe-13317c0390fa",
         make(RequestFacts{"Managed-UserAgentRefererHeaders",
                           "Policy to forward user-agent and referer headers to origin",
                           "whitelist",
                           {"User-Agent", "Referer"},
                           "none",
                           "none"})},
    };
    return policies;
}

Result<CachePolicyConfig> check_policy(CachePolicyConfig policy) {
    REQUIRE(check_name_policies(policy.name, policy.comment));
    policy.default_ttl = policy.default_ttl.value_or(std::max(day, policy.min_ttl));
    policy.max_ttl = policy.max_ttl.value_or(std::max(year, *policy.default_ttl));
    if (policy.min_ttl < 0 || *policy.default_ttl < policy.min_ttl ||
        *policy.max_ttl < *policy.default_ttl)
        return errors::InvalidArgument(
            "The parameters MinTTL, DefaultTTL and MaxTTL must not be negative, and in this "
            "order.");
    if (!policy.parameters_in_cache_key_and_forwarded_to_origin) {
        auto& key = policy.parameters_in_cache_key_and_forwarded_to_origin.emplace();
        key.headers_config.header_behavior = key.cookies_config.cookie_behavior = "none";
        key.query_strings_config.query_string_behavior = "none";
    }
    auto& key = *policy.parameters_in_cache_key_and_forwarded_to_origin;
    if (!key.enable_accept_encoding_brotli) key.enable_accept_encoding_brotli = false;
    REQUIRE(check_names("Headers", key.headers_config.header_behavior, key.headers_config.headers,
                        {limits::forwarded_headers, errors::TooManyHeadersInCachePolicy}));
    REQUIRE(check_names("Cookies", key.cookies_config.cookie_behavior, key.cookies_config.cookies,
                        {limits::forwarded_cookies, errors::TooManyCookiesInCachePolicy}));
    REQUIRE(check_names("QueryStrings", key.query_strings_config.query_string_behavior,
                        key.query_strings_config.query_strings,
                        {limits::forwarded_queries, errors::TooManyQueryStringsInCachePolicy}));
    if (key.headers_config.headers)
        for (const std::string& name : key.headers_config.headers->items)
            if (equals_ignoring_case(name, "accept-encoding"))
                return errors::InvalidArgument(
                    "The parameter Headers contains Accept-Encoding that is not allowed; use "
                    "EnableAcceptEncodingGzip and EnableAcceptEncodingBrotli.");
    if (*policy.max_ttl == 0) REQUIRE(check_disabled(key));
    return policy;
}

Result<OriginRequestPolicyConfig> check_policy(OriginRequestPolicyConfig policy) {
    REQUIRE(check_name_policies(policy.name, policy.comment));
    REQUIRE(check_names("Headers", policy.headers_config.header_behavior,
                        policy.headers_config.headers,
                        {limits::forwarded_headers, errors::TooManyHeadersInOriginRequestPolicy}));
    REQUIRE(check_names("Cookies", policy.cookies_config.cookie_behavior,
                        policy.cookies_config.cookies,
                        {limits::forwarded_cookies, errors::TooManyCookiesInOriginRequestPolicy}));
    REQUIRE(
        check_names("QueryStrings", policy.query_strings_config.query_string_behavior,
                    policy.query_strings_config.query_strings,
                    {limits::forwarded_queries, errors::TooManyQueryStringsInOriginRequestPolicy}));
    return policy;
}

std::optional<CachePolicyConfig> cache_policy(store::Txn& txn, const std::string& account,
                                              const std::string& id) {
    const auto managed = managed_cache_policies().find(id);
    if (managed != managed_cache_policies().end()) return managed->second;
    return stored<CachePolicyConfig>(txn, schema::cache_policies, account, id);
}

std::optional<OriginRequestPolicyConfig> request_policy(store::Txn& txn, const std::string& account,
                                                        const std::string& id) {
    const auto managed = managed_request_policies().find(id);
    if (managed != managed_request_policies().end()) return managed->second;
    return stored<OriginRequestPolicyConfig>(txn, schema::request_policies, account, id);
}

std::optional<OriginAccessControlConfig> access_control(store::Txn& txn, const std::string& account,
                                                        const std::string& id) {
    return stored<OriginAccessControlConfig>(txn, schema::access_controls, account, id);
}

}  // namespace unkai::services::cloudfront
