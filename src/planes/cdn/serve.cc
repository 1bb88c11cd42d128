// The life of a viewer's request: which distribution and behaviour → cache → (one of many) to the
// origin → keep, compress, answer.
#include "base/log.h"
#include "base/strings.h"
#include "planes/cdn/compress.h"
#include "planes/cdn/turn.h"

namespace unkai::planes::cdn {

namespace {

void add_edge_headers(Turn& turn, std::string_view verdict) {
    net::Headers& headers = turn.exchange.headers();
    headers.add("x-cache", std::string(verdict) + " from cloudfront");
    headers.add("via", "1.1 " + turn.distribution->domain + " (CloudFront)");
    headers.add("x-amz-cf-pop", "UNK50-P1");
    headers.add("x-amz-cf-id", turn.id);
}

void count(Turn& turn, int status) {
    CdnCounters& own = turn.edge.distributions[turn.distribution->id];
    ++own.requests;
    for (CdnCounters* counters : {&turn.edge.counters, &own}) {
        if (status >= 400 && status < 500) ++counters->errors_4xx;
        if (status >= 500) ++counters->errors_5xx;
        counters->bytes_downloaded += turn.exchange.bytes_sent();
        counters->bytes_uploaded += turn.exchange.bytes_received();
    }
}

Task<void> answer_page(Turn& turn, int status, std::string_view title, std::string_view text) {
    add_edge_headers(turn, "Error");
    turn.exchange.headers().add("content-type", "text/html");
    [[maybe_unused]] const auto sent =
        co_await turn.exchange.respond(status, error_page(status, title, text, turn.id));
}

// Nothing of the answer has gone to the viewer yet.
Task<void> answer_broken_off(Turn& turn) {
    co_await answer_page(turn, 502, "The request could not be satisfied.",
                         "The origin's response broke off.");
}

// An entry towards this viewer: conditions, ranges, age. `status` may be another one (custom error
// pages).
Task<void> answer_entry(Turn& turn, const Entry& entry, std::string_view verdict, int status) {
    net::Headers& headers = turn.exchange.headers();
    for (const auto& field : entry.headers) headers.add_view(field.name, field.value);
    if (verdict == "Hit" || verdict == "RefreshHit")
        headers.add("age", std::to_string(std::max<int64_t>(0, (turn.now() - entry.stored) / 1s)));
    add_edge_headers(turn, verdict);
    const bool good = status == 200;
    if (good && not_modified(*turn.viewer.headers, entry.headers)) {
        [[maybe_unused]] const auto sent = co_await turn.exchange.respond(304, "");
        co_return;
    }
    std::string_view body = entry.body;
    if (const auto range =
            good ? parse_range(turn.viewer.headers->value("range"), body.size()) : std::nullopt) {
        const std::string whole = std::to_string(body.size());
        if (range->length == 0) {
            headers.set("content-range", "bytes */" + whole);
            [[maybe_unused]] const auto sent = co_await turn.exchange.respond(416, "");
            co_return;
        }
        headers.set("content-range", "bytes " + std::to_string(range->first) + "-" +
                                         std::to_string(range->first + range->length - 1) + "/" +
                                         whole);
        body = body.substr(range->first, range->length);
        status = 206;
    }
    [[maybe_unused]] const auto sent = co_await turn.exchange.respond(status, body);
}

// A response that is not kept: as it comes, piece by piece.
Task<void> stream_through(Turn& turn, net::Response& response) {
    auto piece = co_await response.read();
    if (!piece) co_return co_await answer_broken_off(turn);
    copy_headers(response.headers(), turn.exchange.headers());
    add_edge_headers(turn, response.status() >= 400 ? "Error" : "Miss");
    const auto length = parse_uint(response.headers().value("content-length"));
    const bool bodiless = response.status() == 204 || response.status() == 304;
    if (const auto started = co_await turn.exchange.start(
            response.status(), bodiless ? std::optional<uint64_t>(0) : length);
        !started)
        co_return;
    while (!piece->empty()) {
        if (const auto written = co_await turn.exchange.write(*piece); !written) co_return;
        piece = co_await response.read();
        if (!piece) co_return;  // The viewer sees that the body broke off.
    }
    [[maybe_unused]] const auto finished = co_await turn.exchange.finish();
}

// The same, keeping what passes. nullptr when it broke off or grew too big; the viewer had his
// answer anyhow.
Task<EntryPtr> stream_and_keep(Turn& turn, net::Response& response, Duration life) {
    auto entry = std::make_shared<Entry>();
    entry->status = response.status();
    copy_headers(response.headers(), entry->headers);
    entry->stored = turn.now();
    entry->fresh_until = entry->stored + life;
    const size_t most = turn.edge.cache.limits().entry_bytes;
    auto piece = co_await response.read();
    if (!piece) {
        co_await answer_broken_off(turn);
        co_return nullptr;
    }
    net::Exchange& exchange = turn.exchange;
    const bool head = turn.viewer.method == "HEAD";
    for (const auto& field : entry->headers) exchange.headers().add(field.name, field.value);
    add_edge_headers(turn, "Miss");
    const auto length = parse_uint(response.headers().value("content-length"));
    bool viewer_there = (co_await exchange.start(response.status(), length)).has_value();
    while (!piece->empty()) {
        if (entry->body.size() + piece->size() > most)
            entry->status = 0;  // Too big to keep.
        else
            entry->body += *piece;
        // A viewer who leaves does not end the fetch: the next one is served from the cache.
        if (viewer_there && !head) viewer_there = (co_await exchange.write(*piece)).has_value();
        if (!viewer_there && entry->status == 0) co_return nullptr;
        piece = co_await response.read();
        if (!piece) co_return nullptr;
    }
    if (viewer_there) [[maybe_unused]]
        const auto finished = co_await exchange.finish();
    if (entry->status == 0) co_return nullptr;
    co_return entry;
}

// The whole response in memory; nullptr when it broke off or is too big.
Task<std::shared_ptr<Entry>> read_entry(Turn& turn, net::Response& response, Duration life) {
    auto entry = std::make_shared<Entry>();
    entry->status = response.status();
    copy_headers(response.headers(), entry->headers);
    entry->stored = turn.now();
    entry->fresh_until = entry->stored + life;
    auto body = co_await response.read_all(turn.edge.cache.limits().entry_bytes);
    if (!body) co_return nullptr;
    entry->body = std::move(*body);
    co_return entry;
}

void compress_entry(Turn& turn, Entry& entry) {
    if (!turn.behavior->compress || turn.coding == Coding::identity) return;
    if (!is_compressible(entry.headers, entry.status, entry.body.size())) return;
    auto smaller = compress(turn.coding, entry.body);
    if (!smaller) return;
    entry.body = std::move(*smaller);
    entry.headers.set("content-encoding", coding_name(turn.coding));
    entry.headers.set("vary", "Accept-Encoding");
    if (const auto etag = entry.headers.get("etag"); etag && !etag->starts_with("W/"))
        entry.headers.set("etag", "W/" + std::string(*etag));
}

bool needs_whole(const Turn& turn, const net::Response& response) {
    const uint64_t size = parse_uint(response.headers().value("content-length")).value_or(0);
    const bool compresses = turn.behavior->compress && turn.coding != Coding::identity &&
                            is_compressible(response.headers(), response.status(), size);
    return compresses || turn.viewer.headers->has("range") ||
           turn.viewer.headers->has("if-none-match") ||
           turn.viewer.headers->has("if-modified-since");
}

// ---- Errors with pages of their own

Task<void> serve(Turn& turn, int depth);

// True when a custom error response was sent for this status.
Task<bool> answer_custom_error(Turn& turn, int status, int depth) {
    const auto rule = turn.distribution->errors.find(status);
    if (rule == turn.distribution->errors.end() || rule->second.page.empty() || depth > 0)
        co_return false;
    const Behavior& behavior = find_behavior(*turn.distribution, rule->second.page);
    const auto origin = turn.distribution->origins.find(behavior.origin);
    if (origin == turn.distribution->origins.end()) co_return false;
    Turn page{turn.edge,
              turn.exchange,
              turn.distribution,
              &behavior,
              &origin->second,
              turn.host,
              rule->second.page,
              turn.id,
              turn.viewer,
              {},
              {},
              true};
    page.viewer.path = page.path;
    page.viewer.query = {};
    page.viewer.method = "GET";
    page.coding = negotiate(behavior.cache, turn.viewer.headers->value("accept-encoding"));
    page.key =
        cache_key(*turn.distribution, behavior, page.path, "", *turn.viewer.headers, page.coding);
    EntryPtr entry = turn.edge.cache.find(page.key);
    if (!entry || !entry->fresh(turn.now())) {
        Fetch fetch = co_await ask_origin(page, make_question(page, nullptr));
        if (fetch.failed != 0 || fetch.response.status() != 200) co_return false;
        auto fresh =
            co_await read_entry(page, fetch.response,
                                time_to_live(behavior.cache, fetch.response.headers(), turn.now()));
        if (!fresh) co_return false;
        compress_entry(page, *fresh);
        turn.edge.cache.put(page.key, fresh);
        entry = fresh;
    }
    co_await answer_entry(turn, *entry, "Error",
                          rule->second.response_code != 0 ? rule->second.response_code : status);
    co_return true;
}

// An error status from the origin or from us: its page, kept for a while.
Task<void> answer_error(Turn& turn, net::Response& response, int depth) {
    const int status = response.status();
    const auto rule = turn.distribution->errors.find(status);
    Duration life = rule != turn.distribution->errors.end() ? rule->second.cached : 10s;
    life = std::max(life, turn.behavior->cache.least);
    auto entry = co_await read_entry(turn, response, life);
    if (!entry)
        co_return co_await answer_page(turn, 502, "The request could not be satisfied.",
                                       "The origin closed the connection.");
    if (turn.cacheable && is_cached_error(status) && life > Duration{0})
        turn.edge.cache.put(turn.key, entry);
    if (co_await answer_custom_error(turn, status, depth)) co_return;
    co_await answer_entry(turn, *entry, "Error", status);
}

Task<void> answer_kept_error(Turn& turn, const Entry& entry, int depth) {
    if (co_await answer_custom_error(turn, entry.status, depth)) co_return;
    co_await answer_entry(turn, entry, "Error", entry.status);
}

// ---- A miss

Task<void> fetch_and_answer(Turn& turn, EntryPtr stale, int depth) {
    const Question question = make_question(turn, stale);
    Fetch fetch = co_await ask_origin(turn, question);
    if (fetch.failed != 0) {
        if (co_await answer_custom_error(turn, fetch.failed, depth)) co_return;
        co_return co_await answer_page(turn, fetch.failed, "The request could not be satisfied.",
                                       fetch.why);
    }
    net::Response& response = fetch.response;
    if (stale && response.status() == 304) {
        auto renewed = std::make_shared<Entry>(*stale);
        renewed->stored = turn.now();
        renewed->fresh_until =
            renewed->stored + time_to_live(turn.behavior->cache,
                                           response.headers().has("cache-control")
                                               ? response.headers()
                                               : stale->headers,
                                           turn.now());
        turn.edge.cache.put(turn.key, renewed);
        co_return co_await answer_entry(turn, *renewed, "RefreshHit", renewed->status);
    }
    if (response.status() >= 400 && turn.viewer.method != "HEAD" &&
        (turn.cacheable || turn.distribution->errors.contains(response.status())))
        co_return co_await answer_error(turn, response, depth);
    const Duration life = time_to_live(turn.behavior->cache, response.headers(), turn.now());
    const bool keeps = turn.cacheable && life > Duration{0} && response.status() == 200 &&
                       !response.headers().has("set-cookie");
    if (!keeps && !(turn.cacheable && needs_whole(turn, response)))
        co_return co_await stream_through(turn, response);
    if (!needs_whole(turn, response)) {
        const EntryPtr entry = co_await stream_and_keep(turn, response, life);
        if (entry) turn.edge.cache.put(turn.key, entry);
        co_return;
    }
    const uint64_t announced = parse_uint(response.headers().value("content-length")).value_or(0);
    if (announced > turn.edge.cache.limits().entry_bytes)
        co_return co_await stream_through(turn, response);
    auto entry = co_await read_entry(turn, response, life);
    if (!entry) co_return co_await answer_broken_off(turn);
    compress_entry(turn, *entry);
    if (keeps) turn.edge.cache.put(turn.key, entry);
    co_await answer_entry(turn, *entry, "Miss", entry->status);
}

Task<void> serve(Turn& turn, int depth) {
    Edge& edge = turn.edge;
    if (!turn.cacheable) {
        ++edge.counters.misses;
        co_return co_await fetch_and_answer(turn, nullptr, depth);
    }
    EntryPtr entry = edge.cache.find(turn.key);
    if (!entry || !entry->fresh(turn.now())) {
        auto landed = std::make_shared<Event>();
        if (!edge.cache.join_flight(turn.key, edge.loop, landed)) {
            co_await landed->wait(edge.loop);
            entry = edge.cache.find(turn.key);
            if (!entry || !entry->fresh(turn.now())) {
                // It could not be kept: everybody for himself.
                ++edge.counters.misses;
                co_return co_await fetch_and_answer(turn, entry, depth);
            }
        } else {
            ++edge.counters.misses;
            co_await fetch_and_answer(turn, entry, depth);
            edge.cache.finish_flight(turn.key);
            co_return;
        }
    }
    ++edge.counters.hits;
    if (entry->status >= 400) co_return co_await answer_kept_error(turn, *entry, depth);
    co_await answer_entry(turn, *entry, "Hit", entry->status);
}

// The viewer protocol and method, as the behaviour has them. True when an answer was sent.
Task<bool> refuse_or_redirect(Turn& turn) {
    const net::RequestHead& request = turn.exchange.request();
    if (turn.viewer.scheme == "http" && turn.behavior->viewers != Behavior::Viewers::allow_all) {
        const bool redirects = turn.behavior->viewers == Behavior::Viewers::redirect_to_https &&
                               (request.method == "GET" || request.method == "HEAD");
        if (!redirects) {
            co_await answer_page(turn, 403, "Bad request.",
                                 "This distribution is not configured to allow the HTTP request "
                                 "method or scheme that was used.");
            co_return true;
        }
        turn.exchange.headers().add("location",
                                    "https://" + turn.host + std::string(request.target));
        add_edge_headers(turn, "Redirect");
        [[maybe_unused]] const auto sent = co_await turn.exchange.respond(301, "");
        co_return true;
    }
    if (!turn.behavior->methods.contains(std::string(request.method))) {
        co_await answer_page(turn, 403, "Bad request.",
                             "This distribution is not configured to allow the HTTP request method "
                             "that was used for this request.");
        co_return true;
    }
    co_return false;
}

}  // namespace

Task<void> Edge::handle(net::Exchange& exchange) {
    const net::RequestHead& request = exchange.request();
    ++counters.requests;
    Turn turn{*this, exchange, nullptr};
    turn.host = to_lower(net::host_of(request.authority));
    turn.id = random->alphanumeric(54) + "==";
    turn.distribution = find_distribution(*snapshot, turn.host);
    if (!turn.distribution) {
        exchange.headers().add("content-type", "text/html");
        [[maybe_unused]] const auto sent = co_await exchange.respond(
            403, error_page(403, "Bad request.", "No distribution answers for this host name.",
                            turn.id));
        co_return;
    }
    turn.path = request.path;
    if (turn.path == "/" && !turn.distribution->root_object.empty())
        turn.path += turn.distribution->root_object;
    turn.behavior = &find_behavior(*turn.distribution, turn.path);
    const std::string address = exchange.peer().address.ip();
    turn.viewer = {request.method,    turn.path, request.query,   request.authority,
                   exchange.scheme(), address,   &request.headers};
    const auto origin = turn.distribution->origins.find(turn.behavior->origin);
    if (is_loop(*turn.distribution, request.headers)) {
        co_await answer_page(turn, 403, "Bad request.",
                             "The origin of this path leads back to the distribution.");
    } else if (origin == turn.distribution->origins.end()) {
        co_await answer_page(turn, 502, "The request could not be satisfied.",
                             "The origin of this path does not exist.");
    } else if (!co_await refuse_or_redirect(turn)) {
        turn.origin = &origin->second;
        exchange.allow_body(uint64_t{20} << 30);
        const CachePolicy& policy = turn.behavior->cache;
        turn.cacheable = turn.behavior->cached_methods.contains(std::string(request.method)) &&
                         policy.most > Duration{0} && request.method != "OPTIONS";
        turn.coding = negotiate(policy, request.headers.value("accept-encoding"));
        if (turn.cacheable)
            turn.key = cache_key(*turn.distribution, *turn.behavior, turn.path, request.query,
                                 request.headers, turn.coding);
        co_await serve(turn, 0);
    }
    count(turn, exchange.status());
}

}  // namespace unkai::planes::cdn
