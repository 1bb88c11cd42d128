// Functions as targets: the event that one gets for a request, the response that its answer means,
// and the way to whoever calls it.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
// Requests are served on data loops, functions are called on the control loop: ask_function() goes
// there and back. A body, and an answer, hold 1 MiB at the most (413, 502).
#pragma once

#include <functional>
#include <memory>

#include "net/http.h"
#include "rt/event.h"

namespace unkai::planes::proxy {

constexpr size_t most_function_bytes = 1024 * 1024;

struct FunctionCall {
    std::string function;  // ARN, maybe with a version or an alias.
    std::string group;     // The target group's ARN: what the function's permissions name.
    std::string payload;   // The event.
};

struct FunctionReply {
    std::string payload;
    bool failed = false;  // The function raised, or ran out of time.
};

// Who calls functions. On the control loop.
class Functions {
public:
    virtual ~Functions() = default;
    virtual Task<Result<FunctionReply>> invoke(FunctionCall call) = 0;
};

// A call on its way between two loops; whoever waits may have gone when the reply comes.
struct FunctionCrossing {
    Loop& loop;  // Of whoever waits.
    FunctionCall call;
    std::optional<Result<FunctionReply>> reply;
    Event done;
};
using AskFunction = std::function<void(std::shared_ptr<FunctionCrossing>)>;  // From any thread.

// Errors: those of the call; ConnectionTimeout at the deadline (the function goes on),
// ShuttingDown.
Task<Result<FunctionReply>> ask_function(const AskFunction& ask, Loop& loop, FunctionCall call,
                                         Steady deadline, Stop* stop);

// What an event shows of a request.
struct FunctionEvent {
    std::string_view group, method, path, query;
    const net::Headers& headers;
    std::string_view body;
    bool multi_value = false;  // lambda.multi_value_headers.enabled
};
std::string event_text(const FunctionEvent& event);

struct FunctionResponse {
    int status = 0;
    net::Headers headers;
    std::string body;
};
// MalformedAnswer, with the reason.
Result<FunctionResponse> read_function_answer(std::string_view payload, bool multi_value);

}  // namespace unkai::planes::proxy
