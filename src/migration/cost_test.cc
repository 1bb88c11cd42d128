#include "migration/cost.h"

#include <gtest/gtest.h>

#include "migration/checks.h"

namespace unkai::migration {

using wire::Json;

namespace {

constexpr std::string_view cost_template = R"(
Parameters:
  Tasks: {Type: Number, Default: 2}
  Stage: {Type: String, Default: test}
Conditions:
  IsProduction: !Equals [!Ref Stage, prod]
Resources:
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties: {Cpu: 256, Memory: "512"}
  Service:
    Type: AWS::ECS::Service
    Properties: {LaunchType: FARGATE, DesiredCount: !Ref Tasks, TaskDefinition: !Ref Task}
  Balancer:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties: {Subnets: [a, b], Scheme: internet-facing}
  Gateway: {Type: AWS::EC2::NatGateway, Condition: IsProduction}
  Function:
    Type: AWS::Lambda::Function
    Properties: {MemorySize: !If [IsProduction, 1024, 512]}
  Api: {Type: AWS::ApiGateway::RestApi}
  MayCall:
    Type: AWS::Lambda::Permission
    Properties: {Principal: apigateway.amazonaws.com, FunctionName: !GetAtt Function.Arn}
  Queue: {Type: AWS::SQS::Queue}
  Role: {Type: AWS::IAM::Role}
)";

const CostLine& line_of(const Estimate& estimate, std::string_view name) {
    for (const CostLine& line : estimate.lines)
        if (line.resource == name) return line;
    static const CostLine none;
    return none;
}

}  // namespace

TEST(Cost, FollowsTheTemplate) {
    const auto prices = PriceTable::of_region("us-east-1");
    const auto resources = read_template(cost_template, {});
    ASSERT_TRUE(resources) << resources.error().message;
    const Time now = *parse_iso8601("2026-11-22T00:00:00Z");
    const Estimate bare = estimate_cost(*resources, *prices, {}, now);
    // Two tasks of 0.25 vCPU and 0.5 GB; infracost's own golden file: 29.55 and 6.49 for 1 and 2.
    EXPECT_NEAR(line_of(bare, "Service").usd(), 2 * 730 * (0.25 * 0.04048 + 0.5 * 0.004445), 1e-9);
    EXPECT_NEAR(line_of(bare, "Balancer").usd(), 730 * (0.0225 + 2 * 0.005), 1e-9);
    EXPECT_EQ(line_of(bare, "Function").usd(), 0);  // Depends on usage.
    EXPECT_TRUE(line_of(bare, "Gateway").parts.empty());
    ASSERT_EQ(bare.unpriced.size(), 1u);
    EXPECT_EQ(bare.unpriced[0], "Queue (AWS::SQS::Queue)");
    EXPECT_TRUE(bare.has_mark("?"));
    EXPECT_TRUE(bare.has_mark("old"));

    const Estimate busy = estimate_cost(*resources, *prices, assume_usage(*resources, 100), now);
    const double requests = 100 * 730 * 3600;
    EXPECT_NEAR(line_of(busy, "Api").usd(), requests / 1e6 * 3.5 + requests * 1e4 / 1e9 * 0.09,
                1e-6);
    EXPECT_NEAR(line_of(busy, "Function").usd(),
                requests / 1e6 * 0.2 + requests * 0.5 * 0.1 * 0.0000166667, 1e-6);
    // The largest dimension: 100 requests of 10 kB are 3.6 GB an hour, 3.6 units.
    EXPECT_NEAR(line_of(busy, "Balancer").parts[1].quantity, 3.6 * 730, 1e-6);
    EXPECT_GT(busy.usd(), bare.usd());

    const auto production = read_template(cost_template, {{"Stage", "prod"}, {"Tasks", "4"}});
    const Estimate big = estimate_cost(*production, *prices, {}, now);
    EXPECT_FALSE(line_of(big, "Gateway").parts.empty());
    EXPECT_NEAR(line_of(big, "Service").usd(), 2 * line_of(bare, "Service").usd(), 1e-9);
    EXPECT_EQ(estimate_json(big)["region"].text(), "us-east-1");
    EXPECT_TRUE(estimate_text(bare).contains("depends on usage: $3.5 old per 1M requests"))
        << estimate_text(bare);
    EXPECT_EQ(read_template("{}", {}).error().code, "TemplateInvalid");
}

TEST(MigrationChecks, NameWhatDiffersAndHowToMend) {
    const auto facts = Json::parse(R"json({
      "apis": [{"kind": "REST", "name": "orders",
        "api": {"binaryMediaTypes": ["*/*"]},
        "stages": [{"stageName": "prod", "methodSettings": {"*/*": {"throttlingRateLimit": 50}}}],
        "methods": [
          {"verb": "GET", "path": "/",
           "methodIntegration": {"type": "AWS_PROXY", "timeoutInMillis": 29000}},
          {"verb": "OPTIONS", "path": "/", "methodIntegration": {"type": "MOCK"}},
          {"verb": "POST", "path": "/a", "apiKeyRequired": true,
           "methodIntegration": {"type": "AWS"}}],
        "authorizers": [{"name": "who", "type": "TOKEN"}],
        "validators": [{"name": "body"}], "usagePlans": [{"name": "gold"}], "domains": []}],
      "functions": [{"FunctionName": "f", "Timeout": 60, "MemorySize": 128}],
      "balancers": [{"name": "web", "attributes": {}, "listeners": [{"Protocol": "HTTP"}]}]
    })json");
    ASSERT_TRUE(facts);
    std::map<std::string, Finding> found;
    for (const Finding& one : check_migration(*facts)) {
        found[one.about] = one;
        EXPECT_FALSE(one.text.empty() || one.fix.empty());
    }
    for (const char* const stop : {"stage path", "authorizer", "usage plans", "validation",
                                   "mapping", "CORS", "certificate"}) {
        ASSERT_TRUE(found.contains(stop)) << stop;
        EXPECT_TRUE(found[stop].stop) << stop;
    }
    for (const char* const note : {"timeout", "body", "headers", "base64", "throttling",
                                   "keep-alive", "function timeout", "memory"}) {
        ASSERT_TRUE(found.contains(note)) << note;
        EXPECT_FALSE(found[note].stop) << note;
    }
    EXPECT_TRUE(found["throttling"].text.contains("50 requests/s for stage prod"));

    const auto ready = Json::parse(R"json({
      "apis": [{"kind": "REST", "name": "orders", "api": {},
        "stages": [{"stageName": "prod"}],
        "methods": [{"verb": "ANY", "path": "/{proxy+}",
                     "methodIntegration": {"type": "AWS_PROXY"}}],
        "domains": [{"name": "api.test", "basePath": "(none)"}]}],
      "functions": [],
      "balancers": [{"name": "web", "attributes": {"client_keep_alive.seconds": "60"},
                     "listeners": [{"Protocol": "HTTPS"}]}]
    })json");
    ASSERT_TRUE(ready);
    for (const Finding& one : check_migration(*ready)) EXPECT_FALSE(one.stop) << one.about;
}

}  // namespace unkai::migration
