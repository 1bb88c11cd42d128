// What the gateway asks of the world around it. It knows nothing of AWS's services: who puts the
// program together implements this by the services' APIs.
#pragma once

#include "planes/gateway/request.h"

namespace unkai::planes::gateway {

struct Invocation {
    std::string account, region;  // Of the API.
    std::string function;         // ARN, maybe with a version or alias.
    std::string payload;
    std::string source_arn;   // What the function's permissions are asked about.
    std::string credentials;  // A role's ARN: it calls, not the gateway itself.
    Duration timeout{};
};

struct Invoked {
    std::string payload;
    bool failed = false;  // The function raised; the payload tells why.
};

enum class Decision { none, allow, deny };

struct PolicyQuestion {
    std::string_view policy;  // JSON.
    std::string_view action = "execute-api:Invoke";
    std::string resource;       // A method's ARN.
    std::string principal_arn;  // Empty: anonymous.
    std::string principal_account;
    std::string source_ip;
    bool ignore_principal = false;  // The policy of an authorizer, which names none.
};

class Backend {
public:
    virtual ~Backend() = default;
    // Errors: NotPermitted (the function's policy), NotFound, Throttled, Timeout; others are ours.
    virtual Task<Result<Invoked>> invoke(Invocation invocation) = 0;
    // Whose signature the request bears. Errors: MissingAuthenticationToken,
    // InvalidSignatureException, ExpiredToken, with AWS's message.
    virtual Result<Identity> authenticate(const Incoming& request, const std::string& region) = 0;
    virtual Decision evaluate(const PolicyQuestion& question) = 0;
    // IPv4 addresses of a public name; empty: not known.
    virtual std::vector<std::string> resolve(const std::string& host) = 0;
    // A line for an access log. Never waits.
    virtual void log(const std::string& group_arn, const Api& api, const std::string& stage,
                     std::string line, Time when) = 0;
    // The page about an API: its OpenAPI document, JSON. NotFound when there is none.
    virtual Task<Result<std::string>> document(const Api& api, const std::string& stage) = 0;
};

}  // namespace unkai::planes::gateway
