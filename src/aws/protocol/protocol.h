// The wire protocols of AWS, server side: from a request's bytes to the operation's input, and from
// its output or error to the answer's bytes. One engine per protocol walks the generated tables.
//
//     const Protocol spoken = protocol::detect(service, request);
//     TRY(const protocol::Route route, protocol::route(service, spoken, request));
//     REQUIRE(protocol::decode(spoken, service, route, request, input));        // decodes and
//     validates WireResponse answer = protocol::encode(spoken, service, *route.operation, output,
//     request_id);
//
// Pure: no socket, no clock. Errors carry AWS's codes and go back through encode_error. Bodies are
// given whole and not compressed.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/service_info.h"
#include "wire/headers.h"

namespace unkai::aws::protocol {

// Views into the caller's request. For S3 the caller has rewritten virtual-host requests to path
// style.
struct WireRequest {
    std::string_view method;
    std::string_view path;   // As sent, percent-encoded, without the query.
    std::string_view query;  // As sent, without the question mark.
    const wire::Headers* headers;
    std::string_view body;  // Empty for operations that stream their input.
};

struct WireResponse {
    int status = 200;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;

    void add(std::string name, std::string value) {
        headers.emplace_back(std::move(name), std::move(value));
    }
    void set(std::string_view name, std::string value);  // Replaces, without regard to case.
};

struct Route {
    const OperationInfo* operation;
    // Labels of the URI pattern, percent-decoded.
    std::vector<std::pair<std::string_view, std::string>> labels = {};
};

class UriTable;

// What this request speaks to this service; its own protocol when nothing says otherwise.
Protocol detect(const ServiceInfo& service, const WireRequest& request);

// Which operation a request names: Action, X-Amz-Target, /service/X/operation/Y, or method and URI
// with the most literal pattern winning. An operation of AWS that Unkai does not have is
// NotImplemented, 501.
// The service's URIs are compiled at its first request and kept, unless a table is given.
Result<Route> route(const ServiceInfo& service, Protocol protocol, const WireRequest& request,
                    const UriTable* table = nullptr);

// Fills the operation's input struct and validates it (validate.h).
Status decode(Protocol protocol, const ServiceInfo& service, const Route& route,
              const WireRequest& request, void* input);
// The same without validation; `missing` gets the paths of required members that were absent.
Status decode_only(Protocol protocol, const ServiceInfo& service, const Route& route,
                   const WireRequest& request, void* input, std::vector<std::string>& missing);

// The answer to a success. A streamed payload is not part of it: the caller sends it as the body.
WireResponse encode(Protocol protocol, const ServiceInfo& service, const OperationInfo& operation,
                    const void* output, std::string_view request_id);

// The answer to an error, as this protocol and this service form it. The operation may be unknown
// (nullptr). A HEAD request's answer has no body: the caller drops it.
WireResponse encode_error(Protocol protocol, const ServiceInfo& service, const Error& error,
                          std::string_view request_id);

}  // namespace unkai::aws::protocol
