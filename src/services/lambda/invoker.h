// Invocations: from a function's name to what it answered. Used by Invoke, by the event queue, by
// event source mappings and by function URLs.
//
//     CO_TRY(const Target target, invoker.resolve(place, name, qualifier, env.random));
//     CO_TRY(const Invoked done, co_await invoker.invoke(target, request));
//
// A warm invocation costs a few look-ups in memory beside the plane's own work. Control loop only.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "aws/client.h"
#include "aws/metrics.h"
#include "planes/functions/functions.h"
#include "services/lambda/code_store.h"
#include "services/lambda/directory.h"
#include "services/lambda/gate.h"
#include "services/lambda/interfaces.h"
#include "services/lambda/log_shipper.h"

namespace unkai::services::lambda {

// What stands behind a name and a qualifier.
struct Target {
    Place place;
    std::string name, qualifier;  // As invoked.
    int64_t number = 0;           // Of the version that runs.
    std::shared_ptr<const StoredVersion> version;
    std::shared_ptr<const StoredFunction> function;
    std::string arn() const { return function_arn(place, name, qualifier); }
    VersionKey key() const { return {place.account, place.region, name, number}; }
};

struct InvokeRequest {
    std::string payload;  // JSON; empty means {}.
    std::string request_id;
    std::string client_context;  // JSON.
    std::string trace;
    bool tail = false;
};

struct Invoked {
    planes::functions::Outcome outcome;
    std::string executed_version;
    bool failed() const { return outcome.kind != planes::functions::Outcome::Kind::response; }
};

struct InvokerOptions {
    std::string authority_pem;  // Trusted inside of functions.
    std::shared_ptr<planes::containers::ImageSource> images;
};

class Invoker {
public:
    Invoker(Env& env, store::Store& store, aws::Client& client, CodeStore& codes,
            Interfaces& interfaces, planes::functions::FunctionPlane& plane,
            InvokerOptions options);

    // The version that is to run; an alias with weights draws one. Error:
    // ResourceNotFoundException.
    Result<Target> resolve(const Place& place, const std::string& name,
                           const std::string& qualifier);
    // Errors: TooManyRequestsException, ResourceConflictException (it is not active),
    // InvalidRuntimeException, ServiceException …: it did not run.
    unkai::Task<Result<Invoked>> invoke(Target target, InvokeRequest request);

    // What the plane is told of a version, made anew when the version changed.
    unkai::Task<Result<planes::functions::FunctionSpecPtr>> spec(
        VersionKey key, std::shared_ptr<const StoredVersion> version);
    unkai::Task<void> forget(VersionKey key);

    Directory& directory() { return directory_; }
    Gate& gate() { return gate_; }
    LogShipper& logs() { return logs_; }
    CodeStore& codes() { return codes_; }
    planes::functions::FunctionPlane& plane() { return plane_; }
    // AWS/Lambda, with the dimensions of that target.
    void count(const Target& target, std::string_view metric, std::string_view unit, double value);
    unkai::Task<void> publish_metrics();

private:
    class FunctionGrants;
    Status check_state(const Target& target) const;
    void count_outcome(const Target& target, const planes::functions::Outcome& outcome);

    Env& env_;
    aws::Client& client_;
    CodeStore& codes_;
    Interfaces& interfaces_;
    planes::functions::FunctionPlane& plane_;
    InvokerOptions options_;
    Directory directory_;
    Gate gate_;
    LogShipper logs_;
    std::map<Place, aws::Metrics> metrics_;
    std::map<VersionKey, planes::functions::FunctionSpecPtr> specs_;
};

// The version's name in the plane.
std::string plane_id(const VersionKey& key);
// The caller that a function's execution role is.
aws::Caller role_caller(const Place& place, const std::string& role, const std::string& session);

}  // namespace unkai::services::lambda
