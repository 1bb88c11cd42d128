#include "services/ec2/ec2.h"

namespace unkai::services::ec2 {

namespace {

// Runs `change` on the tags of a resource of any kind and keeps the result.
template <class R>
Status change_tags(aws::Call& call, const Kind<R>& kind, const std::string& id,
                   const std::function<Status(Tags&)>& change) {
    TRY(R record, find(call, kind, id));
    REQUIRE(change(record.tags));
    put(call, kind, record);
    return ok();
}

Status change_rule_tags(aws::Call& call, const std::string& id,
                        const std::function<Status(Tags&)>& change) {
    for (SecurityGroup& group : all(call, kinds::group))
        for (GroupRule& rule : group.rules) {
            if (rule.id != id) continue;
            REQUIRE(change(rule.tags));
            put(call, kinds::group, group);
            return ok();
        }
    return bad("InvalidSecurityGroupRuleId.NotFound",
               "The security group rule ID '" + id + "' does not exist");
}

Status change_tags_of(aws::Call& call, const std::string& id,
                      const std::function<Status(Tags&)>& change) {
    if (id.starts_with("vpc-")) return change_tags(call, kinds::vpc, id, change);
    if (id.starts_with("subnet-")) return change_tags(call, kinds::subnet, id, change);
    if (id.starts_with("rtb-")) return change_tags(call, kinds::route_table, id, change);
    if (id.starts_with("igw-")) return change_tags(call, kinds::internet_gateway, id, change);
    if (id.starts_with("nat-")) return change_tags(call, kinds::nat_gateway, id, change);
    if (id.starts_with("eipalloc-")) return change_tags(call, kinds::address, id, change);
    if (id.starts_with("sgr-")) return change_rule_tags(call, id, change);
    if (id.starts_with("sg-")) return change_tags(call, kinds::group, id, change);
    if (id.starts_with("eni-")) return change_tags(call, kinds::interface, id, change);
    return bad("InvalidID", "The ID '" + id + "' is not valid");
}

struct Tagged {
    std::string resource, type, key, value;
    std::string order() const { return key + '\0' + resource; }
};

void collect(std::vector<Tagged>& out, std::string_view type, const std::string& id,
             const Tags& tags) {
    for (const auto& [key, value] : tags) out.push_back({id, std::string(type), key, value});
}

template <class R>
void collect_all(aws::Call& call, const Kind<R>& kind, std::vector<Tagged>& out) {
    for (const R& record : all(call, kind)) collect(out, kind.type, record.id, record.tags);
}

}  // namespace

Result<CreateTagsOutput> Ec2::CreateTags(aws::Call& call, const CreateTagsInput& in) {
    REQUIRE(begin(call, in));
    if (in.resources.empty()) return missing_parameter("resourceIdSet");
    if (in.tags.empty()) return missing_parameter("tagSet");
    for (const std::string& id : in.resources)
        REQUIRE(
            change_tags_of(call, id, [&](Tags& tags) { return merge_tags(call, tags, in.tags); }));
    return CreateTagsOutput{};
}

Result<DeleteTagsOutput> Ec2::DeleteTags(aws::Call& call, const DeleteTagsInput& in) {
    REQUIRE(begin(call, in));
    if (in.resources.empty()) return missing_parameter("resourceIdSet");
    const auto remove = [&](Tags& tags) -> Status {
        if (in.tags.empty()) tags.clear();
        // With a value only a tag of that value goes; without, whatever it is.
        for (const Tag& tag : in.tags) {
            const auto found = tags.find(tag.key.value_or(""));
            if (found != tags.end() && (!tag.value || *tag.value == found->second))
                tags.erase(found);
        }
        return ok();
    };
    for (const std::string& id : in.resources) REQUIRE(change_tags_of(call, id, remove));
    return DeleteTagsOutput{};
}

Result<DescribeTagsOutput> Ec2::DescribeTags(aws::Call& call, const DescribeTagsInput& in) {
    REQUIRE(begin(call, in));
    std::vector<Tagged> rows;
    collect_all(call, kinds::vpc, rows);
    collect_all(call, kinds::subnet, rows);
    collect_all(call, kinds::route_table, rows);
    collect_all(call, kinds::internet_gateway, rows);
    collect_all(call, kinds::nat_gateway, rows);
    collect_all(call, kinds::address, rows);
    collect_all(call, kinds::group, rows);
    collect_all(call, kinds::interface, rows);
    for (const SecurityGroup& group : all(call, kinds::group))
        for (const GroupRule& rule : group.rules)
            collect(rows, "security-group-rule", rule.id, rule.tags);
    std::vector<Tagged> wanted;
    const auto matches_all = [&](const Tagged& row) {
        return matches(in.filters,
                       {{"key", {row.key}},
                        {"resource-id", {row.resource}},
                        {"resource-type", {row.type}},
                        {"value", {row.value}}},
                       {{row.key, row.value}});
    };
    if (rows.empty()) REQUIRE(matches_all(Tagged{}));
    for (const Tagged& row : rows) {
        TRY(const bool matched, matches_all(row));
        if (matched) wanted.push_back(row);
    }
    std::sort(wanted.begin(), wanted.end(),
              [](const Tagged& a, const Tagged& b) { return a.order() < b.order(); });
    TRY(const auto page,
        aws::page(
            wanted, [](const Tagged& row) { return row.order(); }, in.next_token,
            static_cast<size_t>(std::max(in.max_results.value_or(limits::largest_page), 1)),
            "InvalidNextToken"));
    DescribeTagsOutput out;
    out.tags.present = true;
    for (const Tagged* row : page.items)
        out.tags.push_back({.key = row->key,
                            .resource_id = row->resource,
                            .resource_type = row->type,
                            .value = row->value});
    out.next_token = page.next;
    return out;
}

}  // namespace unkai::services::ec2
