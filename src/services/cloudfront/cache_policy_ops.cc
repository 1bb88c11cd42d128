// CloudFront guide, cache-key-create-cache-policy.
#include "aws/protocol/json_shape.h"
#include "services/cloudfront/cloudfront.h"
#include "services/cloudfront/policies.h"

namespace unkai::services::cloudfront {

namespace {

struct Found {
    CachePolicy policy;
    std::string etag;
    bool managed = false;
};

CachePolicy describe_cache_policy(const ConfigRecord& record) {
    CachePolicy out{
        .id = record.id, .last_modified_time = record.modified, .cache_policy_config = {}};
    CHECK(aws::protocol::from_json(out.cache_policy_config, record.config).has_value());
    return out;
}

Found managed(const std::string& id, const CachePolicyConfig& config) {
    return {{.id = id, .last_modified_time = managed_since, .cache_policy_config = config},
            std::string(managed_version),
            true};
}

Result<Found> find_cache_policy(aws::Call& call, const std::string& id) {
    const auto known = managed_cache_policies().find(id);
    if (known != managed_cache_policies().end()) return managed(id, known->second);
    const auto record = schema::cache_policies.get(call.txn(), {call.account, id});
    if (!record) return errors::NoSuchCachePolicy("The specified cache policy does not exist.");
    return Found{describe_cache_policy(*record), record->etag};
}

Status check_name(aws::Call& call, const std::string& name, const std::string& own) {
    for (const auto& [key, other] : schema::cache_policies.list(call.txn(), call.account))
        if (other.name == name && other.id != own)
            return errors::CachePolicyAlreadyExists(
                "A cache policy with this name already exists: " + other.id);
    return ok();
}

ConfigRecord save_cache_policy(aws::Call& call, const std::string& id,
                               const CachePolicyConfig& config) {
    ConfigRecord record{.id = id,
                        .name = config.name,
                        .config = aws::protocol::to_json(config),
                        .etag = new_id(call),
                        .modified = call.now};
    schema::cache_policies.put(call.txn(), {call.account, id}, record);
    return record;
}

}  // namespace

Result<CreateCachePolicyOutput> CloudFront::CreateCachePolicy(aws::Call& call,
                                                              const CreateCachePolicyInput& in) {
    TRY(const CachePolicyConfig config, check_policy(in.cache_policy_config));
    REQUIRE(check_name(call, config.name, ""));
    if (schema::cache_policies.list(call.txn(), call.account).size() >= limits::cache_policies)
        return errors::TooManyCachePolicies(
            "You have reached the maximum number of cache policies for this account.");
    const ConfigRecord record = save_cache_policy(call, call.env.random.uuid(), config);
    return CreateCachePolicyOutput{.cache_policy = describe_cache_policy(record),
                                   .location = location_of("cache-policy", record.id),
                                   .e_tag = record.etag};
}

Result<GetCachePolicyOutput> CloudFront::GetCachePolicy(aws::Call& call,
                                                        const GetCachePolicyInput& in) {
    TRY(const Found found, find_cache_policy(call, in.id));
    return GetCachePolicyOutput{.cache_policy = found.policy, .e_tag = found.etag};
}

Result<GetCachePolicyConfigOutput> CloudFront::GetCachePolicyConfig(
    aws::Call& call, const GetCachePolicyConfigInput& in) {
    TRY(const Found found, find_cache_policy(call, in.id));
    return GetCachePolicyConfigOutput{.cache_policy_config = found.policy.cache_policy_config,
                                      .e_tag = found.etag};
}

Result<UpdateCachePolicyOutput> CloudFront::UpdateCachePolicy(aws::Call& call,
                                                              const UpdateCachePolicyInput& in) {
    TRY(const Found before, find_cache_policy(call, in.id));
    if (before.managed) return errors::IllegalUpdate("You cannot update a managed cache policy.");
    REQUIRE(check_version(in.if_match, before.etag));
    TRY(const CachePolicyConfig config, check_policy(in.cache_policy_config));
    REQUIRE(check_name(call, config.name, in.id));
    const ConfigRecord record = save_cache_policy(call, in.id, config);
    return UpdateCachePolicyOutput{.cache_policy = describe_cache_policy(record),
                                   .e_tag = record.etag};
}

Result<DeleteCachePolicyOutput> CloudFront::DeleteCachePolicy(aws::Call& call,
                                                              const DeleteCachePolicyInput& in) {
    TRY(const Found found, find_cache_policy(call, in.id));
    if (found.managed) return errors::IllegalDelete("You cannot delete a managed policy.");
    REQUIRE(check_version(in.if_match, found.etag));
    if (!users_of_cache_policy(call, in.id).empty())
        return errors::CachePolicyInUse(
            "Cannot delete the cache policy because it is attached to one or more cache "
            "behaviors.");
    schema::cache_policies.erase(call.txn(), {call.account, in.id});
    return DeleteCachePolicyOutput{};
}

Result<ListCachePoliciesOutput> CloudFront::ListCachePolicies(aws::Call& call,
                                                              const ListCachePoliciesInput& in) {
    TRY(const size_t most, page_size(in.max_items));
    std::map<std::string, Found> by_id;
    if (in.type.value_or("managed") == cache_policy_type::managed)
        for (const auto& [id, config] : managed_cache_policies())
            by_id.emplace(id, managed(id, config));
    if (in.type.value_or("custom") == cache_policy_type::custom)
        for (const auto& [key, record] : schema::cache_policies.list(call.txn(), call.account))
            by_id.emplace(record.id, Found{describe_cache_policy(record), record.etag});
    std::vector<Found> rows;
    for (auto& [id, found] : by_id) rows.push_back(std::move(found));
    TRY(const auto page, aws::page(
                             rows, [](const Found& one) { return one.policy.id; }, in.marker, most,
                             "InvalidArgument"));
    CachePolicyList out;
    out.max_items = static_cast<int32_t>(most);
    out.next_marker = page.next;
    out.quantity = static_cast<int32_t>(page.items.size());
    for (const Found* found : page.items)
        out.items.push_back({.type = std::string(found->managed ? cache_policy_type::managed
                                                                : cache_policy_type::custom),
                             .cache_policy = found->policy});
    return ListCachePoliciesOutput{.cache_policy_list = std::move(out)};
}

}  // namespace unkai::services::cloudfront
