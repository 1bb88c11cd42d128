#include "services/cloudfront/translation.h"

#include <gtest/gtest.h>

#include "aws/sigv4.h"
#include "services/cloudfront/distribution_rules.h"
#include "services/cloudfront/policies.h"
#include "services/cloudfront/signer.h"

namespace unkai::services::cloudfront {

namespace {

using namespace api::cloudfront;
using planes::cdn::Choice;
using Kind = Choice::Kind;
using std::chrono::seconds;

template <class Listed>
Listed listed(std::vector<std::string> items) {
    Listed out;
    out.quantity = static_cast<int32_t>(items.size());
    out.items = List<std::string>(std::move(items));
    return out;
}

const References managed = {
    .cache_policy = [](const std::string& id) -> std::optional<CachePolicyConfig> {
        const auto found = managed_cache_policies().find(id);
        if (found == managed_cache_policies().end()) return std::nullopt;
        return found->second;
    },
    .request_policy = [](const std::string& id) -> std::optional<OriginRequestPolicyConfig> {
        const auto found = managed_request_policies().find(id);
        if (found == managed_request_policies().end()) return std::nullopt;
        return found->second;
    },
    .access_control = [](const std::string& id) -> std::optional<OriginAccessControlConfig> {
        OriginAccessControlConfig out;
        out.signing_behavior = id == "E1SIGNS" ? "always" : "never";
        return out;
    },
};

CacheBehavior behavior(const std::string& cache, const std::string& request = "") {
    CacheBehavior out;
    out.target_origin_id = "site";
    out.viewer_protocol_policy = "allow-all";
    out.cache_policy_id = cache;
    if (!request.empty()) out.origin_request_policy_id = request;
    return out;
}

CacheBehavior legacy(bool query, std::vector<std::string> headers = {}) {
    CacheBehavior out;
    out.target_origin_id = "site";
    out.viewer_protocol_policy = "https-only";
    out.forwarded_values.emplace();
    out.forwarded_values->query_string = query;
    out.forwarded_values->cookies.forward = "none";
    out.forwarded_values->headers = listed<api::cloudfront::Headers>(std::move(headers));
    return out;
}

constexpr auto optimized_translation = "658327ea-f89d-4fab-a63d-7e88639e58f6";
constexpr auto disabled = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad";
constexpr auto by_origin = "83da9c7e-98b4-4e11-a168-04f0df8e2c65";
constexpr auto all_viewer = "216adef6-5c7f-47e4-b989-5492eafa07d3";
constexpr auto no_host = "b689b0a8-53d0-40ab-baf2-68738e2966ac";

}  // namespace

TEST(CloudFrontTranslation, ManagedPoliciesAreWhatTheDocumentationSays) {
    const auto kept = translate(behavior(optimized_translation), managed);
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->cache.least, seconds(1));
    EXPECT_EQ(kept->cache.usual, seconds(86400));
    EXPECT_EQ(kept->cache.most, seconds(31536000));
    EXPECT_TRUE(kept->cache.gzip && kept->cache.brotli);
    EXPECT_EQ(kept->request.query.kind, Kind::none);

    const auto passed = translate(behavior(disabled, all_viewer), managed);
    ASSERT_TRUE(passed);
    EXPECT_EQ(passed->cache.most, seconds(0));
    EXPECT_FALSE(passed->cache.gzip);
    EXPECT_TRUE(passed->request.headers.takes("host"));
    EXPECT_EQ(passed->request.cookies.kind, Kind::all);

    const auto hostless = translate(behavior(disabled, no_host), managed);
    ASSERT_TRUE(hostless);
    EXPECT_FALSE(hostless->request.headers.takes("host"));
    EXPECT_TRUE(hostless->request.headers.takes("authorization"));

