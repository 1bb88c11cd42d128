// Steady load in the open model: requests are sent when they are due, whether or not earlier ones
// came back, and latency counts from the moment that each was due. A send that finds no free
// connection waits; one that waited a second is dropped and counted.
//
//     LoadResult result = co_await run_load(loop, random, options, progress, stop);
//
// https://github.com/giltene/wrk2 says why. One loop, one thread: some 20,000 requests a second.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "migration/histogram.h"
#include "migration/lookup.h"
#include "net/client.h"

namespace unkai::migration {

// "https://api.example.com:8443/items?x=1", taken apart.
struct Url {
    bool tls = false;
    std::string host, target;  // The target begins with '/'.
    uint16_t port = 80;
    std::string authority() const;  // As Host says it.
};
Result<Url> parse_url(std::string_view text);

struct LoadOptions {
    std::vector<Url> urls;  // Taken in turn.
    double rate = 100;      // Requests a second, of all together.
    Duration duration = std::chrono::seconds(10);
    std::string method = "GET", body;
    std::vector<std::pair<std::string, std::string>> headers;
    size_t connections = 256;  // At a time; over HTTP/2: requests at a time.
    Duration timeout = std::chrono::seconds(30);
    bool fresh_dns = false;   // Ask anew for each request, and connect anew.
    std::string trusted_pem;  // Roots; empty: the machine's.
    // HTTP/2: by ALPN over TLS (else 1.1), else by prior knowledge. Requests share connections.
    bool http2 = false;
};

struct LoadSecond {
    uint64_t sent = 0, answered = 0, failed = 0;
};

struct LoadResult {
    uint64_t due = 0, sent = 0, answered = 0, dropped = 0;
    uint64_t bytes = 0;  // Of bodies.
    Histogram latency;   // Of what was answered, from when it was due.
    Duration length{0};
    std::map<int, uint64_t> statuses;
    std::map<std::string, uint64_t> protocols;  // Answers by "HTTP/1.1" and "HTTP/2".
    std::map<std::string, uint64_t> addresses;  // Answers by the address that gave them.
    std::map<std::string, uint64_t> errors;     // By code: ConnectionRefused, NameNotFound, …
    std::vector<LoadSecond> seconds;
    uint64_t failed() const;         // Errors, not statuses.
    uint64_t server_errors() const;  // 5XX.
};

// Ends when all that was sent came back, or failed; `stop` ends the sending.
Task<LoadResult> run_load(Loop& loop, Lookup& lookup, LoadOptions options,
                          std::function<void(const LoadResult&)> progress, Stop& stop);

}  // namespace unkai::migration
