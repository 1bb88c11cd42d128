// Targets: what EventBridge and EventBridge Scheduler call when the time or an event has come.
//
//     REQUIRE(check_target(arn));                       // one that Unkai has
//     co_await call_target(client, env, {.arn = …, .input = …, .caller = …});
//
// Lambda functions (asynchronously), SQS queues, SNS topics, ECS tasks on a cluster, log groups,
// event buses. Errors are the target's own; may_pass() says whether trying again may help.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
#pragma once

#include "aws/client.h"

namespace unkai::aws {

struct TargetCall {
    std::string arn;
    std::string input;           // What the target gets.
    Caller caller;               // Its region is replaced by the target's.
    std::string group;           // SQS FIFO queues: MessageGroupId.
    std::string id;              // Of this delivery: FIFO deduplication, and the tasks' startedBy.
    std::string ecs_parameters;  // JSON as both services have it; needed for clusters.
    std::string source, detail_type;  // Buses: of the event that is put.
};

// ValidationException: the sentence names the service that Unkai does not have.
Status check_target(std::string_view arn);
Task<Status> call_target(Client& client, Env& env, TargetCall target);
bool may_pass(const Error& error);

}  // namespace unkai::aws
