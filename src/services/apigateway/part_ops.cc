#include <regex>

#include "base/strings.h"
#include "services/apigateway/apigateway.h"
#include "services/apigateway/content.h"
#include "wire/json.h"

namespace unkai::services::apigateway {

namespace {

// https://docs.aws.amazon.com/apigateway/latest/api/API_CreateAuthorizer.html
Status check_authorizer(const Authorizer& one) {
    if (one.type == "COGNITO_USER_POOLS")
        return bad(
            "Unkai has no Cognito user pools. Use TOKEN or REQUEST, or an HTTP API with a "
            "JWT authorizer.");
    if (one.type != "TOKEN" && one.type != "REQUEST")
        return bad("Invalid authorizer type specified: " + one.type.value_or(""));
    if (one.name.value_or("").empty()) return bad("Authorizer name cannot be empty");
    if (!function_of(one.authorizer_uri.value_or("")))
        return bad("Invalid Authorizer URI: " + one.authorizer_uri.value_or("") +
                   ". Authorizer URI should be a valid API Gateway ARN that represents a Lambda "
                   "function invocation.");
    const int32_t ttl = one.authorizer_result_ttl_in_seconds.value_or(300);
    if (ttl < 0 || ttl > limits::most_ttl)
        return bad("Authorizer result TTL must be between 0 and 3600 seconds");
    const std::string sources = one.identity_source.value_or("");
    if (one.type == "TOKEN" && !sources.starts_with("method.request.header."))
        return bad(
            "Identity source must be of the form method.request.header.NAME for TOKEN "
            "authorizers");
    if (one.type == "REQUEST" && sources.empty() && ttl > 0)
        return bad(
            "Identity sources must be given for REQUEST authorizers whose results are "
            "cached");
    if (one.type == "REQUEST" && !sources.empty())
        for (const std::string_view source : split(sources, ',')) {
            const std::string_view text = trim(source);
            if (!text.starts_with("method.request.header.") &&
                !text.starts_with("method.request.querystring.") &&
                !text.starts_with("stageVariables.") && !text.starts_with("context."))
                return bad("Invalid identity source specified: " + std::string(text));
        }
    return ok();
}

Status check_name_free(aws::Call& call, const std::string& api, const Authorizer& made) {
    for (const Authorizer& one : all<Authorizer>(call, api, kind::authorizer))
        if (one.name == made.name && one.id != made.id)
            return bad("Authorizer name must be unique. Authorizer " + *made.name +
                       " already exists in this RestApi.");
    return ok();
}

// Every method of the API for which `uses` holds.
bool a_method_uses(aws::Call& call, const std::string& api,
                   const std::function<bool(const Method&)>& uses) {
    for (const Resource& resource : all<Resource>(call, api, kind::resource))
        for (const auto& [name, method] : resource.resource_methods)
            if (uses(method)) return true;
    return false;
}

Status check_model(const Model& model) {
    const bool plain = std::all_of(model.name->begin(), model.name->end(),
                                   [](char c) { return isalnum(static_cast<unsigned char>(c)); });
    if (model.name->empty() || !plain)
        return bad("Model name must be alphanumeric: " + *model.name);
    if (model.schema && !model.schema->empty()) {
        const auto schema = wire::Json::parse(*model.schema);
        if (!schema || !schema->is_object())
            return bad(
                "Invalid model specified: Validation Result: warnings : [], errors : "
                "[Invalid model schema specified]");
    }
    return ok();
}

}  // namespace

Result<Authorizer> ApiGateway::CreateAuthorizer(aws::Call& call, const CreateAuthorizerInput& in) {
    REQUIRE(find_rest_api(call, in.rest_api_id));
    Authorizer made{
        .id = new_id(call, 6),
        .name = in.name,
        .type = in.type,
        .auth_type = in.auth_type.value_or("custom"),
        .authorizer_uri = in.authorizer_uri,
        .authorizer_credentials = in.authorizer_credentials,
        .identity_source = in.identity_source,
        .identity_validation_expression = in.identity_validation_expression,
        .authorizer_result_ttl_in_seconds = in.authorizer_result_ttl_in_seconds.value_or(300)};
    REQUIRE(check_authorizer(made));
    REQUIRE(check_name_free(call, in.rest_api_id, made));
    if (all<Authorizer>(call, in.rest_api_id, kind::authorizer).size() >= limits::authorizers)
        return errors::LimitExceededException(
            "Maximum number of Authorizers for this API has been reached. Please contact AWS if "
            "you need additional Authorizers.");
    save(call, in.rest_api_id, kind::authorizer, *made.id, made);
    return made;
}

Result<Authorizer> ApiGateway::GetAuthorizer(aws::Call& call, const GetAuthorizerInput& in) {
    REQUIRE(find_rest_api(call, in.rest_api_id));
    return find<Authorizer>(call, in.rest_api_id, kind::authorizer, in.authorizer_id,
                            "Authorizer identifier");
}

Result<GetAuthorizersOutput> ApiGateway::GetAuthorizers(aws::Call& call,
                                                        const GetAuthorizersInput& in) {
    REQUIRE(find_rest_api(call, in.rest_api_id));
    GetAuthorizersOutput out;
    REQUIRE(put_page(
        all<Authorizer>(call, in.rest_api_id, kind::authorizer),
        [](const Authorizer& one) { return *one.id; }, in.position, in.limit, out));
    return out;
}

Result<Authorizer> ApiGateway::UpdateAuthorizer(aws::Call& call, const UpdateAuthorizerInput& in) {
    TRY(Authorizer found,
        GetAuthorizer(call, {.rest_api_id = in.rest_api_id, .authorizer_id = in.authorizer_id}));
    REQUIRE(patch(
        found, in.patch_operations,
        {"/name", "/type", "/authType", "/authorizerUri", "/authorizerCredentials",
         "/identitySource", "/identityValidationExpression", "/authorizerResultTtlInSeconds"}));
    REQUIRE(check_authorizer(found));
    REQUIRE(check_name_free(call, in.rest_api_id, found));
    save(call, in.rest_api_id, kind::authorizer, in.authorizer_id, found);
    return found;
}

Result<DeleteAuthorizerOutput> ApiGateway::DeleteAuthorizer(aws::Call& call,
                                                            const DeleteAuthorizerInput& in) {
    REQUIRE(
        GetAuthorizer(call, {.rest_api_id = in.rest_api_id, .authorizer_id = in.authorizer_id}));
    if (a_method_uses(call, in.rest_api_id,
                      [&](const Method& one) { return one.authorizer_id == in.authorizer_id; }))
        return errors::ConflictException("Cannot delete authorizer '" + in.authorizer_id +
                                         "', is referenced in at least one method");
    erase(call, in.rest_api_id, kind::authorizer, in.authorizer_id);
    return DeleteAuthorizerOutput{};
}

Result<RequestValidator> ApiGateway::CreateRequestValidator(aws::Call& call,
                                                            const CreateRequestValidatorInput& in) {
    REQUIRE(find_rest_api(call, in.rest_api_id));
    if (all<RequestValidator>(call, in.rest_api_id, kind::validator).size() >= limits::validators)
        return errors::LimitExceededException("Maximum number of request validators reached.");
    RequestValidator made{
        .id = new_id(call, 6),
        .name = in.name,
        .validate_request_body = in.validate_request_body.value_or(false),
        .validate_request_parameters = in.validate_request_parameters.value_or(false)};
    save(call, in.rest_api_id, kind::validator, *made.id, made);
    return made;
}

Result<RequestValidator> ApiGateway::GetRequestValidator(aws::Call& call,
                                                         const GetRequestValidatorInput& in) {
    REQUIRE(find_rest_api(call, in.rest_api_id));
    return find<RequestValidator>(call, in.rest_api_id, kind::validator, in.request_validator_id,
                                  "Request Validator identifier");
}

Result<GetRequestValidatorsOutput> ApiGateway::GetRequestValidators(
    aws::Call& call, const GetRequestValidatorsInput& in) {
    REQUIRE(find_rest_api(call, in.rest_api_id));
    GetRequestValidatorsOutput out;
    REQUIRE(put_page(
        all<RequestValidator>(call, in.rest_api_id, kind::validator),
        [](const RequestValidator& one) { return *one.id; }, in.position, in.limit, out));
    return out;
}

Result<RequestValidator> ApiGateway::UpdateRequestValidator(aws::Call& call,
                                                            const UpdateRequestValidatorInput& in) {
    TRY(RequestValidator found,
        GetRequestValidator(call, {.rest_api_id = in.rest_api_id,
                                   .request_validator_id = in.request_validator_id}));
    REQUIRE(patch(found, in.patch_operations,
                  {"/name", "/validateRequestBody", "/validateRequestParameters"}));
    save(call, in.rest_api_id, kind::validator, in.request_validator_id, found);
    return found;
}

Result<DeleteRequestValidatorOutput> ApiGateway::DeleteRequestValidator(
    aws::Call& call, const DeleteRequestValidatorInput& in) {
    REQUIRE(GetRequestValidator(
        call, {.rest_api_id = in.rest_api_id, .request_validator_id = in.request_validator_id}));
    if (a_method_uses(call, in.rest_api_id, [&](const Method& one) {
            return one.request_validator_id == in.request_validator_id;
        }))
        return errors::ConflictException("Cannot delete request validator '" +
                                         in.request_validator_id +
                                         "', is referenced in at least one method");
    erase(call, in.rest_api_id, kind::validator, in.request_validator_id);
    return DeleteRequestValidatorOutput{};
}

Result<Model> ApiGateway::CreateModel(aws::Call& call, const CreateModelInput& in) {
    REQUIRE(find_rest_api(call, in.rest_api_id));
    Model made{.id = new_id(call, 6),
               .name = in.name,
               .description = in.description,
               .schema = in.schema,
               .content_type = in.content_type};
    REQUIRE(check_model(made));
    if (load<Model>(call, in.rest_api_id, kind::model, in.name))
        return errors::ConflictException("Model name already exists for this REST API");
    if (all<Model>(call, in.rest_api_id, kind::model).size() >= limits::models)
        return errors::LimitExceededException("Maximum number of models reached.");
    save(call, in.rest_api_id, kind::model, in.name, made);
    return made;
}

Result<Model> ApiGateway::GetModel(aws::Call& call, const GetModelInput& in) {
    REQUIRE(find_rest_api(call, in.rest_api_id));
    auto found = load<Model>(call, in.rest_api_id, kind::model, in.model_name);
    if (!found) return errors::NotFoundException("Invalid model name specified: " + in.model_name);
    return *std::move(found);
}

Result<GetModelsOutput> ApiGateway::GetModels(aws::Call& call, const GetModelsInput& in) {
    REQUIRE(find_rest_api(call, in.rest_api_id));
    GetModelsOutput out;
    REQUIRE(put_page(
        all<Model>(call, in.rest_api_id, kind::model), [](const Model& one) { return *one.name; },
        in.position, in.limit, out));
    return out;
}

Result<Model> ApiGateway::UpdateModel(aws::Call& call, const UpdateModelInput& in) {
    TRY(Model found, GetModel(call, {.rest_api_id = in.rest_api_id, .model_name = in.model_name}));
    REQUIRE(patch(found, in.patch_operations, {"/description", "/schema"}));
    REQUIRE(check_model(found));
    save(call, in.rest_api_id, kind::model, in.model_name, found);
    return found;
}

Result<DeleteModelOutput> ApiGateway::DeleteModel(aws::Call& call, const DeleteModelInput& in) {
    REQUIRE(GetModel(call, {.rest_api_id = in.rest_api_id, .model_name = in.model_name}));
    if (a_method_uses(call, in.rest_api_id, [&](const Method& one) {
            for (const auto& [type, name] : one.request_models)
                if (name == in.model_name) return true;
            return false;
        }))
        return errors::ConflictException("Cannot delete model '" + in.model_name +
                                         "', is referenced in at least one method");
    erase(call, in.rest_api_id, kind::model, in.model_name);
    return DeleteModelOutput{};
}

}  // namespace unkai::services::apigateway
