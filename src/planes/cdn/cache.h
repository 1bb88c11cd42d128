// The cache of all data loops: whole responses in memory, least recently used go first.
//
// One mutex, held for a look-up or a list splice (tens of nanoseconds), never while bytes move:
// entries are immutable and shared. Requests for the same key collapse: the first becomes the
// leader and fetches, the others wait until it has stored, or has found that it cannot be stored.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "net/http.h"
#include "rt/event.h"

namespace unkai::planes::cdn {

struct Entry {
    int status = 200;
    net::Headers headers;  // The origin's, without those of the connection.
    std::string body;
    Time stored, fresh_until;
    bool fresh(Time now) const { return now < fresh_until; }
    size_t weight() const;
};

class Cache {
public:
    struct Limits {
        size_t bytes = 256 << 20;
        size_t entry_bytes = 32 << 20;  // Bigger responses pass through.
    };
    Cache() = default;
    explicit Cache(Limits limits) : limits_(limits) {}

    std::shared_ptr<const Entry> find(const std::string& key);
    void put(const std::string& key, std::shared_ptr<const Entry> entry);
    void erase(const std::string& key);
    // Erases what a distribution holds for paths that match ("/*", "/images/*", "/index.html");
    // paths with their query. Returns how many went.
    size_t invalidate(const std::string& distribution, const std::vector<std::string>& paths);
    size_t bytes() const;
    const Limits& limits() const { return limits_; }

    // True: the caller leads and must call finish_flight(key) when it has stored or given up.
    // False: somebody else leads; `landed` is notified on the caller's loop when he is done.
    bool join_flight(const std::string& key, Loop& loop, std::shared_ptr<Event> landed);
    void finish_flight(const std::string& key);

private:
    struct Held {
        std::string key;
        std::shared_ptr<const Entry> entry;
    };
    struct Waiting {
        Loop* loop;
        std::shared_ptr<Event> landed;
    };
    void drop(std::list<Held>::iterator held);

    Limits limits_;
    mutable std::mutex mutex_;
    std::list<Held> order_;  // The most recently used first.
    std::unordered_map<std::string, std::list<Held>::iterator> held_;
    std::unordered_map<std::string, std::vector<Waiting>> flights_;
    size_t bytes_ = 0;
};

}  // namespace unkai::planes::cdn
