// What a function URL makes of an HTTP request, and of the function's answer: payload format 2.0.
// Pure.
//
// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/lambda/schema.h"
#include "wire/headers.h"
#include "wire/json.h"

namespace unkai::services::lambda {

struct UrlRequest {
    std::string method, path, query;  // As sent.
    const wire::Headers& headers;
    std::string body;
    std::string source_ip, domain, protocol = "HTTP/1.1";
    std::string request_id, url_id, account;
    Time now;
    // Of the caller, with AWS_IAM.
    std::optional<wire::Json> iam;
};
std::string url_event(const UrlRequest& request);

struct UrlAnswer {
    int status = 200;
    std::vector<std::pair<std::string, std::string>> headers;  // Cookies as set-cookie.
    std::string body;
};
// From what the function returned; nullopt: it cannot be made into an answer (502).
std::optional<UrlAnswer> url_answer(const std::string& payload);

// The CORS headers for that origin; empty when the configuration does not allow it.
// https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html#urls-cors
std::vector<std::pair<std::string, std::string>> cors_headers(const model::Cors& cors,
                                                              std::string_view origin,
                                                              bool preflight);

}  // namespace unkai::services::lambda
