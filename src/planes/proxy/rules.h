// The pure rules of the proxy: which rule matches, where a redirect leads, what headers a target
// sees. No I/O, no clock. ALB guide: listener-update-rules, x-forwarded-headers, sticky-sessions.
#pragma once

#include "net/server.h"
#include "planes/proxy/snapshot.h"

namespace unkai::planes::proxy {

// What conditions look at.
struct Subject {
    std::string_view method, host, path, query;  // `host` as sent, with or without a port.
    const net::Headers* headers = nullptr;
    net::Address source;
};

bool matches(const Condition& condition, const Subject& subject);
// The action of the first rule whose conditions all hold, or the fallback. `evaluated` counts
// rules.
const Action& choose(const Listener& listener, const Subject& subject, uint64_t& evaluated);

// The Location of a redirect; the port is always told, as ALB does.
std::string location(const Redirect& redirect, std::string_view scheme, std::string_view authority,
                     uint16_t port, std::string_view path, std::string_view query);

// "200", "200,302", "200-299"; anything else matches nothing.
bool status_matches(std::string_view matcher, int status);
Status check_matcher(std::string_view matcher);

// Host towards the target: on ports 80 and 443 without its port, on others with the listener's.
std::string forwarded_host(std::string_view authority, uint16_t listener_port, bool preserve);
// X-Forwarded-For: what the client's says, and the client.
std::string forwarded_for(std::string_view given, const net::Peer& client, bool with_port);
// X-Amzn-Trace-Id: a Root of its own, or Self before what came. Two random numbers make it unique.
std::string trace_id(std::string_view given, Time now, uint64_t random, uint32_t more);
bool is_plain_header_name(std::string_view name);

// The value of a cookie in Cookie headers, or empty.
std::string_view cookie(const net::Headers& headers, std::string_view name);
// An opaque word for a target's or group's id, the same in every process; it tells nothing else.
std::string sticky_word(std::string_view id);
// "AWSALB=…; Expires=…; Path=/", and the CORS twin with "SameSite=None; Secure".
void add_sticky_cookies(net::Headers& headers, std::string_view name, std::string_view word,
                        Duration lasts, Time now);

// ALB's own page: "503 Service Temporarily Unavailable" in plain HTML.
std::string error_page(int status);
std::string_view error_title(int status);

}  // namespace unkai::planes::proxy
