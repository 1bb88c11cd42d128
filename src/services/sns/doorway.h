// What receivers of notifications open on the API's port: the certificate that signatures are
// checked with, and, on this machine, the links that confirm and unsubscribe.
//
//     GET /SimpleNotificationService-<name>.pem                       any host name
//     GET /SimpleNotificationService/?Action=ConfirmSubscription&…    as SubscribeURL says
#pragma once

#include "aws/client.h"
#include "aws/front_door.h"
#include "services/sns/sender.h"

namespace unkai::services::sns {

class Doorway final : public aws::HostHandler {
public:
    Doorway(Sender& sender, aws::Client& client) : sender_(sender), client_(client) {}
    bool wants(std::string_view host, std::string_view path) const override;
    Task<void> handle(net::Exchange& exchange) override;

private:
    Task<Result<std::string>> follow(std::string query);

    Sender& sender_;
    aws::Client& client_;
};

}  // namespace unkai::services::sns
