// Fires schedules by the clock and brings their calls to the targets.
//
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule.html
// A schedule that fires puts its call into the outbox (aws/deliveries.h) in the transaction that
// moves it on, or deletes it when it was the last and ActionAfterCompletion says so. A flexible
// window delays the call to a random moment of it. Calls that fail are tried again as the target's
// retry policy says (24 hours, 185 attempts unless it says otherwise), then go to its dead-letter
// queue. A time that came while the program was down is made up if it is at most a minute late.
#pragma once

#include "aws/client.h"
#include "aws/deliveries.h"
#include "aws/schedule_expression.h"
#include "services/scheduler/schema.h"

namespace unkai::services::scheduler {

class Clock final : public aws::Deliverer {
public:
    Clock(Env& env, store::Store& store, aws::Client& client);

    aws::Deliveries& outbox() { return outbox_; }
    Task<void> run(Stop& stop);
    Task<aws::Outcome> deliver(aws::Delivery delivery) override;

private:
    std::optional<Time> next_of(const StoredSchedule& schedule, Time late) const;
    Task<Status> fire(ScheduleKey key, Time due);
    Task<Status> to_dead_letters(const OwedCall& owed, const Error& why, int64_t attempts);

    Env& env_;
    store::Store& store_;
    aws::Client& client_;
    aws::Deliveries outbox_;
    std::unique_ptr<store::Store::Watch> watch_;
    Event changed_;
    bool look_ = true;  // Schedules changed since the last look.
};

// When it comes next after `after`, within its start and end. Pure but for time zones.
std::optional<Time> next_time(const StoredSchedule& schedule, Time after);
std::string schedule_arn(const ScheduleKey& key);

}  // namespace unkai::services::scheduler
