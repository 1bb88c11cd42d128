// The function plane simulated: for control planes under simulated time. Nothing runs; what a
// function does is told beforehand by its name.
//
//     SimPlane plane(world.env);
//     plane.functions["hello"] = {.response = R"({"ok":true})", .duration = 20ms};
//     plane.functions["bad"] = {.kind = Outcome::Kind::function_error, .response =
//                               R"({"errorType":"ValueError","errorMessage":"no"})"};
//     plane.functions["echo"].handler = [](const FunctionSpec&, const Invocation& in) {
//         return Outcome{.payload = in.payload}; };
//
// Environments, warm reuse, revisions, most_environments and log lines are as in the real plane.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <set>

#include "planes/functions/functions.h"
#include "rt/env.h"

namespace unkai::planes::functions {

struct SimFunction {
    Outcome::Kind kind = Outcome::Kind::response;
    std::string response = "null";
    Duration init = std::chrono::milliseconds(100);
    Duration duration = std::chrono::milliseconds(10);  // Above the timeout: it times out.
    std::vector<std::string> prints;                    // Lines on its standard output.
    std::function<Outcome(const FunctionSpec&, const Invocation&)> handler;  // Wins over the rest.
};

class SimPlane final : public FunctionPlane {
public:
    explicit SimPlane(Env& env) : env_(env) {}

    std::map<std::string, SimFunction> functions;  // By FunctionSpec::name; others answer "null".
    std::set<std::string, std::less<>> missing_runtimes;
    std::set<std::string, std::less<>> missing_images;  // By reference.
    std::vector<Invocation> invoked;                    // All that ran, in order of their start.
    // Every environment is gone, as after a restart of the program.
    void forget() { environments_.clear(); }

    Status check_runtime(std::string_view runtime) const override;
    std::vector<RuntimeStatus> runtimes() const override;
    Task<Status> prepare(FunctionSpecPtr spec) override;
    Task<Result<Outcome>> invoke(FunctionSpecPtr spec, Invocation invocation) override;
    Task<void> retire(std::string id) override;
    std::vector<EnvironmentStatus> environments() const override;
    std::vector<containers::Finding> findings() const override { return {}; }

private:
    struct Environment {
        EnvironmentStatus status;
        FunctionSpecPtr spec;
        Grant grant;
    };
    using EnvironmentPtr = std::shared_ptr<Environment>;

    Task<Result<EnvironmentPtr>> claim(FunctionSpecPtr spec, bool& cold);
    Task<Outcome> run(EnvironmentPtr environment, const Invocation& invocation);
    void end(const EnvironmentPtr& environment);

    Env& env_;
    std::list<EnvironmentPtr> environments_;
};

}  // namespace unkai::planes::functions
