#include "services/ssm/limits.h"
#include "services/ssm/ssm.h"

namespace unkai::services::ssm {

namespace {

Result<StoredParameter> tagged(aws::Call& call, const std::string& type, const std::string& id) {
    if (type != "Parameter")
        return errors::InvalidResourceType("Unkai tags resources of the type Parameter only, not " +
                                           type + ".");
    auto found = find_parameter(call, plain_name(id));
    if (!found)
        return errors::InvalidResourceId("The resource ID " + id +
                                         " is not valid. Verify the ID and try again.");
    return found;
}

}  // namespace

Status add_tags(StoredParameter& parameter, const List<Tag>& tags) {
    for (const Tag& tag : tags) parameter.tags[tag.key] = tag.value;
    if (parameter.tags.size() > limits::tags)
        return errors::TooManyTagsError("A parameter can have no more than 50 tags.");
    return ok();
}

Result<AddTagsToResourceOutput> Ssm::AddTagsToResource(aws::Call& call,
                                                       const AddTagsToResourceInput& in) {
    TRY(StoredParameter parameter, tagged(call, in.resource_type, in.resource_id));
    REQUIRE(add_tags(parameter, in.tags));
    put_parameter(call, parameter);
    return AddTagsToResourceOutput{};
}

Result<RemoveTagsFromResourceOutput> Ssm::RemoveTagsFromResource(
    aws::Call& call, const RemoveTagsFromResourceInput& in) {
    TRY(StoredParameter parameter, tagged(call, in.resource_type, in.resource_id));
    for (const std::string& key : in.tag_keys) parameter.tags.erase(key);
    put_parameter(call, parameter);
    return RemoveTagsFromResourceOutput{};
}

Result<ListTagsForResourceOutput> Ssm::ListTagsForResource(aws::Call& call,
                                                           const ListTagsForResourceInput& in) {
    TRY(const StoredParameter parameter, tagged(call, in.resource_type, in.resource_id));
    ListTagsForResourceOutput out;
    for (const auto& [key, value] : parameter.tags)
        out.tag_list.push_back({.key = key, .value = value});
    return out;
}

}  // namespace unkai::services::ssm
