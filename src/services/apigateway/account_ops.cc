#include "base/strings.h"
#include "services/apigateway/apigateway.h"

namespace unkai::services::apigateway {

namespace {

Account account_of(aws::Call& call) {
    Account out = load<Account>(call, "", kind::account, "").value_or(Account{});
    out.throttle_settings = ThrottleSettings{.burst_limit = 5000, .rate_limit = 10000.0};
    out.features = {"UsagePlans"};
    out.api_key_version = "4";
    return out;
}

// Applies `change` to the tags of what the ARN names:
// arn:aws:apigateway:REGION::/restapis/ID[/stages/NAME], /domainnames/…, /apikeys/…, /usageplans/…
template <class Change>
Status with_tags(aws::Call& call, const std::string& arn, const Change& change) {
    const size_t slash = arn.find("::/");
    if (!arn.starts_with("arn:aws:apigateway:") || slash == arn.npos)
        return bad("Invalid ARN specified in the request");
    const auto parts = split(std::string_view(arn).substr(slash + 3), '/');
    const auto apply = [&](auto value, const std::string& scope, const char* kind,
                           const std::string& id) -> Status {
        auto found = load<decltype(value)>(call, scope, kind, id);
        if (!found) return errors::NotFoundException("Invalid resource identifier specified");
        if (change(found->tags)) {
            REQUIRE(check_tags(found->tags));
            save(call, scope, kind, id, *found);
        }
        return ok();
    };
    const std::string id = parts.size() > 1 ? std::string(parts[1]) : "";
    if (parts[0] == "restapis" && parts.size() == 4 && parts[2] == "stages")
        return apply(Stage{}, id, kind::stage, std::string(parts[3]));
    if (parts.size() != 2) return bad("Invalid ARN specified in the request");
    if (parts[0] == "restapis") return apply(RestApi{}, "", kind::api, id);
    if (parts[0] == "domainnames") return apply(DomainName{}, "", kind::domain, to_lower(id));
    if (parts[0] == "apikeys") return apply(ApiKey{}, "", kind::key, id);
    if (parts[0] == "usageplans") return apply(UsagePlan{}, "", kind::plan, id);
    return bad("Invalid ARN specified in the request");
}

}  // namespace

Result<Account> ApiGateway::GetAccount(aws::Call& call, const GetAccountInput&) {
    return account_of(call);
}

Result<Account> ApiGateway::UpdateAccount(aws::Call& call, const UpdateAccountInput& in) {
    Account account = account_of(call);
    REQUIRE(patch(account, in.patch_operations, {"/cloudwatchRoleArn"}));
    const std::string role = account.cloudwatch_role_arn.value_or("");
    if (!role.empty() &&
        (!role.starts_with("arn:aws:iam::") || role.find(":role/") == std::string::npos))
        return bad(
            "The role ARN does not have required permissions configured. Please grant trust "
            "permission for API Gateway and add the required role policy.");
    save(call, "", kind::account, "", account);
    return account_of(call);
}

Result<TagResourceOutput> ApiGateway::TagResource(aws::Call& call, const TagResourceInput& in) {
    REQUIRE(with_tags(call, in.resource_arn, [&](Map<std::string>& tags) {
        for (const auto& [key, value] : in.tags) tags[key] = value;
        return true;
    }));
    return TagResourceOutput{};
}

Result<UntagResourceOutput> ApiGateway::UntagResource(aws::Call& call,
                                                      const UntagResourceInput& in) {
    REQUIRE(with_tags(call, in.resource_arn, [&](Map<std::string>& tags) {
        for (const std::string& key : in.tag_keys) tags.erase(key);
        return true;
    }));
    return UntagResourceOutput{};
}

Result<GetTagsOutput> ApiGateway::GetTags(aws::Call& call, const GetTagsInput& in) {
    GetTagsOutput out;
    REQUIRE(with_tags(call, in.resource_arn, [&](Map<std::string>& tags) {
        out.tags = tags;
        return false;
    }));
    out.tags.present = true;
    return out;
}

}  // namespace unkai::services::apigateway
