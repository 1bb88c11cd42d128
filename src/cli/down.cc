#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <thread>

#include "cli/cli.h"
#include "cli/deployment.h"

namespace unkai::cli {

using wire::Json;

namespace {

constexpr size_t images_a_call = 100;

struct DownOptions {
    std::string name;
    bool all = false, yes = false;
};

// What is to be deleted, and how its buckets and repositories are known.
struct Target {
    StackState stack;
    std::optional<Manifest> manifest;
};

Result<std::vector<Target>> targets_of(const Installation& installation, Control& control,
                                       const DownOptions& options) {
    TRY(const std::vector<StackState> stacks, all_stacks(control));
    std::string name = options.name;
    std::vector<Manifest> manifests;
    const auto is_wanted = [&](const StackState& stack) {
        return options.all || stack.name == name || stack.id == name;
    };
    const bool known = std::any_of(stacks.begin(), stacks.end(), is_wanted);
    if (!known && !options.all && (name.empty() || names_a_manifest(name))) {
        if (name.empty() && !std::filesystem::exists("unkai.yaml")) {
            std::string list;
            for (const StackState& stack : stacks) list += (list.empty() ? "" : ", ") + stack.name;
            return fail("StackNotNamed",
                        stacks.empty()
                            ? "Nothing is deployed."
                            : "Say which stack: " + list + ". For all of them: unkai down --all");
        }
        TRY(manifests, load_manifests(name.empty() ? "." : name));
    }
    std::vector<Target> targets;
    // Those that were deployed last go first: the others are what they stand on.
    for (auto manifest = manifests.rbegin(); manifest != manifests.rend(); ++manifest)
        for (const StackState& stack : stacks)
            if (stack.name == manifest->stack) targets.push_back({stack, *manifest});
    if (!manifests.empty()) return targets;
    for (const StackState& stack : stacks)
        if (is_wanted(stack))
            targets.push_back({stack, remembered_manifest(installation, stack.name)});
    return targets;
}

// Only on a terminal; scripts are not asked.
bool agreed(const std::vector<Target>& targets) {
    if (::isatty(STDIN_FILENO) != 1 || ::isatty(STDOUT_FILENO) != 1) return true;
    std::cout << "This deletes, with everything in them:";
    for (const Target& target : targets) std::cout << " " << target.stack.name;
    std::cout << "\nGo on? [y/N] " << std::flush;
    std::string answer;
    std::getline(std::cin, answer);
    return answer == "y" || answer == "Y" || answer == "yes";
}

Status empty_repository(Control& control, const std::string& repository) {
    while (true) {
        TRY(const Json page,
            control.call("ecr", "ListImages",
                         Json::object({{"repositoryName", repository},
                                       {"maxResults", static_cast<int64_t>(images_a_call)}})));
        if (page["imageIds"].size() == 0) return ok();
        TRY(const Json answer, control.call("ecr", "BatchDeleteImage",
                                            Json::object({{"repositoryName", repository},
                                                          {"imageIds", page["imageIds"]}})));
        if (answer["failures"].size() > 0)
            return fail("ImageNotDeleted", answer["failures"][0]["failureReason"].string_or(
                                               "An image could not be deleted."));
    }
}

// What would keep CloudFormation from deleting: the manifest says that these are the example's own.
Status empty_what_is_its_own(Control& control, Progress& progress, const Target& target) {
    if (!target.manifest) return ok();
    TRY(const auto resources, resources_of(control, target.stack.id));
    std::vector<std::string> buckets = target.manifest->buckets;
    for (const SiteStep& site : target.manifest->sites) buckets.push_back(site.bucket);
    for (const std::string& name : buckets) {
        const auto bucket = resources.find(name);
        if (bucket == resources.end()) continue;
        const auto count = empty_bucket(control, bucket->second);
        if (!count && count.error().is("NoSuchBucket")) continue;
        if (!count) return count.error();
        if (*count > 0) progress.end(name, "emptied (" + std::to_string(*count) + " objects)");
    }
    for (const ImageStep& image : target.manifest->images) {
        const auto repository = resources.find(image.repository);
        if (repository == resources.end()) continue;
        const Status emptied = empty_repository(control, repository->second);
        if (!emptied && !emptied.error().is("RepositoryNotFoundException")) return emptied.error();
    }
    return ok();
}

Error failure(const StackState& stack, const StackWatch& watch) {
    std::string text = "The stack " + stack.name + " could not be deleted (" + stack.status +
                       (stack.reason.empty() ? ")." : "): " + stack.reason);
    for (const std::string& one : watch.failures()) text += "\n  " + one;
    text += "\nRemove what is in the way, and run it again: unkai down " + stack.name;
    return {"StackFailed", text, 0, {}};
}

Status delete_stack(Control& control, Progress& progress, const Target& target) {
    REQUIRE(empty_what_is_its_own(control, progress, target));
    StackWatch watch(control, progress, target.stack.id, false);
    REQUIRE(control.call("cloudformation", "DeleteStack",
                         Json::object({{"StackName", target.stack.id}})));
    while (true) {
        TRY(const StackState state, watch.poll());
        if (state.status == "DELETE_COMPLETE") return ok();
        if (state.at_rest()) return failure(state, watch);
        progress.tick();
        std::this_thread::sleep_for(between_polls);
    }
}

int run_down(const Context& context, const DownOptions& options) {
    const auto installation = need_running(context, "down");
    if (!installation) return 1;
    Control control(*installation);
    const auto targets = targets_of(*installation, control, options);
    if (!targets) return finish_failed(context, "down", targets.error());
    if (targets->empty())
        return finish(context, "down", Json::object({{"deleted", Json::array()}}),
                      options.all ? "Nothing is deployed." : "It is not deployed; nothing to do.");
    if (!options.yes && !context.json && !agreed(*targets))
        return finish_failed(context, "down", {"NotConfirmed", "Nothing was deleted.", 0, {}});
    Progress progress(context);
    Json deleted = Json::array();
    std::string names;
    for (const Target& target : *targets) {
        const Status done = delete_stack(control, progress, target);
        if (!done) {
            progress.close();
            return finish_failed(context, "down", done.error());
        }
        std::error_code error;
        std::filesystem::remove_all(memory_folder(*installation, target.stack.name), error);
        deleted.push(target.stack.name);
        names += (names.empty() ? "" : ", ") + target.stack.name;
    }
    progress.close();
    return finish(context, "down", Json::object({{"deleted", std::move(deleted)}}),
                  "\n" + names + " is gone (" + spoken(progress.seconds()) + ").");
}

}  // namespace

void add_down(CLI::App& app, Context& context, Action& action) {
    static DownOptions options;
    CLI::App* command =
        app.add_subcommand("down", "Delete what was deployed, with everything in it");
    command->footer(
        "Examples:\n  unkai down examples/saas\n  unkai down saas --yes\n  unkai down --all "
        "--yes\n\n"
        "Buckets and repositories that the folder's unkai.yaml names are emptied first. On a\n"
        "terminal it asks before; --yes does not.");
    command->add_option("STACK", options.name,
                        "A stack's name, or the folder or template that it was made from");
    command->add_flag("--all", options.all, "Every stack");
    command->add_flag("-y,--yes", options.yes, "Do not ask");
    command->callback(
        [&context, &action] { action = [&context] { return run_down(context, options); }; });
}

}  // namespace unkai::cli
