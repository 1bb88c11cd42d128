// Which operation a request names.
#include <algorithm>

#include "aws/protocol/form.h"
#include "aws/protocol/protocol.h"
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

// "Name METHOD uri" lines of operations that Unkai does not have.
struct Unpromised {
    std::string_view name, method, uri;
};

template <class Visit>
void each_unpromised(const ServiceInfo& service, Visit visit) {
    std::string_view rest = service.unpromised;
    while (!rest.empty()) {
        const auto [line, next] = split_once(rest, '\n');
        rest = next;
        const auto [name, tail] = split_once(line, ' ');
        const auto [method, uri] = split_once(tail, ' ');
        visit(Unpromised{name, method, uri});
    }
}

Unexpected not_implemented(const ServiceInfo& service, std::string_view operation) {
    return fail(
        "NotImplemented",
        "Unkai does not have " + std::string(service.name) + ":" + std::string(operation) + " yet.",
        501);
}

Result<Route> by_name(const ServiceInfo& service, std::string_view name, Unexpected unknown) {
    if (const OperationInfo* operation = service.find(name)) return Route{operation};
    bool exists = false;
    each_unpromised(service, [&](const Unpromised& other) { exists |= other.name == name; });
    if (exists) return not_implemented(service, name);
    return unknown;
}

// How well a URI pattern fits: literal segments count most, literals of the query next.
struct Fit {
    int literals = -1;  // Of the path; -1: it does not fit.
    int queries = 0;
    int labels = 0;
    bool greedy = false;

    bool better_than(const Fit& other) const {
        if (literals != other.literals) return literals > other.literals;
        if (greedy != other.greedy) return !greedy;
        if (queries != other.queries) return queries > other.queries;
        return labels > other.labels;
    }
};

bool query_has(std::string_view query, std::string_view name, std::string_view value,
               bool any_value) {
    for (const std::string_view pair : split(query, '&')) {
        const auto [key, found] = split_once(pair, '=');
        if (key == name && (any_value || percent_decode(found, true) == value)) return true;
    }
    return false;
}

using Labels = std::vector<std::pair<std::string_view, std::string>>;

// Fits the pattern's path to the request's; fills the labels.
bool fit_path(std::string_view pattern, std::string_view path, Fit& fit, Labels& labels) {
    auto wanted = split(pattern.substr(pattern.starts_with('/')), '/');
    auto given = split(path.substr(path.starts_with('/')), '/');
    if (!pattern.contains("+}")) {  // A slash at the end says nothing but in a key.
        if (given.size() > 1 && given.back().empty()) given.pop_back();
        if (wanted.size() > 1 && wanted.back().empty()) wanted.pop_back();
    }
    fit.literals = 0;
    for (size_t i = 0; i < wanted.size(); ++i) {
        const std::string_view part = wanted[i];
        const size_t open = part.find('{');
        if (i >= given.size()) return false;
        if (open == part.npos) {
            if (part != given[i] && percent_decode(given[i]) != std::string(part)) return false;
            if (!part.empty()) ++fit.literals;
            continue;
        }
        const size_t close = part.find('}');
        std::string_view label = part.substr(open + 1, close - open - 1);
        std::string_view text = given[i];
        if (label.ends_with(
                '+')) {  // The rest, but for the segments that the pattern has after it.
            label.remove_suffix(1);
            const size_t after = wanted.size() - i - 1;
            if (given.size() < i + 1 + after) return false;
            const std::string_view last = given[given.size() - 1 - after];
            text = std::string_view(text.data(),
                                    static_cast<size_t>(last.data() + last.size() - text.data()));
            given.erase(given.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                        given.end() - static_cast<std::ptrdiff_t>(after));
            fit.greedy = true;
        }
        if (!text.starts_with(part.substr(0, open)) || !text.ends_with(part.substr(close + 1)))
            return false;
        text.remove_prefix(open);
        text.remove_suffix(std::min(text.size(), part.size() - close - 1));
        auto value = percent_decode(text);
        if (text.empty() || !value) return false;
        ++fit.labels;
        labels.emplace_back(label, std::move(*value));
    }
    return given.size() == wanted.size();
}

