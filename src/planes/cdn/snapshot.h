// What the CDN shall serve: every distribution as plain values, immutable, handed over whole.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/time.h"
#include "net/tls.h"

namespace unkai::planes::cdn {

// Which of a request's values count: none, those named, all, or all but those named.
struct Choice {
    enum class Kind { none, named, all, all_but };
    Kind kind = Kind::none;
    std::set<std::string> names;  // Headers in lower case.
    bool takes(const std::string& name) const {
        switch (kind) {
            case Kind::none:
                return false;
            case Kind::named:
                return names.contains(name);
            case Kind::all:
                return true;
            case Kind::all_but:
                return !names.contains(name);
        }
        return false;
    }
};

struct CachePolicy {
    Duration least{0}, usual = std::chrono::hours(24), most = std::chrono::hours(24 * 365);
    Choice headers, cookies, query;
    bool gzip = false,
         brotli = false;  // Accept-Encoding is normalized to these and part of the key.
};

// What the origin sees beside the cache key's values.
struct RequestPolicy {
    Choice headers, cookies, query;
};

struct Behavior {
    std::string pattern;  // Empty: the default one.
    std::string origin;
    enum class Viewers { allow_all, https_only, redirect_to_https };
    Viewers viewers = Viewers::allow_all;
    std::set<std::string> methods = {"GET", "HEAD"};
    std::set<std::string> cached_methods = {"GET", "HEAD"};
    bool compress = false;
    CachePolicy cache;
    RequestPolicy request;
};

struct Origin {
    std::string id;
    std::string host;
    std::string path;  // Put before every path; no slash at its end.
    enum class Scheme { http, https, match_viewer };
    Scheme scheme = Scheme::http;
    uint16_t http_port = 80, https_port = 443;
    Duration read_timeout = std::chrono::seconds(30);
    Duration connect_timeout = std::chrono::seconds(10);
    int attempts = 3;
    std::vector<std::pair<std::string, std::string>> headers;  // Added to every request.
    std::string signer;  // Requests are signed by the Signer under this name; empty: not at all.
};

struct ErrorRule {
    int code = 0;
    std::string page;  // Empty: the origin's own body.
    int response_code = 0;
    Duration cached = std::chrono::seconds(10);
};

struct Distribution {
    std::string id;
    std::string domain;                // d111.cloudfront.net
    std::vector<std::string> aliases;  // May begin with "*."
    std::string root_object;
    std::vector<Behavior> behaviors;  // The default one last.
    std::map<std::string, Origin> origins;
    std::map<int, ErrorRule> errors;
    std::shared_ptr<const net::Identity> identity;  // For the aliases; null: only the own domain.
    bool http2 = true;
};

struct Snapshot {
    std::vector<std::shared_ptr<const Distribution>> distributions;
    std::shared_ptr<const net::Identity> identity;  // For *.cloudfront.net names.
};

}  // namespace unkai::planes::cdn
