#include "services/ec2/ec2.h"

namespace unkai::services::ec2 {

namespace {

// The group that a request names, by id or (in the default VPC) by name.
Result<SecurityGroup> target(aws::Call& call, const std::optional<std::string>& id,
                             const std::optional<std::string>& name) {
    if (id && !id->empty()) return find(call, kinds::group, *id);
    if (!name) return missing_parameter("groupId");
    const auto vpc = default_vpc(call);
    auto found = vpc ? group_named(call, vpc->id, *name) : std::nullopt;
    if (!found) return not_found(kinds::group, *name);
    return std::move(*found);
}

// Ingress takes a group by name, egress only by id.
template <class In>
Result<SecurityGroup> target_of(aws::Call& call, const In& in) {
    if constexpr (requires { in.group_name; })
        return target(call, in.group_id, in.group_name);
    else
        return target(call, in.group_id, std::nullopt);
}

// The old form, in which one permission lies flat in the request, is a permission as well.
template <class In>
List<IpPermission> permissions_of(const In& in) {
    List<IpPermission> out = in.ip_permissions;
    if (!in.ip_protocol && !in.cidr_ip && !in.source_security_group_name) return out;
    IpPermission flat;
    flat.ip_protocol = in.ip_protocol.value_or("-1");
    flat.from_port = in.from_port;
    flat.to_port = in.to_port;
    if (in.cidr_ip) flat.ip_ranges.push_back({.cidr_ip = in.cidr_ip});
    if (in.source_security_group_name)
        flat.user_id_group_pairs.push_back({.group_name = in.source_security_group_name});
    out.push_back(std::move(flat));
    return out;
}

Result<std::vector<GroupRule>> parse(aws::Call& call, const SecurityGroup& group,
                                     const List<IpPermission>& permissions, bool egress) {
    return parse_permissions(
        permissions, egress, [&](const UserIdGroupPair& pair) -> Result<std::string> {
            if (pair.group_id) {
                TRY(const SecurityGroup other, find(call, kinds::group, *pair.group_id));
                if (other.vpc != group.vpc)
                    return bad(
                        "InvalidGroup.NotFound",
                        "You have specified two resources that belong to different networks.");
                return other.id;
            }
            if (!pair.group_name) return missing_parameter("GroupId");
            const auto other = group_named(call, group.vpc, *pair.group_name);
            if (!other) return not_found(kinds::group, *pair.group_name);
            return other->id;
        });
}

auto same_as(const GroupRule& wanted) {
    return [&wanted](const GroupRule& rule) { return same_permission(rule, wanted); };
}

template <class Out, class In>
Result<Out> authorize(aws::Call& call, const In& in, bool egress) {
    REQUIRE(begin(call, in));
    TRY(SecurityGroup group, target_of(call, in));
    TRY(auto added, parse(call, group, permissions_of(in), egress));
    if (added.empty()) return missing_parameter("ipPermissions");
    TRY(const Tags tags, tags_for(call, "security-group-rule", in.tag_specifications));
    Out out;
    out.return_ = true;
    for (GroupRule& rule : added) {
        if (std::any_of(group.rules.begin(), group.rules.end(), same_as(rule)))
            return bad("InvalidPermission.Duplicate",
                       "the specified rule \"" + rule_text(rule) + "\" already exists");
        rule.id = new_id(call, "sgr-");
        rule.tags = tags;
        group.rules.push_back(rule);
        out.security_group_rules.push_back(describe_rule(call, group, rule));
    }
    const auto count = std::count_if(group.rules.begin(), group.rules.end(),
                                     [&](const GroupRule& rule) { return rule.egress == egress; });
    if (static_cast<size_t>(count) > limits::group_rules)
        return bad("RulesPerSecurityGroupLimitExceeded",
                   "The maximum number of rules per security group has been reached.");
    put(call, kinds::group, group);
    return out;
}

RevokedSecurityGroupRule describe_revoked(const SecurityGroup& group, const GroupRule& rule) {
    const auto given = [](const std::string& text) {
        return text.empty() ? std::nullopt : std::optional(text);
    };
    return {.security_group_rule_id = rule.id,
            .group_id = group.id,
            .is_egress = rule.egress,
            .ip_protocol = rule.protocol,
            .from_port = rule.from_port,
            .to_port = rule.to_port,
            .cidr_ipv4 = given(rule.cidr),
            .cidr_ipv6 = given(rule.cidr6),
            .referenced_group_id = given(rule.group),
            .description = given(rule.description)};
}

template <class Out, class In>
Result<Out> revoke(aws::Call& call, const In& in, bool egress) {
    REQUIRE(begin(call, in));
    TRY(SecurityGroup group, target_of(call, in));
    TRY(const auto unwanted, parse(call, group, permissions_of(in), egress));
    if (unwanted.empty() && in.security_group_rule_ids.empty())
        return missing_parameter("ipPermissions");
    Out out;
    out.return_ = true;
    const auto take = [&](const auto& matches) {
        const auto found = std::find_if(group.rules.begin(), group.rules.end(), matches);
        if (found == group.rules.end()) return false;
        out.revoked_security_group_rules.push_back(describe_revoked(group, *found));
        group.rules.erase(found);
        return true;
    };
    for (const GroupRule& rule : unwanted)
        if (!take(same_as(rule)))
            return bad("InvalidPermission.NotFound",
                       "The specified rule does not exist in this security group.");
    for (const std::string& id : in.security_group_rule_ids)
        if (!take([&](const GroupRule& rule) { return rule.id == id && rule.egress == egress; }))
            return bad("InvalidSecurityGroupRuleId.NotFound",
                       "The security group rule ID '" + id + "' does not exist");
    put(call, kinds::group, group);
    return out;
}

template <class Out, class In>
Result<Out> update_descriptions(aws::Call& call, const In& in, bool egress) {
    REQUIRE(begin(call, in));
    TRY(SecurityGroup group, target(call, in.group_id, in.group_name));
    TRY(const auto updates, parse(call, group, in.ip_permissions, egress));
    for (const GroupRule& update : updates) {
        const auto found = std::find_if(group.rules.begin(), group.rules.end(), same_as(update));
        if (found == group.rules.end())
            return bad("InvalidPermission.NotFound",
                       "The specified rule does not exist in this security group.");
        found->description = update.description;
    }
    for (const SecurityGroupRuleDescription& update : in.security_group_rule_descriptions) {
        const std::string id = update.security_group_rule_id.value_or("");
        const auto found = std::find_if(group.rules.begin(), group.rules.end(),
                                        [&](const GroupRule& rule) { return rule.id == id; });
        if (found == group.rules.end())
            return bad("InvalidSecurityGroupRuleId.NotFound",
                       "The security group rule ID '" + id + "' does not exist");
        found->description = update.description.value_or("");
    }
    put(call, kinds::group, group);
    Out out;
    out.return_ = true;
    return out;
}

Attributes attributes_group_rule(const SecurityGroup& group, const GroupRule& rule) {
    return {{"group-id", {group.id}}, {"security-group-rule-id", {rule.id}}};
}

// The rule as the request wants it to be, under its old id.
Result<GroupRule> changed_rule(aws::Call& call, const SecurityGroup& group, const GroupRule& old,
                               const SecurityGroupRuleRequest& request) {
    IpPermission permission;
    permission.ip_protocol = request.ip_protocol;
    permission.from_port = request.from_port;
    permission.to_port = request.to_port;
    if (request.cidr_ipv4)
        permission.ip_ranges.push_back(
            {.description = request.description, .cidr_ip = request.cidr_ipv4});
    if (request.cidr_ipv6)
        permission.ipv6_ranges.push_back(
            {.description = request.description, .cidr_ipv6 = request.cidr_ipv6});
    if (request.referenced_group_id)
        permission.user_id_group_pairs.push_back(
            {.description = request.description, .group_id = request.referenced_group_id});
    if (request.prefix_list_id)
        permission.prefix_list_ids.push_back({.prefix_list_id = request.prefix_list_id});
    TRY(auto parsed, parse(call, group, {permission}, old.egress));
    if (parsed.size() != 1)
        return bad("InvalidParameterCombination", "A rule has exactly one peer.");
    parsed.front().id = old.id;
    parsed.front().tags = old.tags;
    return std::move(parsed.front());
}

}  // namespace

api::ec2::SecurityGroupRule describe_rule(const aws::Call& call, const SecurityGroup& group,
                                          const GroupRule& rule) {
    api::ec2::SecurityGroupRule out;
    out.security_group_rule_id = rule.id;
    out.group_id = group.id;
    out.group_owner_id = call.account;
    out.is_egress = rule.egress;
    out.ip_protocol = rule.protocol;
    out.from_port = rule.from_port;
    out.to_port = rule.to_port;
    if (!rule.cidr.empty()) out.cidr_ipv4 = rule.cidr;
    if (!rule.cidr6.empty()) out.cidr_ipv6 = rule.cidr6;
    if (!rule.group.empty())
        out.referenced_group_info =
            ReferencedSecurityGroup{.group_id = rule.group, .user_id = call.account};
    if (!rule.description.empty()) out.description = rule.description;
    out.tags = tag_list(rule.tags);
    out.security_group_rule_arn = call.arn("ec2", "security-group-rule/" + rule.id);
    return out;
}

Result<AuthorizeSecurityGroupIngressOutput> Ec2::AuthorizeSecurityGroupIngress(
    aws::Call& call, const AuthorizeSecurityGroupIngressInput& in) {
    return authorize<AuthorizeSecurityGroupIngressOutput>(call, in, false);
}

Result<AuthorizeSecurityGroupEgressOutput> Ec2::AuthorizeSecurityGroupEgress(
    aws::Call& call, const AuthorizeSecurityGroupEgressInput& in) {
    return authorize<AuthorizeSecurityGroupEgressOutput>(call, in, true);
}

Result<RevokeSecurityGroupIngressOutput> Ec2::RevokeSecurityGroupIngress(
    aws::Call& call, const RevokeSecurityGroupIngressInput& in) {
    return revoke<RevokeSecurityGroupIngressOutput>(call, in, false);
}

Result<RevokeSecurityGroupEgressOutput> Ec2::RevokeSecurityGroupEgress(
    aws::Call& call, const RevokeSecurityGroupEgressInput& in) {
    return revoke<RevokeSecurityGroupEgressOutput>(call, in, true);
}

Result<UpdateSecurityGroupRuleDescriptionsIngressOutput>
Ec2::UpdateSecurityGroupRuleDescriptionsIngress(
    aws::Call& call, const UpdateSecurityGroupRuleDescriptionsIngressInput& in) {
    return update_descriptions<UpdateSecurityGroupRuleDescriptionsIngressOutput>(call, in, false);
}

Result<UpdateSecurityGroupRuleDescriptionsEgressOutput>
Ec2::UpdateSecurityGroupRuleDescriptionsEgress(
    aws::Call& call, const UpdateSecurityGroupRuleDescriptionsEgressInput& in) {
    return update_descriptions<UpdateSecurityGroupRuleDescriptionsEgressOutput>(call, in, true);
}

Result<ModifySecurityGroupRulesOutput> Ec2::ModifySecurityGroupRules(
    aws::Call& call, const ModifySecurityGroupRulesInput& in) {
    REQUIRE(begin(call, in));
    TRY(SecurityGroup group, find(call, kinds::group, in.group_id));
    for (const SecurityGroupRuleUpdate& update : in.security_group_rules) {
        const auto found = std::find_if(
            group.rules.begin(), group.rules.end(),
            [&](const GroupRule& rule) { return rule.id == update.security_group_rule_id; });
        if (found == group.rules.end())
            return bad("InvalidSecurityGroupRuleId.NotFound", "The security group rule ID '" +
                                                                  update.security_group_rule_id +
                                                                  "' does not exist");
        if (!update.security_group_rule) return missing_parameter("SecurityGroupRule");
        TRY(*found, changed_rule(call, group, *found, *update.security_group_rule));
    }
    put(call, kinds::group, group);
    return ModifySecurityGroupRulesOutput{.return_ = true};
}

Result<DescribeSecurityGroupRulesOutput> Ec2::DescribeSecurityGroupRules(
    aws::Call& call, const DescribeSecurityGroupRulesInput& in) {
    REQUIRE(begin(call, in));
    std::set<std::string> missing(in.security_group_rule_ids.begin(),
                                  in.security_group_rule_ids.end());
    const auto wanted = missing;
    std::map<std::string, api::ec2::SecurityGroupRule> rows;
    for (const SecurityGroup& group : all(call, kinds::group))
        for (const GroupRule& rule : group.rules) {
            TRY(const bool matched,
                matches(in.filters, attributes_group_rule(group, rule), rule.tags));
            missing.erase(rule.id);
            if (matched && (wanted.empty() || wanted.contains(rule.id)))
                rows.emplace(rule.id, describe_rule(call, group, rule));
        }
    if (!missing.empty())
        return bad("InvalidSecurityGroupRuleId.NotFound",
                   "The security group rule ID '" + *missing.begin() + "' does not exist");
    const std::vector<std::pair<std::string, api::ec2::SecurityGroupRule>> ordered(rows.begin(),
                                                                                   rows.end());
    TRY(const auto page,
        aws::page(
            ordered, [](const auto& row) { return row.first; }, in.next_token,
            static_cast<size_t>(std::max(in.max_results.value_or(limits::largest_page), 1)),
            "InvalidNextToken"));
    DescribeSecurityGroupRulesOutput out;
    out.security_group_rules.present = true;
    for (const auto* row : page.items) out.security_group_rules.push_back(row->second);
    out.next_token = page.next;
    return out;
}

}  // namespace unkai::services::ec2
