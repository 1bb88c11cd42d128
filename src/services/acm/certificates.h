// The certificates of all accounts, for those that serve with them (net/certificate_lookup.h).
// Reads the store; parsed identities are kept until their certificate changes.
#pragma once

#include <map>

#include "net/certificate_lookup.h"
#include "services/acm/schema.h"

namespace unkai::services::acm {

class Certificates final : public net::CertificateLookup {
public:
    explicit Certificates(store::Store& store);

    Result<std::shared_ptr<const net::Identity>> find(const std::string& arn) override;
    void set_uses(const std::string& user, std::set<std::string> certificates) override;
    // ARNs of those that use the certificate, in order.
    std::vector<std::string> users_of(const std::string& arn) const;

private:
    void on_change(std::span<const store::Change> changes, bool cleared);

    store::Store& store_;
    std::unique_ptr<store::Store::Watch> watch_;
    std::map<std::string, std::shared_ptr<const net::Identity>> parsed_;  // By ARN.
    std::map<std::string, std::set<std::string>> uses_;                   // User → certificates.
};

}  // namespace unkai::services::acm
