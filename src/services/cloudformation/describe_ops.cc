#include "aws/paging.h"
#include "services/cloudformation/cloudformation.h"

namespace unkai::services::cloudformation {

namespace {

constexpr size_t page_size = 100;

api::Stack describe(const StackRecord& stack) {
    api::Stack out;
    out.stack_id = stack.arn;
    out.stack_name = stack.name;
    if (!stack.change_set_id.empty()) out.change_set_id = stack.change_set_id;
    if (!stack.description.empty()) out.description = stack.description;
    out.parameters = parameter_list(stack.current);
    out.creation_time = stack.created;
    out.deletion_time = stack.deleted;
    out.last_updated_time = stack.updated;
    out.stack_status = stack.status;
    if (!stack.reason.empty()) out.stack_status_reason = stack.reason;
    out.disable_rollback = stack.on_failure == "DO_NOTHING";
    for (const std::string& arn : stack.current.notification_arns)
        out.notification_arns.push_back(arn);
    if (stack.timeout_minutes > 0) out.timeout_in_minutes = stack.timeout_minutes;
    for (const std::string& capability : stack.capabilities) out.capabilities.push_back(capability);
    for (const OutputRecord& output : stack.outputs) {
        api::Output row;
        row.output_key = output.key;
        row.output_value = output.value;
        if (!output.description.empty()) row.description = output.description;
        if (!output.export_name.empty()) row.export_name = output.export_name;
        out.outputs.push_back(std::move(row));
    }
    if (!stack.role_arn.empty()) out.role_arn = stack.role_arn;
    out.tags = tag_list(stack.current.tags);
    out.enable_termination_protection = stack.termination_protection;
    out.drift_information.emplace().stack_drift_status = "NOT_CHECKED";
    return out;
}

api::StackEvent describe(const StackRecord& stack, const EventRecord& event) {
    api::StackEvent out;
    out.stack_id = stack.arn;
    out.event_id = event.id;
    out.stack_name = stack.name;
    out.logical_resource_id = event.logical_id;
    out.physical_resource_id = event.physical_id;
    out.resource_type = event.type;
    out.timestamp = event.at;
    out.resource_status = event.status;
    if (!event.reason.empty()) out.resource_status_reason = event.reason;
    if (!event.token.empty()) out.client_request_token = event.token;
    return out;
}

// Those that a description shows: all of a deleted stack, else what is there.
std::vector<ResourceRecord> shown_resources(aws::Call& call, const StackRecord& stack) {
    auto resources = list_resources(call.txn(), stack.id);
    if (stack.status != "DELETE_COMPLETE" && stack.status != "DELETE_IN_PROGRESS" &&
        stack.status != "DELETE_FAILED")
        std::erase_if(resources, [](const ResourceRecord& one) {
            return one.status == "DELETE_COMPLETE" || one.status == "DELETE_SKIPPED";
        });
    return resources;
}

template <class Out>
Out describe_resource(const ResourceRecord& resource) {
    Out out;
    out.logical_resource_id = resource.name;
    if (!resource.now.id.empty()) out.physical_resource_id = resource.now.id;
    out.resource_type = resource.now.type;
    out.resource_status = resource.status;
    if (!resource.reason.empty()) out.resource_status_reason = resource.reason;
    out.drift_information.emplace().stack_resource_drift_status = "NOT_CHECKED";
    return out;
}

}  // namespace

List<api::Parameter> parameter_list(const Inputs& inputs) {
    List<api::Parameter> list;
    for (const auto& [name, text] : inputs.parameters) {
        api::Parameter row;
        row.parameter_key = name;
        row.parameter_value = inputs.hidden.contains(name) ? "****" : text;
        if (const auto found = inputs.resolved.find(name); found != inputs.resolved.end())
            row.resolved_value = found->second;
        list.push_back(std::move(row));
    }
    return list;
}

List<api::Tag> tag_list(const Texts& tags) {
    List<api::Tag> list;
    for (const auto& [key, value] : tags) list.push_back({.key = key, .value = value});
    return list;
}

Result<api::DescribeStacksOutput> CloudFormation::DescribeStacks(
    aws::Call& call, const api::DescribeStacksInput& in) {
    api::DescribeStacksOutput out;
    if (in.stack_name) {
        TRY(const StackRecord stack,
            find_stack(call.txn(), call.account, call.region, *in.stack_name));
        out.stacks.push_back(describe(stack));
        return out;
    }
    std::vector<StackRecord> stacks = list_stacks(call.txn(), call.account, call.region);
    std::erase_if(stacks,
                  [](const StackRecord& stack) { return stack.status == "DELETE_COMPLETE"; });
    std::sort(stacks.begin(), stacks.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    TRY(const auto page,
        aws::page(
            stacks, [](const StackRecord& stack) { return stack.name; }, in.next_token, page_size));
    for (const StackRecord* stack : page.items) out.stacks.push_back(describe(*stack));
    out.next_token = page.next;
    return out;
}

Result<api::ListStacksOutput> CloudFormation::ListStacks(aws::Call& call,
                                                         const api::ListStacksInput& in) {
    std::vector<StackRecord> stacks = list_stacks(call.txn(), call.account, call.region);
    if (in.stack_status_filter.size() > 0)
        std::erase_if(stacks, [&](const StackRecord& stack) {
            return std::find(in.stack_status_filter.begin(), in.stack_status_filter.end(),
                             stack.status) == in.stack_status_filter.end();
        });
    // The youngest first, as AWS lists them.
    const auto key_of = [](const StackRecord& stack) {
        return store::key_prefix(INT64_MAX - micros(stack.created), stack.id);
    };
    std::sort(stacks.begin(), stacks.end(),
              [&](const auto& a, const auto& b) { return key_of(a) < key_of(b); });
    TRY(const auto page, aws::page(stacks, key_of, in.next_token, page_size));
    api::ListStacksOutput out;
    for (const StackRecord* stack : page.items) {
        api::StackSummary row;
        row.stack_id = stack->arn;
        row.stack_name = stack->name;
        if (!stack->description.empty()) row.template_description = stack->description;
        row.creation_time = stack->created;
        row.last_updated_time = stack->updated;
        row.deletion_time = stack->deleted;
        row.stack_status = stack->status;
        if (!stack->reason.empty()) row.stack_status_reason = stack->reason;
        row.drift_information.emplace().stack_drift_status = "NOT_CHECKED";
        out.stack_summaries.push_back(std::move(row));
    }
    out.next_token = page.next;
    return out;
}

Result<api::DescribeStackEventsOutput> CloudFormation::DescribeStackEvents(
    aws::Call& call, const api::DescribeStackEventsInput& in) {
    TRY(const StackRecord stack, find_stack(call.txn(), call.account, call.region, in.stack_name));
    struct Row {
        std::string key;
        EventRecord event;
    };
    std::vector<Row> rows;  // The youngest first.
    for (auto& [key, event] : schema::events.list(call.txn(), stack.id)) {
        const int64_t order = INT64_MAX - micros(std::get<1>(key));
        rows.push_back({store::key_prefix(order, INT64_MAX - std::get<2>(key)), std::move(event)});
    }
    std::reverse(rows.begin(), rows.end());
    TRY(const auto page,
        aws::page(rows, [](const Row& row) { return row.key; }, in.next_token, page_size));
    api::DescribeStackEventsOutput out;
    for (const Row* row : page.items) out.stack_events.push_back(describe(stack, row->event));
    out.next_token = page.next;
    return out;
}

Result<api::DescribeStackResourceOutput> CloudFormation::DescribeStackResource(
    aws::Call& call, const api::DescribeStackResourceInput& in) {
    TRY(const StackRecord stack, find_stack(call.txn(), call.account, call.region, in.stack_name));
    for (const ResourceRecord& resource : shown_resources(call, stack)) {
        if (resource.name != in.logical_resource_id) continue;
        auto detail = describe_resource<api::StackResourceDetail>(resource);
        detail.stack_name = stack.name;
        detail.stack_id = stack.arn;
        detail.last_updated_timestamp = resource.updated;
        detail.metadata = resource.metadata.empty() ? "{}" : resource.metadata;
        return api::DescribeStackResourceOutput{.stack_resource_detail = std::move(detail)};
    }
    return validation_error("Resource " + in.logical_resource_id + " does not exist for stack " +
                            in.stack_name);
}

Result<api::DescribeStackResourcesOutput> CloudFormation::DescribeStackResources(
    aws::Call& call, const api::DescribeStackResourcesInput& in) {
    std::optional<StackRecord> stack;
    if (in.stack_name) {
        TRY(stack, find_stack(call.txn(), call.account, call.region, *in.stack_name));
    } else if (in.physical_resource_id) {
        for (StackRecord& one : list_stacks(call.txn(), call.account, call.region))
            for (const ResourceRecord& resource : shown_resources(call, one))
                if (resource.now.id == *in.physical_resource_id && one.status != "DELETE_COMPLETE")
                    stack = one;
        if (!stack)
            return validation_error("Stack for " + *in.physical_resource_id + " does not exist");
    } else {
        return validation_error("Stack name and physical resource id cannot both be empty.");
    }
    api::DescribeStackResourcesOutput out;
    for (const ResourceRecord& resource : shown_resources(call, *stack)) {
        if (in.logical_resource_id && resource.name != *in.logical_resource_id) continue;
        auto row = describe_resource<api::StackResource>(resource);
        row.stack_name = stack->name;
        row.stack_id = stack->arn;
        row.timestamp = resource.updated;
        out.stack_resources.push_back(std::move(row));
    }
    return out;
}

Result<api::ListStackResourcesOutput> CloudFormation::ListStackResources(
    aws::Call& call, const api::ListStackResourcesInput& in) {
    TRY(const StackRecord stack, find_stack(call.txn(), call.account, call.region, in.stack_name));
    const auto resources = shown_resources(call, stack);
    TRY(const auto page, aws::page(
                             resources, [](const ResourceRecord& one) { return one.name; },
                             in.next_token, page_size));
    api::ListStackResourcesOutput out;
    for (const ResourceRecord* resource : page.items) {
        auto row = describe_resource<api::StackResourceSummary>(*resource);
        row.last_updated_timestamp = resource->updated;
        out.stack_resource_summaries.push_back(std::move(row));
    }
    out.next_token = page.next;
    return out;
}

Result<api::ListExportsOutput> CloudFormation::ListExports(aws::Call& call,
                                                           const api::ListExportsInput& in) {
    const auto rows = schema::exports.list(call.txn(), call.account, call.region);
    TRY(const auto page, aws::page(
                             rows, [](const auto& row) { return std::get<2>(row.first); },
                             in.next_token, page_size));
    api::ListExportsOutput out;
    for (const auto* row : page.items)
        out.exports.push_back({.exporting_stack_id = row->second.stack_arn,
                               .name = std::get<2>(row->first),
                               .value = row->second.value});
    out.next_token = page.next;
    return out;
}

Result<api::ListImportsOutput> CloudFormation::ListImports(aws::Call& call,
                                                           const api::ListImportsInput& in) {
    std::vector<std::string> names;
    for (const StackRecord& stack : list_stacks(call.txn(), call.account, call.region))
        if (stack.imports.contains(in.export_name)) names.push_back(stack.name);
    std::sort(names.begin(), names.end());
    if (names.empty())
        return validation_error("Export '" + in.export_name + "' is not imported by any stack.");
    TRY(const auto page,
        aws::page(names, [](const std::string& name) { return name; }, in.next_token, page_size));
    api::ListImportsOutput out;
    for (const std::string* name : page.items) out.imports.push_back(*name);
    out.next_token = page.next;
    return out;
}

}  // namespace unkai::services::cloudformation
