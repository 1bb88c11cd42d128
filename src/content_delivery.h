// What the program needs for CloudFront, put together: the CDN on the data loops, the service, the
// publisher between them, and the way from the API's port to the distributions.
//
//     CO_TRY(auto delivery, ContentDelivery::make(env, store, {…}));
//     dispatcher.add(api::cloudfront::bind(delivery->service()));
//     front_door.add_host(*delivery);
//     CO_REQUIRE(co_await delivery->start(true));   // networks are up
//     co_await delivery->stop();                    // before the network goes
#pragma once

#include "aws/front_door.h"
#include "origin_names.h"
#include "planes/cdn/cdn.h"
#include "planes/network/network.h"
#include "services/acm/local_authority.h"
#include "services/cloudfront/cloudfront.h"
#include "services/cloudfront/metrics.h"

namespace unkai {

class ContentDelivery final : public aws::HostHandler {
public:
    struct Parts {
        const aws::Credentials& credentials;
        net::CertificateLookup& certificates;
        const planes::network::Network& network;
        const services::acm::LocalAuthority& authority;
        std::vector<Loop*> data;
        bool network_works = false;
        aws::Client& client;
    };
    static Result<std::unique_ptr<ContentDelivery>> make(Env& env, store::Store& store,
                                                         Parts parts);

    services::cloudfront::CloudFront& service() { return service_; }
    planes::dns::NameSource& names() { return names_; }
    // Where origins' names are looked up; to be told of every DNS publication.
    OriginNames& origin_names() { return origin_names_; }
    planes::cdn::Cdn& cdn() { return *cdn_; }

    // Serves on the edges' address, ports 80 and 443.
    Task<Status> start();
    Task<void> stop();

    // The distributions' names on the API's own port.
    bool wants(std::string_view host, std::string_view) const override {
        return cdn_->serves(host);
    }
    Task<void> handle(net::Exchange& exchange) override { return cdn_->handle(exchange); }

private:
    ContentDelivery(Env& env, store::Store& store, Parts parts,
                    std::shared_ptr<const net::Identity> identity);

    Parts parts_;
    planes::dns::NameSource names_{"cloudfront"};
    OriginNames origin_names_;
    services::cloudfront::Signer signer_;
    std::unique_ptr<planes::cdn::Cdn> cdn_;
    services::cloudfront::Publisher publisher_;
    services::cloudfront::CloudFront service_;
    services::cloudfront::MetricsPublisher metrics_;
    Stop stop_;
    Scope background_;
    bool started_ = false;
};

}  // namespace unkai
