#include "cli/stack.h"

#include <algorithm>

namespace unkai::cli {

using wire::Json;

namespace {

StackState state_of(const Json& json) {
    StackState state;
    state.id = json["StackId"].string_or("");
    state.name = json["StackName"].string_or("");
    state.status = json["StackStatus"].string_or("");
    state.reason = json["StackStatusReason"].string_or("");
    for (size_t i = 0; i < json["Outputs"].size(); ++i)
        state.outputs.emplace_back(json["Outputs"][i]["OutputKey"].string_or(""),
                                   json["Outputs"][i]["OutputValue"].string_or(""));
    for (size_t i = 0; i < json["Parameters"].size(); ++i)
        state.parameters.insert(json["Parameters"][i]["ParameterKey"].string_or(""));
    return state;
}

// What a status is called once it is reached.
std::string outcome_of(const std::string& status) {
    if (status == "CREATE_COMPLETE") return "created";
    if (status == "UPDATE_COMPLETE") return "updated";
    if (status == "DELETE_COMPLETE") return "deleted";
    if (status == "DELETE_SKIPPED") return "kept (DeletionPolicy)";
    return status;
}

std::string doing_of(const std::string& status) {
    if (status == "CREATE_IN_PROGRESS") return "creating";
    if (status == "UPDATE_IN_PROGRESS") return "updating";
    if (status == "DELETE_IN_PROGRESS") return "deleting";
    return status;
}

}  // namespace

bool StackState::is_stillborn() const {
    return status == "ROLLBACK_COMPLETE" || status == "ROLLBACK_FAILED" ||
           status == "CREATE_FAILED" || status == "DELETE_FAILED" || status == "REVIEW_IN_PROGRESS";
}

bool StackState::has_failed() const {
    return status != "CREATE_COMPLETE" && status != "UPDATE_COMPLETE" &&
           status != "DELETE_COMPLETE";
}

std::string StackState::output(std::string_view key) const {
    for (const auto& [name, value] : outputs)
        if (name == key) return value;
    return "";
}

Result<std::optional<StackState>> find_stack(Control& control, const std::string& name) {
    auto found =
        control.call("cloudformation", "DescribeStacks", Json::object({{"StackName", name}}));
    if (!found && found.error().message.find("does not exist") != std::string::npos)
        return std::optional<StackState>();
    if (!found) return found.error();
    return std::optional(state_of((*found)["Stacks"][0]));
}

Result<std::vector<StackState>> all_stacks(Control& control) {
    std::vector<StackState> stacks;
    Json input = Json::object();
    while (true) {
        TRY(const Json page, control.call("cloudformation", "DescribeStacks", input));
        for (size_t i = 0; i < page["Stacks"].size(); ++i)
            stacks.push_back(state_of(page["Stacks"][i]));
        if (page["NextToken"].is_null()) return stacks;
        input.set("NextToken", page["NextToken"]);
    }
}

Result<std::map<std::string, std::string>> resources_of(Control& control,
                                                        const std::string& stack) {
    std::map<std::string, std::string> out;
    Json input = Json::object({{"StackName", stack}});
    while (true) {
        TRY(const Json page, control.call("cloudformation", "ListStackResources", input));
        for (size_t i = 0; i < page["StackResourceSummaries"].size(); ++i) {
            const Json& resource = page["StackResourceSummaries"][i];
            const std::string status = resource["ResourceStatus"].string_or("");
            const std::string physical = resource["PhysicalResourceId"].string_or("");
            if (!physical.empty() && status != "DELETE_COMPLETE" && status != "DELETE_SKIPPED" &&
                status != "CREATE_IN_PROGRESS")
                out[resource["LogicalResourceId"].string_or("")] = physical;
        }
        if (page["NextToken"].is_null()) return out;
        input.set("NextToken", page["NextToken"]);
    }
}

StackWatch::StackWatch(Control& control, Progress& progress, std::string stack_id,
                       bool from_the_beginning)
    : control_(control), progress_(progress), stack_id_(std::move(stack_id)) {
    if (from_the_beginning) return;
    const auto page = control_.call("cloudformation", "DescribeStackEvents",
                                    Json::object({{"StackName", stack_id_}}));
    if (!page) return;
    for (size_t i = 0; i < (*page)["StackEvents"].size(); ++i)
        seen_.insert((*page)["StackEvents"][i]["EventId"].string_or(""));
}

void StackWatch::add_ready(const std::map<std::string, std::string>& resources) {
    ready_.insert(resources.begin(), resources.end());
}

Result<StackState> StackWatch::poll() {
    // The state first: what happens between the two is then shown now, not missed.
    TRY(const auto state, find_stack(control_, stack_id_));
    if (!state)
        return fail("StackNotFound", "The stack went away while it was watched: " + stack_id_);
    REQUIRE(read_events());
    return *state;
}

// Events come newest first; pages are read until one that is known.
Status StackWatch::read_events() {
    std::vector<Json> fresh;
    Json input = Json::object({{"StackName", stack_id_}});
    for (bool more = true; more;) {
        TRY(const Json page, control_.call("cloudformation", "DescribeStackEvents", input));
        for (size_t i = 0; i < page["StackEvents"].size() && more; ++i) {
            const Json& event = page["StackEvents"][i];
            more = seen_.insert(event["EventId"].string_or("")).second;
            if (more) fresh.push_back(event);
        }
        if (page["NextToken"].is_null()) break;
        input.set("NextToken", page["NextToken"]);
    }
    for (auto event = fresh.rbegin(); event != fresh.rend(); ++event) show(*event);
    return ok();
}

void StackWatch::show(const Json& event) {
    const std::string name = event["LogicalResourceId"].string_or("");
    const std::string type = event["ResourceType"].string_or("");
    const std::string status = event["ResourceStatus"].string_or("");
    const std::string reason = event["ResourceStatusReason"].string_or("");
    const std::string physical = event["PhysicalResourceId"].string_or("");
    if (type == "AWS::CloudFormation::Stack" && physical == stack_id_) return;
    if (status == "CREATE_COMPLETE" || status == "UPDATE_COMPLETE") ready_[name] = physical;
    if (status.starts_with("DELETE_")) ready_.erase(name);
    if (status.ends_with("_IN_PROGRESS"))
        return progress_.begin(name, type + " " + doing_of(status));
    if (status.ends_with("_FAILED")) {
        const bool cancelled = reason.find("cancelled") != std::string::npos;
        progress_.fail(name, cancelled ? "cancelled" : reason);
        if (!cancelled) failures_.push_back(name + " (" + type + "): " + reason);
        return;
    }
    ++changes_;
    progress_.end(name, type + " " + outcome_of(status));
}

}  // namespace unkai::cli
