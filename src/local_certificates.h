// The certificates of the API's ports: the program's own, and one for every further *.localhost
// or *.on.aws name that somebody asks for (a site's or a load balancer's alias, a function URL),
// issued by the local authority when it is first needed (≈ 0.5 ms) and kept.
#pragma once

#include <map>
#include <mutex>

#include "services/acm/local_authority.h"

namespace unkai {

class LocalCertificates final : public net::CertificateSource {
public:
    explicit LocalCertificates(const services::acm::LocalAuthority& authority)
        : authority_(authority) {}

    // The one that is shown to clients that name nothing, and for all names but *.localhost
    // and *.on.aws.
    void set_own(std::shared_ptr<const net::Identity> own);
    // Any thread.
    std::shared_ptr<const net::Identity> find(std::string_view name) override;

private:
    static constexpr size_t most_issued = 1000;  // Then all are forgotten, and issued again.

    const services::acm::LocalAuthority& authority_;
    std::mutex mutex_;
    std::shared_ptr<const net::Identity> own_;
    std::unique_ptr<Random> random_ = system_random();
    std::map<std::string, std::shared_ptr<const net::Identity>, std::less<>> issued_;
};

}  // namespace unkai
