// Every key and record that lambda stores. Shapes of the API are kept as they are (as JSON): what a
// client described is what it gets back. What only we need to know stands beside them.
#pragma once

#include "api/lambda.h"
#include "aws/protocol/json_record.h"
#include "store/table.h"

namespace unkai::services::lambda {

namespace model = unkai::api::lambda;

struct StoredFunction {
    int64_t last_version = 0;  // Numbers are never used again.
    std::optional<int64_t> reserved;
    std::map<std::string, std::string> tags;
    void fields(auto& field) {
        field(1, last_version);
        field(2, reserved);
        field(3, tags);
    }
};

// A package in the code store (code_store.h).
struct StoredCode {
    std::string id;  // SHA-256 in hex.
    int64_t zipped = 0, unzipped = 0;
    void fields(auto& field) {
        field(1, id);
        field(2, zipped);
        field(3, unzipped);
    }
};

// $LATEST, or a published version, which never changes but for its state.
struct StoredVersion {
    model::FunctionConfiguration shape;
    std::string deployment;  // Random; another one whenever code or configuration change.
    StoredCode code;         // Of a zip.
    std::vector<std::pair<std::string, StoredCode>> layers;  // By ARN, in their order.
    std::string image;                                       // As given.
    std::string resolved_image;                              // With the digest.
    void fields(auto& field) {
        field(1, shape);
        field(2, deployment);
        field(3, code);
        field(4, layers);
        field(5, image);
        field(6, resolved_image);
    }
};

struct StoredPolicy {
    std::vector<std::string> statements;  // JSON objects.
    std::string revision;
    void fields(auto& field) {
        field(1, statements);
        field(2, revision);
    }
};

struct StoredUrl {
    model::FunctionUrlConfig shape;
    std::string id;  // The host's first label.
    void fields(auto& field) {
        field(1, shape);
        field(2, id);
    }
};

struct UrlOwner {
    std::string account, region, name, qualifier;
    void fields(auto& field) {
        field(1, account);
        field(2, region);
        field(3, name);
        field(4, qualifier);
    }
};

struct StoredMapping {
    model::EventSourceMappingConfiguration shape;
    std::string name, qualifier;  // Of the function.
    std::map<std::string, std::string> tags;
    void fields(auto& field) {
        field(1, shape);
        field(2, name);
        field(3, qualifier);
        field(4, tags);
    }
};

struct StoredLayer {
    int64_t last_version = 0;
    void fields(auto& field) { field(1, last_version); }
};

struct StoredLayerVersion {
    model::GetLayerVersionResponse shape;
    StoredCode code;
    void fields(auto& field) {
        field(1, shape);
        field(2, code);
    }
};

// An asynchronous invocation that was accepted and is not done.
struct StoredEvent {
    std::string account, region, name, qualifier;  // As invoked.
    std::string client_context;
    Time accepted{};
    Time due{};
    int64_t attempts = 0;  // That the function failed.
    int64_t refusals = 0;  // Throttles and system errors in a row.
    int64_t hops = 0;      // Destinations that led here.
    std::string trace;
    void fields(auto& field) {
        field(1, account);
        field(2, region);
        field(3, name);
        field(4, qualifier);
        field(5, client_context);
        field(6, accepted);
        field(7, due);
        field(8, attempts);
        field(9, refusals);
        field(10, hops);
        field(11, trace);
    }
};

// The network interface of functions that share subnet and security groups.
struct StoredInterface {
    std::string id, vpc;
    std::string subnet;
    std::vector<std::string> groups;
    void fields(auto& field) {
        field(1, id);
        field(2, vpc);
        field(3, subnet);
        field(4, groups);
    }
};

namespace schema {
using Name = std::string;
// Each begins with account and region, but for those of events and URLs' hosts.
inline const store::Table<StoredFunction, Name, Name, Name> functions{"lambda/functions"};
// …, function, version (0 is $LATEST)
inline const store::Table<StoredVersion, Name, Name, Name, int64_t> versions{"lambda/versions"};
// …, function, alias
inline const store::Table<model::AliasConfiguration, Name, Name, Name, Name> aliases{
    "lambda/aliases"};
// …, function, qualifier ("" is the function itself)
inline const store::Table<StoredPolicy, Name, Name, Name, Name> policies{"lambda/policies"};
inline const store::Table<model::FunctionEventInvokeConfig, Name, Name, Name, Name> event_configs{
    "lambda/event-configs"};
inline const store::Table<StoredUrl, Name, Name, Name, Name> urls{"lambda/urls"};
// URL id
inline const store::Table<UrlOwner, Name> url_owners{"lambda/url-owners"};
// …, UUID
inline const store::Table<StoredMapping, Name, Name, Name> mappings{"lambda/mappings"};
// …, layer
inline const store::Table<StoredLayer, Name, Name, Name> layers{"lambda/layers"};
// …, layer, version
inline const store::Table<StoredLayerVersion, Name, Name, Name, int64_t> layer_versions{
    "lambda/layer-versions"};
// …, subnet and security groups
inline const store::Table<StoredInterface, Name, Name, Name> interfaces{"lambda/interfaces"};
// Request id. The payload is written once, beside what every attempt changes.
inline const store::Table<StoredEvent, Name> events{"lambda/events"};
inline const store::Table<std::string, Name> event_payloads{"lambda/event-payloads"};
}  // namespace schema

using VersionKey = decltype(schema::versions)::Key;

}  // namespace unkai::services::lambda
