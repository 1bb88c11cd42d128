// The system calls that a container may make, as the "seccomp" member of an OCI configuration.
//
// Default deny. Listed calls are allowed; those with which a process would leave its container or
// change the machine answer EPERM, as under Docker; all others answer ENOSYS, so that a C library
// that tries a new call falls back to the older one. clone may not make namespaces; clone3, whose
// flags no filter can see, answers ENOSYS and libraries use clone. Pure.
#pragma once

#include <cstddef>

#include "wire/json.h"

namespace unkai::planes::containers {

// `trace`: the container was given SYS_PTRACE, so ptrace and its kin are allowed too.
wire::Json seccomp_profile(bool trace);
size_t allowed_system_calls();  // How many names the allow-list has (without trace).

}  // namespace unkai::planes::containers
