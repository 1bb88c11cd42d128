// The API gateway's data plane: routes, authorizes, throttles, validates, integrates, logs, counts.
//
//     Gateway gateway(env, backend, {.network = internet, .trusted_authorities = ca});
//     gateway.apply("apigateway", snapshot);        // whole, every time; from each service
//     REQUIRE(gateway.listen(internet, address, tls));
//     front_door.add_host(…gateway.wants(host)… gateway.handle(exchange)…);
//     co_await gateway.stop(5s);
//
// It runs on the control loop, where the functions are called: a hop to a data loop and back would
// cost 55–90 µs of the 300 that a warm invocation may, and one loop makes throttles exact. What a
// request may hold there is bounded: bodies of 10 MB, `most_buffered` for all of them together,
// `most_requests` at once. Own share of a warm request: ≈ 0.1 ms.
//
// The life of a request: serve.cc, top to bottom. REST APIs:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/
//     api-gateway-request-validation-flow.html
#pragma once

#include <unordered_map>

#include "net/client.h"
#include "net/server.h"
#include "planes/gateway/backend.h"
#include "planes/gateway/meters.h"
#include "planes/gateway/throttle.h"
#include "rt/env.h"
#include "rt/event.h"

namespace unkai::planes::gateway {

struct GatewayOptions {
    std::string network;              // Of outgoing connections: a namespace's path; empty: ours.
    std::string trusted_authorities;  // PEM; whom HTTPS backends are checked against.
    size_t most_requests = 4096;
    size_t most_buffered = size_t{512} << 20;
    // https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
    ThrottleLimit account = {10000, 5000};
    uint64_t most_body = 10 << 20;
    size_t most_headers = 10240;
    size_t most_method_arn = 1600;  // Where there is authorization.
};

// A request to an HTTP backend.
struct HttpCall {
    std::string method, url;
    std::vector<Field> query;  // Decoded; added to the address's own.
    std::vector<Field> headers;
    std::string body;
    Duration timeout = std::chrono::seconds(29);
    bool verify = true;
    size_t most = 10 << 20;

    // Of the address.
    bool secure = false;
    std::string host, authority, target;
    uint16_t port = 0;
};

class Gateway final : public net::Handler {
public:
    Gateway(Env& env, Backend& backend, GatewayOptions options);
    ~Gateway() override;

    // Replaces what that owner gave before. Takes effect at once; requests under way keep theirs.
    void apply(const std::string& owner, Snapshot snapshot);
    const std::map<std::string, std::shared_ptr<const Snapshot>>& snapshots() const {
        return snapshots_;
    }

    // A server of our own on that address. `tls` may be null.
    Status listen(const std::string& network, const net::Address& address,
                  std::shared_ptr<net::ServerTls> tls);
    Task<void> stop(Duration grace);

    // Whether that host name (lower case, no port) leads here.
    bool wants(std::string_view host) const;
    Task<void> handle(net::Exchange& exchange) override;

    // The same without a socket.
    Task<Outgoing> serve(Incoming in);
    // TestInvokeMethod: one route of a content that is not deployed, without authorization. `log`
    // gets what happened, a line each.
    Task<Outgoing> test(Api api, Stage stage, const Route& route, Texts variables, Incoming in,
                        std::string& log);

    Meters take_meters() { return std::exchange(meters_, {}); }
    // Usage since the last call; what was counted before a restart is given back by set_usage().
    // With a keeper, an answer waits until its own count is stored: kill -9 loses none of them.
    //     gateway.set_usage_keeper(true);
    //     while (co_await gateway.usage_counted().wait(loop, never, &stop) == Wake::ready) {
    //         const uint64_t up_to = gateway.counted();
    //         … store take_usage() …
    //         gateway.usage_stored(up_to);
    //     }
    UsageCounts take_usage() { return std::exchange(new_usage_, {}); }
    void set_usage(const UsageKey& key, int64_t count);
    void set_usage_keeper(bool keeps) { keeps_usage_ = keeps; }
    Event& usage_counted() { return usage_counted_; }
    uint64_t counted() const { return counted_; }
    void usage_stored(uint64_t up_to);
    void flush_authorizers(const std::string& api, const std::string& stage);
    size_t requests() const { return requests_; }

private:
    struct Target;
    struct CachedVerdict;
    struct KeySet;

