#include "base/strings.h"
#include "services/ecs/ecs.h"
#include "services/ecs/limits.h"
#include "services/ecs/names.h"
#include "services/ecs/task_factory.h"

namespace unkai::services::ecs {

using namespace model;

namespace {

std::map<std::string, std::string> tag_map(const List<Tag>& tags) {
    std::map<std::string, std::string> out;
    for (const Tag& tag : tags) out[tag.key.value_or("")] = tag.value.value_or("");
    return out;
}

Unexpected not_found() {
    return unexpected(errors::ResourceNotFoundException("The specified resource is not found."));
}

// Calls `change` with the tags of what the ARN names, and writes them back if it says so.
template <class Change>
Status with_tags(aws::Call& call, const std::string& arn, const Change& change) {
    TRY(const ResourceName name, parse_resource(arn));
    store::Txn& txn = call.txn();
    const auto& [account, region] = std::tie(call.account, call.region);
    if (name.kind == "cluster") {
        auto cluster = schema::clusters.get(txn, {account, region, name.name});
        if (!cluster) return not_found();
        auto tags = tag_map(cluster->tags);
        TRY(const bool changed, change(tags));
        if (!changed) return ok();
        cluster->tags = tag_list(tags);
        schema::clusters.put(txn, {account, region, name.name}, *cluster);
    } else if (name.kind == "service") {
        auto service = schema::services.get(txn, {account, region, name.cluster, name.name});
        if (!service) return not_found();
        TRY(const bool changed, change(service->tags));
        if (!changed) return ok();
        schema::services.put(txn, {account, region, name.cluster, name.name}, *service);
    } else if (name.kind == "task") {
        auto task = schema::tasks.get(txn, {account, region, name.cluster, name.name});
        if (!task) return not_found();
        auto tags = tag_map(task->shape.tags);
        TRY(const bool changed, change(tags));
        if (!changed) return ok();
        task->shape.tags = tag_list(tags);
        schema::tasks.put(txn, {account, region, name.cluster, name.name}, *task);
    } else {
        const auto [family, revision] = split_once(name.name, ':');
        const auto key =
            std::tuple(account, region, std::string(family), parse_int(revision).value_or(0));
        auto definition = schema::task_definitions.get(txn, key);
        if (!definition) return not_found();
        TRY(const bool changed, change(definition->tags));
        if (!changed) return ok();
        schema::task_definitions.put(txn, key, *definition);
    }
    return ok();
}

}  // namespace

Result<TagResourceOutput> Ecs::TagResource(aws::Call& call, const TagResourceInput& in) {
    TRY(const auto added, checked_tags(in.tags));
    REQUIRE(with_tags(
        call, in.resource_arn, [&](std::map<std::string, std::string>& tags) -> Result<bool> {
            for (const auto& [key, value] : added) tags[key] = value;
            if (tags.size() > limits::tags)
                return errors::InvalidParameterException("The maximum number of tags is 50.");
            return true;
        }));
    return TagResourceOutput{};
}

Result<UntagResourceOutput> Ecs::UntagResource(aws::Call& call, const UntagResourceInput& in) {
    REQUIRE(with_tags(call, in.resource_arn,
                      [&](std::map<std::string, std::string>& tags) -> Result<bool> {
                          for (const std::string& key : in.tag_keys) tags.erase(key);
                          return true;
                      }));
    return UntagResourceOutput{};
}

Result<ListTagsForResourceOutput> Ecs::ListTagsForResource(aws::Call& call,
                                                           const ListTagsForResourceInput& in) {
    ListTagsForResourceOutput out;
    REQUIRE(with_tags(call, in.resource_arn,
                      [&](const std::map<std::string, std::string>& tags) -> Result<bool> {
                          out.tags = tag_list(tags);
                          return false;
                      }));
    return out;
}

}  // namespace unkai::services::ecs
