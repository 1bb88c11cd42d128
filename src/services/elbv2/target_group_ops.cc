#include "aws/paging.h"
#include "base/strings.h"
#include "planes/proxy/rules.h"
#include "services/elbv2/elbv2.h"
#include "services/elbv2/limits.h"
#include "services/elbv2/names.h"

namespace unkai::services::elbv2 {

namespace {

TargetGroup show_target_group(aws::Call& call, const GroupRecord& record) {
    TargetGroup out;
    out.target_group_arn = record.arn;
    out.target_group_name = record.name;
    if (!record.of_functions()) {
        out.protocol = record.protocol;
        out.port = record.port;
        out.vpc_id = record.vpc;
        out.health_check_protocol = record.check_protocol;
        out.health_check_port = record.check_port;
        out.protocol_version = record.protocol_version.empty() ? "HTTP1" : record.protocol_version;
    }
    out.health_check_enabled = !record.check_disabled;
    out.health_check_interval_seconds = record.check_interval;
    out.health_check_timeout_seconds = record.check_timeout;
    out.healthy_threshold_count = record.healthy_threshold;
    out.unhealthy_threshold_count = record.unhealthy_threshold;
    out.health_check_path = record.check_path;
    out.matcher = Matcher{.http_code = record.matcher};
    out.load_balancer_arns.present = true;
    for (const std::string& arn : balancers_of_group(call, record.arn))
        out.load_balancer_arns.push_back(arn);
    out.target_type = record.target_type;
    out.ip_address_type = "ipv4";
    return out;
}

Status in_range(std::string_view what, int32_t value, int32_t least, int32_t most) {
    if (value >= least && value <= most) return ok();
    return invalid(std::string(what) + " '" + std::to_string(value) + "' must be between " +
                   std::to_string(least) + " and " + std::to_string(most));
}

// The same for creating and modifying. ALB guide, target-group-health-checks.
Status check_health_check(const GroupRecord& record) {
    if (record.check_protocol != "HTTP" && record.check_protocol != "HTTPS")
        return errors::UnsupportedProtocolException(
            "Health check protocol '" + record.check_protocol + "' must be one of 'HTTP, HTTPS'");
    const auto port = parse_uint(record.check_port);
    if (record.check_port != "traffic-port" && (!port || *port < 1 || *port > 65535))
        return invalid("Health check port '" + record.check_port +
                       "' must be 'traffic-port' or between 1 and 65535");
    if (!record.check_path.starts_with('/') || record.check_path.size() > 1024)
        return invalid("Health check path '" + record.check_path +
                       "' must start with '/' and have 1024 characters at the most");
    for (const char c : record.check_path)
        if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f)
            return invalid("The health check path holds a space or control character");
    REQUIRE(in_range("Health check interval", record.check_interval, 5, 300));
    REQUIRE(in_range("Health check timeout", record.check_timeout, 2, 120));
    REQUIRE(in_range("Healthy threshold count", record.healthy_threshold, 2, 10));
    REQUIRE(in_range("Unhealthy threshold count", record.unhealthy_threshold, 2, 10));
    if (record.check_timeout >= record.check_interval)
        return invalid("Health check timeout '" + std::to_string(record.check_timeout) +
                       "' must be smaller than the interval '" +
                       std::to_string(record.check_interval) + "'");
    if (auto matcher = planes::proxy::check_matcher(record.matcher); !matcher)
        return invalid(matcher.error().message);
    return ok();
}

// What CreateTargetGroup and ModifyTargetGroup have in common.
template <class Input>
void take_health_check(GroupRecord& record, const Input& in) {
    record.check_protocol = in.health_check_protocol.value_or(record.check_protocol);
    record.check_port = in.health_check_port.value_or(record.check_port);
    record.check_path = in.health_check_path.value_or(record.check_path);
    record.check_disabled = !in.health_check_enabled.value_or(!record.check_disabled);
    record.check_interval = in.health_check_interval_seconds.value_or(record.check_interval);
    record.check_timeout = in.health_check_timeout_seconds.value_or(record.check_timeout);
    record.healthy_threshold = in.healthy_threshold_count.value_or(record.healthy_threshold);
    record.unhealthy_threshold = in.unhealthy_threshold_count.value_or(record.unhealthy_threshold);
    if (in.matcher && in.matcher->http_code) record.matcher = *in.matcher->http_code;
}

// Of functions: neither protocol nor port nor VPC.
Status check_function_group(const CreateTargetGroupInput& in) {
    for (const auto& [name, given] : {std::pair("Protocol", in.protocol.has_value()),
                                      {"Port", in.port.has_value()},
                                      {"VPC ID", in.vpc_id.has_value()},
                                      {"Protocol version", in.protocol_version.has_value()}})
        if (given)
            return invalid(std::string(name) +
                           " cannot be specified for target groups with target type 'lambda'");
    return ok();
}

Status check_supported_target_group(const CreateTargetGroupInput& in) {
    REQUIRE(check_name("Target group", in.name));
    const std::string type = in.target_type.value_or("instance");
    if (type == "lambda") return check_function_group(in);
    if (type != "ip" && type != "instance")
        return errors::InvalidConfigurationRequestException(
            "Unkai's target groups have targets of the types ip and lambda; '" + type +
            "' is not there yet.");
    const std::string protocol = in.protocol.value_or("");
    if (protocol.empty()) return invalid("A protocol must be specified");
    if (protocol != "HTTP" && protocol != "HTTPS")
        return errors::UnsupportedProtocolException(
            "Target group protocol '" + protocol +
            "' is for network and gateway load balancers, which Unkai does not have yet");
    if (!in.port) return invalid("A port must be specified");
    REQUIRE(in_range("Target group port", *in.port, 1, 65535));
    if (!in.vpc_id) return invalid("A VPC ID must be specified");
    const std::string version = in.protocol_version.value_or("HTTP1");
    if (version != "HTTP1" && version != "HTTP2")
        return errors::InvalidConfigurationRequestException(
            "Unkai's load balancers speak HTTP1 and HTTP2 to targets; ProtocolVersion '" + version +
            "' is not there yet.");
    if (in.ip_address_type.value_or("ipv4") != "ipv4")
        return errors::InvalidConfigurationRequestException("The only IpAddressType is ipv4.");
    return ok();
}

// What a new one begins with. API_CreateTargetGroup.
GroupRecord initial_target_group(const CreateTargetGroupInput& in) {
    GroupRecord record{.name = in.name,
                       .protocol = in.protocol.value_or(""),
                       .vpc = in.vpc_id.value_or(""),
                       .target_type = in.target_type.value_or("instance"),
                       .port = in.port.value_or(0)};
    if (in.protocol_version == "HTTP2") record.protocol_version = "HTTP2";
    record.check_protocol = "HTTP";
    record.check_port = "traffic-port";
    record.check_path = "/";
    record.matcher = "200";
    record.check_interval = record.of_functions() ? 35 : 30;
    record.check_timeout = record.of_functions() ? 30 : 5;
    record.check_disabled = record.of_functions();
    record.healthy_threshold = 5;
    record.unhealthy_threshold = 2;
    return record;
}

}  // namespace

