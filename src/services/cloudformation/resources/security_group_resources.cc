// AWS::EC2::SecurityGroup and its rules.
#include "services/cloudformation/resources/ec2_support.h"

namespace unkai::services::cloudformation {

namespace {

// A rule of a template as an IpPermission of the API.
Json permission_of(const Json& rule) {
    Json made = Json::object();
    for (const char* name : {"IpProtocol", "FromPort", "ToPort"})
        if (const Json* value = rule.find(name)) made.set(name, *value);
    struct Source {
        const char* property;
        const char* list;
        const char* member;
    };
    for (const auto& [property, list, member] :
         {Source{"CidrIp", "IpRanges", "CidrIp"}, Source{"CidrIpv6", "Ipv6Ranges", "CidrIpv6"},
          Source{"SourceSecurityGroupId", "UserIdGroupPairs", "GroupId"},
          Source{"DestinationSecurityGroupId", "UserIdGroupPairs", "GroupId"},
          Source{"SourcePrefixListId", "PrefixListIds", "PrefixListId"},
          Source{"DestinationPrefixListId", "PrefixListIds", "PrefixListId"}}) {
        const Json* value = rule.find(property);
        if (!value) continue;
        Json source = Json::object({{member, *value}});
        if (const Json* description = rule.find("Description"))
            source.set("Description", *description);
        made.set(list, Json::array({source}));
    }
    return made;
}

Json request_security_group(const std::string& group, const Json& rules) {
    Json permissions = Json::array();
    for (const Json& rule : rules.as_array()) permissions.push(permission_of(rule));
    return Json::object({{"GroupId", group}, {"IpPermissions", permissions}});
}

// The rules of `left` that `right` does not have.
Json without(const Json& left, const Json& right) {
    Json made = Json::array();
    if (!left.is_array()) return made;
    for (const Json& rule : left.as_array()) {
        const bool there =
            right.is_array() && std::any_of(right.as_array().begin(), right.as_array().end(),
                                            [&](const Json& other) { return other == rule; });
        if (!there) made.push(rule);
    }
    return made;
}

Task<Result<std::string>> create_security_group(Work& work) {
    const std::string name = work["GroupName"].string_or(work.generated_name(255));
    Json input = Json::object({{"GroupName", name},
                               {"Description", work["GroupDescription"]},
                               {"TagSpecifications", tag_specifications(work, "security-group")}});
    if (const Json* vpc = work.properties.find("VpcId")) input.set("VpcId", *vpc);
    CO_TRY(const Json made, co_await work.call("ec2", "CreateSecurityGroup", std::move(input)));
    co_return made["GroupId"].text();
}

Task<Result<std::vector<std::string>>> find_group_security_group(Work& work) {
    return find_by_tags(work, "DescribeSecurityGroups", "SecurityGroups", "GroupId");
}

Task<Status> authorize(Work& work, std::string operation, Json rules) {
    // One call a rule: one that is there already does not keep the others out.
    for (const Json& rule : rules.as_array())
        CO_REQUIRE(co_await work.call_unless(
            "ec2", operation, request_security_group(work.physical_id, Json::array({rule})),
            {"InvalidPermission.Duplicate"}));
    co_return ok();
}

Task<Result<Json>> settle_security_group(Work& work) {
    if (const Json* ingress = work.properties.find("SecurityGroupIngress"))
        CO_REQUIRE(co_await authorize(work, "AuthorizeSecurityGroupIngress", *ingress));
    if (const Json* egress = work.properties.find("SecurityGroupEgress")) {
        const Json all = Json::object({{"IpProtocol", "-1"}, {"CidrIp", "0.0.0.0/0"}});
        if (without(Json::array({all}), *egress).size() > 0)
            CO_REQUIRE(co_await work.call_unless(
                "ec2", "RevokeSecurityGroupEgress",
                request_security_group(work.physical_id, Json::array({all})),
                {"InvalidPermission.NotFound"}));
        CO_REQUIRE(co_await authorize(work, "AuthorizeSecurityGroupEgress", *egress));
    }
    co_return Json::object(
        {{"GroupId", work.physical_id}, {"Id", work.physical_id}, {"VpcId", work["VpcId"]}});
}

Task<Status> update_security_group(Work& work) {
    struct Direction {
        const char* property;
        const char* revoke;
    };
    for (const auto& [property, revoke] :
         {Direction{"SecurityGroupIngress", "RevokeSecurityGroupIngress"},
          Direction{"SecurityGroupEgress", "RevokeSecurityGroupEgress"}}) {
        const Json gone = without(work.previous[property], work[property]);
        for (const Json& rule : gone.as_array())
            CO_REQUIRE(co_await work.call_unless(
                "ec2", revoke, request_security_group(work.physical_id, Json::array({rule})),
                {"InvalidPermission.NotFound"}));
    }
    co_return co_await update_ec2_tags(work);  // settle adds the new rules.
}

Task<Status> remove_security_group(Work& work) {
    return work.remove("ec2", "DeleteSecurityGroup", Json::object({{"GroupId", work.physical_id}}),
                       {"InvalidGroup.NotFound", "InvalidGroupId.NotFound"},
                       {"DependencyViolation"});
}

Task<Result<std::string>> create_rule_security_group(Work& work, std::string operation) {
    const Json input =
        request_security_group(work["GroupId"].text(), Json::array({work.properties}));
    CO_TRY(const Json made, co_await work.call("ec2", std::move(operation), input));
    co_return made["SecurityGroupRules"][0]["SecurityGroupRuleId"].text();
}

Task<Result<std::string>> create_ingress(Work& work) {
    return create_rule_security_group(work, "AuthorizeSecurityGroupIngress");
}
Task<Result<std::string>> create_egress(Work& work) {
    return create_rule_security_group(work, "AuthorizeSecurityGroupEgress");
}

Task<Result<Json>> settle_rule_security_group(Work& work) {
    co_return Json::object({{"Id", work.physical_id}});
}

Task<Status> remove_rule_security_group(Work& work, std::string operation) {
    return work.remove("ec2", std::move(operation),
                       Json::object({{"GroupId", work["GroupId"]},
                                     {"SecurityGroupRuleIds", Json::array({work.physical_id})}}),
                       {"InvalidPermission.NotFound", "InvalidSecurityGroupRuleId.NotFound",
                        "InvalidGroup.NotFound"});
}

Task<Status> remove_ingress(Work& work) {
    return remove_rule_security_group(work, "RevokeSecurityGroupIngress");
}
Task<Status> remove_egress(Work& work) {
    return remove_rule_security_group(work, "RevokeSecurityGroupEgress");
}

constexpr ResourceType security_group_types[] = {
    {.name = "AWS::EC2::SecurityGroup",
     .properties = "GroupName^:s GroupDescription!^:s VpcId^:s Tags:tags "
                   "SecurityGroupIngress:[{IpProtocol!:s FromPort:i ToPort:i CidrIp:s CidrIpv6:s "
                   "Description:s "
                   "SourceSecurityGroupId:s SourcePrefixListId:s}] "
                   "SecurityGroupEgress:[{IpProtocol!:s FromPort:i ToPort:i CidrIp:s CidrIpv6:s "
                   "Description:s "
                   "DestinationSecurityGroupId:s DestinationPrefixListId:s}]",
     .attributes = "GroupId Id VpcId",
     .service = "ec2",
     .operation = "CreateSecurityGroup",
     .create = create_security_group,
     .settle = settle_security_group,
     .update = update_security_group,
     .remove = remove_security_group,
     .find = find_group_security_group},
    {.name = "AWS::EC2::SecurityGroupIngress",
     .properties =
         "GroupId!^:s IpProtocol!^:s FromPort^:i ToPort^:i CidrIp^:s CidrIpv6^:s Description^:s "
         "SourceSecurityGroupId^:s SourcePrefixListId^:s",
     .attributes = "Id",
     .service = "ec2",
     .operation = "AuthorizeSecurityGroupIngress",
     .create = create_ingress,
     .settle = settle_rule_security_group,
     .remove = remove_ingress},
    {.name = "AWS::EC2::SecurityGroupEgress",
     .properties =
         "GroupId!^:s IpProtocol!^:s FromPort^:i ToPort^:i CidrIp^:s CidrIpv6^:s Description^:s "
         "DestinationSecurityGroupId^:s DestinationPrefixListId^:s",
     .attributes = "Id",
     .service = "ec2",
     .operation = "AuthorizeSecurityGroupEgress",
     .create = create_egress,
     .settle = settle_rule_security_group,
     .remove = remove_egress},
};

}  // namespace

std::span<const ResourceType> security_group_resources() { return security_group_types; }

}  // namespace unkai::services::cloudformation
