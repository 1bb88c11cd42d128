#include <array>

#include "base/strings.h"
#include "services/apigateway/apigateway.h"

namespace unkai::services::apigateway {

namespace {

bool is_stage_name(std::string_view name) {
    constexpr size_t longest = 128;
    return !name.empty() && name.size() <= longest &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
           });
}

// "/~1pets/GET/throttling/rateLimit" is the member throttlingRateLimit of the setting "~1pets/GET".
struct SettingPath {
    std::string_view path, member;
};
constexpr std::array<SettingPath, 10> setting_paths = {{
    {"metrics/enabled", "metricsEnabled"},
    {"logging/loglevel", "loggingLevel"},
    {"logging/dataTrace", "dataTraceEnabled"},
    {"throttling/burstLimit", "throttlingBurstLimit"},
    {"throttling/rateLimit", "throttlingRateLimit"},
    {"caching/enabled", "cachingEnabled"},
    {"caching/ttlInSeconds", "cacheTtlInSeconds"},
    {"caching/dataEncrypted", "cacheDataEncrypted"},
    {"caching/requireAuthorizationForCacheControl", "requireAuthorizationForCacheControl"},
    {"caching/unauthorizedCacheControlHeaderStrategy", "unauthorizedCacheControlHeaderStrategy"},
}};

MethodSetting default_setting() {
    return {.metrics_enabled = false,
            .logging_level = "OFF",
            .data_trace_enabled = false,
            .throttling_burst_limit = 5000,
            .throttling_rate_limit = 10000.0,
            .caching_enabled = false,
            .cache_ttl_in_seconds = 300,
            .cache_data_encrypted = false,
            .require_authorization_for_cache_control = true,
            .unauthorized_cache_control_header_strategy = "SUCCEED_WITH_RESPONSE_HEADER"};
}

// False: the operation is not about a method's settings.
Result<bool> patch_setting(Stage& stage, const PatchOperation& operation) {
    const std::string path = operation.path.value_or("");
    const auto parts = split(std::string_view(path).substr(path.starts_with('/') ? 1 : 0), '/');
    if (parts.size() == 2 && operation.op_ == "remove" && parts[0] != "variables" &&
        parts[0] != "accessLogSettings") {
        if (stage.method_settings.erase(std::string(parts[0]) + "/" + std::string(parts[1])) == 0)
            return bad("Cannot remove method setting " + path +
                       " because there is no method setting for this method");
        return true;
    }
    if (parts.size() != 4) return false;
    const std::string name = std::string(parts[2]) + "/" + std::string(parts[3]);
    for (const SettingPath& one : setting_paths) {
        if (one.path != name) continue;
        if (one.path == "caching/enabled" && operation.value == "true")
            return bad("Unkai has no stage caches. Leave caching off.");
        const std::string key = std::string(parts[0]) + "/" + std::string(parts[1]);
        MethodSetting setting = default_setting();
        if (const auto old = stage.method_settings.find(key); old != stage.method_settings.end())
            setting = old->second;
        List<PatchOperation> inner = {operation};
        inner[0].path = "/" + std::string(one.member);
        const std::string allowed = *inner[0].path;
        REQUIRE(patch(setting, inner, {allowed}));
        stage.method_settings[key] = setting;
        return true;
    }
    return false;
}

}  // namespace

Status check_stage(const Stage& stage) {
    for (const auto& [name, value] : stage.variables) {
        const auto good = [](char c) { return isalnum(static_cast<unsigned char>(c)) || c == '_'; };
        if (name.empty() || !std::all_of(name.begin(), name.end(), good))
            return bad(
                "Stage variable names can only have alphanumeric characters and "
                "underscores: " +
                name);
        const bool fits = std::all_of(value.begin(), value.end(), [&](char c) {
            return good(c) || std::string_view("-._~:/?#&=,").find(c) != std::string_view::npos;
        });
        if (!fits)
            return bad(
                "Stage variable values can only have alphanumeric characters and "
                "-._~:/?#&=,: " +
                name);
    }
    if (stage.access_log_settings) {
        const std::string arn = stage.access_log_settings->destination_arn.value_or("");
        if (!arn.empty() &&
            (!arn.starts_with("arn:aws:logs:") || arn.find(":log-group:") == std::string::npos))
            return bad(
                "Invalid ARN specified in the request. Unkai writes access logs to log "
                "groups of CloudWatch Logs only.");
        if (stage.access_log_settings->format.value_or("").size() > limits::log_format_bytes)
            return bad("The access log format is larger than 3 KB.");
    }
    return check_tags(stage.tags);
}