Result<GroupRecord> find_group(aws::Call& call, const std::string& arn) {
    auto record = schema::groups.get(call.txn(), {call.account, call.region, arn});
    if (!record) return errors::TargetGroupNotFoundException("One or more target groups not found");
    return std::move(*record);
}

std::set<std::string> balancers_of_group(aws::Call& call, const std::string& group) {
    std::set<std::string> out;
    auto uses = [&group](const ActionRecord& action) {
        for (const WeightedGroupRecord& one : action.groups)
            if (one.arn == group) return true;
        return false;
    };
    for (const ListenerRecord& listener : all(call, schema::listeners))
        if (uses(listener.action)) out.insert(listener.balancer);
    for (const RuleRecord& rule : all(call, schema::rules))
        if (uses(rule.action)) out.insert(balancer_of_listener(rule.listener));
    return out;
}

Status check_room_of(aws::Call& call, const std::string& balancer) {
    std::set<std::string> groups;
    auto add = [&groups](const ActionRecord& action) {
        for (const WeightedGroupRecord& one : action.groups) groups.insert(one.arn);
    };
    for (const ListenerRecord& listener : all(call, schema::listeners))
        if (listener.balancer == balancer) add(listener.action);
    for (const RuleRecord& rule : all(call, schema::rules))
        if (balancer_of_listener(rule.listener) == balancer) add(rule.action);
    if (groups.size() > limits::groups_of_balancer)
        return errors::TooManyUniqueTargetGroupsPerLoadBalancerException(
            "You have reached the maximum number of unique target groups that you can associate "
            "with a load balancer of type 'application': [" +
            std::to_string(limits::groups_of_balancer) + "]");
    size_t targets = 0;
    for (const std::string& group : groups)
        for (const TargetRecord& target : targets_of(call, group))
            if (!target.drained_at) ++targets;
    if (targets > limits::targets_of_balancer)
        return errors::TooManyTargetsException("The maximum number of targets per load balancer '" +
                                               std::to_string(limits::targets_of_balancer) +
                                               "' has been reached on load balancer '" + balancer +
                                               "'");
    return ok();
}

