#include "services/lambda/url_host.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "aws/sigv4.h"
#include "base/strings.h"
#include "rt/fd.h"
#include "services/lambda/lambda.h"
#include "services/lambda/limits.h"
#include "services/lambda/permission.h"

namespace unkai::services::lambda {

namespace {

constexpr std::string_view url_label = ".lambda-url.";
constexpr std::string_view link_path = "/_lambda/packages/";

unkai::Task<void> say(net::Exchange& exchange, int status, std::string body) {
    exchange.headers().add_view("content-type", "application/json");
    (void)co_await exchange.respond(status, body);
}

unkai::Task<void> forbid(net::Exchange& exchange) {
    co_await say(exchange, 403,
                 R"({"Message":"Forbidden. For troubleshooting Function URL authorization issues, )"
                 R"(see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"})");
}

std::string link_signature(const std::string& key, const std::string& id, int64_t expires) {
    return hex(aws::sigv4::hmac_sha256(key, id + "/" + std::to_string(expires)));
}

std::string query_value(std::string_view query, std::string_view name) {
    for (const std::string_view pair : split(query, '&')) {
        const auto [key, value] = split_once(pair, '=');
        if (key == name) return std::string(value);
    }
    return "";
}

wire::Json iam_context(const aws::Principal& principal) {
    return wire::Json::object({{"accessKey", principal.access_key_id},
                               {"accountId", principal.account},
                               {"callerId", principal.user_id},
                               {"cognitoIdentity", nullptr},
                               {"principalOrgId", nullptr},
                               {"userArn", principal.arn},
                               {"userId", principal.user_id}});
}

}  // namespace

std::string package_link(aws::Call& call, const Engine& engine, const StoredCode& code) {
    const int64_t expires = whole_seconds(call.now + limits::download_links_last);
    const std::string start = call.http.host.empty() ? engine.options().endpoint
                                                     : (call.http.secure ? "https://" : "http://") +
                                                           std::string(call.http.host);
    return start + std::string(link_path) + code.id + "?Expires=" + std::to_string(expires) +
           "&Signature=" + link_signature(engine.link_key(), code.id, expires);
}

bool UrlHost::wants(std::string_view host, std::string_view path) const {
    return host.find(url_label) != std::string_view::npos || path.starts_with(link_path);
}

unkai::Task<void> UrlHost::handle(net::Exchange& exchange) {
    const std::string host = to_lower(net::host_of(exchange.request().authority));
    if (host.find(url_label) == std::string::npos) co_return co_await download(exchange);
    auto found = find(host);
    if (!found) co_return co_await say(exchange, 404, R"({"Message":null})");
    co_await invoke(exchange, std::move(*found), host);
}

std::optional<UrlHost::Owner> UrlHost::find(std::string_view host) const {
    const std::string id(host.substr(0, host.find('.')));
    store::Txn txn = engine_.store().begin();
    auto owner = schema::url_owners.get(txn, {id});
    if (!owner) return std::nullopt;
    auto url =
        schema::urls.get(txn, {owner->account, owner->region, owner->name, owner->qualifier});
    if (!url) return std::nullopt;
    return Owner{std::move(*owner), std::move(*url)};
}

Result<aws::Principal> UrlHost::caller(net::Exchange& exchange, const std::string& body,
                                       bool needs_signature) const {
    if (!needs_signature) return aws::Principal{};
    const aws::sigv4::Request signed_part = aws::sigv4::request_of(exchange.request());
    if (aws::sigv4::form_of(signed_part) == aws::sigv4::Form::none)
        return fail("MissingAuthenticationToken", "The request is not signed.", 403);
    TRY(const auto claim, aws::sigv4::parse(signed_part));
    const Time now = engine_.env().now();
    TRY(auto credential, credentials_.find(claim.access_key_id, claim.session_token, now));
    REQUIRE(aws::sigv4::verify(signed_part, claim, credential.secret, aws::sigv4::sha256_hex(body),
                               true, now));
    if (claim.service != "lambda")
        return fail("SignatureDoesNotMatch", "Sign for the service lambda.", 403);
    return std::move(credential.principal);
}