Result<Stage> new_stage(aws::Call& call, const std::string& api, const std::string& name) {
    if (!is_stage_name(name)) return bad("Stage name only allows a-zA-Z0-9_-");
    if (all<Stage>(call, api, kind::stage).size() >= limits::stages)
        return errors::LimitExceededException(
            "Maximum number of stages for this API has been reached. Please contact AWS if you "
            "need additional stages.");
    return Stage{.stage_name = name,
                 .cache_cluster_enabled = false,
                 .cache_cluster_status = "NOT_AVAILABLE",
                 .tracing_enabled = false,
                 .created_date = call.now,
                 .last_updated_date = call.now};
}

Result<Stage> ApiGateway::CreateStage(aws::Call& call, const CreateStageInput& in) {
    REQUIRE(find_rest_api(call, in.rest_api_id));
    if (load<Stage>(call, in.rest_api_id, kind::stage, in.stage_name))
        return errors::ConflictException("Stage already exists");
    if (!load<Deployment>(call, in.rest_api_id, kind::deployment, in.deployment_id))
        return bad("Invalid deployment identifier specified");
    if (in.cache_cluster_enabled.value_or(false))
        return bad("Unkai has no stage caches. Leave out cacheClusterEnabled.");
    if (in.canary_settings)
        return bad("Unkai has no canary deployments. Use a second stage, or weighted records.");
    TRY(Stage made, new_stage(call, in.rest_api_id, in.stage_name));
    made.deployment_id = in.deployment_id;
    made.description = in.description;
    made.variables = in.variables;
    made.documentation_version = in.documentation_version;
    made.tracing_enabled = in.tracing_enabled.value_or(false);
    made.tags = in.tags;
    REQUIRE(check_stage(made));
    save(call, in.rest_api_id, kind::stage, in.stage_name, made);
    return made;
}

Result<Stage> ApiGateway::GetStage(aws::Call& call, const GetStageInput& in) {
    return find_stage(call, in.rest_api_id, in.stage_name);
}

Result<GetStagesOutput> ApiGateway::GetStages(aws::Call& call, const GetStagesInput& in) {
    REQUIRE(find_rest_api(call, in.rest_api_id));
    GetStagesOutput out;
    for (Stage& stage : all<Stage>(call, in.rest_api_id, kind::stage))
        if (!in.deployment_id || in.deployment_id == stage.deployment_id)
            out.item.push_back(std::move(stage));
    out.item.present = true;
    return out;
}

Result<Stage> ApiGateway::UpdateStage(aws::Call& call, const UpdateStageInput& in) {
    TRY(Stage stage, find_stage(call, in.rest_api_id, in.stage_name));
    List<PatchOperation> others;
    for (const PatchOperation& operation : in.patch_operations) {
        TRY(const bool done, patch_setting(stage, operation));
        if (!done) others.push_back(operation);
    }
    REQUIRE(patch(stage, others,
                  {"/description", "/deploymentId", "/documentationVersion", "/clientCertificateId",
                   "/tracingEnabled", "/variables/*", "/accessLogSettings",
                   "/accessLogSettings/destinationArn", "/accessLogSettings/format"}));
    if (!load<Deployment>(call, in.rest_api_id, kind::deployment, *stage.deployment_id))
        return bad("Invalid deployment identifier specified");
    if (stage.documentation_version && !stage.documentation_version->empty() &&
        !load<DocumentationVersion>(call, in.rest_api_id, kind::version,
                                    *stage.documentation_version))
        return bad("Invalid documentation version identifier specified");
    REQUIRE(check_stage(stage));
    stage.last_updated_date = call.now;
    save(call, in.rest_api_id, kind::stage, in.stage_name, stage);
    return stage;
}

Result<DeleteStageOutput> ApiGateway::DeleteStage(aws::Call& call, const DeleteStageInput& in) {
    REQUIRE(find_stage(call, in.rest_api_id, in.stage_name));
    for (const UsagePlan& plan : all<UsagePlan>(call, "", kind::plan))
        for (const ApiStage& one : plan.api_stages)
            if (one.api_id == in.rest_api_id && one.stage == in.stage_name)
                return bad("Unable to delete stage " + in.stage_name + ": the usage plan " +
                           *plan.id + " uses it.");
    erase(call, in.rest_api_id, kind::stage, in.stage_name);
    return DeleteStageOutput{};
}

Result<FlushStageAuthorizersCacheOutput> ApiGateway::FlushStageAuthorizersCache(
    aws::Call& call, const FlushStageAuthorizersCacheInput& in) {
    REQUIRE(find_stage(call, in.rest_api_id, in.stage_name));
    call.after_commit([this, api = in.rest_api_id, stage = in.stage_name] {
        gateway_.flush_authorizers(api, stage);
    });
    return FlushStageAuthorizersCacheOutput{};
}

}  // namespace unkai::services::apigateway
