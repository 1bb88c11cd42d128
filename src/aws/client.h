// The in-process client: how one service, or the command line's server side, calls another.
//
//     const aws::Caller caller = aws::service_caller("ecs.amazonaws.com", account, region);
//     CO_TRY(auto made, co_await client.call<api::ec2::op::CreateNetworkInterface>(caller,
//     {.subnet_id = id}));
//
// The same operations, validation and transactions as from outside; no bytes, no signature. The
// error is AWS's. Cost: the operation itself and a coroutine frame or two. Control loop only.
#pragma once

#include <string>
#include <utility>

#include "aws/dispatcher.h"

namespace unkai::aws {

struct Caller {
    Principal principal;
    std::string account;
    std::string region;
};

// A service of AWS that acts by itself, e.g. ecs.amazonaws.com.
Caller service_caller(std::string service, std::string account, std::string region);
// On behalf of whoever made this call, as CloudFormation does.
Caller caller_of(const Call& call);

class Client {
public:
    explicit Client(Dispatcher& dispatcher) : dispatcher_(dispatcher) {}

    template <class Op>
    Task<Result<typename Op::Output>> call(Caller caller, typename Op::Input input) {
        typename Op::Output output;
        CO_REQUIRE(co_await run(std::move(caller), Op::service, Op::name, &input, &output));
        co_return output;
    }

    // Of an operation that streams its output: with all of the body, which is EntityTooLarge (413)
    // beyond `most` bytes.
    template <class Op>
    Task<Result<std::pair<typename Op::Output, std::string>>> fetch(Caller caller,
                                                                    typename Op::Input input,
                                                                    uint64_t most) {
        std::pair<typename Op::Output, std::string> out;
        Body body{out.second, most};
        CO_REQUIRE(
            co_await run(std::move(caller), Op::service, Op::name, &input, &out.first, &body));
        co_return out;
    }

    // Untyped, for those that find operations by name: `input` and `output` are structs of that
    // operation.
    Task<Status> run(Caller caller, std::string_view service, std::string_view operation,
                     const void* input, void* output) {
        return run(std::move(caller), service, operation, input, output, nullptr);
    }

private:
    struct Body {
        std::string& bytes;
        uint64_t most;
    };
    Task<Status> run(Caller caller, std::string_view service, std::string_view operation,
                     const void* input, void* output, Body* body);

    Dispatcher& dispatcher_;
};

}  // namespace unkai::aws
