// One stack on its way, from the status in which the store has it to the next one at rest.
//
// The status is the state machine: CREATE_IN_PROGRESS deploys the current inputs,
// ROLLBACK_IN_PROGRESS and DELETE_IN_PROGRESS delete, UPDATE_IN_PROGRESS deploys,
// UPDATE_ROLLBACK_IN_PROGRESS deploys the previous inputs, …_CLEANUP_IN_PROGRESS deletes what the
// deployment left over. Every step is recorded before and after it is taken, so that a run may end
// anywhere (kill -9) and another go on.
//
// Resources run in parallel as far as the graph of their references allows. On the first failure no
// other is begun, and those under way are cancelled.
#pragma once

#include <set>

#include "services/cloudformation/plan.h"
#include "services/cloudformation/stack_store.h"

namespace unkai::services::cloudformation {

class StackRun {
public:
    StackRun(Env& env, store::Store& store, Api& api, std::string stack_id)
        : env_(env), store_(store), api_(api), stack_id_(std::move(stack_id)) {}
    StackRun(const StackRun&) = delete;

    // Until the stack is at rest, or shut_down().
    Task<void> run();
    // Cancels what is under way: it fails with "Resource creation cancelled".
    void cancel();
    // Ends the run without a trace: the next start goes on with it.
    void shut_down();

private:
    enum class Mode { create, update, roll_back };
    using Step = Task<bool> (StackRun::*)(std::string name);

    // stack_run.cc: phases.
    Task<Status> phase(StackRecord stack);
    Task<Status> deploy(StackRecord stack, Mode mode);
    Task<Status> deployed(StackRecord stack, Mode mode);
    Task<Status> failed(StackRecord stack, Mode mode, std::string reason);
    Task<Status> remove_all(StackRecord stack);
    Task<Status> clean_up(StackRecord stack);
    Task<Result<std::string>> prepare(StackRecord stack, Mode mode);
    Task<void> run_graph(Graph graph, Step step, bool stop_on_failure);
    Task<void> run_one(std::string name, Step step);
    Task<Status> move_on(std::string from, std::string to, std::string reason);
    std::string failure_reason(const char* what) const;
    Graph collect_left_over(const Graph& wanted);

    // stack_steps.cc: one resource.
    enum class Action { nothing, go_on, update, go_back, replace, create };
    Task<bool> deploy_one(std::string name);
    Task<bool> remove_one(std::string name);
    Action decide(const ResourceRecord& record, const ResourceType& type, const Json& wanted) const;
    Task<Status> act(ResourceRecord& record, const ResourceType& type, const Json& wanted);
    Task<Result<Json>> evaluate_properties(const Resource& declared, const ResourceType& type);
    Task<Status> begin(ResourceRecord& record, const ResourceType& type, const Json& wanted,
                       bool replaces);
    Task<Status> create(ResourceRecord& record, const ResourceType& type, bool again);
    Task<Status> update(ResourceRecord& record, const ResourceType& type, const Json& wanted);
    Task<Status> settle(ResourceRecord& record, const ResourceType& type, Work& work);
    Task<Status> remove_physical(ResourceRecord& record, Physical physical);
    Task<Result<std::string>> orphan(Work& work, const ResourceType& type);
    Task<Result<Json>> resolve(Json value);
    Work work_for(const ResourceRecord& record, const Physical& physical);
    Task<Status> record_status(ResourceRecord& record, std::string status, std::string reason);
    Task<Status> save(ResourceRecord& record, bool with_event);

    Env& env_;
    store::Store& store_;
    Api& api_;
    std::string stack_id_;
    bool shutting_down_ = false;
    bool cancelled_ = false;
    std::unique_ptr<Stop> stop_;

    // Of the phase.
    Mode mode_ = Mode::create;
    StackRecord stack_;
    std::optional<Template> declared_;
    std::optional<Values> values_;
    Graph graph_;
    std::map<std::string, ResourceRecord> records_;
    std::map<std::string, Physical>
        left_over_;  // Of clean_up: key "name" or "name/1", what to delete.
    std::vector<std::string> zones_;
    std::set<std::string> imports_;
    std::set<std::string> done_, running_;
    std::vector<std::string> failures_;
    std::string first_failure_;
    Event changed_;
};

}  // namespace unkai::services::cloudformation
