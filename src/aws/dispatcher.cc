#include "aws/dispatcher.h"

#include "base/log.h"

namespace unkai::aws {

const BoundService* Dispatcher::find(std::string_view name) const {
    const auto found = services_.find(name);
    return found == services_.end() ? nullptr : &found->second;
}

static Unexpected internal_failure(const OperationInfo& operation, const char* what) {
    log::error("operation threw", {{"operation", std::string(operation.name)}, {"what", what}});
    return fail("InternalFailure", "The operation failed by a bug of Unkai; its log says more.",
                500);
}

Task<Status> Dispatcher::attempt(Call& call, const BoundService& service,
                                 const OperationInfo& operation, const void* input, void* output) {
    try {
        if (operation.invoke != nullptr)
            co_return operation.invoke(service.service, call, input, output);
        co_return co_await operation.invoke_async(service.service, call, input, output);
    } catch (const std::exception& bug) {
        co_return internal_failure(operation, bug.what());
    }
}

Task<Status> Dispatcher::run(Call& call, const BoundService& service,
                             const OperationInfo& operation, const void* input, void* output) {
    for (int attempts = 1;; ++attempts) {
        auto done = co_await attempt(call, service, operation, input, output);
        if (!done) {
            call.abandon();
            co_return done;
        }
        auto committed = co_await call.commit();
        if (committed || !committed.error().is("Conflict")) co_return committed;
        // What was read from a stream cannot be read again.
        if (attempts == most_attempts || operation.streaming_input)
            co_return fail("ServiceUnavailable", "Other changes kept coming first. Try again.",
                           503);
    }
}

}  // namespace unkai::aws
