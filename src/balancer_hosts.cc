#include "balancer_hosts.h"

#include <algorithm>

#include "base/strings.h"

namespace unkai {

namespace {

class ExchangeBody final : public net::BodySource {
public:
    explicit ExchangeBody(net::Exchange& exchange) : exchange_(exchange) {}
    Task<Result<std::string_view>> next() override { return exchange_.read(); }

private:
    net::Exchange& exchange_;
};

constexpr uint64_t any_length = UINT64_MAX;  // The load balancer has limits of its own.

void copy_fields(const net::Headers& from, net::Headers& to) {
    for (const net::Headers::Field& field : from)
        if (!net::is_hop_by_hop(field.name) &&
            !equals_ignoring_case(field.name, "content-length") &&
            !equals_ignoring_case(field.name, "host") && !from.has_token("connection", field.name))
            to.add(field.name, field.value);
}

std::optional<uint64_t> length_of(const net::Response& response) {
    const auto length = response.headers().get("content-length");
    return length ? parse_uint(*length) : std::nullopt;
}

Task<Status> pass_body(net::Exchange& exchange, net::Response& response) {
    copy_fields(response.headers(), exchange.headers());
    CO_REQUIRE(co_await exchange.start(response.status(), length_of(response)));
    while (true) {
        CO_TRY(const std::string_view piece, co_await response.read());
        if (piece.empty()) break;
        CO_REQUIRE(co_await exchange.write(piece));
    }
    co_return co_await exchange.finish(&response.trailers());
}

}  // namespace

std::string BalancerHosts::address_of(std::string_view host) const {
    if (host.find('.') == std::string_view::npos) return "";
    for (const std::string& address : names_.resolve(std::string(host)))
        for (const auto& [name, target] : balancers_.entries())
            if (std::find(target.public_addresses.begin(), target.public_addresses.end(),
                          address) != target.public_addresses.end())
                return address;
    return "";
}

bool BalancerHosts::wants(std::string_view host, std::string_view) const {
    return !balancers_.entries().empty() && !address_of(host).empty();
}

Task<void> BalancerHosts::handle(net::Exchange& exchange) {
    const std::string address = address_of(to_lower(net::host_of(exchange.request().authority)));
    exchange.allow_body(any_length);
    if (equals_ignoring_case(exchange.request().headers.value("upgrade"), "websocket")) {
        exchange.headers().add_view("content-type", "text/plain; charset=utf-8");
        (void)co_await exchange.respond(
            501, "WebSocket does not pass here. Connect to the load balancer itself, at " +
                     address + ", or by a resolver that asks Unkai's DNS.\n");
        co_return;
    }
    const Status passed = co_await pass(exchange, address);
    if (passed || exchange.started()) co_return;
    exchange.headers().clear();
    exchange.headers().add_view("content-type", "text/plain; charset=utf-8");
    (void)co_await exchange.respond(502, "The load balancer at " + address +
                                             " did not answer: " + passed.error().message + "\n");
}

Task<Status> BalancerHosts::pass(net::Exchange& exchange, std::string address) {
    const bool tls = exchange.peer().tls;
    net::Destination destination;
    CO_TRY(destination.address, net::Address::parse(address, tls ? 443 : 80));
    const net::RequestHead& head = exchange.request();
    if (tls) {
        if (!tls_) {
            CO_TRY(tls_, net::ClientTls::make({.verify = false}));
        }
        destination.tls = tls_;
        destination.server_name = to_lower(net::host_of(head.authority));
    }
    net::Headers headers;
    copy_fields(head.headers, headers);
    ExchangeBody body(exchange);
    net::Request request;
    request.method = head.method;
    request.target = head.target;
    request.authority = head.authority;
    request.headers = &headers;
    if (exchange.has_body()) {
        request.stream = &body;
        request.length = exchange.body_length();
    }
    CO_TRY(net::Response response, co_await client_.send(destination, request));
    co_return co_await pass_body(exchange, response);
}

}  // namespace unkai
