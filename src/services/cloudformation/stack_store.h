// Stacks in the store: looking up, changing their status with the event that tells of it.
#pragma once

#include "services/cloudformation/schema.h"
#include "services/cloudformation/template.h"

namespace unkai::services::cloudformation {

// By name (those not deleted) or by ARN. Error: "Stack with id X does not exist".
Result<StackRecord> find_stack(store::Txn& txn, const std::string& account,
                               const std::string& region, const std::string& name_or_arn);
void put_stack(store::Txn& txn, const StackRecord& stack);

// Sets status and reason, and writes the event. `physical_id` of a stack's events is its ARN.
void set_stack_status(store::Txn& txn, StackRecord& stack, std::string status, std::string reason,
                      Time now, Random& random);
void add_event(store::Txn& txn, const StackRecord& stack, const ResourceRecord& resource, Time now,
               Random& random);

std::vector<StackRecord> list_stacks(store::Txn& txn, const std::string& account,
                                     const std::string& region);
std::vector<ResourceRecord> list_resources(store::Txn& txn, const std::string& stack_id);
std::string template_text(store::Txn& txn, const std::string& stack_id, const std::string& slot);
void put_template(store::Txn& txn, const std::string& stack_id, const std::string& slot,
                  std::string body);

// Is something under way that the engine must carry on?
bool in_progress(std::string_view status);

}  // namespace unkai::services::cloudformation
