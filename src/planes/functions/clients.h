// Our runtime clients, which the program carries in itself: clients/client.py (Python 3.9 to 3.13),
// clients/client.cjs (Node.js 18 to 24), clients/launch.sh (bootstraps).
#pragma once

#include <string_view>

namespace unkai::planes::functions {

std::string_view python_client();
std::string_view node_client();
std::string_view launch_script();

}  // namespace unkai::planes::functions
