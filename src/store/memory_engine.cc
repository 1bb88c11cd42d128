#include <map>

#include "store/engine.h"

namespace unkai::store {

namespace {

class MemoryEngine final : public Engine {
public:
    std::optional<std::string> get(std::string_view key) override {
        const auto found = map_.find(key);
        if (found == map_.end()) return std::nullopt;
        return found->second;
    }

    void range(std::string_view begin, std::string_view end,
               const std::function<bool(std::string_view, std::string_view)>& visit) override {
        for (auto it = map_.lower_bound(begin); it != map_.end() && it->first < end; ++it)
            if (!visit(it->first, it->second)) return;
    }

    Status write(std::span<const Change> changes) override {
        for (const Change& change : changes) {
            if (change.value)
                map_.insert_or_assign(change.key, *change.value);
            else
                map_.erase(change.key);
        }
        return ok();
    }

    Status sync() override { return ok(); }

    Status clear() override {
        map_.clear();
        return ok();
    }

    Status snapshot(const std::string&) override {
        return fail("StoreUnavailable", "The store in memory cannot be copied to a directory.");
    }

private:
    std::map<std::string, std::string, std::less<>> map_;
};

}  // namespace

std::unique_ptr<Engine> memory_engine() { return std::make_unique<MemoryEngine>(); }

}  // namespace unkai::store
