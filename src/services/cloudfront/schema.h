// Every key and record that cloudfront stores. AWS shapes lie in them as JSON, with all defaults
// filled in. CloudFront has no regions: keys begin with the account.
#pragma once

#include "store/table.h"

namespace unkai::services::cloudfront {

using TagMap = std::map<std::string, std::string>;

struct DistributionRecord {
    std::string id, account, domain;
    std::string config;  // DistributionConfig
    std::string etag;    // Of this version of the config.
    std::string reference;
    std::vector<std::string> aliases;  // Lower case.
    std::string certificate;           // ARN; empty: CloudFront's own.
    Time modified;
    TagMap tags;
    void fields(auto& field) {
        field(1, id);
        field(2, account);
        field(3, domain);
        field(4, config);
        field(5, etag);
        field(6, reference);
        field(7, aliases);
        field(8, certificate);
        field(9, modified);
        field(10, tags);
    }
    std::string arn() const { return "arn:aws:cloudfront::" + account + ":distribution/" + id; }
};

struct InvalidationRecord {
    std::string id, distribution, reference;
    std::vector<std::string> paths;
    Time created;
    void fields(auto& field) {
        field(1, id);
        field(2, distribution);
        field(3, reference);
        field(4, paths);
        field(5, created);
    }
};

// Outbox: invalidations that no edge has carried out yet.
struct PendingInvalidation {
    std::string account;
    void fields(auto& field) { field(1, account); }
};

// Origin access controls, cache policies and origin request policies: a config with a version.
struct ConfigRecord {
    std::string id, name;
    std::string config;  // OriginAccessControlConfig, CachePolicyConfig, OriginRequestPolicyConfig
    std::string etag;
    Time modified;
    void fields(auto& field) {
        field(1, id);
        field(2, name);
        field(3, config);
        field(4, etag);
        field(5, modified);
    }
};

namespace schema {
template <class R>
using Table = store::Table<R, std::string, std::string>;
// Account, id.
inline const Table<DistributionRecord> distributions{"cloudfront/distributions"};
inline const Table<ConfigRecord> access_controls{"cloudfront/origin-access-controls"};
inline const Table<ConfigRecord> cache_policies{"cloudfront/cache-policies"};
inline const Table<ConfigRecord> request_policies{"cloudfront/origin-request-policies"};
// Distribution, id.
inline const Table<InvalidationRecord> invalidations{"cloudfront/invalidations"};
inline const Table<PendingInvalidation> pending{"cloudfront/pending-invalidations"};
inline constexpr std::string_view everything = "cloudfront/";
}  // namespace schema

}  // namespace unkai::services::cloudfront
