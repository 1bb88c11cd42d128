// What the L7 proxy shall do: load balancers' listeners, their rules, and the target groups. Plain
// structs, immutable once handed to Proxy::apply(); who fills them (services/elbv2) keeps AWS's
// rules.
//
// Ids are any stable words, unique of their kind: what keeps its id keeps its connections, counters
// and health when a new snapshot comes.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "net/socket.h"
#include "net/tls.h"

namespace unkai::planes::proxy {

// "10.0.0.0/16", "2001:db8::/32", or one address.
struct Cidr {
    std::array<uint8_t, 16> bytes{};
    uint8_t bits = 0;
    bool v6 = false;
    static Result<Cidr> parse(std::string_view text);
    bool contains(const net::Address& address) const;
};

// One condition of a rule: true when any of its values is. `*` and `?` are wildcards in values.
struct Condition {
    enum class Kind { host, path, header, method, query, source_ip };
    Kind kind = Kind::path;
    std::string name;                                          // Of the header.
    std::vector<std::string> values;                           // host, path, header, method.
    std::vector<std::pair<std::string, std::string>> queries;  // An empty key: any key.
    std::vector<Cidr> networks;                                // source_ip.
};

struct WeightedGroup {
    std::string group;  // A TargetGroup's id.
    uint32_t weight = 1;
};

struct Forward {
    std::vector<WeightedGroup> groups;
    Duration sticky{0};  // 0: each request chooses its group anew. Cookie AWSALBTG.
};

// Parts may hold #{protocol}, #{host}, #{port}, #{path} (without its leading slash) and #{query}.
struct Redirect {
    int status = 302;
    std::string protocol = "#{protocol}", host = "#{host}", port = "#{port}", path = "/#{path}",
                query = "#{query}";
};

struct FixedResponse {
    int status = 200;
    std::string content_type = "text/plain";
    std::string body;
};

using Action = std::variant<FixedResponse, Redirect, Forward>;

struct Rule {
    std::vector<Condition> conditions;  // All must hold; none: always.
    Action action;
};

// An address in a network namespace that a load balancer has: it listens and connects from there.
struct Node {
    std::string network;   // A namespace's path; empty: our own.
    net::Address address;  // Its port does not matter.
};

struct LoadBalancer {
    std::string id;
    std::vector<Node> nodes;
    Duration idle_timeout = std::chrono::seconds(60);
    Duration client_keep_alive = std::chrono::hours(1);
    enum class ForwardedFor { append, preserve, remove } forwarded_for = ForwardedFor::append;
    bool forwarded_for_with_port = false;
    bool preserve_host = false;
    bool drop_invalid_headers = false;  // Names with other than letters, digits and hyphens.
    bool tls_headers = false;           // x-amzn-tls-version and x-amzn-tls-cipher-suite.
    bool http2 = true;
};

struct Listener {
    std::string id;
    std::string load_balancer;
    uint16_t port = 80;
    // Empty: plain HTTP. Otherwise HTTPS; the first is the default certificate.
    std::vector<std::shared_ptr<const net::Identity>> certificates;
    std::vector<Rule> rules;  // In order of priority.
    Action fallback;          // The default action.
};

struct HealthCheck {
    bool enabled = true;
    bool tls = false;
    uint16_t port = 0;  // 0: the target's.
    std::string path = "/";
    std::string matcher = "200";  // "200,202", "200-299"
    Duration interval = std::chrono::seconds(30);
    Duration timeout = std::chrono::seconds(5);
    uint32_t healthy_threshold = 5, unhealthy_threshold = 2;
};

struct Target {
    std::string id;        // Unique in its group: "10.0.1.17:8080"; a function's ARN.
    net::Address address;  // In the load balancer's network; none for a function.
    bool draining = false;
};

struct TargetGroup {
    std::string id;
    bool tls = false;       // HTTPS to the targets, whose certificates are not verified (as ALB).
    bool http2 = false;     // ProtocolVersion HTTP2.
    bool function = false;  // The target is a function (functions.h).
    bool multi_value = false;  // lambda.multi_value_headers.enabled
    enum class Algorithm {
        round_robin,
        least_outstanding,
        random
    } algorithm = Algorithm::round_robin;
    enum class Sticky { none, load_balancer_cookie, application_cookie } sticky = Sticky::none;
    Duration sticky_for = std::chrono::hours(24);
    std::string application_cookie;
    HealthCheck health;
    std::vector<Target> targets;
    std::string load_balancer;  // Whose nodes probe the targets.
};

struct Snapshot {
    std::map<std::string, LoadBalancer> load_balancers;
    std::vector<Listener> listeners;
    std::map<std::string, TargetGroup> groups;  // Those in use by a listener.
};

}  // namespace unkai::planes::proxy
