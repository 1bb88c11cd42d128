#include "services/logs/limits.h"
#include "services/logs/logs.h"

namespace unkai::services::logs {

namespace {

Result<StoredGroup> tagged_group(aws::Call& call, const std::string& arn) {
    TRY(const std::string name, group_name(std::nullopt, arn));
    return find_group(call, name);
}

Status add_tags(aws::Call& call, StoredGroup group,
                const std::map<std::string, std::string>& tags) {
    for (const auto& [key, value] : tags) group.tags[key] = value;
    REQUIRE(check_tags(group.tags));
    put_group(call, group);
    return ok();
}

void remove_tags(aws::Call& call, StoredGroup group, const std::vector<std::string>& keys) {
    for (const std::string& key : keys) group.tags.erase(key);
    put_group(call, group);
}

}  // namespace

Status check_tags(const std::map<std::string, std::string>& tags) {
    if (tags.size() > limits::tags)
        return errors::TooManyTagsException("A log group can have no more than 50 tags.");
    return ok();
}

Result<TagResourceOutput> Logs::TagResource(aws::Call& call, const TagResourceInput& in) {
    TRY(StoredGroup group, tagged_group(call, in.resource_arn));
    REQUIRE(add_tags(call, std::move(group), in.tags));
    return TagResourceOutput{};
}

Result<UntagResourceOutput> Logs::UntagResource(aws::Call& call, const UntagResourceInput& in) {
    TRY(StoredGroup group, tagged_group(call, in.resource_arn));
    remove_tags(call, std::move(group), in.tag_keys);
    return UntagResourceOutput{};
}

Result<ListTagsForResourceOutput> Logs::ListTagsForResource(aws::Call& call,
                                                            const ListTagsForResourceInput& in) {
    TRY(StoredGroup group, tagged_group(call, in.resource_arn));
    return ListTagsForResourceOutput{.tags = std::move(group.tags)};
}

Result<TagLogGroupOutput> Logs::TagLogGroup(aws::Call& call, const TagLogGroupInput& in) {
    TRY(StoredGroup group, find_group(call, in.log_group_name));
    REQUIRE(add_tags(call, std::move(group), in.tags));
    return TagLogGroupOutput{};
}

Result<UntagLogGroupOutput> Logs::UntagLogGroup(aws::Call& call, const UntagLogGroupInput& in) {
    TRY(StoredGroup group, find_group(call, in.log_group_name));
    remove_tags(call, std::move(group), in.tags);
    return UntagLogGroupOutput{};
}

Result<ListTagsLogGroupOutput> Logs::ListTagsLogGroup(aws::Call& call,
                                                      const ListTagsLogGroupInput& in) {
    TRY(StoredGroup group, find_group(call, in.log_group_name));
    return ListTagsLogGroupOutput{.tags = std::move(group.tags)};
}

}  // namespace unkai::services::logs
