// What the gateway serves, whole and immutable: APIs with their stages, custom domain names, API
// keys and usage plans. Services compile their records into it; nothing here is looked up later.
//
// Words as in https://docs.aws.amazon.com/apigateway/latest/developerguide/: a Content is one
// deployment (routes, authorizers, models, gateway responses); a Stage shows one of them to the
// world. Values that may hold ${stageVariables.name} are kept as written.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/time.h"
#include "wire/json.h"

namespace unkai::planes::gateway {

using Texts = std::map<std::string, std::string, std::less<>>;

// Requests a second, and how many at once. Negative: not limited.
struct ThrottleLimit {
    double rate = -1, burst = -1;
    bool given() const { return rate >= 0 || burst >= 0; }
};

struct Segment {
    enum class Kind { literal, variable, greedy };
    Kind kind = Kind::literal;
    std::string text;  // The literal, or the variable's name.
};

struct IntegrationResponse {
    std::string status = "200";
    std::string selection;  // A regular expression over the status or error; empty: the default.
    Texts parameters;  // "method.response.header.X" → "integration.response.header.Y" or 'text'
    Texts templates;   // By content type.
};

struct Integration {
    enum class Kind { none, lambda_proxy, lambda, http_proxy, http, mock };
    Kind kind = Kind::none;
    std::string payload_version = "1.0";
    std::string method;       // Empty or ANY: the request's.
    std::string uri;          // Of Lambda: the function's ARN.
    std::string credentials;  // The role that calls the function; empty: the gateway itself.
    Duration timeout = std::chrono::seconds(29);
    Texts request_parameters;
    Texts request_templates;
    std::string passthrough = "WHEN_NO_MATCH";
    std::vector<IntegrationResponse> responses;
    std::map<std::string, Texts> response_parameters;  // HTTP APIs: by status.
    bool verify_tls = true;
};

struct Route {
    std::string id;        // Of the resource, or the route.
    std::string key;       // "GET /pets", "$default"
    std::string resource;  // "/pets/{id}"
    std::string method;    // "GET", "ANY"
    std::vector<Segment> path;
    bool is_default = false;
    std::string operation_name;
    std::string authorization = "NONE";  // NONE, AWS_IAM, CUSTOM, JWT
    std::string authorizer;
    std::vector<std::string> scopes;
    bool api_key_required = false;
    bool validate_body = false, validate_parameters = false;
    std::map<std::string, bool> parameters;  // "method.request.header.X" → required
    std::map<std::string, std::shared_ptr<const wire::Json>> models;  // By content type.
    Integration integration;
};

struct Authorizer {
    enum class Kind { token, request, jwt };
    std::string id, name;
    Kind kind = Kind::token;
    std::string function;              // ARN.
    std::string credentials;           // Likewise.
    std::vector<std::string> sources;  // "method.request.header.Auth", "$request.header.Auth"
    std::string validation;            // A regular expression for the token.
    Duration ttl = std::chrono::seconds(300);
    std::string payload_version = "1.0";
    bool simple_responses = false;
    std::string issuer;
    std::vector<std::string> audience;
};

struct GatewayResponse {
    std::string status;
    Texts parameters, templates;
};

struct Content {
    std::string deployment;
    std::vector<Route> routes;
    std::map<std::string, Authorizer> authorizers;
    std::map<std::string, GatewayResponse> responses;  // By type, "DEFAULT_4XX".
    std::map<std::string, wire::Json> schemas;         // Models by name, for $ref.
    std::vector<std::string> binary_types;
    bool key_from_authorizer = false;
};

struct Stage {
    std::string name;
    std::shared_ptr<const Content> content;  // Null: nothing is deployed.
    Texts variables;
    ThrottleLimit throttle;
    std::map<std::string, ThrottleLimit> throttles;  // By "METHOD /resource" or route key.
    std::string log_destination;                     // A log group's ARN; empty: none.
    std::string log_format;
    bool detailed_metrics = false;
};

struct Cors {
    bool credentials = false;
    std::vector<std::string> headers, methods, origins, exposed;
    std::optional<int> max_age;
};

struct Api {
    enum class Kind { rest, http };
    Kind kind = Kind::rest;
    std::string id, name, account, region;
    std::string policy;
    bool execute_api = true;  // Reachable by its own host name.
    std::optional<Cors> cors;
    std::map<std::string, Stage> stages;
};

// What a path below a custom domain name leads to. Keys without slashes at the ends; "" is all.
struct Mapping {
    std::string key, api, stage;
};

struct Domain {
    std::string name;  // Lower case; may begin with "*.".
    std::vector<Mapping> mappings;
    // Another service may add mappings to a name; only one that is declared is served.
    bool declared = false;
    std::vector<std::string> targets;  // The DNS names that aliases of it lead to.
};

struct ApiKey {
    std::string id, value;
    bool enabled = true;
};

struct UsagePlan {
    std::string id;
    std::map<std::string, std::map<std::string, ThrottleLimit>>
        stages;  // "api:stage" → limits by "/resource/METHOD".
    ThrottleLimit throttle;
    int64_t quota = 0;  // 0: none.
    int64_t offset = 0;
    std::string period;  // DAY, WEEK, MONTH
    std::vector<ApiKey> keys;
};

// What one service gives; the gateway serves all of them together.
struct Snapshot {
    std::map<std::string, Api> apis;        // By id.
    std::map<std::string, Domain> domains;  // By name; those of several services are joined.
    std::vector<UsagePlan> plans;
};

}  // namespace unkai::planes::gateway
