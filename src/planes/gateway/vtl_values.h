// What values of mapping templates can do. Pure; part of vtl.h.
#pragma once

#include "planes/gateway/vtl.h"

namespace unkai::planes::gateway::vtl {

using Arguments = std::vector<wire::Json>;

// The text that a value leaves in the output.
std::string shown(const wire::Json& value);
bool is_true(const wire::Json& value);
// nullopt: no such operator for these.
std::optional<wire::Json> calculate(std::string_view operation, const wire::Json& a,
                                    const wire::Json& b);
// A method of a string, list or map. `add`, `put` and `remove` change it. nullopt: there is none.
std::optional<wire::Json> call_method(wire::Json& value, std::string_view name,
                                      const Arguments& arguments);
// $util.name(…). nullopt: there is none.
std::optional<wire::Json> call_utility(std::string_view name, const Arguments& arguments);

}  // namespace unkai::planes::gateway::vtl
