// AWS Lambda: functions, versions, aliases, layers, permissions, concurrency, invocation.
//
// https://docs.aws.amazon.com/lambda/latest/api/
// Operations read and write records (schema.h); the engine makes the world follow them (engine.h).
// Invocations go through the invoker (invoker.h), asynchronous ones through the queue
// (event_queue.h).
//
// For other services: Invoke by aws::Client as a service caller needs a statement in the function's
// resource policy (permission.h). Say for which resource you call by the principal's ARN:
//
//     aws::Caller caller = aws::service_caller("sns.amazonaws.com", account, region);
//     caller.principal.arn = topic_arn;                           // aws:SourceArn
#pragma once

#include "api/lambda.h"
#include "aws/call.h"
#include "services/lambda/engine.h"
#include "services/lambda/names.h"
#include "services/lambda/schema.h"

namespace unkai::services::lambda {

namespace errors = model::errors;

class Lambda final : public model::Service {
public:
    explicit Lambda(Engine& engine) : engine_(engine) {}

#define OPERATION(Name) \
    Result<model::Name##Output> Name(aws::Call& call, const model::Name##Input& in) override
#define WAITING_OPERATION(Name)                                                                  \
    unkai::Task<Result<model::Name##Output>> Name(aws::Call& call, const model::Name##Input& in) \
        override
    // function_ops.cc
    WAITING_OPERATION(CreateFunction);
    OPERATION(GetFunction);
    OPERATION(GetFunctionConfiguration);
    OPERATION(ListFunctions);
    OPERATION(DeleteFunction);
    // update_ops.cc
    WAITING_OPERATION(UpdateFunctionCode);
    WAITING_OPERATION(UpdateFunctionConfiguration);
    // version_ops.cc
    OPERATION(PublishVersion);
    OPERATION(ListVersionsByFunction);
    OPERATION(CreateAlias);
    OPERATION(UpdateAlias);
    OPERATION(GetAlias);
    OPERATION(ListAliases);
    OPERATION(DeleteAlias);
    // layer_ops.cc
    WAITING_OPERATION(PublishLayerVersion);
    OPERATION(GetLayerVersion);
    OPERATION(GetLayerVersionByArn);
    OPERATION(ListLayers);
    OPERATION(ListLayerVersions);
    OPERATION(DeleteLayerVersion);
    // permission_ops.cc
    OPERATION(AddPermission);
    OPERATION(RemovePermission);
    OPERATION(GetPolicy);
    // concurrency_ops.cc
    OPERATION(PutFunctionConcurrency);
    OPERATION(GetFunctionConcurrency);
    OPERATION(DeleteFunctionConcurrency);
    OPERATION(GetAccountSettings);
    // event_config_ops.cc
    OPERATION(PutFunctionEventInvokeConfig);
    OPERATION(UpdateFunctionEventInvokeConfig);
    OPERATION(GetFunctionEventInvokeConfig);
    OPERATION(ListFunctionEventInvokeConfigs);
    OPERATION(DeleteFunctionEventInvokeConfig);
    // mapping_ops.cc
    WAITING_OPERATION(CreateEventSourceMapping);
    OPERATION(UpdateEventSourceMapping);
    OPERATION(GetEventSourceMapping);
    OPERATION(ListEventSourceMappings);
    OPERATION(DeleteEventSourceMapping);
    // url_ops.cc
    OPERATION(CreateFunctionUrlConfig);
    OPERATION(UpdateFunctionUrlConfig);
    OPERATION(GetFunctionUrlConfig);
    OPERATION(ListFunctionUrlConfigs);
    OPERATION(DeleteFunctionUrlConfig);
    // tag_ops.cc
    OPERATION(TagResource);
    OPERATION(UntagResource);
    OPERATION(ListTags);
    // invoke_ops.cc
    WAITING_OPERATION(Invoke);
#undef OPERATION
#undef WAITING_OPERATION

private:
    Engine& engine_;
};

// Shared by the operations' files.
inline Place place_of(const aws::Call& call) { return {call.account, call.region}; }
// A function that is there, from what the caller said. Error: ResourceNotFoundException.
struct Found {
    FunctionName name;
    StoredFunction function;
};
Result<Found> find_function(aws::Call& call, std::string_view text,
                            const std::optional<std::string>& qualifier = {});
Error function_missing(const FunctionName& name);
// The version that a qualifier means (an alias's main one), with the ARN that was asked for.
// Error: ResourceNotFoundException.
struct FoundVersion {
    int64_t number = 0;
    StoredVersion version;
};
Result<FoundVersion> find_version(aws::Call& call, const FunctionName& name);
// A version, $LATEST or an alias that is there ("" is the function itself). Error:
// ResourceNotFoundException.
Status check_qualifier(aws::Call& call, const FunctionName& name);
VersionKey version_key(const FunctionName& name, int64_t number);
// A fresh random RevisionId.
std::string new_revision(aws::Call& call);
// Error: PreconditionFailedException.
Status check_revision(const std::optional<std::string>& given, const std::string& now);
// Copies $LATEST to the next number; the last one when nothing changed since it was published.
Result<model::FunctionConfiguration> publish(aws::Call& call, Engine& engine,
                                             const FunctionName& name, StoredFunction& function,
                                             const std::optional<std::string>& description);
// Error ResourceConflictException while an update is on its way.
Status check_settled(const FunctionName& name, const model::FunctionConfiguration& shape);
// A link to a package, good for ten minutes.
std::string package_link(aws::Call& call, const Engine& engine, const StoredCode& code);

}  // namespace unkai::services::lambda
