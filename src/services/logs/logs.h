// Amazon CloudWatch Logs: groups, streams, events, filters, retention.
//
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/
// Everything lies in the store (schema.h); events in chunks (event_log.h). Operations never wait.
// Retention and deleted groups are cleared by the sweeper; reads leave out what has expired at
// once.
#pragma once

#include "api/logs.h"
#include "aws/call.h"
#include "services/logs/event_log.h"
#include "services/logs/schema.h"

namespace unkai::services::logs {

using namespace api::logs;
namespace errors = api::logs::errors;
using StoredGroup = services::logs::LogGroup;
using StoredStream = services::logs::LogStream;

class Logs final : public api::logs::Service {
public:
#define OPERATION(Name) Result<Name##Output> Name(aws::Call& call, const Name##Input& in) override
    // group_ops.cc
    OPERATION(CreateLogGroup);
    OPERATION(DeleteLogGroup);
    OPERATION(DescribeLogGroups);
    OPERATION(PutRetentionPolicy);
    OPERATION(DeleteRetentionPolicy);
    // stream_ops.cc
    OPERATION(CreateLogStream);
    OPERATION(DeleteLogStream);
    OPERATION(DescribeLogStreams);
    // event_ops.cc
    OPERATION(PutLogEvents);
    OPERATION(GetLogEvents);
    OPERATION(FilterLogEvents);
    // tag_ops.cc
    OPERATION(TagResource);
    OPERATION(UntagResource);
    OPERATION(ListTagsForResource);
    OPERATION(TagLogGroup);
    OPERATION(UntagLogGroup);
    OPERATION(ListTagsLogGroup);
#undef OPERATION
};

// Shared by the operations' files. Errors: ResourceNotFoundException, InvalidParameterException.
Result<StoredGroup> find_group(aws::Call& call, const std::string& name);
Result<StoredStream> find_stream(aws::Call& call, const StoredGroup& group,
                                 const std::string& name);
void put_group(aws::Call& call, const StoredGroup& group);
// The group's name from either member of an input; an identifier may be a name or an ARN.
Result<std::string> group_name(const std::optional<std::string>& name,
                               const std::optional<std::string>& identifier);
std::string group_arn(const aws::Call& call, const std::string& name);  // Without ":*".
// Events before this time have expired; 0 when nothing expires.
int64_t expiry(const StoredGroup& group, Time now);
Status check_tags(const std::map<std::string, std::string>& tags);

}  // namespace unkai::services::logs
