// Moves messages from dead-letter queues back: StartMessageMoveTask's work.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/
// API_StartMessageMoveTask.html
// A task moves what may be received when its turn comes, a batch every 100 ms, each batch and the
// task's own count in one transaction: kill -9 neither loses nor doubles a message. A task that ran
// goes on after a restart. It ends when the queue has nothing left that was there at its start.
#pragma once

#include "services/sqs/queues.h"

namespace unkai::services::sqs {

using MoveKey = std::tuple<std::string, int64_t>;  // As schema::moves.

class Mover {
public:
    static constexpr Duration period = std::chrono::milliseconds(100);

    explicit Mover(Queues& queues) : queues_(queues) {}

    // Runs all tasks that are RUNNING or CANCELLING, and those that begin later; until stopped.
    Task<void> run(Stop& stop);
    void begin();  // After the commit of a new task.

private:
    Task<Status> step(MoveKey key, bool& more);
    // Where this message goes; nullptr when it cannot go anywhere.
    QueuePointer destination(const StoredMove& move, const StoredMessage& message) const;

    Queues& queues_;
    Event begun_;
    bool look_ = false;  // Something began since the last look.
};

}  // namespace unkai::services::sqs
