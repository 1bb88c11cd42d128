#include "migration/cost.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/strings.h"

namespace unkai::migration {

using wire::Json;

namespace {

constexpr double seconds_a_month = hours_a_month * 3600;

// What costs nothing, or is paid for with another resource.
constexpr std::string_view free_types[] = {"AWS::IAM::",
                                           "AWS::CloudFormation::",
                                           "AWS::CDK::",
                                           "AWS::EC2::VPC",
                                           "AWS::EC2::Subnet",
                                           "AWS::EC2::Route",
                                           "AWS::EC2::InternetGateway",
                                           "AWS::EC2::SecurityGroup",
                                           "AWS::ECS::Cluster",
                                           "AWS::ECS::TaskDefinition",
                                           "AWS::ElasticLoadBalancingV2::Listener",
                                           "AWS::ElasticLoadBalancingV2::TargetGroup",
                                           "AWS::Lambda::Permission",
                                           "AWS::Lambda::LayerVersion",
                                           "AWS::Lambda::Version",
                                           "AWS::Lambda::Alias",
                                           "AWS::Lambda::EventSourceMapping",
                                           "AWS::Lambda::Url",
                                           "AWS::ApiGateway::",
                                           "AWS::ApiGatewayV2::",
                                           "AWS::Route53::RecordSet",
                                           "AWS::CertificateManager::",
                                           "AWS::RDS::DBSubnetGroup",
                                           "AWS::RDS::DBParameterGroup",
                                           "AWS::RDS::DBClusterParameterGroup",
                                           "AWS::RDS::DBProxy",
                                           "AWS::S3::BucketPolicy",
                                           "AWS::CloudFront::OriginAccess",
                                           "AWS::CloudFront::Function",
                                           "AWS::ApplicationAutoScaling::",
                                           "AWS::Chatbot::",
                                           "AWS::SQS::QueuePolicy",
                                           "AWS::SNS::TopicPolicy",
                                           "AWS::SNS::Subscription",
                                           "AWS::Events::Rule",
                                           "AWS::SecretsManager::SecretTargetAttachment",
                                           "AWS::CloudWatch::CompositeAlarm"};

double number_in(const Json& value, double other) {
    if (value.is_number()) return value.as_double();
    const auto text = parse_double(value.text());
    return text ? *text : other;
}

// "0.25 vCPU", "256": in vCPU. "0.5 GB", "512": in GB.
double units_in(const Json& value, double per_unit, double other) {
    const std::string text = value.text();
    const double number = number_in(Json(std::string(trim(text.substr(0, text.find(' '))))), -1);
    if (number < 0) return other;
    return text.contains("vCPU") || text.contains("GB") || text.contains("vcpu")
               ? number
               : number / per_unit;
}

// Without an exponent: 0.0000166667.
std::string price_text(double usd) {
    std::string out = fmt::format("{:.10f}", usd);
    out.erase(out.find_last_not_of('0') + 1);
    return out.ends_with('.') ? out + "0" : out;
}

class Estimator {
public:
    Estimator(const Json& resources, const PriceTable& prices,
              const std::map<std::string, Usage>& usage, Time now)
        : resources_(resources), prices_(prices), usage_(usage), now_(now) {
        out_.region = prices.region();
        out_.collected = prices.collected();
    }

    Estimate run() {
        for (const auto& [name, resource] : resources_.as_object()) {
            line_ = {.resource = name, .type = resource["Type"].text()};
            add_resource(resource["Properties"]);
            if (!line_.parts.empty())
                out_.lines.push_back(std::move(line_));
            else if (!is_free(line_.type))
                out_.unpriced.push_back(fmt::format("{} ({})", name, line_.type));
        }
        return std::move(out_);
    }

private:
    static bool is_free(std::string_view type) {
        return std::ranges::any_of(free_types,
                                   [&](std::string_view one) { return type.starts_with(one); });
    }

    const Usage& usage() const {
        static const Usage none;
        const auto place = usage_.find(line_.resource);
        return place == usage_.end() ? none : place->second;
    }
    std::optional<double> requests() const {
        const auto& rate = usage().requests_per_second;
        return rate ? std::optional(*rate * seconds_a_month) : std::nullopt;
    }

