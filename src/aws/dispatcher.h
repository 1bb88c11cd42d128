// Runs operations: the same way for the front door and for calls in process.
//
// begin → operation → commit → signals. A commit that conflicts runs the operation again, up to
// `most_attempts` times; then the answer is 503 ServiceUnavailable. An exception that leaves an
// operation is a bug of ours: the operation is dropped and answers 500 InternalFailure; nothing is
// caught elsewhere.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "aws/call.h"
#include "base/service_info.h"

namespace unkai::aws {

class Dispatcher {
public:
    static constexpr int most_attempts = 8;

    Dispatcher(Env& env, store::Store& store) : env_(env), store_(store) {}

    // Services are added once, before the first call of theirs; they outlive the dispatcher's last
    // call.
    void add(BoundService service);
    // By the name in the AWS CLI; nullptr when this program has no such service.
    const BoundService* find(std::string_view name) const;
    const std::map<std::string, BoundService, std::less<>>& services() const { return services_; }
    // How requests name them: by the service in a signature's scope, the first label of a host, the
    // prefix of X-Amz-Target. Several may share one of the first two.
    std::span<const BoundService* const> signed_as(std::string_view name) const;
    std::span<const BoundService* const> at_endpoint(std::string_view label) const;
    const BoundService* of_target(std::string_view prefix) const;

    // `input` and `output` are the operation's structs. The call's transaction is committed on
    // success.
    Task<Status> run(Call& call, const BoundService& service, const OperationInfo& operation,
                     const void* input, void* output);

    Env& env() const { return env_; }
    store::Store& store() const { return store_; }

private:
    Env& env_;
    store::Store& store_;
    // The names are the generated tables'.
    using Named = std::unordered_map<std::string_view, std::vector<const BoundService*>>;

    std::map<std::string, BoundService, std::less<>> services_;
    Named by_signing_name_, by_endpoint_;
    std::unordered_map<std::string_view, const BoundService*> by_target_;
};

}  // namespace unkai::aws
