// The store: ordered keys, transactions, watch, snapshot. What was acknowledged survives kill -9
// and power loss.
//
//     store::Txn txn = store.begin();
//     schema::queues.put(txn, {account, name}, queue);        // store/table.h: typed tables
//     CO_REQUIRE(co_await store.commit(txn));                 // durable when it returns
//
// Contract
// - One loop: begin, get, range, put, erase and commit are called on the control loop. Reads never
// wait.
// - A transaction reads its own writes, and otherwise the latest committed state.
// - commit() is atomic. Other transactions see it at once; commit() returns when it is on disk.
// Syncs are
//   shared: all that commit while one fsync runs are covered by the next.
// - A transaction that awaited something between begin and commit may find that what it read was
// changed
//   meanwhile: commit answers the error `Conflict` (409) and nothing is written. Run it again. One
//   that did not await can never conflict.
// - A disk that refuses (full, I/O error) gives the error `StoreUnavailable` (503), and every later
// commit
//   gives it too until the program is restarted: after a failed fsync nothing is known.
#pragma once

#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "rt/env.h"
#include "rt/event.h"
#include "store/engine.h"

namespace unkai::store {

class Store;

class Txn {
public:
    Txn(Txn&&) = default;
    Txn& operator=(Txn&&) = default;

    std::optional<std::string> get(std::string_view key);
    void put(std::string_view key, std::string value);
    void erase(std::string_view key);
    // Visits [begin, end) in order; `visit` returns false to end. Do not write to this transaction
    // inside.
    using Visit = std::function<bool(std::string_view key, std::string_view value)>;
    void range(std::string_view begin, std::string_view end, const Visit& visit);
    bool has_writes() const { return !writes_.empty(); }

private:
    friend class Store;
    Txn(Store& store, uint64_t version) : store_(&store), version_(version) {}

    Store* store_;
    uint64_t version_;
    std::map<std::string, std::optional<std::string>, std::less<>> writes_;
    std::vector<std::string> keys_read_;
    std::vector<std::pair<std::string, std::string>> ranges_read_;
};

// Called after a commit is visible, with the changed keys below the prefix watched, in key order.
// `cleared` is true after Store::clear(): everything is gone.
using OnChange = std::function<void(std::span<const Change> changes, bool cleared)>;

class Store {
public:
    Store(Env env, std::unique_ptr<Engine> engine) : env_(env), engine_(std::move(engine)) {}
    ~Store();
    Store(const Store&) = delete;

    Txn begin() { return Txn(*this, version_); }
    Task<Status> commit(Txn& txn);

    // The watch ends when the returned handle is destroyed. Callbacks must not commit.
    class Watch;
    std::unique_ptr<Watch> watch(std::string prefix, OnChange on_change);

    // A consistent copy of all that is committed, in a new directory (hard links where the engine
    // can).
    Task<Status> snapshot(std::string directory);
    // Erases everything and tells all watchers. Durable when it returns.
    Task<Status> clear();

private:
    friend class Txn;
    bool conflicts(const Txn& txn) const;
    void remember(const Txn& txn);
    void tell_watchers(std::span<const Change> changes);
    Task<Status> sync();

    struct Committed {
        uint64_t version;
        std::string key;
    };

    Env env_;
    std::unique_ptr<Engine> engine_;
    uint64_t version_ = 0;
    std::deque<Committed> recent_;  // For conflicts; the oldest are forgotten,
    uint64_t forgotten_ = 0;        // and who began before this version conflicts.
    std::list<Watch*> watches_;
    bool syncing_ = false;
    uint64_t sync_wanted_ = 0;  // Tickets: a sync that starts after my ticket was drawn covers me.
    uint64_t sync_done_ = 0;
    Event synced_;
    std::optional<Error> broken_;
};

class Store::Watch {
public:
    ~Watch() { store_.watches_.erase(place_); }

private:
    friend class Store;
    Watch(Store& store, std::string prefix, OnChange on_change)
        : store_(store),
          prefix_(std::move(prefix)),
          on_change_(std::move(on_change)),
          place_(store.watches_.insert(store.watches_.end(), this)) {}
    Store& store_;
    std::string prefix_;
    OnChange on_change_;
    std::list<Watch*>::iterator place_;
};

}  // namespace unkai::store
