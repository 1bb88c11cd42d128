// UriTable: which operation of a REST service a method and a path name. Made once per service.
//
// Patterns are those of the models: `/{Bucket}/{Key+}?uploads`. Labels match one segment, a greedy
// label the rest of the path; literals after `?` must be in the query. The most literal pattern
// wins, then the one without a greedy label, then the one with most query literals. S3 tells some
// operations apart by an upload's id or a header besides. Cost: one pass over the patterns of the
// method.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/protocol/protocol.h"

namespace unkai::aws::protocol {

class UriTable {
public:
    // The service's tables must outlive it.
    explicit UriTable(const ServiceInfo& service);

    struct Found {
        std::string_view name;
        const OperationInfo* operation = nullptr;  // Null: Unkai does not have it.
        std::vector<std::pair<std::string_view, std::string>> labels = {};
    };
    std::optional<Found> find(const WireRequest& request) const;

private:
    struct Segment {
        std::string_view before, label, after;  // A literal is all `before`.
        bool greedy = false;
    };
    enum class Copies : uint8_t { either, must, must_not };
    struct Entry {
        std::string_view name, method;
        const OperationInfo* operation;
        std::vector<Segment> segments;
        std::vector<std::pair<std::string_view, std::string_view>> literals;  // Value empty: any.
        size_t literal_segments = 0, labels = 0;
        bool greedy = false;
        bool by_upload = false;  // S3: the query must have an upload's id.
        Copies copies = Copies::either;
        bool better_than(const Entry& other) const;
    };
    struct Target;

    void add(const ServiceInfo& service, std::string_view name, std::string_view method,
             std::string_view uri, const OperationInfo* operation);
    static bool fits(const Entry& entry, const Target& target);
    static std::optional<Found> labelled(const Entry& entry, const Target& target);

    std::vector<Entry> entries_;  // The best first.
};

// "Name METHOD uri" lines of operations that Unkai does not have.
struct UnpromisedOperation {
    std::string_view name, method, uri;
};
std::vector<UnpromisedOperation> unpromised_operations(const ServiceInfo& service);

}  // namespace unkai::aws::protocol
