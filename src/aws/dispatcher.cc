#include "aws/dispatcher.h"

#include "base/log.h"

namespace unkai::aws {

void Dispatcher::add(BoundService service) {
    const auto [place, added] = services_.emplace(service.info->name, service);
    if (!added) return;
    const BoundService* const kept = &place->second;
    by_signing_name_[service.info->signing_name].push_back(kept);
    by_endpoint_[service.info->endpoint_prefix].push_back(kept);
    if (!service.info->target_prefix.empty()) by_target_.emplace(service.info->target_prefix, kept);
}

static std::span<const BoundService* const> all_of(const auto& named, std::string_view name) {
    const auto found = named.find(name);
    if (found == named.end()) return {};
    return found->second;
}

std::span<const BoundService* const> Dispatcher::signed_as(std::string_view name) const {
    return all_of(by_signing_name_, name);
}

std::span<const BoundService* const> Dispatcher::at_endpoint(std::string_view label) const {
    return all_of(by_endpoint_, label);
}

const BoundService* Dispatcher::of_target(std::string_view prefix) const {
    const auto found = by_target_.find(prefix);
    return found == by_target_.end() ? nullptr : found->second;
}

const BoundService* Dispatcher::find(std::string_view name) const {
    const auto found = services_.find(name);
    return found == services_.end() ? nullptr : &found->second;
}

static Unexpected internal_failure(const OperationInfo& operation, const char* what) {
    log::error("operation threw", {{"operation", std::string(operation.name)}, {"what", what}});
    return fail("InternalFailure", "The operation failed by a bug of Unkai; its log says more.",
                500);
}

static Status attempt(Call& call, const BoundService& service, const OperationInfo& operation,
                      const void* input, void* output) {
    try {
        return operation.invoke(service.service, call, input, output);
    } catch (const std::exception& bug) {
        return internal_failure(operation, bug.what());
    }
}

static Task<Status> attempt_async(Call& call, const BoundService& service,
                                  const OperationInfo& operation, const void* input, void* output) {
    try {
        co_return co_await operation.invoke_async(service.service, call, input, output);
    } catch (const std::exception& bug) {
        co_return internal_failure(operation, bug.what());
    }
}

Task<Status> Dispatcher::run(Call& call, const BoundService& service,
                             const OperationInfo& operation, const void* input, void* output) {
    for (int attempts = 1;; ++attempts) {
        auto done = operation.invoke != nullptr
                        ? attempt(call, service, operation, input, output)
                        : co_await attempt_async(call, service, operation, input, output);
        if (!done) {
            call.abandon();
            co_return done;
        }
        if (!call.has_to_commit()) co_return done;
        auto committed = co_await call.commit();
        if (committed || !committed.error().is("Conflict")) co_return committed;
        // What was read from a stream cannot be read again.
        if (attempts == most_attempts || operation.streaming_input)
            co_return fail("ServiceUnavailable", "Other changes kept coming first. Try again.",
                           503);
    }
}

}  // namespace unkai::aws
