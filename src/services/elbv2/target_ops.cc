#include "api/lambda.h"
#include "planes/proxy/snapshot.h"
#include "services/elbv2/attributes.h"
#include "services/elbv2/elbv2.h"
#include "services/elbv2/limits.h"
#include "services/elbv2/publisher.h"

namespace unkai::services::elbv2 {

namespace {

using planes::proxy::Cidr;

// ALB guide, register targets by IP address: the VPC's own ranges, RFC 1918 and RFC 6598.
bool is_private(const net::Address& address) {
    for (const char* range : {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"})
        if (Cidr::parse(range)->contains(address)) return true;
    return false;
}

Result<TargetRecord> read_target(const GroupRecord& group, const TargetDescription& in) {
    if (group.of_functions()) {
        if (!in.id.starts_with("arn:aws:lambda:"))
            return errors::InvalidTargetException("The target '" + in.id +
                                                  "' is not the ARN of a Lambda function");
        if (in.port) return invalid("A port cannot be specified for a Lambda function");
        return TargetRecord{.group = group.arn, .address = in.id};
    }
    if (group.target_type == "instance")
        return errors::InvalidTargetException(
            "The following targets are not valid instances: '" + in.id +
            "'. Unkai runs no instances; make the target group with TargetType ip.");
    const auto address = net::Address::parse(in.id, 0);
    if (!address || address->family() != AF_INET)
        return invalid("The IP address '" + in.id + "' is not a valid IPv4 address");
    if (!is_private(*address))
        return errors::InvalidTargetException("The IP address '" + in.id +
                                              "' is not within a private range");
    TargetRecord record{.group = group.arn, .address = in.id};
    record.port = in.port.value_or(group.port);
    record.zone = in.availability_zone.value_or("");
    if (record.port < 1 || record.port > 65535)
        return invalid("Target port must be between 1 and 65535");
    return record;
}

TargetHealthDescription describe(const TargetRecord& record, TargetHealth health) {
    TargetHealthDescription out;
    TargetDescription target{.id = record.address};
    if (record.port != 0) target.port = record.port;
    if (!record.zone.empty()) target.availability_zone = record.zone;
    out.target = target;
    out.target_health = std::move(health);
    return out;
}

}  // namespace

std::vector<TargetRecord> targets_of(aws::Call& call, const std::string& group) {
    std::vector<TargetRecord> out;
    for (auto& [key, record] : schema::targets.list(call.txn(), call.account, call.region, group))
        out.push_back(std::move(record));
    return out;
}

// Load balancers must be allowed to call it: AWS asks at registration.
Task<Status> Elbv2::check_function(aws::Call& call, const GroupRecord& group,
                                   std::string function) {
    aws::Caller caller = load_balancing(call.account, call.region);
    caller.principal.arn = group.arn;
    api::lambda::InvokeInput in;
    in.function_name = function;
    in.invocation_type = "DryRun";
    auto answer = co_await client_.call<api::lambda::op::Invoke>(std::move(caller), std::move(in));
    if (answer) co_return ok();
    if (answer.error().is("AccessDeniedException"))
        co_return fail("AccessDenied",
                       "elasticloadbalancing principal does not have permission to invoke " +
                           function + " from target group " + group.arn,
                       403);
    co_return errors::InvalidTargetException("The target '" + function +
                                             "' is not valid: " + answer.error().message);
}

Task<Result<RegisterTargetsOutput>> Elbv2::RegisterTargets(aws::Call& call,
                                                           const RegisterTargetsInput& in) {
    CO_TRY(const GroupRecord group, find_group(call, in.target_group_arn));
    if (in.targets.empty()) co_return invalid("At least one target must be specified");
    for (const TargetDescription& target : in.targets) {
        CO_TRY(TargetRecord record, read_target(group, target));
        if (group.of_functions()) CO_REQUIRE(co_await check_function(call, group, target.id));
        const auto key = std::tuple(call.account, call.region, group.arn, target_id(record));
        // One that is draining comes back; one that is there stays as it is.
        const auto existing = schema::targets.get(call.txn(), key);
        if (existing && !existing->drained_at) continue;
        record.registered = call.now;
        schema::targets.put(call.txn(), key, record);
    }
    const size_t most = group.of_functions() ? 1 : limits::targets_of_group;
    if (targets_of(call, group.arn).size() > most)
        co_return errors::TooManyTargetsException(
            "The maximum number of targets of a target group has been reached");
    for (const std::string& balancer : balancers_of_group(call, group.arn))
        CO_REQUIRE(check_room_of(call, balancer));
    co_return RegisterTargetsOutput{};
}

Result<DeregisterTargetsOutput> Elbv2::DeregisterTargets(aws::Call& call,
                                                         const DeregisterTargetsInput& in) {
    TRY(const GroupRecord group, find_group(call, in.target_group_arn));
    const bool in_use = !balancers_of_group(call, group.arn).empty();
    const std::chrono::seconds delay{number_attribute(AttributeKind::group, group.attributes,
                                                      "deregistration_delay.timeout_seconds")};
    for (TargetRecord& record : targets_of(call, group.arn)) {
        for (const TargetDescription& target : in.targets) {
            if (target.id != record.address || (target.port && *target.port != record.port))
                continue;
            const auto key = std::tuple(call.account, call.region, group.arn, target_id(record));
            if (!in_use || delay.count() == 0 || group.of_functions()) {
                schema::targets.erase(call.txn(), key);
            } else if (!record.drained_at) {
                record.drained_at = call.now + delay;
                schema::targets.put(call.txn(), key, record);
            }
            break;
        }
    }
    return DeregisterTargetsOutput{};
}

Result<DescribeTargetHealthOutput> Elbv2::DescribeTargetHealth(
    aws::Call& call, const DescribeTargetHealthInput& in) {
    TRY(const GroupRecord group, find_group(call, in.target_group_arn));
    const bool in_use = !balancers_of_group(call, group.arn).empty();
    const auto records = targets_of(call, group.arn);
    DescribeTargetHealthOutput out;
    out.target_health_descriptions.present = true;
    for (const TargetRecord& record : records) {
        bool wanted = in.targets.empty();
        for (const TargetDescription& target : in.targets)
            wanted = wanted || (target.id == record.address &&
                                target.port.value_or(record.port) == record.port);
        if (!wanted) continue;
        TargetHealth health;
        const auto* probed = plane_.health(group.arn, target_id(record));
        if (record.drained_at) {
            health = {.state = "draining",
                      .reason = "Target.DeregistrationInProgress",
                      .description = "Target deregistration is in progress"};
        } else if (!in_use) {
            health = {.state = "unused",
                      .reason = "Target.NotInUse",
                      .description =
                          "Target group is not configured to receive traffic from the load "
                          "balancer"};
        } else if (probed == nullptr) {
            health = {.state = "initial",
                      .reason = "Elb.RegistrationInProgress",
                      .description = "Target registration is in progress"};
        } else {
            health.state = std::string(name_of(probed->state));
            if (!probed->reason.empty()) health.reason = probed->reason;
            if (!probed->description.empty()) health.description = probed->description;
        }
        TargetHealthDescription described = describe(record, std::move(health));
        if (!group.of_functions())
            described.health_check_port =
                group.check_port == "traffic-port" ? std::to_string(record.port) : group.check_port;
        out.target_health_descriptions.push_back(std::move(described));
    }
    for (const TargetDescription& target : in.targets) {
        bool known = false;
        for (const TargetRecord& record : records)
            known = known || (target.id == record.address &&
                              target.port.value_or(record.port) == record.port);
        if (known) continue;
        const TargetRecord unknown{.address = target.id,
                                   .zone = target.availability_zone.value_or(""),
                                   .port = target.port.value_or(group.port)};
        out.target_health_descriptions.push_back(
            describe(unknown, {.state = "unused",
                               .reason = "Target.NotRegistered",
                               .description = "Target is not registered to the target group"}));
    }
    return out;
}

}  // namespace unkai::services::elbv2
