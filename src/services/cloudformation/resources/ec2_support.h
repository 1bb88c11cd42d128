// What the handlers of EC2's resources share.
#pragma once

#include "services/cloudformation/resource_type.h"

namespace unkai::services::cloudformation {

// [{ResourceType, Tags}] with the tags by which find_by_tags finds the resource again.
Json tag_specifications(const Work& work, std::string_view type);
// {"Filters": [{Name, Values: [value]} …]}
Json filters(std::initializer_list<std::pair<std::string_view, std::string>> wanted);
Json ids(std::string_view name, const std::string& id);  // {name: [id]}
// The members `id` of answer[list] for all that carry this resource's tags.
Task<Result<std::vector<std::string>>> find_by_tags(Work& work, std::string operation,
                                                    std::string list, std::string id);
Task<Status> update_ec2_tags(Work& work);

}  // namespace unkai::services::cloudformation
