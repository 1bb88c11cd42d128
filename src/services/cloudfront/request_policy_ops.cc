// CloudFront guide, controlling-origin-requests.
#include "aws/protocol/json_shape.h"
#include "services/cloudfront/cloudfront.h"
#include "services/cloudfront/policies.h"

namespace unkai::services::cloudfront {

namespace {

struct FoundRequestPolicy {
    OriginRequestPolicy policy;
    std::string etag;
    bool managed = false;
};

OriginRequestPolicy describe_request_policy(const ConfigRecord& record) {
    OriginRequestPolicy out{
        .id = record.id, .last_modified_time = record.modified, .origin_request_policy_config = {}};
    CHECK(aws::protocol::from_json(out.origin_request_policy_config, record.config).has_value());
    return out;
}

FoundRequestPolicy managed_request_policy(const std::string& id,
                                          const OriginRequestPolicyConfig& config) {
    return {{.id = id, .last_modified_time = managed_since, .origin_request_policy_config = config},
            std::string(managed_version),
            true};
}

Result<FoundRequestPolicy> find_request_policy(aws::Call& call, const std::string& id) {
    const auto known = managed_request_policies().find(id);
    if (known != managed_request_policies().end()) return managed_request_policy(id, known->second);
    const auto record = schema::request_policies.get(call.txn(), {call.account, id});
    if (!record)
        return errors::NoSuchOriginRequestPolicy(
            "The specified origin request policy does not exist.");
    return FoundRequestPolicy{describe_request_policy(*record), record->etag};
}

Status check_name_request_policy(aws::Call& call, const std::string& name, const std::string& own) {
    for (const auto& [key, other] : schema::request_policies.list(call.txn(), call.account))
        if (other.name == name && other.id != own)
            return errors::OriginRequestPolicyAlreadyExists(
                "An origin request policy with this name already exists: " + other.id);
    return ok();
}

ConfigRecord save_request_policy(aws::Call& call, const std::string& id,
                                 const OriginRequestPolicyConfig& config) {
    ConfigRecord record{.id = id,
                        .name = config.name,
                        .config = aws::protocol::to_json(config),
                        .etag = new_id(call),
                        .modified = call.now};
    schema::request_policies.put(call.txn(), {call.account, id}, record);
    return record;
}

}  // namespace

Result<CreateOriginRequestPolicyOutput> CloudFront::CreateOriginRequestPolicy(
    aws::Call& call, const CreateOriginRequestPolicyInput& in) {
    TRY(const OriginRequestPolicyConfig config, check_policy(in.origin_request_policy_config));
    REQUIRE(check_name_request_policy(call, config.name, ""));
    if (schema::request_policies.list(call.txn(), call.account).size() >= limits::request_policies)
        return errors::TooManyOriginRequestPolicies(
            "You have reached the maximum number of origin request policies for this account.");
    const ConfigRecord record = save_request_policy(call, call.env.random.uuid(), config);
    return CreateOriginRequestPolicyOutput{
        .origin_request_policy = describe_request_policy(record),
        .location = location_of("origin-request-policy", record.id),
        .e_tag = record.etag};
}

Result<GetOriginRequestPolicyOutput> CloudFront::GetOriginRequestPolicy(
    aws::Call& call, const GetOriginRequestPolicyInput& in) {
    TRY(const FoundRequestPolicy found, find_request_policy(call, in.id));
    return GetOriginRequestPolicyOutput{.origin_request_policy = found.policy, .e_tag = found.etag};
}

Result<GetOriginRequestPolicyConfigOutput> CloudFront::GetOriginRequestPolicyConfig(
    aws::Call& call, const GetOriginRequestPolicyConfigInput& in) {
    TRY(const FoundRequestPolicy found, find_request_policy(call, in.id));
    return GetOriginRequestPolicyConfigOutput{
        .origin_request_policy_config = found.policy.origin_request_policy_config,
        .e_tag = found.etag};
}

Result<UpdateOriginRequestPolicyOutput> CloudFront::UpdateOriginRequestPolicy(
    aws::Call& call, const UpdateOriginRequestPolicyInput& in) {
    TRY(const FoundRequestPolicy before, find_request_policy(call, in.id));
    if (before.managed)
        return errors::IllegalUpdate("You cannot update a managed origin request policy.");
    REQUIRE(check_version(in.if_match, before.etag));
    TRY(const OriginRequestPolicyConfig config, check_policy(in.origin_request_policy_config));
    REQUIRE(check_name_request_policy(call, config.name, in.id));
    const ConfigRecord record = save_request_policy(call, in.id, config);
    return UpdateOriginRequestPolicyOutput{.origin_request_policy = describe_request_policy(record),
                                           .e_tag = record.etag};
}

Result<DeleteOriginRequestPolicyOutput> CloudFront::DeleteOriginRequestPolicy(
    aws::Call& call, const DeleteOriginRequestPolicyInput& in) {
    TRY(const FoundRequestPolicy found, find_request_policy(call, in.id));
    if (found.managed) return errors::IllegalDelete("You cannot delete a managed policy.");
    REQUIRE(check_version(in.if_match, found.etag));
    if (!users_of_request_policy(call, in.id).empty())
        return errors::OriginRequestPolicyInUse(
            "Cannot delete the origin request policy because it is attached to one or more cache "
            "behaviors.");
    schema::request_policies.erase(call.txn(), {call.account, in.id});
    return DeleteOriginRequestPolicyOutput{};
}

Result<ListOriginRequestPoliciesOutput> CloudFront::ListOriginRequestPolicies(
    aws::Call& call, const ListOriginRequestPoliciesInput& in) {
    TRY(const size_t most, page_size(in.max_items));
    std::map<std::string, FoundRequestPolicy> by_id;
    if (in.type.value_or("managed") == origin_request_policy_type::managed)
        for (const auto& [id, config] : managed_request_policies())
            by_id.emplace(id, managed_request_policy(id, config));
    if (in.type.value_or("custom") == origin_request_policy_type::custom)
        for (const auto& [key, record] : schema::request_policies.list(call.txn(), call.account))
            by_id.emplace(record.id,
                          FoundRequestPolicy{describe_request_policy(record), record.etag});
    std::vector<FoundRequestPolicy> rows;
    for (auto& [id, found] : by_id) rows.push_back(std::move(found));
    TRY(const auto page, aws::page(
                             rows, [](const FoundRequestPolicy& one) { return one.policy.id; },
                             in.marker, most, "InvalidArgument"));
    OriginRequestPolicyList out;
    out.max_items = static_cast<int32_t>(most);
    out.next_marker = page.next;
    out.quantity = static_cast<int32_t>(page.items.size());
    for (const FoundRequestPolicy* found : page.items)
        out.items.push_back(
            {.type = std::string(found->managed ? origin_request_policy_type::managed
                                                : origin_request_policy_type::custom),
             .origin_request_policy = found->policy});
    return ListOriginRequestPoliciesOutput{.origin_request_policy_list = std::move(out)};
}

}  // namespace unkai::services::cloudfront
