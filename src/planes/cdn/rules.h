// The pure rules of the CDN: which behaviour, which key, how long, what the origin sees. No I/O, no
// clock.
//
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Expiration.html
// …/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html
#pragma once

#include "net/server.h"
#include "planes/cdn/snapshot.h"

namespace unkai::planes::cdn {

// The distribution of a host name (without port): an exact name, then the longest wildcard.
std::shared_ptr<const Distribution> find_distribution(const Snapshot& snapshot,
                                                      std::string_view host);

// The first behaviour whose pattern matches; patterns with or without a leading slash, * and ?.
const Behavior& find_behavior(const Distribution& distribution, std::string_view path);

enum class Coding { identity, gzip, brotli };
// What the viewer takes and the policy offers; brotli before gzip.
Coding negotiate(const CachePolicy& policy, std::string_view accept_encoding);
std::string_view coding_name(Coding coding);

// Parameters of a query that a choice takes, in the order sent.
std::string chosen_query(std::string_view query, const Choice& choice);
std::string chosen_cookies(const net::Headers& headers, const Choice& choice);

// What makes two requests the same for the cache.
std::string cache_key(const Distribution& distribution, const Behavior& behavior,
                      std::string_view path, std::string_view query, const net::Headers& headers,
                      Coding coding);

// How long a response stays fresh from its arrival on; zero: it is not kept.
Duration time_to_live(const CachePolicy& policy, const net::Headers& response, Time now);
// Of an error that has no Cache-Control of its own.
bool is_cached_error(int status);

struct Viewer {
    std::string_view method, path, query, host, scheme, address;
    const net::Headers* headers;
};
// Whether a request has passed this distribution already: its origin leads back to it.
bool is_loop(const Distribution& distribution, const net::Headers& headers);
// The headers towards the origin: those of the policies, and CloudFront's own.
net::Headers origin_headers(const Distribution& distribution, const Behavior& behavior,
                            const Origin& origin, const Viewer& viewer, Coding coding);
std::string origin_target(const Behavior& behavior, const Origin& origin, std::string_view path,
                          std::string_view query);

// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/ServingCompressedFiles.html
bool is_compressible(const net::Headers& response, int status, uint64_t size);

// One range of `bytes=…` over `size` bytes. nullopt: none, or to be ignored; length 0: not
// satisfiable.
struct Range {
    uint64_t first, length;
};
std::optional<Range> parse_range(std::string_view header, uint64_t size);
// Whether If-None-Match / If-Modified-Since say that the viewer has this already.
bool not_modified(const net::Headers& request, const net::Headers& response);

// CloudFront's own page for an error that no origin answered.
std::string error_page(int status, std::string_view title, std::string_view text,
                       std::string_view request_id);

}  // namespace unkai::planes::cdn
