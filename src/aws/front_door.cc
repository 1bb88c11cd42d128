#include "aws/front_door.h"

#include <algorithm>

#include "aws/gzip.h"
#include "aws/hosts.h"
#include "aws/key_uses.h"
#include "aws/sigv2.h"
#include "aws/upload.h"
#include "base/log.h"
#include "base/strings.h"
#include "wire/json.h"

namespace unkai::aws {

using protocol::Route;
using protocol::WireRequest;
using protocol::WireResponse;

// One call under way.
struct FrontDoor::Request {
    Request(net::Exchange& exchange_, Dispatcher& dispatcher)
        : exchange(exchange_), call(dispatcher.env(), dispatcher.store()) {}
    ~Request() {
        const ShapeInfo* shape = route ? route->operation->input : nullptr;
        if (input != nullptr) shape->destroy(input);
        if (output != nullptr) route->operation->output->destroy(output);
    }

    net::Exchange& exchange;
    Call call;
    std::string host;  // Lower case, without port.
    std::string path;  // As sent; of S3's virtual hosts in path style.
    sigv4::Request signed_part;
    sigv4::Form form = sigv4::Form::none;
    std::optional<sigv4::Claim> claim;
    std::string secret;  // Of the key that signed.
    const BoundService* service = nullptr;
    Protocol spoken = Protocol::query;
    std::optional<Route> route;
    std::string_view body;
    std::string read_body;        // Where it did not come with the head, or was compressed.
    std::string compressed_body;  // As sent, where Content-Encoding is gzip: what was signed.
    void* input = nullptr;
    void* output = nullptr;
    bool preflight = false;  // A browser's OPTIONS, already answered by the headers.

