#include "base/strings.h"
#include "services/cloudformation/cloudformation.h"
#include "services/cloudformation/parameters.h"

namespace unkai::services::cloudformation {

namespace {

Status check_name(const std::string& name) {
    const bool good =
        !name.empty() && name.size() <= 128 && isalpha(static_cast<unsigned char>(name[0])) &&
        std::all_of(name.begin(), name.end(),
                    [](char c) { return isalnum(static_cast<unsigned char>(c)) || c == '-'; });
    if (good) return ok();
    return validation_error(
        "1 validation error detected: Value '" + name +
        "' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression "
        "pattern: [a-zA-Z][-a-zA-Z0-9]*");
}

template <class In>
Request request_of(const In& in) {
    Request made;
    made.template_body = in.template_body;
    made.template_url = in.template_url;
    made.parameters = in.parameters;
    made.tags = in.tags;
    made.tags_given = in.tags.given();
    made.notification_arns = in.notification_arns;
    made.capabilities = in.capabilities;
    return made;
}

// Whose exports another stack imports cannot go.
Status check_exports(store::Txn& txn, const StackRecord& stack) {
    for (const StackRecord& other : list_stacks(txn, stack.account, stack.region))
        for (const OutputRecord& output : stack.outputs)
            if (other.id != stack.id && !output.export_name.empty() &&
                other.imports.contains(output.export_name))
                return validation_error("Export " + output.export_name +
                                        " cannot be deleted as it is in use by " + other.name);
    return ok();
}

}  // namespace

StackRecord new_stack(aws::Call& call, const std::string& name) {
    StackRecord stack{.id = call.env.random.uuid(),
                      .name = name,
                      .account = call.account,
                      .region = call.region,
                      .principal = call.principal,
                      .created = call.now,
                      .on_failure = "ROLLBACK"};
    stack.arn = call.arn("cloudformation", "stack/" + name + "/" + stack.id);
    schema::names.put(call.txn(), {call.account, call.region, name}, {stack.id});
    return stack;
}

void begin_create(aws::Call& call, StackRecord& stack, const Prepared& prepared, Engine& engine) {
    stack.current = prepared.inputs;
    stack.description = prepared.declared.description;
    if (stack.timeout_minutes > 0)
        stack.deadline = call.now + std::chrono::minutes{stack.timeout_minutes};
    put_template(call.txn(), stack.id, "current", prepared.body);
    set_stack_status(call.txn(), stack, "CREATE_IN_PROGRESS", "User Initiated", call.now,
                     call.env.random);
    call.after_commit([&engine, id = stack.id] { engine.start(id); });
}

void begin_update(aws::Call& call, StackRecord& stack, const Prepared& prepared, Engine& engine) {
    // A failed update that was kept is no state to go back to.
    if (stack.status != "UPDATE_FAILED") {
        stack.previous = stack.current;
        put_template(call.txn(), stack.id, "previous",
                     template_text(call.txn(), stack.id, "current"));
    }
    stack.current = prepared.inputs;
    stack.updated = call.now;
    stack.principal = call.principal;
    put_template(call.txn(), stack.id, "current", prepared.body);
    set_stack_status(call.txn(), stack, "UPDATE_IN_PROGRESS", "User Initiated", call.now,
                     call.env.random);
    call.after_commit([&engine, id = stack.id] { engine.start(id); });
}

bool changes_nothing_else(aws::Call& call, const Prepared& prepared, const StackRecord& stack) {
    const auto before = parse_template(template_text(call.txn(), stack.id, "current"));
    const auto& after = prepared.declared;
    if (!before || before->description != after.description ||
        before->outputs.size() != after.outputs.size())
        return false;
    for (size_t i = 0; i < after.outputs.size(); ++i) {
        const Output &a = before->outputs[i], &b = after.outputs[i];
        if (a.name != b.name || a.description != b.description || a.condition != b.condition ||
            !(a.value == b.value) || !(a.export_name == b.export_name))
            return false;
    }
    return prepared.inputs == stack.current;
}

Status check_updatable(const StackRecord& stack) {
    static constexpr std::string_view good[] = {"CREATE_COMPLETE", "UPDATE_COMPLETE",
                                                "UPDATE_ROLLBACK_COMPLETE", "CREATE_FAILED",
                                                "UPDATE_FAILED"};
    if (std::find(std::begin(good), std::end(good), stack.status) != std::end(good)) return ok();
    return validation_error("Stack:" + stack.arn + " is in " + stack.status +
                            " state and can not be updated.");
}

Task<Result<Texts>> CloudFormation::look_up(aws::Call& call, const Template& declared,
                                            const Texts& parameters) {
    Texts found;
    for (const Parameter& parameter : declared.parameters) {
        if (!parameter.is_ssm()) continue;
        const auto answer =
            co_await api_.call(aws::caller_of(call), "ssm", "GetParameter",
                               Json::object({{"Name", parameters.at(parameter.name)}}));
        if (!answer)
            co_return validation_error("Unable to fetch parameters [" +
                                       parameters.at(parameter.name) +
                                       "] from parameter store for this account.");
        found[parameter.name] = (*answer)["Parameter"]["Value"].text();
    }
    co_return found;
}

Task<Result<Prepared>> CloudFormation::prepare(aws::Call& call, Request request,
                                               std::optional<StackRecord> before) {
    Prepared made;
    if (request.previous_template) {
        store::Txn txn = call.store.begin();
        made.body = before ? template_text(txn, before->id, "current") : "";
        if (made.body.empty()) co_return validation_error("There is no previous template to use.");
    } else {
        CO_TRY(made.body,
               co_await fetch_template(call, request.template_body, request.template_url));
    }
    CO_TRY(made.declared, parse_template(made.body));
    CO_REQUIRE(check_types(made.declared, api_));
    CO_REQUIRE(check_capabilities(made.declared, request.capabilities));
    Texts given;
    for (const auto& parameter : request.parameters) {
        const std::string name = parameter.parameter_key.value_or("");
        if (!parameter.use_previous_value.value_or(false)) {
            given[name] = parameter.parameter_value.value_or("");
            continue;
        }
        if (!before || !before->current.parameters.contains(name))
            co_return validation_error(
                "Invalid input for parameter key " + name +
                ". Cannot specify usePreviousValue as true for a parameter key not in the "
                "previous template");
        given[name] = before->current.parameters.at(name);
    }
    CO_TRY(made.inputs.parameters, choose_parameters(made.declared, given));
    CO_TRY(made.inputs.resolved, co_await look_up(call, made.declared, made.inputs.parameters));
    for (const Parameter& parameter : made.declared.parameters)
        if (parameter.no_echo) made.inputs.hidden.insert(parameter.name);
    for (const auto& tag : request.tags) made.inputs.tags[tag.key] = tag.value;
    if (!request.tags_given && before) made.inputs.tags = before->current.tags;
    made.inputs.notification_arns = request.notification_arns;
    // Cycles, and references to what a condition leaves out, show with the parameters' values.
    const StackRecord stack =
        before ? *before : StackRecord{.account = call.account, .region = call.region};
    CO_TRY(const Values values, values_of(made.declared, made.inputs, stack));
    CO_REQUIRE(check_active_types(values));
    CO_TRY(const Graph graph, dependency_graph(values));
    co_return made;
}

Task<Result<api::CreateStackOutput>> CloudFormation::CreateStack(aws::Call& call,
                                                                 const api::CreateStackInput& in) {
    CO_REQUIRE(check_name(in.stack_name));
    if (in.disable_rollback && in.on_failure)
        co_return validation_error("You cannot specify both DisableRollback and OnFailure.");
    CO_TRY(const Prepared prepared, co_await prepare(call, request_of(in), std::nullopt));
    if (schema::names.has(call.txn(), {call.account, call.region, in.stack_name}))
        co_return errors::AlreadyExistsException("Stack [" + in.stack_name + "] already exists");
    StackRecord stack = new_stack(call, in.stack_name);
    stack.capabilities = in.capabilities;
    stack.on_failure =
        in.disable_rollback.value_or(false) ? "DO_NOTHING" : in.on_failure.value_or("ROLLBACK");
    stack.termination_protection = in.enable_termination_protection.value_or(false);
    stack.timeout_minutes = in.timeout_in_minutes.value_or(0);
    stack.role_arn = in.role_arn.value_or("");
    stack.client_token = in.client_request_token.value_or("");
    begin_create(call, stack, prepared, engine_);
    co_return api::CreateStackOutput{.stack_id = stack.arn};
}

Result<std::vector<PlannedChange>> CloudFormation::changes_of(aws::Call& call,
                                                              const Prepared& prepared,
                                                              const StackRecord& stack) {
    TRY(Values values, values_of(prepared.declared, prepared.inputs, stack));
    values.import_value = [&call, &stack](const std::string& name) -> Result<std::string> {
        store::Txn txn = call.store.begin();
        const auto found = schema::exports.get(txn, {stack.account, stack.region, name});
        if (!found) return validation_error("No export named " + name + " found.");
        return found->value;
    };
    values.availability_zones =
        [](const std::string& region) {  // A plan needs names that stay the same only.
            return std::vector<std::string>{region + "a", region + "b", region + "c"};
        };
    return plan_changes(std::move(values), list_resources(call.txn(), stack.id), api_);
}

Task<Result<api::UpdateStackOutput>> CloudFormation::UpdateStack(aws::Call& call,
                                                                 const api::UpdateStackInput& in) {
    store::Txn reading = call.store.begin();
    CO_TRY(const StackRecord before, find_stack(reading, call.account, call.region, in.stack_name));
    CO_REQUIRE(check_updatable(before));
    Request request = request_of(in);
    request.previous_template = in.use_previous_template.value_or(false);
    CO_TRY(const Prepared prepared, co_await prepare(call, std::move(request), before));
    CO_TRY(StackRecord stack, find_stack(call.txn(), call.account, call.region, before.arn));
    CO_REQUIRE(check_updatable(stack));
    CO_TRY(const auto changes, changes_of(call, prepared, stack));
    if (changes.empty() && changes_nothing_else(call, prepared, stack) &&
        !stack.status.ends_with("_FAILED"))
        co_return validation_error("No updates are to be performed.");
    stack.capabilities = in.capabilities;
    stack.on_failure = in.disable_rollback.value_or(false) ? "DO_NOTHING" : "ROLLBACK";
    stack.client_token = in.client_request_token.value_or("");
    begin_update(call, stack, prepared, engine_);
    co_return api::UpdateStackOutput{.stack_id = stack.arn};
}

Result<api::DeleteStackOutput> CloudFormation::DeleteStack(aws::Call& call,
                                                           const api::DeleteStackInput& in) {
    auto found = find_stack(call.txn(), call.account, call.region, in.stack_name);
    if (!found || found->status == "DELETE_COMPLETE") return api::DeleteStackOutput{};
    StackRecord& stack = *found;
    if (stack.termination_protection)
        return validation_error("Stack [" + stack.name +
                                "] cannot be deleted while TerminationProtection is enabled");
    if (in.retain_resources.size() > 0 && stack.status != "DELETE_FAILED")
        return validation_error(
            "Invalid operation on stack [" + stack.arn +
            "]. When you delete a stack, specify which resources to retain only when the stack is "
            "in the DELETE_FAILED state.");
    REQUIRE(check_exports(call.txn(), stack));
    stack.retained.insert(in.retain_resources.begin(), in.retain_resources.end());
    stack.client_token = in.client_request_token.value_or("");
    stack.deadline.reset();
    set_stack_status(call.txn(), stack, "DELETE_IN_PROGRESS", "User Initiated", call.now,
                     call.env.random);
    call.after_commit([this, id = stack.id] {
        engine_.cancel(id);
        engine_.start(id);
    });
    return api::DeleteStackOutput{};
}

Result<api::CancelUpdateStackOutput> CloudFormation::CancelUpdateStack(
    aws::Call& call, const api::CancelUpdateStackInput& in) {
    TRY(const StackRecord stack, find_stack(call.txn(), call.account, call.region, in.stack_name));
    if (stack.status != "UPDATE_IN_PROGRESS")
        return validation_error("CancelUpdateStack cannot be called from current stack status");
    call.after_commit([this, id = stack.id] { engine_.cancel(id); });
    return api::CancelUpdateStackOutput{};
}

Result<api::ContinueUpdateRollbackOutput> CloudFormation::ContinueUpdateRollback(
    aws::Call& call, const api::ContinueUpdateRollbackInput& in) {
    TRY(StackRecord stack, find_stack(call.txn(), call.account, call.region, in.stack_name));
    if (stack.status != "UPDATE_ROLLBACK_FAILED")
        return validation_error("Stack:" + stack.arn + " is in " + stack.status +
                                " state and can not continue update rollback.");
    if (in.resources_to_skip.size() > 0)
        return validation_error(
            "Unkai skips no resources when it continues a rollback. Leave out ResourcesToSkip.");
    set_stack_status(call.txn(), stack, "UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated", call.now,
                     call.env.random);
    call.after_commit([this, id = stack.id] { engine_.start(id); });
    return api::ContinueUpdateRollbackOutput{};
}

Result<api::UpdateTerminationProtectionOutput> CloudFormation::UpdateTerminationProtection(
    aws::Call& call, const api::UpdateTerminationProtectionInput& in) {
    TRY(StackRecord stack, find_stack(call.txn(), call.account, call.region, in.stack_name));
    stack.termination_protection = in.enable_termination_protection;
    put_stack(call.txn(), stack);
    return api::UpdateTerminationProtectionOutput{.stack_id = stack.arn};
}

}  // namespace unkai::services::cloudformation
