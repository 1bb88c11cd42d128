// What the store stands on: an ordered map of bytes with an atomic batch and a sync. RocksDB in the
// program, memory in simulation; a distributed ordered store fits behind it too.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace unkai::store {

struct Change {
    std::string key;
    std::optional<std::string> value;  // Empty: erased.
};

class Engine {
public:
    virtual ~Engine() = default;
    virtual std::optional<std::string> get(std::string_view key) = 0;
    // Visits [begin, end) in byte order until `visit` returns false.
    virtual void range(std::string_view begin, std::string_view end,
                       const std::function<bool(std::string_view, std::string_view)>& visit) = 0;
    // All or nothing, visible when it returns; durable after the next sync().
    virtual Status write(std::span<const Change> changes) = 0;
    // Blocks; called on a worker thread, concurrently with the others.
    virtual Status sync() = 0;
    virtual Status clear() = 0;
    virtual Status snapshot(const std::string& directory) = 0;
};

std::unique_ptr<Engine> memory_engine();
// Creates the directory if need be. Error `StoreUnavailable`: locked by another process, no space,
// damaged.
Result<std::unique_ptr<Engine>> rocks_engine(const std::string& directory);

}  // namespace unkai::store
