#include "images/stage.h"

#include <chrono>

#include "base/strings.h"
#include "images/hash.h"
#include "images/run_step.h"

namespace unkai::images {

using wire::Json;

static Json list_of(const std::vector<std::string>& items) {
    Json out = Json::array();
    for (const std::string& item : items) out.push(item);
    return out;
}

static Json set_of(const std::set<std::string>& items) {
    Json out = Json::object();
    for (const std::string& item : items) out.set(item, Json::object());
    return out;
}

void Draft::set_environment(const std::string& name, const std::string& value) {
    for (auto& [existing, old] : environment)
        if (existing == name) {
            old = value;
            return;
        }
    environment.emplace_back(name, value);
}

// https://github.com/opencontainers/image-spec/blob/v1.1.0/config.md
Json Draft::config() const {
    Json run = Json::object();
    Json variables = Json::array();
    for (const auto& [name, value] : environment) variables.push(name + "=" + value);
    if (variables.size() > 0) run.set("Env", variables);
    if (!entry_point.empty()) run.set("Entrypoint", list_of(entry_point));
    if (!command.empty()) run.set("Cmd", list_of(command));
    if (!user.empty()) run.set("User", user);
    if (!working_directory.empty()) run.set("WorkingDir", working_directory);
    if (!stop_signal.empty()) run.set("StopSignal", stop_signal);
    if (!ports.empty()) run.set("ExposedPorts", set_of(ports));
    if (!volumes.empty()) run.set("Volumes", set_of(volumes));
    Json marks = Json::object();
    for (const auto& [name, value] : labels) marks.set(name, value);
    if (!labels.empty()) run.set("Labels", marks);
    Json diffs = Json::array();
    for (const LayerBlob& layer : layers) diffs.push(layer.diff_id);
    return Json::object({{"created", "1980-01-01T00:00:00Z"},
                         {"architecture", planes::containers::host_platform().architecture},
                         {"os", "linux"},
                         {"config", run},
                         {"rootfs", Json::object({{"type", "layers"}, {"diff_ids", diffs}})}});
}

Status StageBuilder::layer_step(const std::string& text, const std::string& inputs,
                                const Make& make) {
    const auto begun = std::chrono::steady_clock::now();
    Sha256 hash;
    for (const std::string& field : {draft_.key, text, inputs}) hash.add_field(field);
    draft_.key = hash.hex();
    auto layer = build_.options.use_cache ? build_.cache.step(draft_.key) : std::nullopt;
    const bool cached = layer.has_value();
    if (!cached) {
        TRY(const std::optional<Tree> tree, make());
        layer.emplace();
        if (tree && !tree->empty()) {
            TRY(*layer, build_.cache.add_layer(*tree));
        }
        REQUIRE(build_.cache.put_step(draft_.key, *layer));
    }
    if (!layer->digest.empty()) draft_.layers.push_back(*layer);
    ++build_.steps;
    if (cached) ++build_.cached_steps;
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    if (build_.progress.step)
        build_.progress.step({.text = text, .cached = cached, .seconds = took.count()});
    return ok();
}

Result<Variables> StageBuilder::variables() const {
    Variables out = arguments_;
    for (const auto& [name, value] : draft_.environment) out[name] = value;
    return out;
}

std::string StageBuilder::absolute(const std::string& path) const {
    if (path.starts_with('/')) return path;
    return (draft_.working_directory.empty() ? "" : draft_.working_directory) + "/" + path;
}

// ARG name, ARG name=default: the build's argument, the default, or the global argument of that
// name.
Status StageBuilder::argument(const Instruction& instruction) {
    TRY(const Variables known, variables());
    TRY(const auto parts, words(instruction.text));
    for (const std::string& part : parts) {
        const auto [name, fallback] = split_once(part, '=');
        const std::string key(name);
        const auto given = build_.options.arguments.find(key);
        const auto global = build_.global_arguments.find(key);
        if (given != build_.options.arguments.end())
            arguments_[key] = given->second;
        else if (part.find('=') != std::string::npos) {
            TRY(arguments_[key], expand(fallback, known));
        } else if (global != build_.global_arguments.end())
            arguments_[key] = global->second;
    }
    return ok();
}

Status StageBuilder::environment(const std::string& text) {
    TRY(const auto pairs, assignments(text));
    for (const auto& [name, value] : pairs) draft_.set_environment(name, value);
    draft_.key = sha256_of(draft_.key + " ENV " + text);
    return ok();
}

Status StageBuilder::working_directory(const std::string& text) {
    draft_.working_directory = "/" + clean_path(absolute(text)).value_or("");
    const std::string path = draft_.working_directory;
    return layer_step("WORKDIR " + text, path, [this, path]() -> Result<std::optional<Tree>> {
        TRY(const Overview overview, build_.overview(draft_));
        const std::string resolved = overview.resolve(path);
        if (overview.kind(resolved) == "folder") return std::optional<Tree>();
        Tree tree;
        for (size_t at = resolved.find('/');; at = resolved.find('/', at + 1)) {
            const std::string part = resolved.substr(0, at);
            if (overview.kind(part).empty()) add_folder(tree, part);
            if (at == std::string::npos) break;
        }
        return std::optional(std::move(tree));
    });
}

Status StageBuilder::run_command(const Instruction& instruction) {
    RunRequest request;
    request.layers = draft_.layers;
    request.arguments = command_of(instruction, instruction.text);
    request.user = draft_.user;
    request.working_directory = draft_.working_directory.empty() ? "/" : draft_.working_directory;
    std::string inputs =
        join(request.arguments, "\n") + "\n" + request.user + "\n" + request.working_directory;
    for (const auto& [name, value] : arguments_) {
        request.environment.emplace_back(name, value);
        inputs += "\n" + name + "=" + value;
    }
    for (const auto& [name, value] : draft_.environment)
        request.environment.emplace_back(name, value);
    return layer_step("RUN " + instruction.text, inputs, [&]() -> Result<std::optional<Tree>> {
        TRY(Tree tree, run_step(build_.cache, request));
        return std::optional(std::move(tree));
    });
}

std::vector<std::string> StageBuilder::command_of(const Instruction& instruction,
                                                  const std::string& text) const {
    if (instruction.arguments) return *instruction.arguments;
    if (text.empty()) return {};
    std::vector<std::string> out = draft_.shell;
    out.push_back(text);
    return out;
}

Status StageBuilder::apply(const Instruction& instruction, const std::string& text) {
    const std::string& name = instruction.name;
    if (name == "ENV") return environment(text);
    if (name == "WORKDIR") return working_directory(text);
    if (name == "COPY" || name == "ADD") return copy(instruction, text);
    if (name == "USER") draft_.user = text;
    if (name == "STOPSIGNAL") draft_.stop_signal = text;
    if (name == "CMD") {
        draft_.command = command_of(instruction, instruction.text);
        draft_.own_command = true;
    }
    if (name == "ENTRYPOINT") {
        draft_.entry_point = command_of(instruction, instruction.text);
        if (!draft_.own_command) draft_.command.clear();
    }
    if (name == "SHELL" && instruction.arguments) draft_.shell = *instruction.arguments;
    if (name == "EXPOSE" || name == "VOLUME") {
        TRY(auto items, words(text));
        if (instruction.arguments) items = *instruction.arguments;
        for (const std::string& item : items) {
            if (name == "VOLUME")
                draft_.volumes.insert(item);
            else
                draft_.ports.insert(item.find('/') == std::string::npos ? item + "/tcp" : item);
        }
    }
    if (name == "LABEL") {
        TRY(const auto pairs, assignments(text));
        for (const auto& [key, value] : pairs) draft_.labels[key] = value;
    }
    if (name == "HEALTHCHECK" && build_.progress.note)
        build_.progress.note(
            "HEALTHCHECK is left out: ECS takes health checks from the task definition.");
    return ok();
}

Status StageBuilder::run(const Instruction& instruction) {
    const auto located = [&](Status status) -> Status {
        if (status || instruction.line == 0 ||
            status.error().message.starts_with("Dockerfile line"))
            return status;
        Error error = std::move(status.error());
        error.message = "Dockerfile line " + std::to_string(instruction.line) + " (" +
                        instruction.name + "): " + error.message;
        return unexpected(std::move(error));
    };
    if (instruction.name == "ARG") return located(argument(instruction));
    if (instruction.name == "RUN") return located(run_command(instruction));
    TRY(const Variables known, variables());
    auto text = expand(instruction.text, known);
    if (!text) return located(unexpected(text.error()));
    return located(apply(instruction, *text));
}

}  // namespace unkai::images
