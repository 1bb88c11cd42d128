#include "aws/client.h"

#include "aws/protocol/validate.h"

namespace unkai::aws {

Caller service_caller(std::string service, std::string account, std::string region) {
    Principal principal;
    principal.kind = Principal::Kind::service;
    principal.account = account;
    principal.arn = "arn:aws:iam::" + account + ":role/aws-service-role/" + service;
    principal.service = std::move(service);
    return {std::move(principal), std::move(account), std::move(region)};
}

Caller caller_of(const Call& call) { return {call.principal, call.account, call.region}; }

Task<Status> Client::run(Caller caller, std::string_view service, std::string_view operation,
                         const void* input, void* output, Body* body) {
    const BoundService* const bound = dispatcher_.find(service);
    const OperationInfo* const info = bound == nullptr ? nullptr : bound->info->find(operation);
    if (info == nullptr)
        co_return fail(
            "NotImplemented",
            "Unkai does not have " + std::string(service) + ":" + std::string(operation) + " yet.",
            501);
    Call call(dispatcher_.env(), dispatcher_.store());
    call.account = std::move(caller.account);
    call.region = std::move(caller.region);
    call.principal = std::move(caller.principal);
    call.request_id = dispatcher_.env().random.uuid();
    call.source_address =
        call.principal.kind == Principal::Kind::service ? call.principal.service : "127.0.0.1";
    CO_REQUIRE(co_await dispatcher_.run(call, *bound, *info, input, output));
    while (body != nullptr && call.response_body) {
        CO_TRY(const std::string_view piece, co_await call.response_body->read());
        if (piece.empty()) break;
        body->bytes += piece;
        if (body->bytes.size() > body->most)
            co_return fail("EntityTooLarge",
                           "The body is larger than " + std::to_string(body->most) + " bytes.",
                           413);
    }
    co_return ok();
}

}  // namespace unkai::aws
