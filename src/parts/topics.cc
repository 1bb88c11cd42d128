// SNS, and how it reaches what lies outside of AWS: web servers on this machine and behind the
// installation's own names, AWS's host names that are ours, and a mailbox (a Maildir) in the data
// folder.
#include <filesystem>
#include <fstream>

#include "aws/client.h"
#include "aws/front_door.h"
#include "base/log.h"
#include "base/strings.h"
#include "net/client.h"
#include "origin_names.h"
#include "parts.h"
#include "services/sns/doorway.h"
#include "services/sns/sns.h"

namespace unkai {

namespace {

struct PlainUrl {
    bool tls = false;
    std::string host, authority, target;
    uint16_t port = 0;
};

Result<PlainUrl> read_url(std::string_view text) {
    const auto bad = [&] {
        return fail("BadEndpoint", "The endpoint " + std::string(text) + " is not a URL.", 400);
    };
    PlainUrl out;
    out.tls = text.starts_with("https://");
    if (!out.tls && !text.starts_with("http://")) return bad();
    text.remove_prefix(out.tls ? 8 : 7);
    const size_t slash = text.find_first_of("/?#");
    out.authority = text.substr(0, slash);
    out.target = slash == text.npos ? "/" : std::string(text.substr(slash, text.find('#') - slash));
    if (!out.target.starts_with('/')) out.target.insert(0, "/");
    const size_t user = out.authority.rfind('@');  // Names and passwords are not sent.
    if (user != std::string::npos) out.authority.erase(0, user + 1);
    const size_t colon = out.authority.rfind(':');
    const bool has_port =
        colon != std::string::npos && out.authority.find(']', colon) == std::string::npos;
    const auto port = has_port ? parse_uint(std::string_view(out.authority).substr(colon + 1))
                               : std::optional<uint64_t>(out.tls ? 443 : 80);
    if (!port || *port == 0 || *port > 65535) return bad();
    out.port = static_cast<uint16_t>(*port);
    out.host = to_lower(out.authority.substr(0, has_port ? colon : std::string::npos));
    if (out.host.starts_with('[') && out.host.ends_with(']'))
        out.host = out.host.substr(1, out.host.size() - 2);
    if (out.host.empty()) return bad();
    return out;
}

Status write_mail(const std::string& folder, const std::string& name, const std::string& text) {
    std::error_code failed;
    for (const char* part : {"/tmp", "/new", "/cur"})
        std::filesystem::create_directories(folder + part, failed);
    const std::string draft = folder + "/tmp/" + name;
    std::ofstream file(draft, std::ios::binary | std::ios::trunc);
    file << text;
    file.close();
    if (file) std::filesystem::rename(draft, folder + "/new/" + name, failed);
    if (file && !failed) return ok();
    return fail("MailboxUnavailable",
                "The mailbox " + folder + " cannot be written. Free space, or mend its rights.");
}

class RealOutside final : public services::sns::Outside {
public:
    explicit RealOutside(const Surroundings& around)
        : env_(around.env),
          names_(around.public_names),
          authority_pem_(around.authority_pem),
          mailbox_(around.data_dir + "/mail"),
          api_port_(around.port),
          client_(around.env.loop, {.response = std::chrono::seconds(15)}) {}

    Task<Result<int>> post(Post post) override {
        CO_TRY(const PlainUrl url, read_url(post.url));
        CO_TRY(const net::Destination destination, find(url));
        net::Headers headers;
        for (auto& [name, value] : post.headers) headers.add(name, value);
        const net::Request request{.method = "POST",
                                   .target = url.target,
                                   .authority = url.authority,
                                   .headers = &headers,
                                   .body = post.body,
                                   .may_replay = false,
                                   .deadline = env_.loop.steady() + std::chrono::seconds(15)};
        constexpr uint64_t most_answer = 64 * 1024;
        CO_TRY(const net::Fetched answer,
               co_await client_.fetch(destination, request, most_answer));
        co_return answer.status;
    }
    Task<Status> mail(std::string name, std::string text) override {
        co_return co_await env_.workers.run(
            [folder = mailbox_, name = std::move(name), text = std::move(text)] {
                return write_mail(folder, name, text);
            });
    }
    void close() { client_.close_idle(); }

private:
    Result<net::Destination> find(const PlainUrl& url) {
        net::Destination out{.server_name = url.host};
        if (url.host.ends_with(".amazonaws.com")) {  // Ours, at the front door.
            TRY(out.address, net::Address::parse("127.0.0.1", api_port_));
            return out;
        }
        const bool near = url.host == "localhost" || url.host.ends_with(".localhost") ||
                          url.host.starts_with("127.") || url.host == "::1";
        std::string address = url.host == "::1" ? "::1" : "127.0.0.1";
        if (!near) {
            const auto found = names_.resolve(url.host);
            if (found.empty())
                return fail("EndpointUnknown",
                            "The name " + url.host +
                                " is not one of this installation's (Route 53, load balancers, "
                                "distributions, APIs), and Unkai sends nothing out of this "
                                "machine.",
                            502);
            address = found.front();
        } else if (url.host.starts_with("127.")) {
            address = url.host;
        }
        TRY(out.address, net::Address::parse(address, url.port));
        if (!url.tls) return out;
        // On this machine certificates are a developer's own.
        auto& tls = near ? loose_tls_ : strict_tls_;
        if (!tls) {
            TRY(tls, net::ClientTls::make({.verify = !near, .trusted_pem = authority_pem_}));
        }
        out.tls = tls;
        return out;
    }

    Env& env_;
    const OriginNames& names_;
    const std::string authority_pem_, mailbox_;
    const uint16_t api_port_;
    net::Client client_;
    std::shared_ptr<net::ClientTls> strict_tls_, loose_tls_;
};

class TopicsPart final : public Part {
public:
    explicit TopicsPart(const Surroundings& around)
        : env_(around.env),
          store_(around.store),
          outside_(around),
          sender_(around.env, around.store, around.client, outside_,
                  "http://localhost:" + std::to_string(around.port)),
          sns_(sender_),
          doorway_(sender_, around.client) {
        around.front_door.add_host(doorway_);
    }

    std::vector<BoundService> services() override { return {api::sns::bind(sns_)}; }
    Task<Status> start() override {
        background_.spawn(deliver());
        co_return ok();
    }
    Task<void> stop() override {
        stop_.request();
        co_await background_.join();
        outside_.close();
    }
    Task<void> reset() override {
        sender_.outbox().forget();
        co_return;
    }

private:
    // The key takes 100 ms to make, once: what is published meanwhile waits for it in the outbox.
    Task<void> deliver() {
        auto signer = co_await services::sns::Signer::open(env_, store_);
        if (!signer) {
            log::error("SNS delivers nothing", {{"error", signer.error().message}});
            co_return;
        }
        sender_.set_signer(std::move(*signer));
        background_.spawn(sender_.outbox().run(stop_));
        background_.spawn(sender_.run(stop_));
    }

    Env& env_;
    store::Store& store_;
    RealOutside outside_;
    services::sns::Sender sender_;
    services::sns::Sns sns_;
    services::sns::Doorway doorway_;
    Stop stop_;
    Scope background_;
};

}  // namespace

std::unique_ptr<Part> make_topics(const Surroundings& around) {
    return std::make_unique<TopicsPart>(around);
}

}  // namespace unkai
