#include "services/sns/doorway.h"

#include "api/sns.h"
#include "base/strings.h"

namespace unkai::services::sns {

namespace {

constexpr std::string_view links = "/SimpleNotificationService/";

aws::Caller somebody(const std::string& arn) {
    const ArnParts parts = parts_of(arn);
    return {{}, parts.account, parts.region};
}

std::string query_value(std::string_view query, std::string_view wanted) {
    for (const std::string_view pair : split(query, '&')) {
        const auto [name, value] = split_once(pair, '=');
        if (name == wanted) return percent_decode(value, true).value_or("");
    }
    return "";
}

}  // namespace

bool Doorway::wants(std::string_view, std::string_view path) const {
    if (path.starts_with(links)) return true;
    return sender_.signer() && path.size() > 1 && path.substr(1) == sender_.signer()->file_name();
}

Task<Result<std::string>> Doorway::follow(std::string query) {
    const std::string action = query_value(query, "Action");
    if (action == "ConfirmSubscription") {
        api::sns::ConfirmSubscriptionInput in{.topic_arn = query_value(query, "TopicArn"),
                                              .token = query_value(query, "Token")};
        const aws::Caller caller = somebody(in.topic_arn);
        CO_TRY(const auto done,
               co_await client_.call<api::sns::op::ConfirmSubscription>(caller, std::move(in)));
        co_return "<ConfirmSubscriptionResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">"
                  "<ConfirmSubscriptionResult><SubscriptionArn>" +
            done.subscription_arn.value_or("") +
            "</SubscriptionArn></ConfirmSubscriptionResult></ConfirmSubscriptionResponse>\n";
    }
    if (action == "Unsubscribe") {
        api::sns::UnsubscribeInput in{.subscription_arn = query_value(query, "SubscriptionArn")};
        const aws::Caller caller = somebody(in.subscription_arn);
        CO_REQUIRE(co_await client_.call<api::sns::op::Unsubscribe>(caller, std::move(in)));
        co_return "<UnsubscribeResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"/>\n";
    }
    co_return fail("InvalidAction", "The link names no action that it may take.", 400);
}

Task<void> Doorway::handle(net::Exchange& exchange) {
    const net::RequestHead& request = exchange.request();
    if (request.method != "GET" && request.method != "HEAD") {
        (void)co_await exchange.respond(405, "Only GET is taken here.\n");
        co_return;
    }
    if (!std::string_view(request.path).starts_with(links)) {
        exchange.headers().add("content-type", "application/x-pem-file");
        (void)co_await exchange.respond(200, sender_.signer()->certificate_pem());
        co_return;
    }
    const auto done = co_await follow(std::string(request.query));
    exchange.headers().add("content-type", done ? "text/xml" : "text/plain; charset=utf-8");
    if (done)
        (void)co_await exchange.respond(200, *done);
    else
        (void)co_await exchange.respond(done.error().status,
                                        done.error().code + ": " + done.error().message + "\n");
}

}  // namespace unkai::services::sns
