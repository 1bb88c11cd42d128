// AWS CloudFormation: stacks, change sets, exports.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/
// Templates: template.h, evaluate.h. Resource types: resource_type.h, resources/. What an operation
// sets going is done by the engine (engine.h, stack_run.h), whose state is the store.
#pragma once

#include "api/cloudformation.h"
#include "services/cloudformation/engine.h"

namespace unkai::services::cloudformation {

namespace api = unkai::api::cloudformation;
namespace errors = unkai::api::cloudformation::errors;

// What CreateStack, UpdateStack and CreateChangeSet have in common.
struct Request {
    std::optional<std::string> template_body, template_url;
    bool previous_template = false;
    List<api::Parameter> parameters;
    List<api::Tag> tags;
    bool tags_given = false;
    std::vector<std::string> notification_arns, capabilities;
};

// A request that has been read and checked.
struct Prepared {
    std::string body;
    Template declared;
    Inputs inputs;
};

class CloudFormation final : public api::Service {
public:
    CloudFormation(Engine& engine, Api& api) : engine_(engine), api_(api) {}

#define OPERATION(Name) \
    Result<api::Name##Output> Name(aws::Call& call, const api::Name##Input& in) override
#define WAITING_OPERATION(Name) \
    Task<Result<api::Name##Output>> Name(aws::Call& call, const api::Name##Input& in) override
    // stack_ops.cc
    WAITING_OPERATION(CreateStack);
    WAITING_OPERATION(UpdateStack);
    OPERATION(DeleteStack);
    OPERATION(CancelUpdateStack);
    OPERATION(ContinueUpdateRollback);
    OPERATION(UpdateTerminationProtection);
    // describe_ops.cc
    OPERATION(DescribeStacks);
    OPERATION(ListStacks);
    OPERATION(DescribeStackEvents);
    OPERATION(DescribeStackResource);
    OPERATION(DescribeStackResources);
    OPERATION(ListStackResources);
    OPERATION(ListExports);
    OPERATION(ListImports);
    // template_ops.cc
    OPERATION(GetTemplate);
    WAITING_OPERATION(GetTemplateSummary);
    WAITING_OPERATION(ValidateTemplate);
    // change_set_ops.cc
    WAITING_OPERATION(CreateChangeSet);
    OPERATION(DescribeChangeSet);
    OPERATION(ExecuteChangeSet);
    OPERATION(DeleteChangeSet);
    OPERATION(ListChangeSets);
#undef OPERATION
#undef WAITING_OPERATION

private:
    // The text of a template, from the request or from S3.
    Task<Result<std::string>> fetch_template(aws::Call& call, std::optional<std::string> body,
                                             std::optional<std::string> url);
    // Reads and checks a request; `before` is the stack that it updates. Waits for S3 and SSM.
    Task<Result<Prepared>> prepare(aws::Call& call, Request request,
                                   std::optional<StackRecord> before);
    Task<Result<Texts>> look_up(aws::Call& call, const Template& declared, const Texts& parameters);
    // What an update would change; empty when nothing.
    Result<std::vector<PlannedChange>> changes_of(aws::Call& call, const Prepared& prepared,
                                                  const StackRecord& stack);

    Engine& engine_;
    Api& api_;
};

// Shared by the operations' files.
StackRecord new_stack(aws::Call& call, const std::string& name);
void begin_update(aws::Call& call, StackRecord& stack, const Prepared& prepared, Engine& engine);
void begin_create(aws::Call& call, StackRecord& stack, const Prepared& prepared, Engine& engine);
Status check_updatable(const StackRecord& stack);
// Inputs, outputs and description are what they are: with no resource to change there is no update.
bool changes_nothing_else(aws::Call& call, const Prepared& prepared, const StackRecord& stack);
List<api::Parameter> parameter_list(const Inputs& inputs);
List<api::Tag> tag_list(const Texts& tags);

}  // namespace unkai::services::cloudformation
