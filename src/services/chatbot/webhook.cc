#include "services/chatbot/webhook.h"

#include <algorithm>

#include "api/ssm.h"
#include "base/strings.h"
#include "net/socket.h"

namespace unkai::services::chatbot {

namespace {

constexpr const char* parameter_root = "/unkai/chatbot/slack";

std::string parameter_name(const std::string& team, const std::string& channel) {
    return std::string(parameter_root) + "/" + team + "/" + channel;
}

bool is_loopback(const std::string& host) {
    return host == "localhost" || host.ends_with(".localhost") || host.starts_with("127.") ||
           host == "::1";
}

}  // namespace

Result<WebhookUrl> parse_webhook(std::string_view url) {
    const auto bad = [](const std::string& why) {
        return fail("InvalidWebhook",
                    "The webhook's address " + why +
                        " Give one like https://hooks.slack.com/services/…, or "
                        "http://127.0.0.1:PORT/… for a receiver of your own.",
                    400);
    };
    WebhookUrl out;
    out.tls = url.starts_with("https://");
    if (!out.tls && !url.starts_with("http://")) return bad("does not begin with https://.");
    url.remove_prefix(out.tls ? 8 : 7);
    const size_t slash = std::min(url.find_first_of("/?#"), url.size());
    out.authority = url.substr(0, slash);
    out.target = slash == url.size() ? "/" : std::string(url.substr(slash, url.find('#') - slash));
    const bool bracketed = out.authority.starts_with('[');
    const size_t colon = out.authority.rfind(':');
    const bool has_port =
        colon != std::string::npos && (!bracketed || out.authority.find(']') < colon);
    const auto port = has_port ? parse_uint(std::string_view(out.authority).substr(colon + 1))
                               : std::optional<uint64_t>(out.tls ? 443 : 80);
    if (!port || *port == 0 || *port > 65535) return bad("has no valid port.");
    out.port = static_cast<uint16_t>(*port);
    out.host = to_lower(out.authority.substr(0, has_port ? colon : std::string::npos));
    if (bracketed && out.host.size() > 2) out.host = out.host.substr(1, out.host.size() - 2);
    if (out.host.empty() || out.authority.find('@') != std::string::npos ||
        out.target.find_first_of(" \r\n") != std::string::npos)
        return bad("is not a plain URL.");
    out.loopback = is_loopback(out.host);
    if (!out.tls && !out.loopback) return bad("is http and not on this machine.");
    return out;
}

Task<Result<WebhookAnswer>> RealWebhooks::post(std::string text, std::string json) {
    CO_TRY(const WebhookUrl url, parse_webhook(text));
    const std::string name =
        url.loopback && url.host.ends_with("localhost") ? "127.0.0.1" : url.host;
    CO_TRY(const auto addresses, co_await net::resolve(env_.workers, name, url.port));
    net::Destination destination{.address = addresses.front(), .server_name = url.host};
    if (url.tls) {
        auto& tls = url.loopback ? local_ : strict_;  // On this machine: a developer's own.
        if (!tls) {
            CO_TRY(tls, net::ClientTls::make({.verify = !url.loopback}));
        }
        destination.tls = tls;
    }
    net::Headers headers;
    headers.add("Content-Type", "application/json; charset=utf-8");
    const net::Request request{.method = "POST",
                               .target = url.target,
                               .authority = url.authority,
                               .headers = &headers,
                               .body = json,
                               .may_replay = false,
                               .deadline = env_.loop.steady() + std::chrono::seconds(15)};
    CO_TRY(const net::Fetched answer, co_await client_.fetch(destination, request, 64 * 1024));
    co_return WebhookAnswer{answer.status, answer.body};
}

aws::Caller WebhookAddresses::caller(const std::string& account) const {
    return aws::service_caller("chatbot.amazonaws.com", account, region_);
}

Task<Result<std::string>> WebhookAddresses::find(std::string account, std::string team,
                                                 std::string channel) {
    const auto found = co_await client_.call<api::ssm::op::GetParameter>(
        caller(account), {.name = parameter_name(team, channel), .with_decryption = true});
    if (!found)
        co_return fail("NoWebhook",
                       "No Slack webhook address is known for channel " + channel +
                           " of workspace " + team + ": run `unkai slack " + team + " " + channel +
                           " URL`, or put it into the SSM parameter " +
                           parameter_name(team, channel) + ".",
                       503);
    co_return found->parameter->value.value_or("");
}

Task<Status> WebhookAddresses::set(std::string account, std::string team, std::string channel,
                                   std::string url) {
    CO_REQUIRE(parse_webhook(url));
    CO_REQUIRE(co_await client_.call<api::ssm::op::PutParameter>(
        caller(account), {.name = parameter_name(team, channel),
                          .description = "Slack's incoming webhook for AWS Chatbot on Unkai",
                          .value = url,
                          .type = "SecureString",
                          .overwrite = true}));
    co_return ok();
}

Task<Result<std::vector<std::string>>> WebhookAddresses::teams(std::string account) {
    std::vector<std::string> out;
    api::ssm::GetParametersByPathInput input{.path = parameter_root, .recursive = true};
    for (;;) {
        CO_TRY(const auto page,
               co_await client_.call<api::ssm::op::GetParametersByPath>(caller(account), input));
        for (const auto& parameter : page.parameters) {
            std::string_view rest = *parameter.name;
            rest.remove_prefix(std::string_view(parameter_root).size() + 1);
            const std::string team(rest.substr(0, rest.find('/')));
            if (std::find(out.begin(), out.end(), team) == out.end()) out.push_back(team);
        }
        if (!page.next_token) co_return out;
        input.next_token = page.next_token;
    }
}

}  // namespace unkai::services::chatbot
