#include "migration/cost.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/strings.h"
#include "cli/cloud_access.h"
#include "migration/checks.h"

namespace unkai::cli {

using migration::Cloud;
using migration::Estimate;
using migration::Usage;
using wire::Json;

namespace {

struct CostWishes {
    std::string subject, compare, traffic;
    std::vector<std::string> parameters;
    EndpointOptions endpoint;
};

constexpr Duration measured_span = 1h;

struct Subject {
    std::string title, stack;  // `stack` empty: a file.
    Json resources;
};

Result<std::map<std::string, std::string>> read_parameters(const CostWishes& wishes) {
    std::map<std::string, std::string> out;
    for (const std::string& text : wishes.parameters) {
        const auto [name, value] = split_once(text, '=');
        if (name.empty() || !text.contains('='))
            return fail("ParameterInvalid", "'" + text + "' is none. Write Name=value.", 400);
        out.emplace(name, value);
    }
    return out;
}

Task<Result<Subject>> read_stack(Cloud& cloud, std::string name,
                                 std::map<std::string, std::string> parameters) {
    CO_TRY(const Json answer,
           co_await cloud.query("cloudformation", "GetTemplate", {{"StackName", name}}));
    CO_TRY(const Json stacks,
           co_await cloud.query("cloudformation", "DescribeStacks", {{"StackName", name}}));
    for (const Json& stack : migration::list_of(stacks["Stacks"]))
        for (const Json& one : migration::list_of(stack["Parameters"]))
            parameters.emplace(one["ParameterKey"].text(), one["ParameterValue"].text());
    CO_TRY(Json resources, migration::read_template(answer["TemplateBody"].text(), parameters));
    co_return Subject{"stack " + name, name, std::move(resources)};
}

Task<Result<double>> metric_sum(Cloud& cloud, std::string space, std::string metric,
                                std::string statistic, std::string dimension, std::string value,
                                Time now) {
    const std::string stat = "MetricDataQueries.member.1.MetricStat.";
    CO_TRY(const Json answer,
           co_await cloud.query("cloudwatch", "GetMetricData",
                                {{"StartTime", iso8601(now - measured_span)},
                                 {"EndTime", iso8601(now)},
                                 {"MetricDataQueries.member.1.Id", "m1"},
                                 {stat + "Metric.Namespace", space},
                                 {stat + "Metric.MetricName", metric},
                                 {stat + "Metric.Dimensions.member.1.Name", dimension},
                                 {stat + "Metric.Dimensions.member.1.Value", value},
                                 {stat + "Period", "3600"},
                                 {stat + "Stat", statistic}}));
    double sum = 0;
    for (const Json& result : migration::list_of(answer["MetricDataResults"]))
        for (const Json& one : migration::list_of(result["Values"]))
            sum += parse_double(one.text()).value_or(0);
    co_return sum;
}

// The last hour, as CloudWatch has it.
Task<Result<std::map<std::string, Usage>>> measure(Cloud& cloud, std::string stack, Time now) {
    std::map<std::string, Usage> out;
    CO_TRY(const auto resources, co_await migration::stack_resources(cloud, stack));
    const double span = std::chrono::duration<double>(measured_span).count();
    for (const auto& one : resources) {
        std::string space, metric, dimension, value = one.physical_id;
        if (one.type == "AWS::ElasticLoadBalancingV2::LoadBalancer") {
            space = "AWS/ApplicationELB", metric = "RequestCount", dimension = "LoadBalancer";
            if (const size_t at = value.find(":loadbalancer/"); at != value.npos)
                value.erase(0, at + 14);
        } else if (one.type == "AWS::Lambda::Function") {
            space = "AWS/Lambda", metric = "Invocations", dimension = "FunctionName";
        } else if (one.type == "AWS::ApiGateway::RestApi") {
            space = "AWS/ApiGateway", metric = "Count", dimension = "ApiName";
            CO_TRY(const Json api,
                   co_await cloud.rest("apigateway", "GET", "/restapis/" + one.physical_id));
            value = api["name"].text();
        } else if (one.type == "AWS::ApiGatewayV2::Api") {
            space = "AWS/ApiGateway", metric = "Count", dimension = "ApiId";
        } else {
            continue;
        }
        CO_TRY(const double count,
               co_await metric_sum(cloud, space, metric, "Sum", dimension, value, now));
        Usage& usage = out[one.logical_id];
        usage.requests_per_second = count / span;
        usage.measured = true;
        if (one.type != "AWS::Lambda::Function" || count <= 0) continue;
        CO_TRY(const double length,
               co_await metric_sum(cloud, space, "Duration", "Average", dimension, value, now));
        usage.lambda_ms = length;
    }
    co_return out;
}

struct CostRun {
    const Context& context;
    const CostWishes& wishes;
    Loop loop = {};
    std::unique_ptr<Random> random = system_random();
    std::unique_ptr<Cloud> cloud = nullptr;
    std::string region = {};

