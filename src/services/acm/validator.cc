#include "services/acm/validator.h"

#include "api/acm.h"
#include "api/route53.h"
#include "base/log.h"
#include "base/strings.h"
#include "services/acm/limits.h"

namespace unkai::services::acm {

namespace status = api::acm::certificate_status;
namespace route53 = api::route53;

namespace {

constexpr Duration seldom = 1h;

// How long to wait before the next look at a request of this age.
Duration patience(Duration age) { return age < 1min ? 100ms : age < 1h ? 2s : 30s; }

}  // namespace

Validator::Validator(Env& env, store::Store& store, aws::Client& client,
                     const LocalAuthority& authority)
    : env_(env), store_(store), client_(client), authority_(authority) {
    watch_ =
        store.watch(schema::certificates.prefix(), [this](std::span<const store::Change>, bool) {
            look_ = true;
            changed_.notify_all();
        });
}

void Validator::start() { scope_.spawn(run(*this)); }

Task<void> Validator::stop() {
    stop_.request();
    co_await scope_.join();
}

Validator::Work Validator::find_work() {
    Work work{.next = seldom};
    store::Txn txn = store_.begin();
    const Time now = env_.now();
    schema::certificates.each(txn, "", [&](const auto&, Certificate one) {
        const bool ours = one.type == api::acm::certificate_type::amazon_issued;
        if (one.status == status::pending_validation) {
            work.next = std::min(work.next, patience(now - one.created));
            work.pending.push_back(std::move(one));
        } else if (ours && one.status == status::issued &&
                   one.not_after - now < limits::renewed_before_end) {
            work.ending.push_back(std::move(one));
        } else if (one.status == status::issued && one.not_after < now) {
            work.ending.push_back(std::move(one));
        }
        return true;
    });
    return work;
}

Task<void> Validator::run(Validator& self) {
    while (!self.stop_.requested()) {
        self.look_ = false;
        Work work = self.find_work();
        for (Certificate& one : work.pending) co_await self.attend(std::move(one));
        for (Certificate& one : work.ending) co_await self.attend(std::move(one));
        // What we saved ourselves wakes us once more; new requests do at once.
        const Steady due = self.env_.loop.steady() + work.next;
        if (!self.look_ &&
            co_await self.changed_.wait(self.env_.loop, due, &self.stop_) == Wake::stopped)
            break;
        // Woken on the stack of whoever changed something: let him finish first.
        if (!co_await self.env_.loop.sleep(0us, &self.stop_)) break;
    }
}

Task<void> Validator::attend(Certificate certificate) {
    const Time now = env_.now();
    const bool pending = certificate.status == status::pending_validation;
    if (!pending && certificate.not_after < now) {
        certificate.status = std::string(status::expired);
        co_await save(std::move(certificate));
        co_return;
    }
    const aws::Caller caller =
        aws::service_caller("acm.amazonaws.com", certificate.account, certificate.region);
    bool news = false, complete = true;
    for (Domain& domain : certificate.domains) {
        if (pending && domain.validated) continue;
        const bool shown = co_await has_record(caller, domain);
        complete = complete && shown;
        news = news || (shown && !domain.validated);
        if (pending) domain.validated = shown;
    }
    if (complete) {
        const std::string arn = arn_of(certificate);
        if (auto issued = co_await issue(std::move(certificate)); !issued)
            log::error("a certificate could not be issued",
                       {{"certificate", arn}, {"why", issued.error().message}});
    } else if (pending && certificate.created + limits::validation_patience < now) {
        certificate.status = std::string(status::validation_timed_out);
        co_await save(std::move(certificate));
    } else if (pending && news) {
        co_await save(std::move(certificate));
    }
}

namespace {

Task<Result<std::string>> make_key(Workers& workers, net::KeyKind kind) {
    // EC keys take a tenth of a millisecond, RSA keys a hundred.
    if (kind == net::KeyKind::ec_p256 || kind == net::KeyKind::ec_p384)
        co_return net::make_private_key(kind);
    co_return co_await workers.run([kind] { return net::make_private_key(kind); });
}

}  // namespace

Task<Status> Validator::issue(Certificate certificate) {
    const auto kind = key_kind(certificate.key_algorithm);
    CHECK(kind.has_value(), "a certificate was requested with a key that cannot be made");
    CO_TRY(certificate.key, co_await make_key(env_.workers, *kind));
    const Time now = env_.now();
    CO_TRY(
        certificate.certificate,
        authority_.authority().issue(
            {certificate.key, certificate.names, now - 1h, now + limits::lifetime}, env_.random));
    certificate.chain = authority_.certificate_pem();
    CO_TRY(const net::CertificateFacts facts, net::read_certificate(certificate.certificate));
    if (certificate.status == status::issued)
        certificate.renewed = now;
    else
        certificate.issued = now;
    put_issued(certificate, facts);
    log::info("certificate issued", {{"domain", certificate.domain}, {"arn", arn_of(certificate)}});
    co_await save(std::move(certificate));
    co_return ok();
}

// Writes the outcome unless the certificate was deleted meanwhile; tags may have changed, so they
// are kept.
Task<void> Validator::save(Certificate certificate) {
    store::Txn txn = store_.begin();
    const auto current =
        schema::certificates.get(txn, {certificate.account, certificate.region, certificate.id});
    if (!current) co_return;
    certificate.tags = current->tags;
    certificate.transparency_off = current->transparency_off;
    schema::certificates.put(txn, {certificate.account, certificate.region, certificate.id},
                             certificate);
    if (auto committed = co_await store_.commit(txn); !committed)
        log::error("a certificate's state could not be kept", {{"why", committed.error().message}});
}

Task<bool> Validator::has_record(aws::Caller caller, Domain domain) {
    // The zone with the longest name that the record lies in.
    for (std::string_view zone_name = domain.record_name; !zone_name.empty();) {
        zone_name = split_once(zone_name, '.').second;
        if (zone_name.empty()) break;
        const auto zones = co_await client_.call<route53::op::ListHostedZonesByName>(
            caller, {.dns_name = std::string(zone_name), .max_items = "20"});
        if (!zones) co_return false;
        for (const route53::HostedZone& zone : zones->hosted_zones) {
            if (zone.name != zone_name) break;
            if (zone.config && zone.config->private_zone.value_or(false)) continue;
            const auto records = co_await client_.call<route53::op::ListResourceRecordSets>(
                caller, {.hosted_zone_id = zone.id,
                         .start_record_name = domain.record_name,
                         .start_record_type = "CNAME",
                         .max_items = "1"});
            if (!records || records->resource_record_sets.empty()) continue;
            const route53::ResourceRecordSet& found = records->resource_record_sets[0];
            if (found.name != domain.record_name || found.type != "CNAME" ||
                found.resource_records.empty())
                continue;
            std::string value = to_lower(found.resource_records[0].value);
            if (!value.ends_with('.')) value += '.';
            if (value == domain.record_value) co_return true;
        }
    }
    co_return false;
}

}  // namespace unkai::services::acm
