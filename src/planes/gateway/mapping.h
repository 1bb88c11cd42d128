// Parameter mappings: what requests to integrations and answers to clients are made of. Pure.
//
// REST:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/request-response-data-mappings.html
// HTTP:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-parameter-mapping.html
#pragma once

#include "planes/gateway/gateway.h"

namespace unkai::planes::gateway {

// The value of a REST source: method.request.…, 'text', context.…, stageVariables.… nullopt: it has
// none.
std::optional<std::string> request_source(const Turn& turn, std::string_view source);
// The same of an answer: integration.response.header.X, .body, .body.path, besides.
std::optional<std::string> response_source(const Turn& turn, const Outgoing& from,
                                           std::string_view source);
// Text with $request.…, $context.…, $stageVariables.… and, of answers, $response.… in it.
std::string expand_http_value(const Turn& turn, const Outgoing* from, std::string_view text);

// The request to an HTTP backend, mapped.
HttpCall map_http_call(const Turn& turn, const Route& route);
// What the client gets of a REST integration's answer: the response selected by `selector`, its
// parameters and template. The answer is our own 500 when no response fits.
Outgoing map_response(Turn& turn, Outgoing from, std::string_view selector);
// HTTP APIs: response parameters of that status.
void map_http_response(const Turn& turn, Outgoing& out);
// What REST answers rename: x-amzn-Remapped-….
void remap_headers(Outgoing& out);

// The payload for a backend that is no proxy, by the request's templates. An answer: refused.
struct Payload {
    std::string body, content_type;
    std::map<std::string, std::string> overrides;
    std::optional<Outgoing> refused;
};
Payload map_payload(Turn& turn);

}  // namespace unkai::planes::gateway
