// Every key and record that cloudformation stores. A stack's status says what is under way: after a
// restart the engine goes on from there.
#pragma once

#include "aws/call.h"
#include "services/cloudformation/change_set_record.h"
#include "store/table.h"

namespace unkai::services::cloudformation {

struct OutputRecord {
    std::string key, value, description, export_name;
    bool operator==(const OutputRecord&) const = default;
    void fields(auto& field) {
        field(1, key);
        field(2, value);
        field(3, description);
        field(4, export_name);
    }
};

struct StackRecord {
    std::string id, arn, name, account, region;
    aws::Principal principal;  // On whose behalf it acts.
    std::string status, reason, description;
    Time created;
    std::optional<Time> updated, deleted;
    Inputs current, previous;  // Previous: to roll an update back to.
    std::vector<std::string> capabilities;
    std::string on_failure;  // ROLLBACK, DO_NOTHING, DELETE
    bool termination_protection = false;
    std::optional<Time> deadline;  // TimeoutInMinutes
    std::string role_arn, change_set_id, client_token;
    std::vector<OutputRecord> outputs;
    std::set<std::string> imports;   // Names of exports of others.
    std::set<std::string> retained;  // Logical ids that DeleteStack leaves alone.
    int32_t timeout_minutes = 0;
    void fields(auto& field) {
        field(1, id);
        field(2, arn);
        field(3, name);
        field(4, account);
        field(5, region);
        field(6, principal);
        field(7, status);
        field(8, reason);
        field(9, description);
        field(10, created);
        field(11, updated);
        field(12, deleted);
        field(13, current);
        field(14, previous);
        field(15, capabilities);
        field(16, on_failure);
        field(17, termination_protection);
        field(18, deadline);
        field(19, role_arn);
        field(20, change_set_id);
        field(21, client_token);
        field(22, outputs);
        field(23, imports);
        field(24, retained);
        field(25, timeout_minutes);
        // A field that is zero is not written, but zero is the root user and the default is nobody.
        auto kind = static_cast<int32_t>(principal.kind) + 1;
        field(26, kind);
        principal.kind = static_cast<aws::Principal::Kind>(kind - 1);
    }
};

// A thing that exists (or is being made) for a resource.
struct Physical {
    std::string type, id, token;
    std::string properties;       // JSON, fitted; dynamic references unresolved.
    std::string attributes;       // JSON
    std::set<std::string> needs;  // Logical ids.
    int32_t deletion = 0;  // Retention: what DeletionPolicy or UpdateReplacePolicy says of it.
    void fields(auto& field) {
        field(1, type);
        field(2, id);
        field(3, token);
        field(4, properties);
        field(5, attributes);
        field(6, needs);
        field(7, deletion);
    }
};

struct ResourceRecord {
    std::string name;  // Logical id.
    Physical now;
    std::string status, reason;
    Time updated;
    std::string previous_properties;  // While an update runs: those before it.
    std::vector<Physical> retired;    // Replaced; deleted when the update is complete.
    std::string metadata;             // JSON
    int32_t replacement = 0;          // Retention by UpdateReplacePolicy.
    void fields(auto& field) {
        field(1, name);
        field(2, now);
        field(3, status);
        field(4, reason);
        field(5, updated);
        field(6, previous_properties);
        field(7, retired);
        field(8, metadata);
        field(9, replacement);
    }
};

struct EventRecord {
    std::string id, logical_id, physical_id, type, status, reason, token;
    Time at;
    void fields(auto& field) {
        field(1, id);
        field(2, logical_id);
        field(3, physical_id);
        field(4, type);
        field(5, status);
        field(6, reason);
        field(7, token);
        field(8, at);
    }
};

struct ExportRecord {
    std::string stack_id, stack_arn, value;
    void fields(auto& field) {
        field(1, stack_id);
        field(2, stack_arn);
        field(3, value);
    }
};

struct TemplateText {
    std::string body;
    void fields(auto& field) { field(1, body); }
};

namespace schema {
using std::string;
inline const store::Table<StackRecord, string> stacks{"cloudformation/stacks"};  // Id.
// Account, region, name → id, of stacks that are not deleted.
inline const store::Table<TemplateText, string, string, string> names{"cloudformation/names"};
// Stack id; "current", "previous" or a change set's id.
inline const store::Table<TemplateText, string, string> templates{"cloudformation/templates"};
inline const store::Table<ResourceRecord, string, string> resources{
    "cloudformation/resources"};  // Stack id, logical id.
inline const store::Table<EventRecord, string, Time, int64_t> events{
    "cloudformation/events"};  // Stack id, time, number.
inline const store::Table<ExportRecord, string, string, string> exports{
    "cloudformation/exports"};  // Account, region, name.
inline const store::Table<ChangeSetRecord, string, string> change_sets{
    "cloudformation/change-sets"};  // Stack id, id.
}  // namespace schema

}  // namespace unkai::services::cloudformation
