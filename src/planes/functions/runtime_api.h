// One environment's Lambda Runtime API (2018-06-01), over HTTP on a Unix socket (our own clients)
// and on TCP (bootstraps and images): what the runtime asks, and where it stands. It owns no
// process.
//
//     starting ── GET …/invocation/next ──▶ ready ── give() ──▶ running
//         │                                   ▲                    │ POST …/response, …/error
//         └─ POST …/init/error ▶ failed       └── GET …/next ── answered
//
// Beside AWS's paths one of ours: GET /unkai/claim is what a pre-started client of a generic
// sandbox asks first; it is answered by claim(), once the sandbox has got its function.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
#pragma once

#include <optional>
#include <string>

#include "net/server.h"
#include "rt/event.h"

namespace unkai::planes::functions {

struct Work {
    std::string request_id, payload, function_arn, trace_id, client_context, cognito_identity;
    Time deadline{};
};

struct Answer {
    bool error = false;
    bool too_large = false;
    size_t bytes = 0;  // As announced, when it was too large to be read.
    std::string body;
    std::string content_type = "application/json";
    std::string error_type;  // Lambda-Runtime-Function-Error-Type
};

class RuntimeApi final : public net::Handler {
public:
    enum class State { starting, ready, running, answered, failed };

    explicit RuntimeApi(Loop& loop);
    ~RuntimeApi() override { CHECK(!open_, "close() the runtime API first"); }

    // Any number of times.
    Result<net::Address> listen(const std::string& network, const net::Address& address);

    // Answers the pre-started client. Once.
    void claim(std::string document);
    bool awaits_claim() const { return awaits_claim_; }
    // In state `ready` only: hands the payload over.
    void give(Work work);

    State state() const { return state_; }
    // What the runtime answered to the last work, or why its init failed. Moves it out.
    Answer take_answer() { return std::move(answer_); }
    // Notified at every change of the above; and by whoever else has news for its waiters.
    Event& changed() { return changed_; }

    // Ends all connections.
    Task<void> close();

    Task<void> handle(net::Exchange& exchange) override;

private:
    Task<void> serve_claim(net::Exchange& exchange);
    Task<void> serve_next(net::Exchange& exchange);
    Task<void> take(net::Exchange& exchange, std::string_view request_id, bool error);
    Task<void> take_init_error(net::Exchange& exchange);
    Task<bool> read_answer(net::Exchange& exchange, Answer& into);
    void set_state(State state);

    Loop& loop_;
    net::Server server_;
    State state_ = State::starting;
    std::optional<std::string> claim_;
    bool awaits_claim_ = false;
    bool open_ = true;
    Stop closing_;
    uint64_t asked_ = 0;
    std::optional<Work> work_;  // Given, not taken yet.
    std::string running_;       // The request id that runs.
    Answer answer_;
    Event changed_;
};

}  // namespace unkai::planes::functions
