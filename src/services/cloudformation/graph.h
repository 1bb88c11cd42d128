// Which resource needs which: DependsOn, Ref, Fn::GetAtt, Fn::Sub in the branches taken. Pure.
#pragma once

#include <map>
#include <set>

#include "services/cloudformation/evaluate.h"

namespace unkai::services::cloudformation {

// For each active resource those that must be there before it. Errors: a reference to a resource
// whose condition does not hold, and "Circular dependency between resources: [A, B]".
using Graph = std::map<std::string, std::set<std::string>>;
Result<Graph> dependency_graph(const Values& values);

}  // namespace unkai::services::cloudformation
