#include "base/strings.h"
#include "services/apigateway/apigateway.h"

namespace unkai::services::apigateway {

namespace {

ApiKey shown_key(ApiKey key, const std::optional<bool>& with_value) {
    if (!with_value.value_or(false)) key.value.reset();
    return key;
}

Result<ApiKey> find_key(aws::Call& call, const std::string& id) {
    return find<ApiKey>(call, "", kind::key, id, "API Key identifier");
}

}  // namespace

Result<ApiKey> ApiGateway::CreateApiKey(aws::Call& call, const CreateApiKeyInput& in) {
    if (!in.stage_keys.empty())
        return bad(
            "API keys belong to usage plans: leave out stageKeys, and call "
            "CreateUsagePlanKey.");
    const auto keys = all<ApiKey>(call, "", kind::key);
    if (keys.size() >= limits::api_keys)
        return errors::LimitExceededException(
            "Maximum number of API keys for this account has been reached.");
    ApiKey made{
        .id = new_id(call, 10),
        .value = in.value && !in.value->empty() ? *in.value : call.env.random.alphanumeric(40),
        .name = in.name,
        .customer_id = in.customer_id,
        .description = in.description,
        .enabled = in.enabled.value_or(false),
        .created_date = call.now,
        .last_updated_date = call.now,
        .tags = in.tags};
    made.stage_keys.present = true;
    if (made.value->size() < limits::least_key || made.value->size() > limits::most_key)
        return bad(made.value->size() < limits::least_key
                       ? "API Key value should be at least 20 characters"
                       : "API Key value should be at most 128 characters");
    REQUIRE(check_tags(made.tags));
    for (const ApiKey& one : keys)
        if (one.value == made.value) return errors::ConflictException("API Key already exists");
    save(call, "", kind::key, *made.id, made);
    return made;
}

Result<ApiKey> ApiGateway::GetApiKey(aws::Call& call, const GetApiKeyInput& in) {
    TRY(ApiKey found, find_key(call, in.api_key));
    return shown_key(std::move(found), in.include_value);
}

Result<GetApiKeysOutput> ApiGateway::GetApiKeys(aws::Call& call, const GetApiKeysInput& in) {
    std::vector<ApiKey> keys;
    for (ApiKey& key : all<ApiKey>(call, "", kind::key)) {
        if (in.name_query && !key.name.value_or("").starts_with(*in.name_query)) continue;
        if (in.customer_id && key.customer_id != in.customer_id) continue;
        keys.push_back(shown_key(std::move(key), in.include_values));
    }
    GetApiKeysOutput out;
    REQUIRE(put_page(keys, [](const ApiKey& one) { return *one.id; }, in.position, in.limit, out));
    return out;
}

Result<ApiKey> ApiGateway::UpdateApiKey(aws::Call& call, const UpdateApiKeyInput& in) {
    TRY(ApiKey found, find_key(call, in.api_key));
    REQUIRE(
        patch(found, in.patch_operations, {"/name", "/description", "/enabled", "/customerId"}));
    found.last_updated_date = call.now;
    save(call, "", kind::key, in.api_key, found);
    return shown_key(std::move(found), false);
}

Result<DeleteApiKeyOutput> ApiGateway::DeleteApiKey(aws::Call& call, const DeleteApiKeyInput& in) {
    REQUIRE(find_key(call, in.api_key));
    erase(call, "", kind::key, in.api_key);
    for (const UsagePlan& plan : all<UsagePlan>(call, "", kind::plan))
        erase(call, *plan.id, kind::plan_key, in.api_key);
    return DeleteApiKeyOutput{};
}

}  // namespace unkai::services::apigateway
