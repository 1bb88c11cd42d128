#include "planes/cdn/rules.h"

#include <algorithm>

#include "base/strings.h"

namespace unkai::planes::cdn {

std::shared_ptr<const Distribution> find_distribution(const Snapshot& snapshot,
                                                      std::string_view host) {
    std::shared_ptr<const Distribution> best;
    size_t best_length = 0;
    for (const auto& distribution : snapshot.distributions) {
        if (host == distribution->domain) return distribution;
        for (const std::string& alias : distribution->aliases) {
            if (alias == host) return distribution;
            const bool wild =
                alias.starts_with("*.") && host.ends_with(std::string_view(alias).substr(1));
            if (wild && alias.size() > best_length) {
                best = distribution;
                best_length = alias.size();
            }
        }
    }
    return best;
}

const Behavior& find_behavior(const Distribution& distribution, std::string_view path) {
    for (const Behavior& behavior : distribution.behaviors) {
        if (behavior.pattern.empty()) return behavior;
        const std::string_view seen = behavior.pattern.starts_with('/')
                                          ? path
                                          : path.substr(std::min<size_t>(1, path.size()));
        if (glob_match(behavior.pattern, seen)) return behavior;
    }
    return distribution.behaviors.back();
}

Coding negotiate(const CachePolicy& policy, std::string_view accept_encoding) {
    bool gzip = false;
    bool brotli = false;
    for (const std::string_view part : split(accept_encoding, ',')) {
        const auto [name, weight] = split_once(trim(part), ';');
        const std::string_view q = trim(weight);
        if (q == "q=0" || q == "q=0.0" || q == "q=0.00" || q == "q=0.000") continue;
        gzip = gzip || equals_ignoring_case(trim(name), "gzip");
        brotli = brotli || equals_ignoring_case(trim(name), "br");
    }
    if (policy.brotli && brotli) return Coding::brotli;
    return policy.gzip && gzip ? Coding::gzip : Coding::identity;
}

std::string_view coding_name(Coding coding) {
    return coding == Coding::brotli ? "br" : coding == Coding::gzip ? "gzip" : "";
}

std::string chosen_query(std::string_view query, const Choice& choice) {
    if (choice.kind == Choice::Kind::all) return std::string(query);
    std::string out;
    if (choice.kind == Choice::Kind::none || query.empty()) return out;
    for (const std::string_view part : split(query, '&')) {
        const std::string name =
            percent_decode(split_once(part, '=').first, true).value_or(std::string(part));
        if (!choice.takes(name)) continue;
        if (!out.empty()) out += '&';
        out += part;
    }
    return out;
}

std::string chosen_cookies(const net::Headers& headers, const Choice& choice) {
    std::string out;
    if (choice.kind == Choice::Kind::none) return out;
    for (const auto& field : headers) {
        if (!equals_ignoring_case(field.name, "cookie")) continue;
        for (const std::string_view part : split(field.value, ';')) {
            const std::string_view cookie = trim(part);
            if (cookie.empty() || !choice.takes(std::string(split_once(cookie, '=').first)))
                continue;
            if (!out.empty()) out += "; ";
            out += cookie;
        }
    }
    return out;
}

std::string cache_key(const Distribution& distribution, const Behavior& behavior,
                      std::string_view path, std::string_view query, const net::Headers& headers,
                      Coding coding) {
    std::string key = distribution.id;
    key.append("\n").append(path).append("\n").append(chosen_query(query, behavior.cache.query));
    key.append("\n")
        .append(coding_name(coding))
        .append("\n")
        .append(chosen_cookies(headers, behavior.cache.cookies));
    for (const std::string& name : behavior.cache.headers.names)
        key.append("\n").append(name).append(":").append(headers.joined(name));
    return key;
}

namespace {

struct Directives {
    bool forbids = false;  // no-store, no-cache, private
    std::optional<int64_t> age;
};

Directives read_cache_control(const net::Headers& response) {
    Directives out;
    std::optional<int64_t> shared;
    for (const auto& field : response) {
        if (!equals_ignoring_case(field.name, "cache-control")) continue;
        for (const std::string_view part : split(field.value, ',')) {
            const auto [name_text, value] = split_once(trim(part), '=');
            const std::string name = to_lower(trim(name_text));
            if (name == "no-store" || name == "no-cache" || name == "private") out.forbids = true;
            std::string_view number = trim(value);
            if (number.size() > 1 && number.front() == '"')
                number = number.substr(1, number.size() - 2);
            if (name == "max-age") out.age = parse_int(number);
            if (name == "s-maxage") shared = parse_int(number);
        }
    }
    if (shared) out.age = shared;
    return out;
}

bool is_own_header(std::string_view lower) {
    return lower == "host" || lower == "connection" || lower == "content-length" ||
           lower == "transfer-encoding" || lower == "accept-encoding" || lower == "cookie" ||
           lower == "via" || lower == "x-forwarded-for" || lower == "expect" ||
           lower == "upgrade" || net::is_hop_by_hop(lower);
}

}  // namespace

Duration time_to_live(const CachePolicy& policy, const net::Headers& response, Time now) {
    const Directives directives = read_cache_control(response);
    if (directives.forbids) return policy.least;
    if (directives.age)
        return std::clamp<Duration>(std::chrono::seconds(std::max<int64_t>(*directives.age, 0)),
                                    policy.least, std::max(policy.most, policy.least));
    if (const auto expires = response.get("expires")) {
        const auto time = parse_http_date(*expires);
        const Duration left = time && *time > now ? *time - now : Duration{0};
        return std::clamp<Duration>(left, policy.least, std::max(policy.most, policy.least));
    }
    return std::clamp<Duration>(policy.usual, policy.least, std::max(policy.most, policy.least));
}

bool is_cached_error(int status) {
    switch (status) {
        case 400:
        case 403:
        case 404:
        case 405:
        case 414:
        case 416:
        case 500:
        case 501:
        case 502:
        case 503:
        case 504:
            return true;
        default:
            return false;
    }
}

static std::string hop_of(const Distribution& distribution) {
    return "1.1 " + distribution.domain + " (CloudFront)";
}

bool is_loop(const Distribution& distribution, const net::Headers& headers) {
    return headers.joined("via").find(hop_of(distribution)) != std::string::npos;
}

net::Headers origin_headers(const Distribution& distribution, const Behavior& behavior,
                            const Origin& origin, const Viewer& viewer, Coding coding) {
    net::Headers out;
    const auto taken = [&](const std::string& lower) {
        return behavior.request.headers.takes(lower) || behavior.cache.headers.takes(lower);
    };
    const bool viewer_host = taken("host") && origin.signer.empty();
    std::string host = viewer_host ? std::string(viewer.host) : origin.host;
    out.add("host", host);
    bool agent = false;
    for (const auto& field : *viewer.headers) {
        const std::string lower = to_lower(field.name);
        const bool body =
            lower == "content-type" || lower == "content-encoding" || lower == "range";
        // Signed requests carry their own Authorization.
        if (is_own_header(lower) || (lower == "authorization" && !origin.signer.empty())) continue;
        if (!body && !taken(lower)) continue;
        out.add(field.name, field.value);
        agent = agent || lower == "user-agent";
    }
    if (!agent) out.add("user-agent", "Amazon CloudFront");
    Choice cookies = behavior.request.cookies;
    std::string kept = chosen_cookies(*viewer.headers, cookies);
    if (kept.empty()) kept = chosen_cookies(*viewer.headers, behavior.cache.cookies);
    if (!kept.empty()) out.add("cookie", kept);
    const bool normalizes = behavior.cache.gzip || behavior.cache.brotli;
    if (normalizes && coding != Coding::identity)
        out.add("accept-encoding", coding == Coding::brotli ? "br,gzip" : "gzip");
    if (!normalizes && taken("accept-encoding")) {
        if (const auto accepted = viewer.headers->get("accept-encoding"))
            out.add("accept-encoding", *accepted);
    }
    const std::string before = viewer.headers->joined("x-forwarded-for");
    out.add("x-forwarded-for", before.empty() ? std::string(viewer.address)
                                              : before + ", " + std::string(viewer.address));
    const std::string passed = viewer.headers->joined("via");
    out.add("via", (passed.empty() ? "" : passed + ", ") + hop_of(distribution));
    if (taken("cloudfront-forwarded-proto")) out.set("cloudfront-forwarded-proto", viewer.scheme);
    for (const auto& [name, value] : origin.headers) out.set(name, value);
    return out;
}

std::string origin_target(const Behavior& behavior, const Origin& origin, std::string_view path,
                          std::string_view query) {
    std::string target = origin.path + std::string(path);
    std::string kept = chosen_query(query, behavior.request.query);
    if (kept.empty()) kept = chosen_query(query, behavior.cache.query);
    if (!kept.empty()) target += "?" + kept;
    return target;
}

bool is_compressible(const net::Headers& response, int status, uint64_t size) {
    constexpr uint64_t least = 1000;
    constexpr uint64_t most = 10000000;
    if (status != 200 && status != 403 && status != 404) return false;
    if (size < least || size > most || response.has("content-encoding")) return false;
    static const std::set<std::string, std::less<>> types = {"application/dash+xml",
                                                             "application/eot",
                                                             "application/font",
                                                             "application/font-sfnt",
                                                             "application/javascript",
                                                             "application/json",
                                                             "application/opentype",
                                                             "application/otf",
                                                             "application/pdf",
                                                             "application/pkcs7-mime",
                                                             "application/protobuf",
                                                             "application/rss+xml",
                                                             "application/truetype",
                                                             "application/ttf",
                                                             "application/vnd.apple.mpegurl",
                                                             "application/vnd.mapbox-vector-tile",
                                                             "application/vnd.ms-fontobject",
                                                             "application/wasm",
                                                             "application/xhtml+xml",
                                                             "application/xml",
                                                             "application/x-font-opentype",
                                                             "application/x-font-truetype",
                                                             "application/x-font-ttf",
                                                             "application/x-httpd-cgi",
                                                             "application/x-javascript",
                                                             "application/x-mpegurl",
                                                             "application/x-opentype",
                                                             "application/x-otf",
                                                             "application/x-perl",
                                                             "application/x-ttf",
                                                             "font/eot",
                                                             "font/opentype",
                                                             "font/otf",
                                                             "font/ttf",
                                                             "image/svg+xml",
                                                             "text/css",
                                                             "text/csv",
                                                             "text/html",
                                                             "text/javascript",
                                                             "text/js",
                                                             "text/plain",
                                                             "text/richtext",
                                                             "text/tab-separated-values",
                                                             "text/xml",
                                                             "text/x-component",
                                                             "text/x-java-source",
                                                             "text/x-script"};
    return types.contains(to_lower(trim(split_once(response.value("content-type"), ';').first)));
}

std::optional<Range> parse_range(std::string_view header, uint64_t size) {
    if (!header.starts_with("bytes=") || header.find(',') != std::string_view::npos)
        return std::nullopt;
    const auto [from_text, to_text] = split_once(header.substr(6), '-');
    const auto from = parse_uint(trim(from_text));
    const auto to = parse_uint(trim(to_text));
    if (from_text.empty()) {
        if (!to) return std::nullopt;
        const uint64_t length = std::min(*to, size);
        return Range{size - length, length};
    }
    if (!from || (!to && !to_text.empty()) || (to && *to < *from)) return std::nullopt;
    if (*from >= size) return Range{0, 0};
    return Range{*from, std::min(to.value_or(size - 1), size - 1) - *from + 1};
}

static std::string_view strong(std::string_view etag) {
    etag = trim(etag);
    return etag.starts_with("W/") ? etag.substr(2) : etag;
}

bool not_modified(const net::Headers& request, const net::Headers& response) {
    if (const auto wanted = request.get("if-none-match")) {
        const std::string_view etag = strong(response.value("etag"));
        if (etag.empty()) return false;
        for (const std::string_view one : split(*wanted, ','))
            if (trim(one) == "*" || strong(one) == etag) return true;
        return false;
    }
    const auto since = parse_http_date(request.value("if-modified-since"));
    const auto modified = parse_http_date(response.value("last-modified"));
    return since && modified && *modified <= *since;
}

std::string error_page(int status, std::string_view title, std::string_view text,
                       std::string_view request_id) {
    return "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01 Transitional//EN\" "
           "\"http://www.w3.org/TR/html4/loose.dtd\">\n"
           "<HTML><HEAD><META HTTP-EQUIV=\"Content-Type\" CONTENT=\"text/html; "
           "charset=iso-8859-1\">\n"
           "<TITLE>ERROR: The request could not be satisfied</TITLE>\n</HEAD><BODY>\n<H1>" +
           std::to_string(status) + " ERROR</H1>\n<H2>" + std::string(title) +
           "</H2>\n<HR noshade size=\"1px\">\n" + std::string(text) +
           "\n<BR clear=\"all\">\n<HR noshade size=\"1px\">\n<PRE>\nGenerated by cloudfront "
           "(CloudFront)\nRequest ID: " +
           std::string(request_id) + "\n</PRE>\n</BODY></HTML>\n";
}

}  // namespace unkai::planes::cdn
