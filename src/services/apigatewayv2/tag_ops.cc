#include "api/apigateway.h"
#include "base/strings.h"
#include "services/apigatewayv2/apigatewayv2.h"

namespace unkai::services::apigatewayv2 {

namespace {

namespace v1 = api::apigateway;

// arn:aws:apigateway:REGION::/apis/ID[/stages/NAME]; nullopt: something of version 1.
std::optional<std::vector<std::string>> own_path(const std::string& arn) {
    const size_t slash = arn.find("::/");
    if (!arn.starts_with("arn:aws:apigateway:") || slash == arn.npos) return std::nullopt;
    std::vector<std::string> out;
    for (const std::string_view part : split(std::string_view(arn).substr(slash + 3), '/'))
        out.emplace_back(part);
    if (out.size() < 2 || out[0] != "apis") return std::nullopt;
    return out;
}

template <class Change>
Status with_tags(aws::Call& call, const std::vector<std::string>& path, const Change& change) {
    if (path.size() == 4 && path[2] == "stages") {
        TRY(Stage stage, find<Stage>(call, path[1], kind::stage, path[3], "stage"));
        change(stage.tags);
        REQUIRE(check_tags(stage.tags));
        save(call, path[1], kind::stage, path[3], stage);
        return ok();
    }
    if (path.size() != 2) return bad("Invalid ARN specified in the request");
    TRY(Api api, find_api(call, path[1]));
    change(api.tags);
    REQUIRE(check_tags(api.tags));
    save(call, "", kind::api, path[1], api);
    return ok();
}

}  // namespace

Task<Result<TagResourceOutput>> ApiGatewayV2::TagResource(aws::Call& call,
                                                          const TagResourceInput& in) {
    if (const auto path = own_path(in.resource_arn)) {
        CO_REQUIRE(with_tags(call, *path, [&](Map<std::string>& tags) {
            for (const auto& [key, value] : in.tags) tags[key] = value;
        }));
        co_return TagResourceOutput{};
    }
    v1::TagResourceInput other;
    other.resource_arn = in.resource_arn;
    other.tags = Map<std::string>(in.tags);
    CO_REQUIRE(co_await client_.call<v1::op::TagResource>(aws::caller_of(call), std::move(other)));
    co_return TagResourceOutput{};
}

Task<Result<UntagResourceOutput>> ApiGatewayV2::UntagResource(aws::Call& call,
                                                              const UntagResourceInput& in) {
    if (const auto path = own_path(in.resource_arn)) {
        CO_REQUIRE(with_tags(call, *path, [&](Map<std::string>& tags) {
            for (const std::string& key : in.tag_keys) tags.erase(key);
        }));
        co_return UntagResourceOutput{};
    }
    v1::UntagResourceInput other;
    other.resource_arn = in.resource_arn;
    other.tag_keys = in.tag_keys;
    CO_REQUIRE(
        co_await client_.call<v1::op::UntagResource>(aws::caller_of(call), std::move(other)));
    co_return UntagResourceOutput{};
}

Task<Result<GetTagsOutput>> ApiGatewayV2::GetTags(aws::Call& call, const GetTagsInput& in) {
    GetTagsOutput out;
    out.tags.present = true;
    if (const auto path = own_path(in.resource_arn)) {
        CO_REQUIRE(with_tags(call, *path, [&](Map<std::string>& tags) { out.tags = tags; }));
        co_return out;
    }
    v1::GetTagsInput other;
    other.resource_arn = in.resource_arn;
    CO_TRY(const auto found,
           co_await client_.call<v1::op::GetTags>(aws::caller_of(call), std::move(other)));
    out.tags = Map<std::string>(found.tags);
    co_return out;
}

}  // namespace unkai::services::apigatewayv2
