#include "services/logs/sweeper.h"

#include "base/log.h"
#include "services/logs/event_log.h"

namespace unkai::services::logs {

Task<void> Sweeper::run(Stop& stop) {
    do {
        if (const Status swept = co_await sweep(); !swept)
            log::warn("logs: sweeping failed", {{"error", swept.error().message}});
    } while (co_await env_.loop.sleep(period, &stop));
}

Task<Status> Sweeper::clear_doomed() {
    for (;;) {
        store::Txn txn = store_.begin();
        const auto doomed = schema::doomed.list(txn);
        if (doomed.empty()) co_return ok();
        const auto& [group, stream] = doomed.front().first;
        std::vector<std::tuple<std::string, std::string, int64_t, int64_t>> keys;
        const std::string prefix = doomed.front().second.whole_group
                                       ? store::key_prefix(group)
                                       : store::key_prefix(group, stream);
        schema::chunks.each(txn, prefix, [&](const auto& key, const Chunk&) {
            keys.push_back(key);
            return keys.size() < chunks_per_transaction;
        });
        for (const auto& key : keys) schema::chunks.erase(txn, key);
        if (keys.size() < chunks_per_transaction) schema::doomed.erase(txn, {group, stream});
        CO_REQUIRE(co_await store_.commit(txn));
    }
}

Task<Status> Sweeper::expire(std::string group, std::string stream, int64_t before) {
    for (bool more = true; more;) {
        store::Txn txn = store_.begin();
        std::vector<std::tuple<std::string, std::string, int64_t, int64_t>> keys;
        schema::chunks.each(txn, store::key_prefix(group, stream),
                            [&](const auto& key, const Chunk& chunk) {
                                if (std::get<2>(key) >= before) return false;
                                if (chunk.events.back().timestamp < before) keys.push_back(key);
                                return keys.size() < chunks_per_transaction;
                            });
        if (keys.empty()) co_return ok();
        for (const auto& key : keys) schema::chunks.erase(txn, key);
        more = keys.size() == chunks_per_transaction;
        CO_REQUIRE(co_await store_.commit(txn));
    }
    co_return ok();
}

Task<Status> Sweeper::sweep() {
    CO_REQUIRE(co_await clear_doomed());
    store::Txn txn = store_.begin();
    const auto groups = schema::groups.list(txn);
    for (const auto& [key, group] : groups) {
        if (group.retention_days == 0) continue;
        const int64_t before = millis(env_.now() - std::chrono::hours{24} * group.retention_days);
        const auto streams = schema::streams.list(txn, group.id);
        for (const auto& [stream_key, stream] : streams)
            if (stream.last_ingestion != 0 && stream.first_event < before)
                CO_REQUIRE(co_await expire(group.id, stream.id, before));
    }
    co_return ok();
}

}  // namespace unkai::services::logs
