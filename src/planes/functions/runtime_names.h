// Lambda's runtime identifiers, and which of them this machine's interpreters can run.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "planes/functions/functions.h"

namespace unkai::planes::functions {

enum class RuntimeFamily { python, node, provided };

struct RuntimeName {
    RuntimeFamily family = RuntimeFamily::provided;
    std::string version;  // "3.11", "22", "al2023".
};
// nullopt for what is no runtime identifier that we know. Pure.
std::optional<RuntimeName> parse_runtime_name(std::string_view runtime);
// All of them, as Lambda spells them.
const std::vector<std::string>& runtime_identifiers();

// "InvalidRuntime" (400) for a name that is none; else "RuntimeMissing" (400) with what to install.
Error invalid_runtime(std::string_view runtime);
Error missing_runtime(std::string_view runtime, const std::vector<RuntimeStatus>& present);

// Looks for the interpreters in the usual folders, /usr/local and /opt. Runs `node --version` for
// each node found; blocking (some 50 ms), call on Workers.
std::vector<RuntimeStatus> find_runtimes();

}  // namespace unkai::planes::functions
