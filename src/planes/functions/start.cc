#include "planes/functions/start.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/strings.h"
#include "wire/json.h"

namespace unkai::planes::functions {

namespace {

using Words = std::vector<std::string>;

constexpr const char* lambda_path = "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin";
constexpr const char* library_path =
    "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:"
    "/opt/lib";

void put(Variables& into, std::string_view name, std::string_view value) {
    const auto found = std::ranges::find(into, name, &Variables::value_type::first);
    if (found == into.end())
        into.emplace_back(name, value);
    else
        found->second = value;
}

std::string shell_quoted(std::string_view text) {
    return "'" + replace_all(text, "'", "'\\''") + "'";
}

bool is_shell_name(std::string_view name) {
    return !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
           std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_';
           });
}

}  // namespace

containers::ContainerSpec generic_container(const RuntimeName& runtime,
                                            const std::string& program) {
    containers::ContainerSpec out;
    out.user = "sbx_user1051";
    out.working_directory = "/var/task";
    out.environment = {{"PATH", lambda_path},
                       {"LD_LIBRARY_PATH", library_path},
                       {"LANG", "C.UTF-8"},
                       {"TZ", ":UTC"},
                       {"LAMBDA_TASK_ROOT", "/var/task"},
                       {"LAMBDA_RUNTIME_DIR", "/var/runtime"}};
    std::string inside = program;
    if (runtime.family != RuntimeFamily::provided && !program.starts_with("/usr/")) {
        const std::filesystem::path bin = std::filesystem::path(program).parent_path();
        out.binds.push_back({bin.parent_path().string(), "/var/lang", true});
        inside = "/var/lang/bin/" + std::filesystem::path(program).filename().string();
    }
    switch (runtime.family) {
        case RuntimeFamily::python:
            out.environment.emplace_back("PYTHONPATH", "/var/runtime");
            out.environment.emplace_back("PYTHONDONTWRITEBYTECODE", "1");
            out.entry_point = Words{inside, "/var/runtime/client.py"};
            break;
        case RuntimeFamily::node:
            out.environment.emplace_back(
                "NODE_PATH", fmt::format("/opt/nodejs/node{}/node_modules:/opt/nodejs/node_modules:"
                                         "/var/runtime/node_modules:/var/runtime:/var/task",
                                         runtime.version));
            out.entry_point = Words{inside, "/var/runtime/client.cjs"};
            break;
        case RuntimeFamily::provided:
            out.entry_point = Words{"/bin/sh", "/var/runtime/launch.sh"};
            break;
    }
    return out;
}

Variables environment_variables(const FunctionSpec& spec, const Grant& grant,
                                const RuntimeName& runtime) {
    Variables out;
    const bool image = spec.image.has_value();
    if (image) {
        put(out, "TZ", ":UTC");
    } else if (runtime.family != RuntimeFamily::provided) {
        put(out, "AWS_EXECUTION_ENV", "AWS_Lambda_" + spec.runtime);
    }
    for (const auto& [name, value] : spec.environment) put(out, name, value);
    put(out, "AWS_LAMBDA_FUNCTION_NAME", spec.name);
    put(out, "AWS_LAMBDA_FUNCTION_VERSION", spec.version);
    put(out, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", std::to_string(spec.memory_mib));
    put(out, "AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand");
    put(out, "AWS_REGION", spec.region);
    put(out, "AWS_DEFAULT_REGION", spec.region);
    if (!image) put(out, "_HANDLER", spec.handler);
    if (!grant.log_group.empty()) put(out, "AWS_LAMBDA_LOG_GROUP_NAME", grant.log_group);
    if (!grant.log_stream.empty()) put(out, "AWS_LAMBDA_LOG_STREAM_NAME", grant.log_stream);
    for (const auto& [name, value] : grant.variables) put(out, name, value);
    return out;
}

std::string wrapper_of(const FunctionSpec& spec) {
    for (const auto& [name, value] : spec.environment)
        if (name == "AWS_LAMBDA_EXEC_WRAPPER") return value;
    return {};
}

bool is_read_at_start(std::string_view variable) {
    for (const std::string_view prefix :
         {"LD_", "NODE_", "PYTHON", "MALLOC_", "GLIBC_", "LC_", "LANG", "OPENSSL_CONF", "UV_"})
        if (variable.starts_with(prefix)) return true;
    return false;
}

std::string claim_document(const FunctionSpec& spec, const Grant& grant,
                           const Variables& variables) {
    using wire::Json;
    Json values = Json::object({});
    for (const auto& [name, value] : variables) values.set(name, value);
    const auto early = [](const auto& pair) { return is_read_at_start(pair.first); };
    const std::string wrapper = wrapper_of(spec);
    const bool restart = !wrapper.empty() || std::ranges::any_of(spec.environment, early) ||
                         std::ranges::any_of(grant.variables, early);
    Json out;
    out.set("variables", std::move(values));
    out.set("restart", restart);
    if (!wrapper.empty()) out.set("wrapper", wrapper);
    return out.dump();
}

std::string bootstrap_script(const Variables& variables, std::string_view wrapper) {
    std::string out;
    for (const auto& [name, value] : variables)
        if (is_shell_name(name)) out += "export " + name + "=" + shell_quoted(value) + "\n";
    const std::string prefix = wrapper.empty() ? "" : shell_quoted(wrapper) + " ";
    out += "cd /var/task\n";
    for (const char* path : {"/var/task/bootstrap", "/opt/bootstrap"})
        out += fmt::format("[ -f {0} ] && exec {1}{0}\n", path, prefix);
    out +=
        "echo \"Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]\" >&2\n"
        "exit 127\n";
    return out;
}

}  // namespace unkai::planes::functions
