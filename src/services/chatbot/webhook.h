// Slack's incoming webhooks: where a channel's address is kept, and how it is reached.
//
// The address is a secret (who has it can post): it lies in Parameter Store as a SecureString,
// /unkai/chatbot/slack/<team>/<channel>, in the installation's account and region. `unkai slack
// TEAM CHANNEL URL` puts it there; so does any client. https://api.slack.com/messaging/webhooks
#pragma once

#include "aws/client.h"
#include "net/client.h"
#include "rt/env.h"

namespace unkai::services::chatbot {

struct WebhookAnswer {
    int status = 0;
    std::string body;  // "ok", or a word that says what is wrong.
};

// Posts JSON to an address; for real, or in a test's world.
class Webhooks {
public:
    virtual ~Webhooks() = default;
    virtual Task<Result<WebhookAnswer>> post(std::string url, std::string json) = 0;
};

class RealWebhooks final : public Webhooks {
public:
    explicit RealWebhooks(Env& env) : env_(env), client_(env.loop) {}
    Task<Result<WebhookAnswer>> post(std::string url, std::string json) override;
    void close() { client_.close_idle(); }

private:
    Env& env_;
    net::Client client_;
    std::shared_ptr<net::ClientTls> strict_, local_;
};

// https anywhere; http on loopback only. Error: InvalidWebhook, a sentence.
struct WebhookUrl {
    bool tls = false, loopback = false;
    std::string host, authority, target;
    uint16_t port = 0;
};
Result<WebhookUrl> parse_webhook(std::string_view url);

class WebhookAddresses {
public:
    WebhookAddresses(aws::Client& client, std::string region)
        : client_(client), region_(std::move(region)) {}

    // Error: NoWebhook, a sentence with the fix.
    Task<Result<std::string>> find(std::string account, std::string team, std::string channel);
    Task<Status> set(std::string account, std::string team, std::string channel, std::string url);
    // The teams that have one.
    Task<Result<std::vector<std::string>>> teams(std::string account);

private:
    aws::Caller caller(const std::string& account) const;
    aws::Client& client_;
    std::string region_;
};

}  // namespace unkai::services::chatbot
