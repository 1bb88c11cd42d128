#include "services/elbv2/attributes.h"
#include "services/elbv2/elbv2.h"

namespace unkai::services::elbv2 {

namespace {

template <class Shown>
List<Shown> show(AttributeKind kind, const Attributes& given) {
    List<Shown> out;
    for (const AttributeRule& rule : attribute_rules(kind))
        out.push_back({.key = std::string(rule.key), .value = attribute(kind, given, rule.key)});
    return out;
}

template <class Shown>
Status set_all(AttributeKind kind, Attributes& given, const List<Shown>& wanted) {
    for (const Shown& one : wanted)
        REQUIRE(set_attribute(kind, given, one.key.value_or(""), one.value.value_or("")));
    return ok();
}

// Groups of functions have attributes of their own, and no others.
bool belongs(const GroupRecord& group, std::string_view key) {
    return group.of_functions() == key.starts_with("lambda.");
}

List<TargetGroupAttribute> show_group(const GroupRecord& group) {
    auto all = show<TargetGroupAttribute>(AttributeKind::group, group.attributes);
    std::erase_if(all, [&](const auto& one) { return !belongs(group, *one.key); });
    return all;
}

}  // namespace

Result<DescribeLoadBalancerAttributesOutput> Elbv2::DescribeLoadBalancerAttributes(
    aws::Call& call, const DescribeLoadBalancerAttributesInput& in) {
    TRY(const BalancerRecord record, find_balancer(call, in.load_balancer_arn));
    return DescribeLoadBalancerAttributesOutput{
        .attributes = show<LoadBalancerAttribute>(AttributeKind::balancer, record.attributes)};
}

Result<ModifyLoadBalancerAttributesOutput> Elbv2::ModifyLoadBalancerAttributes(
    aws::Call& call, const ModifyLoadBalancerAttributesInput& in) {
    TRY(BalancerRecord record, find_balancer(call, in.load_balancer_arn));
    REQUIRE(set_all(AttributeKind::balancer, record.attributes, in.attributes));
    put(call, schema::balancers, record);
    return ModifyLoadBalancerAttributesOutput{
        .attributes = show<LoadBalancerAttribute>(AttributeKind::balancer, record.attributes)};
}

Result<DescribeListenerAttributesOutput> Elbv2::DescribeListenerAttributes(
    aws::Call& call, const DescribeListenerAttributesInput& in) {
    TRY(const ListenerRecord record, find_listener(call, in.listener_arn));
    return DescribeListenerAttributesOutput{
        .attributes = show<ListenerAttribute>(AttributeKind::listener, record.attributes)};
}

Result<ModifyListenerAttributesOutput> Elbv2::ModifyListenerAttributes(
    aws::Call& call, const ModifyListenerAttributesInput& in) {
    TRY(ListenerRecord record, find_listener(call, in.listener_arn));
    REQUIRE(set_all(AttributeKind::listener, record.attributes, in.attributes));
    put(call, schema::listeners, record);
    return ModifyListenerAttributesOutput{
        .attributes = show<ListenerAttribute>(AttributeKind::listener, record.attributes)};
}

Result<DescribeTargetGroupAttributesOutput> Elbv2::DescribeTargetGroupAttributes(
    aws::Call& call, const DescribeTargetGroupAttributesInput& in) {
    TRY(const GroupRecord record, find_group(call, in.target_group_arn));
    return DescribeTargetGroupAttributesOutput{.attributes = show_group(record)};
}

Result<ModifyTargetGroupAttributesOutput> Elbv2::ModifyTargetGroupAttributes(
    aws::Call& call, const ModifyTargetGroupAttributesInput& in) {
    TRY(GroupRecord record, find_group(call, in.target_group_arn));
    for (const TargetGroupAttribute& one : in.attributes)
        if (!belongs(record, one.key.value_or("")))
            return errors::InvalidConfigurationRequestException(
                "Attribute key '" + one.key.value_or("") +
                "' is not for target groups of the type " + record.target_type);
    REQUIRE(set_all(AttributeKind::group, record.attributes, in.attributes));
    put(call, schema::groups, record);
    return ModifyTargetGroupAttributesOutput{.attributes = show_group(record)};
}

}  // namespace unkai::services::elbv2
