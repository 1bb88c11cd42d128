#include <fmt/format.h>

#include "base/strings.h"
#include "migration/checks.h"

namespace unkai::migration {

using wire::Json;

namespace {

// What is not offered, or not there, is an empty list: the rules then say nothing about it.
Task<Json> items_of(Cloud& cloud, std::string target, std::string member) {
    Json out = Json::array();
    const auto answer = co_await cloud.rest("apigateway", "GET", target);
    if (answer)
        for (const Json& one : list_of((*answer)[member])) out.push(one);
    co_return out;
}

Task<Json> domains_of(Cloud& cloud, std::string api, bool rest) {
    Json out = Json::array();
    const Json domains = co_await items_of(cloud, "/domainnames?limit=500", "item");
    for (const Json& domain : domains.as_array()) {
        const std::string name = domain["domainName"].text();
        const std::string base = "/domainnames/" + percent_encode(name);
        const Json mappings =
            rest ? co_await items_of(cloud, base + "/basepathmappings", "item")
                 : co_await items_of(cloud, "/v2" + base + "/apimappings", "items");
        for (const Json& one : mappings.as_array())
            if (one[rest ? "restApiId" : "apiId"].text() == api)
                out.push(
                    Json::object({{"name", name},
                                  {"basePath", one[rest ? "basePath" : "apiMappingKey"].text()}}));
    }
    co_return out;
}

Task<Result<Json>> rest_api_facts(Cloud& cloud, std::string id) {
    const std::string base = "/restapis/" + id;
    CO_TRY(const Json api, co_await cloud.rest("apigateway", "GET", base));
    Json plans = Json::array();
    const Json all_plans = co_await items_of(cloud, "/usageplans?limit=500", "item");
    for (const Json& plan : all_plans.as_array())
        for (const Json& stage : list_of(plan["apiStages"]))
            if (stage["apiId"].text() == id) plans.push(plan);
    Json methods = Json::array();
    const Json resources =
        co_await items_of(cloud, base + "/resources?limit=500&embed=methods", "item");
    for (const Json& resource : resources.as_array())
        if (const Json& given = resource["resourceMethods"]; given.is_object())
            for (const auto& [verb, method] : given.as_object()) {
                Json one = method;
                one.set("path", resource["path"]);
                one.set("verb", verb);
                methods.push(std::move(one));
            }
    co_return Json::object(
        {{"kind", "REST"},
         {"name", api["name"]},
         {"api", api},
         {"stages", co_await items_of(cloud, base + "/stages", "item")},
         {"methods", std::move(methods)},
         {"authorizers", co_await items_of(cloud, base + "/authorizers", "item")},
         {"validators", co_await items_of(cloud, base + "/requestvalidators", "item")},
         {"usagePlans", std::move(plans)},
         {"domains", co_await domains_of(cloud, id, true)}});
}

Task<Result<Json>> http_api_facts(Cloud& cloud, std::string id) {
    const std::string base = "/v2/apis/" + id;
    CO_TRY(const Json api, co_await cloud.rest("apigateway", "GET", base));
    Json methods = Json::array();
    const Json integrations = co_await items_of(cloud, base + "/integrations", "items");
    for (const Json& one : integrations.as_array())
        methods.push(Json::object(
            {{"path", "/"},
             {"verb", "ANY"},
             {"methodIntegration", Json::object({{"type", one["integrationType"]},
                                                 {"timeoutInMillis", one["timeoutInMillis"]}})}}));
    co_return Json::object(
        {{"kind", "HTTP"},
         {"name", api["name"]},
         {"api", api},
         {"stages", co_await items_of(cloud, base + "/stages", "items")},
         {"methods", std::move(methods)},
         {"authorizers", co_await items_of(cloud, base + "/authorizers", "items")},
         {"domains", co_await domains_of(cloud, id, false)}});
}

Task<Result<Json>> balancer_facts(Cloud& cloud, std::string arn) {
    CO_TRY(const Json found, co_await cloud.query("elbv2", "DescribeLoadBalancers",
                                                  {{"LoadBalancerArns.member.1", arn}}));
    CO_TRY(const Json given, co_await cloud.query("elbv2", "DescribeLoadBalancerAttributes",
                                                  {{"LoadBalancerArn", arn}}));
    CO_TRY(const Json listeners,
           co_await cloud.query("elbv2", "DescribeListeners", {{"LoadBalancerArn", arn}}));
    Json attributes = Json::object(), list = Json::array();
    for (const Json& one : list_of(given["Attributes"]))
        attributes.set(one["Key"].text(), one["Value"]);
    for (const Json& one : list_of(listeners["Listeners"])) list.push(one);
    const std::vector<Json> balancers = list_of(found["LoadBalancers"]);
    co_return Json::object(
        {{"name", balancers.empty() ? Json(arn) : balancers[0]["LoadBalancerName"]},
         {"attributes", std::move(attributes)},
         {"listeners", std::move(list)}});
}

}  // namespace

Task<Result<std::vector<StackResource>>> stack_resources(Cloud& cloud, std::string stack) {
    std::vector<StackResource> out;
    std::string token;
    while (true) {
        Cloud::Params params{{"StackName", stack}};
        if (!token.empty()) params.emplace_back("NextToken", token);
        CO_TRY(const Json page,
               co_await cloud.query("cloudformation", "ListStackResources", params));
        for (const Json& one : list_of(page["StackResourceSummaries"]))
            out.push_back({one["LogicalResourceId"].text(), one["PhysicalResourceId"].text(),
                           one["ResourceType"].text()});
        token = page["NextToken"].text();
        if (token.empty()) co_return out;
    }
}

Task<Result<Json>> gather_facts(Cloud& cloud, std::vector<std::string> stacks) {
    std::vector<StackResource> resources;
    for (const std::string& stack : stacks) {
        CO_TRY(const auto some, co_await stack_resources(cloud, stack));
        resources.insert(resources.end(), some.begin(), some.end());
    }
    Json apis = Json::array(), functions = Json::array(), balancers = Json::array();
    for (const StackResource& one : resources) {
        if (one.type == "AWS::ApiGateway::RestApi") {
            CO_TRY(Json facts, co_await rest_api_facts(cloud, one.physical_id));
            apis.push(std::move(facts));
        } else if (one.type == "AWS::ApiGatewayV2::Api") {
            CO_TRY(Json facts, co_await http_api_facts(cloud, one.physical_id));
            apis.push(std::move(facts));
        } else if (one.type == "AWS::Lambda::Function") {
            CO_TRY(Json facts,
                   co_await cloud.rest("lambda", "GET",
                                       "/2015-03-31/functions/" + percent_encode(one.physical_id) +
                                           "/configuration"));
            functions.push(std::move(facts));
        } else if (one.type == "AWS::ElasticLoadBalancingV2::LoadBalancer") {
            CO_TRY(Json facts, co_await balancer_facts(cloud, one.physical_id));
            balancers.push(std::move(facts));
        }
    }
    if (apis.size() == 0)
        co_return fail("NothingToCheck",
                       "The stack " + join(stacks, ", ") +
                           " has no API of API Gateway: there is nothing to move behind a load "
                           "balancer.",
                       400);
    co_return Json::object({{"apis", std::move(apis)},
                            {"functions", std::move(functions)},
                            {"balancers", std::move(balancers)}});
}

}  // namespace unkai::migration
