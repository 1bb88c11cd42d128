#include "base/strings.h"
#include "planes/proxy/serving.h"

namespace unkai::planes::proxy {

namespace {

// The body, whole; nullopt when the client was answered, or left.
Task<std::optional<std::string>> take_body(Serving& serving) {
    if (!serving.exchange.has_body()) co_return std::string{};
    auto body = co_await serving.exchange.read_all(most_function_bytes);
    if (body) co_return std::move(*body);
    if (body.error().is("BodyTooLarge"))
        co_await answer_error(serving, 413);
    else if (!body.error().is("ConnectionClosed"))
        co_await answer_error(serving, body.error().status);
    co_return std::nullopt;
}

Task<void> answer_as_function(Serving& serving, const Forward& forward, const GroupState& group,
                              FunctionResponse response) {
    net::Headers& headers = serving.exchange.headers();
    headers.clear();
    for (const net::Headers::Field& field : response.headers)
        headers.add_view(field.name, field.value);
    if (!headers.has("server")) headers.add_view("Server", server_name);
    if (!headers.has("content-type") && !response.body.empty())
        headers.add_view("Content-Type", "application/octet-stream");
    add_group_cookie(serving, forward, group);
    (void)co_await serving.exchange.respond(response.status, response.body);
}

}  // namespace

Task<void> forward_to_function(Serving& serving, const Forward& forward, std::string group_id) {
    const net::RequestHead& head = serving.exchange.request();
    if (head.headers.has("upgrade")) {  // WebSockets do not reach functions.
        co_await answer_error(serving, 400);
        co_return;
    }
    const auto body = co_await take_body(serving);
    GroupState* group = serving.worker().group(group_id);
    if (!body || group == nullptr || group->targets.empty()) {
        if (body) co_await answer_error(serving, 503);
        co_return;
    }
    ++serving.counters.requests;
    ++group->counters.requests;
    net::Headers headers;
    copy_request_headers(serving, headers);
    const bool multi_value = group->group->multi_value;
    FunctionCall call{group->targets.front()->target.id, group_id,
                      event_text({.group = group_id,
                                  .method = head.method,
                                  .path = head.path,
                                  .query = head.query,
                                  .headers = headers,
                                  .body = *body,
                                  .multi_value = multi_value})};
    group->counters.function_bytes += body->size();
    const Steady start = serving.worker().loop().steady();
    auto reply = co_await serving.worker().call(std::move(call), serving.balancer.idle_timeout);
    group = serving.worker().group(group_id);
    if (group == nullptr) {
        co_await answer_error(serving, 503);
        co_return;
    }
    group->counters.response_time.add(serving.worker().loop().steady() - start);
    auto response = reply && !reply->failed
                        ? read_function_answer(reply->payload, multi_value)
                        : Result<FunctionResponse>(fail("FunctionFailed", "It failed.", 502));
    if (!response) {
        ++(reply ? group->counters.function_user_errors : group->counters.function_internal_errors);
        const bool late = !reply && reply.error().is("ConnectionTimeout");
        co_await answer_error(serving, late ? 504 : 502);
        co_return;
    }
    group->counters.function_bytes += response->body.size();
    ++group->counters.codes[static_cast<size_t>(response->status / 100) % 6];
    co_await answer_as_function(serving, forward, *group, std::move(*response));
}

}  // namespace unkai::planes::proxy