Fit fit_of(std::string_view method, std::string_view uri, const WireRequest& request,
           Labels& labels) {
    Fit fit;
    if (method != request.method) return fit;
    const auto [pattern, literals] = split_once(uri, '?');
    if (!fit_path(pattern, request.path, fit, labels)) return Fit{};
    for (const std::string_view literal : split(literals, '&')) {
        if (literal.empty()) continue;
        const auto [name, value] = split_once(literal, '=');
        if (!query_has(request.query, name, value, !literal.contains('='))) return Fit{};
        ++fit.queries;
    }
    return fit;
}

// S3 tells some operations apart by what the query or a header says besides the pattern.
std::string_view discriminating_query(const ServiceInfo& service, std::string_view operation) {
    if (service.name != "s3") return {};
    if (operation == "UploadPart" || operation == "UploadPartCopy" || operation == "ListParts" ||
        operation == "CompleteMultipartUpload" || operation == "AbortMultipartUpload")
        return "uploadId";
    return {};
}

bool header_fits(const ServiceInfo& service, std::string_view operation,
                 const WireRequest& request) {
    if (service.name != "s3") return true;
    const bool copies = request.headers->has("x-amz-copy-source");
    if (operation == "CopyObject" || operation == "UploadPartCopy") return copies;
    if (operation == "PutObject" || operation == "UploadPart") return !copies;
    return true;
}

struct Best {
    Fit fit;
    const OperationInfo* operation = nullptr;
    std::string_view name;
    Labels labels;
};

void consider(const ServiceInfo& service, const WireRequest& request, const Unpromised& candidate,
              const OperationInfo* operation, Best& best) {
    Labels labels;
    Fit fit = fit_of(candidate.method, candidate.uri, request, labels);
    if (fit.literals < 0 || !header_fits(service, candidate.name, request)) return;
    if (const auto name = discriminating_query(service, candidate.name); !name.empty()) {
        if (!query_has(request.query, name, {}, true)) return;
        ++fit.queries;
    }
    if (best.fit.literals >= 0 && !fit.better_than(best.fit)) return;
    best = {fit, operation, candidate.name, std::move(labels)};
}

Result<Route> by_uri(const ServiceInfo& service, const WireRequest& request) {
    Best best;
    for (uint16_t i = 0; i < service.operation_count; ++i) {
        const OperationInfo& operation = service.operations[i];
        consider(service, request, {operation.name, operation.method, operation.uri}, &operation,
                 best);
    }
    each_unpromised(service, [&](const Unpromised& other) {
        consider(service, request, other, nullptr, best);
    });
    if (best.name.empty()) {
        if (service.name == "s3")
            return fail("MethodNotAllowed",
                        "The specified method is not allowed against this resource.", 405);
        return fail("UnknownOperationException",
                    "No operation of " + std::string(service.name) + " has this method and path.",
                    404);
    }
    if (best.operation == nullptr) return not_implemented(service, best.name);
    return Route{best.operation, std::move(best.labels)};
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
    return by_name(service, name,
                   fail("UnknownOperationException",
                        "The operation " + std::string(name) + " is unknown.", 400));
}

Result<Route> route(const ServiceInfo& service, Protocol protocol, const WireRequest& request) {
    switch (protocol) {
        case Protocol::query:
        case Protocol::ec2: {
            std::string action = form_action(request.query);
            if (action.empty()) action = form_action(request.body);
            if (action.empty())
                return fail("MissingAction",
                            "The request is missing an action or a required parameter.", 400);
            return by_name(
                service, action,
                fail("InvalidAction",
                     "The action " + action + " is not valid for this web service.", 400));
        }
        case Protocol::json:
            return by_target(service, request);
        case Protocol::cbor: {
            const size_t slash = request.path.rfind("/operation/");
            const std::string_view name =
                slash == request.path.npos ? std::string_view() : request.path.substr(slash + 11);
            return by_name(service, name,
                           fail("UnknownOperationException", "The path names no operation.", 404));
        }
        case Protocol::rest_json:
        case Protocol::rest_xml:
            return by_uri(service, request);
    }
    return fail("InternalFailure", "There is no such protocol.", 500);
}

}  // namespace unkai::aws::protocol
