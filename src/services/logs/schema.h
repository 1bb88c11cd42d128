// Every key and record that logs stores. Groups and streams have numbers of their own, so that one
// that is deleted and made again starts empty while the sweeper still clears its old chunks.
#pragma once

#include "store/table.h"

namespace unkai::services::logs {

struct LogGroup {
    std::string id;  // Random; names its streams and chunks.
    std::string name;
    Time created;
    int32_t retention_days = 0;  // 0: for ever.
    std::string group_class;     // STANDARD, INFREQUENT_ACCESS, DELIVERY
    std::map<std::string, std::string> tags;
    bool protected_from_deletion = false;
    void fields(auto& field) {
        field(1, id);
        field(2, name);
        field(3, created);
        field(4, retention_days);
        field(5, group_class);
        field(6, tags);
        field(7, protected_from_deletion);
    }
};

// The last chunk written, to which the next small batch is added.
struct Tail {
    int64_t first = 0, last = 0;  // Timestamps of its first and last event.
    int64_t sequence = -1;        // -1: no chunk yet.
    int64_t bytes = 0;
    bool operator==(const Tail&) const = default;
    void fields(auto& field) {
        field(1, first);
        field(2, last);
        field(3, sequence);
        field(4, bytes);
    }
};

struct LogStream {
    std::string id;
    std::string name;
    Time created;
    int64_t first_event = 0,
            last_event = 0;  // Milliseconds; 0 with last_ingestion 0: no event yet.
    int64_t last_ingestion = 0;
    int64_t next_sequence = 0;  // Of chunks; never used again.
    Tail tail;
    void fields(auto& field) {
        field(1, id);
        field(2, name);
        field(3, created);
        field(4, first_event);
        field(5, last_event);
        field(6, last_ingestion);
        field(7, next_sequence);
        field(8, tail);
    }
};

struct StoredEvent {
    int64_t timestamp = 0, ingested = 0;
    std::string message;
    void fields(auto& field) {
        field(1, timestamp);
        field(2, ingested);
        field(3, message);
    }
};

// Events in the order in which they came, which within a chunk is that of their timestamps.
struct Chunk {
    std::vector<StoredEvent> events;
    void fields(auto& field) { field(1, events); }
};

// A group or stream that is gone but whose chunks are not yet erased: outbox of the sweeper.
struct Doomed {
    bool whole_group = false;
    void fields(auto& field) { field(1, whole_group); }
};

namespace schema {
// Account, region, name.
inline const store::Table<LogGroup, std::string, std::string, std::string> groups{"logs/groups"};
// Group id, name.
inline const store::Table<LogStream, std::string, std::string> streams{"logs/streams"};
// Group id, stream id, timestamp of the first event, sequence.
inline const store::Table<Chunk, std::string, std::string, int64_t, int64_t> chunks{"logs/chunks"};
// Group id, stream id (empty: all).
inline const store::Table<Doomed, std::string, std::string> doomed{"logs/doomed"};
}  // namespace schema

}  // namespace unkai::services::logs
