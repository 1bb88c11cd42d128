// What an environment's first process is, and the variables that it gets. Pure.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "planes/functions/functions.h"
#include "planes/functions/runtime_names.h"

namespace unkai::planes::functions {

// The process of a generic sandbox: command, variables that are the same for all functions, user.
// `program` is the machine's interpreter; one outside /usr is bound at /var/lang.
containers::ContainerSpec generic_container(const RuntimeName& runtime, const std::string& program);

// The variables of a function: Lambda's own, the user's, the grant's, each winning over those
// before; what generic_container() has set already is not among them. Of an image (an empty
// runtime version) those too that a base image leaves to Lambda.
Variables environment_variables(const FunctionSpec& spec, const Grant& grant,
                                const RuntimeName& runtime);
// AWS_LAMBDA_EXEC_WRAPPER, or empty.
std::string wrapper_of(const FunctionSpec& spec);
// Whether the interpreter or the loader reads a variable at its start only, so that one that runs
// already must start anew for it.
bool is_read_at_start(std::string_view variable);
// What our own clients get as their claim.
std::string claim_document(const FunctionSpec& spec, const Grant& grant,
                           const Variables& variables);
// A shell script that sets the variables and becomes the bootstrap.
std::string bootstrap_script(const Variables& variables, std::string_view wrapper);

}  // namespace unkai::planes::functions
