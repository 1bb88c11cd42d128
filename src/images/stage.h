// One stage of a Dockerfile, from its base image to its last instruction.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "images/context.h"
#include "images/dockerfile.h"
#include "images/images.h"
#include "images/overview.h"

namespace unkai::images {

// An image while it grows.
struct Draft {
    std::vector<LayerBlob> layers;
    std::string key;  // Of all that the layers depend on.
    std::vector<std::pair<std::string, std::string>> environment;
    std::vector<std::string> entry_point, command;
    std::vector<std::string> shell = {"/bin/sh", "-c"};
    std::string user, working_directory, stop_signal;
    std::set<std::string> ports, volumes;
    std::map<std::string, std::string> labels;
    bool own_command = false;  // Not the base's.

    // As the OCI image configuration and back.
    wire::Json config() const;
    void set_environment(const std::string& name, const std::string& value);
};

// What the stages of one build share.
struct Build {
    const BuildOptions& options;
    const Progress& progress;
    Cache& cache;
    Dockerfile dockerfile;
    Variables global_arguments;  // Of the ARGs before the first FROM.
    IgnoreRules ignored;
    std::optional<std::vector<ContextEntry>> entries;
    std::map<size_t, std::shared_ptr<Draft>> finished;  // Stages by number.
    size_t steps = 0, cached_steps = 0;

    Result<const std::vector<ContextEntry>*> context();
    // The stage of that name or number, built if it is not yet.
    Result<std::shared_ptr<Draft>> stage(const std::string& name, size_t before);
    Result<std::shared_ptr<Draft>> stage(size_t number);
    Result<Draft> base_image(const std::string& reference);
    Result<Overview> overview(const Draft& draft);
};

class StageBuilder {
public:
    StageBuilder(Build& build, size_t number, Draft& draft)
        : build_(build), number_(number), draft_(draft) {}
    Status run(const Instruction& instruction);

private:
    // What makes the layer of a step that is not cached; nullopt: it changes nothing.
    using Make = std::function<Result<std::optional<Tree>>()>;
    Status layer_step(const std::string& text, const std::string& inputs, const Make& make);

    Status apply(const Instruction& instruction, const std::string& text);
    Status argument(const Instruction& instruction);
    Status environment(const std::string& text);
    Status working_directory(const std::string& text);
    Status copy(const Instruction& instruction, const std::string& text);
    Status run_command(const Instruction& instruction);
    Result<Variables> variables() const;
    std::vector<std::string> command_of(const Instruction& instruction,
                                        const std::string& text) const;
    std::string absolute(const std::string& path) const;

    // Of COPY (stage_copy.cc).
    struct Source {
        std::string path;     // As named; for errors.
        Tree tree;            // Relative; a single file is "" in it.
        bool folder = false;  // Its contents are copied, not itself.
        std::string name;     // The last part of its path.
    };
    Result<std::vector<Source>> context_sources(const std::string& pattern);
    Result<std::vector<Source>> stage_sources(const Draft& from, const std::string& path);
    Result<Tree> place(const std::vector<Source>& sources, const std::string& destination,
                       const Instruction& instruction);
    Result<std::pair<uint32_t, uint32_t>> owner(const std::string& text);

    Build& build_;
    size_t number_;
    Draft& draft_;
    Variables arguments_;  // ARGs of this stage.
};

}  // namespace unkai::images
