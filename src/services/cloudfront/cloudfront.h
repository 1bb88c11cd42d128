// Amazon CloudFront: distributions, invalidations, origin access controls, cache policies and
// origin request policies.
//
// https://docs.aws.amazon.com/cloudfront/latest/APIReference/
// Operations keep records; publisher.h compiles them into a snapshot for planes/cdn after each
// commit. A distribution is InProgress until every edge answers by its newest version, which takes
// milliseconds. What the edges do not do is refused by name (distribution_rules.h).
#pragma once

#include "api/cloudfront.h"
#include "aws/call.h"
#include "aws/paging.h"
#include "net/certificate_lookup.h"
#include "services/cloudfront/limits.h"
#include "services/cloudfront/publisher.h"
#include "services/cloudfront/schema.h"

namespace unkai::services::cloudfront {

using namespace api::cloudfront;
namespace errors = api::cloudfront::errors;

class CloudFront final : public api::cloudfront::Service {
public:
    // Both outlive this.
    CloudFront(net::CertificateLookup& certificates, const Publisher& publisher)
        : certificates_(certificates), publisher_(publisher) {}

#define OPERATION(Name) Result<Name##Output> Name(aws::Call& call, const Name##Input& in) override
    // distribution_ops.cc
    OPERATION(CreateDistribution);
    OPERATION(CreateDistributionWithTags);
    OPERATION(GetDistribution);
    OPERATION(GetDistributionConfig);
    OPERATION(UpdateDistribution);
    OPERATION(DeleteDistribution);
    // list_ops.cc
    OPERATION(ListDistributions);
    OPERATION(ListDistributionsByCachePolicyId);
    OPERATION(ListDistributionsByOriginRequestPolicyId);
    // invalidation_ops.cc
    OPERATION(CreateInvalidation);
    OPERATION(GetInvalidation);
    OPERATION(ListInvalidations);
    // access_control_ops.cc
    OPERATION(CreateOriginAccessControl);
    OPERATION(GetOriginAccessControl);
    OPERATION(GetOriginAccessControlConfig);
    OPERATION(UpdateOriginAccessControl);
    OPERATION(DeleteOriginAccessControl);
    OPERATION(ListOriginAccessControls);
    // cache_policy_ops.cc
    OPERATION(CreateCachePolicy);
    OPERATION(GetCachePolicy);
    OPERATION(GetCachePolicyConfig);
    OPERATION(UpdateCachePolicy);
    OPERATION(DeleteCachePolicy);
    OPERATION(ListCachePolicies);
    // request_policy_ops.cc
    OPERATION(CreateOriginRequestPolicy);
    OPERATION(GetOriginRequestPolicy);
    OPERATION(GetOriginRequestPolicyConfig);
    OPERATION(UpdateOriginRequestPolicy);
    OPERATION(DeleteOriginRequestPolicy);
    OPERATION(ListOriginRequestPolicies);
    // tag_ops.cc
    OPERATION(TagResource);
    OPERATION(UntagResource);
    OPERATION(ListTagsForResource);
#undef OPERATION

private:
    Result<DistributionRecord> create(aws::Call& call, const DistributionConfig& given,
                                      const TagMap& tags);
    // Everything about a config that needs other records: policies, access controls, other
    // distributions' names, the certificate. `own` is the distribution's id, empty of a new one.
    Status check_references(aws::Call& call, const DistributionConfig& config,
                            const std::string& own);
    Status check_certificate(aws::Call& call, const DistributionConfig& config);
    void declare_use(aws::Call& call, const DistributionRecord& record);
    Distribution show(aws::Call& call, const DistributionRecord& record) const;
    std::string status_of(const DistributionRecord& record) const;

    net::CertificateLookup& certificates_;
    const Publisher& publisher_;
};

// ---- Shared by the operations' files.

Result<DistributionRecord> find_distribution(aws::Call& call, const std::string& id);
DistributionConfig config_of(const DistributionRecord& record);
// The account's, by id.
std::vector<DistributionRecord> distributions_of(aws::Call& call);
// Ids of distributions one of whose behaviours (or origins) names that id.
std::vector<std::string> users_of_cache_policy(aws::Call& call, const std::string& id);
std::vector<std::string> users_of_request_policy(aws::Call& call, const std::string& id);
std::vector<std::string> users_of_access_control(aws::Call& call, const std::string& id);

// 14 characters: "E" and 13 capitals or digits. Ids and versions look alike.
std::string new_id(aws::Call& call, std::string_view prefix = "E");
// InvalidIfMatchVersion when it is missing or no version at all, PreconditionFailed when it is an
// older one.
Status check_version(const std::optional<std::string>& if_match, const std::string& etag);
// https://cloudfront.amazonaws.com/2020-05-31/<kind>/<id>
std::string location_of(std::string_view kind, const std::string& id);

Result<TagMap> read_tags(const Tags& tags);

// A page's length as the API takes it: text. InvalidArgument unless 1 to 100.
Result<size_t> page_size(const std::optional<std::string>& text);

}  // namespace unkai::services::cloudfront
