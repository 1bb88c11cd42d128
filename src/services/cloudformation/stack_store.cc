#include "services/cloudformation/stack_store.h"

#include "base/strings.h"

namespace unkai::services::cloudformation {

namespace {

void put_event(store::Txn& txn, const std::string& stack_id, EventRecord event) {
    // Events of one microsecond keep their order.
    static int64_t number = 0;
    schema::events.put(txn, {stack_id, event.at, ++number}, event);
}

}  // namespace

Result<StackRecord> find_stack(store::Txn& txn, const std::string& account,
                               const std::string& region, const std::string& name_or_arn) {
    std::optional<StackRecord> found;
    if (name_or_arn.starts_with("arn:")) {
        const auto parts = split(name_or_arn, '/');
        if (parts.size() == 3) found = schema::stacks.get(txn, {std::string(parts[2])});
        if (found && (found->account != account || found->region != region)) found.reset();
    } else if (const auto id = schema::names.get(txn, {account, region, name_or_arn})) {
        found = schema::stacks.get(txn, {id->body});
    }
    if (!found) return validation_error("Stack with id " + name_or_arn + " does not exist");
    return *std::move(found);
}

void put_stack(store::Txn& txn, const StackRecord& stack) {
    schema::stacks.put(txn, {stack.id}, stack);
}

void set_stack_status(store::Txn& txn, StackRecord& stack, std::string status, std::string reason,
                      Time now, Random& random) {
    stack.status = std::move(status);
    stack.reason = std::move(reason);
    put_stack(txn, stack);
    put_event(txn, stack.id,
              {.id = random.uuid(),
               .logical_id = stack.name,
               .physical_id = stack.arn,
               .type = "AWS::CloudFormation::Stack",
               .status = stack.status,
               .reason = stack.reason,
               .token = stack.client_token,
               .at = now});
}

void add_event(store::Txn& txn, const StackRecord& stack, const ResourceRecord& resource, Time now,
               Random& random) {
    put_event(txn, stack.id,
              {.id = resource.name + "-" + random.uuid(),
               .logical_id = resource.name,
               .physical_id = resource.now.id,
               .type = resource.now.type,
               .status = resource.status,
               .reason = resource.reason,
               .token = stack.client_token,
               .at = now});
}

std::vector<StackRecord> list_stacks(store::Txn& txn, const std::string& account,
                                     const std::string& region) {
    std::vector<StackRecord> found;
    for (auto& [key, stack] : schema::stacks.list(txn))
        if (stack.account == account && stack.region == region) found.push_back(std::move(stack));
    std::sort(found.begin(), found.end(),
              [](const StackRecord& a, const StackRecord& b) { return a.created > b.created; });
    return found;
}

std::vector<ResourceRecord> list_resources(store::Txn& txn, const std::string& stack_id) {
    std::vector<ResourceRecord> found;
    for (auto& [key, resource] : schema::resources.list(txn, stack_id))
        found.push_back(std::move(resource));
    return found;
}

std::string template_text(store::Txn& txn, const std::string& stack_id, const std::string& slot) {
    const auto found = schema::templates.get(txn, {stack_id, slot});
    return found ? found->body : "";
}

void put_template(store::Txn& txn, const std::string& stack_id, const std::string& slot,
                  std::string body) {
    schema::templates.put(txn, {stack_id, slot}, {std::move(body)});
}

bool in_progress(std::string_view status) {
    return status.ends_with("_IN_PROGRESS") && status != "REVIEW_IN_PROGRESS";
}

}  // namespace unkai::services::cloudformation