    const auto origin = translate(behavior(by_origin), managed);
    ASSERT_TRUE(origin);
    EXPECT_EQ(origin->cache.usual, seconds(0));
    EXPECT_TRUE(origin->cache.headers.takes("x-http-method"));
    EXPECT_TRUE(origin->request.headers.takes("host")) << "the key's values reach the origin";
    EXPECT_FALSE(translate(behavior("none-such"), managed));
    EXPECT_FALSE(translate(behavior(optimized_translation, "none-such"), managed));
}

TEST(CloudFrontTranslation, TheOriginSeesWhatEitherPolicyTakes) {
    const Choice none, all{Kind::all, {}}, a{Kind::named, {"a"}}, b{Kind::named, {"b"}};
    const Choice but{Kind::all_but, {"a", "c"}}, other{Kind::all_but, {"c", "d"}};
    EXPECT_EQ(both(none, a).names, a.names);
    EXPECT_EQ(both(a, none).kind, Kind::named);
    EXPECT_EQ(both(a, all).kind, Kind::all);
    EXPECT_EQ(both(a, b).names, (std::set<std::string>{"a", "b"}));
    EXPECT_EQ(both(but, a).names, (std::set<std::string>{"c"}));
    EXPECT_EQ(both(a, but).names, (std::set<std::string>{"c"}));
    EXPECT_EQ(both(but, other).names, (std::set<std::string>{"c"}));
}

TEST(CloudFrontTranslation, LegacySettings) {
    CacheBehavior plain = legacy(false);
    plain.min_ttl = 5;
    const auto one = translate(plain, managed);
    ASSERT_TRUE(one);
    EXPECT_EQ(one->viewers, planes::cdn::Behavior::Viewers::https_only);
    EXPECT_EQ(one->cache.least, seconds(5));
    EXPECT_EQ(one->cache.usual, seconds(86400));
    EXPECT_EQ(one->cache.query.kind, Kind::none);
    EXPECT_TRUE(one->cache.gzip);
    EXPECT_FALSE(one->cache.brotli);

    CacheBehavior keyed = legacy(true, {"Accept-Encoding"});
    keyed.forwarded_values->query_string_cache_keys = listed<QueryStringCacheKeys>({"page"});
    const auto two = translate(keyed, managed);
    ASSERT_TRUE(two);
    EXPECT_EQ(two->cache.query.names, (std::set<std::string>{"page"}));
    EXPECT_EQ(two->request.query.kind, Kind::all);
    EXPECT_FALSE(two->cache.gzip);
    EXPECT_TRUE(two->cache.headers.takes("accept-encoding"));

    const auto three = translate(legacy(true, {"*"}), managed);
    ASSERT_TRUE(three);
    EXPECT_EQ(three->cache.most, seconds(0)) << "with all headers nothing is kept";
    EXPECT_EQ(three->request.headers.kind, Kind::all);
}

TEST(CloudFrontTranslation, Origins) {
    DistributionRecord record;
    record.account = "123456789012";
    record.id = "E1";
    Origin bucket;
    bucket.id = "site";
    bucket.domain_name = "Photos.s3.eu-west-1.amazonaws.com";
    bucket.s3_origin_config.emplace();
    auto plain = translate(bucket, record, managed);
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->host, "photos.s3.eu-west-1.amazonaws.com");
    EXPECT_EQ(plain->scheme, planes::cdn::Origin::Scheme::match_viewer);
    EXPECT_EQ(plain->signer, "");
    bucket.origin_access_control_id = "E1SIGNS";
    auto is_signed = translate(bucket, record, managed);
    ASSERT_TRUE(is_signed);
    EXPECT_EQ(is_signed->signer, "123456789012/E1");
    EXPECT_EQ(is_signed->scheme, planes::cdn::Origin::Scheme::https);
    bucket.origin_access_control_id = "E1NEVER";
    EXPECT_EQ(translate(bucket, record, managed)->signer, "");

    Origin custom;
    custom.id = "api";
    custom.domain_name = "api.example.com";
    custom.origin_path = "/v1";
    custom.custom_origin_config.emplace();
    custom.custom_origin_config->http_port = 8080;
    custom.custom_origin_config->https_port = 8443;
    custom.custom_origin_config->origin_protocol_policy = "https-only";
    custom.custom_origin_config->origin_read_timeout = 7;
    const auto made = translate(custom, record, managed);
    ASSERT_TRUE(made);
    EXPECT_EQ(made->https_port, 8443);
    EXPECT_EQ(made->path, "/v1");
    EXPECT_EQ(made->read_timeout, seconds(7));
    EXPECT_EQ(made->scheme, planes::cdn::Origin::Scheme::https);
}

