#include "planes/proxy/functions.h"

#include "base/strings.h"
#include "wire/json.h"

namespace unkai::planes::proxy {

namespace {

using wire::Json;

Unexpected malformed(std::string reason) {
    return fail("MalformedAnswer", "The function's answer: " + std::move(reason) + ".", 502);
}

// Text as it is, anything else in base64.
bool is_text_body(const FunctionEvent& event) {
    if (event.headers.has("content-encoding") || !is_valid_utf8(event.body)) return false;
    const std::string type = to_lower(event.headers.value("content-type"));
    if (type.starts_with("text/")) return true;
    for (const std::string_view one :
         {"application/json", "application/javascript", "application/xml"})
        if (type.starts_with(one)) return true;
    return false;
}

// The last of several values, or all of them in a list.
void put_value(Json& out, std::string_view name, std::string_view value, bool multi_value) {
    if (!multi_value) {
        out.set(name, value);
        return;
    }
    if (out.find(name) == nullptr) out.set(name, Json::array());
    out.as_object()[name].push(value);
}

// As they were sent: nothing is decoded.
Json query_of(const FunctionEvent& event) {
    Json out = Json::object();
    for (const std::string_view one : split(event.query, '&')) {
        if (one.empty()) continue;
        const size_t equals = std::min(one.find('='), one.size());
        const std::string_view value =
            equals == one.size() ? std::string_view{} : one.substr(equals + 1);
        put_value(out, one.substr(0, equals), value, event.multi_value);
    }
    return out;
}

Status put_header(net::Headers& out, std::string_view name, const Json& value) {
    if (!value.is_scalar()) return malformed("a header's value is no text");
    const std::string text = value.text();
    if (!wire::is_token(name) || !wire::is_field_value(text))
        return malformed("a header is not one of HTTP's");
    if (!net::is_hop_by_hop(name) && !equals_ignoring_case(name, "content-length"))
        out.add(name, text);
    return ok();
}

Status put_headers(net::Headers& out, const Json& headers, bool multi_value) {
    if (headers.is_null()) return ok();
    if (!headers.is_object()) return malformed("its headers are no object");
    for (const auto& member : headers.as_object()) {
        if (!multi_value) {
            REQUIRE(put_header(out, member.name, member.value));
            continue;
        }
        if (!member.value.is_array()) return malformed("a header of multiValueHeaders is no list");
        for (const Json& value : member.value.as_array())
            REQUIRE(put_header(out, member.name, value));
    }
    return ok();
}

}  // namespace

std::string event_text(const FunctionEvent& event) {
    Json headers = Json::object();
    for (const net::Headers::Field& field : event.headers)
        put_value(headers, to_lower(field.name), field.value, event.multi_value);
    const bool text = event.body.empty() || is_text_body(event);
    return Json::object(
               {{"requestContext",
                 Json::object({{"elb", Json::object({{"targetGroupArn", event.group}})}})},
                {"httpMethod", event.method},
                {"path", event.path},
                {event.multi_value ? "multiValueQueryStringParameters" : "queryStringParameters",
                 query_of(event)},
                {event.multi_value ? "multiValueHeaders" : "headers", std::move(headers)},
                {"body", text ? std::string(event.body) : base64(event.body)},
                {"isBase64Encoded", !text}})
        .dump();
}

Result<FunctionResponse> read_function_answer(std::string_view payload, bool multi_value) {
    if (payload.size() > most_function_bytes) return malformed("it is larger than 1 MB");
    const auto answer = Json::parse(payload);
    if (!answer || !answer->is_object()) return malformed("it is no JSON object");
    FunctionResponse out;
    out.status = static_cast<int>((*answer)["statusCode"].int_or(0));
    if (out.status < 200 || out.status > 599) return malformed("it has no statusCode");
    REQUIRE(put_headers(out.headers, (*answer)[multi_value ? "multiValueHeaders" : "headers"],
                        multi_value));
    const Json& body = (*answer)["body"];
    if (body.is_null()) return out;
    if (!body.is_string()) return malformed("its body is no text");
    out.body = body.as_string();
    if (!(*answer)["isBase64Encoded"].bool_or(false)) return out;
    auto bytes = from_base64(out.body);
    if (!bytes) return malformed("its body is not base64");
    out.body = std::move(*bytes);
    return out;
}

Task<Result<FunctionReply>> ask_function(const AskFunction& ask, Loop& loop, FunctionCall call,
                                         Steady deadline, Stop* stop) {
    const auto crossing = std::make_shared<FunctionCrossing>(loop, std::move(call));
    ask(crossing);
    while (!crossing->reply) {
        const Wake why = co_await crossing->done.wait(loop, deadline, stop);
        if (why == Wake::timed_out)
            co_return fail("ConnectionTimeout", "The function did not answer in time.", 504);
        if (why == Wake::stopped) co_return fail("ShuttingDown", "The load balancer ends.", 503);
    }
    co_return std::move(*crossing->reply);
}

}  // namespace unkai::planes::proxy
