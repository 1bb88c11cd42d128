// What the handlers of API Gateway's resources share.
#pragma once

#include "base/strings.h"
#include "services/cloudformation/resource_type.h"

namespace unkai::services::cloudformation {

Json rest_api(const Work& work);  // {restApiId} of the property RestApiId.
// For each property that changed: replace its path by the value, or remove it.
Json replacements(const Work& work,
                  std::initializer_list<std::pair<std::string_view, std::string_view>> paths);
// A name within a patch's path: "/" is written "~1". RFC 6901.
std::string patch_name(std::string name);
// The Update… operation with these patchOperations; none: nothing is called.
Task<Status> patch(Work& work, const char* operation, Json input, Json operations);

}  // namespace unkai::services::cloudformation
