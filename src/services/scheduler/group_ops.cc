#include "aws/paging.h"
#include "services/scheduler/limits.h"
#include "services/scheduler/scheduler.h"

namespace unkai::services::scheduler {

namespace {

std::string group_arn(const aws::Call& call, const std::string& name) {
    return call.arn("scheduler", "schedule-group/" + name);
}

void put_group(aws::Call& call, const std::string& name, const StoredGroup& group) {
    schema::groups.put(call.txn(), {call.account, call.region, name}, group);
}

// Only groups have tags.
Result<std::string> group_of(const std::string& arn) {
    const size_t mark = arn.find(":schedule-group/");
    if (mark == arn.npos)
        return invalid("Only schedule groups have tags: give the ARN of one, not " + arn + ".");
    return arn.substr(mark + 16);
}

}  // namespace

Result<StoredGroup> find_group(aws::Call& call, const std::string& name) {
    auto group = schema::groups.get(call.txn(), {call.account, call.region, name});
    if (!group && name == "default") return StoredGroup{};
    if (!group)
        return errors::ResourceNotFoundException("Schedule group " + name + " does not exist.");
    return *std::move(group);
}

Result<CreateScheduleGroupOutput> Scheduler::CreateScheduleGroup(
    aws::Call& call, const CreateScheduleGroupInput& in) {
    const auto there = schema::groups.get(call.txn(), {call.account, call.region, in.name});
    if (there && in.client_token && there->client_token == *in.client_token)
        return CreateScheduleGroupOutput{.schedule_group_arn = group_arn(call, in.name)};
    if (there || in.name == "default")
        return errors::ConflictException("Schedule group " + in.name + " already exists.");
    if (schema::groups.list(call.txn(), call.account, call.region).size() >= limits::groups)
        return errors::ServiceQuotaExceededException("There are 500 schedule groups. Delete some.");
    StoredGroup group{
        .created = call.now, .modified = call.now, .client_token = in.client_token.value_or("")};
    for (const Tag& tag : in.tags) group.tags[tag.key] = tag.value;
    put_group(call, in.name, group);
    return CreateScheduleGroupOutput{.schedule_group_arn = group_arn(call, in.name)};
}

Result<GetScheduleGroupOutput> Scheduler::GetScheduleGroup(aws::Call& call,
                                                           const GetScheduleGroupInput& in) {
    TRY(const StoredGroup group, find_group(call, in.name));
    GetScheduleGroupOutput out{.arn = group_arn(call, in.name), .name = in.name, .state = "ACTIVE"};
    if (group.created != Time{}) {
        out.creation_date = group.created;
        out.last_modification_date = group.modified;
    }
    return out;
}

Result<DeleteScheduleGroupOutput> Scheduler::DeleteScheduleGroup(
    aws::Call& call, const DeleteScheduleGroupInput& in) {
    if (in.name == "default") return invalid("Cannot delete default schedule group.");
    REQUIRE(find_group(call, in.name));
    for (const auto& [key, schedule] :
         schema::schedules.list(call.txn(), call.account, call.region, in.name))
        schema::schedules.erase(call.txn(), key);
    schema::groups.erase(call.txn(), {call.account, call.region, in.name});
    return DeleteScheduleGroupOutput{};
}

Result<ListScheduleGroupsOutput> Scheduler::ListScheduleGroups(aws::Call& call,
                                                               const ListScheduleGroupsInput& in) {
    std::vector<std::pair<std::string, StoredGroup>> rows{{"default", {}}};
    for (auto& [key, group] : schema::groups.list(call.txn(), call.account, call.region))
        rows.emplace_back(std::get<2>(key), std::move(group));
    std::erase_if(
        rows, [&](const auto& row) { return !row.first.starts_with(in.name_prefix.value_or("")); });
    std::sort(rows.begin(), rows.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    TRY(const auto page,
        aws::page(
            rows, [](const auto& row) { return row.first; }, in.next_token,
            static_cast<size_t>(in.max_results.value_or(limits::listed)), "ValidationException"));
    ListScheduleGroupsOutput out;
    for (const auto* row : page.items) {
        ScheduleGroupSummary group{
            .arn = group_arn(call, row->first), .name = row->first, .state = "ACTIVE"};
        if (row->second.created != Time{}) {
            group.creation_date = row->second.created;
            group.last_modification_date = row->second.modified;
        }
        out.schedule_groups.push_back(std::move(group));
    }
    out.next_token = page.next;
    return out;
}

Result<TagResourceOutput> Scheduler::TagResource(aws::Call& call, const TagResourceInput& in) {
    TRY(const std::string name, group_of(in.resource_arn));
    TRY(StoredGroup group, find_group(call, name));
    if (name == "default") return invalid("The default schedule group takes no tags.");
    for (const Tag& tag : in.tags) group.tags[tag.key] = tag.value;
    if (group.tags.size() > limits::tags)
        return errors::ServiceQuotaExceededException("A schedule group holds at most 50 tags.");
    put_group(call, name, group);
    return TagResourceOutput{};
}

Result<UntagResourceOutput> Scheduler::UntagResource(aws::Call& call,
                                                     const UntagResourceInput& in) {
    TRY(const std::string name, group_of(in.resource_arn));
    TRY(StoredGroup group, find_group(call, name));
    if (name == "default") return UntagResourceOutput{};
    for (const std::string& key : in.tag_keys) group.tags.erase(key);
    put_group(call, name, group);
    return UntagResourceOutput{};
}

Result<ListTagsForResourceOutput> Scheduler::ListTagsForResource(
    aws::Call& call, const ListTagsForResourceInput& in) {
    TRY(const std::string name, group_of(in.resource_arn));
    TRY(const StoredGroup group, find_group(call, name));
    ListTagsForResourceOutput out;
    for (const auto& [key, value] : group.tags) out.tags.push_back({.key = key, .value = value});
    return out;
}

}  // namespace unkai::services::scheduler
