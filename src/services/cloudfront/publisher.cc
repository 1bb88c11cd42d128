#include "services/cloudfront/publisher.h"

#include "aws/protocol/json_shape.h"
#include "base/log.h"
#include "services/cloudfront/policies.h"
#include "services/cloudfront/translation.h"

namespace unkai::services::cloudfront {

using planes::cdn::Snapshot;

namespace {

constexpr Duration session_length = std::chrono::hours(6);
constexpr Duration session_least = std::chrono::hours(2);  // What is left when a new one is made.

api::cloudfront::DistributionConfig read_config(const DistributionRecord& record) {
    api::cloudfront::DistributionConfig config;
    CHECK(aws::protocol::from_json(config, record.config).has_value(),
          "a distribution's config does not parse");
    return config;
}

References references_of(store::Txn& txn, const std::string& account) {
    return {
        .cache_policy = [&txn,
                         account](const std::string& id) { return cache_policy(txn, account, id); },
        .request_policy =
            [&txn, account](const std::string& id) { return request_policy(txn, account, id); },
        .access_control =
            [&txn, account](const std::string& id) { return access_control(txn, account, id); },
    };
}

bool has_signed_origin(const planes::cdn::Distribution& distribution) {
    for (const auto& [id, origin] : distribution.origins)
        if (!origin.signer.empty()) return true;
    return false;
}

}  // namespace

void Publisher::start() {
    watch_ = store_.watch(std::string(schema::everything),
                          [this](std::span<const store::Change>, bool) { touch(); });
    store::Txn txn = store_.begin();
    for (const auto& [key, record] : schema::distributions.list(txn))
        if (!record.certificate.empty())
            around_.certificates.set_uses(record.arn(), {record.certificate});
    scope_.spawn(run());
    scope_.spawn(watch_certificates());
}

Task<void> Publisher::stop() {
    watch_.reset();
    stop_.request();
    co_await scope_.join();
}

void Publisher::touch() {
    ++wanted_;
    changed_.notify_all();
}

Task<void> Publisher::settle() {
    const uint64_t mine = wanted_;
    while (done_ < mine && !stop_.requested())
        if (co_await published_.wait(env_.loop, never, &stop_) != Wake::ready) break;
}

bool Publisher::is_deployed(const std::string& distribution, const std::string& etag) const {
    const auto found = deployed_.find(distribution);
    return found != deployed_.end() && found->second == etag;
}

// A renewed or newly issued certificate is a change, too.
Task<void> Publisher::watch_certificates() {
    while (co_await around_.certificates.changed().wait(env_.loop, never, &stop_) == Wake::ready)
        touch();
}

Task<void> Publisher::run() {
    while (!stop_.requested()) {
        const uint64_t seen = wanted_;
        co_await publish();
        co_await carry_out_invalidations();
        done_ = seen;
        published_.notify_all();
        if (wanted_ > done_) continue;
        const Steady due =
            sessions_.empty() ? never : env_.loop.steady() + (session_length - session_least);
        co_await changed_.wait(env_.loop, due, &stop_);
        // Woken on the stack of whoever changed something: let him finish first.
        if (!co_await env_.loop.sleep(0us, &stop_)) break;
    }
    published_.notify_all();
}

Task<void> Publisher::publish() {
    std::vector<DistributionRecord> records;
    {
        store::Txn txn = store_.begin();
        for (auto& [key, record] : schema::distributions.list(txn))
            records.push_back(std::move(record));
    }
    co_await renew_sessions(records);
    std::shared_ptr<const Snapshot> snapshot;
    {
        store::Txn txn = store_.begin();
        snapshot = compile(txn, records);
    }
    publish_names(records);
    co_await around_.apply(std::move(snapshot));
    deployed_.clear();
    for (const DistributionRecord& record : records) deployed_[record.id] = record.etag;
}

std::shared_ptr<const Snapshot> Publisher::compile(store::Txn& txn,
                                                   const std::vector<DistributionRecord>& records) {
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->identity = around_.identity;
    for (const DistributionRecord& record : records) {
        const auto config = read_config(record);
        if (!config.enabled) continue;
        auto made = translate(record, config, references_of(txn, record.account));
        if (!made) {
            log::error("a distribution cannot be served",
                       {{"distribution", record.id}, {"why", made.error().message}});
            continue;
        }
        if (!record.certificate.empty()) {
            auto identity = around_.certificates.find(record.certificate);
            if (identity)
                made->identity = std::move(*identity);
            else
                log::warn("a distribution's certificate is gone",
                          {{"distribution", record.id}, {"why", identity.error().message}});
        }
        snapshot->distributions.push_back(
            std::make_shared<const planes::cdn::Distribution>(std::move(*made)));
    }
    return snapshot;
}

void Publisher::publish_names(const std::vector<DistributionRecord>& records) {
    std::set<std::string> wanted;
    for (const DistributionRecord& record : records) wanted.insert(record.domain);
    std::vector<std::string> gone;
    for (const auto& [name, target] : around_.names.entries())
        if (!wanted.contains(name)) gone.push_back(name);
    for (const std::string& name : gone) around_.names.erase(name);
    for (const std::string& name : wanted)
        around_.names.set(name, {.public_addresses = around_.edge_addresses});
}

Task<void> Publisher::renew_sessions(std::vector<DistributionRecord> records) {
    store::Txn txn = store_.begin();
    std::map<std::string, aws::Session> wanted;
    for (const DistributionRecord& record : records) {
        const auto made =
            translate(record, read_config(record), references_of(txn, record.account));
        if (!made || !has_signed_origin(*made)) continue;
        const std::string name = signer_of(record);
        const auto known = sessions_.find(name);
        if (known != sessions_.end() && known->second.expires > env_.now() + session_least) {
            wanted[name] = known->second;
            continue;
        }
        aws::Principal principal;
        principal.kind = aws::Principal::Kind::service;
        principal.account = record.account;
        principal.arn = record.arn();  // What bucket policies see as aws:SourceArn.
        principal.service = "cloudfront.amazonaws.com";
        wanted[name] = around_.credentials.issue_session(txn, std::move(principal), session_length,
                                                         env_.now());
    }
    for (const auto& [name, session] : sessions_)
        if (!wanted.contains(name)) around_.credentials.erase(txn, session.access_key_id);
    if (txn.has_writes()) {
        if (const auto committed = co_await store_.commit(txn); !committed) {
            log::error("no sessions for signed origins", {{"why", committed.error().message}});
            co_return;
        }
    }
    sessions_ = wanted;
    around_.signer.set(std::move(wanted));
}

Task<void> Publisher::carry_out_invalidations() {
    store::Txn txn = store_.begin();
    for (const auto& [key, row] : schema::pending.list(txn)) {
        if (const auto record = schema::invalidations.get(txn, key))
            around_.invalidate(record->distribution, record->paths);
        schema::pending.erase(txn, key);
    }
    if (!txn.has_writes()) co_return;
    // What is not noted as done is done again at the next turn.
    if (const auto committed = co_await store_.commit(txn); !committed)
        log::warn("an invalidation cannot be noted", {{"why", committed.error().message}});
}

}  // namespace unkai::services::cloudfront
