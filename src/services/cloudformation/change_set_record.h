// What a stack is deployed from, and a change set: inputs that wait, with what they would change.
// Stored by schema.h.
#pragma once

#include "store/table.h"

namespace unkai::services::cloudformation {

using Texts = std::map<std::string, std::string>;

// What a stack is deployed from; the template's text lies in schema::templates.
struct Inputs {
    Texts parameters;  // As given, kept or defaulted.
    Texts resolved;    // Of SSM parameter types: the values that were looked up.
    Texts tags;
    std::vector<std::string> notification_arns;
    std::set<std::string> hidden;  // Parameters with NoEcho: shown as ****.
    bool operator==(const Inputs&) const = default;
    void fields(auto& field) {
        field(1, parameters);
        field(2, resolved);
        field(3, tags);
        field(4, notification_arns);
        field(5, hidden);
    }
};

struct PlannedChange {
    std::string action;  // Add, Modify, Remove
    std::string logical_id, physical_id, type;
    std::string replacement;              // True, False, Conditional; empty unless Modify.
    std::vector<std::string> properties;  // Names of those that differ.
    void fields(auto& field) {
        field(1, action);
        field(2, logical_id);
        field(3, physical_id);
        field(4, type);
        field(5, replacement);
        field(6, properties);
    }
};

struct ChangeSetRecord {
    std::string id, arn, name, stack_id, description;
    std::string type;  // CREATE, UPDATE
    std::string status, reason, execution_status;
    Time created;
    Inputs inputs;
    std::vector<std::string> capabilities;
    std::vector<PlannedChange> changes;
    std::string on_failure, role_arn;
    void fields(auto& field) {
        field(1, id);
        field(2, arn);
        field(3, name);
        field(4, stack_id);
        field(5, description);
        field(6, type);
        field(7, status);
        field(8, reason);
        field(9, execution_status);
        field(10, created);
        field(11, inputs);
        field(12, capabilities);
        field(13, changes);
        field(14, on_failure);
        field(15, role_arn);
    }
};

}  // namespace unkai::services::cloudformation
