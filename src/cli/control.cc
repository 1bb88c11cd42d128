#include "cli/control.h"

#include "net/client.h"

namespace unkai::cli {

using wire::Json;

namespace {

constexpr uint64_t most_answer = 64 << 20;

Task<Result<net::Fetched>> post(Loop& loop, const Installation& installation, std::string target,
                                std::string body, Duration timeout) {
    CO_TRY(const net::Address address, net::Address::unix_socket(installation.control_socket()));
    net::Headers headers;
    headers.add("host", "localhost");
    headers.add("content-type", "application/json");
    headers.add("authorization", "Bearer " + installation.control_token);
    net::ClientLimits limits;
    limits.response = timeout;
    net::Client client(loop, limits);
    net::Destination destination;
    destination.address = address;
    net::Request request;
    request.method = "POST";
    request.target = target;
    request.headers = &headers;
    request.body = body;
    auto answer = co_await client.fetch(destination, request, most_answer);
    client.close_idle();
    co_return answer;
}

}  // namespace

Result<Json> Control::ask(std::string_view verb, const Json& body, Duration timeout) {
    auto answer = loop_.run_until_done(
        post(loop_, installation_, "/_unkai/" + std::string(verb), body.dump(), timeout));
    if (!answer) {
        if (answer.error().is("ConnectionRefused") || answer.error().is("ConnectionFailed"))
            return fail("NotRunning", "Unkai does not answer on " + installation_.control_socket() +
                                          ". Start it: unkai start");
        return answer.error();
    }
    auto json = Json::parse(answer->body.empty() ? std::string("null") : answer->body);
    if (!json)
        return fail("BadAnswer",
                    "Unkai's answer is not JSON; is this the same version? Restart it: unkai stop "
                    "&& unkai start");
    if (answer->status != 200)
        return fail((*json)["__type"].string_or("Error"),
                    (*json)["message"].string_or("Unkai refused."), answer->status);
    return std::move(*json);
}

Result<Json> Control::call(std::string_view service, std::string_view operation, Json input) {
    return ask("call", Json::object({{"service", std::string(service)},
                                     {"operation", std::string(operation)},
                                     {"input", std::move(input)}}));
}

}  // namespace unkai::cli
