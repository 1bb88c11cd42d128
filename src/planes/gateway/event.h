// Lambda's side of the gateway: the events that functions get, and what they answer. Pure.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/
//     set-up-lambda-proxy-integrations.html
// https://docs.aws.amazon.com/apigateway/latest/developerguide/
//     http-api-develop-integrations-lambda.html
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
#pragma once

#include "planes/gateway/request.h"

namespace unkai::planes::gateway {

// The event of a Lambda proxy integration, format 1.0 or 2.0, as JSON. About 20 µs and the body.
std::string proxy_event(const Turn& turn, std::string_view version);

// The same for Lambda authorizers; `token` is the identity source's value.
std::string token_event(const Turn& turn, std::string_view token);
std::string authorizer_event(const Turn& turn, std::string_view version,
                             const std::vector<std::string>& identity);

// What a function answered as a response. Error Malformed when it is not one; format 2.0 is never
// malformed but in a status that is none.
// `binary_accepted`: the client takes a base64 body decoded (HTTP APIs: always).
Result<Outgoing> proxy_response(std::string_view payload, std::string_view version,
                                bool binary_accepted);

// What a Lambda authorizer answered.
struct Verdict {
    std::string principal;
    std::string policy;       // JSON; empty for simple responses.
    bool authorized = false;  // Of simple responses.
    Texts context;            // As text.
    wire::Json context_json = wire::Json::object();
    std::string usage_key;
};
// Error Malformed: AUTHORIZER_CONFIGURATION_ERROR.
Result<Verdict> read_verdict(std::string_view payload, bool simple);

// The request's body as functions see it.
bool body_is_binary(const Turn& turn);

}  // namespace unkai::planes::gateway
