#include "parts/gateway_backend.h"

#include "api/apigateway.h"
#include "api/apigatewayv2.h"
#include "api/cloudwatch.h"
#include "api/lambda.h"
#include "api/logs.h"
#include "aws/client.h"
#include "aws/credentials.h"
#include "aws/policy.h"
#include "aws/sigv4.h"
#include "base/log.h"
#include "base/strings.h"
#include "origin_names.h"

namespace unkai {

namespace gateway = planes::gateway;

namespace {

constexpr const char* own_name = "apigateway.amazonaws.com";

}  // namespace

// The service calls for one method of one API, which is what the function's permissions name; with
// credentials the role calls instead.
Task<Result<gateway::Invoked>> GatewayBackend::invoke(gateway::Invocation invocation) {
    aws::Caller caller = aws::service_caller(own_name, invocation.account, invocation.region);
    caller.principal.arn = invocation.source_arn;
    if (!invocation.credentials.empty()) {
        caller.principal = {.kind = aws::Principal::Kind::assumed_role,
                            .account = invocation.account,
                            .arn = invocation.credentials};
    }
    api::lambda::InvokeInput in;
    in.function_name = std::move(invocation.function);
    in.payload = std::move(invocation.payload);
    auto answer = co_await client_.call<api::lambda::op::Invoke>(std::move(caller), std::move(in));
    if (!answer) {
        Error error = std::move(answer.error());
        if (error.is("AccessDeniedException"))
            co_return fail("NotPermitted",
                           "Invalid permissions on Lambda function: " + error.message, 500);
        if (error.is("TooManyRequestsException")) co_return fail("Throttled", error.message, 429);
        co_return fail(error.is("ResourceNotFoundException") ? "NotFound" : "InvokeFailed",
                       error.message, 500);
    }
    gateway::Invoked out;
    out.failed = answer->function_error.has_value();
    out.payload = std::move(answer->payload).value_or("");
    co_return out;
}

Result<gateway::Identity> GatewayBackend::authenticate(const gateway::Incoming& request,
                                                       const std::string& region) {
    aws::sigv4::Request sent{request.method, request.path, request.query, {}};
    for (const auto& [name, value] : request.headers) sent.headers.emplace_back(name, value);
    if (aws::sigv4::form_of(sent) == aws::sigv4::Form::none)
        return fail("MissingAuthenticationToken", "Missing Authentication Token", 403);
    TRY(const aws::sigv4::Claim claim, aws::sigv4::parse(sent));
    if (claim.service != "execute-api" || claim.region != region)
        return fail("InvalidSignatureException",
                    "Credential should be scoped to a valid region and to the service "
                    "'execute-api'.",
                    403);
    auto credential = credentials_.find(claim.access_key_id, claim.session_token, env_.now());
    if (!credential) {
        const bool expired = credential.error().is("ExpiredToken");
        return fail(expired ? "ExpiredToken" : "InvalidSignatureException",
                    expired ? "The security token included in the request is expired"
                            : "The security token included in the request is invalid.",
                    403);
    }
    std::string_view hash = request.header("x-amz-content-sha256");
    const std::string own_hash = aws::sigv4::sha256_hex(request.body);
    if (hash.empty() || hash != "UNSIGNED-PAYLOAD") hash = own_hash;
    if (const Status held =
            aws::sigv4::verify(sent, claim, credential->secret, hash, true, env_.now());
        !held)
        return fail("InvalidSignatureException", held.error().message, 403);
    const aws::Principal& who = credential->principal;
    return gateway::Identity{.account = who.account,
                             .caller = who.user_id,
                             .user = who.user_id,
                             .user_arn = who.arn,
                             .access_key = std::string(claim.access_key_id)};
}

gateway::Decision GatewayBackend::evaluate(const gateway::PolicyQuestion& question) {
    auto policy = wire::Json::parse(question.policy);
    if (!policy || !policy->is_object()) return gateway::Decision::deny;
    if (question.ignore_principal) {
        wire::Json statements = (*policy)["Statement"];
        if (statements.is_object()) statements = wire::Json::array({statements});
        if (statements.is_array())
            for (wire::Json& one : statements.as_array())
                if (one.is_object()) one.set("Principal", "*");
        policy->set("Statement", std::move(statements));
    }
    aws::Principal principal;
    if (!question.principal_arn.empty())
        principal = {.kind = aws::Principal::Kind::user,
                     .account = question.principal_account,
                     .arn = question.principal_arn};
    aws::PolicyRequest request{principal, question.action, question.resource, {}};
    if (!question.source_ip.empty()) request.context.emplace("aws:sourceip", question.source_ip);
    switch (aws::evaluate(*policy, request)) {
        case aws::Decision::allow:
            return gateway::Decision::allow;
        case aws::Decision::deny:
            return gateway::Decision::deny;
        default:
            return gateway::Decision::none;
    }
}

std::vector<std::string> GatewayBackend::resolve(const std::string& host) {
    return names_.resolve(host);
}

void GatewayBackend::log(const std::string& group_arn, const gateway::Api& api,
                         const std::string& stage, std::string line, Time when) {
    const auto parts = split(group_arn, ':');
    constexpr size_t name_part = 6;  // arn:aws:logs:REGION:ACCOUNT:log-group:NAME[:*]
    if (parts.size() <= name_part) return;
    if (waiting_ >= most_lines) {
        if (!std::exchange(dropping_, true))
            log::warn("access logs come faster than they are written; lines are dropped");
        return;
    }
    Lines& lines = logs_[group_arn + "\n" + api.id + "\n" + stage];
    if (lines.group.empty()) {
        lines.account = parts[4];
        lines.region = parts[3];
        lines.group = parts[name_part];
        lines.stream = aws::sigv4::sha256_hex(api.id + "/" + stage).substr(0, 32);
    }
    lines.lines.emplace_back(when, std::move(line));
    ++waiting_;
}

Task<Result<std::string>> GatewayBackend::document(const gateway::Api& api,
                                                   const std::string& stage) {
    const aws::Caller caller = aws::service_caller(own_name, api.account, api.region);
    if (api.kind == gateway::Api::Kind::http) {
        CO_TRY(auto shown, co_await client_.call<api::apigatewayv2::op::ExportApi>(
                               caller, {.api_id = api.id,
                                        .include_extensions = false,
                                        .output_type = "JSON",
                                        .specification = "OAS30",
                                        .stage_name = stage}));
        co_return std::move(shown.body).value_or("");
    }
    CO_TRY(auto shown,
           co_await client_.call<api::apigateway::op::GetExport>(
               caller, {.rest_api_id = api.id, .stage_name = stage, .export_type = "oas30"}));
    co_return std::move(shown.body).value_or("");
}

Task<void> GatewayBackend::ship(gateway::Gateway& gateway, Stop& stop) {
    constexpr Duration pause = 200ms, period = 10s;
    Steady next = env_.loop.steady() + period;
    bool on = true;
    while (on) {
        on = co_await env_.loop.sleep(pause, &stop);
        co_await ship_lines();
        if (on && env_.loop.steady() < next) continue;
        next = env_.loop.steady() + period;
        co_await ship_metrics(gateway.take_meters());
    }
}

Task<void> GatewayBackend::ship_lines() {
    constexpr size_t most_events = 1000;
    waiting_ = 0;
    dropping_ = false;
    for (auto& [key, log] : logs_) {
        auto lines = std::exchange(log.lines, {});
        if (lines.empty()) continue;
        const aws::Caller caller = aws::service_caller(own_name, log.account, log.region);
        if (!log.known)
            (void)co_await client_.call<api::logs::op::CreateLogStream>(
                caller, {.log_group_name = log.group, .log_stream_name = log.stream});
        log.known = true;
        for (size_t at = 0; at < lines.size(); at += most_events) {
            api::logs::PutLogEventsInput in{.log_group_name = log.group,
                                            .log_stream_name = log.stream};
            for (size_t i = at; i < std::min(lines.size(), at + most_events); ++i)
                in.log_events.push_back(
                    {.timestamp = millis(lines[i].first), .message = lines[i].second});
            const auto put = co_await client_.call<api::logs::op::PutLogEvents>(caller, in);
            if (!put) {
                log.known = false;
                log::debug("an access log was refused",
                           {{"group", log.group}, {"error", put.error().message}});
            }
        }
    }
}

namespace {

using api::cloudwatch::MetricDatum;

// The values of a histogram with their counts, at most 150 of them.
void put_values(MetricDatum& datum, const gateway::Histogram& histogram) {
    constexpr size_t most_values = 150;
    for (const auto& [value, count] : histogram.counts()) {
        if (datum.values.size() == most_values) break;
        datum.values.push_back(static_cast<double>(value));
        datum.counts.push_back(static_cast<double>(count));
    }
}

// Zeros and ones, so that the average is the rate of errors and the sum their number.
void put_flags(MetricDatum& datum, uint64_t set, uint64_t all) {
    datum.values = {0.0, 1.0};
    datum.counts = {static_cast<double>(all - set), static_cast<double>(set)};
    if (set == 0 || set == all) {
        datum.values = {set == 0 ? 0.0 : 1.0};
        datum.counts = {static_cast<double>(all)};
    }
}

void tell_meter(const gateway::MeterKey& key, const gateway::Meter& meter, Time when,
                List<api::cloudwatch::Dimension> dimensions, List<MetricDatum>& out) {
    const bool http = key.kind == gateway::Api::Kind::http;
    const auto make = [&](const char* name, const char* unit) -> MetricDatum& {
        out.push_back({.metric_name = name, .timestamp = when, .unit = unit});
        out.back().dimensions = dimensions;
        out.back().storage_resolution = 1;
        return out.back();
    };
    MetricDatum& count = make("Count", "Count");
    count.values = {1.0};
    count.counts = {static_cast<double>(meter.count)};
    put_flags(make(http ? "4xx" : "4XXError", "Count"), meter.errors_4xx, meter.count);
    put_flags(make(http ? "5xx" : "5XXError", "Count"), meter.errors_5xx, meter.count);
    put_values(make("Latency", "Milliseconds"), meter.latency);
    if (!meter.integration_latency.counts().empty())
        put_values(make("IntegrationLatency", "Milliseconds"), meter.integration_latency);
    if (http) {
        MetricDatum& bytes = make("DataProcessed", "Bytes");
        bytes.values = {static_cast<double>(meter.bytes)};
        bytes.counts = {1.0};
    }
}

void add_meter(gateway::Meter& to, const gateway::Meter& from) {
    to.count += from.count;
    to.errors_4xx += from.errors_4xx;
    to.errors_5xx += from.errors_5xx;
    to.bytes += from.bytes;
    to.latency.add(from.latency);
    to.integration_latency.add(from.integration_latency);
}

}  // namespace

Task<void> GatewayBackend::ship_metrics(gateway::Meters meters) {
    constexpr size_t most_data = 150;
    std::map<std::pair<std::string, std::string>, List<MetricDatum>> all;
    std::map<gateway::MeterKey, gateway::Meter> whole;  // Of APIs, over their stages.
    const Time when = env_.now();
    for (const auto& [key, meter] : meters) {
        const bool http = key.kind == gateway::Api::Kind::http;
        const std::string name = http ? "ApiId" : "ApiName";
        const std::string value = http ? key.api : key.api_name;
        auto& out = all[{key.account, key.region}];
        if (key.resource.empty()) {
            gateway::MeterKey api = key;
            api.stage.clear();
            add_meter(whole[api], meter);
            tell_meter(key, meter, when,
                       {{.name = name, .value = value}, {.name = "Stage", .value = key.stage}},
                       out);
        } else {
            tell_meter(key, meter, when,
                       {{.name = name, .value = value},
                        {.name = "Method", .value = key.method},
                        {.name = "Resource", .value = key.resource},
                        {.name = "Stage", .value = key.stage}},
                       out);
        }
    }
    for (const auto& [key, meter] : whole) {
        const bool http = key.kind == gateway::Api::Kind::http;
        tell_meter(key, meter, when,
                   {{.name = http ? "ApiId" : "ApiName", .value = http ? key.api : key.api_name}},
                   all[{key.account, key.region}]);
    }
    for (auto& [place, data] : all) {
        const aws::Caller caller = aws::service_caller(own_name, place.first, place.second);
        for (size_t at = 0; at < data.size(); at += most_data) {
            api::cloudwatch::PutMetricDataInput in{.namespace_ = "AWS/ApiGateway"};
            in.metric_data.assign(
                data.begin() + static_cast<ptrdiff_t>(at),
                data.begin() + static_cast<ptrdiff_t>(std::min(data.size(), at + most_data)));
            const auto put = co_await client_.call<api::cloudwatch::op::PutMetricData>(caller, in);
            if (!put)
                log::debug("apigateway: metrics were refused", {{"error", put.error().message}});
        }
    }
}

}  // namespace unkai
