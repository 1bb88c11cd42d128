#include "store/store.h"

namespace unkai::store {

namespace {
constexpr size_t most_remembered = 16384;
}

std::optional<std::string> Txn::get(std::string_view key) {
    if (const auto written = writes_.find(key); written != writes_.end()) return written->second;
    keys_read_.emplace_back(key);
    return store_->engine_->get(key);
}

void Txn::put(std::string_view key, std::string value) {
    writes_.insert_or_assign(std::string(key), std::move(value));
}

void Txn::erase(std::string_view key) { writes_.insert_or_assign(std::string(key), std::nullopt); }

void Txn::range(std::string_view begin, std::string_view end, const Visit& visit) {
    ranges_read_.emplace_back(begin, end);
    auto own = writes_.lower_bound(begin);
    bool more = true;
    // Own writes that come before `until` (all up to `end` when it is empty).
    const auto own_until = [&](std::optional<std::string_view> until) {
        while (more && own != writes_.end() && own->first < end &&
               (!until || own->first < *until)) {
            if (own->second) more = visit(own->first, *own->second);
            ++own;
        }
    };
    store_->engine_->range(begin, end, [&](std::string_view key, std::string_view value) {
        own_until(key);
        if (!more) return false;
        if (own != writes_.end() && own->first == key) return true;  // Ours is newer; visited next.
        more = visit(key, value);
        return more;
    });
    own_until(std::nullopt);
}

Store::~Store() { CHECK(watches_.empty(), "the Store was destroyed before its watches"); }

bool Store::conflicts(const Txn& txn) const {
    if (txn.version_ == version_) return false;
    if (txn.version_ < forgotten_) return true;
    for (auto it = recent_.rbegin(); it != recent_.rend() && it->version > txn.version_; ++it) {
        for (const auto& key : txn.keys_read_)
            if (key == it->key) return true;
        for (const auto& [begin, end] : txn.ranges_read_)
            if (it->key >= begin && it->key < end) return true;
    }
    return false;
}

void Store::remember(const Txn& txn) {
    ++version_;
    for (const auto& [key, value] : txn.writes_) recent_.push_back({version_, key});
    while (recent_.size() > most_remembered) {
        forgotten_ = recent_.front().version;
        recent_.pop_front();
    }
}

void Store::tell_watchers(std::span<const Change> changes) {
    // A callback may end other watches: each is looked up again.
    const std::vector<Watch*> now(watches_.begin(), watches_.end());
    for (Watch* watch : now) {
        if (std::find(watches_.begin(), watches_.end(), watch) == watches_.end()) continue;
        const auto first =
            std::lower_bound(changes.begin(), changes.end(), watch->prefix_,
                             [](const Change& c, const std::string& p) { return c.key < p; });
        auto last = first;
        while (last != changes.end() && last->key.starts_with(watch->prefix_)) ++last;
        if (first != last) watch->on_change_({first, last}, false);
    }
}

Task<Status> Store::commit(Txn& txn) {
    if (broken_) co_return *broken_;
    if (!txn.has_writes()) co_return ok();
    if (conflicts(txn)) co_return fail("Conflict", "Another change came first. Try again.", 409);
    std::vector<Change> changes;
    changes.reserve(txn.writes_.size());
    for (auto& [key, value] : txn.writes_) changes.push_back({key, std::move(value)});
    if (auto written = engine_->write(changes); !written) {
        broken_ = written.error();
        co_return written;
    }
    remember(txn);
    txn = begin();
    tell_watchers(changes);
    co_return co_await sync();
}

Task<Status> Store::sync() {
    const uint64_t ticket = ++sync_wanted_;
    while (sync_done_ < ticket && !broken_) {
        if (syncing_) {
            co_await synced_.wait(env_.loop);
            continue;
        }
        syncing_ = true;
        const uint64_t covered = sync_wanted_;
        Engine* const engine = engine_.get();
        auto result = co_await env_.workers.run([engine] { return engine->sync(); });
        syncing_ = false;
        sync_done_ = covered;
        if (!result) broken_ = result.error();
        synced_.notify_all();
    }
    if (broken_) co_return *broken_;
    co_return ok();
}

std::unique_ptr<Store::Watch> Store::watch(std::string prefix, OnChange on_change) {
    return std::unique_ptr<Watch>(new Watch(*this, std::move(prefix), std::move(on_change)));
}

Task<Status> Store::snapshot(std::string directory) {
    CO_REQUIRE(co_await sync());
    Engine* const engine = engine_.get();
    co_return co_await env_.workers.run(
        [engine, directory] { return engine->snapshot(directory); });
}

Task<Status> Store::clear() {
    if (broken_) co_return *broken_;
    if (auto cleared = engine_->clear(); !cleared) {
        broken_ = cleared.error();
        co_return cleared;
    }
    ++version_;
    recent_.clear();
    forgotten_ = version_;
    const std::vector<Watch*> now(watches_.begin(), watches_.end());
    for (Watch* watch : now) {
        if (std::find(watches_.begin(), watches_.end(), watch) != watches_.end())
            watch->on_change_({}, true);
    }
    co_return ok();
}

}  // namespace unkai::store
