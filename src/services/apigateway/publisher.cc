#include "services/apigateway/publisher.h"

#include "base/log.h"
#include "base/strings.h"
#include "services/apigateway/content.h"

namespace unkai::services::apigateway {

namespace gateway = planes::gateway;

namespace {

// "~1pets/GET" is the setting of GET /pets, "*/*" of all.
void compile_settings(const Stage& stage, gateway::Stage& out) {
    for (const auto& [key, setting] : stage.method_settings) {
        const size_t slash = key.rfind('/');
        const std::string path = replace_all(key.substr(0, slash), "~1", "/");
        gateway::ThrottleLimit limit;
        limit.rate = setting.throttling_rate_limit.value_or(-1);
        limit.burst = setting.throttling_burst_limit.value_or(-1);
        if (setting.metrics_enabled.value_or(false)) out.detailed_metrics = true;
        if (path == "*")
            out.throttle = limit;
        else
            out.throttles[(path.starts_with('/') ? "" : "/") + path + key.substr(slash)] = limit;
    }
}

gateway::Stage compile_stage(const Stage& stage) {
    gateway::Stage out;
    out.name = *stage.stage_name;
    out.variables = {stage.variables.begin(), stage.variables.end()};
    if (stage.access_log_settings) {
        out.log_destination = stage.access_log_settings->destination_arn.value_or("");
        out.log_format = stage.access_log_settings->format.value_or("");
    }
    compile_settings(stage, out);
    return out;
}

gateway::ThrottleLimit limit_of(const std::optional<ThrottleSettings>& settings) {
    if (!settings) return {};
    return {settings->rate_limit.value_or(-1),
            static_cast<double>(settings->burst_limit.value_or(-1))};
}

gateway::UsagePlan compile_plan(const UsagePlan& plan) {
    gateway::UsagePlan out;
    out.id = *plan.id;
    out.throttle = limit_of(plan.throttle);
    for (const ApiStage& stage : plan.api_stages) {
        auto& limits = out.stages[stage.api_id.value_or("") + ":" + stage.stage.value_or("")];
        for (const auto& [method, throttle] : stage.throttle) limits[method] = limit_of(throttle);
    }
    if (plan.quota) {
        out.quota = plan.quota->limit.value_or(0);
        out.offset = plan.quota->offset.value_or(0);
        out.period = plan.quota->period.value_or("MONTH");
    }
    return out;
}

}  // namespace

// One pass over all documents, in the order of their keys.
struct Compiler {
    Publisher& publisher;
    store::Txn& txn;
    gateway::Snapshot out;
    std::map<std::string, std::string> certificates;            // Domain's ARN → its certificate's.
    std::map<std::string, std::map<std::string, ApiKey>> keys;  // Account+region → by id.
    std::map<std::string, std::vector<std::string>> plan_keys;  // Plan → key ids.
    std::map<std::string, std::string> plan_place;              // Plan → account+region.
    std::map<std::string, std::vector<gateway::Stage>> stages;  // By API.

    void take(const std::string& account, const std::string& region, const std::string& scope,
              const std::string& type, const std::string& id, const Document& document) {
        if (type == kind::api) take_api(account, region, shape_of<RestApi>(document));
        if (type == kind::stage) take_stage(account, region, scope, shape_of<Stage>(document));
        if (type == kind::key) keys[account + "/" + region][id] = shape_of<ApiKey>(document);
        if (type == kind::plan_key) plan_keys[scope].push_back(id);
        if (type == kind::domain) take_domain(shape_of<DomainName>(document));
        if (type == kind::mapping) take_mapping(scope, shape_of<BasePathMapping>(document));
        if (type != kind::plan) return;
        plan_place[id] = account + "/" + region;
        publisher.plan_places_[id] = {account, region};
        out.plans.push_back(compile_plan(shape_of<UsagePlan>(document)));
    }

    void take_api(const std::string& account, const std::string& region, const RestApi& api) {
        gateway::Api& made = out.apis[*api.id];
        made.id = *api.id;
        made.name = api.name.value_or("");
        made.account = account;
        made.region = region;
        made.policy = api.policy.value_or("");
        made.execute_api = !api.disable_execute_api_endpoint.value_or(false);
    }

    void take_stage(const std::string& account, const std::string& region, const std::string& api,
                    const Stage& stage) {
        gateway::Stage made = compile_stage(stage);
        made.content =
            publisher.content_of(txn, account, region, api, stage.deployment_id.value_or(""));
        stages[api].push_back(std::move(made));
    }

    void take_domain(const DomainName& domain) {
        const std::string name = to_lower(*domain.domain_name);
        out.domains[name].name = name;
        out.domains[name].declared = true;
        for (const auto& one : {domain.regional_domain_name, domain.distribution_domain_name})
            if (one) out.domains[name].targets.push_back(*one);
        certificates[domain.domain_name_arn.value_or(name)] =
            domain.regional_certificate_arn.value_or(domain.certificate_arn.value_or(""));
    }

