// Every key and record that events stores. Targets are kept as they were described (as JSON).
#pragma once

#include "api/events.h"
#include "aws/protocol/json_record.h"
#include "store/table.h"

namespace unkai::services::events {

struct StoredBus {
    Time created, modified;
    std::string description, policy;
    std::map<std::string, std::string> tags;
    void fields(auto& field) {
        field(1, created);
        field(2, modified);
        field(3, description);
        field(4, policy);
        field(5, tags);
    }
};

struct StoredRule {
    std::string pattern, schedule, state, description, role;
    Time created;
    Time fired;  // By its schedule, the last time.
    std::map<std::string, std::string> tags;
    void fields(auto& field) {
        field(1, pattern);
        field(2, schedule);
        field(3, state);
        field(4, description);
        field(5, role);
        field(6, created);
        field(7, fired);
        field(8, tags);
    }
};

// What is owed to one target: the body of a delivery (aws/deliveries.h).
struct OwedEvent {
    std::string account, region, bus, rule, target;
    std::string event;  // JSON
    Time ingested;
    void fields(auto& field) {
        field(1, account);
        field(2, region);
        field(3, bus);
        field(4, rule);
        field(5, target);
        field(6, event);
        field(7, ingested);
    }
};

using RuleKey = std::tuple<std::string, std::string, std::string, std::string>;

namespace schema {
// Account, region, name. The default bus is there without a record.
inline const store::Table<StoredBus, std::string, std::string, std::string> buses{"events/buses"};
// Account, region, bus, name.
inline const store::Table<StoredRule, std::string, std::string, std::string, std::string> rules{
    "events/rules"};
// …, id of the target.
inline const store::Table<api::events::Target, std::string, std::string, std::string, std::string,
                          std::string>
    targets{"events/targets"};
inline constexpr const char* deliveries = "events/deliveries";
}  // namespace schema

}  // namespace unkai::services::events
