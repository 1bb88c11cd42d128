#include <algorithm>

#include "aws/paging.h"
#include "services/ecs/ecs.h"
#include "services/ecs/limits.h"
#include "services/ecs/names.h"
#include "services/ecs/task_definition.h"
#include "services/ecs/task_factory.h"

namespace unkai::services::ecs {

using namespace model;

namespace {

void put_definition(aws::Call& call, const StoredTaskDefinition& stored) {
    schema::task_definitions.put(
        call.txn(),
        {call.account, call.region, *stored.definition.family, *stored.definition.revision},
        stored);
}

// Rows of one family or of all, those that begin with the prefix, of a status.
auto definitions(aws::Call& call, const std::optional<std::string>& prefix,
                 std::string_view status) {
    auto rows = schema::task_definitions.list(call.txn(), call.account, call.region);
    std::erase_if(rows, [&](auto& row) {
        return !std::get<2>(row.first).starts_with(prefix.value_or("")) ||
               row.second.definition.status != status;
    });
    return rows;
}

}  // namespace

Result<std::map<std::string, std::string>> checked_tags(const List<Tag>& tags) {
    std::map<std::string, std::string> out;
    for (const Tag& tag : tags) {
        const std::string key = tag.key.value_or("");
        if (key.empty() || key.starts_with("aws:"))
            return errors::InvalidParameterException(
                "Tag keys must not be empty or begin with aws:.");
        if (!out.emplace(key, tag.value.value_or("")).second)
            return errors::InvalidParameterException(
                "Duplicate tag keys found. Please note that Tag keys "
                "are case insensitive.");
    }
    if (out.size() > limits::tags)
        return errors::InvalidParameterException("The maximum number of tags is 50.");
    return out;
}

Result<StoredTaskDefinition> find_task_definition(aws::Call& call, std::string_view given) {
    TRY(const TaskDefinitionName name, parse_task_definition(given));
    if (name.revision) {
        auto stored = schema::task_definitions.get(
            call.txn(), {call.account, call.region, name.family, *name.revision});
        if (stored) return std::move(*stored);
        return errors::ClientException("Unable to describe task definition.");
    }
    std::optional<StoredTaskDefinition> newest;
    for (auto& [key, stored] :
         schema::task_definitions.list(call.txn(), call.account, call.region, name.family))
        if (stored.definition.status == "ACTIVE") newest = std::move(stored);
    if (newest) return std::move(*newest);
    return errors::ClientException("Unable to describe task definition.");
}

Result<RegisterTaskDefinitionOutput> Ecs::RegisterTaskDefinition(
    aws::Call& call, const RegisterTaskDefinitionInput& in) {
    REQUIRE(check_task_definition(in));
    StoredTaskDefinition stored;
    TRY(stored.tags, checked_tags(in.tags));
    auto family = schema::families.get(call.txn(), {call.account, call.region, in.family})
                      .value_or(StoredFamily{});
    if (family.last_revision >= limits::revisions_per_family)
        return errors::ClientException("The limit of 1,000,000 revisions of a family is reached.");
    ++family.last_revision;
    schema::families.put(call.txn(), {call.account, call.region, in.family}, family);
    stored.definition = make_task_definition(in);
    stored.definition.revision = static_cast<int32_t>(family.last_revision);
    stored.definition.task_definition_arn = call.arn(
        "ecs", "task-definition/" + in.family + ":" + std::to_string(family.last_revision));
    stored.definition.registered_at = call.now;
    stored.definition.registered_by = call.principal.arn;
    put_definition(call, stored);
    RegisterTaskDefinitionOutput out;
    out.task_definition = stored.definition;
    out.tags = tag_list(stored.tags);
    return out;
}

Result<DeregisterTaskDefinitionOutput> Ecs::DeregisterTaskDefinition(
    aws::Call& call, const DeregisterTaskDefinitionInput& in) {
    TRY(const TaskDefinitionName name, parse_task_definition(in.task_definition));
    if (!name.revision)
        return errors::ClientException("Invalid revision number. Number: " + in.task_definition);
    auto stored = schema::task_definitions.get(
        call.txn(), {call.account, call.region, name.family, *name.revision});
    if (!stored)
        return errors::ClientException(
            "The specified task definition does not exist. Specify a valid "
            "account, family, revision and try again.");
    stored->definition.status = "INACTIVE";
    stored->definition.deregistered_at = call.now;
    put_definition(call, *stored);
    return DeregisterTaskDefinitionOutput{.task_definition = stored->definition};
}

Result<DescribeTaskDefinitionOutput> Ecs::DescribeTaskDefinition(
    aws::Call& call, const DescribeTaskDefinitionInput& in) {
    TRY(const StoredTaskDefinition stored, find_task_definition(call, in.task_definition));
    DescribeTaskDefinitionOutput out;
    out.task_definition = stored.definition;
    if (std::ranges::count(in.include, "TAGS") > 0) out.tags = tag_list(stored.tags);
    return out;
}

Result<ListTaskDefinitionsOutput> Ecs::ListTaskDefinitions(aws::Call& call,
                                                           const ListTaskDefinitionsInput& in) {
    auto rows = definitions(call, std::nullopt, in.status.value_or("ACTIVE"));
    // Here familyPrefix is the whole family's name.
    if (in.family_prefix)
        std::erase_if(rows, [&](auto& row) { return std::get<2>(row.first) != *in.family_prefix; });
    const bool descending = in.sort == "DESC";
    if (descending) std::ranges::reverse(rows);
    const auto key_of = [&](const auto& row) {
        return store::key_prefix(std::get<2>(row.first),
                                 descending ? -std::get<3>(row.first) : std::get<3>(row.first));
    };
    if (descending) std::ranges::sort(rows, {}, key_of);
    TRY(const auto page,
        aws::page(rows, key_of, in.next_token, static_cast<size_t>(in.max_results.value_or(100)),
                  "InvalidParameterException"));
    ListTaskDefinitionsOutput out;
    for (const auto* row : page.items)
        out.task_definition_arns.push_back(*row->second.definition.task_definition_arn);
    out.next_token = page.next;
    return out;
}

Result<ListTaskDefinitionFamiliesOutput> Ecs::ListTaskDefinitionFamilies(
    aws::Call& call, const ListTaskDefinitionFamiliesInput& in) {
    const std::string status = in.status.value_or("ACTIVE");
    std::map<std::string, bool> active;
    for (const auto& [key, stored] :
         schema::task_definitions.list(call.txn(), call.account, call.region))
        if (std::get<2>(key).starts_with(in.family_prefix.value_or("")))
            active[std::get<2>(key)] |= stored.definition.status == "ACTIVE";
    std::vector<std::string> families;
    for (const auto& [family, is_active] : active)
        if (status == "ALL" || (status == "ACTIVE") == is_active) families.push_back(family);
    TRY(const auto page,
        aws::page(
            families, [](auto& family) { return family; }, in.next_token,
            static_cast<size_t>(in.max_results.value_or(100)), "InvalidParameterException"));
    ListTaskDefinitionFamiliesOutput out;
    for (const std::string* family : page.items) out.families.push_back(*family);
    out.next_token = page.next;
    return out;
}

Result<DeleteTaskDefinitionsOutput> Ecs::DeleteTaskDefinitions(
    aws::Call& call, const DeleteTaskDefinitionsInput& in) {
    if (in.task_definitions.size() > 10)
        return errors::InvalidParameterException(
            "At most 10 task definitions can be deleted by one call.");
    DeleteTaskDefinitionsOutput out;
    out.failures.present = true;
    for (const std::string& given : in.task_definitions) {
        Failure failure;
        failure.arn = given;
        const auto name = parse_task_definition(given);
        std::optional<StoredTaskDefinition> stored;
        if (name && name->revision)
            stored = schema::task_definitions.get(
                call.txn(), {call.account, call.region, name->family, *name->revision});
        if (!stored)
            failure.reason = "The specified task definition does not exist.";
        else if (stored->definition.status == "ACTIVE")
            failure.reason =
                "The specified task definition is still in ACTIVE status. Please deregister the "
                "target and try again.";
        if (failure.reason) {
            out.failures.push_back(failure);
            continue;
        }
        bool used = false;
        for (const auto& [key, task] : schema::tasks.list(call.txn(), call.account, call.region))
            used =
                used || (task.shape.last_status != "STOPPED" &&
                         task.shape.task_definition_arn == stored->definition.task_definition_arn);
        for (const auto& [key, service] :
             schema::services.list(call.txn(), call.account, call.region))
            for (const StoredDeployment& deployment : service.deployments)
                used = used ||
                       (service.shape.status != "INACTIVE" &&
                        deployment.shape.task_definition == stored->definition.task_definition_arn);
        stored->definition.status = "DELETE_IN_PROGRESS";
        stored->definition.delete_requested_at = call.now;
        // Kept, in that status, as long as tasks or services need it.
        if (used)
            put_definition(call, *stored);
        else
            schema::task_definitions.erase(
                call.txn(), {call.account, call.region, name->family, *name->revision});
        out.task_definitions.push_back(stored->definition);
    }
    return out;
}

}  // namespace unkai::services::ecs
