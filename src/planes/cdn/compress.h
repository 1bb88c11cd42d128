// gzip and brotli of a whole body, at the levels that an edge can afford.
#pragma once

#include <optional>
#include <string>

#include "planes/cdn/rules.h"

namespace unkai::planes::cdn {

// nullopt: not made smaller, or no memory; serve it as it is. 1 MB takes some 10 ms.
std::optional<std::string> compress(Coding coding, std::string_view body);

}  // namespace unkai::planes::cdn
