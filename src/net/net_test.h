// What the tests of net/ share: a server with a handler made of a function, and a raw client.
#pragma once

#include <gtest/gtest.h>

#include "net/client.h"
#include "net/server.h"

namespace unkai::net {

class FunctionHandler final : public Handler {
public:
    using Function = Task<void> (*)(Exchange&);
    explicit FunctionHandler(Function function) : function_(function) {}
    Task<void> handle(Exchange& exchange) override { return function_(exchange); }

private:
    Function function_;
};

// Runs `test` beside a server on a port of its own, then drains the server.
struct Running {
    Loop& loop;
    Server& server;
    Address address;
};
using Test = Task<void> (*)(Running);

inline Task<void> run_test(Loop& loop, Server& server, Test test) {
    const auto bound = server.listen("", *Address::parse("127.0.0.1", 0));
    if (!bound)
        ADD_FAILURE() << bound.error().message;
    else
        co_await test(Running{loop, server, *bound});
    co_await server.drain(std::chrono::seconds(2));
}

inline void with_server(FunctionHandler::Function function, ServerOptions options, Test test) {
    Loop loop;
    FunctionHandler handler(function);
    Server server(loop, handler, std::move(options));
    loop.run_until_done(run_test(loop, server, test));
}

// Sends bytes as they are, half-closes if told, and reads until the server closes or `until` was
// read.
inline Task<std::string> talk(Running running, std::string bytes, std::string until = "") {
    auto io = co_await open_connection(running.loop, "", running.address, never);
    if (!io) co_return "cannot connect";
    Stream stream(std::move(*io));
    const Steady deadline = running.loop.steady() + std::chrono::seconds(10);
    std::string answer;
    if (auto sent = co_await stream.write(bytes, deadline); !sent) co_return "cannot send";
    char piece[4096];
    while (until.empty() || answer.find(until) == std::string::npos) {
        const auto size = co_await stream.read(piece, sizeof piece, deadline);
        if (!size) co_return answer + "<" + size.error().code + ">";
        if (*size == 0) co_return answer + "<end>";
        answer.append(piece, *size);
    }
    co_return answer;
}

}  // namespace unkai::net
