#include "content_delivery.h"

namespace unkai {

ContentDelivery::ContentDelivery(Env& env, store::Store& store, Parts parts,
                                 std::shared_ptr<const net::Identity> identity)
    : parts_(std::move(parts)),
      publisher_(
          env, store,
          {.apply =
               [this](std::shared_ptr<const planes::cdn::Snapshot> snapshot) {
                   return cdn_->apply(std::move(snapshot));
               },
           .invalidate =
               [this](const std::string& distribution, const std::vector<std::string>& paths) {
                   cdn_->invalidate(distribution, paths);
               },
           .names = names_,
           .edge_addresses = {parts_.network.settings().edge_address().text()},
           .certificates = parts_.certificates,
           .identity = std::move(identity),
           .credentials = parts_.credentials,
           .signer = signer_}),
      service_(parts_.certificates, publisher_),
      metrics_(env, store, parts_.client, [this] { return cdn_->collect_distributions(); }) {}

Result<std::unique_ptr<ContentDelivery>> ContentDelivery::make(Env& env, store::Store& store,
                                                               Parts parts) {
    TRY(auto identity, parts.authority.identity_for({"*.cloudfront.net", "*.cloudfront.localhost"},
                                                    env.random, env.now()));
    std::unique_ptr<ContentDelivery> delivery(
        new ContentDelivery(env, store, std::move(parts), std::move(identity)));
    ContentDelivery* const self = delivery.get();
    planes::cdn::CdnOptions options;
    options.resolve = [self](const std::string& host) { return self->origin_names_.resolve(host); };
    options.sign = [self](const planes::cdn::SigningRequest& request, net::Headers& headers) {
        self->signer_.sign(request, headers);
    };
    if (self->parts_.network_works)
        options.network = self->parts_.network.namespace_path("internet");
    options.trusted_authorities = self->parts_.authority.certificate_pem();
    TRY(self->cdn_, planes::cdn::Cdn::start(self->parts_.data, std::move(options)));
    return delivery;
}

Task<Status> ContentDelivery::start() {
    started_ = true;
    publisher_.start();
    background_.spawn(metrics_.run(stop_));
    if (!parts_.network_works) co_return ok();
    for (const uint16_t port : {80, 443}) {
        CO_TRY(const net::Address address,
               net::Address::parse(parts_.network.settings().edge_address().text(), port));
        CO_REQUIRE(co_await cdn_->listen(parts_.network.namespace_path("internet"), address));
    }
    co_return ok();
}

Task<void> ContentDelivery::stop() {
    if (!std::exchange(started_, false)) co_return;
    stop_.request();
    co_await background_.join();
    co_await publisher_.stop();
    co_await cdn_->stop(std::chrono::seconds(5));
}

}  // namespace unkai
