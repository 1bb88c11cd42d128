#include "services/cloudfront/translation.h"

#include <algorithm>

#include "base/strings.h"
#include "services/cloudfront/distribution_rules.h"
#include "services/cloudfront/limits.h"

namespace unkai::services::cloudfront {

namespace cf = api::cloudfront;
namespace cdn = planes::cdn;
using cdn::Choice;

namespace {

constexpr int64_t usual_seconds = 86400;
constexpr int64_t most_seconds = 31536000;

template <class Names>
std::set<std::string> names_of(const std::optional<Names>& given, bool lower) {
    std::set<std::string> out;
    if (given)
        for (const std::string& name : given->items) out.insert(lower ? to_lower(name) : name);
    return out;
}

// The behaviours' names are the same words in all of AWS's lists.
template <class Names>
Choice choice(const std::string& behavior, const std::optional<Names>& names, bool lower = false) {
    if (behavior == "all" || behavior == "allViewer" ||
        behavior == "allViewerAndWhitelistCloudFront")
        return {.kind = Choice::Kind::all, .names = {}};
    if (behavior == "whitelist")
        return {.kind = Choice::Kind::named, .names = names_of(names, lower)};
    if (behavior == "allExcept")
        return {.kind = Choice::Kind::all_but, .names = names_of(names, lower)};
    return {};
}

cdn::CachePolicy times(int64_t least, std::optional<int64_t> usual, std::optional<int64_t> most) {
    cdn::CachePolicy out;
    out.least = std::chrono::seconds(least);
    out.usual = std::chrono::seconds(usual.value_or(std::max(usual_seconds, least)));
    out.most = std::chrono::seconds(
        most.value_or(std::max({most_seconds, least, usual.value_or(usual_seconds)})));
    return out;
}

// https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_ForwardedValues.html
void translate_forwarded(const cf::CacheBehavior& given, cdn::Behavior& out) {
    const cf::ForwardedValues& values = *given.forwarded_values;
    out.cache = times(given.min_ttl.value_or(0), given.default_ttl, given.max_ttl);
    out.cache.cookies = choice(values.cookies.forward, values.cookies.whitelisted_names);
    out.cache.headers.names = names_of(values.headers, true);
    if (!out.cache.headers.names.empty()) out.cache.headers.kind = Choice::Kind::named;
    out.cache.gzip = !out.cache.headers.names.contains("accept-encoding");
    if (values.query_string) out.cache.query.kind = Choice::Kind::all;
    out.request.query = out.cache.query;
    // All query strings reach the origin; only the named ones tell objects apart.
    const auto keys = names_of(values.query_string_cache_keys, false);
    if (!keys.empty()) out.cache.query = {.kind = Choice::Kind::named, .names = keys};
    // "*": every header, and so nothing is kept.
    if (out.cache.headers.names.contains("*")) {
        out.cache = times(0, 0, 0);
        out.request.headers.kind = Choice::Kind::all;
        out.request.cookies = choice(values.cookies.forward, values.cookies.whitelisted_names);
    }
}

cdn::Behavior::Viewers viewers_of(const std::string& policy) {
    if (policy == cf::viewer_protocol_policy::https_only) return cdn::Behavior::Viewers::https_only;
    if (policy == cf::viewer_protocol_policy::redirect_to_https)
        return cdn::Behavior::Viewers::redirect_to_https;
    return cdn::Behavior::Viewers::allow_all;
}

cdn::Origin::Scheme scheme_of(const std::string& policy) {
    if (policy == cf::origin_protocol_policy::https_only) return cdn::Origin::Scheme::https;
    if (policy == cf::origin_protocol_policy::match_viewer)
        return cdn::Origin::Scheme::match_viewer;
    return cdn::Origin::Scheme::http;
}

// d111111abcdef8.cloudfront.net → d111111abcdef8.cloudfront.localhost, which browsers find without
// any DNS server.
std::string local_name(const std::string& domain) {
    return domain.substr(0, domain.rfind('.')) + ".localhost";
}

}  // namespace

std::string signer_of(const DistributionRecord& record) { return record.account + "/" + record.id; }

cdn::CachePolicy translate(const cf::CachePolicyConfig& policy) {
    cdn::CachePolicy out = times(policy.min_ttl, policy.default_ttl, policy.max_ttl);
    if (!policy.parameters_in_cache_key_and_forwarded_to_origin) return out;
    const auto& key = *policy.parameters_in_cache_key_and_forwarded_to_origin;
    out.gzip = key.enable_accept_encoding_gzip;
    out.brotli = key.enable_accept_encoding_brotli.value_or(false);
    out.headers = choice(key.headers_config.header_behavior, key.headers_config.headers, true);
    out.cookies = choice(key.cookies_config.cookie_behavior, key.cookies_config.cookies);
    out.query = choice(key.query_strings_config.query_string_behavior,
                       key.query_strings_config.query_strings);
    return out;
}

cdn::RequestPolicy translate(const cf::OriginRequestPolicyConfig& policy) {
    cdn::RequestPolicy out;
    out.headers =
        choice(policy.headers_config.header_behavior, policy.headers_config.headers, true);
    out.cookies = choice(policy.cookies_config.cookie_behavior, policy.cookies_config.cookies);
    out.query = choice(policy.query_strings_config.query_string_behavior,
                       policy.query_strings_config.query_strings);
    return out;
}

Choice both(const Choice& a, const Choice& b) {
    using Kind = Choice::Kind;
    if (a.kind == Kind::none) return b;
    if (b.kind == Kind::none) return a;
    if (a.kind == Kind::all || b.kind == Kind::all) return {.kind = Kind::all, .names = {}};
    Choice out;
    if (a.kind == Kind::named && b.kind == Kind::named) {
        out = a;
        out.names.insert(b.names.begin(), b.names.end());
        return out;
    }
    // All but those that neither takes.
    const Choice& open = a.kind == Kind::all_but ? a : b;
    const Choice& other = a.kind == Kind::all_but ? b : a;
    out.kind = Kind::all_but;
    for (const std::string& name : open.names)
        if (!other.takes(name)) out.names.insert(name);
    return out;
}

Result<cdn::Behavior> translate(const cf::CacheBehavior& behavior, const References& references) {
    cdn::Behavior out;
    out.pattern = behavior.path_pattern;
    out.origin = behavior.target_origin_id;
    out.viewers = viewers_of(behavior.viewer_protocol_policy);
    out.compress = behavior.compress.value_or(false);
    if (behavior.allowed_methods) {
        const auto& methods = *behavior.allowed_methods;
        out.methods = {methods.items.begin(), methods.items.end()};
        if (methods.cached_methods)
            out.cached_methods = {methods.cached_methods->items.begin(),
                                  methods.cached_methods->items.end()};
    }
    if (behavior.forwarded_values) {
        translate_forwarded(behavior, out);
    } else {
        const auto policy = references.cache_policy(behavior.cache_policy_id.value_or(""));
        if (!policy)
            return fail("NoSuchCachePolicy", "The specified cache policy does not exist.", 404);
        out.cache = translate(*policy);
    }
    if (const std::string id = behavior.origin_request_policy_id.value_or(""); !id.empty()) {
        const auto policy = references.request_policy(id);
        if (!policy)
            return fail("NoSuchOriginRequestPolicy",
                        "The specified origin request policy does not exist.", 404);
        out.request = translate(*policy);
    }
    out.request.headers = both(out.request.headers, out.cache.headers);
    out.request.cookies = both(out.request.cookies, out.cache.cookies);
    out.request.query = both(out.request.query, out.cache.query);
    return out;
}

Result<cdn::Origin> translate(const cf::Origin& origin, const DistributionRecord& record,
                              const References& references) {
    cdn::Origin out;
    out.id = origin.id;
    out.host = to_lower(origin.domain_name);
    out.path = origin.origin_path.value_or("");
    out.connect_timeout =
        std::chrono::seconds(origin.connection_timeout.value_or(limits::connect_timeout));
    out.attempts = origin.connection_attempts.value_or(limits::connect_attempts);
    if (origin.custom_headers)
        for (const auto& header : origin.custom_headers->items)
            out.headers.emplace_back(header.header_name, header.header_value);
    if (origin.custom_origin_config) {
        const auto& custom = *origin.custom_origin_config;
        out.scheme = scheme_of(custom.origin_protocol_policy);
        out.http_port = static_cast<uint16_t>(custom.http_port);
        out.https_port = static_cast<uint16_t>(custom.https_port);
        out.read_timeout = std::chrono::seconds(custom.origin_read_timeout.value_or(30));
    } else {
        // S3 is asked as the viewer asked, and by TLS where the request is signed.
        out.scheme = cdn::Origin::Scheme::match_viewer;
        if (origin.s3_origin_config)
            out.read_timeout =
                std::chrono::seconds(origin.s3_origin_config->origin_read_timeout.value_or(30));
    }
    const std::string control_id = origin.origin_access_control_id.value_or("");
    if (control_id.empty()) return out;
    const auto control = references.access_control(control_id);
    if (!control)
        return fail("NoSuchOriginAccessControl", "The origin access control does not exist.", 404);
    if (control->signing_behavior != cf::origin_access_control_signing_behaviors::always)
        return out;
    out.signer = signer_of(record);
    out.scheme = cdn::Origin::Scheme::https;
    return out;
}

Result<cdn::Distribution> translate(const DistributionRecord& record,
                                    const cf::DistributionConfig& config,
                                    const References& references) {
    cdn::Distribution out;
    out.id = record.id;
    out.domain = record.domain;
    out.aliases = record.aliases;
    out.aliases.push_back(local_name(record.domain));
    out.root_object = config.default_root_object.value_or("");
    out.http2 = config.http_version.value_or("http2") != cf::http_version::http1_1;
    for (const cf::CacheBehavior& behavior : behaviors_of(config)) {
        TRY(auto made, translate(behavior, references));
        out.behaviors.push_back(std::move(made));
    }
    for (const cf::Origin& origin : config.origins.items) {
        TRY(auto made, translate(origin, record, references));
        out.origins.emplace(origin.id, std::move(made));
    }
    if (!config.custom_error_responses) return out;
    for (const cf::CustomErrorResponse& given : config.custom_error_responses->items) {
        cdn::ErrorRule rule;
        rule.code = given.error_code;
        rule.page = given.response_page_path.value_or("");
        rule.response_code =
            static_cast<int>(parse_int(given.response_code.value_or("")).value_or(0));
        rule.cached = std::chrono::seconds(given.error_caching_min_ttl.value_or(10));
        out.errors.emplace(rule.code, std::move(rule));
    }
    return out;
}

}  // namespace unkai::services::cloudfront
