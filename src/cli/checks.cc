#include "cli/checks.h"

#include <thread>

#include "base/strings.h"
#include "cli/manifest.h"
#include "net/client.h"
#include "net/tls.h"

namespace unkai::cli {

using wire::Json;

namespace {

constexpr uint64_t most_body = 16 << 20;
constexpr auto between_questions = std::chrono::milliseconds(200);

struct Url {
    bool tls = true;
    std::string host, path;
    uint16_t port = 443;
};

Result<Url> parse_url(const std::string& text) {
    Url url;
    url.tls = text.starts_with("https://");
    if (!url.tls && !text.starts_with("http://"))
        return fail("InvalidUrl", text + " is no http or https URL.");
    const std::string rest = text.substr(url.tls ? 8 : 7);
    const size_t slash = rest.find('/');
    const std::string authority = rest.substr(0, slash);
    url.path = slash == std::string::npos ? "/" : rest.substr(slash);
    url.host = to_lower(net::host_of(authority));
    const uint16_t port = net::port_of(authority);
    url.port = port != 0 ? port : url.tls ? 443 : 80;
    return url;
}

bool is_loopback_name(std::string_view host) {
    return host == "localhost" || host.ends_with(".localhost");
}

// Browsers take *.localhost to 127.0.0.1; other names are what Unkai's own DNS says.
Result<net::Address> address_of(Control& control, const Url& url) {
    if (is_loopback_name(url.host)) return net::Address::parse("127.0.0.1", url.port);
    if (auto number = net::Address::parse(url.host, url.port)) return number;
    TRY(const Json answer, control.ask("resolve", Json::object({{"name", url.host}})));
    if (answer["addresses"].size() == 0)
        return fail("NameNotFound", "Unkai's DNS does not know " + url.host + ".");
    return net::Address::parse(answer["addresses"][0].string_or(""), url.port);
}

Task<Result<net::Fetched>> get(Loop& loop, net::Destination destination, std::string authority,
                               std::string path) {
    net::ClientLimits limits;
    limits.connect = 2s;
    limits.response = 20s;
    net::Client client(loop, limits);
    net::Request request;
    request.target = path;
    request.authority = authority;
    auto answer = co_await client.fetch(destination, request, most_body);
    client.close_idle();
    co_return answer;
}

std::string first_line(const std::string& body) {
    const std::string line(trim(std::string_view(body).substr(0, body.find('\n'))));
    return line.substr(0, 200);
}

}  // namespace

Entrance entrance_of(const Json& status) {
    Entrance out;
    out.authority = status["authority"].string_or("");
    out.port = static_cast<uint16_t>(status["port"].int_or(4566));
    for (size_t i = 0; i < status["webPorts"].size(); ++i)
        out.web_ports = out.web_ports || status["webPorts"][i].int_or(0) == 443;
    return out;
}

std::string browser_url(const Entrance& entrance, const std::string& text) {
    const auto url = parse_url(text);
    if (!url || entrance.web_ports || !is_loopback_name(url->host) ||
        (url->port != 443 && url->port != 80))
        return text;
    const std::string path = url->path == "/" && !text.ends_with('/') ? "" : url->path;
    return (url->tls ? "https://" : "http://") + url->host + ":" + std::to_string(entrance.port) +
           path;
}

Status check(Control& control, const Entrance& entrance, const Check& check, Progress& progress,
             Duration most) {
    const std::string text = browser_url(entrance, check.url);
    TRY(const Url url, parse_url(text));
    net::Destination destination;
    if (url.tls) {
        TRY(const std::string roots, read_text_file(entrance.authority));
        TRY(destination.tls, net::ClientTls::make({.verify = true, .trusted_pem = roots}));
        destination.server_name = url.host;
    }
    const bool usual_port = url.port == (url.tls ? 443 : 80);
    const std::string authority = url.host + (usual_port ? "" : ":" + std::to_string(url.port));
    Loop loop;
    const Steady deadline = loop.steady() + most;
    progress.begin(check.url, "asking");
    for (std::string instead;;) {
        const auto address = address_of(control, url);
        if (address) {
            destination.address = *address;
            const auto answer = loop.run_until_done(get(loop, destination, authority, url.path));
            const bool good = answer && (check.status == 0 ? answer->status < 500
                                                           : answer->status == check.status);
            if (good) {
                progress.end(check.url, "answers " + std::to_string(answer->status));
                return ok();
            }
            instead = answer ? "it answers " + std::to_string(answer->status) + ": " +
                                   first_line(answer->body)
                             : answer.error().message;
        } else {
            instead = address.error().message;
        }
        if (loop.steady() >= deadline) {
            progress.fail(check.url, instead);
            return fail("CheckFailed", text + " does not answer as it should: " + instead);
        }
        progress.tick();
        std::this_thread::sleep_for(between_questions);
    }
}

}  // namespace unkai::cli
