#include "base/strings.h"
#include "services/apigateway/apigateway.h"
#include "services/apigateway/content.h"

namespace unkai::services::apigateway {

namespace {

// What a deployment needs: a method somewhere, and an integration behind every method.
Status check_deployable(const Content& content) {
    bool any = false;
    for (const Resource& resource : content.resources)
        for (const auto& [name, method] : resource.resource_methods) {
            any = true;
            if (!method.method_integration) return bad("No integration defined for method");
        }
    if (!any) return bad("The REST API doesn't contain any methods");
    return ok();
}

Deployment with_summary(Deployment deployment, const Content& content) {
    for (const Resource& resource : content.resources)
        for (const auto& [name, method] : resource.resource_methods)
            deployment.api_summary[*resource.path][name] = {
                .authorization_type = method.authorization_type,
                .api_key_required = method.api_key_required};
    return deployment;
}

Result<Deployment> find_deployment(aws::Call& call, const std::string& api, const std::string& id) {
    REQUIRE(find_rest_api(call, api));
    return find<Deployment>(call, api, kind::deployment, id, "Deployment identifier");
}

Result<Deployment> embedded(aws::Call& call, const std::string& api, Deployment deployment,
                            const List<std::string>& embed) {
    if (std::find(embed.begin(), embed.end(), "apisummary") == embed.end()) return deployment;
    const auto frozen =
        schema::frozen.get(call.txn(), {call.account, call.region, api, *deployment.id});
    CHECK(frozen.has_value(), "a deployment without content");
    return with_summary(std::move(deployment), content_from_json(frozen->json));
}

}  // namespace

Result<Deployment> ApiGateway::CreateDeployment(aws::Call& call, const CreateDeploymentInput& in) {
    TRY(const RestApi api, find_rest_api(call, in.rest_api_id));
    if (in.cache_cluster_enabled.value_or(false))
        return bad("Unkai has no stage caches. Leave out cacheClusterEnabled.");
    if (in.canary_settings)
        return bad("Unkai has no canary deployments. Use a second stage, or weighted records.");
    const Content content = read_content(call, api);
    REQUIRE(check_deployable(content));
    if (all<Deployment>(call, in.rest_api_id, kind::deployment).size() >= limits::deployments)
        return errors::LimitExceededException("Maximum number of deployments has been reached.");
    Deployment made{.id = new_id(call, 6), .description = in.description, .created_date = call.now};
    save(call, in.rest_api_id, kind::deployment, *made.id, made);
    schema::frozen.put(call.txn(), {call.account, call.region, in.rest_api_id, *made.id},
                       {content_to_json(content)});
    if (in.stage_name && !in.stage_name->empty()) {
        auto stage = load<Stage>(call, in.rest_api_id, kind::stage, *in.stage_name);
        if (!stage) {
            TRY(stage, new_stage(call, in.rest_api_id, *in.stage_name));
        }
        stage->deployment_id = made.id;
        if (in.stage_description) stage->description = in.stage_description;
        for (const auto& [name, value] : in.variables) stage->variables[name] = value;
        stage->last_updated_date = call.now;
        REQUIRE(check_stage(*stage));
        save(call, in.rest_api_id, kind::stage, *in.stage_name, *stage);
    }
    return with_summary(std::move(made), content);
}

Result<Deployment> ApiGateway::GetDeployment(aws::Call& call, const GetDeploymentInput& in) {
    TRY(Deployment found, find_deployment(call, in.rest_api_id, in.deployment_id));
    return embedded(call, in.rest_api_id, std::move(found), in.embed);
}

Result<GetDeploymentsOutput> ApiGateway::GetDeployments(aws::Call& call,
                                                        const GetDeploymentsInput& in) {
    REQUIRE(find_rest_api(call, in.rest_api_id));
    GetDeploymentsOutput out;
    REQUIRE(put_page(
        all<Deployment>(call, in.rest_api_id, kind::deployment),
        [](const Deployment& one) { return *one.id; }, in.position, in.limit, out));
    return out;
}

Result<Deployment> ApiGateway::UpdateDeployment(aws::Call& call, const UpdateDeploymentInput& in) {
    TRY(Deployment found, find_deployment(call, in.rest_api_id, in.deployment_id));
    REQUIRE(patch(found, in.patch_operations, {"/description"}));
    save(call, in.rest_api_id, kind::deployment, in.deployment_id, found);
    return found;
}

Result<DeleteDeploymentOutput> ApiGateway::DeleteDeployment(aws::Call& call,
                                                            const DeleteDeploymentInput& in) {
    REQUIRE(find_deployment(call, in.rest_api_id, in.deployment_id));
    for (const Stage& stage : all<Stage>(call, in.rest_api_id, kind::stage))
        if (stage.deployment_id == in.deployment_id)
            return bad("Active stages pointing to this deployment must be moved or deleted");
    erase(call, in.rest_api_id, kind::deployment, in.deployment_id);
    schema::frozen.erase(call.txn(), {call.account, call.region, in.rest_api_id, in.deployment_id});
    return DeleteDeploymentOutput{};
}

}  // namespace unkai::services::apigateway
