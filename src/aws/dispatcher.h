// Runs operations: the same way for the front door and for calls in process.
//
// begin → operation → commit → signals. A commit that conflicts runs the operation again, up to
// `most_attempts` times; then the answer is 503 ServiceUnavailable. An exception that leaves an
// operation is a bug of ours: the operation is dropped and answers 500 InternalFailure; this is the
// one catch site.
#pragma once

#include <map>
#include <string>

#include "aws/call.h"
#include "base/service_info.h"

namespace unkai::aws {

class Dispatcher {
public:
    static constexpr int most_attempts = 8;

    Dispatcher(Env& env, store::Store& store) : env_(env), store_(store) {}

    // Services are added once, before the first call; they outlive the dispatcher's last call.
    void add(BoundService service) { services_.emplace(service.info->name, service); }
    // By the name in the AWS CLI; nullptr when this program has no such service.
    const BoundService* find(std::string_view name) const;
    const std::map<std::string, BoundService, std::less<>>& services() const { return services_; }

    // `input` and `output` are the operation's structs. The call's transaction is committed on
    // success.
    Task<Status> run(Call& call, const BoundService& service, const OperationInfo& operation,
                     const void* input, void* output);

    Env& env() const { return env_; }
    store::Store& store() const { return store_; }

private:
    Task<Status> attempt(Call& call, const BoundService& service, const OperationInfo& operation,
                         const void* input, void* output);

    Env& env_;
    store::Store& store_;
    std::map<std::string, BoundService, std::less<>> services_;
};

}  // namespace unkai::aws
