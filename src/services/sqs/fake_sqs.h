// A queue service for other services' tests: keeps what it is sent, or refuses it.
//
//     FakeSqs sqs;
//     dispatcher.add(api::sqs::bind(sqs));
//     sqs.refusals = {{"ServiceUnavailable", "", 503}};   // the first call's answer, then it takes
#pragma once

#include <deque>

#include "api/sqs.h"
#include "aws/call.h"

namespace unkai::services::sqs {

class FakeSqs final : public api::sqs::Service {
public:
    struct Sent {
        api::sqs::SendMessageInput message;
        aws::Principal principal;
        Time at;
    };
    std::vector<Sent> sent;
    std::deque<Error> refusals;

    Result<api::sqs::SendMessageOutput> SendMessage(aws::Call& call,
                                                    const api::sqs::SendMessageInput& in) override {
        if (!refusals.empty()) {
            Error error = refusals.front();
            refusals.pop_front();
            return error;
        }
        sent.push_back({in, call.principal, call.now});
        return api::sqs::SendMessageOutput{.message_id = "1"};
    }
    std::string bodies() const {
        std::string out;
        for (const Sent& one : sent) out += one.message.message_body + "\n";
        return out;
    }

#define REFUSE(Name)                                                                         \
    Result<api::sqs::Name##Output> Name(aws::Call&, const api::sqs::Name##Input&) override { \
        return fail("NotImplemented", "The fake queue does not have " #Name ".", 501);       \
    }
    REFUSE(CreateQueue)
    REFUSE(GetQueueUrl)
    REFUSE(GetQueueAttributes)
    REFUSE(SetQueueAttributes)
    REFUSE(ListQueues)
    REFUSE(DeleteQueue)
    REFUSE(PurgeQueue)
    REFUSE(SendMessageBatch)
    REFUSE(DeleteMessage)
    REFUSE(DeleteMessageBatch)
    REFUSE(ChangeMessageVisibility)
    REFUSE(ChangeMessageVisibilityBatch)
    REFUSE(AddPermission)
    REFUSE(RemovePermission)
    REFUSE(ListDeadLetterSourceQueues)
    REFUSE(StartMessageMoveTask)
    REFUSE(ListMessageMoveTasks)
    REFUSE(CancelMessageMoveTask)
    REFUSE(TagQueue)
    REFUSE(UntagQueue)
    REFUSE(ListQueueTags)
#undef REFUSE
    Task<Result<api::sqs::ReceiveMessageOutput>> ReceiveMessage(
        aws::Call&, const api::sqs::ReceiveMessageInput&) override {
        co_return fail("NotImplemented", "The fake queue does not have ReceiveMessage.", 501);
    }
};

}  // namespace unkai::services::sqs
