// Domain names are kept by API version 1, and asked for there; mappings are kept here.
#include "api/apigateway.h"
#include "base/strings.h"
#include "services/apigatewayv2/apigatewayv2.h"

namespace unkai::services::apigatewayv2 {

namespace {

namespace v1 = api::apigateway;

template <class Out>
Out shown_domain(const v1::DomainName& from) {
    Out out;
    out.api_mapping_selection_expression = "$request.basepath";
    if constexpr (requires { out.domain_name.has_value(); })
        out.domain_name = from.domain_name;
    else
        out.domain_name = from.domain_name.value_or("");
    out.domain_name_arn = from.domain_name_arn;
    out.routing_mode = "API_MAPPING_ONLY";
    DomainNameConfiguration one;
    const bool edge = !from.regional_domain_name.has_value();
    one.api_gateway_domain_name = edge ? from.distribution_domain_name : from.regional_domain_name;
    one.certificate_arn = edge ? from.certificate_arn : from.regional_certificate_arn;
    one.hosted_zone_id = edge ? from.distribution_hosted_zone_id : from.regional_hosted_zone_id;
    one.domain_name_status = from.domain_name_status;
    one.endpoint_type = edge ? "EDGE" : "REGIONAL";
    one.security_policy = from.security_policy;
    one.ip_address_type = "ipv4";
    out.domain_name_configurations.push_back(std::move(one));
    out.tags = Map<std::string>(from.tags);
    return out;
}

// Whether the API and its stage are there: ours, or a REST API's.
Task<Status> check_target(aws::Call& call, aws::Client& client, const ApiMapping& mapping) {
    if (load<Api>(call, "", kind::api, mapping.api_id)) {
        if (!load<Stage>(call, mapping.api_id, kind::stage, mapping.stage))
            co_return bad("Invalid stage identifier specified");
        co_return ok();
    }
    const auto stage = co_await client.call<v1::op::GetStage>(
        aws::caller_of(call), {.rest_api_id = mapping.api_id, .stage_name = mapping.stage});
    if (!stage) co_return bad("Invalid API identifier specified " + mapping.api_id);
    co_return ok();
}

Status check_key(aws::Call& call, const std::string& scope, const ApiMapping& mapping) {
    const std::string key = mapping.api_mapping_key.value_or("");
    if (key.starts_with('/') || key.ends_with('/') || key.find("//") != std::string::npos)
        return bad("API mapping key should not start with, end with or double a '/': " + key);
    for (const ApiMapping& other : all<ApiMapping>(call, scope, kind::mapping))
        if (other.api_mapping_key.value_or("") == key &&
            other.api_mapping_id != mapping.api_mapping_id)
            return errors::ConflictException("ApiMapping key already exists for this domain name");
    return ok();
}

std::string mapping_key(const v1::BasePathMapping& mapping) {
    return mapping.base_path == "(none)" ? "" : mapping.base_path.value_or("");
}

}  // namespace

Task<Result<CreateDomainNameOutput>> ApiGatewayV2::CreateDomainName(
    aws::Call& call, const CreateDomainNameInput& in) {
    if (in.domain_name_configurations.size() != 1)
        co_return bad("Exactly one domain name configuration is required.");
    if (in.mutual_tls_authentication)
        co_return bad("Unkai has no mutual TLS for domain names. Use a Lambda authorizer.");
    const DomainNameConfiguration& one = in.domain_name_configurations[0];
    v1::CreateDomainNameInput make;
    make.domain_name = in.domain_name;
    make.regional_certificate_arn = one.certificate_arn;
    make.endpoint_configuration = v1::EndpointConfiguration{};
    make.endpoint_configuration->types = {"REGIONAL"};
    make.security_policy = one.security_policy;
    make.tags = Map<std::string>(in.tags);
    CO_TRY(const v1::DomainName made,
           co_await client_.call<v1::op::CreateDomainName>(aws::caller_of(call), std::move(make)));
    // What an earlier name of the same spelling left.
    for (const auto& [key, document] :
         schema::documents.list(call.txn(), call.account, call.region, to_lower(in.domain_name)))
        schema::documents.erase(call.txn(), key);
    co_return shown_domain<CreateDomainNameOutput>(made);
}

Task<Result<GetDomainNameOutput>> ApiGatewayV2::GetDomainName(aws::Call& call,
                                                              const GetDomainNameInput& in) {
    CO_TRY(const v1::DomainName found, co_await client_.call<v1::op::GetDomainName>(
                                           aws::caller_of(call), {.domain_name = in.domain_name}));
    co_return shown_domain<GetDomainNameOutput>(found);
}

Task<Result<GetDomainNamesOutput>> ApiGatewayV2::GetDomainNames(aws::Call& call,
                                                                const GetDomainNamesInput& in) {
    const auto most = parse_most(in.max_results);
    if (!most) co_return bad("Invalid MaxResults specified: 1 to 500");
    v1::GetDomainNamesInput ask;
    ask.limit = static_cast<int32_t>(*most);
    ask.position = in.next_token;
    CO_TRY(const auto found,
           co_await client_.call<v1::op::GetDomainNames>(aws::caller_of(call), std::move(ask)));
    GetDomainNamesOutput out;
    for (const v1::DomainName& one : found.items)
        out.items.push_back(shown_domain<DomainName>(one));
    out.items.present = true;
    out.next_token = found.position;
    co_return out;
}

Task<Result<UpdateDomainNameOutput>> ApiGatewayV2::UpdateDomainName(
    aws::Call& call, const UpdateDomainNameInput& in) {
    v1::UpdateDomainNameInput change;
    change.domain_name = in.domain_name;
    for (const DomainNameConfiguration& one : in.domain_name_configurations) {
        if (one.certificate_arn)
            change.patch_operations.push_back({.op_ = "replace",
                                               .path = "/regionalCertificateArn",
                                               .value = one.certificate_arn});
        if (one.security_policy)
            change.patch_operations.push_back(
                {.op_ = "replace", .path = "/securityPolicy", .value = one.security_policy});
    }
    CO_TRY(const v1::DomainName found, co_await client_.call<v1::op::UpdateDomainName>(
                                           aws::caller_of(call), std::move(change)));
    co_return shown_domain<UpdateDomainNameOutput>(found);
}

Task<Result<DeleteDomainNameOutput>> ApiGatewayV2::DeleteDomainName(
    aws::Call& call, const DeleteDomainNameInput& in) {
    CO_REQUIRE(co_await client_.call<v1::op::DeleteDomainName>(aws::caller_of(call),
                                                               {.domain_name = in.domain_name}));
    for (const auto& [key, document] :
         schema::documents.list(call.txn(), call.account, call.region, to_lower(in.domain_name)))
        schema::documents.erase(call.txn(), key);
    co_return DeleteDomainNameOutput{};
}

Task<Result<CreateApiMappingOutput>> ApiGatewayV2::CreateApiMapping(
    aws::Call& call, const CreateApiMappingInput& in) {
    CO_REQUIRE(co_await client_.call<v1::op::GetDomainName>(aws::caller_of(call),
                                                            {.domain_name = in.domain_name}));
    const std::string scope = to_lower(in.domain_name);
    ApiMapping made;
    made.api_id = in.api_id;
    made.api_mapping_id = new_id(call, 6);
    made.api_mapping_key = in.api_mapping_key.value_or("");
    made.stage = in.stage;
    CO_REQUIRE(check_key(call, scope, made));
    CO_REQUIRE(co_await check_target(call, client_, made));
    if (all<ApiMapping>(call, scope, kind::mapping).size() >= limits::mappings)
        co_return full("ApiMappings", "domain name");
    save(call, scope, kind::mapping, *made.api_mapping_id, made);
    co_return as<CreateApiMappingOutput>(made);
}

Task<Result<GetApiMappingOutput>> ApiGatewayV2::GetApiMapping(aws::Call& call,
                                                              const GetApiMappingInput& in) {
    const auto found =
        load<ApiMapping>(call, to_lower(in.domain_name), kind::mapping, in.api_mapping_id);
    if (!found) co_return errors::NotFoundException("Invalid API mapping identifier specified");
    co_return as<GetApiMappingOutput>(*found);
}

// Those made by version 1 belong to the domain, too.
Task<Result<GetApiMappingsOutput>> ApiGatewayV2::GetApiMappings(aws::Call& call,
                                                                const GetApiMappingsInput& in) {
    v1::GetBasePathMappingsInput ask;
    ask.domain_name = in.domain_name;
    ask.limit = static_cast<int32_t>(limits::most_page);
    CO_TRY(const auto older,
           co_await client_.call<v1::op::GetBasePathMappings>(aws::caller_of(call), ask));
    std::vector<ApiMapping> mappings =
        all<ApiMapping>(call, to_lower(in.domain_name), kind::mapping);
    for (const v1::BasePathMapping& one : older.items) {
        ApiMapping mapping;
        mapping.api_id = one.rest_api_id.value_or("");
        mapping.api_mapping_key = mapping_key(one);
        mapping.api_mapping_id = "v1-" + one.base_path.value_or("");
        mapping.stage = one.stage.value_or("");
        mappings.push_back(std::move(mapping));
    }
    GetApiMappingsOutput out;
    CO_REQUIRE(put_page<ApiMapping>(
        mappings, [](const ApiMapping& one) { return *one.api_mapping_id; }, in.next_token,
        in.max_results, out));
    co_return out;
}

Task<Result<UpdateApiMappingOutput>> ApiGatewayV2::UpdateApiMapping(
    aws::Call& call, const UpdateApiMappingInput& in) {
    const std::string scope = to_lower(in.domain_name);
    auto found = load<ApiMapping>(call, scope, kind::mapping, in.api_mapping_id);
    if (!found) co_return errors::NotFoundException("Invalid API mapping identifier specified");
    found->api_id = in.api_id;
    replace(found->api_mapping_key, in.api_mapping_key);
    if (in.stage) found->stage = *in.stage;
    CO_REQUIRE(check_key(call, scope, *found));
    CO_REQUIRE(co_await check_target(call, client_, *found));
    save(call, scope, kind::mapping, in.api_mapping_id, *found);
    co_return as<UpdateApiMappingOutput>(*found);
}

Result<DeleteApiMappingOutput> ApiGatewayV2::DeleteApiMapping(aws::Call& call,
                                                              const DeleteApiMappingInput& in) {
    const std::string scope = to_lower(in.domain_name);
    if (!load<ApiMapping>(call, scope, kind::mapping, in.api_mapping_id))
        return errors::NotFoundException("Invalid API mapping identifier specified");
    erase(call, scope, kind::mapping, in.api_mapping_id);
    return DeleteApiMappingOutput{};
}

}  // namespace unkai::services::apigatewayv2
