#include "base/log.h"
#include "base/strings.h"
#include "services/elbv2/actions.h"
#include "services/elbv2/attributes.h"
#include "services/elbv2/names.h"
#include "services/elbv2/publisher.h"

namespace unkai::services::elbv2 {

namespace proxy = planes::proxy;

namespace {

bool on(const BalancerRecord& record, std::string_view key) {
    return attribute(AttributeKind::balancer, record.attributes, key) == "true";
}

std::chrono::seconds seconds_of(AttributeKind kind, const Attributes& attributes,
                                std::string_view key) {
    return std::chrono::seconds(number_attribute(kind, attributes, key));
}

proxy::LoadBalancer balancer_of(const BalancerRecord& record, const Surroundings& around,
                                const std::set<std::string>& up) {
    using ForwardedFor = proxy::LoadBalancer::ForwardedFor;
    proxy::LoadBalancer out{.id = record.arn};
    for (const ZoneRecord& zone : record.zones)
        if (auto address = net::Address::parse(zone.private_ip, 0);
            address && up.contains(zone.interface))
            out.nodes.push_back({around.network(record.vpc), *address});
    out.idle_timeout =
        seconds_of(AttributeKind::balancer, record.attributes, "idle_timeout.timeout_seconds");
    out.client_keep_alive =
        seconds_of(AttributeKind::balancer, record.attributes, "client_keep_alive.seconds");
    const std::string mode = attribute(AttributeKind::balancer, record.attributes,
                                       "routing.http.xff_header_processing.mode");
    out.forwarded_for = mode == "preserve" ? ForwardedFor::preserve
                        : mode == "remove" ? ForwardedFor::remove
                                           : ForwardedFor::append;
    out.forwarded_for_with_port = on(record, "routing.http.xff_client_port.enabled");
    out.preserve_host = on(record, "routing.http.preserve_host_header.enabled");
    out.drop_invalid_headers = on(record, "routing.http.drop_invalid_header_fields.enabled");
    out.tls_headers = on(record, "routing.http.x_amzn_tls_version_and_cipher_suite.enabled");
    out.http2 = on(record, "routing.http2.enabled");
    return out;
}

proxy::TargetGroup group_of(const GroupRecord& record, const std::vector<TargetRecord>& targets,
                            const std::string& balancer) {
    using Sticky = proxy::TargetGroup::Sticky;
    using Algorithm = proxy::TargetGroup::Algorithm;
    auto value = [&record](std::string_view key) {
        return attribute(AttributeKind::group, record.attributes, key);
    };
    proxy::TargetGroup out{.id = record.arn, .tls = record.protocol == "HTTPS"};
    const std::string algorithm = value("load_balancing.algorithm.type");
    out.algorithm = algorithm == "least_outstanding_requests" ? Algorithm::least_outstanding
                    : algorithm == "weighted_random"          ? Algorithm::random
                                                              : Algorithm::round_robin;
    const bool application = value("stickiness.type") == "app_cookie";
    if (value("stickiness.enabled") == "true")
        out.sticky = application ? Sticky::application_cookie : Sticky::load_balancer_cookie;
    out.application_cookie = value("stickiness.app_cookie.cookie_name");
    out.sticky_for = seconds_of(AttributeKind::group, record.attributes,
                                application ? "stickiness.app_cookie.duration_seconds"
                                            : "stickiness.lb_cookie.duration_seconds");
    out.health.enabled = !record.check_disabled;
    out.health.tls = record.check_protocol == "HTTPS";
    out.health.port = static_cast<uint16_t>(parse_uint(record.check_port).value_or(0));
    out.health.path = record.check_path;
    out.health.matcher = record.matcher;
    out.health.interval = std::chrono::seconds(record.check_interval);
    out.health.timeout = std::chrono::seconds(record.check_timeout);
    out.health.healthy_threshold = static_cast<uint32_t>(record.healthy_threshold);
    out.health.unhealthy_threshold = static_cast<uint32_t>(record.unhealthy_threshold);
    out.http2 = record.protocol_version == "HTTP2";
    out.function = record.of_functions();
    out.multi_value = value("lambda.multi_value_headers.enabled") == "true";
    for (const TargetRecord& target : targets)
        if (out.function)
            out.targets.push_back({.id = target_id(target)});
        else if (auto address =
                     net::Address::parse(target.address, static_cast<uint16_t>(target.port)))
            out.targets.push_back({target_id(target), *address, target.drained_at.has_value()});
    out.load_balancer = balancer;
    return out;
}

// Group → load balancer, of what an action forwards to.
void note_groups(std::map<std::string, std::string>& used, const ActionRecord& action,
                 const std::string& balancer) {
    for (const WeightedGroupRecord& one : action.groups) used[one.arn] = balancer;
}

}  // namespace

std::string target_id(const TargetRecord& record) {
    if (record.port == 0) return record.address;  // A function.
    return record.address + ":" + std::to_string(record.port);
}

proxy::Snapshot compile(store::Txn& txn, const Surroundings& around,
                        const std::set<std::string>& up) {
    proxy::Snapshot out;
    for (const auto& [key, record] : schema::balancers.list(txn))
        out.load_balancers.emplace(record.arn, balancer_of(record, around, up));
    std::map<std::string, std::string> used;
    std::map<std::string, std::vector<RuleRecord>> rules;
    for (auto& [key, record] : schema::rules.list(txn)) {
        note_groups(used, record.action, balancer_of_listener(record.listener));
        rules[record.listener].push_back(std::move(record));
    }
    for (auto& [key, record] : schema::listeners.list(txn)) {
        note_groups(used, record.action, record.balancer);
        proxy::Listener listener{.id = record.arn, .load_balancer = record.balancer};
        listener.port = static_cast<uint16_t>(record.port);
        for (const std::string& arn : record.certificates) {
            if (auto identity = around.certificates.find(arn))
                listener.certificates.push_back(*identity);
            else
                log::warn("a listener's certificate is not there",
                          {{"listener", record.arn}, {"certificate", arn}});
        }
        if (record.protocol == "HTTPS" && listener.certificates.empty()) continue;
        auto& own = rules[record.arn];
        std::sort(own.begin(), own.end(),
                  [](const RuleRecord& a, const RuleRecord& b) { return a.priority < b.priority; });
        for (const RuleRecord& rule : own) {
            proxy::Rule compiled;
            for (const ConditionRecord& condition : rule.conditions)
                compiled.conditions.push_back(compile_condition(condition));
            compiled.action = compile_action(rule.action);
            listener.rules.push_back(std::move(compiled));
        }
        listener.fallback = compile_action(record.action);
        out.listeners.push_back(std::move(listener));
    }
    std::map<std::string, std::vector<TargetRecord>> targets;
    for (auto& [key, record] : schema::targets.list(txn))
        targets[record.group].push_back(std::move(record));
    for (const auto& [key, record] : schema::groups.list(txn))
        if (const auto use = used.find(record.arn); use != used.end())
            out.groups.emplace(record.arn, group_of(record, targets[record.arn], use->second));
    return out;
}

}  // namespace unkai::services::elbv2
