// Towards the origin: what is asked, and where.
#include "base/log.h"
#include "base/strings.h"
#include "planes/cdn/turn.h"

namespace unkai::planes::cdn {

Question make_question(Turn& turn, const EntryPtr& stale) {
    Question question;
    question.method = turn.viewer.method;
    question.headers =
        origin_headers(*turn.distribution, *turn.behavior, *turn.origin, turn.viewer, turn.coding);
    question.target = origin_target(*turn.behavior, *turn.origin, turn.path, turn.viewer.query);
    if (turn.cacheable) {
        // The cache holds whole objects and serves ranges and conditions from them.
        question.method = "GET";
        question.headers.remove("range");
        for (const char* name :
             {"if-none-match", "if-modified-since", "if-match", "if-unmodified-since", "if-range"})
            question.headers.remove(name);
        if (stale) {
            if (const auto etag = stale->headers.get("etag"))
                question.headers.set("if-none-match", *etag);
            else if (const auto modified = stale->headers.get("last-modified"))
                question.headers.set("if-modified-since", *modified);
        }
    } else {
        question.with_body = turn.exchange.has_body();
    }
    if (!turn.origin->signer.empty() && turn.edge.options.sign)
        turn.edge.options.sign(
            {turn.origin->signer, question.method, question.target, turn.origin->host},
            question.headers);
    return question;
}

static bool wants_tls(const Turn& turn) {
    if (turn.origin->scheme == Origin::Scheme::match_viewer) return turn.viewer.scheme == "https";
    return turn.origin->scheme == Origin::Scheme::https;
}

Task<Fetch> ask_origin(Turn& turn, const Question& question) {
    Fetch out;
    const bool tls = wants_tls(turn);
    const uint16_t port = tls ? turn.origin->https_port : turn.origin->http_port;
    const auto addresses = turn.edge.options.resolve(turn.origin->host);
    if (addresses.empty()) {
        out.failed = 502;
        out.why = "CloudFront wasn't able to resolve the origin domain name.";
        co_return out;
    }
    out.body = std::make_unique<ViewerBody>(turn.exchange);
    const size_t turn_offset = turn.edge.random->below(addresses.size());
    for (int attempt = 0; attempt < turn.origin->attempts; ++attempt) {
        const auto address = net::Address::parse(
            addresses[(turn_offset + static_cast<size_t>(attempt)) % addresses.size()], port);
        if (!address) continue;
        net::Destination destination;
        destination.address = *address;
        destination.network = turn.edge.options.network;
        if (tls) destination.tls = turn.edge.origin_tls;
        destination.server_name = turn.origin->host;
        net::Request request;
        request.method = question.method;
        request.target = question.target;
        request.headers = &question.headers;
        if (question.with_body) {
            request.stream = out.body.get();
            request.length = turn.exchange.body_length();
        }
        net::Pool& pool = turn.edge.client.pool(destination);
        pool.limits().response = turn.origin->read_timeout;
        pool.limits().connect = turn.origin->connect_timeout;
        auto answered = co_await pool.send(request);
        if (answered) {
            out.response = std::move(*answered);
            out.failed = 0;
            co_return out;
        }
        out.failed = answered.error().is("ConnectionTimeout") ? 504 : 502;
        out.why = out.failed == 504
                      ? "We can't connect to the server for this app or website at this time."
                      : "CloudFront wasn't able to connect to the origin.";
        log::debug("an origin failed",
                   {{"origin", turn.origin->host}, {"error", answered.error().message}});
        if (!net::never_sent(answered.error())) break;
    }
    co_return out;
}

void copy_headers(const net::Headers& from, net::Headers& to) {
    for (const auto& field : from) {
        const std::string lower = to_lower(field.name);
        if (net::is_hop_by_hop(lower) || lower == "content-length" || lower == "x-cache" ||
            lower == "via" || lower == "connection")
            continue;
        to.add(field.name, field.value);
    }
}

}  // namespace unkai::planes::cdn
