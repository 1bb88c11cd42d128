#include "base/strings.h"
#include "services/ec2/ec2.h"

namespace unkai::services::ec2 {

namespace {

std::string group_arn(const aws::Call& call, const std::string& id) {
    return call.arn("ec2", "security-group/" + id);
}

api::ec2::SecurityGroup describe_group(const aws::Call& call, const SecurityGroup& group) {
    api::ec2::SecurityGroup out;
    out.group_id = group.id;
    out.ip_permissions = to_permissions(group.rules, false, call.account);
    out.ip_permissions_egress = to_permissions(group.rules, true, call.account);
    out.ip_permissions.present = out.ip_permissions_egress.present = true;
    if (!group.tags.empty()) out.tags = tag_list(group.tags);
    out.vpc_id = group.vpc;
    out.security_group_arn = group_arn(call, group.id);
    out.owner_id = call.account;
    out.group_name = group.name;
    out.description = group.description;
    return out;
}

Attributes attributes_group(const aws::Call& call, const SecurityGroup& group) {
    Attributes out = {{"description", {group.description}},
                      {"group-id", {group.id}},
                      {"group-name", {group.name}},
                      {"owner-id", {call.account}},
                      {"vpc-id", {group.vpc}}};
    for (const bool egress : {false, true}) {
        std::vector<std::string> cidrs, cidrs6, from, to, protocols, groups, users;
        for (const GroupRule& rule : group.rules) {
            if (rule.egress != egress) continue;
            if (!rule.cidr.empty()) cidrs.push_back(rule.cidr);
            if (!rule.cidr6.empty()) cidrs6.push_back(rule.cidr6);
            if (!rule.group.empty()) {
                groups.push_back(rule.group);
                users.push_back(call.account);
            }
            from.push_back(std::to_string(rule.from_port));
            to.push_back(std::to_string(rule.to_port));
            protocols.push_back(rule.protocol);
        }
        const auto add = [&](std::string_view inward, std::string_view outward, auto values) {
            out.emplace_back(egress ? outward : inward, std::move(values));
        };
        add("ip-permission.cidr", "egress.ip-permission.cidr", cidrs);
        add("ip-permission.ipv6-cidr", "egress.ip-permission.ipv6-cidr", cidrs6);
        add("ip-permission.from-port", "egress.ip-permission.from-port", from);
        add("ip-permission.to-port", "egress.ip-permission.to-port", to);
        add("ip-permission.protocol", "egress.ip-permission.protocol", protocols);
        add("ip-permission.group-id", "egress.ip-permission.group-id", groups);
        add("ip-permission.user-id", "egress.ip-permission.user-id", users);
        add("ip-permission.group-name", "egress.ip-permission.group-name",
            std::vector<std::string>{});
        add("ip-permission.prefix-list-id", "egress.ip-permission.prefix-list-id",
            std::vector<std::string>{});
    }
    return out;
}

bool good_text(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char letter) {
        return std::isalnum(static_cast<unsigned char>(letter)) ||
               std::string_view(" ._-:/()#,@[]+=&;{}!$*").contains(letter);
    });
}

Status check_name(const CreateSecurityGroupInput& in) {
    if (in.group_name == "default")
        return invalid_value("Cannot use reserved security group name: default");
    if (in.group_name.empty() || in.group_name.size() > 255 || !good_text(in.group_name) ||
        in.group_name.starts_with("sg-"))
        return invalid_value("Value (" + in.group_name +
                             ") for parameter GroupName is invalid. Group "
                             "names may not be in the format sg-* and have up to 255 characters of "
                             "a-z, A-Z, 0-9, spaces, and ._-:/()#,@[]+=&;{}!$*");
    if (in.description.empty() || in.description.size() > 255 || !good_text(in.description))
        return invalid_value("Value (" + in.description +
                             ") for parameter GroupDescription is invalid. "
                             "Character sets beyond ASCII are not supported.");
    return ok();
}

}  // namespace

std::vector<SecurityGroup> groups_of(aws::Call& call, const std::string& vpc) {
    auto out = all(call, kinds::group);
    std::erase_if(out, [&](const SecurityGroup& group) { return group.vpc != vpc; });
    return out;
}

std::optional<SecurityGroup> group_named(aws::Call& call, const std::string& vpc,
                                         const std::string& name) {
    for (SecurityGroup& group : all(call, kinds::group))
        if (group.vpc == vpc && group.name == name) return std::move(group);
    return std::nullopt;
}

