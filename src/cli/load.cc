#include "migration/load.h"

#include <fmt/format.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdio>

#include "base/strings.h"
#include "cli/cloud_access.h"
#include "cli/signals.h"
#include "migration/guard.h"

namespace unkai::cli {

using migration::LoadResult;
using wire::Json;

namespace {

struct LoadWishes {
    std::vector<std::string> urls, headers, guards;
    std::string method = "GET", body, duration = "10s", timeout = "30s", http2 = "no";
    double rate = 100;
    size_t connections = 256;
    bool fresh_dns = false;
};

constexpr double shown_percentiles[] = {50, 75, 90, 95, 99, 99.9};

double to_ms(Duration length) { return std::chrono::duration<double, std::milli>(length).count(); }

Result<migration::LoadOptions> read_load_wishes(const LoadWishes& wishes) {
    migration::LoadOptions out;
    for (const std::string& text : wishes.urls) {
        TRY(const migration::Url url, migration::parse_url(text));
        out.urls.push_back(url);
    }
    if (wishes.http2 != "no" && wishes.http2 != "yes")
        return fail("Http2Invalid", "--http2 is yes or no, not '" + wishes.http2 + "'.", 400);
    out.http2 = wishes.http2 == "yes";
    if (out.http2 && wishes.fresh_dns)
        return fail("FreshHttp2",
                    "--fresh-dns connects anew for each request, and over HTTP/2 requests share "
                    "connections. Leave one of the two out.",
                    400);
    if (!(wishes.rate > 0) || wishes.rate > 200000)
        return fail("RateInvalid", "--rate must be a number of requests a second up to 200,000.",
                    400);
    if (wishes.connections == 0 || wishes.connections > 50000)
        return fail("ConnectionsInvalid", "--connections must be between 1 and 50,000.", 400);
    out.rate = wishes.rate;
    out.connections = wishes.connections;
    TRY(out.duration, migration::parse_length(wishes.duration));
    TRY(out.timeout, migration::parse_length(wishes.timeout));
    out.method = to_upper(wishes.method);
    out.body = wishes.body.starts_with('@') ? file_text(wishes.body.substr(1)) : wishes.body;
    for (const std::string& header : wishes.headers) {
        const auto [name, value] = split_once(header, ':');
        if (name.empty() || name.size() == header.size())
            return fail("HeaderInvalid", "--header '" + header + "' is none. Write 'name: value'.",
                        400);
        out.headers.emplace_back(trim(name), trim(value));
    }
    out.fresh_dns = wishes.fresh_dns;
    return out;
}

Json load_json(const LoadResult& result, const migration::LoadOptions& options) {
    Json latency = Json::object(), statuses = Json::object(), protocols = Json::object(),
         addresses = Json::object(), errors = Json::object(), seconds = Json::array();
    for (const double percent : shown_percentiles)
        latency.set(fmt::format("p{:g}", percent), to_ms(result.latency.percentile(percent)));
    latency.set("mean", to_ms(result.latency.mean()));
    latency.set("min", to_ms(result.latency.least()));
    latency.set("max", to_ms(result.latency.most()));
    for (const auto& [status, count] : result.statuses) statuses.set(std::to_string(status), count);
    for (const auto& [protocol, count] : result.protocols) protocols.set(protocol, count);
    for (const auto& [address, count] : result.addresses) addresses.set(address, count);
    for (const auto& [code, count] : result.errors) errors.set(code, count);
    for (const auto& second : result.seconds)
        seconds.push(Json::object(
            {{"sent", second.sent}, {"answered", second.answered}, {"failed", second.failed}}));
    const double length = std::chrono::duration<double>(result.length).count();
    return Json::object({{"rate", options.rate},
                         {"seconds", length},
                         {"due", result.due},
                         {"requests", result.sent},
                         {"answered", result.answered},
                         {"dropped", result.dropped},
                         {"failed", result.failed()},
                         {"serverErrors", result.server_errors()},
                         {"bytes", result.bytes},
                         {"latencyMs", std::move(latency)},
                         {"statuses", std::move(statuses)},
                         {"protocols", std::move(protocols)},
                         {"addresses", std::move(addresses)},
                         {"errors", std::move(errors)},
                         {"perSecond", std::move(seconds)}});
}

std::string load_text(const LoadResult& result) {
    const double length = std::max(1e-3, std::chrono::duration<double>(result.length).count());
    std::string out = fmt::format(
        "\nRequests   {} due, {} answered ({:.1f}/s), {} dropped, {} failed\nLatency    from when "
        "each was due:",
        result.due, result.answered, static_cast<double>(result.answered) / length, result.dropped,
        result.failed());
    for (const double percent : shown_percentiles)
        out += fmt::format("  p{:g} {:.2f} ms", percent, to_ms(result.latency.percentile(percent)));
    out += fmt::format("  max {:.2f} ms\n", to_ms(result.latency.most()));
    const auto list = [&](std::string_view title, const auto& counts, uint64_t all) {
        if (counts.empty()) return;
        out += fmt::format("{:<11}", title);
        for (const auto& [name, count] : counts)
            out += fmt::format("{}: {} ({:.2f} %)  ", name, count,
                               100.0 * static_cast<double>(count) / static_cast<double>(all));
        out += "\n";
    };
    list("Status", result.statuses, std::max<uint64_t>(1, result.answered));
    list("Protocol", result.protocols, std::max<uint64_t>(1, result.answered));
    list("Addresses", result.addresses, std::max<uint64_t>(1, result.answered));
    list("Errors", result.errors, std::max<uint64_t>(1, result.sent));
    return out;
}

Task<void> stop_on_signal(Loop& loop, Stop& stop, Stop& over) {
    Io io(loop, ending_signals());
    if (co_await io.readable(never, &over) != Wake::ready) co_return;
    signalfd_siginfo info{};
    while (::read(io.fd(), &info, sizeof info) != sizeof info)
        if (co_await io.readable(never, &over) != Wake::ready) co_return;
    stop.request();
}

Task<LoadResult> run_with_signals(Loop& loop, migration::Lookup& lookup,
                                  migration::LoadOptions options,
                                  std::function<void(const LoadResult&)> progress) {
    Stop stop, over;
    Scope scope;
    scope.spawn(stop_on_signal(loop, stop, over));
    LoadResult out =
        co_await migration::run_load(loop, lookup, std::move(options), std::move(progress), stop);
    over.request();
    co_await scope.join();
    co_return out;
}

void print_progress(const LoadResult& so_far) {
    fmt::print(
        "{:>5.0f} s  {:>9} answered  5XX {}  failed {}  dropped {}  p50 {:.2f} ms  p99 "
        "{:.2f} ms\n",
        std::chrono::duration<double>(so_far.length).count(), so_far.answered,
        so_far.server_errors(), so_far.failed(), so_far.dropped,
        to_ms(so_far.latency.percentile(50)), to_ms(so_far.latency.percentile(99)));
    std::fflush(stdout);
}

int run_load_command(const Context& context, const LoadWishes& wishes) {
    auto options = read_load_wishes(wishes);
    if (!options) return finish_failed(context, "load", options.error(), 2);
    std::vector<migration::Guard> guards;
    for (const std::string& text : wishes.guards) {
        const auto guard = migration::parse_guard(text);
        if (!guard) return finish_failed(context, "load", guard.error(), 2);
        guards.push_back(*guard);
    }
    const NameAccess names = name_access(context);
    if (options->urls[0].tls && is_ours(names, options->urls[0].host))
        options->trusted_pem = names.authority_pem;
    block_ending_signals();
    Loop loop;
    const auto random = system_random();
    migration::Lookup lookup(loop, *random, names.lookup);
    if (!context.json)
        fmt::print("{} {} at {:g} requests a second for {}{}\n", options->method, wishes.urls[0],
                   options->rate, wishes.duration,
                   options->fresh_dns ? ", each asking DNS anew" : "");
    const auto progress = context.json ? std::function<void(const LoadResult&)>() : &print_progress;
    const LoadResult result =
        loop.run_until_done(run_with_signals(loop, lookup, *options, progress));
    migration::Traffic traffic{
        .requests = static_cast<double>(result.due),
        .errors = static_cast<double>(result.server_errors() + result.failed() + result.dropped),
        .p50 = to_ms(result.latency.percentile(50)),
        .p99 = to_ms(result.latency.percentile(99))};
    Json data = load_json(result, *options);
    std::string text = load_text(result);
    Json broken = Json::array();
    for (const migration::Guard& guard : guards)
        if (const auto why = guard.broken_by(traffic)) {
            broken.push(*why);
            text += *why + "\n";
        }
    const bool failed = broken.size() > 0;
    data.set("brokenGuards", std::move(broken));
    finish(context, "load", std::move(data), text);
    if (failed) return 99;
    return result.answered > 0 ? 0 : 1;
}

}  // namespace

void add_load(CLI::App& app, Context& context, Action& action) {
    static LoadWishes wishes;
    CLI::App* command = app.add_subcommand(
        "load", "Send steady load and measure latency from when each request was due");
    command->footer(
        "Examples:\n  unkai load https://api.shop.example/items --rate 500 --duration 60s\n"
        "  unkai load http://… http://… --rate 2000 --connections 64 --json\n"
        "  unkai load https://api.shop.example/ --fresh-dns      each request asks DNS anew\n"
        "  unkai load https://api.shop.example/ --http2 yes      requests share connections\n"
        "  unkai load https://… --method POST --header 'content-type: application/json' --body "
        "@order.json\n  unkai load https://… --guard 'errors<1%' --guard 'p99<300ms'\n\n"
        "The rate holds whether or not answers come. A send that finds no free connection for a\n"
        "second is dropped and counted. Exit code 99: a guard is broken; 1: nothing was answered.");
    command->add_option("URL", wishes.urls, "What to ask for; several are taken in turn")
        ->required();
    command->add_option("--rate", wishes.rate, "Requests a second, of all together (100)");
    command->add_option("--duration", wishes.duration, "How long: 10s, 5m (10s)");
    command->add_option("--method", wishes.method, "GET, POST, …");
    command->add_option("--header", wishes.headers, "'name: value'; may be repeated")
        ->allow_extra_args(false);
    command->add_option("--body", wishes.body, "Text, or @file");
    command->add_option("--connections", wishes.connections,
                        "At a time, at most; over HTTP/2 requests at a time (256)");
    command->add_option("--timeout", wishes.timeout, "Of one request (30s)");
    command->add_option("--http2", wishes.http2,
                        "yes: over TLS if the server takes it, else unasked; no (no)");
    command->add_flag("--fresh-dns", wishes.fresh_dns,
                      "Ask DNS anew, and connect anew, for each request");
    command->add_option("--guard", wishes.guards, "errors<1%, p99<300ms; may be repeated")
        ->allow_extra_args(false);
    command->callback(
        [&context, &action] { action = [&context] { return run_load_command(context, wishes); }; });
}

}  // namespace unkai::cli