    void take_mapping(const std::string& domain, const BasePathMapping& mapping) {
        const std::string path = mapping.base_path.value_or("(none)");
        out.domains[domain].name = domain;
        out.domains[domain].mappings.push_back({path == "(none)" ? "" : path,
                                                mapping.rest_api_id.value_or(""),
                                                mapping.stage.value_or("")});
    }

    void join() {
        for (auto& [api, list] : stages)
            if (const auto found = out.apis.find(api); found != out.apis.end())
                for (gateway::Stage& stage : list)
                    found->second.stages[stage.name] = std::move(stage);
        for (gateway::UsagePlan& plan : out.plans)
            for (const std::string& id : plan_keys[plan.id]) {
                const auto& known = keys[plan_place[plan.id]];
                if (const auto key = known.find(id); key != known.end())
                    plan.keys.push_back(
                        {id, key->second.value.value_or(""), key->second.enabled.value_or(false)});
            }
    }
};

void Publisher::start() {
    watch_ = store_.watch(std::string(schema::everything),
                          [this](std::span<const store::Change>, bool) { publish(); });
    publish();
    load_usage();
    scope_.spawn(watch_certificates());
    around_.gateway.set_usage_keeper(true);
    scope_.spawn(keep_usage());
}

Task<void> Publisher::stop() {
    watch_.reset();
    stop_.request();
    co_await scope_.join();
    co_await flush_usage();
    around_.gateway.set_usage_keeper(false);
}

void Publisher::publish() {
    store::Txn txn = store_.begin();
    Compiler compiler{*this, txn, {}, {}, {}, {}, {}, {}};
    schema::documents.each(txn, "", [&](const auto& key, const Document& document) {
        const auto& [account, region, scope, type, id] = key;
        compiler.take(account, region, scope, type, id, document);
        return true;
    });
    compiler.join();
    std::vector<std::shared_ptr<const net::Identity>> identities;
    for (const auto& [domain, certificate] : compiler.certificates) {
        around_.certificates.set_uses(domain, {certificate});
        if (auto identity = around_.certificates.find(certificate))
            identities.push_back(*std::move(identity));
        else
            log::warn("a domain name's certificate cannot be had",
                      {{"domain", domain}, {"reason", identity.error().message}});
    }
    for (const std::string& domain : used_)
        if (!compiler.certificates.contains(domain)) around_.certificates.set_uses(domain, {});
    used_.clear();
    for (const auto& [domain, certificate] : compiler.certificates) used_.insert(domain);
    std::erase_if(contents_, [&](const auto& entry) {
        return !compiler.out.apis.contains(entry.first.first);
    });
    around_.gateway.apply("apigateway", std::move(compiler.out));
    if (around_.published) around_.published();
    if (around_.identities) around_.identities(std::move(identities));
}

std::shared_ptr<const gateway::Content> Publisher::content_of(store::Txn& txn,
                                                              const std::string& account,
                                                              const std::string& region,
                                                              const std::string& api,
                                                              const std::string& deployment) {
    auto& kept = contents_[{api, deployment}];
    if (!kept)
        if (const auto frozen = schema::frozen.get(txn, {account, region, api, deployment}))
            kept = compile_content(content_from_json(frozen->json), deployment);
    return kept;
}

// A renewed certificate is a change, too.
Task<void> Publisher::watch_certificates() {
    while (co_await around_.certificates.changed().wait(env_.loop, never, &stop_) == Wake::ready)
        publish();
}

void Publisher::load_usage() {
    store::Txn txn = store_.begin();
    for (const auto& [key, record] : schema::usage.list(txn)) {
        const auto& [account, region, plan, id, day] = key;
        around_.gateway.set_usage({plan, id, day}, record.count);
    }
}

// What is counted while a commit is under way goes with the next one.
Task<void> Publisher::keep_usage() {
    gateway::Gateway& gateway = around_.gateway;
    uint64_t stored = 0;
    while (!stop_.requested()) {
        if (stored == gateway.counted() &&
            co_await gateway.usage_counted().wait(env_.loop, never, &stop_) != Wake::ready)
            co_return;
        stored = gateway.counted();
        co_await flush_usage();
        gateway.usage_stored(stored);
    }
}

Task<void> Publisher::flush_usage() {
    const gateway::UsageCounts counts = around_.gateway.take_usage();
    if (counts.empty()) co_return;
    store::Txn txn = store_.begin();
    for (const auto& [key, count] : counts)
        if (const auto place = plan_places_.find(key.plan); place != plan_places_.end())
            schema::usage.put(
                txn, {place->second.first, place->second.second, key.plan, key.key, key.day},
                {count});
    if (const auto committed = co_await store_.commit(txn); !committed)
        log::warn("usage could not be stored", {{"reason", committed.error().message}});
}

}  // namespace unkai::services::apigateway