    // A part whose price is not in the table is left out: the resource then shows as unpriced.
    void part(std::string what, std::string_view price, std::optional<double> quantity) {
        const Price* found = prices_.find(price);
        if (found == nullptr) return;
        line_.parts.push_back({.what = std::move(what),
                               .quantity = quantity.value_or(0),
                               .price = *found,
                               .mark = std::string(found->mark(now_)),
                               .known = quantity.has_value()});
    }

    void add_resource(const Json& given) {
        const std::string_view type = line_.type;
        if (type == "AWS::ECS::Service") add_service(given);
        if (type == "AWS::ElasticLoadBalancingV2::LoadBalancer") add_balancer(given);
        if (type == "AWS::Lambda::Function") add_function(given);
        if (type == "AWS::ApiGateway::RestApi") {
            part("requests", "apigateway.rest", in_millions(requests()));
            part("data out", "transfer.out", data_out());
        }
        if (type == "AWS::ApiGatewayV2::Api") {
            part("requests (in steps of 512 KB)", "apigateway.http", in_millions(requests()));
            part("data out", "transfer.out", data_out());
        }
        if (type == "AWS::EC2::NatGateway") {
            part("a NAT gateway", "nat.hour", hours_a_month);
            part("data", "nat.data", std::nullopt);
        }
        if (type == "AWS::EC2::EIP") part("a public address", "ipv4", hours_a_month);
        if (type == "AWS::EC2::VPCEndpoint" && given["VpcEndpointType"].text() == "Interface") {
            const double zones =
                std::max<double>(1, static_cast<double>(given["SubnetIds"].size()));
            part(fmt::format("{:g} zones", zones), "vpc-endpoint.hour", zones * hours_a_month);
        }
        if (type == "AWS::Route53::HostedZone") {
            part("a zone", "route53.zone", 1);
            part("queries (aliases to AWS are free)", "route53.queries", std::nullopt);
        }
        if (type == "AWS::Route53::HealthCheck") part("a check", "route53.check", 1);
        if (type == "AWS::CloudWatch::Alarm") add_alarm(given);
        if (type == "AWS::Logs::LogGroup") {
            part("taken in", "logs.ingest", std::nullopt);
            part("kept", "logs.storage", std::nullopt);
        }
        if (type == "AWS::S3::Bucket") {
            part("kept", "s3.storage", std::nullopt);
            part("GET", "s3.get", std::nullopt);
        }
        if (type == "AWS::CloudFront::Distribution") {
            part("data out", "cloudfront.data", std::nullopt);
            part("requests", "cloudfront.requests", std::nullopt);
        }
        if (type.starts_with("AWS::RDS::")) add_database(given);
    }

    static std::optional<double> in_millions(std::optional<double> count) {
        return count ? std::optional(*count / 1e6) : std::nullopt;
    }

    void add_service(const Json& given) {
        const std::string launch = given["LaunchType"].text();
        if (launch == "EC2" || launch == "EXTERNAL") return;
        const Json& task = resources_[referred(given["TaskDefinition"])]["Properties"];
        const double count = desired_count(given);
        const double cpu = units_in(task["Cpu"], 1024, 0.25);
        const double memory = units_in(task["Memory"], 1024, 0.5);
        const bool arm = task["RuntimePlatform"]["CpuArchitecture"].text() == "ARM64";
        const std::string base = arm ? "fargate.arm." : "fargate.x86.";
        part(fmt::format("{:g} tasks of {:g} vCPU", count, cpu), base + "vcpu",
             count * cpu * hours_a_month);
        part(fmt::format("{:g} tasks of {:g} GB", count, memory), base + "memory",
             count * memory * hours_a_month);
        const Json& network = given["NetworkConfiguration"]["AwsvpcConfiguration"];
        if (network["AssignPublicIp"].text() == "ENABLED")
            part(fmt::format("{:g} public addresses", count), "ipv4", count * hours_a_month);
    }

