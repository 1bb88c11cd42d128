#include "planes/functions/runtime_api.h"

#include "base/strings.h"
#include "planes/functions/functions.h"
#include "planes/functions/report.h"

namespace unkai::planes::functions {

namespace {

constexpr std::string_view api_prefix = "/2018-06-01/runtime/";
constexpr std::string_view accepted = "{\"status\":\"OK\"}\n";

net::ServerOptions api_options() {
    net::ServerOptions options;
    options.http2 = false;
    // The other side is frozen for as long as nobody calls.
    options.limits.idle = options.limits.stall = options.limits.keep_alive =
        std::chrono::hours(24 * 365);
    options.limits.header = std::chrono::minutes(15);
    options.limits.slowest_body = 0;
    options.limits.most_body = most_response_bytes;
    options.limits.most_connections = 32;
    return options;
}

Task<void> refuse_call(net::Exchange& exchange, int status, std::string_view type,
                       std::string_view message) {
    exchange.headers().add("content-type", "application/json");
    const std::string body = error_document(type, message);
    (void)co_await exchange.respond(status, body);
}

}  // namespace

RuntimeApi::RuntimeApi(Loop& loop) : loop_(loop), server_(loop, *this, api_options()) {}

Result<net::Address> RuntimeApi::listen(const std::string& network, const net::Address& address) {
    net::ListenOptions options;
    options.backlog = 32;
    options.unix_mode = 0666;  // Its folder is in this one sandbox only.
    return server_.listen(network, address, options);
}

void RuntimeApi::set_state(State state) {
    state_ = state;
    changed_.notify_all();
}

void RuntimeApi::claim(std::string document) {
    claim_ = std::move(document);
    changed_.notify_all();
}

void RuntimeApi::give(Work work) {
    CHECK(state_ == State::ready, "work for a runtime that did not ask for it");
    running_ = work.request_id;
    answer_ = {};
    work_ = std::move(work);
    set_state(State::running);
}

Task<void> RuntimeApi::close() {
    open_ = false;
    closing_.request();
    co_await server_.drain(Duration{0});
}

Task<void> RuntimeApi::handle(net::Exchange& exchange) {
    const std::string_view path = exchange.request().path;
    const std::string_view method = exchange.request().method;
    if (method == "GET" && path == "/unkai/claim" && exchange.peer().address.family() == AF_UNIX)
        co_return co_await serve_claim(exchange);
    if (path.starts_with(api_prefix)) {
        const std::string_view rest = path.substr(api_prefix.size());
        if (method == "GET" && rest == "invocation/next") co_return co_await serve_next(exchange);
        if (method == "POST" && rest == "init/error") co_return co_await take_init_error(exchange);
        const auto [kind, tail] = split_once(rest, '/');
        const auto [request_id, verb] = split_once(tail, '/');
        if (method == "POST" && kind == "invocation" && (verb == "response" || verb == "error"))
            co_return co_await take(exchange, request_id, verb == "error");
    }
    co_await refuse_call(exchange, 404, "NotFound", "The Runtime API 2018-06-01 has no such path.");
}

Task<void> RuntimeApi::serve_claim(net::Exchange& exchange) {
    awaits_claim_ = true;
    changed_.notify_all();
    while (!claim_)
        if (co_await changed_.wait(loop_, never, &closing_) == Wake::stopped) co_return;
    awaits_claim_ = false;
    (void)co_await exchange.respond(200, *claim_);
}

Task<void> RuntimeApi::serve_next(net::Exchange& exchange) {
    if (state_ == State::running || state_ == State::failed)
        co_return co_await refuse_call(
            exchange, 403, "InvalidStateTransition",
            "The runtime asked for the next invocation before it answered the last one.");
    const uint64_t mine = ++asked_;
    set_state(State::ready);
    while (!work_) {
        if (co_await changed_.wait(loop_, never, &closing_) == Wake::stopped) co_return;
        // It asked again, on another connection: nobody reads from this one.
        if (mine != asked_) co_return exchange.close_after();
    }
    const Work work = std::move(*work_);
    work_.reset();
    net::Headers& headers = exchange.headers();
    headers.add("content-type", "application/json");
    headers.add("lambda-runtime-aws-request-id", work.request_id);
    headers.add("lambda-runtime-invoked-function-arn", work.function_arn);
    const auto deadline = std::chrono::floor<std::chrono::milliseconds>(work.deadline);
    headers.add("lambda-runtime-deadline-ms", std::to_string(deadline.time_since_epoch().count()));
    if (!work.trace_id.empty()) headers.add("lambda-runtime-trace-id", work.trace_id);
    if (!work.client_context.empty())
        headers.add("lambda-runtime-client-context", work.client_context);
    if (!work.cognito_identity.empty())
        headers.add("lambda-runtime-cognito-identity", work.cognito_identity);
    (void)co_await exchange.respond(200, work.payload);
}

Task<bool> RuntimeApi::read_answer(net::Exchange& exchange, Answer& into) {
    const net::Headers& headers = exchange.request().headers;
    if (const auto type = headers.get("content-type")) into.content_type = *type;
    if (const auto type = headers.get("lambda-runtime-function-error-type"))
        into.error_type = *type;
    auto body = co_await exchange.read_all(most_response_bytes);
    if (!body && !body.error().is("BodyTooLarge")) co_return false;
    if (!body) {
        into.too_large = true;
        into.bytes = exchange.body_length().value_or(most_response_bytes + 1);
        exchange.close_after();
        co_await refuse_call(exchange, 413, "RequestEntityTooLarge",
                             "Exceeded maximum allowed payload size (6291556 bytes).");
        co_return true;
    }
    into.body = std::move(*body);
    // A streamed answer that broke off says so in its trailers.
    if (const auto type = exchange.trailers().get("lambda-runtime-function-error-type")) {
        into.error = true;
        into.error_type = *type;
        const auto encoded = exchange.trailers().value("lambda-runtime-function-error-body");
        into.body = from_base64(encoded).value_or("");
    }
    exchange.headers().add("content-type", "application/json");
    (void)co_await exchange.respond(202, accepted);
    co_return true;
}

Task<void> RuntimeApi::take(net::Exchange& exchange, std::string_view request_id, bool error) {
    if (state_ != State::running || work_)
        co_return co_await refuse_call(exchange, 403, "InvalidStateTransition",
                                       "No invocation is running.");
    if (request_id != running_)
        co_return co_await refuse_call(exchange, 400, "InvalidRequestID", "Invalid request ID");
    Answer answer{.error = error};
    const bool whole = co_await read_answer(exchange, answer);
    if (!whole || state_ != State::running) co_return;
    answer_ = std::move(answer);
    set_state(State::answered);
}

Task<void> RuntimeApi::take_init_error(net::Exchange& exchange) {
    if (state_ != State::starting)
        co_return co_await refuse_call(exchange, 403, "InvalidStateTransition",
                                       "The initialisation is over.");
    Answer answer{.error = true};
    if (!co_await read_answer(exchange, answer)) co_return;
    answer_ = std::move(answer);
    set_state(State::failed);
}

}  // namespace unkai::planes::functions
