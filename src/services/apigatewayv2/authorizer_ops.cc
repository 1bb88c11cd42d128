#include "base/strings.h"
#include "services/apigatewayv2/apigatewayv2.h"
#include "services/apigatewayv2/content.h"

namespace unkai::services::apigatewayv2 {

namespace {

// https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-authorizers.html
Status check_authorizer(aws::Call& call, const std::string& api, const Authorizer& one) {
    for (const Authorizer& other : all<Authorizer>(call, api, kind::authorizer))
        if (other.name == one.name && other.authorizer_id != one.authorizer_id)
            return bad("Authorizer name must be unique: " + one.name);
    for (const std::string& source : one.identity_source)
        if (!source.starts_with("$request.header.") &&
            !source.starts_with("$request.querystring.") && !source.starts_with("$context.") &&
            !source.starts_with("$stageVariables."))
            return bad("Invalid identity source specified: " + source);
    if (one.authorizer_type == "JWT") {
        if (!one.jwt_configuration || !has(one.jwt_configuration->issuer) ||
            one.jwt_configuration->audience.empty())
            return bad(
                "JWT configuration with an issuer and an audience is required for JWT "
                "authorizers");
        const std::string issuer = *one.jwt_configuration->issuer;
        if (!issuer.starts_with("https://") && !issuer.starts_with("http://"))
            return bad("Caught exception when connecting to " + issuer +
                       "/.well-known/openid-configuration. Please try again later.");
        if (one.identity_source.size() != 1)
            return bad("Exactly one identity source is required for JWT authorizers");
        return ok();
    }
    if (one.authorizer_type != "REQUEST")
        return bad("For HTTP APIs the authorizer type must be REQUEST or JWT");
    if (!function_of(one.authorizer_uri.value_or("")))
        return bad("Invalid Authorizer URI: " + one.authorizer_uri.value_or(""));
    const std::string version = one.authorizer_payload_format_version.value_or("");
    if (version != "1.0" && version != "2.0")
        return bad("AuthorizerPayloadFormatVersion is a required parameter for REQUEST authorizer");
    if (version == "1.0" && one.enable_simple_responses.value_or(false))
        return bad("Simple responses need the payload format version 2.0");
    const int32_t ttl = one.authorizer_result_ttl_in_seconds.value_or(0);
    if (ttl < 0 || ttl > limits::most_ttl)
        return bad("AuthorizerResultTtlInSeconds must be between 0 and 3600");
    if (ttl > 0 && one.identity_source.empty())
        return bad("Identity sources are required when results are cached");
    return ok();
}

}  // namespace

Result<CreateAuthorizerOutput> ApiGatewayV2::CreateAuthorizer(aws::Call& call,
                                                              const CreateAuthorizerInput& in) {
    REQUIRE(find_api(call, in.api_id));
    if (all<Authorizer>(call, in.api_id, kind::authorizer).size() >= limits::authorizers)
        return full("Authorizers");
    Authorizer made;
    made.authorizer_id = new_id(call, 6);
    made.authorizer_credentials_arn = in.authorizer_credentials_arn;
    made.authorizer_payload_format_version = in.authorizer_payload_format_version;
    made.authorizer_result_ttl_in_seconds = in.authorizer_result_ttl_in_seconds;
    made.authorizer_type = in.authorizer_type;
    made.authorizer_uri = in.authorizer_uri;
    made.enable_simple_responses = in.enable_simple_responses;
    made.identity_source = in.identity_source;
    made.jwt_configuration = in.jwt_configuration;
    made.name = in.name;
    REQUIRE(check_authorizer(call, in.api_id, made));
    save(call, in.api_id, kind::authorizer, *made.authorizer_id, made);
    auto_deploy(call, in.api_id);
    return as<CreateAuthorizerOutput>(made);
}

Result<GetAuthorizerOutput> ApiGatewayV2::GetAuthorizer(aws::Call& call,
                                                        const GetAuthorizerInput& in) {
    TRY(const Authorizer found,
        find<Authorizer>(call, in.api_id, kind::authorizer, in.authorizer_id, "Authorizer"));
    return as<GetAuthorizerOutput>(found);
}

Result<GetAuthorizersOutput> ApiGatewayV2::GetAuthorizers(aws::Call& call,
                                                          const GetAuthorizersInput& in) {
    REQUIRE(find_api(call, in.api_id));
    GetAuthorizersOutput out;
    REQUIRE(put_page<Authorizer>(
        all<Authorizer>(call, in.api_id, kind::authorizer),
        [](const Authorizer& one) { return *one.authorizer_id; }, in.next_token, in.max_results,
        out));
    return out;
}

Result<UpdateAuthorizerOutput> ApiGatewayV2::UpdateAuthorizer(aws::Call& call,
                                                              const UpdateAuthorizerInput& in) {
    TRY(Authorizer found,
        find<Authorizer>(call, in.api_id, kind::authorizer, in.authorizer_id, "Authorizer"));
    replace(found.authorizer_credentials_arn, in.authorizer_credentials_arn);
    replace(found.authorizer_payload_format_version, in.authorizer_payload_format_version);
    replace(found.authorizer_result_ttl_in_seconds, in.authorizer_result_ttl_in_seconds);
    replace(found.authorizer_type, in.authorizer_type);
    replace(found.authorizer_uri, in.authorizer_uri);
    replace(found.enable_simple_responses, in.enable_simple_responses);
    replace(found.jwt_configuration, in.jwt_configuration);
    if (in.identity_source.given()) found.identity_source = in.identity_source;
    if (in.name) found.name = *in.name;
    REQUIRE(check_authorizer(call, in.api_id, found));
    save(call, in.api_id, kind::authorizer, in.authorizer_id, found);
    auto_deploy(call, in.api_id);
    return as<UpdateAuthorizerOutput>(found);
}

Result<DeleteAuthorizerOutput> ApiGatewayV2::DeleteAuthorizer(aws::Call& call,
                                                              const DeleteAuthorizerInput& in) {
    REQUIRE(find<Authorizer>(call, in.api_id, kind::authorizer, in.authorizer_id, "Authorizer"));
    for (const Route& route : all<Route>(call, in.api_id, kind::route))
        if (route.authorizer_id == in.authorizer_id)
            return errors::ConflictException("Cannot delete authorizer '" + in.authorizer_id +
                                             "', is referenced in route " + route.route_key);
    erase(call, in.api_id, kind::authorizer, in.authorizer_id);
    auto_deploy(call, in.api_id);
    return DeleteAuthorizerOutput{};
}

Result<ResetAuthorizersCacheOutput> ApiGatewayV2::ResetAuthorizersCache(
    aws::Call& call, const ResetAuthorizersCacheInput& in) {
    REQUIRE(find<Stage>(call, in.api_id, kind::stage, in.stage_name, "stage"));
    call.after_commit(
        [this, api = in.api_id, stage = in.stage_name] { gateway_.flush_authorizers(api, stage); });
    return ResetAuthorizersCacheOutput{};
}

}  // namespace unkai::services::apigatewayv2
