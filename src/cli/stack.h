// A CloudFormation stack as `unkai up` and `unkai down` see it: found, followed until it is at
// rest, its events turned into lines of progress.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/control.h"
#include "cli/progress.h"

namespace unkai::cli {

struct StackState {
    std::string id, name, status, reason;
    std::vector<std::pair<std::string, std::string>> outputs;
    std::set<std::string> parameters;  // Their names.

    bool at_rest() const { return !status.ends_with("_IN_PROGRESS"); }
    // Only deleting it helps (the creation failed), or it was never created.
    bool is_stillborn() const;
    bool has_failed() const;  // What was asked of it did not happen.
    std::string output(std::string_view key) const;
};

// By name or id. nullopt: there is none.
Result<std::optional<StackState>> find_stack(Control& control, const std::string& name);
Result<std::vector<StackState>> all_stacks(Control& control);

// Logical id → physical id of what exists of a stack.
Result<std::map<std::string, std::string>> resources_of(Control& control, const std::string& stack);

// Between two looks at something that goes on.
inline constexpr auto between_polls = std::chrono::milliseconds(100);

class StackWatch {
public:
    // What happened before now is passed over, unless `from_the_beginning`.
    StackWatch(Control& control, Progress& progress, std::string stack_id, bool from_the_beginning);

    // Shows what happened since the last call.
    Result<StackState> poll();
    // What is there by now: logical id → physical id.
    const std::map<std::string, std::string>& ready() const { return ready_; }
    void add_ready(const std::map<std::string, std::string>& resources);
    // "Database (AWS::RDS::DBCluster): the reason", the first first; without what was only
    // cancelled.
    const std::vector<std::string>& failures() const { return failures_; }
    size_t changes() const { return changes_; }  // Resources that were made, changed or deleted.

private:
    Status read_events();
    void show(const wire::Json& event);

    Control& control_;
    Progress& progress_;
    std::string stack_id_;
    std::set<std::string> seen_;
    std::map<std::string, std::string> ready_;
    std::vector<std::string> failures_;
    size_t changes_ = 0;
};

}  // namespace unkai::cli
