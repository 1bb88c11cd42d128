#include "planes/functions/runtime_names.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <set>

#include "base/strings.h"

namespace unkai::planes::functions {

namespace {

struct KnownRuntime {
    const char* identifier;
    RuntimeFamily family;
    const char* version;
};
constexpr KnownRuntime known_runtimes[] = {{"python3.9", RuntimeFamily::python, "3.9"},
                                           {"python3.10", RuntimeFamily::python, "3.10"},
                                           {"python3.11", RuntimeFamily::python, "3.11"},
                                           {"python3.12", RuntimeFamily::python, "3.12"},
                                           {"python3.13", RuntimeFamily::python, "3.13"},
                                           {"nodejs18.x", RuntimeFamily::node, "18"},
                                           {"nodejs20.x", RuntimeFamily::node, "20"},
                                           {"nodejs22.x", RuntimeFamily::node, "22"},
                                           {"nodejs24.x", RuntimeFamily::node, "24"},
                                           {"provided.al2", RuntimeFamily::provided, "al2"},
                                           {"provided.al2023", RuntimeFamily::provided, "al2023"}};

bool runnable(const std::string& path) { return ::access(path.c_str(), X_OK) == 0; }

// Folders in which a program may lie: the usual ones, and those of /opt and version managers.
std::vector<std::string> program_folders() {
    std::vector<std::string> out{"/usr/local/bin", "/usr/bin", "/bin"};
    std::error_code error;
    for (const char* parent : {"/opt", "/usr/local", "/usr/local/lib", "/usr/lib"})
        for (const auto& entry : std::filesystem::directory_iterator(parent, error))
            if (entry.is_directory(error)) out.push_back(entry.path().string() + "/bin");
    return out;
}

std::string node_major(const std::string& program) {
    std::array<char, 64> text{};
    FILE* const pipe = ::popen(("'" + program + "' --version 2>/dev/null").c_str(), "re");
    if (pipe == nullptr) return {};
    const bool got = std::fgets(text.data(), text.size(), pipe) != nullptr;
    ::pclose(pipe);
    const std::string_view answer(text.data());
    if (!got || !answer.starts_with("v")) return {};
    return std::string(split_once(answer.substr(1), '.').first);
}

RuntimeStatus status_of_runtime(const KnownRuntime& known, std::string program) {
    RuntimeStatus status{known.identifier, std::move(program), {}};
    if (!status.program.empty()) return status;
    const std::string version = known.version;
    if (known.family == RuntimeFamily::python)
        status.problem = "Python " + version +
                         " is not on this machine. Install it as /usr/bin/"
                         "python" +
                         version +
                         " or below /opt or /usr/local, or deploy the function "
                         "as a container image from public.ecr.aws/lambda/python:" +
                         version + ".";
    else
        status.problem = "Node.js " + version +
                         " is not on this machine. Install it below /opt or "
                         "/usr/local, or deploy the function as a container image from "
                         "public.ecr.aws/lambda/nodejs:" +
                         version + ".";
    return status;
}

}  // namespace

std::optional<RuntimeName> parse_runtime_name(std::string_view runtime) {
    for (const KnownRuntime& known : known_runtimes)
        if (runtime == known.identifier) return RuntimeName{known.family, known.version};
    return std::nullopt;
}

const std::vector<std::string>& runtime_identifiers() {
    static const std::vector<std::string> all = [] {
        std::vector<std::string> out;
        for (const KnownRuntime& known : known_runtimes) out.emplace_back(known.identifier);
        return out;
    }();
    return all;
}

Error invalid_runtime(std::string_view runtime) {
    return {"InvalidRuntime",
            "'" + std::string(runtime) + "' is not a runtime that is supported here. Use one of " +
                join(runtime_identifiers(), ", ") + ", or a container image.",
            400,
            {}};
}

Error missing_runtime(std::string_view runtime, const std::vector<RuntimeStatus>& present) {
    std::vector<std::string> there;
    std::string problem = "The runtime " + std::string(runtime) + " is not on this machine.";
    for (const RuntimeStatus& one : present) {
        if (one.problem.empty()) there.push_back(one.name);
        if (one.name == runtime && !one.problem.empty()) problem = one.problem;
    }
    return {"RuntimeMissing", problem + " Present are: " + join(there, ", ") + ".", 400, {}};
}

std::vector<RuntimeStatus> find_runtimes() {
    const std::vector<std::string> folders = program_folders();
    std::vector<std::pair<std::string, std::string>> nodes;  // Major version, program.
    std::set<std::filesystem::path> asked;                   // One program has several names.
    std::error_code error;
    for (const std::string& folder : folders)
        for (const char* name : {"/node", "/nodejs"})
            if (const std::string path = folder + name; runnable(path))
                if (asked.insert(std::filesystem::canonical(path, error)).second)
                    nodes.emplace_back(node_major(path), path);
    std::vector<RuntimeStatus> out;
    for (const KnownRuntime& known : known_runtimes) {
        std::string program;
        if (known.family == RuntimeFamily::provided) {
            program = "bootstrap";
        } else if (known.family == RuntimeFamily::python) {
            for (const std::string& folder : folders)
                if (const std::string path = folder + "/python" + known.version;
                    program.empty() && runnable(path))
                    program = path;
        } else {
            for (const auto& [major, path] : nodes)
                if (program.empty() && major == known.version) program = path;
        }
        out.push_back(status_of_runtime(known, std::move(program)));
    }
    return out;
}

}  // namespace unkai::planes::functions
