#include "services/cloudfront/cloudfront.h"

namespace unkai::services::cloudfront {

namespace {

// Marker, MaxItems, IsTruncated, Quantity and NextMarker are alike in all lists.
template <class ListShape, class Row>
void describe_page(ListShape& list, const aws::Page<Row>& page,
                   const std::optional<std::string>& marker, size_t most) {
    list.marker = marker.value_or("");
    list.max_items = static_cast<int32_t>(most);
    list.is_truncated = page.next.has_value();
    list.next_marker = page.next;
    list.quantity = static_cast<int32_t>(page.items.size());
}

DistributionSummary summarize(const DistributionRecord& record, std::string status) {
    DistributionConfig config = config_of(record);
    DistributionSummary out;
    out.id = record.id;
    out.arn = record.arn();
    out.e_tag = record.etag;
    out.status = std::move(status);
    out.last_modified_time = record.modified;
    out.domain_name = record.domain;
    out.aliases = *std::move(config.aliases);
    out.origins = std::move(config.origins);
    out.origin_groups = std::move(config.origin_groups);
    out.default_cache_behavior = std::move(config.default_cache_behavior);
    out.cache_behaviors = *std::move(config.cache_behaviors);
    out.custom_error_responses = *std::move(config.custom_error_responses);
    out.comment = std::move(config.comment);
    out.price_class = config.price_class.value_or("");
    out.enabled = config.enabled;
    out.viewer_certificate = *std::move(config.viewer_certificate);
    out.restrictions = *std::move(config.restrictions);
    out.web_acl_id = config.web_acl_id.value_or("");
    out.http_version = config.http_version.value_or("");
    out.is_ipv6_enabled = config.is_ipv6_enabled.value_or(false);
    for (const std::string& alias : record.aliases)
        out.alias_icp_recordals.push_back(
            {.cname = alias, .icp_recordal_status = std::string(icp_recordal_status::approved)});
    out.staging = false;
    return out;
}

Result<DistributionIdList> list_ids(const std::vector<std::string>& ids,
                                    const std::optional<std::string>& marker,
                                    const std::optional<std::string>& max_items) {
    TRY(const size_t most, page_size(max_items));
    TRY(const auto page,
        aws::page(ids, [](const std::string& id) { return id; }, marker, most, "InvalidArgument"));
    DistributionIdList out;
    describe_page(out, page, marker, most);
    for (const std::string* id : page.items) out.items.push_back(*id);
    return out;
}

}  // namespace

Result<ListDistributionsOutput> CloudFront::ListDistributions(aws::Call& call,
                                                              const ListDistributionsInput& in) {
    TRY(const size_t most, page_size(in.max_items));
    const auto records = distributions_of(call);
    TRY(const auto page, aws::page(
                             records, [](const DistributionRecord& one) { return one.id; },
                             in.marker, most, "InvalidArgument"));
    DistributionList out;
    describe_page(out, page, in.marker, most);
    for (const DistributionRecord* record : page.items)
        out.items.push_back(summarize(*record, status_of(*record)));
    return ListDistributionsOutput{.distribution_list = std::move(out)};
}

Result<ListDistributionsByCachePolicyIdOutput> CloudFront::ListDistributionsByCachePolicyId(
    aws::Call& call, const ListDistributionsByCachePolicyIdInput& in) {
    REQUIRE(GetCachePolicy(call, {.id = in.cache_policy_id}));
    TRY(auto list,
        list_ids(users_of_cache_policy(call, in.cache_policy_id), in.marker, in.max_items));
    return ListDistributionsByCachePolicyIdOutput{.distribution_id_list = std::move(list)};
}

Result<ListDistributionsByOriginRequestPolicyIdOutput>
CloudFront::ListDistributionsByOriginRequestPolicyId(
    aws::Call& call, const ListDistributionsByOriginRequestPolicyIdInput& in) {
    REQUIRE(GetOriginRequestPolicy(call, {.id = in.origin_request_policy_id}));
    TRY(auto list, list_ids(users_of_request_policy(call, in.origin_request_policy_id), in.marker,
                            in.max_items));
    return ListDistributionsByOriginRequestPolicyIdOutput{.distribution_id_list = std::move(list)};
}

}  // namespace unkai::services::cloudfront
