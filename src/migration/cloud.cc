#include "migration/cloud.h"

#include <pugixml.hpp>

#include "aws/sigv4.h"
#include "base/strings.h"
#include "migration/load.h"
#include "wire/xml.h"

namespace unkai::migration {

using wire::Json;

namespace {

constexpr uint64_t most_answer_bytes = 32 << 20;
constexpr int most_attempts = 5;

struct ServiceName {
    std::string_view service, host, signed_as, version, target;
};

// The host's first label and the name in the signature's scope; the query protocol's API version.
constexpr ServiceName service_names[] = {
    {"route53", "route53", "route53", "", ""},
    {"elbv2", "elasticloadbalancing", "elasticloadbalancing", "2015-12-01", ""},
    {"cloudwatch", "monitoring", "monitoring", "2010-08-01", ""},
    {"cloudformation", "cloudformation", "cloudformation", "2010-05-15", ""},
    {"apigateway", "apigateway", "apigateway", "", ""},
    {"lambda", "lambda", "lambda", "", ""},
    {"ecs", "ecs", "ecs", "", "AmazonEC2ContainerServiceV20141113"},
};

const ServiceName& find_service(std::string_view service) {
    for (const ServiceName& one : service_names)
        if (one.service == service) return one;
    CHECK(false, "a service that the migration commands do not call");
    return service_names[0];
}

Json element_of(const pugi::xml_node& node) {
    Json out;
    for (const pugi::xml_node& child : node.children()) {
        if (child.type() != pugi::node_element) continue;
        std::string_view name = child.name();
        if (const size_t colon = name.find(':'); colon != name.npos) name.remove_prefix(colon + 1);
        Json value = element_of(child);
        if (const Json* there = out.find(name); there == nullptr) {
            out.set(name, std::move(value));
        } else if (there->is_array()) {
            Json list = *there;
            list.push(std::move(value));
            out.set(name, std::move(list));
        } else {
            out.set(name, Json::array({*there, std::move(value)}));
        }
    }
    return out.is_null() ? Json(std::string(node.text().get())) : out;
}

void write_element(wire::XmlWriter& out, std::string_view name, const Json& value) {
    if (value.is_array()) {
        for (const Json& one : value.as_array()) write_element(out, name, one);
    } else if (value.is_object()) {
        out.open(name);
        for (const auto& member : value.as_object()) write_element(out, member.name, member.value);
        out.close();
    } else {
        out.leaf(name, value.text());
    }
}

std::string encode_form(const Cloud::Params& params) {
    std::string out;
    for (const auto& [name, value] : params) {
        if (!out.empty()) out += '&';
        out += percent_encode(name) + "=" + percent_encode(value);
    }
    return out;
}

bool is_worth_retrying(const Error& error) {
    return error.status >= 500 || error.status == 429 || error.code.contains("Throttl") ||
           error.is("RequestLimitExceeded") || error.is("PriorRequestNotComplete") ||
           error.is("ConnectionClosed") || error.is("NoResponse");
}

// The error of either protocol.
Error error_of(const net::Fetched& answer) {
    Error out{"UnknownError",
              "The endpoint answered " + std::to_string(answer.status) + ".",
              answer.status,
              {}};
    Json body;
    if (trim(answer.body).starts_with('<')) {
        if (auto parsed = from_xml(answer.body)) body = (*parsed)["Error"];
        if (body.is_null())
            if (auto parsed = from_xml(answer.body)) body = (*parsed)["Errors"]["Error"];
        out.code = body["Code"].string_or(out.code);
        out.message = body["Message"].string_or(out.message);
        return out;
    }
    if (auto parsed = Json::parse(answer.body)) body = std::move(*parsed);
    std::string code = body["__type"].string_or("");
    if (code.empty())
        if (const auto header = answer.headers.get("x-amzn-errortype")) code = std::string(*header);
    code = code.substr(0, code.find(':'));
    if (!code.empty()) out.code = code.substr(code.rfind('#') + 1);
    out.message = body["message"].string_or(body["Message"].string_or(out.message));
    return out;
}

}  // namespace

Result<Json> from_xml(std::string_view text) {
    pugi::xml_document document;
    const auto parsed = document.load_buffer(text.data(), text.size());
    if (!parsed || !document.document_element())
        return fail("BadAnswer", "The answer is no XML.", 502);
    return element_of(document.document_element());
}

std::string to_xml(std::string_view root, std::string_view xmlns, const Json& content) {
    std::string out;
    wire::XmlWriter xml(out);
    xml.declaration();
    xml.open(root);
    xml.attribute("xmlns", xmlns);
    if (content.is_object())
        for (const auto& member : content.as_object())
            write_element(xml, member.name, member.value);
    xml.close();
    return out;
}

std::vector<Json> list_of(const Json& value, std::string_view member) {
    if (value.is_array()) return value.as_array();
    if (value.is_object()) {
        if (const Json* inner = value.find(member)) return list_of(*inner, member);
        return {value};
    }
    if (value.is_null() || (value.is_string() && trim(value.as_string()).empty())) return {};
    return {value};
}

Cloud::Cloud(Loop& loop, Random& random, CloudOptions options)
    : loop_(loop), random_(random), options_(std::move(options)), client_(loop) {
    if (auto tls = net::ClientTls::make({.trusted_pem = options_.trusted_pem}))
        tls_ = std::move(*tls);
}

Task<Result<Json>> Cloud::query(std::string service, std::string action, Params params,
                                std::string region) {
    params.insert(params.begin(),
                  {{"Action", action}, {"Version", std::string(find_service(service).version)}});
    CO_TRY(const Json answer, co_await call({std::move(service), "POST", "/", encode_form(params),
                                             "application/x-www-form-urlencoded; charset=utf-8", "",
                                             std::move(region)}));
    co_return answer[action + "Result"];
}

Task<Result<Json>> Cloud::rest(std::string service, std::string method, std::string target,
                               std::string body, std::string region) {
    const std::string type = body.empty()            ? ""
                             : body.starts_with('<') ? "application/xml"
                                                     : "application/json";
    co_return co_await call({std::move(service), std::move(method), std::move(target),
                             std::move(body), type, "", std::move(region)});
}

Task<Result<Json>> Cloud::json(std::string service, std::string operation, Json input,
                               std::string region) {
    const std::string target = std::string(find_service(service).target) + "." + operation;
    co_return co_await call({std::move(service), "POST", "/", input.dump(),
                             "application/x-amz-json-1.1", target, std::move(region)});
}

Task<Result<net::Destination>> Cloud::destination_of(std::string host, uint16_t port, bool tls) {
    net::Destination out;
    if (tls) {
        out.tls = tls_;
        out.server_name = host;
    }
    Workers workers(1);
    CO_TRY(const auto addresses, co_await net::resolve(workers, host, port));
    out.address = addresses[0];
    co_return out;
}

Task<Result<net::Fetched>> Cloud::exchange(const Send& send) {
    const ServiceName& name = find_service(send.service);
    const bool global = send.service == "route53";
    const std::string region = global                ? "us-east-1"
                               : send.region.empty() ? options_.region
                                                     : send.region;
    Url url{.tls = true,
            .host = std::string(name.host) + (global ? "" : "." + region) + ".amazonaws.com",
            .port = 443};
    if (!options_.endpoint.empty()) {
        CO_TRY(url, parse_url(options_.endpoint));
    }
    const std::string authority = url.authority();
    const std::string stamp = basic_iso8601(loop_.now());
    std::vector<std::pair<std::string, std::string>> sent{{"host", authority},
                                                          {"x-amz-date", stamp}};
    if (!send.content_type.empty()) sent.emplace_back("content-type", send.content_type);
    if (!send.amz_target.empty()) sent.emplace_back("x-amz-target", send.amz_target);
    if (!options_.session_token.empty())
        sent.emplace_back("x-amz-security-token", options_.session_token);
    const size_t question = send.target.find('?');
    aws::sigv4::Request signed_request{
        .method = send.method,
        .path = std::string_view(send.target).substr(0, question),
        .query = question == send.target.npos ? std::string_view()
                                              : std::string_view(send.target).substr(question + 1)};
    for (const auto& [header, value] : sent) signed_request.headers.emplace_back(header, value);
    const std::string authorization = aws::sigv4::authorization(
        signed_request, options_.access_key_id, options_.secret_access_key, region, name.signed_as,
        stamp, aws::sigv4::sha256_hex(send.body), true);
    net::Headers headers;
    for (const auto& [header, value] : sent) headers.add(header, value);
    headers.add("authorization", authorization);
    headers.add("accept", send.service == "apigateway" ? "application/json" : "*/*");
    CO_TRY(const net::Destination destination,
           co_await destination_of(url.host, url.port, url.tls));
    net::Request request;
    request.method = send.method;
    request.target = send.target;
    request.headers = &headers;
    request.body = send.body;
    co_return co_await client_.fetch(destination, request, most_answer_bytes);
}

Task<Result<Json>> Cloud::call(Send send) {
    for (int attempt = 1;; ++attempt) {
        auto answer = co_await exchange(send);
        std::optional<Error> error;
        if (!answer)
            error = answer.error();
        else if (answer->status >= 300)
            error = error_of(*answer);
        if (error) {
            if (attempt == most_attempts || !is_worth_retrying(*error))
                co_return unexpected(std::move(*error));
            co_await loop_.sleep(
                std::chrono::milliseconds((100 << attempt) + static_cast<int>(random_.below(100))));
            continue;
        }
        const std::string_view body = trim(answer->body);
        if (body.empty()) co_return Json::object();
        if (body.starts_with('<')) co_return from_xml(body);
        co_return Json::parse(body);
    }
}

}  // namespace unkai::migration
