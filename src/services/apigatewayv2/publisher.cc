#include "services/apigatewayv2/publisher.h"

#include "services/apigatewayv2/content.h"

namespace unkai::services::apigatewayv2 {

namespace gateway = planes::gateway;

namespace {

gateway::ThrottleLimit limit_of(const RouteSettings& settings) {
    return {settings.throttling_rate_limit.value_or(-1),
            static_cast<double>(settings.throttling_burst_limit.value_or(-1))};
}

gateway::Stage compile_stage(const Stage& stage) {
    gateway::Stage out;
    out.name = stage.stage_name;
    out.variables = {stage.stage_variables.begin(), stage.stage_variables.end()};
    if (stage.access_log_settings) {
        out.log_destination = stage.access_log_settings->destination_arn.value_or("");
        out.log_format = stage.access_log_settings->format.value_or("");
    }
    if (stage.default_route_settings) {
        out.throttle = limit_of(*stage.default_route_settings);
        out.detailed_metrics =
            stage.default_route_settings->detailed_metrics_enabled.value_or(false);
    }
    for (const auto& [key, settings] : stage.route_settings) {
        out.throttles[key] = limit_of(settings);
        out.detailed_metrics |= settings.detailed_metrics_enabled.value_or(false);
    }
    return out;
}

gateway::Api compile_api(const Api& api, const std::string& account, const std::string& region) {
    gateway::Api out;
    out.kind = gateway::Api::Kind::http;
    out.id = *api.api_id;
    out.name = api.name;
    out.account = account;
    out.region = region;
    out.execute_api = !api.disable_execute_api_endpoint.value_or(false);
    if (api.cors_configuration) {
        const Cors& cors = *api.cors_configuration;
        out.cors = gateway::Cors{.credentials = cors.allow_credentials.value_or(false),
                                 .headers = cors.allow_headers,
                                 .methods = cors.allow_methods,
                                 .origins = cors.allow_origins,
                                 .exposed = cors.expose_headers};
        if (cors.max_age) out.cors->max_age = *cors.max_age;
    }
    return out;
}

}  // namespace

void Publisher::start() {
    watch_ = store_.watch(std::string(schema::everything),
                          [this](std::span<const store::Change>, bool) { publish(); });
    publish();
}

void Publisher::publish() {
    store::Txn txn = store_.begin();
    gateway::Snapshot out;
    std::vector<std::pair<std::string, gateway::Stage>> stages;
    schema::documents.each(txn, "", [&](const auto& key, const Document& document) {
        const auto& [account, region, scope, type, id] = key;
        if (type == kind::api) out.apis[id] = compile_api(shape_of<Api>(document), account, region);
        if (type == kind::mapping) {
            const auto mapping = shape_of<ApiMapping>(document);
            out.domains[scope].name = scope;
            out.domains[scope].mappings.push_back(
                {mapping.api_mapping_key.value_or(""), mapping.api_id, mapping.stage});
        }
        if (type != kind::stage) return true;
        const auto stage = shape_of<Stage>(document);
        gateway::Stage made = compile_stage(stage);
        const std::string deployment = stage.deployment_id.value_or("");
        auto& kept = contents_[{scope, deployment}];
        if (!kept)
            if (const auto frozen = schema::frozen.get(txn, {account, region, scope, deployment}))
                kept = compile_content(content_from_json(frozen->json), deployment);
        made.content = kept;
        stages.emplace_back(scope, std::move(made));
        return true;
    });
    for (auto& [api, stage] : stages)
        if (const auto found = out.apis.find(api); found != out.apis.end())
            found->second.stages[stage.name] = std::move(stage);
    // Automatic deployments come with every change: keep only what is shown.
    std::set<std::pair<std::string, std::string>> shown;
    for (const auto& [id, api] : out.apis)
        for (const auto& [name, stage] : api.stages)
            if (stage.content) shown.emplace(id, stage.content->deployment);
    std::erase_if(contents_, [&](const auto& entry) { return !shown.contains(entry.first); });
    around_.gateway.apply("apigatewayv2", std::move(out));
    if (around_.published) around_.published();
}

}  // namespace unkai::services::apigatewayv2