    WireRequest wire() const {
        return {exchange.request().method, path, exchange.request().query,
                &exchange.request().headers, body};
    }
    std::string_view header(std::string_view name) const {
        return exchange.request().headers.value(name);
    }
    std::string_view body_as_sent() const {
        return compressed_body.empty() ? body : compressed_body;
    }
    bool is_compressed() const {
        return equals_ignoring_case(header("content-encoding"), "gzip") && !is_s3();
    }
    bool is_s3() const { return service != nullptr && service->info->name == "s3"; }
};

namespace {

Error missing_signature() {
    return {"MissingAuthenticationToken", "Request is missing Authentication Token", 403, {}};
}

bool is_rest(Protocol protocol) {
    return protocol == Protocol::rest_json || protocol == Protocol::rest_xml;
}

// To a peer that may be gone.
Task<void> send(net::Exchange& exchange, int status, std::string body) {
    [[maybe_unused]] const auto sent = co_await exchange.respond(status, body);
}

Task<void> decline(net::Exchange& exchange, int status, std::string_view code,
                   std::string_view message) {
    exchange.headers().add("content-type", "application/json");
    const wire::Json body =
        wire::Json::object({{"__type", std::string(code)}, {"message", std::string(message)}});
    co_await send(exchange, status, body.dump() + "\n");
}

}  // namespace

Task<void> FrontDoor::handle(net::Exchange& exchange) {
    if (held_ && !may_pass_early(exchange) && !co_await wait_for_release(exchange)) co_return;
    const std::string host = to_lower(net::host_of(exchange.request().authority));
    for (HostHandler* handler : hosts_)
        if (handler->wants(host, exchange.request().path))
            co_return co_await handler->handle(exchange);
    if (!is_allowed_host(host, options_.own_hosts))
        co_return co_await decline(exchange, 403, "HostNotAllowed",
                                   "Unkai does not answer for the host '" + host +
                                       "'. Use localhost, or a name that it serves.");
    if (exchange.request().path.starts_with("/_unkai/") ||
        exchange.request().path.starts_with("/_localstack/"))
        co_return co_await serve(exchange, host);
    if (calls_ >= options_.most_calls) {
        exchange.headers().add("retry-after", "1");
        co_return co_await decline(exchange, 503, "SlowDown",
                                   "Too many calls are under way. Reduce your request rate.");
    }
    ++calls_;
    co_await api(exchange, host);
    --calls_;
}

bool FrontDoor::may_pass_early(net::Exchange& exchange) const {
    const net::RequestHead& head = exchange.request();
    if (head.path == "/_unkai/health" || head.path == "/_localstack/health") return true;
    const sigv4::Request request = sigv4::request_of(head);
    if (sigv4::form_of(request) == sigv4::Form::none) return false;
    const auto claim = sigv4::parse(request);
    return claim && !dispatcher_.signed_as(claim->service).empty();
}

Task<bool> FrontDoor::wait_for_release(net::Exchange& exchange) {
    Loop& loop = dispatcher_.env().loop;
    const Steady deadline = loop.steady() + std::chrono::seconds(30);
    while (held_)
        if (co_await released_.wait(loop, deadline) != Wake::ready) break;
    if (!held_ && !refusing_) co_return true;
    co_await decline(exchange, 503, "ServiceUnavailable",
                     "Unkai is starting or stopping. Ask again in a moment.");
    co_return false;
}

void FrontDoor::release(bool works) {
    held_ = false;
    refusing_ = !works;
    released_.notify_all();
}

Task<void> FrontDoor::serve(net::Exchange& exchange, std::string_view) {
    const net::RequestHead& request = exchange.request();
    if (!is_allowed_origin(request.headers.value("origin")) ||
        request.headers.value("sec-fetch-site") == "cross-site")
        co_return co_await decline(exchange, 403, "OriginNotAllowed",
                                   "This origin may not talk to Unkai.");
    const bool reading = request.method == "GET" || request.method == "HEAD";
    if (request.path.ends_with("/health") && reading) co_return co_await health(exchange);
    if (request.path.starts_with("/_unkai/")) co_return co_await control(exchange);
    co_await decline(exchange, 404, "NotFound", "There is nothing at this path.");
}

Task<void> FrontDoor::health(net::Exchange& exchange) {
    wire::Json services = wire::Json::object();
    for (const auto& [name, service] : dispatcher_.services()) services.set(name, "running");
    const wire::Json body = wire::Json::object({{"status", "running"},
                                                {"version", options_.version},
                                                {"edition", "unkai"},
                                                {"services", std::move(services)}});
    exchange.headers().add("content-type", "application/json");
    co_await send(exchange, 200, body.dump() + "\n");
}

// Rule 5 of the facts: a bearer token, POST, JSON.
Task<void> FrontDoor::control(net::Exchange& exchange) {
    const net::RequestHead& request = exchange.request();
    const auto found = controls_.find(request.path.substr(8));
    if (found == controls_.end())
        co_return co_await decline(exchange, 404, "NotFound", "There is no such control.");
    if (request.method != "POST" ||
        !request.headers.value("content-type").starts_with("application/json"))
        co_return co_await decline(exchange, 405, "MethodNotAllowed",
                                   "Controls take POST with application/json.");
    const std::string_view given = request.headers.value("authorization");
    if (!given.starts_with("Bearer ") ||
        !sigv4::equal_in_constant_time(given.substr(7), options_.control_token))
        co_return co_await decline(
            exchange, 401, "Unauthorized",
            "The control token is missing or wrong; 'unkai env --json' prints it for root.");
    auto body = co_await exchange.read_all(options_.most_body);
    if (!body) co_return co_await decline(exchange, 400, body.error().code, body.error().message);
    const auto answered = co_await found->second(std::move(*body));
    if (!answered)
        co_return co_await decline(exchange, answered.error().status, answered.error().code,
                                   answered.error().message);
    exchange.headers().add("content-type", "application/json");
    co_await send(exchange, 200, *answered);
}

Task<void> FrontDoor::api(net::Exchange& exchange, std::string_view host) {
    Request request(exchange, dispatcher_);
    request.host = host;
    request.path = exchange.request().path;
    request.call.request_id = dispatcher_.env().random.uuid();
    request.call.source_address = exchange.peer().ip;
    auto status = co_await prepare(request);
    if (status && request.preflight) co_return co_await send(exchange, 200, "");
    if (status) status = co_await run(request);
    co_await answer(request, std::move(status));
}

// Everything before the operation runs.
Task<Status> FrontDoor::prepare(Request& request) {
    request.signed_part = sigv4::request_of(request.exchange.request());
    request.form = sigv4::form_of(request.signed_part);
    Status claimed;
    if (request.form != sigv4::Form::none) {
        auto claim = sigv4::parse(request.signed_part);
        if (claim)
            request.claim = std::move(*claim);
        else
            claimed = claim.error();
    }
    request.service = find_service(request);
    if (request.service == nullptr) {
        const std::string name(request.claim ? request.claim->service
                                             : service_label(request.host));
        co_return fail("NotImplemented", "Unkai does not have the service '" + name + "'.", 501);
    }
    CO_REQUIRE(std::move(claimed));
    if (request.is_s3()) {
        if (const auto bucket = virtual_bucket(
                request.host, request.form != sigv4::Form::none || request.service != nullptr))
            request.path = "/" + percent_encode(*bucket) + request.path;
    }
    if (!may_cross_origin(request))
        co_return request.preflight
            ? fail(
                  "AccessForbidden",
                  "CORSResponse: This CORS request is not allowed. This is usually because the "
                  "evalution of Origin, request method / Access-Control-Request-Method or "
                  "Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.",
                  403)
            : fail("OriginNotAllowed", "This origin may not talk to Unkai.", 403);
    if (request.preflight) co_return ok();
    request.spoken = protocol::detect(*request.service->info, request.wire());
    if (!is_rest(request.spoken)) CO_REQUIRE(co_await read_body(request));
    auto route = protocol::route(*request.service->info, request.spoken, request.wire());
    if (!route)  // Whoever did not sign is not told what there is.
        co_return request.claim || request.is_s3() ? route.error() : missing_signature();
    request.route = std::move(*route);
    const OperationInfo& operation = *request.route->operation;
    if (is_rest(request.spoken) && !operation.streaming_input)
        CO_REQUIRE(co_await read_body(request));
    CO_REQUIRE(authenticate(request));
    if (request.call.principal.kind == Principal::Kind::user)
        CO_REQUIRE(co_await note_key_use(request));
    if (operation.streaming_input) attach_upload(request);
    request.input = operation.input->create();
    co_return protocol::decode(request.spoken, *request.service->info, *request.route,
                               request.wire(), request.input);
}

const BoundService* FrontDoor::find_service(const Request& request) const {
    const std::string_view target = request.header("x-amz-target");
    const std::string_view label = service_label(request.host);
    if (!target.empty())
        if (const auto* service = dispatcher_.of_target(split_once(target, '.').first))
            return service;
    const BoundService* best = nullptr;
    for (const BoundService* service : request.claim ? dispatcher_.signed_as(request.claim->service)
                                                     : dispatcher_.at_endpoint(label)) {
        // REST and HTTP APIs share one signing name; their paths tell them apart.
        const bool v2 = service->info->name == "apigatewayv2";
        if (best == nullptr || request.path.starts_with("/v2/") == v2) best = service;
    }
    if (best != nullptr || request.claim) return best;
    if (request.form == sigv4::Form::none && label.empty() &&
        request.header("content-type").starts_with("application/x-www-form-urlencoded"))
        return dispatcher_.find("sts");
    return dispatcher_.find("s3");  // Anonymous requests for objects.
}

Task<Status> FrontDoor::read_body(Request& request) {
    const auto own = bodies_.find(request.service->info->name);
    const uint64_t most = own == bodies_.end() ? options_.most_body : own->second.first;
    if (!request.is_compressed())
        if (const auto body = request.exchange.body_at_hand(most)) {
            request.body = *body;
            co_return ok();
        }
    request.exchange.allow_body(most);
    auto body = co_await request.exchange.read_all(most);
    if (!body) {
        Error error = std::move(body.error());
        if (error.is("BodyTooLarge"))
            error =
                own != bodies_.end()
                    ? own->second.second
                    : Error{"RequestEntityTooLarge",
                            "The request body is larger than " + std::to_string(most) + " bytes.",
                            413,
                            {}};
        co_return error;
    }
    request.read_body = std::move(*body);
    if (request.is_compressed()) {
        request.compressed_body = std::move(request.read_body);
        CO_TRY(request.read_body, gunzip(request.compressed_body, most));
    }
    request.body = request.read_body;
    co_return ok();
}

Status FrontDoor::authenticate(Request& request) {
    Call& call = request.call;
    const bool s3 = request.is_s3();
    if (!request.claim) {
        if (const auto old = sigv2::parse(request.signed_part); old && s3)
            return authenticate_old_form(request, *old);
        if (!s3 && !request.route->operation->unsigned_allowed) return missing_signature();
        call.region = options_.region;
        call.account = credentials_.account();
        return ok();
    }
    const sigv4::Claim& claim = *request.claim;
    auto credential = credentials_.find(claim.access_key_id, claim.session_token, call.now);
    if (!credential) {
        const bool json = request.spoken == Protocol::json;  // It has a name of its own for it.
        if (json && credential.error().is("InvalidClientTokenId"))
            return fail("UnrecognizedClientException", credential.error().message, 400);
        if (s3 && credential.error().is("InvalidClientTokenId"))
            return fail("InvalidAccessKeyId",
                        "The AWS Access Key Id you provided does not exist in our records.", 403);
        return credential.error();
    }
    const std::string_view sent_hash = request.header("x-amz-content-sha256");
    const bool streamed = request.route->operation->streaming_input;
    const bool told = !streamed && sent_hash.size() == 64;  // The hash is there to be checked.
    const bool signed_as_told = s3 && (claim.presigned || !sent_hash.empty());
    const std::string own =
        told || !signed_as_told ? sigv4::sha256_hex(request.body_as_sent()) : std::string();
    std::string_view hash = own;
    if (signed_as_told) hash = claim.presigned ? "UNSIGNED-PAYLOAD" : sent_hash;
    if (told && !sigv4::equal_in_constant_time(sent_hash, own))
        return fail("XAmzContentSHA256Mismatch",
                    "The provided 'x-amz-content-sha256' header does not match what was computed.",
                    400);
    REQUIRE(sigv4::verify_by_key(request.signed_part, claim,
                                 signing_keys_.of(credential->secret, claim), hash, !s3, call.now));
    request.secret = std::move(credential->secret);
    call.principal = std::move(credential->principal);
    call.account = call.principal.account;
    call.region = claim.region;
    return ok();
}

// For the keys of users only: those of roles live for hours, and the root's is not IAM's.
Task<Status> FrontDoor::note_key_use(Request& request) {
    const Call& call = request.call;
    store::Txn txn = dispatcher_.store().begin();
    if (!note_use(txn, call.principal.access_key_id,
                  {call.now, std::string(request.service->info->name), call.region}))
        co_return ok();
    co_return co_await dispatcher_.store().commit(txn);
}

// S3's presigned URLs of signature version 2.
Status FrontDoor::authenticate_old_form(Request& request, const sigv2::Claim& claim) {
    Call& call = request.call;
    auto credential = credentials_.find(claim.access_key_id, claim.session_token, call.now);
    if (!credential)
        return fail("InvalidAccessKeyId",
                    "The AWS Access Key Id you provided does not exist in our records.", 403);
    REQUIRE(sigv2::verify(request.signed_part, request.path, claim, credential->secret, call.now));
    call.principal = std::move(credential->principal);
    call.account = call.principal.account;
    call.region = options_.region;
    return ok();
}

// The body of a streaming operation, behind the reader that checks what its form promises.
void FrontDoor::attach_upload(Request& request) {
    constexpr uint64_t most_upload = uint64_t{5} << 40;
    request.exchange.allow_body(most_upload);
    const std::string_view hash = request.header("x-amz-content-sha256");
    const bool chunked = hash.starts_with("STREAMING-");
    if (!chunked) {
        const bool signed_body = request.claim && !request.claim->presigned && hash.size() == 64;
        request.call.request_body =
            plain_upload(request.exchange, signed_body ? std::string(hash) : "");
        return;
    }
    ChunkedForm form;
    form.trailer = hash.ends_with("-TRAILER");
    form.decoded_length = parse_uint(request.header("x-amz-decoded-content-length"));
    if (hash.starts_with("STREAMING-AWS4-HMAC-SHA256") && request.claim)
        form.signer.emplace(sigv4::signing_key(request.secret, *request.claim), *request.claim);
    request.call.request_body = chunked_upload(request.exchange, std::move(form));
}

// Whether the request may come from the page that it comes from. S3 is its users' own: browsers are
// told what the bucket's rules say, and an answer without their headers is one that a foreign page
// cannot read.
bool FrontDoor::may_cross_origin(Request& request) {
    const std::string_view origin = request.header("origin");
    if (!request.is_s3() || cross_origin_ == nullptr)
        return is_allowed_origin(origin) &&
               (!origin.empty() || request.header("sec-fetch-site") != "cross-site");
    if (origin.empty()) return true;
    const std::string_view rest = std::string_view(request.path).substr(1);
    request.preflight = request.exchange.request().method == "OPTIONS";
    const std::string_view method = request.preflight
                                        ? request.header("access-control-request-method")
                                        : request.exchange.request().method;
    const CrossOrigin::Question question{
        percent_decode(rest.substr(0, rest.find('/'))).value_or(""), origin, method,
        request.header("access-control-request-headers"), request.preflight};
    return cross_origin_->allow(question, request.exchange.headers()) || !request.preflight;
}

Task<Status> FrontDoor::run(Request& request) {
    const net::RequestHead& head = request.exchange.request();
    HttpContext& http = request.call.http;
    http.method = head.method;
    http.host = head.authority;
    http.headers = &head.headers;
    http.secure = request.exchange.peer().tls;
    request.output = request.route->operation->output->create();
    co_return co_await dispatcher_.run(request.call, *request.service, *request.route->operation,
                                       request.input, request.output);
}

Task<void> FrontDoor::answer(Request& request, Status status) {
    static constexpr ServiceInfo nameless{.name = "unkai"};
    const ServiceInfo& info = request.service != nullptr ? *request.service->info : nameless;
    WireResponse response;
    if (status)
        response = protocol::encode(request.spoken, info, *request.route->operation, request.output,
                                    request.call.request_id);
    else
        response =
            protocol::encode_error(request.service != nullptr ? request.spoken : Protocol::json,
                                   info, status.error(), request.call.request_id);
    // `response` lives until the answer is sent.
    for (const auto& [name, value] : response.headers)
        request.exchange.headers().add_view(name, value);
    for (auto& [name, value] : request.call.response_headers)
        request.exchange.headers().set(name, value);
    if (log::enabled(log::Level::debug))
        log::debug("call", {{"service", std::string(info.name)},
                            {"operation",
                             request.route ? std::string(request.route->operation->name) : "-"},
                            {"status", std::to_string(response.status)},
                            {"error", status ? "" : status.error().code}});
    if (status && request.call.response_body) {
        auto length = request.call.response_body->length();
        const auto started = co_await request.exchange.start(response.status, length);
        if (started) co_await answer_stream(request);
        co_return;
    }
    if (request.exchange.request().method == "HEAD" && status)
        co_return co_await answer_head(request, response);
    // A refused upload: what the client still sends is not read, so the connection cannot be used
    // again.
    if (!status && request.route && request.route->operation->streaming_input)
        request.exchange.close_after();
    // A peer that is gone is none of our business: there is nobody left to tell.
    [[maybe_unused]] const auto sent =
        co_await request.exchange.respond(response.status, response.body);
}

// A HEAD's answer tells the length of what a GET would send.
Task<void> FrontDoor::answer_head(Request& request, const WireResponse& response) {
    std::optional<uint64_t> length = 0;
    for (const auto& [name, value] : response.headers)
        if (equals_ignoring_case(name, "content-length")) length = parse_uint(value);
    request.exchange.headers().remove("content-length");
    if (const auto started = co_await request.exchange.start(response.status, length); !started)
        co_return;
    [[maybe_unused]] const auto finished = co_await request.exchange.finish();
}

Task<void> FrontDoor::answer_stream(Request& request) {
    while (true) {
        const auto piece = co_await request.call.response_body->read();
        if (!piece) {
            log::warn("a response broke off", {{"error", piece.error().message}});
            co_return;  // Returning in the middle aborts the connection: the client sees that bytes
                        // are missing.
        }
        if (piece->empty()) break;
        if (const auto written = co_await request.exchange.write(*piece); !written) co_return;
    }
    [[maybe_unused]] const auto finished = co_await request.exchange.finish();
}

}  // namespace unkai::aws