unkai::Task<void> UrlHost::invoke(net::Exchange& exchange, Owner found, std::string host) {
    const auto& head = exchange.request();
    const std::string origin(head.headers.value("origin"));
    const auto& cors = found.url.shape.cors;
    const bool preflight = head.method == "OPTIONS" && !origin.empty() &&
                           head.headers.has("access-control-request-method");
    if (cors && !origin.empty())
        for (const auto& [name, value] : cors_headers(*cors, origin, preflight))
            exchange.headers().add(name, value);
    if (cors && preflight) {
        (void)co_await exchange.respond(200, "");
        co_return;
    }
    exchange.allow_body(limits::sync_payload_bytes);
    auto body = co_await exchange.read_all(limits::sync_payload_bytes);
    if (!body)
        co_return co_await say(exchange, body.error().is("BodyTooLarge") ? 413 : 400,
                               R"({"Message":"Request Entity Too Large"})");
    const Place place{found.owner.account, found.owner.region};
    const std::string& auth = found.url.shape.auth_type;
    const auto principal = caller(exchange, *body, auth != "NONE");
    if (!principal) co_return co_await forbid(exchange);
    Invoker& invoker = engine_.invoker();
    const auto target = invoker.resolve(place, found.owner.name, found.owner.qualifier);
    if (!target) co_return co_await say(exchange, 404, R"({"Message":null})");
    const auto policy = invoker.directory().policy(place, found.owner.name, found.owner.qualifier);
    const std::string arn = target->arn();
    if (!may_invoke(policy.get(),
                    {*principal, "lambda:InvokeFunctionUrl", arn, place.account, auth}))
        co_return co_await forbid(exchange);

    const std::string request_id = engine_.env().random.uuid();
    UrlRequest request{std::string(head.method),
                       std::string(head.path),
                       std::string(head.query),
                       head.headers,
                       std::move(*body),
                       exchange.peer().address.ip(),
                       host,
                       head.version == 20 ? "HTTP/2" : "HTTP/1.1",
                       request_id,
                       found.url.id,
                       place.account,
                       engine_.env().now(),
                       {}};
    if (auth != "NONE") request.iam = iam_context(*principal);
    const auto done = co_await invoker.invoke(
        *target, {url_event(request), request_id, "",
                  std::string(head.headers.value("x-amzn-trace-id")), false});
    exchange.headers().add("x-amzn-requestid", request_id);
    invoker.count(*target, "UrlRequestCount", "Count", 1);
    if (!done && done.error().is("TooManyRequestsException"))
        co_return co_await say(exchange, 429, R"({"Message":"Too Many Requests"})");
    std::optional<UrlAnswer> answer;
    if (done && !done->failed()) answer = url_answer(done->outcome.payload);
    if (!answer) co_return co_await say(exchange, 502, "Internal Server Error");
    for (const auto& [name, value] : answer->headers)
        if (!net::is_hop_by_hop(name) && name != "content-length" && name != "date")
            exchange.headers().add(name, value);
    (void)co_await exchange.respond(answer->status, answer->body);
}

unkai::Task<void> UrlHost::download(net::Exchange& exchange) {
    const auto& head = exchange.request();
    const std::string id(head.path.substr(link_path.size()));
    const auto expires = parse_int(query_value(head.query, "Expires"));
    const std::string signature = query_value(head.query, "Signature");
    if (!expires || *expires < whole_seconds(engine_.env().now()) ||
        !aws::sigv4::equal_in_constant_time(
            signature, link_signature(engine_.link_key(), id, expires.value_or(0))))
        co_return co_await say(exchange, 403, R"({"Message":"This link has expired."})");
    const Fd file(::open(engine_.codes().zip_file(id).c_str(), O_RDONLY | O_CLOEXEC));
    struct stat info{};
    if (!file || ::fstat(file.get(), &info) != 0)
        co_return co_await say(exchange, 404, R"({"Message":"There is no such package."})");
    exchange.headers().add_view("content-type", "application/zip");
    const auto size = static_cast<uint64_t>(info.st_size);
    if (!co_await exchange.start(200, size)) co_return;
    if (!co_await exchange.write_file(file.get(), 0, size)) co_return;
    (void)co_await exchange.finish();
}

}  // namespace unkai::services::lambda