    // What auto scaling keeps it at, if that is more than the template says.
    double desired_count(const Json& given) const {
        double count = number_in(given["DesiredCount"], 1);
        for (const auto& [name, resource] : resources_.as_object()) {
            const Json& target = resource["Properties"];
            if (resource["Type"].text() == "AWS::ApplicationAutoScaling::ScalableTarget" &&
                target["ScalableDimension"].text() == "ecs:service:DesiredCount" &&
                target["ResourceId"].dump().contains(line_.resource))
                count = std::max(count, number_in(target["MinCapacity"], 0));
        }
        return count;
    }

    std::optional<double> data_out() const {
        const auto count = requests();
        return count ? std::optional(*count * assumed_bytes / 1e9) : std::nullopt;
    }

    // The largest of the four dimensions, not their sum.
    std::optional<double> capacity_units() const {
        const auto& rate = usage().requests_per_second;
        if (!rate) return std::nullopt;
        const double connections = *rate / assumed_per_connection / 25;
        const double bytes = *rate * assumed_bytes * 3600 / 1e9;
        return std::max({connections, bytes, *rate / 1000}) * hours_a_month;
    }

    void add_balancer(const Json& given) {
        if (const std::string type = given["Type"].text(); !type.empty() && type != "application")
            return;
        part("a load balancer", "alb.hour", hours_a_month);
        part("capacity units", "alb.lcu", capacity_units());
        const double zones = std::max<double>(2, static_cast<double>(given["Subnets"].size()));
        if (given["Scheme"].text() != "internal")
            part(fmt::format("{:g} public addresses", zones), "ipv4", zones * hours_a_month);
        part("data out", "transfer.out", data_out());
    }

    void add_function(const Json& given) {
        const double memory = number_in(given["MemorySize"], 128) / 1024;
        const double ms = usage().lambda_ms.value_or(assumed_lambda_ms);
        const bool arm = given["Architectures"][0].text() == "arm64";
        const auto count = requests();
        part("requests", "lambda.requests", in_millions(count));
        part(fmt::format("{:g} GB for {:.0f} ms{}", memory, ms,
                         usage().lambda_ms ? "" : " (assumed)"),
             arm ? "lambda.arm" : "lambda.x86",
             count ? std::optional(*count * memory * ms / 1000) : std::nullopt);
    }

    void add_alarm(const Json& given) {
        const double period = number_in(given["Period"], 60);
        part(period < 60 ? "a high-resolution alarm" : "an alarm",
             period < 60 ? "cloudwatch.alarm.fast" : "cloudwatch.alarm", 1);
    }

    void add_database(const Json& given) {
        const std::string_view type = line_.type;
        if (type == "AWS::RDS::DBInstance") {
            const std::string size = given["DBInstanceClass"].text();
            if (size == "db.serverless") return;
            part(size, "aurora." + size, hours_a_month);
        } else if (type == "AWS::RDS::DBCluster") {
            const Json& scaling = given["ServerlessV2ScalingConfiguration"];
            if (!scaling.is_null()) {
                const double least = number_in(scaling["MinCapacity"], 0.5);
                part(fmt::format("at least {:g} ACU", least), "aurora.acu", least * hours_a_month);
            }
            part("kept", "aurora.storage", std::nullopt);
            part("reads and writes", "aurora.io", std::nullopt);
            if (number_in(given["BacktrackWindow"], 0) > 0)
                part("backtrack", "aurora.backtrack", std::nullopt);
        } else if (type == "AWS::RDS::DBProxy") {
            part("2 vCPU (the minimum)", "rds-proxy", 2 * hours_a_month);
        }
    }

    static std::string referred(const Json& value) {
        if (const Json* name = value.find("Ref")) return name->text();
        if (const Json* path = value.find("Fn::GetAtt"))
            return path->is_array() ? (*path)[0].text()
                                    : std::string(split_once(path->text(), '.').first);
        return value.text();
    }

