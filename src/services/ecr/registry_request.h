// One request to the registry, shared by registry.cc, blobs.cc and manifests.cc.
#pragma once

#include "base/strings.h"
#include "services/ecr/registry.h"

namespace unkai::services::ecr {

struct Registry::Request {
    net::Exchange& exchange;
    Token token;
    RegistryPath path;

    std::string_view method() const { return exchange.request().method; }
    bool is_read() const { return method() == "GET" || method() == "HEAD"; }
    aws::Caller caller() const {
        return aws::service_caller("ecr.amazonaws.com", token.account, token.region);
    }
    // The key of something in this repository.
    auto key(const std::string& last) const {
        return std::tuple{token.account, token.region, path.repository, last};
    }
    // A parameter of the query string, decoded; empty when it is not there.
    std::string parameter(std::string_view name) const {
        for (const std::string_view pair : split(exchange.request().query, '&')) {
            const auto [key, value] = split_once(pair, '=');
            if (key == name) return percent_decode(value, true).value_or("");
        }
        return "";
    }
};

// Errors that bear the distribution API's own codes: they pass as they are.
inline Unexpected registry_error(int status, std::string code, std::string message) {
    return fail(std::move(code), std::move(message), status);
}

}  // namespace unkai::services::ecr
