#include "services/route53/limits.h"
#include "services/route53/route53.h"

namespace unkai::services::route53 {

static Result<Zone> find_tagged(aws::Call& call, std::string_view type, const std::string& id) {
    if (type != tag_resource_type::hostedzone)
        return errors::NoSuchHealthCheck("No health check exists with the ID " + id +
                                         ". Health checks are not offered by this version.");
    return find_zone(call, id);
}

static ResourceTagSet tag_set(const Zone& zone) {
    ResourceTagSet out;
    out.resource_type = std::string(tag_resource_type::hostedzone);
    out.resource_id = zone.id;
    out.tags.present = true;
    for (const auto& [key, value] : zone.tags) out.tags.push_back({.key = key, .value = value});
    return out;
}

Result<ChangeTagsForResourceOutput> Route53::ChangeTagsForResource(
    aws::Call& call, const ChangeTagsForResourceInput& in) {
    TRY(Zone zone, find_tagged(call, in.resource_type, in.resource_id));
    if (in.add_tags.empty() && in.remove_tag_keys.empty())
        return errors::InvalidInput("Tags to add or keys of tags to remove must be given.");
    for (const std::string& key : in.remove_tag_keys) zone.tags.erase(key);
    for (const Tag& tag : in.add_tags) {
        if (!tag.key || tag.key->empty()) return errors::InvalidInput("A tag needs a key.");
        zone.tags[*tag.key] = tag.value.value_or("");
    }
    if (zone.tags.size() > limits::tags)
        return errors::InvalidInput("A hosted zone has at most " + std::to_string(limits::tags) +
                                    " tags.");
    schema::zones.put(call.txn(), {zone.id}, zone);
    return ChangeTagsForResourceOutput{};
}

Result<ListTagsForResourceOutput> Route53::ListTagsForResource(aws::Call& call,
                                                               const ListTagsForResourceInput& in) {
    TRY(const Zone zone, find_tagged(call, in.resource_type, in.resource_id));
    ListTagsForResourceOutput out;
    out.resource_tag_set = tag_set(zone);
    return out;
}

Result<ListTagsForResourcesOutput> Route53::ListTagsForResources(
    aws::Call& call, const ListTagsForResourcesInput& in) {
    ListTagsForResourcesOutput out;
    for (const std::string& id : in.resource_ids) {
        TRY(const Zone zone, find_tagged(call, in.resource_type, id));
        out.resource_tag_sets.push_back(tag_set(zone));
    }
    return out;
}

}  // namespace unkai::services::route53
