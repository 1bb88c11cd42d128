// AWS::ElasticLoadBalancingV2: load balancers, target groups, listeners, rules, certificates.
#include "base/strings.h"
#include "services/cloudformation/resource_type.h"

namespace unkai::services::cloudformation {

namespace {

using Made = Task<Result<std::string>>;
using Attributes = Task<Result<Json>>;
using FoundElbv2 = Task<Result<std::vector<std::string>>>;

Json arns(std::string_view name, const std::string& arn) {
    return Json::object({{name, Json::array({arn})}});
}

// What comes after "loadbalancer/" or "targetgroup/…" in an ARN, as CloudWatch's dimensions have
// it.
std::string full_name(const std::string& arn) {
    const auto parts = split(arn, ':');
    const std::string last(parts.back());
    return last.starts_with("loadbalancer/") ? last.substr(13) : last;
}

std::string name_of(const Work& work) { return work["Name"].string_or(work.generated_name(32)); }

Task<Status> set_attributes(Work& work, std::string operation, std::string arn,
                            std::string property) {
    const Json* attributes = work.properties.find(property);
    if (!attributes || attributes->size() == 0) co_return ok();
    CO_REQUIRE(
        co_await work.call("elbv2", std::move(operation),
                           Json::object({{arn, work.physical_id}, {"Attributes", *attributes}})));
    co_return ok();
}

Task<Status> update_tags(Work& work) {
    if (!work.changed("Tags")) co_return ok();
    const Json resource = Json::array({work.physical_id});
    Json gone = Json::array();
    const auto after = work.tag_map();
    if (work.previous["Tags"].is_array())
        for (const Json& tag : work.previous["Tags"].as_array())
            if (!after.contains(tag["Key"].text())) gone.push(tag["Key"]);
    if (gone.size() > 0)
        CO_REQUIRE(co_await work.call(
            "elbv2", "RemoveTags", Json::object({{"ResourceArns", resource}, {"TagKeys", gone}})));
    if (!after.empty())
        CO_REQUIRE(co_await work.call(
            "elbv2", "AddTags", Json::object({{"ResourceArns", resource}, {"Tags", work.tags()}})));
    co_return ok();
}

Json with_tags(const Work& work) {
    Json input = work.input;
    if (const Json tags = work.tags(); tags.size() > 0) input.set("Tags", tags);
    return input;
}

// ---- Load balancer

Made create_balancer(Work& work) {
    Json input = with_tags(work);
    input.set("Name", name_of(work));
    CO_TRY(const Json made, co_await work.call("elbv2", "CreateLoadBalancer", std::move(input)));
    co_return made["LoadBalancers"][0]["LoadBalancerArn"].text();
}

Task<Result<std::vector<std::string>>> find_named(Work& work, std::string operation,
                                                  std::string list, std::string arn) {
    const Result<Json> answer = co_await work.call(
        "elbv2", std::move(operation), Json::object({{"Names", Json::array({name_of(work)})}}));
    std::vector<std::string> found;
    if (answer)
        for (size_t i = 0; i < (*answer)[list].size(); ++i)
            found.push_back((*answer)[list][i][arn].text());
    co_return found;
}

FoundElbv2 find_balancer(Work& work) {
    return find_named(work, "DescribeLoadBalancers", "LoadBalancers", "LoadBalancerArn");
}

Attributes settle_balancer(Work& work) {
    CO_REQUIRE(co_await set_attributes(work, "ModifyLoadBalancerAttributes", "LoadBalancerArn",
                                       "LoadBalancerAttributes"));
    const auto active = [](const Json& answer) -> Result<bool> {
        const Json& state = answer["LoadBalancers"][0]["State"];
        if (state["Code"].text() == "failed")
            return fail("LoadBalancerFailed", state["Reason"].text(), 400);
        return state["Code"].text() == "active" || state["Code"].text() == "active_impaired";
    };
    CO_TRY(const Json answer,
           co_await work.wait_until("elbv2", "DescribeLoadBalancers",
                                    arns("LoadBalancerArns", work.physical_id), active));
    const Json& balancer = answer["LoadBalancers"][0];
    co_return Json::object({{"DNSName", balancer["DNSName"]},
                            {"CanonicalHostedZoneID", balancer["CanonicalHostedZoneId"]},
                            {"LoadBalancerArn", work.physical_id},
                            {"LoadBalancerName", balancer["LoadBalancerName"]},
                            {"LoadBalancerFullName", full_name(work.physical_id)},
                            {"SecurityGroups", balancer["SecurityGroups"]}});
}

Task<Status> update_balancer(Work& work) {
    const Json arn = Json::object({{"LoadBalancerArn", work.physical_id}});
    if (work.changed("SecurityGroups")) {
        Json input = arn;
        input.set("SecurityGroups", work["SecurityGroups"]);
        CO_REQUIRE(co_await work.call("elbv2", "SetSecurityGroups", std::move(input)));
    }
    if (work.changed("Subnets") || work.changed("SubnetMappings")) {
        Json input = arn;
        for (const char* name : {"Subnets", "SubnetMappings"})
            if (const Json* value = work.properties.find(name)) input.set(name, *value);
        CO_REQUIRE(co_await work.call("elbv2", "SetSubnets", std::move(input)));
    }
    if (work.changed("IpAddressType")) {
        Json input = arn;
        input.set("IpAddressType", work["IpAddressType"].string_or("ipv4"));
        CO_REQUIRE(co_await work.call("elbv2", "SetIpAddressType", std::move(input)));
    }
    co_return co_await update_tags(work);
}

Task<Status> remove_balancer(Work& work) {
    CO_REQUIRE(co_await work.remove("elbv2", "DeleteLoadBalancer",
                                    Json::object({{"LoadBalancerArn", work.physical_id}}),
                                    {"LoadBalancerNotFound"}));
    const auto gone = [](const Json& answer) -> Result<bool> {
        return answer["LoadBalancers"].size() == 0;
    };
    co_return co_await work.wait_gone("elbv2", "DescribeLoadBalancers",
                                      arns("LoadBalancerArns", work.physical_id),
                                      {"LoadBalancerNotFound"}, gone);
}

// ---- Target group

Made create_target_group(Work& work) {
    Json input = with_tags(work);
    input.set("Name", name_of(work));
    CO_TRY(const Json made, co_await work.call("elbv2", "CreateTargetGroup", std::move(input)));
    co_return made["TargetGroups"][0]["TargetGroupArn"].text();
}

FoundElbv2 find_group(Work& work) {
    return find_named(work, "DescribeTargetGroups", "TargetGroups", "TargetGroupArn");
}

Attributes settle_target_group(Work& work) {
    CO_REQUIRE(co_await set_attributes(work, "ModifyTargetGroupAttributes", "TargetGroupArn",
                                       "TargetGroupAttributes"));
    if (const Json* targets = work.properties.find("Targets"); targets && targets->size() > 0)
        CO_REQUIRE(co_await work.call(
            "elbv2", "RegisterTargets",
            Json::object({{"TargetGroupArn", work.physical_id}, {"Targets", *targets}})));
    CO_TRY(const Json answer, co_await work.call("elbv2", "DescribeTargetGroups",
                                                 arns("TargetGroupArns", work.physical_id)));
    const Json& group = answer["TargetGroups"][0];
    co_return Json::object({{"TargetGroupArn", work.physical_id},
                            {"TargetGroupName", group["TargetGroupName"]},
                            {"TargetGroupFullName", full_name(work.physical_id)},
                            {"LoadBalancerArns", group["LoadBalancerArns"]}});
}

Task<Status> update_target_group(Work& work) {
    Json input = Json::object({{"TargetGroupArn", work.physical_id}});
    for (const char* name :
         {"HealthCheckProtocol", "HealthCheckPort", "HealthCheckPath", "HealthCheckEnabled",
          "HealthCheckIntervalSeconds", "HealthCheckTimeoutSeconds", "HealthyThresholdCount",
          "UnhealthyThresholdCount", "Matcher"})
        if (const Json* value = work.properties.find(name)) input.set(name, *value);
    CO_REQUIRE(co_await work.call("elbv2", "ModifyTargetGroup", std::move(input)));
    Json gone = Json::array();
    if (work.previous["Targets"].is_array())
        for (const Json& target : work.previous["Targets"].as_array()) {
            const Json& now = work["Targets"];
            if (!now.is_array() || std::none_of(now.as_array().begin(), now.as_array().end(),
                                                [&](const Json& one) { return one == target; }))
                gone.push(target);
        }
    if (gone.size() > 0)
        CO_REQUIRE(co_await work.call(
            "elbv2", "DeregisterTargets",
            Json::object({{"TargetGroupArn", work.physical_id}, {"Targets", gone}})));
    co_return co_await update_tags(work);
}

Task<Status> remove_target_group(Work& work) {
    return work.remove("elbv2", "DeleteTargetGroup",
                       Json::object({{"TargetGroupArn", work.physical_id}}),
                       {"TargetGroupNotFound"}, {"ResourceInUse"});
}

// ---- Listener, rule, certificate

Made create_listener(Work& work) {
    CO_TRY(const Json made, co_await work.call("elbv2", "CreateListener", with_tags(work)));
    co_return made["Listeners"][0]["ListenerArn"].text();
}

FoundElbv2 find_listener(Work& work) {
    const Result<Json> answer = co_await work.call(
        "elbv2", "DescribeListeners", Json::object({{"LoadBalancerArn", work["LoadBalancerArn"]}}));
    std::vector<std::string> found;
    if (answer)
        for (size_t i = 0; i < (*answer)["Listeners"].size(); ++i)
            if ((*answer)["Listeners"][i]["Port"].text() == work["Port"].text())
                found.push_back((*answer)["Listeners"][i]["ListenerArn"].text());
    co_return found;
}

Attributes settle_listener(Work& work) {
    co_return Json::object({{"ListenerArn", work.physical_id}});
}

Task<Status> update_listener(Work& work) {
    Json input = work.input;
    input.as_object().erase("LoadBalancerArn");
    input.set("ListenerArn", work.physical_id);
    CO_REQUIRE(co_await work.call("elbv2", "ModifyListener", std::move(input)));
    co_return co_await update_tags(work);
}

Task<Status> remove_listener(Work& work) {
    return work.remove("elbv2", "DeleteListener", Json::object({{"ListenerArn", work.physical_id}}),
                       {"ListenerNotFound"});
}

Made create_rule(Work& work) {
    CO_TRY(const Json made, co_await work.call("elbv2", "CreateRule", with_tags(work)));
    co_return made["Rules"][0]["RuleArn"].text();
}

FoundElbv2 find_rule(Work& work) {
    const Result<Json> answer = co_await work.call(
        "elbv2", "DescribeRules", Json::object({{"ListenerArn", work["ListenerArn"]}}));
    std::vector<std::string> found;
    if (answer)
        for (size_t i = 0; i < (*answer)["Rules"].size(); ++i)
            if ((*answer)["Rules"][i]["Priority"].text() == work["Priority"].text())
                found.push_back((*answer)["Rules"][i]["RuleArn"].text());
    co_return found;
}

Attributes settle_rule(Work& work) {
    co_return Json::object({{"RuleArn", work.physical_id}, {"IsDefault", false}});
}

Task<Status> update_rule(Work& work) {
    if (work.changed("Priority"))
        CO_REQUIRE(co_await work.call(
            "elbv2", "SetRulePriorities",
            Json::object({{"RulePriorities",
                           Json::array({Json::object({{"RuleArn", work.physical_id},
                                                      {"Priority", work["Priority"]}})})}})));
    CO_REQUIRE(co_await work.call("elbv2", "ModifyRule",
                                  Json::object({{"RuleArn", work.physical_id},
                                                {"Conditions", work["Conditions"]},
                                                {"Actions", work["Actions"]}})));
    co_return co_await update_tags(work);
}

Task<Status> remove_rule(Work& work) {
    return work.remove("elbv2", "DeleteRule", Json::object({{"RuleArn", work.physical_id}}),
                       {"RuleNotFound"});
}

Made add_certificates(Work& work) {
    CO_REQUIRE(co_await work.call("elbv2", "AddListenerCertificates", work.input));
    co_return work.generated_name(255);
}

Task<Status> remove_certificates(Work& work) {
    return work.remove("elbv2", "RemoveListenerCertificates", work.input,
                       {"ListenerNotFound", "CertificateNotFound"});
}

constexpr ResourceType elbv2_types[] = {
    {.name = "AWS::ElasticLoadBalancingV2::LoadBalancer",
     .properties = "Name^:s Type^ Scheme^ Subnets SubnetMappings SecurityGroups IpAddressType "
                   "LoadBalancerAttributes:[{Key:s Value:s}] Tags:tags",
     .attributes = "DNSName CanonicalHostedZoneID LoadBalancerArn LoadBalancerName "
                   "LoadBalancerFullName SecurityGroups",
     .service = "elbv2",
     .operation = "CreateLoadBalancer",
     .create = create_balancer,
     .settle = settle_balancer,
     .update = update_balancer,
     .remove = remove_balancer,
     .find = find_balancer},
    {.name = "AWS::ElasticLoadBalancingV2::TargetGroup",
     .properties =
         "Name^:s Protocol^ ProtocolVersion^ Port^ VpcId^ TargetType^ IpAddressType^ "
         "HealthCheckProtocol "
         "HealthCheckPort HealthCheckEnabled HealthCheckPath HealthCheckIntervalSeconds "
         "HealthCheckTimeoutSeconds HealthyThresholdCount UnhealthyThresholdCount Matcher "
         "TargetGroupAttributes:[{Key:s Value:s}] Targets:[{Id!:s Port:i AvailabilityZone:s}] "
         "Tags:tags",
     .attributes = "TargetGroupArn TargetGroupName TargetGroupFullName LoadBalancerArns",
     .service = "elbv2",
     .operation = "CreateTargetGroup",
     .create = create_target_group,
     .settle = settle_target_group,
     .update = update_target_group,
     .remove = remove_target_group,
     .find = find_group},
    {.name = "AWS::ElasticLoadBalancingV2::Listener",
     .properties =
         "LoadBalancerArn!^ Protocol Port SslPolicy Certificates DefaultActions! AlpnPolicy "
         "MutualAuthentication Tags:tags",
     .attributes = "ListenerArn",
     .service = "elbv2",
     .operation = "CreateListener",
     .create = create_listener,
     .settle = settle_listener,
     .update = update_listener,
     .remove = remove_listener,
     .find = find_listener},
    {.name = "AWS::ElasticLoadBalancingV2::ListenerRule",
     .properties = "ListenerArn!^ Conditions! Priority! Actions! Tags:tags",
     .attributes = "RuleArn IsDefault",
     .service = "elbv2",
     .operation = "CreateRule",
     .create = create_rule,
     .settle = settle_rule,
     .update = update_rule,
     .remove = remove_rule,
     .find = find_rule},
    {.name = "AWS::ElasticLoadBalancingV2::ListenerCertificate",
     .properties = "ListenerArn!^ Certificates!^",
     .attributes = "",
     .service = "elbv2",
     .operation = "AddListenerCertificates",
     .create = add_certificates,
     .settle = no_attributes,
     .remove = remove_certificates},
};

}  // namespace

std::span<const ResourceType> elbv2_resources() { return elbv2_types; }

}  // namespace unkai::services::cloudformation
