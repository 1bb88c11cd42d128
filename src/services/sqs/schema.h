// Every key and record that sqs stores.
#pragma once

#include "store/table.h"

namespace unkai::services::sqs {

struct StoredQueue {
    std::string name;
    int64_t content = 0;  // Where its messages lie; purging gives it a new one.
    Time created, modified, purged;
    std::map<std::string, std::string> attributes;  // Those that were set, checked (attributes.h).
    std::map<std::string, std::string> tags;
    void fields(auto& field) {
        field(1, name);
        field(2, content);
        field(3, created);
        field(4, modified);
        field(5, purged);
        field(6, attributes);
        field(7, tags);
    }
};

struct StoredAttribute {
    std::string type;   // String, Number, Binary, each perhaps with ".more" behind.
    std::string value;  // Bytes.
    void fields(auto& field) {
        field(1, type);
        field(2, value);
    }
};

struct StoredMessage {
    std::string id, body, sender;
    Time sent;
    Time visible;  // Not before.
    std::map<std::string, StoredAttribute> attributes;
    std::string trace_header;
    std::string group, deduplication;
    std::string dead_source;  // ARN of the queue that gave it up.
    void fields(auto& field) {
        field(1, id);
        field(2, body);
        field(3, sender);
        field(4, sent);
        field(5, visible);
        field(6, attributes);
        field(7, trace_header);
        field(8, group);
        field(9, deduplication);
        field(10, dead_source);
    }
};

// What receiving changed of a message; written a moment later (queues.h).
struct StoredReceipt {
    int64_t receives = 0;
    Time first_received, received, visible;
    int64_t nonce = 0;
    void fields(auto& field) {
        field(1, receives);
        field(2, first_received);
        field(3, received);
        field(4, visible);
        field(5, nonce);
    }
};

struct StoredDuplicate {
    Time sent;
    std::string message_id;
    int64_t sequence = 0;
    void fields(auto& field) {
        field(1, sent);
        field(2, message_id);
        field(3, sequence);
    }
};

struct StoredMove {
    std::string id, status, destination, failure;  // destination: an ARN; empty: to the sources.
    Time started;
    int64_t rate = 0;  // Messages a second.
    int64_t moved = 0, to_move = 0;
    void fields(auto& field) {
        field(1, id);
        field(2, status);
        field(3, destination);
        field(4, failure);
        field(5, started);
        field(6, rate);
        field(7, moved);
        field(8, to_move);
    }
};

struct Doomed {
    Time since;
    void fields(auto& field) { field(1, since); }
};

namespace schema {
// Account, region, name.
inline const store::Table<StoredQueue, std::string, std::string, std::string> queues{"sqs/queues"};
// Content, sequence.
inline const store::Table<StoredMessage, int64_t, int64_t> messages{"sqs/messages"};
inline const store::Table<StoredReceipt, int64_t, int64_t> receipts{"sqs/receipts"};
// Content, deduplication id (with the group before it where the scope is the group).
inline const store::Table<StoredDuplicate, int64_t, std::string> duplicates{"sqs/duplicates"};
// ARN of the source, micros of the start.
inline const store::Table<StoredMove, std::string, int64_t> moves{"sqs/moves"};
// Content of queues that were deleted or purged, until their messages are gone.
inline const store::Table<Doomed, int64_t> doomed{"sqs/doomed"};
}  // namespace schema

}  // namespace unkai::services::sqs
