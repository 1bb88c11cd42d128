// Elastic Load Balancing, version 2: application load balancers.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/
// Operations keep records; publisher.h compiles them into a snapshot for planes/proxy after each
// commit. A load balancer has one requester-managed network interface a zone, made through EC2's
// API. Network and gateway load balancers and authentication are refused, by name.
#pragma once

#include "api/elbv2.h"
#include "aws/client.h"
#include "net/certificate_lookup.h"
#include "planes/proxy/plane.h"
#include "services/elbv2/interfaces.h"
#include "services/elbv2/schema.h"

namespace unkai::services::elbv2 {

using namespace api::elbv2;
namespace errors = api::elbv2::errors;

class Elbv2 final : public api::elbv2::Service {
public:
    Elbv2(aws::Client& client, net::CertificateLookup& certificates,
          const planes::proxy::Plane& plane)
        : client_(client), interfaces_(client), certificates_(certificates), plane_(plane) {}

#define OPERATION(Name) Result<Name##Output> Name(aws::Call& call, const Name##Input& in) override
#define ASYNC_OPERATION(Name) \
    Task<Result<Name##Output>> Name(aws::Call& call, const Name##Input& in) override
    // load_balancer_ops.cc
    ASYNC_OPERATION(CreateLoadBalancer);
    ASYNC_OPERATION(DeleteLoadBalancer);
    OPERATION(DescribeLoadBalancers);
    ASYNC_OPERATION(SetSecurityGroups);
    ASYNC_OPERATION(SetSubnets);
    OPERATION(SetIpAddressType);
    // attribute_ops.cc
    OPERATION(DescribeLoadBalancerAttributes);
    OPERATION(ModifyLoadBalancerAttributes);
    OPERATION(DescribeListenerAttributes);
    OPERATION(ModifyListenerAttributes);
    OPERATION(DescribeTargetGroupAttributes);
    OPERATION(ModifyTargetGroupAttributes);
    // account_ops.cc
    OPERATION(DescribeAccountLimits);
    OPERATION(DescribeSSLPolicies);
    OPERATION(AddTags);
    OPERATION(RemoveTags);
    OPERATION(DescribeTags);
    // listener_ops.cc
    OPERATION(CreateListener);
    OPERATION(DeleteListener);
    OPERATION(DescribeListeners);
    OPERATION(ModifyListener);
    OPERATION(AddListenerCertificates);
    OPERATION(RemoveListenerCertificates);
    OPERATION(DescribeListenerCertificates);
    // rule_ops.cc
    OPERATION(CreateRule);
    OPERATION(DeleteRule);
    OPERATION(DescribeRules);
    OPERATION(ModifyRule);
    OPERATION(SetRulePriorities);
    // target_group_ops.cc
    OPERATION(CreateTargetGroup);
    OPERATION(DeleteTargetGroup);
    OPERATION(DescribeTargetGroups);
    OPERATION(ModifyTargetGroup);
    // target_ops.cc
    ASYNC_OPERATION(RegisterTargets);
    OPERATION(DeregisterTargets);
    OPERATION(DescribeTargetHealth);
#undef OPERATION
#undef ASYNC_OPERATION

private:
    Task<Status> check_function(aws::Call& call, const GroupRecord& group, std::string function);

    aws::Client& client_;
    Interfaces interfaces_;
    net::CertificateLookup& certificates_;
    const planes::proxy::Plane& plane_;
};

// ---- Shared by the operations' files.

inline Unexpected invalid(std::string message) {
    return fail("ValidationError", std::move(message), 400);
}

// By ARN; AWS's error when there is none.
Result<BalancerRecord> find_balancer(aws::Call& call, const std::string& arn);
Result<ListenerRecord> find_listener(aws::Call& call, const std::string& arn);
Result<RuleRecord> find_rule(aws::Call& call, const std::string& arn);
Result<GroupRecord> find_group(aws::Call& call, const std::string& arn);

// All of this account and region.
template <class R>
std::vector<R> all(aws::Call& call, const schema::Table<R>& table) {
    std::vector<R> out;
    for (auto& [key, record] : table.list(call.txn(), call.account, call.region))
        out.push_back(std::move(record));
    return out;
}
template <class R>
void put(aws::Call& call, const schema::Table<R>& table, const R& record) {
    table.put(call.txn(), {call.account, call.region, record.arn}, record);
}
template <class R>
void erase(aws::Call& call, const schema::Table<R>& table, const std::string& arn) {
    table.erase(call.txn(), {call.account, call.region, arn});
}
std::vector<ListenerRecord> listeners_of(aws::Call& call, const std::string& balancer);
std::vector<RuleRecord> rules_of(aws::Call& call, const std::string& listener);  // By priority.
std::vector<TargetRecord> targets_of(aws::Call& call, const std::string& group);
// The load balancers whose listeners or rules forward to that group.
std::set<std::string> balancers_of_group(aws::Call& call, const std::string& group);
// After a change in this transaction: the balancer's target groups, and their targets together, are
// within AWS's limits. Errors TooManyUniqueTargetGroupsPerLoadBalancer, TooManyTargets.
Status check_room_of(aws::Call& call, const std::string& balancer);

// Duplicate keys, too many, reserved ones: AWS's errors.
Result<Tags> read_tags(const List<Tag>& tags);
List<Tag> show_tags(const Tags& tags);

}  // namespace unkai::services::elbv2
