#include "services/acm/certificates.h"

#include "services/acm/certificate_rules.h"

namespace unkai::services::acm {

Certificates::Certificates(store::Store& store) : store_(store) {
    watch_ = store.watch(schema::certificates.prefix(),
                         [this](std::span<const store::Change> changes, bool cleared) {
                             on_change(changes, cleared);
                         });
}

void Certificates::on_change(std::span<const store::Change> changes, bool cleared) {
    if (cleared) parsed_.clear();
    for (const store::Change& change : changes) {
        const auto [account, region, id] = schema::certificates.decode(change.key);
        parsed_.erase(arn_of({.id = id, .account = account, .region = region}));
    }
    changed().notify_all();
}

Result<std::shared_ptr<const net::Identity>> Certificates::find(const std::string& arn) {
    if (const auto known = parsed_.find(arn); known != parsed_.end()) return known->second;
    const auto parts = parse_arn(arn);
    store::Txn txn = store_.begin();
    const auto record =
        parts ? schema::certificates.get(txn, {parts->account, parts->region, parts->id})
              : std::nullopt;
    if (!record) return fail("CertificateNotFound", "There is no certificate " + arn + ".", 400);
    if (record->certificate.empty())
        return fail(
            "CertificateNotFound",
            "The certificate " + arn + " is not issued: its status is " + record->status + ".",
            400);
    TRY(auto identity, net::Identity::from_pem(record->certificate, record->chain, record->key));
    parsed_[arn] = identity;
    return identity;
}

void Certificates::set_uses(const std::string& user, std::set<std::string> certificates) {
    if (certificates.empty())
        uses_.erase(user);
    else
        uses_[user] = std::move(certificates);
}

std::vector<std::string> Certificates::users_of(const std::string& arn) const {
    std::vector<std::string> out;
    for (const auto& [user, certificates] : uses_)
        if (certificates.contains(arn)) out.push_back(user);
    return out;
}

}  // namespace unkai::services::acm
