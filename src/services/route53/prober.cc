#include "services/route53/prober.h"

#include "api/route53.h"
#include "net/stream.h"
#include "services/route53/limits.h"
#include "wire/http1.h"

namespace unkai::services::route53 {

namespace check_type = api::route53::health_check_type;

namespace {

constexpr Duration http_connect = 4s, tcp_connect = 10s, http_answer = 2s, http_body = 2s;
constexpr size_t most_head = 64 * 1024;

ProbeResult failed_probe(std::string why) {
    ProbeResult out;
    out.report = "Failure: " + std::move(why);
    return out;
}

std::string why_not_connected(const Error& error) {
    if (error.is("ConnectionTimeout") || error.is("ConnectTimeout"))
        return "Connection timed out. The endpoint or the internet connection is down, or requests "
               "are being blocked by your firewall.";
    if (error.is("ConnectionRefused"))
        return "Connection refused. The endpoint does not accept connections on the health check "
               "port.";
    if (error.is("TlsFailed")) return "SSL handshake failed. " + error.message;
    return error.message;
}

std::string request_of(const HealthCheckRecord& check) {
    const bool secure = check.type.starts_with("HTTPS");
    std::string host = check.domain.empty() ? check.address : check.domain;
    if (check.port != (secure ? 443 : 80)) host += ":" + std::to_string(check.port);
    return "GET " + (check.path.empty() ? "/" : check.path) + " HTTP/1.1\r\nHost: " + host +
           "\r\nConnection: close\r\nUser-Agent: Amazon-Route53-Health-Check-Service (ref " +
           check.id + "; report http://amzn.to/1vsZADi)\r\nAccept: */*\r\n\r\n";
}

}  // namespace

// A look that is under way.
struct NetworkProber::Look {
    const HealthCheckRecord& check;
    Loop& loop;
    Stop* stop;
    net::Stream stream = {};
    ProbeResult result = {};

    // The answer's head; what was read beyond it stays in `buffer`.
    Task<Status> read_head(std::string& buffer, wire::ResponseHead& head, size_t& size);
    // True when the first bytes of the body have the search string.
    Task<Result<bool>> search(std::string rest, const wire::ResponseHead& head);
    Task<Status> ask();
};

Task<Status> NetworkProber::Look::read_head(std::string& buffer, wire::ResponseHead& head,
                                            size_t& size) {
    wire::HeadParser parser(wire::HeadParser::Kind::response);
    const Steady begun = loop.steady();
    char piece[4096];
    while (true) {
        const wire::Parse parsed = parser.parse(buffer);
        if (parsed == wire::Parse::bad || buffer.size() > most_head)
            co_return fail("BadMessage", "The endpoint's answer is not HTTP.");
        if (parsed == wire::Parse::complete) break;
        CO_TRY(const size_t got,
               co_await stream.read(piece, sizeof piece, begun + http_answer, stop));
        if (got == 0)
            co_return fail("NoResponse", "The endpoint closed the connection without an answer.");
        if (!result.first_byte) result.first_byte = loop.steady() - begun;
        buffer.append(piece, got);
    }
    size = parser.size();
    if (!parser.response(buffer, head))
        co_return fail("BadMessage", "The endpoint's answer is not HTTP.");
    co_return ok();
}

Task<Result<bool>> NetworkProber::Look::search(std::string rest, const wire::ResponseHead& head) {
    const bool chunked = head.framing.kind == wire::Framing::Kind::chunked;
    wire::ChunkedDecoder decoder;
    const Steady deadline = loop.steady() + http_body;
    std::string body;
    bool ended = head.framing.kind == wire::Framing::Kind::none;
    char piece[4096];
    while (true) {
        while (chunked && !ended) {
            const auto step = decoder.decode(rest);
            body += step.piece;
            rest.erase(0, step.consumed);
            if (step.step == wire::ChunkedDecoder::Step::need_more) break;
            ended = step.step != wire::ChunkedDecoder::Step::piece;
        }
        if (!chunked) body += std::exchange(rest, {});
        if (head.framing.kind == wire::Framing::Kind::length && body.size() >= head.framing.length)
            ended = true;
        if (std::string_view(body).substr(0, limits::searched_bytes).contains(check.search))
            co_return true;
        if (ended || body.size() >= limits::searched_bytes) co_return false;
        CO_TRY(const size_t got, co_await stream.read(piece, sizeof piece, deadline, stop));
        if (got == 0) co_return false;
        rest.append(piece, got);
    }
}

Task<Status> NetworkProber::Look::ask() {
    CO_REQUIRE(co_await stream.write(request_of(check), loop.steady() + http_answer, stop));
    std::string buffer;
    wire::ResponseHead head;
    size_t size = 0;
    CO_REQUIRE(co_await read_head(buffer, head, size));
    const std::string status = "HTTP Status Code " + std::to_string(head.status) + ", " +
                               std::string(wire::reason_phrase(head.status));
    if (head.status < 200 || head.status >= 400) co_return fail("BadStatus", status);
    if (!check.search.empty()) {
        CO_TRY(const bool found, co_await search(buffer.substr(size), head));
        if (!found)
            co_return fail("NotFound", status +
                                           ", but the search string is not in the first 5,120 "
                                           "bytes of the body.");
    }
    result.report = "Success: " + status;
    co_return ok();
}

Task<ProbeResult> NetworkProber::probe(HealthCheckRecord check, Stop* stop) {
    std::string ip = check.address;
    if (ip.empty()) {
        const std::vector<std::string> addresses = resolve_(check.domain);
        if (addresses.empty())
            co_return failed_probe("DNS resolution failed: no IPv4 address for " + check.domain +
                                   " is served by this installation.");
        ip = addresses[0];
    }
    const auto address = net::Address::parse(ip, static_cast<uint16_t>(check.port));
    if (!address) co_return failed_probe(address.error().message);
    const bool plain_tcp = check.type == check_type::tcp;
    const Steady begun = loop_.steady();
    const Steady deadline = begun + (plain_tcp ? tcp_connect : http_connect);
    auto io = co_await net::open_connection(loop_, network_, *address, deadline, stop);
    if (!io) co_return failed_probe(why_not_connected(io.error()));
    Look look{check, loop_, stop, net::Stream(std::move(*io))};
    look.result.connected = loop_.steady() - begun;
    if (plain_tcp) {
        look.result.report = "Success: The TCP connection was made.";
    } else {
        if (check.type.starts_with("HTTPS")) {
            if (!tls_) {
                auto tls = net::ClientTls::make({.verify = false});
                if (!tls) co_return failed_probe(tls.error().message);
                tls_ = std::move(*tls);
            }
            const Steady handshake = loop_.steady();
            if (const auto done = co_await look.stream.connect_tls(
                    *tls_, check.sni ? check.domain : std::string(), handshake + http_connect);
                !done)
                co_return failed_probe(why_not_connected(done.error()));
            look.result.secured = loop_.steady() - handshake;
        }
        if (const auto asked = co_await look.ask(); !asked) {
            const Error& error = asked.error();
            co_return failed_probe(error.is("ConnectionTimeout")
                                       ? "The endpoint did not answer within the time limit."
                                       : error.message);
        }
    }
    look.result.passed = true;
    co_return std::move(look.result);
}

}  // namespace unkai::services::route53
