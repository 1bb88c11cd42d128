#include "planes/cdn/cache.h"

#include "base/strings.h"

namespace unkai::planes::cdn {

size_t Entry::weight() const {
    size_t bytes = body.size() + sizeof(Entry);
    for (const auto& field : headers) bytes += field.name.size() + field.value.size() + 32;
    return bytes;
}

std::shared_ptr<const Entry> Cache::find(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto found = held_.find(key);
    if (found == held_.end()) return nullptr;
    order_.splice(order_.begin(), order_, found->second);
    return found->second->entry;
}

void Cache::drop(std::list<Held>::iterator held) {
    bytes_ -= held->entry->weight() + held->key.size();
    held_.erase(held->key);
    order_.erase(held);
}

void Cache::put(const std::string& key, std::shared_ptr<const Entry> entry) {
    const std::lock_guard lock(mutex_);
    if (const auto old = held_.find(key); old != held_.end()) drop(old->second);
    bytes_ += entry->weight() + key.size();
    order_.push_front({key, std::move(entry)});
    held_[key] = order_.begin();
    while (bytes_ > limits_.bytes && order_.size() > 1) drop(std::prev(order_.end()));
}

void Cache::erase(const std::string& key) {
    const std::lock_guard lock(mutex_);
    if (const auto old = held_.find(key); old != held_.end()) drop(old->second);
}

// Keys begin with the distribution, the path and the query, a line each (rules.cc, cache_key).
size_t Cache::invalidate(const std::string& distribution, const std::vector<std::string>& paths) {
    const std::lock_guard lock(mutex_);
    size_t count = 0;
    for (auto it = order_.begin(); it != order_.end();) {
        const auto here = it++;
        const auto lines = split(here->key, '\n');
        if (lines.size() < 3 || lines[0] != distribution) continue;
        std::string path(lines[1]);
        if (!lines[2].empty()) path.append("?").append(lines[2]);
        for (const std::string& pattern : paths) {
            const std::string wanted = pattern.starts_with('/') ? pattern : "/" + pattern;
            // Only a star at the end is a wildcard.
            const bool hit =
                wanted.ends_with('*')
                    ? path.starts_with(std::string_view(wanted).substr(0, wanted.size() - 1))
                    : path == wanted;
            if (!hit) continue;
            drop(here);
            ++count;
            break;
        }
    }
    return count;
}

size_t Cache::bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
}

bool Cache::join_flight(const std::string& key, Loop& loop, std::shared_ptr<Event> landed) {
    const std::lock_guard lock(mutex_);
    const auto [flight, first] = flights_.try_emplace(key);
    if (!first) flight->second.push_back({&loop, std::move(landed)});
    return first;
}

void Cache::finish_flight(const std::string& key) {
    std::vector<Waiting> waiting;
    {
        const std::lock_guard lock(mutex_);
        const auto flight = flights_.find(key);
        if (flight == flights_.end()) return;
        waiting = std::move(flight->second);
        flights_.erase(flight);
    }
    for (auto& one : waiting)
        one.loop->post([landed = std::move(one.landed)] { landed->notify_all(); });
}

}  // namespace unkai::planes::cdn
