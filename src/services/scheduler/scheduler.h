// Amazon EventBridge Scheduler: schedules and their groups.
//
// https://docs.aws.amazon.com/scheduler/latest/APIReference/
// Operations write the store; the clock (clock.h) watches it. No operation waits.
#pragma once

#include "aws/call.h"
#include "services/scheduler/clock.h"

namespace unkai::services::scheduler {

using namespace api::scheduler;
namespace errors = api::scheduler::errors;

class Scheduler final : public api::scheduler::Service {
public:
#define OPERATION(Name) Result<Name##Output> Name(aws::Call& call, const Name##Input& in) override
    // schedule_ops.cc
    OPERATION(CreateSchedule);
    OPERATION(GetSchedule);
    OPERATION(UpdateSchedule);
    OPERATION(DeleteSchedule);
    OPERATION(ListSchedules);
    // group_ops.cc
    OPERATION(CreateScheduleGroup);
    OPERATION(GetScheduleGroup);
    OPERATION(DeleteScheduleGroup);
    OPERATION(ListScheduleGroups);
    OPERATION(TagResource);
    OPERATION(UntagResource);
    OPERATION(ListTagsForResource);
#undef OPERATION
};

// Shared by the operations' files. ResourceNotFoundException; the default group is always there.
Result<StoredGroup> find_group(aws::Call& call, const std::string& name);
Unexpected invalid(std::string message);  // ValidationException

}  // namespace unkai::services::scheduler
