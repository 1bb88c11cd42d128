#include "services/logs/event_log.h"

#include <fmt/format.h>

#include <deque>

#include "base/strings.h"
#include "services/logs/limits.h"

namespace unkai::services::logs {

namespace {

int64_t size_of(const StoredEvent& event) {
    return static_cast<int64_t>(event.message.size() + limits::event_overhead);
}

void store_chunk(store::Txn& txn, const std::string& group, LogStream& stream,
                 std::vector<StoredEvent> events, int64_t bytes) {
    const Tail made{events.front().timestamp, events.back().timestamp, stream.next_sequence++,
                    bytes};
    schema::chunks.put(txn, {group, stream.id, made.first, made.sequence}, {std::move(events)});
    stream.tail = made;
}

// Adds to the last chunk what fits there, in order; the rest stays in `batch`.
bool extend_tail(store::Txn& txn, const std::string& group, LogStream& stream,
                 std::vector<StoredEvent>& batch, int64_t bytes) {
    Tail& tail = stream.tail;
    if (tail.sequence < 0 || tail.bytes + bytes > chunk_bytes) return false;
    if (batch.front().timestamp < tail.last || batch.back().timestamp - tail.first > chunk_span)
        return false;
    const auto key = std::make_tuple(group, stream.id, tail.first, tail.sequence);
    auto chunk = schema::chunks.get(txn, key);
    if (!chunk) return false;  // Expired meanwhile.
    tail.last = batch.back().timestamp;
    tail.bytes += bytes;
    std::move(batch.begin(), batch.end(), std::back_inserter(chunk->events));
    schema::chunks.put(txn, key, *chunk);
    return true;
}

}  // namespace

std::string Position::text() const {
    return fmt::format("{:020}{:018}{:018}", timestamp, sequence + 1, index + 1);
}

std::optional<Position> Position::parse(std::string_view text) {
    if (text.size() != 56) return std::nullopt;
    const auto timestamp = parse_uint(text.substr(0, 20)),
               sequence = parse_uint(text.substr(20, 18)), index = parse_uint(text.substr(38));
    if (!timestamp || !sequence || !index || *timestamp > static_cast<uint64_t>(INT64_MAX))
        return std::nullopt;
    return Position{static_cast<int64_t>(*timestamp), static_cast<int64_t>(*sequence) - 1,
                    static_cast<int64_t>(*index) - 1};
}

void append(store::Txn& txn, const std::string& group, LogStream& stream,
            std::vector<StoredEvent> batch) {
    CHECK(!batch.empty());
    const bool first = stream.last_ingestion == 0;
    stream.first_event =
        first ? batch.front().timestamp : std::min(stream.first_event, batch.front().timestamp);
    stream.last_event = std::max(stream.last_event, batch.back().timestamp);
    stream.last_ingestion = batch.back().ingested;
    int64_t total = 0;
    for (const StoredEvent& event : batch) total += size_of(event);
    if (!extend_tail(txn, group, stream, batch, total)) {
        std::vector<StoredEvent> part;
        int64_t bytes = 0;
        for (StoredEvent& event : batch) {
            const bool full =
                !part.empty() && (bytes + size_of(event) > chunk_bytes ||
                                  event.timestamp - part.front().timestamp > chunk_span);
            if (full) {
                store_chunk(txn, group, stream, std::exchange(part, {}), bytes);
                bytes = 0;
            }
            bytes += size_of(event);
            part.push_back(std::move(event));
        }
        store_chunk(txn, group, stream, std::move(part), bytes);
    }
    schema::streams.put(txn, {group, stream.name}, stream);
}

void read_forward(store::Txn& txn, const std::string& group, const LogStream& stream,
                  Position after, int64_t end, const VisitEvent& visit) {
    if (stream.last_ingestion == 0 || after.timestamp > stream.last_event ||
        end <= stream.first_event)
        return;
    const int64_t from =
        after.timestamp > INT64_MIN + chunk_span ? after.timestamp - chunk_span : INT64_MIN;
    // Chunks may overlap in time: events wait here until no later chunk can come before them.
    std::map<Position, StoredEvent> waiting;
    bool going = true;
    const auto release = [&](int64_t before) {
        while (going && !waiting.empty() && waiting.begin()->first.timestamp < before) {
            auto next = waiting.extract(waiting.begin());
            going = visit({next.key(), std::move(next.mapped())});
        }
        return going;
    };
    using Key = std::tuple<std::string, std::string, int64_t, int64_t>;
    schema::chunks.each(
        txn, store::key_prefix(group, stream.id),
        [&](const Key& key, Chunk chunk) {
            const int64_t first = std::get<2>(key);
            if (!release(first) || first >= end) return false;
            for (size_t i = 0; i < chunk.events.size(); ++i) {
                const Position position{chunk.events[i].timestamp, std::get<3>(key),
                                        static_cast<int64_t>(i)};
                if (position > after && position.timestamp < end)
                    waiting.emplace(position, std::move(chunk.events[i]));
            }
            return true;
        },
        Key{group, stream.id, from, -1});
    release(INT64_MAX);
}

std::vector<ReadEvent> read_backward(store::Txn& txn, const std::string& group,
                                     const LogStream& stream, Position before, int64_t start,
                                     size_t most, size_t most_bytes) {
    std::deque<ReadEvent> kept;
    size_t bytes = 0;
    start = std::max(start, stream.first_event);
    if (before.timestamp > stream.last_event) before = Position::at(stream.last_event + 1);
    int64_t window = 10 * 1000;
    for (int64_t high = before.timestamp + 1;
         high > start && kept.size() < most && bytes <= most_bytes;) {
        const int64_t low = std::max(start, high - window);
        std::deque<ReadEvent> found;
        size_t found_bytes = 0;
        read_forward(txn, group, stream, Position::at(low), high, [&](ReadEvent&& event) {
            if (event.position >= before) return true;
            found_bytes += event.event.message.size() + limits::event_overhead;
            found.push_back(std::move(event));
            if (found.size() > most) {
                found_bytes -= found.front().event.message.size() + limits::event_overhead;
                found.pop_front();
            }
            return true;
        });
        bytes += found_bytes;
        kept.insert(kept.begin(), std::move_iterator(found.begin()),
                    std::move_iterator(found.end()));
        high = low;
        window *= 4;
    }
    while (kept.size() > most || (bytes > most_bytes && kept.size() > 1)) {
        bytes -= kept.front().event.message.size() + limits::event_overhead;
        kept.pop_front();
    }
    return {std::move_iterator(kept.begin()), std::move_iterator(kept.end())};
}

}  // namespace unkai::services::logs
