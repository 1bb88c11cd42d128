// Where the records of asynchronous invocations go: destinations and dead-letter queues.
//
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
// Delivered in the name of the function's execution role. A delivery that fails is tried five
// times within half a minute.
#pragma once

#include <optional>
#include <string>

#include "aws/client.h"
#include "rt/env.h"
#include "services/lambda/invoker.h"

namespace unkai::services::lambda {

// What a destination is told. Pure.
struct InvocationRecord {
    Time at;
    std::string request_id, function_arn;
    std::string condition;  // Success, RetriesExhausted, EventAgeExceeded, ZeroReservedConcurrency
    int64_t invoke_count = 0;
    std::string request_payload;  // JSON.
    std::optional<Invoked> last;  // Of the last attempt that ran.
};
std::string record_document(const InvocationRecord& record);

// The message of a dead-letter queue: the event itself, and why.
struct DeadLetter {
    std::string request_id, error_code, error_message, payload;
};

class Destinations {
public:
    Destinations(Env& env, aws::Client& client, Stop& stop)
        : env_(env), client_(client), stop_(stop) {}

    // `arn` of SQS, SNS, Lambda or an event bus. `success` names the detail type for a bus.
    unkai::Task<Status> deliver(aws::Caller caller, std::string arn, std::string document,
                                bool success, std::string function_arn);
    unkai::Task<Status> bury(aws::Caller caller, std::string arn, DeadLetter letter);

private:
    unkai::Task<Status> deliver_once(const aws::Caller& caller, const std::string& arn,
                                     const std::string& document, bool success,
                                     const std::string& function_arn);
    unkai::Task<Status> bury_once(const aws::Caller& caller, const std::string& arn,
                                  const DeadLetter& letter);
    unkai::Task<Result<std::string>> queue_url(const aws::Caller& caller, const std::string& arn);

    Env& env_;
    aws::Client& client_;
    Stop& stop_;
};

// Whether it may be a destination. Error: InvalidParameterValueException.
Status check_destination(const std::string& arn, const std::string& function_arn);

}  // namespace unkai::services::lambda
