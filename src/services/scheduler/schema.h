// Every key and record that scheduler stores. Schedules are kept as they were described (as JSON).
#pragma once

#include "api/scheduler.h"
#include "aws/protocol/json_record.h"
#include "store/table.h"

namespace unkai::services::scheduler {

struct StoredSchedule {
    api::scheduler::CreateScheduleInput shape;
    Time created, modified;
    Time fired;  // The last time; what comes next is after it.
    void fields(auto& field) {
        field(1, shape);
        field(2, created);
        field(3, modified);
        field(4, fired);
    }
};

struct StoredGroup {
    Time created, modified;
    std::string client_token;
    std::map<std::string, std::string> tags;
    void fields(auto& field) {
        field(1, created);
        field(2, modified);
        field(3, client_token);
        field(4, tags);
    }
};

// What is owed to a target: the body of a delivery (aws/deliveries.h). The schedule may be gone.
struct OwedCall {
    std::string account, region, arn;  // The schedule's.
    std::string id;
    Time due;
    api::scheduler::Target target;
    void fields(auto& field) {
        field(1, account);
        field(2, region);
        field(3, arn);
        field(4, id);
        field(5, due);
        field(6, target);
    }
};

using ScheduleKey = std::tuple<std::string, std::string, std::string, std::string>;

namespace schema {
// Account, region, group, name.
inline const store::Table<StoredSchedule, std::string, std::string, std::string, std::string>
    schedules{"scheduler/schedules"};
// Account, region, name. The default group is there without a record.
inline const store::Table<StoredGroup, std::string, std::string, std::string> groups{
    "scheduler/groups"};
inline constexpr const char* deliveries = "scheduler/deliveries";
}  // namespace schema

}  // namespace unkai::services::scheduler