    Status open() {
        if (cloud) return ok();
        TRY(auto access, cloud_access(context, wishes.endpoint.endpoint, wishes.endpoint.region));
        if (region.empty()) region = access.region;
        cloud = std::make_unique<Cloud>(loop, *random, std::move(access));
        return ok();
    }

    Result<Subject> read(const std::string& name) {
        TRY(const auto parameters, read_parameters(wishes));
        if (std::filesystem::is_regular_file(name)) {
            TRY(Json resources, migration::read_template(file_text(name), parameters));
            return Subject{name, "", std::move(resources)};
        }
        if (name.contains('/') || name.contains('.'))
            return fail("NoSuchTemplate",
                        "There is no file " + name + ". Name a template, or a deployed stack.",
                        404);
        REQUIRE(open());
        return loop.run_until_done(read_stack(*cloud, name, parameters));
    }

    Result<std::map<std::string, Usage>> usage_of(const Subject& subject) {
        if (wishes.traffic.empty()) return std::map<std::string, Usage>();
        if (wishes.traffic == "measured") {
            if (subject.stack.empty())
                return fail("NotDeployed",
                            "Only a deployed stack can be measured. Give --traffic 100/s for a "
                            "template.",
                            400);
            return loop.run_until_done(measure(*cloud, subject.stack, loop.now()));
        }
        std::string_view text = wishes.traffic;
        if (text.ends_with("/s")) text.remove_suffix(2);
        const auto rate = parse_double(text);
        if (!rate || *rate < 0)
            return fail("TrafficInvalid",
                        "--traffic '" + wishes.traffic + "' is none. Write measured, or 100/s.",
                        400);
        return migration::assume_usage(subject.resources, *rate);
    }

    Result<Estimate> estimate(const std::string& name) {
        TRY(const Subject subject, read(name));
        TRY(const auto usage, usage_of(subject));
        if (region.empty()) region = "us-east-1";
        TRY(const auto prices, migration::PriceTable::of_region(region));
        return migration::estimate_cost(subject.resources, prices, usage, loop.now());
    }
};

std::string assumptions(const CostWishes& wishes) {
    if (wishes.traffic.empty()) return "";
    std::string out = wishes.traffic == "measured"
                          ? "Traffic: the last hour's, as if it went on all month."
                          : "Traffic: " + wishes.traffic + ", all month.";
    return out + fmt::format(" Assumed: answers of {:g} KB, {:g} requests a connection.\n",
                             migration::assumed_bytes / 1000, migration::assumed_per_connection);
}

int run_cost(const Context& context, const CostWishes& wishes) {
    CostRun run{context, wishes};
    run.region = wishes.endpoint.region;
    const auto first = run.estimate(wishes.subject);
    if (!first) return finish_failed(context, "cost", first.error());
    Json data = estimate_json(*first);
    std::string text = estimate_text(*first) + assumptions(wishes);
    if (!wishes.compare.empty()) {
        const auto second = run.estimate(wishes.compare);
        if (!second) return finish_failed(context, "cost", second.error());
        const double difference = second->usd() - first->usd();
        data = Json::object({{"first", std::move(data)},
                             {"second", estimate_json(*second)},
                             {"differenceUsd", difference}});
        text = "1. " + wishes.subject + "\n" + text + "\n2. " + wishes.compare + "\n" +
               estimate_text(*second) +
               fmt::format("\n{} costs ${:.2f} a month {} than {}.\n", wishes.compare,
                           std::abs(difference), difference < 0 ? "less" : "more", wishes.subject);
    }
    return finish(context, "cost", std::move(data), text);
}

}  // namespace

void add_cost(CLI::App& app, Context& context, Action& action) {
    static CostWishes wishes;
    CLI::App* command =
        app.add_subcommand("cost", "Estimate what a template or stack costs a month");
    command->footer(
        "Examples:\n  unkai cost examples/migration/fargate.yaml --region ap-northeast-1\n"
        "  unkai cost my-stack --traffic measured\n"
        "  unkai cost lambda.yaml --traffic 200/s --compare fargate.yaml\n"
        "  unkai cost template.yaml --parameter DesiredCount=4 --json\n\n"
        "List prices from the tables in prices/, each with its source and date; what is "
        "unverified\n"
        "is marked ?, and what is older than 180 days, old. No tax, free tier or Savings Plans.");
    command->add_option("TEMPLATE", wishes.subject, "A template's file, or a stack's name")
        ->required();
    command->add_option("--traffic", wishes.traffic, "measured, or requests a second: 200/s");
    command->add_option("--compare", wishes.compare, "Another template or stack");
    command->add_option("--parameter", wishes.parameters, "Name=value; may be repeated")
        ->allow_extra_args(false);
    add_endpoint_options(*command, wishes.endpoint);
    command->callback(
        [&context, &action] { action = [&context] { return run_cost(context, wishes); }; });
}

}  // namespace unkai::cli
