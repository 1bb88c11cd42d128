// Does what changes of alarms' states owe: publishes to SNS, invokes Lambda functions.
//
//     scope.spawn(notifier.run(stop));
//
// The actions lie in the store since the change itself, and are erased, with their history, after
// they were done: at least once, whatever is killed when. What fails for a time is tried again with
// growing pauses; what can never work (no such topic) is given up at once, and the history says
// so. A scaling policy sees its alarms by itself (Application Auto Scaling asks every 10 s): here
// it is only looked for.
#pragma once

#include "aws/client.h"
#include "rt/env.h"
#include "rt/event.h"
#include "services/cloudwatch/alarms.h"

namespace unkai::services::cloudwatch {

class Notifier {
public:
    static constexpr int32_t most_attempts = 10;

    Notifier(Env& env, store::Store& store, aws::Client& client)
        : env_(env), store_(store), client_(client) {}
    Task<void> run(Stop& stop);
    // All that is due now.
    Task<Status> deliver_due();

private:
    using Key = std::tuple<std::string, std::string, int64_t>;
    Task<Status> act(Key key, OwedAction action);
    Task<Status> publish(Key key, OwedAction action);
    Task<Status> invoke(Key key, OwedAction action);
    Task<Status> find_policy(Key key, OwedAction action);
    Task<Status> finish(Key key, OwedAction action, Status done);

    Env& env_;
    store::Store& store_;
    aws::Client& client_;
    Event changed_;
    Time next_;  // When the next action is due.
};

}  // namespace unkai::services::cloudwatch
