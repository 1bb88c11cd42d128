// Which operation a request names.
#include <unordered_map>

#include "aws/protocol/protocol.h"
#include "aws/protocol/uri_table.h"
#include "base/strings.h"

namespace unkai::aws::protocol {

namespace {

bool has_action(std::string_view form) {
    return form.starts_with("Action=") || form.contains("&Action=");
}

// The value of `Action` without decoding the rest.
std::string form_action(std::string_view form) {
    while (!form.empty()) {
        const auto [pair, rest] = split_once(form, '&');
        form = rest;
        const auto [key, value] = split_once(pair, '=');
        if (key == "Action") return percent_decode(value, true).value_or("");
    }
    return "";
}

Unexpected not_implemented(const ServiceInfo& service, std::string_view operation) {
    return fail(
        "NotImplemented",
        "Unkai does not have " + std::string(service.name) + ":" + std::string(operation) + " yet.",
        501);
}

// `unknown` makes the error for a name that AWS does not know either.
Result<Route> by_name(const ServiceInfo& service, std::string_view name, const auto& unknown) {
    if (const OperationInfo* operation = service.find(name)) return Route{operation};
    for (const UnpromisedOperation& other : unpromised_operations(service))
        if (other.name == name) return not_implemented(service, name);
    return unknown();
}

// Made at the first request to a service, whose tables live as long as the program.
const UriTable& table_of(const ServiceInfo& service) {
    static thread_local std::unordered_map<const ServiceInfo*, UriTable> tables;
    return tables.try_emplace(&service, service).first->second;
}

Result<Route> by_uri(const ServiceInfo& service, const WireRequest& request,
                     const UriTable& table) {
    auto found = table.find(request);
    if (!found) {
        if (service.name == "s3")
            return fail("MethodNotAllowed",
                        "The specified method is not allowed against this resource.", 405);
        return fail("UnknownOperationException",
                    "No operation of " + std::string(service.name) + " has this method and path.",
                    404);
    }
    if (found->operation == nullptr) return not_implemented(service, found->name);
    return Route{found->operation, std::move(found->labels)};
}

}  // namespace

Protocol detect(const ServiceInfo& service, const WireRequest& request) {
    const wire::Headers& headers = *request.headers;
    const auto speaks = [&](Protocol protocol) { return service.speaks(protocol); };
    if (speaks(Protocol::cbor) &&
        (headers.has("smithy-protocol") || request.path.starts_with("/service/")))
        return Protocol::cbor;
    if (speaks(Protocol::json) && headers.has("x-amz-target")) return Protocol::json;
    const bool form =
        headers.value("content-type").starts_with("application/x-www-form-urlencoded") ||
        has_action(request.query);
    for (const Protocol protocol : {Protocol::query, Protocol::ec2})
        if (form && speaks(protocol)) return protocol;
    return service.protocols[0];
}

static Result<Route> by_target(const ServiceInfo& service, const WireRequest& request) {
    const std::string_view target = request.headers->value("x-amz-target");
    const size_t dot = target.rfind('.');
    const std::string_view name = dot == target.npos ? target : target.substr(dot + 1);
    if (name.empty())
        return fail("MissingAction", "The request lacks the header X-Amz-Target.", 400);
    return by_name(service, name, [name] {
        return fail("UnknownOperationException",
                    "The operation " + std::string(name) + " is unknown.", 400);
    });
}

Result<Route> route(const ServiceInfo& service, Protocol protocol, const WireRequest& request,
                    const UriTable* table) {
    switch (protocol) {
        case Protocol::query:
        case Protocol::ec2: {
            std::string action = form_action(request.query);
            if (action.empty()) action = form_action(request.body);
            if (action.empty())
                return fail("MissingAction",
                            "The request is missing an action or a required parameter.", 400);
            return by_name(service, action, [&action] {
                return fail("InvalidAction",
                            "The action " + action + " is not valid for this web service.", 400);
            });
        }
        case Protocol::json:
            return by_target(service, request);
        case Protocol::cbor: {
            const size_t slash = request.path.rfind("/operation/");
            const std::string_view name =
                slash == request.path.npos ? std::string_view() : request.path.substr(slash + 11);
            return by_name(service, name, [] {
                return fail("UnknownOperationException", "The path names no operation.", 404);
            });
        }
        case Protocol::rest_json:
        case Protocol::rest_xml:
            return by_uri(service, request, table != nullptr ? *table : table_of(service));
    }
    return fail("InternalFailure", "There is no such protocol.", 500);
}

}  // namespace unkai::aws::protocol
