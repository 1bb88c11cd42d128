// The events of one stream, in chunks: appended by batches, read in the order of their timestamps.
//
// A chunk's events lie within `chunk_span` of each other, so that an event of time t is in a chunk
// that starts in [t - chunk_span, t]: reading from t looks at no more than that too much. A small
// batch is added to the last chunk while that stays below `chunk_bytes`. Cost of a write: one chunk
// and the stream's record.
#pragma once

#include <compare>
#include <functional>

#include "services/logs/schema.h"

namespace unkai::services::logs {

constexpr int64_t chunk_span = 10LL * 60 * 1000;
constexpr int64_t chunk_bytes = 16 * 1024;

// Where an event lies in its stream; the order of reading. Never changes.
struct Position {
    int64_t timestamp = 0, sequence = 0, index = 0;
    auto operator<=>(const Position&) const = default;
    // 56 digits, as AWS's event ids have; ordered as positions are.
    std::string text() const;
    static std::optional<Position> parse(std::string_view text);
    static Position at(int64_t timestamp) {
        return {timestamp, -1, -1};
    }  // Before all of that time.
};

struct ReadEvent {
    Position position;
    StoredEvent event;
};

// Adds a batch that is in order of time. Updates the stream's record, and stores it.
void append(store::Txn& txn, const std::string& group, LogStream& stream,
            std::vector<StoredEvent> batch);

// Visits events after `after` and before the time `end`, in order; `visit` returns false to end.
using VisitEvent = std::function<bool(ReadEvent&&)>;
void read_forward(store::Txn& txn, const std::string& group, const LogStream& stream,
                  Position after, int64_t end, const VisitEvent& visit);

// The last `most` events before `before` and not before the time `start`, in order. Fewer when they
// are more than `most_bytes`.
std::vector<ReadEvent> read_backward(store::Txn& txn, const std::string& group,
                                     const LogStream& stream, Position before, int64_t start,
                                     size_t most, size_t most_bytes);

}  // namespace unkai::services::logs
