#include "services/route53/limits.h"
#include "services/route53/route53.h"

namespace unkai::services::route53 {

namespace {

// What bears tags: a zone or a health check.
struct Tagged {
    std::string type, id;
    std::map<std::string, std::string> tags;
    std::optional<Zone> zone;
    std::optional<HealthCheckRecord> check;
};

Result<Tagged> find_tagged(aws::Call& call, const std::string& type, const std::string& id) {
    Tagged out{.type = type};
    if (type == tag_resource_type::hostedzone) {
        TRY(out.zone, find_zone(call, id));
        out.id = out.zone->id;
        out.tags = out.zone->tags;
    } else {
        TRY(out.check, find_health_check(call, id));
        out.id = id;
        out.tags = out.check->tags;
    }
    return out;
}

void put_tagged(aws::Call& call, Tagged tagged) {
    if (tagged.zone) {
        tagged.zone->tags = std::move(tagged.tags);
        schema::zones.put(call.txn(), {tagged.id}, *tagged.zone);
    } else {
        tagged.check->tags = std::move(tagged.tags);
        schema::health_checks.put(call.txn(), {tagged.id}, *tagged.check);
    }
}

ResourceTagSet tag_set(const Tagged& tagged) {
    ResourceTagSet out;
    out.resource_type = tagged.type;
    out.resource_id = tagged.id;
    out.tags.present = true;
    for (const auto& [key, value] : tagged.tags) out.tags.push_back({.key = key, .value = value});
    return out;
}

}  // namespace

Result<ChangeTagsForResourceOutput> Route53::ChangeTagsForResource(
    aws::Call& call, const ChangeTagsForResourceInput& in) {
    TRY(Tagged tagged, find_tagged(call, in.resource_type, in.resource_id));
    if (in.add_tags.empty() && in.remove_tag_keys.empty())
        return errors::InvalidInput("Tags to add or keys of tags to remove must be given.");
    for (const std::string& key : in.remove_tag_keys) tagged.tags.erase(key);
    for (const Tag& tag : in.add_tags) {
        if (!tag.key || tag.key->empty()) return errors::InvalidInput("A tag needs a key.");
        tagged.tags[*tag.key] = tag.value.value_or("");
    }
    if (tagged.tags.size() > limits::tags)
        return errors::InvalidInput("A resource has at most " + std::to_string(limits::tags) +
                                    " tags.");
    put_tagged(call, std::move(tagged));
    return ChangeTagsForResourceOutput{};
}

Result<ListTagsForResourceOutput> Route53::ListTagsForResource(aws::Call& call,
                                                               const ListTagsForResourceInput& in) {
    TRY(const Tagged tagged, find_tagged(call, in.resource_type, in.resource_id));
    ListTagsForResourceOutput out;
    out.resource_tag_set = tag_set(tagged);
    return out;
}

Result<ListTagsForResourcesOutput> Route53::ListTagsForResources(
    aws::Call& call, const ListTagsForResourcesInput& in) {
    ListTagsForResourcesOutput out;
    for (const std::string& id : in.resource_ids) {
        TRY(const Tagged tagged, find_tagged(call, in.resource_type, id));
        out.resource_tag_sets.push_back(tag_set(tagged));
    }
    return out;
}

}  // namespace unkai::services::route53
