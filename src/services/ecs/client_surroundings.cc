#include "services/ecs/client_surroundings.h"

#include "api/ec2.h"
#include "api/elbv2.h"
#include "api/logs.h"
#include "api/secretsmanager.h"
#include "api/ssm.h"
#include "api/sts.h"
#include "base/strings.h"
#include "wire/json.h"

namespace unkai::services::ecs {

namespace {

aws::Caller ecs(const Place& place) {
    return aws::service_caller("ecs.amazonaws.com", place.account, place.region);
}
// Who starts a task: the execution role's part is played by the service itself.
aws::Caller ecs_tasks(const Place& place, const std::string& region) {
    return aws::service_caller("ecs-tasks.amazonaws.com", place.account, region);
}

namespace elbv2 = api::elbv2;

List<elbv2::TargetDescription> one_target(const TargetAddress& target) {
    elbv2::TargetDescription out;
    out.id = target.address;
    out.port = target.port;
    return {out};
}

}  // namespace

unkai::Task<Result<std::vector<SubnetInfo>>> ClientSurroundings::subnets(
    Place place, std::vector<std::string> ids) {
    api::ec2::DescribeSubnetsInput in;
    in.subnet_ids = ids;
    CO_TRY(const auto found, co_await client_.call<api::ec2::op::DescribeSubnets>(ecs(place), in));
    std::vector<SubnetInfo> out;
    for (const auto& subnet : found.subnets)
        out.push_back({subnet.subnet_id.value_or(""), subnet.availability_zone.value_or(""),
                       subnet.vpc_id.value_or("")});
    co_return out;
}

unkai::Task<Result<std::string>> ClientSurroundings::public_address(Place place,
                                                                    std::string interface) {
    api::ec2::AllocateAddressInput allocate;
    allocate.domain = "vpc";
    CO_TRY(const auto made,
           co_await client_.call<api::ec2::op::AllocateAddress>(ecs(place), allocate));
    const std::string allocation = made.allocation_id.value_or("");
    api::ec2::AssociateAddressInput associate;
    associate.allocation_id = allocation;
    associate.network_interface_id = interface;
    const auto associated =
        co_await client_.call<api::ec2::op::AssociateAddress>(ecs(place), associate);
    if (associated) co_return allocation;
    api::ec2::ReleaseAddressInput release;
    release.allocation_id = allocation;
    (void)co_await client_.call<api::ec2::op::ReleaseAddress>(ecs(place), release);
    co_return associated.error();
}

unkai::Task<Result<InterfaceInfo>> ClientSurroundings::create_interface(Place place,
                                                                        InterfaceRequest request) {
    api::ec2::CreateNetworkInterfaceInput in;
    in.subnet_id = request.subnet;
    in.description = request.description;
    in.groups = request.security_groups;
    CO_TRY(const auto made,
           co_await client_.call<api::ec2::op::CreateNetworkInterface>(ecs(place), in));
    if (!made.network_interface)
        co_return fail("InternalFailure", "EC2 described no network interface.");
    const auto& interface = *made.network_interface;
    InterfaceInfo out;
    out.id = interface.network_interface_id.value_or("");
    out.address = interface.private_ip_address.value_or("");
    out.mac = interface.mac_address.value_or("");
    out.private_dns_name = interface.private_dns_name.value_or("");
    if (request.public_address) {
        auto allocation = co_await public_address(place, out.id);
        if (!allocation) {
            (void)co_await delete_interface(place, out.id, "");
            co_return allocation.error();
        }
        out.allocation = std::move(*allocation);
    }
    co_return out;
}

unkai::Task<Status> ClientSurroundings::delete_interface(Place place, std::string interface,
                                                         std::string allocation) {
    if (!allocation.empty()) {
        api::ec2::DescribeAddressesInput describe;
        describe.allocation_ids = {allocation};
        const auto found =
            co_await client_.call<api::ec2::op::DescribeAddresses>(ecs(place), describe);
        if (found && !found->addresses.empty() && found->addresses[0].association_id) {
            api::ec2::DisassociateAddressInput disassociate;
            disassociate.association_id = found->addresses[0].association_id;
            (void)co_await client_.call<api::ec2::op::DisassociateAddress>(ecs(place),
                                                                           disassociate);
        }
        api::ec2::ReleaseAddressInput release;
        release.allocation_id = allocation;
        (void)co_await client_.call<api::ec2::op::ReleaseAddress>(ecs(place), release);
    }
    api::ec2::DeleteNetworkInterfaceInput in;
    in.network_interface_id = interface;
    const auto deleted =
        co_await client_.call<api::ec2::op::DeleteNetworkInterface>(ecs(place), in);
    if (!deleted && !deleted.error().is("InvalidNetworkInterfaceID.NotFound"))
        co_return deleted.error();
    co_return ok();
}

unkai::Task<Result<TaskNetwork>> ClientSurroundings::network_ready(std::string interface,
                                                                   Steady deadline) {
    co_return co_await networks_.ready(std::move(interface), deadline);
}

SecretName parse_secret_name(std::string_view value_from) {
    const auto parts = split(value_from, ':');
    SecretName out{.id = std::string(value_from)};
    if (parts.size() < 7 || parts[0] != "arn" || parts[2] != "secretsmanager") return out;
    size_t length = 0;
    for (size_t i = 0; i < 7; ++i) length += parts[i].size() + (i > 0 ? 1 : 0);
    out.id = value_from.substr(0, length);
    if (parts.size() > 7) out.key = parts[7];
    if (parts.size() > 8) out.stage = parts[8];
    if (parts.size() > 9) out.version = parts[9];
    return out;
}

unkai::Task<Result<std::string>> ClientSurroundings::secret(Place place, std::string value_from) {
    const auto parts = split(value_from, ':');
    const bool is_arn = parts.size() >= 6 && parts[0] == "arn";
    const std::string region = is_arn && !parts[3].empty() ? std::string(parts[3]) : place.region;
    if (is_arn && parts[2] == "secretsmanager") {
        const SecretName name = parse_secret_name(value_from);
        api::secretsmanager::GetSecretValueInput in;
        in.secret_id = name.id;
        if (!name.stage.empty()) in.version_stage = name.stage;
        if (!name.version.empty()) in.version_id = name.version;
        CO_TRY(const auto value, co_await client_.call<api::secretsmanager::op::GetSecretValue>(
                                     ecs_tasks(place, region), in));
        const std::string text = value.secret_string.value_or(value.secret_binary.value_or(""));
        if (name.key.empty()) co_return text;
        const auto json = wire::Json::parse(text);
        if (json && json->find(name.key) != nullptr) co_return (*json)[name.key].text();
        co_return fail("ResourceInitializationError",
                       "retrieved secret from Secrets Manager did not contain json key " + name.key,
                       400);
    }
    api::ssm::GetParameterInput in;
    in.name = value_from;
    if (is_arn) {
        const size_t at = value_from.find(":parameter/");
        if (at == std::string::npos)
            co_return fail("InvalidParameterException",
                           "'" + value_from + "' names neither a secret nor a parameter.", 400);
        // The ARN of /a/b is …:parameter/a/b, that of b is …:parameter/b.
        const std::string name = value_from.substr(at + sizeof(":parameter/") - 1);
        in.name = name.find('/') == std::string::npos ? name : "/" + name;
    }
    in.with_decryption = true;
    auto value = co_await client_.call<api::ssm::op::GetParameter>(ecs_tasks(place, region), in);
    if (!value && is_arn && value.error().is("ParameterNotFound") && !in.name.starts_with('/')) {
        in.name = "/" + in.name;
        value = co_await client_.call<api::ssm::op::GetParameter>(ecs_tasks(place, region), in);
    }
    if (!value) co_return value.error();
    co_return value->parameter ? value->parameter->value.value_or("") : "";
}

unkai::Task<Status> ClientSurroundings::target_group_exists(Place place, std::string arn) {
    elbv2::DescribeTargetGroupsInput in;
    in.target_group_arns = {arn};
    CO_TRY(const auto found,
           co_await client_.call<elbv2::op::DescribeTargetGroups>(ecs(place), in));
    if (found.target_groups.empty())
        co_return fail("TargetGroupNotFound", "One or more target groups not found", 400);
    if (found.target_groups[0].target_type.value_or("ip") != "ip")
        co_return fail("InvalidParameterException",
                       "The target group has target type " + *found.target_groups[0].target_type +
                           ", which is incompatible with the awsvpc network mode",
                       400);
    if (found.target_groups[0].load_balancer_arns.empty())
        co_return fail("InvalidParameterException", "no listener forwards to it yet", 400);
    co_return ok();
}

unkai::Task<Status> ClientSurroundings::register_target(Place place, TargetAddress target) {
    elbv2::RegisterTargetsInput in;
    in.target_group_arn = target.group_arn;
    in.targets = one_target(target);
    CO_REQUIRE(co_await client_.call<elbv2::op::RegisterTargets>(ecs(place), in));
    co_return ok();
}

unkai::Task<Status> ClientSurroundings::deregister_target(Place place, TargetAddress target) {
    elbv2::DeregisterTargetsInput in;
    in.target_group_arn = target.group_arn;
    in.targets = one_target(target);
    CO_REQUIRE(co_await client_.call<elbv2::op::DeregisterTargets>(ecs(place), in));
    co_return ok();
}

unkai::Task<Result<std::map<std::string, Surroundings::TargetHealth>>>
ClientSurroundings::target_health(Place place, std::string group_arn) {
    elbv2::DescribeTargetHealthInput in;
    in.target_group_arn = group_arn;
    CO_TRY(const auto found,
           co_await client_.call<elbv2::op::DescribeTargetHealth>(ecs(place), in));
    std::map<std::string, TargetHealth> out;
    for (const auto& one : found.target_health_descriptions) {
        if (!one.target || !one.target_health) continue;
        TargetHealth& health =
            out[one.target->id + ":" + std::to_string(one.target->port.value_or(0))];
        health.state = one.target_health->state.value_or("");
        health.reason =
            one.target_health->description.value_or(one.target_health->reason.value_or(""));
    }
    co_return out;
}

unkai::Task<Status> ClientSurroundings::create_log_stream(Place place, LogStream stream,
                                                          bool create_group) {
    const aws::Caller caller = ecs_tasks(place, stream.region);
    if (create_group) {
        api::logs::CreateLogGroupInput group;
        group.log_group_name = stream.group;
        const auto made = co_await client_.call<api::logs::op::CreateLogGroup>(caller, group);
        if (!made && !made.error().is("ResourceAlreadyExistsException")) co_return made.error();
    }
    api::logs::CreateLogStreamInput in;
    in.log_group_name = stream.group;
    in.log_stream_name = stream.stream;
    const auto made = co_await client_.call<api::logs::op::CreateLogStream>(caller, in);
    if (!made && !made.error().is("ResourceAlreadyExistsException")) co_return made.error();
    co_return ok();
}

unkai::Task<Status> ClientSurroundings::put_log_events(Place place, LogStream stream,
                                                       std::vector<LogEvent> events) {
    // PutLogEvents takes at most 1 MiB, 26 bytes an event counted in, and 10,000 events.
    constexpr size_t most_bytes = 1'000'000;
    constexpr size_t most_events = 10'000;
    api::logs::PutLogEventsInput in;
    in.log_group_name = stream.group;
    in.log_stream_name = stream.stream;
    size_t bytes = 0;
    for (size_t i = 0; i < events.size(); ++i) {
        api::logs::InputLogEvent event;
        event.timestamp = events[i].at;
        event.message = std::move(events[i].message);
        bytes += event.message.size() + 26;
        in.log_events.push_back(std::move(event));
        const bool last = i + 1 == events.size();
        const size_t next = last ? 0 : events[i + 1].message.size() + 26;
        if (!last && bytes + next <= most_bytes && in.log_events.size() < most_events) continue;
        CO_REQUIRE(co_await client_.call<api::logs::op::PutLogEvents>(
            ecs_tasks(place, stream.region), in));
        in.log_events.clear();
        bytes = 0;
    }
    co_return ok();
}

unkai::Task<Result<std::string>> ClientSurroundings::role_credentials(Place place,
                                                                      std::string role_arn,
                                                                      std::string session) {
    api::sts::AssumeRoleInput in;
    in.role_arn = role_arn;
    in.role_session_name = session;
    CO_TRY(const auto assumed,
           co_await client_.call<api::sts::op::AssumeRole>(ecs_tasks(place, place.region), in));
    if (!assumed.credentials) co_return fail("AccessDenied", "STS gave no credentials.", 403);
    const auto json =
        wire::Json::object({{"RoleArn", role_arn},
                            {"AccessKeyId", assumed.credentials->access_key_id},
                            {"SecretAccessKey", assumed.credentials->secret_access_key},
                            {"Token", assumed.credentials->session_token},
                            {"Expiration", iso8601(assumed.credentials->expiration)}});
    co_return json.dump();
}

}  // namespace unkai::services::ecs
