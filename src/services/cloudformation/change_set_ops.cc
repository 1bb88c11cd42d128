#include "aws/paging.h"
#include "services/cloudformation/cloudformation.h"

namespace unkai::services::cloudformation {

namespace {

constexpr const char* no_changes =
    "The submitted information didn't contain changes. Submit different information to create a "
    "change set.";

struct Found {
    StackRecord stack;
    ChangeSetRecord change_set;
};

// By ARN alone, or by name within a stack.
Result<Found> find_change_set(aws::Call& call, const std::string& name,
                              const std::optional<std::string>& stack_name) {
    const bool by_arn = name.starts_with("arn:");
    if (!by_arn && !stack_name)
        return validation_error(
            "StackName must be specified if ChangeSetName is not specified as an ARN.");
    std::string stack_id;
    if (stack_name) {
        TRY(const StackRecord stack,
            find_stack(call.txn(), call.account, call.region, *stack_name));
        stack_id = stack.id;
    }
    for (auto& [key, change_set] : schema::change_sets.list(call.txn())) {
        if (!stack_id.empty() && change_set.stack_id != stack_id) continue;
        if ((by_arn ? change_set.arn : change_set.name) != name) continue;
        auto stack = schema::stacks.get(call.txn(), {change_set.stack_id});
        if (stack && stack->account == call.account && stack->region == call.region)
            return Found{*std::move(stack), std::move(change_set)};
    }
    return errors::ChangeSetNotFoundException("ChangeSet [" + name + "] does not exist");
}

void put(aws::Call& call, const ChangeSetRecord& change_set) {
    schema::change_sets.put(call.txn(), {change_set.stack_id, change_set.id}, change_set);
}

void erase(aws::Call& call, const ChangeSetRecord& change_set) {
    schema::change_sets.erase(call.txn(), {change_set.stack_id, change_set.id});
    schema::templates.erase(call.txn(), {change_set.stack_id, change_set.id});
}

api::Change describe(const PlannedChange& change) {
    api::Change out;
    out.type = "Resource";
    auto& resource = out.resource_change.emplace();
    resource.action = change.action;
    resource.logical_resource_id = change.logical_id;
    if (!change.physical_id.empty()) resource.physical_resource_id = change.physical_id;
    resource.resource_type = change.type;
    if (change.action != "Modify") return out;
    resource.replacement = change.replacement;
    resource.scope.push_back("Properties");
    for (const std::string& name : change.properties) {
        api::ResourceChangeDetail detail;
        auto& target = detail.target.emplace();
        target.attribute = "Properties";
        target.name = name;
        target.requires_recreation = change.replacement == "True"    ? "Always"
                                     : change.replacement == "False" ? "Never"
                                                                     : "Conditionally";
        detail.evaluation = "Static";
        detail.change_source = "DirectModification";
        resource.details.push_back(std::move(detail));
    }
    return out;
}

// The name of one that was carried out is free.
Status free_name(aws::Call& call, const StackRecord& stack, const std::string& name) {
    for (const auto& [key, other] : schema::change_sets.list(call.txn(), stack.id)) {
        if (other.name != name) continue;
        if (other.execution_status != "EXECUTE_COMPLETE")
            return errors::AlreadyExistsException("ChangeSet " + name + " already exists");
        erase(call, other);
    }
    return ok();
}

}  // namespace

Task<Result<api::CreateChangeSetOutput>> CloudFormation::CreateChangeSet(
    aws::Call& call, const api::CreateChangeSetInput& in) {
    const std::string type = in.change_set_type.value_or("UPDATE");
    if (type == "IMPORT" || in.resources_to_import.size() > 0)
        co_return validation_error(
            "Unkai imports no resources into stacks. Use the type CREATE or UPDATE.");
    store::Txn reading = call.store.begin();
    std::optional<StackRecord> before;
    if (auto found = find_stack(reading, call.account, call.region, in.stack_name))
        before = *std::move(found);
    const bool in_review = before && before->status == "REVIEW_IN_PROGRESS";
    if (type == "CREATE" && before && !in_review)
        co_return validation_error(
            "Stack [" + in.stack_name +
            "] already exists and cannot be created again with the changeSet [" +
            in.change_set_name + "].");
    if (type == "UPDATE") {
        if (!before) co_return validation_error("Stack [" + in.stack_name + "] does not exist");
        CO_REQUIRE(check_updatable(*before));
    }
    Request request{.template_body = in.template_body,
                    .template_url = in.template_url,
                    .previous_template = in.use_previous_template.value_or(false),
                    .parameters = in.parameters,
                    .tags = in.tags,
                    .tags_given = in.tags.given(),
                    .notification_arns = in.notification_arns,
                    .capabilities = in.capabilities};
    CO_TRY(const Prepared prepared, co_await prepare(call, std::move(request), before));

    StackRecord stack;
    if (before) {
        CO_TRY(stack, find_stack(call.txn(), call.account, call.region, before->arn));
    } else {
        if (schema::names.has(call.txn(), {call.account, call.region, in.stack_name}))
            co_return errors::AlreadyExistsException("Stack [" + in.stack_name +
                                                     "] already exists");
        stack = new_stack(call, in.stack_name);
        stack.capabilities = in.capabilities;
        set_stack_status(call.txn(), stack, "REVIEW_IN_PROGRESS", "User Initiated", call.now,
                         call.env.random);
    }
    CO_REQUIRE(free_name(call, stack, in.change_set_name));
    ChangeSetRecord made{.id = call.env.random.uuid(),
                         .name = in.change_set_name,
                         .stack_id = stack.id,
                         .description = in.description.value_or(""),
                         .type = type,
                         .status = "CREATE_COMPLETE",
                         .execution_status = "AVAILABLE",
                         .created = call.now,
                         .inputs = prepared.inputs};
    made.arn = call.arn("cloudformation", "changeSet/" + made.name + "/" + made.id);
    made.capabilities = in.capabilities;
    made.on_failure = in.on_stack_failure.value_or("");
    made.role_arn = in.role_arn.value_or("");
    CO_TRY(made.changes, changes_of(call, prepared, stack));
    if (type == "UPDATE" && made.changes.empty() && changes_nothing_else(call, prepared, stack)) {
        made.status = "FAILED";
        made.reason = no_changes;
        made.execution_status = "UNAVAILABLE";
    }
    put_template(call.txn(), stack.id, made.id, prepared.body);
    put(call, made);
    co_return api::CreateChangeSetOutput{.id = made.arn, .stack_id = stack.arn};
}

Result<api::DescribeChangeSetOutput> CloudFormation::DescribeChangeSet(
    aws::Call& call, const api::DescribeChangeSetInput& in) {
    TRY(const Found found, find_change_set(call, in.change_set_name, in.stack_name));
    const auto& [stack, change_set] = found;
    api::DescribeChangeSetOutput out;
    out.change_set_name = change_set.name;
    out.change_set_id = change_set.arn;
    out.stack_id = stack.arn;
    out.stack_name = stack.name;
    if (!change_set.description.empty()) out.description = change_set.description;
    out.parameters = parameter_list(change_set.inputs);
    out.creation_time = change_set.created;
    out.execution_status = change_set.execution_status;
    out.status = change_set.status;
    if (!change_set.reason.empty()) out.status_reason = change_set.reason;
    for (const std::string& capability : change_set.capabilities)
        out.capabilities.push_back(capability);
    out.tags = tag_list(change_set.inputs.tags);
    if (!change_set.on_failure.empty()) out.on_stack_failure = change_set.on_failure;
    TRY(const auto page,
        aws::page(
            change_set.changes, [](const PlannedChange& one) { return one.logical_id; },
            std::nullopt, limits::resources * 2));
    for (const PlannedChange* change : page.items) out.changes.push_back(describe(*change));
    return out;
}

Result<api::ExecuteChangeSetOutput> CloudFormation::ExecuteChangeSet(
    aws::Call& call, const api::ExecuteChangeSetInput& in) {
    TRY(Found found, find_change_set(call, in.change_set_name, in.stack_name));
    auto& [stack, change_set] = found;
    if (change_set.execution_status != "AVAILABLE")
        return errors::InvalidChangeSetStatusException(
            "ChangeSet [" + change_set.arn +
            "] cannot be executed in its current execution status of [" +
            change_set.execution_status + "]");
    Prepared prepared{.body = template_text(call.txn(), stack.id, change_set.id),
                      .inputs = change_set.inputs};
    TRY(prepared.declared, parse_template(prepared.body));
    stack.capabilities = change_set.capabilities;
    stack.change_set_id = change_set.arn;
    stack.role_arn = change_set.role_arn;
    stack.client_token = in.client_request_token.value_or("");
    if (!change_set.on_failure.empty())
        stack.on_failure = change_set.on_failure;
    else
        stack.on_failure = in.disable_rollback.value_or(false) ? "DO_NOTHING" : "ROLLBACK";
    for (const auto& [key, other] : schema::change_sets.list(call.txn(), stack.id))
        if (other.id != change_set.id) erase(call, other);
    change_set.execution_status = "EXECUTE_COMPLETE";
    put(call, change_set);
    if (stack.status == "REVIEW_IN_PROGRESS") {
        begin_create(call, stack, prepared, engine_);
    } else {
        REQUIRE(check_updatable(stack));
        begin_update(call, stack, prepared, engine_);
    }
    return api::ExecuteChangeSetOutput{};
}

Result<api::DeleteChangeSetOutput> CloudFormation::DeleteChangeSet(
    aws::Call& call, const api::DeleteChangeSetInput& in) {
    const auto found = find_change_set(call, in.change_set_name, in.stack_name);
    if (!found) {
        if (found.error().is("ChangeSetNotFound")) return api::DeleteChangeSetOutput{};
        return found.error();
    }
    erase(call, found->change_set);
    return api::DeleteChangeSetOutput{};
}

Result<api::ListChangeSetsOutput> CloudFormation::ListChangeSets(
    aws::Call& call, const api::ListChangeSetsInput& in) {
    TRY(const StackRecord stack, find_stack(call.txn(), call.account, call.region, in.stack_name));
    std::vector<ChangeSetRecord> rows;
    for (auto& [key, change_set] : schema::change_sets.list(call.txn(), stack.id))
        rows.push_back(std::move(change_set));
    TRY(const auto page,
        aws::page(rows, [](const ChangeSetRecord& one) { return one.id; }, in.next_token, 100));
    api::ListChangeSetsOutput out;
    for (const ChangeSetRecord* one : page.items) {
        api::ChangeSetSummary row;
        row.stack_id = stack.arn;
        row.stack_name = stack.name;
        row.change_set_id = one->arn;
        row.change_set_name = one->name;
        row.execution_status = one->execution_status;
        row.status = one->status;
        if (!one->reason.empty()) row.status_reason = one->reason;
        row.creation_time = one->created;
        if (!one->description.empty()) row.description = one->description;
        out.summaries.push_back(std::move(row));
    }
    out.next_token = page.next;
    return out;
}

}  // namespace unkai::services::cloudformation
