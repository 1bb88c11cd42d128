#include "services/elbv2/elbv2.h"
#include "services/elbv2/limits.h"
#include "services/elbv2/policies.h"

namespace unkai::services::elbv2 {

namespace {

// Runs `change` on the tags of any taggable resource.
template <class Change>
Status with_tags(aws::Call& call, const std::string& arn, const Change& change) {
    auto update = [&](const auto& table, auto record) -> Status {
        REQUIRE(change(record.tags));
        put(call, table, record);
        return ok();
    };
    if (arn.find(":loadbalancer/") != std::string::npos) {
        TRY(BalancerRecord record, find_balancer(call, arn));
        return update(schema::balancers, std::move(record));
    }
    if (arn.find(":listener/") != std::string::npos) {
        TRY(ListenerRecord record, find_listener(call, arn));
        return update(schema::listeners, std::move(record));
    }
    if (arn.find(":listener-rule/") != std::string::npos) {
        TRY(RuleRecord record, find_rule(call, arn));
        return update(schema::rules, std::move(record));
    }
    if (arn.find(":targetgroup/") != std::string::npos) {
        TRY(GroupRecord record, find_group(call, arn));
        return update(schema::groups, std::move(record));
    }
    return invalid("'" + arn +
                   "' is not a valid load balancer, listener, rule or target group ARN");
}

}  // namespace

Result<Tags> read_tags(const List<Tag>& tags) {
    Tags out;
    for (const Tag& tag : tags) {
        if (tag.key.empty() || tag.key.size() > 128 || tag.value.value_or("").size() > 256)
            return invalid("Tag keys have 1 to 128 characters, values 256 at the most");
        if (tag.key.starts_with("aws:") && !tag.key.starts_with("aws:cloudformation:"))
            return invalid("Tag keys cannot begin with 'aws:'");
        if (!out.emplace(tag.key, tag.value.value_or("")).second)
            return errors::DuplicateTagKeysException("Tag key '" + tag.key + "' was given twice");
    }
    if (out.size() > limits::tags)
        return errors::TooManyTagsException("The maximum number of tags has been reached");
    return out;
}

List<Tag> show_tags(const Tags& tags) {
    List<Tag> out;
    out.present = true;
    for (const auto& [key, value] : tags) out.push_back({.key = key, .value = value});
    return out;
}

Result<AddTagsOutput> Elbv2::AddTags(aws::Call& call, const AddTagsInput& in) {
    TRY(const Tags added, read_tags(in.tags));
    for (const std::string& arn : in.resource_arns)
        REQUIRE(with_tags(call, arn, [&added](Tags& tags) -> Status {
            for (const auto& [key, value] : added) tags[key] = value;
            if (tags.size() > limits::tags)
                return errors::TooManyTagsException("The maximum number of tags has been reached");
            return ok();
        }));
    return AddTagsOutput{};
}

Result<RemoveTagsOutput> Elbv2::RemoveTags(aws::Call& call, const RemoveTagsInput& in) {
    for (const std::string& arn : in.resource_arns)
        REQUIRE(with_tags(call, arn, [&in](Tags& tags) -> Status {
            for (const std::string& key : in.tag_keys) tags.erase(key);
            return ok();
        }));
    return RemoveTagsOutput{};
}

Result<DescribeTagsOutput> Elbv2::DescribeTags(aws::Call& call, const DescribeTagsInput& in) {
    DescribeTagsOutput out;
    out.tag_descriptions.present = true;
    for (const std::string& arn : in.resource_arns) {
        TagDescription description{.resource_arn = arn};
        REQUIRE(with_tags(call, arn, [&description](Tags& tags) -> Status {
            description.tags = show_tags(tags);
            return ok();
        }));
        out.tag_descriptions.push_back(std::move(description));
    }
    call.abandon();  // Nothing was changed.
    return out;
}

Result<DescribeAccountLimitsOutput> Elbv2::DescribeAccountLimits(
    aws::Call&, const DescribeAccountLimitsInput& in) {
    if (in.marker)  // There is no second page to have a marker of.
        return fail("ValidationError", "The marker '" + *in.marker + "' is not valid");
    DescribeAccountLimitsOutput out;
    const std::pair<const char*, size_t> all[] = {
        {"target-groups", limits::target_groups},
        {"targets-per-application-load-balancer", 1000},
        {"listeners-per-application-load-balancer", limits::listeners},
        {"rules-per-application-load-balancer", limits::rules},
        {"application-load-balancers", limits::load_balancers},
        {"certificates-per-application-load-balancer", limits::certificates},
        {"targets-per-target-group", limits::targets_of_group},
        {"target-groups-per-application-load-balancer", limits::groups_of_balancer},
        {"target-groups-per-action-on-application-load-balancer", limits::groups_of_action},
        {"condition-values-per-alb-rule", limits::conditions},
        {"condition-wildcards-per-alb-rule", limits::wildcards},
    };
    for (const auto& [name, most] : all)
        out.limits.push_back({.name = name, .max = std::to_string(most)});
    return out;
}

Result<DescribeSSLPoliciesOutput> Elbv2::DescribeSSLPolicies(aws::Call&,
                                                             const DescribeSSLPoliciesInput& in) {
    constexpr std::string_view ciphers[] = {
        "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"};
    constexpr std::string_view tls13_ciphers[] = {
        "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"};
    for (const std::string& name : in.names)
        if (!is_policy(name))
            return errors::SSLPolicyNotFoundException("SSL policy '" + name + "' not found");
    DescribeSSLPoliciesOutput out;
    out.ssl_policies.present = true;
    for (const Policy& policy : policies) {
        if (!in.names.empty() &&
            std::find(in.names.begin(), in.names.end(), policy.name) == in.names.end())
            continue;
        SslPolicy shown;
        shown.name = std::string(policy.name);
        shown.ssl_protocols = {"TLSv1.2"};
        shown.supported_load_balancer_types = {"application"};
        int32_t priority = 0;
        if (policy.tls13) {
            shown.ssl_protocols.push_back("TLSv1.3");
            for (const std::string_view cipher : tls13_ciphers)
                shown.ciphers.push_back({.name = std::string(cipher), .priority = ++priority});
        }
        for (const std::string_view cipher : ciphers)
            shown.ciphers.push_back({.name = std::string(cipher), .priority = ++priority});
        out.ssl_policies.push_back(std::move(shown));
    }
    return out;
}

}  // namespace unkai::services::elbv2
