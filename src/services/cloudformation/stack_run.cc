#include "services/cloudformation/stack_run.h"

#include "base/log.h"
#include "base/strings.h"

namespace unkai::services::cloudformation {

namespace {

constexpr size_t parallel_resources = 50;

bool exists(const ResourceRecord& record) {
    return record.status != "DELETE_COMPLETE" && record.status != "DELETE_SKIPPED";
}

}  // namespace

void StackRun::cancel() {
    cancelled_ = true;
    if (stop_) stop_->request();
}

void StackRun::shut_down() {
    shutting_down_ = true;
    if (stop_) stop_->request();
}

Task<void> StackRun::run() {
    while (!shutting_down_) {
        store::Txn txn = store_.begin();
        auto stack = schema::stacks.get(txn, {stack_id_});
        if (!stack || !in_progress(stack->status)) co_return;
        if (const Status done = co_await phase(*std::move(stack)); !done) {
            log::error("cloudformation: a stack cannot go on",
                       {{"stack", stack_id_}, {"error", done.error().message}});
            co_return;  // The store refuses; the next start goes on.
        }
    }
}

Task<Status> StackRun::phase(StackRecord stack) {
    stop_ = std::make_unique<Stop>();
    cancelled_ = false;
    records_.clear();
    left_over_.clear();
    done_.clear();
    failures_.clear();
    first_failure_.clear();
    imports_.clear();
    stack_ = stack;
    store::Txn txn = store_.begin();
    for (ResourceRecord& record : list_resources(txn, stack_id_))
        records_.emplace(record.name, std::move(record));
    const std::string status = stack.status;
    if (status == "CREATE_IN_PROGRESS") co_return co_await deploy(std::move(stack), Mode::create);
    if (status == "UPDATE_IN_PROGRESS") co_return co_await deploy(std::move(stack), Mode::update);
    if (status == "UPDATE_ROLLBACK_IN_PROGRESS")
        co_return co_await deploy(std::move(stack), Mode::roll_back);
    if (status.ends_with("_CLEANUP_IN_PROGRESS")) co_return co_await clean_up(std::move(stack));
    co_return co_await remove_all(std::move(stack));
}

// Changes the status, unless somebody else has changed it meanwhile (DeleteStack while it is
// created).
Task<Status> StackRun::move_on(std::string from, std::string to, std::string reason) {
    store::Txn txn = store_.begin();
    auto stack = schema::stacks.get(txn, {stack_id_});
    if (!stack || stack->status != from || shutting_down_) co_return ok();
    set_stack_status(txn, *stack, std::move(to), std::move(reason), env_.now(), env_.random);
    co_return co_await store_.commit(txn);
}

// Template, values, graph. The answer is the reason why it cannot be deployed, or empty.
Task<Result<std::string>> StackRun::prepare(StackRecord stack, Mode mode) {
    mode_ = mode;
    const bool back = mode == Mode::roll_back;
    store::Txn txn = store_.begin();
    auto declared = parse_template(template_text(txn, stack_id_, back ? "previous" : "current"));
    if (!declared) co_return declared.error().message;
    declared_ = *std::move(declared);
    values_.reset();
    auto values = values_of(*declared_, back ? stack.previous : stack.current, stack);
    if (!values) co_return values.error().message;
    values_.emplace(*std::move(values));
    if (template_text(txn, stack_id_, back ? "previous" : "current").find("GetAZs") !=
        std::string::npos) {
        aws::Caller caller{stack.principal, stack.account, stack.region};
        const auto answer = co_await api_.call(std::move(caller), "ec2",
                                               "DescribeAvailabilityZones", Json::object());
        if (!answer) co_return "Fn::GetAZs: " + answer.error().message;
        zones_.clear();
        for (size_t i = 0; i < (*answer)["AvailabilityZones"].size(); ++i)
            zones_.push_back((*answer)["AvailabilityZones"][i]["ZoneName"].text());
    }
    values_->availability_zones = [this](const std::string& region) {
        return region == stack_.region ? zones_ : std::vector<std::string>();
    };
    values_->reference = [this](const std::string& name) {
        return Result<Json>(Json(records_[name].now.id));
    };
    values_->attribute = [this](const std::string& name,
                                const std::string& wanted) -> Result<Json> {
        const Json attributes = json_of(records_[name].now.attributes);
        if (const Json* value = attributes.find(wanted)) return *value;
        return validation_error("Attribute '" + wanted + "' does not exist");
    };
    values_->import_value = [this](const std::string& name) -> Result<std::string> {
        store::Txn reading = store_.begin();
        const auto found = schema::exports.get(reading, {stack_.account, stack_.region, name});
        if (!found) return validation_error("No export named " + name + " found.");
        imports_.insert(name);
        return found->value;
    };
    auto graph = dependency_graph(*values_);
    if (!graph) co_return graph.error().message;
    graph_ = *std::move(graph);
    co_return std::string();
}

Task<void> StackRun::run_one(std::string name, Step step) {
    const bool good = co_await (this->*step)(name);
    running_.erase(name);
    if (good)
        done_.insert(name);
    else
        failures_.push_back(name);
    changed_.notify_all();
}

// Runs `step` on every name when all that it needs are done.
Task<void> StackRun::run_graph(Graph graph, Step step, bool stop_on_failure) {
    Scope scope;
    std::set<std::string> begun;
    for (;;) {
        const bool timed = mode_ == Mode::create && stack_.deadline && !stop_->requested();
        if (timed && env_.now() >= *stack_.deadline) {
            first_failure_ = "Stack creation time exceeded the specified timeout. ";
            stop_->request();
        }
        if (stop_on_failure && !failures_.empty()) stop_->request();
        bool moved = false;
        for (const auto& [name, needs] : graph) {
            if (stop_->requested() || begun.contains(name) || running_.size() >= parallel_resources)
                continue;
            if (!std::includes(done_.begin(), done_.end(), needs.begin(), needs.end())) continue;
            moved = begun.insert(name).second;
            running_.insert(name);
            scope.spawn(run_one(name, step));
        }
        if (moved) continue;  // A step may have ended at once: look again before waiting.
        if (running_.empty()) break;
        const bool may_time_out = timed && !stop_->requested();
        co_await changed_.wait(
            env_.loop, may_time_out ? env_.loop.steady() + (*stack_.deadline - env_.now()) : never);
    }
    co_await scope.join();
}

std::string StackRun::failure_reason(const char* what) const {
    if (failures_.empty()) return first_failure_;
    auto names = failures_;
    std::sort(names.begin(), names.end());
    return first_failure_ + "The following resource(s) failed to " + what + ": [" +
           join(names, ", ") + "]. ";
}

Task<Status> StackRun::deploy(StackRecord stack, Mode mode) {
    CO_TRY(std::string reason, co_await prepare(stack, mode));
    if (!reason.empty()) co_return co_await failed(std::move(stack), mode, reason + " ");
    co_await run_graph(graph_, &StackRun::deploy_one, true);
    if (shutting_down_) co_return ok();
    if (cancelled_ && failures_.empty() && done_.size() < graph_.size())
        first_failure_ = "User Initiated. ";
    if (!failures_.empty() || !first_failure_.empty())
        co_return co_await failed(std::move(stack), mode,
                                  failure_reason(mode == Mode::create ? "create" : "update"));
    co_return co_await deployed(std::move(stack), mode);
}

// Outputs and exports, and the status that follows.
Task<Status> StackRun::deployed(StackRecord stack, Mode mode) {
    const auto outputs = evaluate_outputs(*values_);
    if (!outputs) co_return co_await failed(std::move(stack), mode, outputs.error().message + " ");
    store::Txn txn = store_.begin();
    auto now = schema::stacks.get(txn, {stack_id_});
    if (!now || now->status != stack.status) co_return ok();
    for (const OutputRecord& output : *outputs) {
        if (output.export_name.empty()) continue;
        const auto other =
            schema::exports.get(txn, {stack.account, stack.region, output.export_name});
        if (other && other->stack_id != stack_id_)
            co_return co_await failed(std::move(stack), mode,
                                      "Export with name " + output.export_name +
                                          " is already exported by stack " +
                                          std::string(split(other->stack_arn, '/')[1]) + ". ");
    }
    for (const auto& [key, exported] : schema::exports.list(txn, stack.account, stack.region))
        if (exported.stack_id == stack_id_) schema::exports.erase(txn, key);
    for (const OutputRecord& output : *outputs)
        if (!output.export_name.empty())
            schema::exports.put(txn, {stack.account, stack.region, output.export_name},
                                {stack_id_, stack.arn, output.value});
    now->outputs = *outputs;
    now->imports = imports_;
    now->description = declared_->description;
    if (mode == Mode::roll_back) {
        now->current = now->previous;
        put_template(txn, stack_id_, "current", template_text(txn, stack_id_, "previous"));
    }
    const char* next = mode == Mode::create   ? "CREATE_COMPLETE"
                       : mode == Mode::update ? "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
                                              : "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS";
    set_stack_status(txn, *now, next, "", env_.now(), env_.random);
    co_return co_await store_.commit(txn);
}

Task<Status> StackRun::failed(StackRecord stack, Mode mode, std::string reason) {
    const bool keep = stack.on_failure == "DO_NOTHING";
    if (mode == Mode::roll_back)
        co_return co_await move_on(stack.status, "UPDATE_ROLLBACK_FAILED", reason);
    if (mode == Mode::update)
        co_return co_await move_on(stack.status,
                                   keep ? "UPDATE_FAILED" : "UPDATE_ROLLBACK_IN_PROGRESS", reason);
    if (keep) co_return co_await move_on(stack.status, "CREATE_FAILED", reason);
    if (stack.on_failure == "DELETE")
        co_return co_await move_on(stack.status, "DELETE_IN_PROGRESS",
                                   reason + "Delete requested by user.");
    co_return co_await move_on(stack.status, "ROLLBACK_IN_PROGRESS",
                               reason + "Rollback requested by user.");
}

// What is there beyond `wanted`, and what was replaced; in the order of its removal.
Graph StackRun::collect_left_over(const Graph& wanted) {
    std::map<std::string, std::set<std::string>> needs;
    for (const auto& [name, record] : records_) {
        if (exists(record) && !wanted.contains(name)) {
            needs[name] = record.now.needs;
            left_over_[name] = record.now;
        }
        for (size_t i = 0; i < record.retired.size(); ++i) {
            const std::string key = name + "/" + std::to_string(i);
            needs[key] = record.retired[i].needs;
            left_over_[key] = record.retired[i];
        }
    }
    // A need is of a resource; what is left over of it may be itself and those that it replaced.
    Graph order;
    for (const auto& [key, of_key] : needs) order[key];
    for (const auto& [key, of_key] : needs)
        for (const auto& [other, of_other] : needs)
            if (of_key.contains(std::string(split_once(other, '/').first)))
                order[other].insert(key);
    return order;
}

Task<Status> StackRun::remove_all(StackRecord stack) {
    const bool deleting = stack.status == "DELETE_IN_PROGRESS";
    mode_ = Mode::update;
    const Graph order = collect_left_over({});
    co_await run_graph(order, &StackRun::remove_one, false);
    if (shutting_down_) co_return ok();
    if (!failures_.empty() || done_.size() < order.size())
        co_return co_await move_on(stack.status, deleting ? "DELETE_FAILED" : "ROLLBACK_FAILED",
                                   failure_reason("delete"));
    if (!deleting) co_return co_await move_on(stack.status, "ROLLBACK_COMPLETE", "");
    store::Txn txn = store_.begin();
    auto now = schema::stacks.get(txn, {stack_id_});
    if (!now || now->status != stack.status) co_return ok();
    for (const auto& [key, exported] : schema::exports.list(txn, stack.account, stack.region))
        if (exported.stack_id == stack_id_) schema::exports.erase(txn, key);
    for (const auto& [key, change_set] : schema::change_sets.list(txn, stack_id_))
        schema::change_sets.erase(txn, key);
    schema::names.erase(txn, {stack.account, stack.region, stack.name});
    now->deleted = env_.now();
    now->imports.clear();
    set_stack_status(txn, *now, "DELETE_COMPLETE", "", env_.now(), env_.random);
    co_return co_await store_.commit(txn);
}

// Deletes what the template no longer has and what was replaced. Failures do not fail the stack, as
// in AWS.
Task<Status> StackRun::clean_up(StackRecord stack) {
    const bool back = stack.status.starts_with("UPDATE_ROLLBACK");
    CO_TRY(std::string reason, co_await prepare(stack, Mode::update));
    if (!reason.empty())
        co_return fail("InternalFailure", "A deployed template can no longer be read: " + reason);
    co_await run_graph(collect_left_over(graph_), &StackRun::remove_one, false);
    if (shutting_down_) co_return ok();
    co_return co_await move_on(stack.status, back ? "UPDATE_ROLLBACK_COMPLETE" : "UPDATE_COMPLETE",
                               "");
}

}  // namespace unkai::services::cloudformation