    std::optional<Target> find_target(const Incoming& in) const;
    const Api* find_api(std::string_view id) const;
    Domain domain_of(std::string_view host) const;
    Task<Outgoing> answer(Turn& turn);
    Task<Outgoing> documentation(const Target& target, const Incoming& in);
    std::optional<Outgoing> throttle(Turn& turn);
    std::optional<Outgoing> check_key(Turn& turn, const std::string& given);
    std::optional<Outgoing> check_quota(Turn& turn, const UsagePlan& plan, const ApiKey& key);
    Task<void> usage_kept(uint64_t own);
    std::optional<Outgoing> validate(Turn& turn);
    Task<std::optional<Outgoing>> authorize(Turn& turn);
    Task<std::optional<Outgoing>> ask_function(Turn& turn, const Authorizer& authorizer);
    std::optional<Outgoing> apply_verdict(Turn& turn, const Authorizer& authorizer,
                                          const CachedVerdict& verdict);
    Task<std::optional<Outgoing>> check_jwt(Turn& turn, const Authorizer& authorizer);
    Task<Result<std::shared_ptr<const wire::Json>>> keys_of(std::string issuer);
    Task<Result<std::string>> fetch(std::string url, Duration timeout, size_t most);
    Task<Outgoing> integrate(Turn& turn);
    Task<Outgoing> integrate_lambda(Turn& turn);
    Task<Outgoing> integrate_http(Turn& turn);
    Outgoing integrate_mock(Turn& turn);
    Task<Outgoing> pass_http(Turn& turn, HttpCall call);
    // Runs on when the time is over: the function is not cut short.
    Task<Result<Invoked>> invoke(Turn& turn, Invocation invocation);
    struct Pending;
    Task<void> run_invocation(Invocation invocation, std::shared_ptr<Pending> pending);
    Result<net::Destination> destination(const HttpCall& call);
    void finish(Turn& turn, Outgoing& out, Steady begun);
    void count(const Turn& turn);

    Env& env_;
    Backend& backend_;
    GatewayOptions options_;
    net::Client client_;
    std::shared_ptr<net::ClientTls> tls_, unverified_tls_;
    std::map<std::string, std::shared_ptr<const Snapshot>> snapshots_;  // By owner.
    std::vector<std::unique_ptr<net::Server>> servers_;
    std::unordered_map<std::string, TokenBucket> buckets_;
    std::unordered_map<std::string, std::unique_ptr<CachedVerdict>> verdicts_;
    std::map<std::string, std::unique_ptr<KeySet>> key_sets_;  // By issuer.
    std::unordered_multimap<std::string, std::pair<const UsagePlan*, const ApiKey*>> keys_;
    Meters meters_;
    UsageCounts usage_, new_usage_;
    uint64_t counted_ = 0, stored_ = 0;  // Requests with a key: all of them, those stored.
    bool keeps_usage_ = false;
    Event usage_counted_, usage_stored_;
    size_t requests_ = 0, buffered_ = 0;
    Event ended_;  // An invocation did.
    Scope scope_;
};

// ---- Shared by the sources.

// A gateway's own answer of that type: "THROTTLED", "UNAUTHORIZED" …, as the API customizes it.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/
//     supported-gateway-response-types.html
// `status`: instead of the type's own.
Outgoing own_answer(Turn& turn, std::string_view type, std::string_view message = {},
                    int status = 0);
// REST: status and message; HTTP APIs answer less finely.
Outgoing integration_failed(Turn& turn, std::string why, bool timed_out, bool malformed);
// Fills in what the address says. Error BadAddress.
Status read_address(HttpCall& call);
// The answer's defaults, for GetGatewayResponse.
struct ResponseKind {
    std::string_view type;
    int status;
    std::string_view message;
    std::string_view error;  // x-amzn-ErrorType
};
const std::vector<ResponseKind>& response_kinds();

// Verifies a JWT against a JWKS: signature, exp, nbf, iat, issuer, audience (aud or client_id).
// The claims on success. Error Unauthorized with the reason.
Result<wire::Json> verify_jwt(std::string_view token, const wire::Json& keys,
                              const Authorizer& authorizer, Time now);

}  // namespace unkai::planes::gateway
