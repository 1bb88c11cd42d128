#include "services/cloudfront/cloudfront.h"

namespace unkai::services::cloudfront {

namespace {

// Only distributions bear tags here.
Result<DistributionRecord> find_tagged(aws::Call& call, const std::string& arn) {
    const std::string prefix = "arn:aws:cloudfront::" + call.account + ":distribution/";
    if (!arn.starts_with("arn:aws:cloudfront::"))
        return errors::InvalidArgument("The parameter Resource is no ARN of CloudFront: " + arn);
    const auto record =
        arn.starts_with(prefix)
            ? schema::distributions.get(call.txn(), {call.account, arn.substr(prefix.size())})
            : std::nullopt;
    if (!record) return errors::NoSuchResource("The specified resource does not exist: " + arn);
    return *record;
}

void save_tag(aws::Call& call, const DistributionRecord& record) {
    schema::distributions.put(call.txn(), {call.account, record.id}, record);
}

}  // namespace

Result<TagResourceOutput> CloudFront::TagResource(aws::Call& call, const TagResourceInput& in) {
    TRY(DistributionRecord record, find_tagged(call, in.resource));
    TRY(const TagMap tags, read_tags(in.tags));
    for (const auto& [key, value] : tags) record.tags[key] = value;
    if (record.tags.size() > limits::tags)
        return errors::InvalidTagging("A distribution has at most 50 tags.");
    save_tag(call, record);
    return TagResourceOutput{};
}

Result<UntagResourceOutput> CloudFront::UntagResource(aws::Call& call,
                                                      const UntagResourceInput& in) {
    TRY(DistributionRecord record, find_tagged(call, in.resource));
    for (const std::string& key : in.tag_keys.items) record.tags.erase(key);
    save_tag(call, record);
    return UntagResourceOutput{};
}

Result<ListTagsForResourceOutput> CloudFront::ListTagsForResource(
    aws::Call& call, const ListTagsForResourceInput& in) {
    TRY(const DistributionRecord record, find_tagged(call, in.resource));
    ListTagsForResourceOutput out;
    out.tags.items.present = true;
    for (const auto& [key, value] : record.tags)
        out.tags.items.push_back({.key = key, .value = value});
    return out;
}

}  // namespace unkai::services::cloudfront
