// The stack's part of a deployment: asked for, followed, and what is wrong with it said.
#include <thread>

#include "cli/deployment.h"

namespace unkai::cli {

using wire::Json;

// What another run (or an AWS tool) began is finished; what was never there is removed.
Status Deployment::bring_to_rest() {
    TRY(auto found, find_stack(control_, manifest_.stack));
    if (found && !found->at_rest()) {
        progress_.say("The stack " + manifest_.stack + " is " + found->status +
                      "; following it first.");
        state_ = *found;
        StackWatch watch(control_, progress_, state_.id, false);
        REQUIRE(follow(watch, true));
        TRY(found, find_stack(control_, manifest_.stack));
    }
    if (!found || !found->is_stillborn()) return ok();
    state_ = *found;
    return remove_stillborn();
}

Status Deployment::remove_stillborn() {
    progress_.say("The stack " + manifest_.stack + " is " + state_.status +
                  "; deleting it before it is made anew.");
    TRY(const auto ready, resources_of(control_, state_.id));
    for (const SiteJob& job : sites_)
        if (const auto bucket = ready.find(job.step.bucket); bucket != ready.end())
            REQUIRE(empty_bucket(control_, bucket->second));
    StackWatch watch(control_, progress_, state_.id, false);
    REQUIRE(
        control_.call("cloudformation", "DeleteStack", Json::object({{"StackName", state_.id}})));
    REQUIRE(follow(watch, false));
    if (state_.status != "DELETE_COMPLETE")
        return fail("StackFailed", "The stack " + manifest_.stack + " could not be deleted: " +
                                       state_.reason + " Try: unkai down " + manifest_.stack);
    state_ = {};
    return ok();
}

Status Deployment::deploy() {
    TRY(const auto found, find_stack(control_, manifest_.stack));
    std::optional<StackWatch> watch;
    if (found) {
        state_ = *found;
        watch.emplace(control_, progress_, state_.id, false);
        // Where repository and bucket are there already, images go first: an update needs them.
        TRY(const auto ready, resources_of(control_, state_.id));
        REQUIRE(advance_jobs(ready));
        for (ImageJob& job : images_)
            while (job.started && !job.done) {
                REQUIRE(advance_jobs(ready));
                progress_.tick();
                if (!job.done) std::this_thread::sleep_for(between_polls);
            }
    }
    TRY(const bool asked, ask_for_it(found.has_value()));
    if (!asked) return ok();
    changed_ = true;
    if (!watch) watch.emplace(control_, progress_, state_.id, true);
    return follow(*watch, true);
}

Result<bool> Deployment::ask_for_it(bool exists) {
    TRY(const Json input, request(exists));
    auto answer = control_.call("cloudformation", exists ? "UpdateStack" : "CreateStack", input);
    if (!answer &&
        answer.error().message.find("No updates are to be performed") != std::string::npos)
        return false;
    if (!answer)
        return fail(answer.error().code, "CloudFormation refuses " + manifest_.template_file +
                                             ": " + answer.error().message);
    state_.id = (*answer)["StackId"].string_or(manifest_.stack);
    return true;
}

// Parameters that nobody names keep the value that the stack has, as `aws cloudformation deploy`
// does it.
Result<Json> Deployment::request(bool exists) {
    TRY(const std::string body, read_text_file(manifest_.template_file));
    auto summary = control_.call("cloudformation", "GetTemplateSummary",
                                 Json::object({{"TemplateBody", body}}));
    if (!summary)
        return fail(summary.error().code, manifest_.template_file + ": " + summary.error().message);
    std::map<std::string, std::string> values = manifest_.parameters;
    for (const ImageJob& job : images_)
        if (!job.step.tag_parameter.empty()) values[job.step.tag_parameter] = job.tag;
    Json parameters = Json::array();
    for (size_t i = 0; i < (*summary)["Parameters"].size(); ++i) {
        const std::string name = (*summary)["Parameters"][i]["ParameterKey"].string_or("");
        Json parameter = Json::object({{"ParameterKey", name}});
        if (const auto value = values.find(name); value != values.end()) {
            parameter.set("ParameterValue", value->second);
            values.erase(value);
        } else if (exists && state_.parameters.contains(name)) {
            parameter.set("UsePreviousValue", true);
        } else {
            continue;
        }
        parameters.push(std::move(parameter));
    }
    if (!values.empty())
        return fail("InvalidParameter",
                    manifest_.template_file + " has no parameter " + values.begin()->first + ".");
    return Json::object({{"StackName", manifest_.stack},
                         {"TemplateBody", body},
                         {"Parameters", std::move(parameters)},
                         {"Capabilities", Json::array({"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM",
                                                       "CAPABILITY_AUTO_EXPAND"})}});
}

Status Deployment::follow(StackWatch& watch, bool with_jobs) {
    if (with_jobs) {
        TRY(const auto ready, resources_of(control_, state_.id));
        watch.add_ready(ready);
    }
    while (true) {
        TRY(state_, watch.poll());
        if (state_.at_rest()) break;
        if (with_jobs) REQUIRE(advance_jobs(watch.ready()));
        progress_.tick();
        std::this_thread::sleep_for(between_polls);
    }
    if (with_jobs && state_.has_failed()) return failure(watch);
    return ok();
}

Error Deployment::failure(const StackWatch& watch) const {
    std::string text = "The stack " + manifest_.stack + " is " + state_.status;
    text += state_.reason.empty() ? "." : ": " + state_.reason;
    for (const std::string& one : watch.failures()) text += "\n  " + one;
    text += "\nAll events: aws cloudformation describe-stack-events --stack-name " +
            manifest_.stack + "\nMend it and run it again: unkai up " +
            (manifest_.is_lone() && !options_.one_of_several ? manifest_.template_file
                                                             : manifest_.folder);
    return {"StackFailed", text, 0, {}};
}

}  // namespace unkai::cli
