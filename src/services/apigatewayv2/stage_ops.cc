#include <array>

#include "base/strings.h"
#include "services/apigatewayv2/apigatewayv2.h"
#include "services/apigatewayv2/content.h"

namespace unkai::services::apigatewayv2 {

namespace {

Status check_stage(aws::Call& call, const std::string& api, const Stage& stage) {
    const bool plain = std::all_of(stage.stage_name.begin(), stage.stage_name.end(), [](char c) {
        return isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
    });
    if (stage.stage_name.empty() || stage.stage_name.size() > 128 ||
        (!plain && stage.stage_name != "$default"))
        return bad("Stage name only allows a-zA-Z0-9_-, or $default");
    if (has(stage.deployment_id) &&
        !load<Deployment>(call, api, kind::deployment, *stage.deployment_id))
        return bad("Invalid deployment identifier specified " + *stage.deployment_id);
    if (stage.access_log_settings) {
        const std::string arn = stage.access_log_settings->destination_arn.value_or("");
        if (!arn.starts_with("arn:aws:logs:") || arn.find(":log-group:") == std::string::npos)
            return bad(
                "Invalid access log destination ARN. Unkai writes access logs to log groups "
                "of CloudWatch Logs only.");
        if (stage.access_log_settings->format.value_or("").size() > limits::log_format_bytes)
            return bad("The access log format is larger than 3 KB.");
    }
    for (const auto& [key, settings] : stage.route_settings) {
        bool known = false;
        for (const Route& route : all<Route>(call, api, kind::route))
            known = known || route.route_key == key;
        if (!known)
            return errors::NotFoundException("Unable to find Route by key " + key +
                                             " within the provided RouteSettings");
    }
    return check_tags(stage.tags);
}

}  // namespace

Result<CreateStageOutput> ApiGatewayV2::CreateStage(aws::Call& call, const CreateStageInput& in) {
    REQUIRE(find_api(call, in.api_id));
    if (load<Stage>(call, in.api_id, kind::stage, in.stage_name))
        return errors::ConflictException("Stage already exists");
    if (all<Stage>(call, in.api_id, kind::stage).size() >= limits::stages) return full("Stages");
    Stage made;
    made.stage_name = in.stage_name;
    made.access_log_settings = in.access_log_settings;
    made.auto_deploy = in.auto_deploy.value_or(false);
    made.created_date = made.last_updated_date = call.now;
    made.default_route_settings = in.default_route_settings;
    if (!made.default_route_settings)
        made.default_route_settings = RouteSettings{.detailed_metrics_enabled = false};
    made.deployment_id = in.deployment_id;
    made.description = in.description;
    made.route_settings = in.route_settings;
    made.stage_variables = in.stage_variables;
    made.tags = in.tags;
    if (*made.auto_deploy && has(in.deployment_id))
        return bad("Deployment ID cannot be set on stages with AutoDeploy enabled");
    REQUIRE(check_stage(call, in.api_id, made));
    save(call, in.api_id, kind::stage, in.stage_name, made);
    if (*made.auto_deploy) auto_deploy(call, in.api_id);
    return as<CreateStageOutput>(*load<Stage>(call, in.api_id, kind::stage, in.stage_name));
}

Result<GetStageOutput> ApiGatewayV2::GetStage(aws::Call& call, const GetStageInput& in) {
    TRY(const Stage found, find<Stage>(call, in.api_id, kind::stage, in.stage_name, "stage"));
    return as<GetStageOutput>(found);
}

Result<GetStagesOutput> ApiGatewayV2::GetStages(aws::Call& call, const GetStagesInput& in) {
    REQUIRE(find_api(call, in.api_id));
    GetStagesOutput out;
    REQUIRE(put_page<Stage>(
        all<Stage>(call, in.api_id, kind::stage), [](const Stage& one) { return one.stage_name; },
        in.next_token, in.max_results, out));
    return out;
}

Result<UpdateStageOutput> ApiGatewayV2::UpdateStage(aws::Call& call, const UpdateStageInput& in) {
    TRY(Stage stage, find<Stage>(call, in.api_id, kind::stage, in.stage_name, "stage"));
    replace(stage.access_log_settings, in.access_log_settings);
    replace(stage.auto_deploy, in.auto_deploy);
    replace(stage.default_route_settings, in.default_route_settings);
    replace(stage.description, in.description);
    if (has(in.deployment_id) && stage.auto_deploy.value_or(false))
        return bad("Deployment ID cannot be set on stages with AutoDeploy enabled");
    replace(stage.deployment_id, in.deployment_id);
    for (const auto& [key, settings] : in.route_settings) stage.route_settings[key] = settings;
    if (in.stage_variables.given()) {
        // A variable with an empty value goes.
        for (const auto& [name, value] : in.stage_variables) {
            stage.stage_variables[name] = value;
            if (value.empty()) stage.stage_variables.erase(name);
        }
    }
    stage.last_updated_date = call.now;
    REQUIRE(check_stage(call, in.api_id, stage));
    save(call, in.api_id, kind::stage, in.stage_name, stage);
    if (in.auto_deploy.value_or(false)) auto_deploy(call, in.api_id);
    return as<UpdateStageOutput>(*load<Stage>(call, in.api_id, kind::stage, in.stage_name));
}

Result<DeleteStageOutput> ApiGatewayV2::DeleteStage(aws::Call& call, const DeleteStageInput& in) {
    REQUIRE(find<Stage>(call, in.api_id, kind::stage, in.stage_name, "stage"));
    erase(call, in.api_id, kind::stage, in.stage_name);
    return DeleteStageOutput{};
}

Result<DeleteAccessLogSettingsOutput> ApiGatewayV2::DeleteAccessLogSettings(
    aws::Call& call, const DeleteAccessLogSettingsInput& in) {
    TRY(Stage stage, find<Stage>(call, in.api_id, kind::stage, in.stage_name, "stage"));
    stage.access_log_settings.reset();
    save(call, in.api_id, kind::stage, in.stage_name, stage);
    return DeleteAccessLogSettingsOutput{};
}

Result<DeleteRouteSettingsOutput> ApiGatewayV2::DeleteRouteSettings(
    aws::Call& call, const DeleteRouteSettingsInput& in) {
    TRY(Stage stage, find<Stage>(call, in.api_id, kind::stage, in.stage_name, "stage"));
    if (stage.route_settings.erase(in.route_key) == 0)
        return errors::NotFoundException("Unable to find RouteSettings by key " + in.route_key);
    save(call, in.api_id, kind::stage, in.stage_name, stage);
    return DeleteRouteSettingsOutput{};
}

Result<CreateDeploymentOutput> ApiGatewayV2::CreateDeployment(aws::Call& call,
                                                              const CreateDeploymentInput& in) {
    REQUIRE(find_api(call, in.api_id));
    if (all<Route>(call, in.api_id, kind::route).empty())
        return bad("At least one route is required before deploying the Api.");
    if (all<Deployment>(call, in.api_id, kind::deployment).size() >= limits::deployments)
        return full("Deployments");
    const Deployment made = deploy(call, in.api_id, in.description, false);
    if (has(in.stage_name)) {
        TRY(Stage stage, find<Stage>(call, in.api_id, kind::stage, *in.stage_name, "stage"));
        if (stage.auto_deploy.value_or(false))
            return bad("Deployment ID cannot be set on stages with AutoDeploy enabled");
        stage.deployment_id = made.deployment_id;
        stage.last_updated_date = call.now;
        save(call, in.api_id, kind::stage, *in.stage_name, stage);
    }
    return as<CreateDeploymentOutput>(made);
}

Result<GetDeploymentOutput> ApiGatewayV2::GetDeployment(aws::Call& call,
                                                        const GetDeploymentInput& in) {
    TRY(const Deployment found,
        find<Deployment>(call, in.api_id, kind::deployment, in.deployment_id, "deployment"));
    return as<GetDeploymentOutput>(found);
}

Result<GetDeploymentsOutput> ApiGatewayV2::GetDeployments(aws::Call& call,
                                                          const GetDeploymentsInput& in) {
    REQUIRE(find_api(call, in.api_id));
    GetDeploymentsOutput out;
    REQUIRE(put_page<Deployment>(
        all<Deployment>(call, in.api_id, kind::deployment),
        [](const Deployment& one) { return *one.deployment_id; }, in.next_token, in.max_results,
        out));
    return out;
}

Result<UpdateDeploymentOutput> ApiGatewayV2::UpdateDeployment(aws::Call& call,
                                                              const UpdateDeploymentInput& in) {
    TRY(Deployment found,
        find<Deployment>(call, in.api_id, kind::deployment, in.deployment_id, "deployment"));
    replace(found.description, in.description);
    save(call, in.api_id, kind::deployment, in.deployment_id, found);
    return as<UpdateDeploymentOutput>(found);
}

Result<DeleteDeploymentOutput> ApiGatewayV2::DeleteDeployment(aws::Call& call,
                                                              const DeleteDeploymentInput& in) {
    REQUIRE(find<Deployment>(call, in.api_id, kind::deployment, in.deployment_id, "deployment"));
    for (const Stage& stage : all<Stage>(call, in.api_id, kind::stage))
        if (stage.deployment_id == in.deployment_id)
            return bad("Active stages pointing to this deployment must be moved or deleted: " +
                       stage.stage_name);
    erase(call, in.api_id, kind::deployment, in.deployment_id);
    schema::frozen.erase(call.txn(), {call.account, call.region, in.api_id, in.deployment_id});
    return DeleteDeploymentOutput{};
}

}  // namespace unkai::services::apigatewayv2