SecurityGroup make_group(aws::Call& call, const std::string& vpc, std::string name,
                         std::string description) {
    SecurityGroup group;
    group.id = new_id(call, "sg-");
    group.name = std::move(name);
    group.description = std::move(description);
    group.vpc = vpc;
    GroupRule out;
    out.id = new_id(call, "sgr-");
    out.egress = true;
    out.protocol = "-1";
    out.cidr = "0.0.0.0/0";
    group.rules.push_back(std::move(out));
    put(call, kinds::group, group);
    return group;
}

Result<CreateSecurityGroupOutput> Ec2::CreateSecurityGroup(aws::Call& call,
                                                           const CreateSecurityGroupInput& in) {
    REQUIRE(begin(call, in));
    REQUIRE(check_name(in));
    std::string vpc = in.vpc_id.value_or("");
    if (vpc.empty()) {
        const auto own = default_vpc(call);
        if (!own) return bad("VPCIdNotSpecified", "No default VPC for this user");
        vpc = own->id;
    }
    TRY(const Vpc found, find(call, kinds::vpc, vpc));
    if (group_named(call, found.id, in.group_name))
        return bad("InvalidGroup.Duplicate", "The security group '" + in.group_name +
                                                 "' already exists for VPC '" + found.id + "'");
    if (all(call, kinds::group).size() >= limits::security_groups)
        return bad("SecurityGroupLimitExceeded",
                   "The maximum number of security groups has been reached.");
    TRY(const Tags tags, tags_for(call, "security-group", in.tag_specifications));
    SecurityGroup group = make_group(call, found.id, in.group_name, in.description);
    group.tags = tags;
    put(call, kinds::group, group);
    return CreateSecurityGroupOutput{.group_id = group.id,
                                     .tags = tag_list(group.tags),
                                     .security_group_arn = group_arn(call, group.id)};
}

Result<DeleteSecurityGroupOutput> Ec2::DeleteSecurityGroup(aws::Call& call,
                                                           const DeleteSecurityGroupInput& in) {
    REQUIRE(begin(call, in));
    std::string id = in.group_id.value_or("");
    if (id.empty()) {
        if (!in.group_name) return missing_parameter("GroupId");
        const auto vpc = default_vpc(call);
        const auto named = vpc ? group_named(call, vpc->id, *in.group_name) : std::nullopt;
        if (!named) return not_found(kinds::group, *in.group_name);
        id = named->id;
    }
    TRY(const SecurityGroup group, find(call, kinds::group, id));
    if (group.name == "default")
        return bad("CannotDelete", "the specified group: \"" + id +
                                       "\" name: \"default\" cannot be "
                                       "deleted by a user");
    const auto names_it = [&](const GroupRule& rule) { return rule.group == id; };
    for (const SecurityGroup& other : all(call, kinds::group))
        if (other.id != id && std::any_of(other.rules.begin(), other.rules.end(), names_it))
            return dependency("resource " + id + " has a dependent object");
    for (const NetworkInterface& interface : all(call, kinds::interface))
        if (std::find(interface.groups.begin(), interface.groups.end(), id) !=
            interface.groups.end())
            return dependency("resource " + id + " has a dependent object");
    erase(call, kinds::group, id);
    return DeleteSecurityGroupOutput{.return_ = true, .group_id = id};
}

Result<DescribeSecurityGroupsOutput> Ec2::DescribeSecurityGroups(
    aws::Call& call, const DescribeSecurityGroupsInput& in) {
    REQUIRE(begin(call, in));
    List<std::string> ids = in.group_ids;
    for (const std::string& name : in.group_names) {
        const auto vpc = default_vpc(call);
        const auto named = vpc ? group_named(call, vpc->id, name) : std::nullopt;
        if (!named) return not_found(kinds::group, name);
        ids.push_back(named->id);
    }
    TRY(const auto found,
        select(call, kinds::group, ids, in.filters, in.max_results, in.next_token,
               [&](const SecurityGroup& group) { return attributes_group(call, group); }));
    DescribeSecurityGroupsOutput out;
    out.security_groups.present = true;
    for (const SecurityGroup& group : found.items)
        out.security_groups.push_back(describe_group(call, group));
    out.next_token = found.next_token;
    return out;
}

}  // namespace unkai::services::ec2