TEST(CloudFrontTranslation, RegionsOfBuckets) {
    const struct {
        const char* host;
        std::optional<std::string> region;
    } cases[] = {
        {"photos.s3.amazonaws.com", "us-east-1"},
        {"photos.s3.eu-west-1.amazonaws.com", "eu-west-1"},
        {"my.photos.s3.eu-west-1.amazonaws.com", "eu-west-1"},
        {"photos.s3-eu-west-1.amazonaws.com", "eu-west-1"},
        {"photos.s3.dualstack.eu-west-1.amazonaws.com", "eu-west-1"},
        {"PHOTOS.S3.US-EAST-2.AMAZONAWS.COM", "us-east-2"},
        {"photos.s3-website-us-east-1.amazonaws.com", std::nullopt},
        {"photos.s3-website.eu-central-1.amazonaws.com", std::nullopt},
        {"s3.amazonaws.com", std::nullopt},
        {"app-1.us-east-1.elb.amazonaws.com", std::nullopt},
        {"example.com", std::nullopt},
    };
    for (const auto& one : cases) EXPECT_EQ(s3_region(one.host), one.region) << one.host;
}

TEST(CloudFrontSigner, WhatItSignsVerifies) {
    const Time now{seconds(1767225600)};
    Signer signer;
    signer.set({{"1/E1", {"ASIAX", "secret", "token", now + seconds(60)}}});
    net::Headers headers = {{"host", "photos.s3.eu-west-1.amazonaws.com"},
                            {"accept", "*/*"},
                            {"x-amz-date", "old"},
                            {"authorization", "viewer's"}};
    signer.sign_at({"1/E1", "GET", "/a%20b.jpg?x=1", "photos.s3.eu-west-1.amazonaws.com"}, now,
                   headers);
    EXPECT_EQ(headers.value("x-amz-date"), "20260101T000000Z");
    EXPECT_EQ(headers.count("authorization"), 1U);
    aws::sigv4::Request seen{"GET", "/a%20b.jpg", "x=1", {}};
    for (const auto& field : headers) seen.headers.emplace_back(field.name, field.value);
    const auto claim = aws::sigv4::parse(seen);
    ASSERT_TRUE(claim) << claim.error().message;
    EXPECT_EQ(claim->region, "eu-west-1");
    EXPECT_EQ(claim->session_token, "token");
    EXPECT_TRUE(aws::sigv4::verify(seen, *claim, "secret", "UNSIGNED-PAYLOAD", false, now));
    EXPECT_TRUE(aws::sigv4::check_signed_headers(seen, *claim));

    net::Headers untouched = {{"host", "h"}};
    signer.sign_at({"1/E2", "GET", "/", "h"}, now, untouched);
    EXPECT_FALSE(untouched.has("authorization"));
}

TEST(CloudFrontRules, HostNames) {
    for (const char* good : {"example.com", "a-b.example.com", "x.localhost", "1.example.com"})
        EXPECT_TRUE(is_host_name(good, false)) << good;
    for (const char* bad : {"", "localhost", "10.0.0.1", "*.example.com", "a..b", "-a.com",
                            "a.com:80", "a.com/x", "A.com"})
        EXPECT_FALSE(is_host_name(bad, false)) << bad;
    EXPECT_TRUE(is_host_name("*.example.com", true));
    EXPECT_FALSE(is_host_name("a.*.example.com", true));
}

}  // namespace unkai::services::cloudfront
