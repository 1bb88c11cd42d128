// What will differ when an API moves from API Gateway and Lambda behind a load balancer: rules over
// what the API says of a stack's resources. Facts: `aws-behaviour`, "limits of both sides".
//
//     CO_TRY(const Json facts, co_await gather_facts(cloud, {"my-stack"}));
//     for (const Finding& finding : check_migration(facts)) …
//
// A finding that must be dealt with before traffic moves is a `stop`; the rest is worth knowing.
#pragma once

#include "migration/cloud.h"

namespace unkai::migration {

struct Finding {
    bool stop = false;
    std::string about;  // timeout, body, headers, base64, stage path, throttling, …
    std::string text;   // What differs.
    std::string fix;    // What to do.
};

// {"apis": [{kind, name, api, stages, methods, authorizers, validators, usagePlans, domains}],
//  "functions": [configuration], "balancers": [{name, attributes, listeners}]}
// Errors: those of the API; NothingToCheck when no stack has an API of API Gateway.
Task<Result<wire::Json>> gather_facts(Cloud& cloud, std::vector<std::string> stacks);

// Pure.
std::vector<Finding> check_migration(const wire::Json& facts);

// The stack's resources: {logical id, physical id, type}.
struct StackResource {
    std::string logical_id, physical_id, type;
};
Task<Result<std::vector<StackResource>>> stack_resources(Cloud& cloud, std::string stack);

}  // namespace unkai::migration
