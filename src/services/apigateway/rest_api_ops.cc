#include "base/strings.h"
#include "services/apigateway/apigateway.h"
#include "services/apigateway/content.h"
#include "services/apigateway/openapi.h"
#include "wire/json.h"

namespace unkai::services::apigateway {

namespace {

constexpr size_t api_id_characters = 10, root_id_characters = 10;

Status check_api(const RestApi& api) {
    if (api.name.value_or("").empty()) return bad("API name cannot be empty");
    if (api.name->size() > limits::description) return bad("API name is too long: 1024");
    if (api.minimum_compression_size &&
        (*api.minimum_compression_size < 0 || *api.minimum_compression_size > 10485760))
        return bad("Invalid minimum compression size, must be between 0 and 10485760");
    if (api.binary_media_types.size() > limits::binary_types)
        return bad("An API has at most 100 binary media types.");
    if (api.policy && !api.policy->empty()) {
        const auto policy = wire::Json::parse(*api.policy);
        if (!policy || !policy->is_object() || (*policy)["Statement"].is_null())
            return bad(
                "Invalid policy document. Please check the policy syntax and ensure that "
                "Principals are valid.");
        if (api.policy->size() > limits::policy_bytes)
            return bad("Policy document is larger than 8192 bytes.");
    }
    if (api.endpoint_configuration)
        for (const std::string& type : api.endpoint_configuration->types) {
            if (type != "REGIONAL" && type != "EDGE" && type != "PRIVATE")
                return bad("Invalid endpoint type: " + type);
            if (type == "PRIVATE")
                return bad("Unkai has no private REST APIs. Use REGIONAL with a resource policy.");
        }
    return check_tags(api.tags);
}

// AWS puts the ARN of the API's own resources where a policy says execute-api:/….
void complete_policy(aws::Call& call, RestApi& api) {
    if (!api.policy || api.policy->empty()) {
        api.policy.reset();
        return;
    }
    const std::string full =
        "\"arn:aws:execute-api:" + call.region + ":" + call.account + ":" + *api.id + "/";
    api.policy = replace_all(*api.policy, "\"execute-api:/", full);
}

void put_defaults(RestApi& api) {
    if (!api.api_key_source) api.api_key_source = "HEADER";
    if (!api.endpoint_configuration) api.endpoint_configuration.emplace();
    if (api.endpoint_configuration->types.empty()) api.endpoint_configuration->types = {"EDGE"};
    if (!api.endpoint_configuration->ip_address_type)
        api.endpoint_configuration->ip_address_type = "ipv4";
    if (!api.disable_execute_api_endpoint) api.disable_execute_api_endpoint = false;
}

Status check_room(aws::Call& call) {
    if (all<RestApi>(call, "", kind::api).size() >= limits::apis)
        return errors::LimitExceededException(
            "Maximum number of REST APIs for this account has been reached. Please contact AWS if "
            "you need additional APIs.");
    return ok();
}

RestApi new_api(aws::Call& call, std::string name) {
    RestApi api;
    api.id = new_id(call, api_id_characters);
    api.name = std::move(name);
    api.created_date = call.now;
    api.root_resource_id = new_id(call, root_id_characters);
    return api;
}

// The models that every new API has.
void put_default_models(aws::Call& call, const std::string& api) {
    const std::pair<const char*, const char*> models[] = {
        {"Empty",
         R"({"$schema":"http://json-schema.org/draft-04/schema#","title":"Empty Schema","type":"object"})"},
        {"Error",
         R"({"$schema":"http://json-schema.org/draft-04/schema#","title":"Error Schema","type":"object","properties":{"message":{"type":"string"}}})"}};
    for (const auto& [name, schema] : models)
        save(call, api, kind::model, name,
             Model{.id = new_id(call, 6),
                   .name = name,
                   .description = std::string("This is a default ") +
                                  (name[1] == 'm' ? "empty" : "error") + " schema model",
                   .schema = schema,
                   .content_type = "application/json"});
}

}  // namespace

Result<RestApi> ApiGateway::CreateRestApi(aws::Call& call, const CreateRestApiInput& in) {
    RestApi api = new_api(call, in.name);
    if (in.clone_from && !in.clone_from->empty()) {
        TRY(const RestApi source, find_rest_api(call, *in.clone_from));
        Content content = read_content(call, source);
        const std::string root = *api.root_resource_id;
        for (Resource& one : content.resources) {
            if (one.id == source.root_resource_id) one.id = root;
            if (one.parent_id == source.root_resource_id) one.parent_id = root;
        }
        api.binary_media_types = source.binary_media_types;
        content.api = api;
        write_content(call, content);
    }
    api.description = in.description;
    api.version = in.version;
    if (in.binary_media_types.given()) api.binary_media_types = in.binary_media_types;
    api.minimum_compression_size = in.minimum_compression_size;
    api.api_key_source = in.api_key_source;
    api.endpoint_configuration = in.endpoint_configuration;
    api.policy = in.policy;
    api.tags = in.tags;
    api.disable_execute_api_endpoint = in.disable_execute_api_endpoint;
    REQUIRE(check_room(call));
    REQUIRE(check_api(api));
    put_defaults(api);
    complete_policy(call, api);
    save(call, "", kind::api, *api.id, api);
    if (!in.clone_from || in.clone_from->empty()) {
        save(call, *api.id, kind::resource, *api.root_resource_id,
             Resource{.id = api.root_resource_id, .path = "/"});
        put_default_models(call, *api.id);
    }
    return api;
}

Result<RestApi> ApiGateway::GetRestApi(aws::Call& call, const GetRestApiInput& in) {
    return find_rest_api(call, in.rest_api_id);
}

Result<GetRestApisOutput> ApiGateway::GetRestApis(aws::Call& call, const GetRestApisInput& in) {
    GetRestApisOutput out;
    REQUIRE(put_page(
        all<RestApi>(call, "", kind::api), [](const RestApi& api) { return *api.id; }, in.position,
        in.limit, out));
    return out;
}

Result<RestApi> ApiGateway::UpdateRestApi(aws::Call& call, const UpdateRestApiInput& in) {
    TRY(RestApi api, find_rest_api(call, in.rest_api_id));
    REQUIRE(
        patch(api, in.patch_operations,
              {"/name", "/description", "/policy", "/apiKeySource", "/minimumCompressionSize",
               "/disableExecuteApiEndpoint", "/binaryMediaTypes/*",
               "/endpointConfiguration/types/*", "/endpointConfiguration/ipAddressType",
               "/endpointConfiguration/vpcEndpointIds", "/securityPolicy", "/endpointAccessMode"}));
    put_defaults(api);
    REQUIRE(check_api(api));
    complete_policy(call, api);
    save(call, "", kind::api, *api.id, api);
    return api;
}

Result<DeleteRestApiOutput> ApiGateway::DeleteRestApi(aws::Call& call,
                                                      const DeleteRestApiInput& in) {
    TRY(const RestApi api, find_rest_api(call, in.rest_api_id));
    for (const auto& [key, document] :
         schema::documents.list(call.txn(), call.account, call.region))
        if (std::get<3>(key) == kind::mapping &&
            shape_of<BasePathMapping>(document).rest_api_id == api.id)
            return bad(
                "Please remove all base path mappings related to the API in your domains "
                "before deleting it: " +
                std::get<2>(key));
    erase_scope(call, *api.id);
    erase(call, "", kind::api, *api.id);
    for (const auto& [key, document] :
         schema::frozen.list(call.txn(), call.account, call.region, *api.id))
        schema::frozen.erase(call.txn(), key);
    // Usage plans forget its stages.
    for (UsagePlan plan : all<UsagePlan>(call, "", kind::plan)) {
        const size_t gone = std::erase_if(
            plan.api_stages, [&](const ApiStage& stage) { return stage.api_id == api.id; });
        if (gone > 0) save(call, "", kind::plan, *plan.id, plan);
    }
    return DeleteRestApiOutput{};
}

Result<RestApi> ApiGateway::ImportRestApi(aws::Call& call, const ImportRestApiInput& in) {
    REQUIRE(check_room(call));
    Content content;
    content.api = new_api(call, "");
    TRY(const wire::Json document, read_openapi(in.body));
    REQUIRE(import_openapi(call, document, {.parameters = in.parameters}, content));
    if (in.fail_on_warnings.value_or(false) && !content.api.warnings.empty())
        return bad("Warnings found during import: " + content.api.warnings.front());
    REQUIRE(check_api(content.api));
    put_defaults(content.api);
    complete_policy(call, content.api);
    RestApi shown = content.api;
    content.api.warnings = {};
    write_content(call, content);
    return shown;
}

Result<RestApi> ApiGateway::PutRestApi(aws::Call& call, const PutRestApiInput& in) {
    TRY(const RestApi api, find_rest_api(call, in.rest_api_id));
    const bool merge = in.mode.value_or("merge") == "merge";
    Content content = read_content(call, api);
    if (!merge) content = {.api = api};
    TRY(const wire::Json document, read_openapi(in.body));
    REQUIRE(import_openapi(call, document, {.parameters = in.parameters, .overwrite = !merge},
                           content));
    if (in.fail_on_warnings.value_or(false) && !content.api.warnings.empty())
        return bad("Warnings found during import: " + content.api.warnings.front());
    REQUIRE(check_api(content.api));
    put_defaults(content.api);
    complete_policy(call, content.api);
    RestApi shown = content.api;
    content.api.warnings = {};
    write_content(call, content);
    return shown;
}

Result<GetExportOutput> ApiGateway::GetExport(aws::Call& call, const GetExportInput& in) {
    TRY(const Stage stage, find_stage(call, in.rest_api_id, in.stage_name));
    if (in.export_type != "oas30" && in.export_type != "swagger")
        return bad("Invalid export type specified: " + in.export_type +
                   ". Must be one of: [swagger, oas30]");
    const auto frozen = schema::frozen.get(
        call.txn(), {call.account, call.region, in.rest_api_id, *stage.deployment_id});
    if (!frozen) return errors::NotFoundException("Invalid Deployment identifier specified");
    ExportOptions options;
    options.version_2 = in.export_type == "swagger";
    for (const auto& [name, value] : in.parameters) {
        if (name != "extensions") continue;
        for (const std::string_view one : split(value, ',')) {
            options.integrations |= one == "integrations" || one == "apigateway";
            options.authorizers |= one == "authorizers" || one == "apigateway";
        }
    }
    options.stage = in.stage_name;
    options.region = call.region;
    const bool yaml = in.accepts.value_or("application/json") == "application/yaml";
    if (!yaml && in.accepts && *in.accepts != "application/json" && *in.accepts != "*/*")
        return bad("Invalid accepts specified: application/json or application/yaml");
    const wire::Json document = export_openapi(content_from_json(frozen->json), options);
    GetExportOutput out;
    out.body = yaml ? to_yaml(document) : document.dump_pretty();
    out.content_type = yaml ? "application/yaml" : "application/json";
    out.content_disposition = std::string("attachment; filename=\"") + in.export_type + "_" +
                              in.rest_api_id + "." + (yaml ? "yaml" : "json") + "\"";
    return out;
}

}  // namespace unkai::services::apigateway
