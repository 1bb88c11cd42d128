// The documentation of an API as one page of HTML, without anything from elsewhere. Pure.
#pragma once

#include <string>

namespace unkai::planes::gateway {

// `document`: OpenAPI 3, JSON. The page reads it by a script of its own.
std::string documentation_page(const std::string& document);

}  // namespace unkai::planes::gateway
