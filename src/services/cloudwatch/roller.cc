#include "services/cloudwatch/roller.h"

#include "base/log.h"

namespace unkai::services::cloudwatch {

namespace {

// At most `most` whole blocks of a resolution that are past their time. True: there may be more.
bool roll_blocks(store::Txn& txn, int64_t metric, size_t index, Time now, size_t most) {
    const Resolution& resolution = resolutions[index];
    const int64_t before = whole_seconds(now) - resolution.kept;
    std::vector<std::pair<std::tuple<int64_t, int64_t, int64_t>, Block>> old;
    schema::blocks.each(txn, store::key_prefix(metric, resolution.seconds),
                        [&](const auto& key, Block block) {
                            if (std::get<2>(key) + resolution.block > before) return false;
                            old.emplace_back(key, std::move(block));
                            return old.size() < most;
                        });
    for (const auto& [key, block] : old) {
        schema::blocks.erase(txn, key);
        if (index + 1 == std::size(resolutions)) continue;
        for (const BlockPoint& point : block.points)
            add_point(txn, metric, resolutions[index + 1], std::get<2>(key) + point.offset,
                      point.unit, point.statistics);
    }
    return old.size() == most;
}

}  // namespace

Task<void> Roller::run(Stop& stop) {
    while (co_await env_.loop.sleep(period, &stop))
        if (const Status rolled = co_await roll(); !rolled)
            log::warn("cloudwatch: rolling up failed", {{"error", rolled.error().message}});
}

Task<Status> Roller::roll_metric(int64_t metric) {
    for (size_t index = 0; index < std::size(resolutions); ++index)
        for (bool more = true; more;) {
            store::Txn txn = store_.begin();
            more = roll_blocks(txn, metric, index, env_.now(), blocks_per_transaction);
            if (txn.has_writes()) CO_REQUIRE(co_await store_.commit(txn));
        }
    co_return ok();
}

Task<Status> Roller::forget_history() {
    const int64_t before = micros(env_.now() - history_kept);
    for (bool more = true; more;) {
        store::Txn txn = store_.begin();
        std::vector<std::tuple<std::string, std::string, int64_t, int64_t>> old;
        schema::history.each(txn, {}, [&](const auto& key, const StoredHistory&) {
            if (std::get<2>(key) < before) old.push_back(key);
            return old.size() < history_per_transaction;
        });
        for (const auto& key : old) schema::history.erase(txn, key);
        more = old.size() == history_per_transaction;
        if (!old.empty()) CO_REQUIRE(co_await store_.commit(txn));
    }
    co_return ok();
}

Task<Status> Roller::roll() {
    if (passes_++ % 12 == 0) CO_REQUIRE(co_await forget_history());
    std::vector<std::pair<std::string, StoredMetric>> metrics;
    {
        store::Txn txn = store_.begin();
        schema::metrics.each(txn, {}, [&](const auto& key, StoredMetric metric) {
            metrics.emplace_back(schema::metrics.encode(key), std::move(metric));
            return true;
        });
    }
    const Time oldest = env_.now() - std::chrono::seconds{std::end(resolutions)[-1].kept};
    for (const auto& [key, metric] : metrics) {
        CO_REQUIRE(co_await roll_metric(metric.id));
        if (metric.last_data < oldest) {
            store::Txn txn = store_.begin();
            txn.erase(key);
            CO_REQUIRE(co_await store_.commit(txn));
        }
        co_await env_.loop.yield();
    }
    co_return ok();
}

}  // namespace unkai::services::cloudwatch
