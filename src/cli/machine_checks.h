// What this machine has of what Unkai needs: for `unkai doctor`. Each check looks at the real thing
// (a namespace is made and a packet filter loaded, an overlay is mounted) and cleans up after
// itself.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/installation.h"

namespace unkai::cli {

struct Finding {
    enum class Verdict { passed, warning, failed };
    std::string name;
    Verdict verdict = Verdict::passed;
    std::string text;  // What was found.
    std::string fix;   // The command that mends it; empty when nothing is to mend.
};

// All of them, in the order in which they are shown. `installation` where one was made.
std::vector<Finding> check_machine(const std::string& data_dir,
                                   const std::optional<Installation>& installation);

// Who listens on a TCP port of this machine: "nginx (pid 12)"; empty: nobody.
std::string listener_of(uint16_t port);

}  // namespace unkai::cli