Result<CreateTargetGroupOutput> Elbv2::CreateTargetGroup(aws::Call& call,
                                                         const CreateTargetGroupInput& in) {
    REQUIRE(check_supported_target_group(in));
    GroupRecord record = initial_target_group(in);
    take_health_check(record, in);
    REQUIRE(check_health_check(record));
    TRY(record.tags, read_tags(in.tags));
    const auto groups = all(call, schema::groups);
    for (const GroupRecord& other : groups) {
        if (other.name != record.name) continue;
        if (other.protocol == record.protocol && other.port == record.port &&
            other.vpc == record.vpc && other.target_type == record.target_type &&
            other.protocol_version == record.protocol_version)
            return CreateTargetGroupOutput{.target_groups = {show_target_group(call, other)}};
        return errors::DuplicateTargetGroupNameException("A target group with the same name '" +
                                                         record.name +
                                                         "' exists, but with different settings");
    }
    if (groups.size() >= limits::target_groups)
        return errors::TooManyTargetGroupsException(
            "The maximum number of target groups has been reached");
    record.arn = call.arn("elasticloadbalancing",
                          "targetgroup/" + record.name + "/" + call.env.random.hex(16));
    put(call, schema::groups, record);
    return CreateTargetGroupOutput{.target_groups = {show_target_group(call, record)}};
}

Result<DeleteTargetGroupOutput> Elbv2::DeleteTargetGroup(aws::Call& call,
                                                         const DeleteTargetGroupInput& in) {
    const auto record =
        schema::groups.get(call.txn(), {call.account, call.region, in.target_group_arn});
    if (!record) return DeleteTargetGroupOutput{};
    if (!balancers_of_group(call, record->arn).empty())
        return errors::ResourceInUseException("Target group '" + record->arn +
                                              "' is currently in use by a listener or a rule");
    for (const auto& [key, target] :
         schema::targets.list(call.txn(), call.account, call.region, record->arn))
        schema::targets.erase(call.txn(), key);
    erase(call, schema::groups, record->arn);
    return DeleteTargetGroupOutput{};
}

Result<DescribeTargetGroupsOutput> Elbv2::DescribeTargetGroups(
    aws::Call& call, const DescribeTargetGroupsInput& in) {
    auto records = all(call, schema::groups);
    if (in.load_balancer_arn) {
        REQUIRE(find_balancer(call, *in.load_balancer_arn));
        std::erase_if(records, [&](const GroupRecord& one) {
            return !balancers_of_group(call, one.arn).contains(*in.load_balancer_arn);
        });
    }
    for (const std::string& arn : in.target_group_arns) REQUIRE(find_group(call, arn));
    for (const std::string& name : in.names) {
        bool known = false;
        for (const GroupRecord& record : records) known = known || record.name == name;
        if (!known)
            return errors::TargetGroupNotFoundException("One or more target groups not found");
    }
    auto has = [](const List<std::string>& list, const std::string& value) {
        return list.empty() || std::find(list.begin(), list.end(), value) != list.end();
    };
    std::erase_if(records, [&](const GroupRecord& one) {
        return !has(in.target_group_arns, one.arn) || !has(in.names, one.name);
    });
    TRY(const auto page, aws::page(
                             records, [](const GroupRecord& one) { return one.arn; }, in.marker,
                             static_cast<size_t>(in.page_size.value_or(limits::page))));
    DescribeTargetGroupsOutput out;
    out.target_groups.present = true;
    for (const GroupRecord* record : page.items)
        out.target_groups.push_back(show_target_group(call, *record));
    out.next_marker = page.next;
    return out;
}

Result<ModifyTargetGroupOutput> Elbv2::ModifyTargetGroup(aws::Call& call,
                                                         const ModifyTargetGroupInput& in) {
    TRY(GroupRecord record, find_group(call, in.target_group_arn));
    take_health_check(record, in);
    REQUIRE(check_health_check(record));
    put(call, schema::groups, record);
    return ModifyTargetGroupOutput{.target_groups = {show_target_group(call, record)}};
}

}  // namespace unkai::services::elbv2