    const Json& resources_;
    const PriceTable& prices_;
    const std::map<std::string, Usage>& usage_;
    Time now_;
    CostLine line_;
    Estimate out_;
};

}  // namespace

double CostLine::usd() const {
    double sum = 0;
    for (const CostPart& part : parts) sum += part.usd();
    return sum;
}

double Estimate::usd() const {
    double sum = 0;
    for (const CostLine& line : lines) sum += line.usd();
    return sum;
}

bool Estimate::has_mark(std::string_view mark) const {
    for (const CostLine& line : lines)
        for (const CostPart& part : line.parts)
            if (part.mark == mark) return true;
    return false;
}

std::map<std::string, Usage> assume_usage(const Json& resources, double rate) {
    std::map<std::string, Usage> out;
    std::set<std::string> behind_apis;
    for (const auto& [name, resource] : resources.as_object())
        if (resource["Type"].text() == "AWS::Lambda::Permission" &&
            resource["Properties"]["Principal"].text() == "apigateway.amazonaws.com") {
            const Json& function = resource["Properties"]["FunctionName"];
            behind_apis.insert(function.find("Ref") != nullptr ? function["Ref"].text()
                                                               : function["Fn::GetAtt"][0].text());
        }
    for (const auto& [name, resource] : resources.as_object()) {
        const std::string type = resource["Type"].text();
        if (type == "AWS::ElasticLoadBalancingV2::LoadBalancer" ||
            type == "AWS::ApiGateway::RestApi" || type == "AWS::ApiGatewayV2::Api" ||
            (type == "AWS::Lambda::Function" && behind_apis.contains(name)))
            out[name].requests_per_second = rate;
    }
    return out;
}

Estimate estimate_cost(const Json& resources, const PriceTable& prices,
                       const std::map<std::string, Usage>& usage, Time now) {
    return Estimator(resources, prices, usage, now).run();
}

Json estimate_json(const Estimate& estimate) {
    Json lines = Json::array(), unpriced = Json::array();
    for (const CostLine& line : estimate.lines) {
        Json parts = Json::array();
        for (const CostPart& part : line.parts)
            parts.push(Json::object({{"what", part.what},
                                     {"unit", part.price.unit},
                                     {"unitUsd", part.price.usd},
                                     {"quantity", part.known ? Json(part.quantity) : Json()},
                                     {"monthlyUsd", part.known ? Json(part.usd()) : Json()},
                                     {"source", part.price.source},
                                     {"unverified", part.price.unverified},
                                     {"old", part.mark == "old"}}));
        lines.push(Json::object({{"resource", line.resource},
                                 {"type", line.type},
                                 {"monthlyUsd", line.usd()},
                                 {"parts", std::move(parts)}}));
    }
    for (const std::string& one : estimate.unpriced) unpriced.push(one);
    return Json::object({{"region", estimate.region},
                         {"collected", estimate.collected},
                         {"monthlyUsd", estimate.usd()},
                         {"lines", std::move(lines)},
                         {"unpriced", std::move(unpriced)}});
}

std::string estimate_text(const Estimate& estimate) {
    std::string out = fmt::format(
        "Prices of {} as of {}: list price, no tax, no free tier, no Savings Plans; 730 hours.\n\n",
        estimate.region, estimate.collected);
    for (const CostLine& line : estimate.lines) {
        out += fmt::format("{:<28} {:<42} {:>11}\n", line.resource, line.type,
                           fmt::format("${:.2f}", line.usd()));
        for (const CostPart& part : line.parts) {
            const std::string mark = part.mark.empty() ? "" : " " + part.mark;
            const std::string unit =
                fmt::format("${}{} per {}", price_text(part.price.usd), mark, part.price.unit);
            out += part.known ? fmt::format("    {:<38} {:<30} {:>11}\n", part.what, unit,
                                            fmt::format("${:.2f}", part.usd()))
                              : fmt::format("    {:<38} depends on usage: {}\n", part.what, unit);
        }
    }
    out += fmt::format("\n{:<71} {:>11}\n", "Total a month, and what depends on usage",
                       fmt::format("${:.2f}", estimate.usd()));
    if (!estimate.unpriced.empty())
        out += "Costs, but has no price here: " + join(estimate.unpriced, ", ") + "\n";
    if (estimate.has_mark("?")) out += "?    unverified price: check it before you rely on it\n";
    if (estimate.has_mark("old")) out += "old  the price's source is older than 180 days\n";
    return out;
}

}  // namespace unkai::migration
