// One request on its way through the gateway: what came in, what is known of it, what goes out.
#pragma once

#include "net/http.h"
#include "planes/gateway/snapshot.h"

namespace unkai::planes::gateway {

using Field = std::pair<std::string, std::string>;

// As it came from the client, or from TestInvokeMethod.
struct Incoming {
    std::string method, path, query;  // The path as sent, the whole of it.
    std::string host;                 // Lower case, without port.
    std::string authority;            // As sent.
    std::vector<Field> headers;       // As sent.
    std::string body;
    std::string source_ip;
    std::string protocol = "HTTP/1.1";
    bool secure = true;
    uint16_t port = 443;

    // The first of that name, or empty.
    std::string_view header(std::string_view name) const;
    bool has_header(std::string_view name) const;
    // All of that name, joined by commas.
    std::string joined(std::string_view name) const;
};

struct Outgoing {
    int status = 200;
    std::vector<Field> headers;
    std::string body;

    void set(std::string_view name, std::string value);  // Replaces.
    void add(std::string name, std::string value) {
        headers.emplace_back(std::move(name), std::move(value));
    }
    const std::string* header(std::string_view name) const;
};

// Who signed (AWS_IAM).
struct Identity {
    std::string account, caller, user, user_arn, access_key;
};

// Everything that is known while a request is served; what $context shows.
struct Turn {
    const Incoming* in = nullptr;
    const Api* api = nullptr;
    const Stage* stage = nullptr;
    const Route* route = nullptr;
    Texts path_variables;
    std::vector<Field> query;  // Decoded, in order.
    std::string path;          // As the route sees it: without stage and base path.
    std::string full_path;     // With them.
    std::string base_path;     // The custom domain's mapping, with slash; or empty.
    std::string domain, domain_prefix;
    std::string request_id, extended_id, trace_id;
    Time now;
    std::optional<Identity> identity;
    std::string api_key, api_key_id;
    uint64_t usage = 0;  // Which counted request this is, from 1; 0: none.
    std::string principal_id;
    Texts authorizer;            // The authorizer's context, as text.
    wire::Json authorizer_json;  // HTTP APIs: as it was.
    std::string error_type, error_message, validation_error;
    int integration_status = 0;
    std::string integration_error;
    int64_t integration_latency = -1;  // Milliseconds; negative: there was no integration.
    int64_t authorizer_latency = -1;
    int status = 0;
    int64_t latency = 0;
    size_t response_length = 0;

    // "arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/path"
    std::string method_arn() const;
    std::string query_value(std::string_view name) const;  // The last one.
};

// "a=1&a=2" decoded.
std::vector<Field> parse_query(std::string_view query);

// "$context.x.y" by the path behind "$context.": empty optional when there is no such thing (now).
std::optional<std::string> context_value(const Turn& turn, std::string_view name);
// Every $context.name of an access log's format replaced; what is not known becomes "-".
std::string expand_log_format(const Turn& turn, std::string_view format);

// "09/Apr/2015:12:34:56 +0000"
std::string clf_time(Time time);

}  // namespace unkai::planes::gateway
