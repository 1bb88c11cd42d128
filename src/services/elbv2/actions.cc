#include "services/elbv2/actions.h"

#include "base/strings.h"
#include "services/elbv2/limits.h"

namespace unkai::services::elbv2 {

namespace {

Result<ActionRecord> read_forward(aws::Call& call, const Action& in, const std::string& balancer) {
    ActionRecord action{.type = "forward"};
    if (in.forward_config) {
        action.by_config = true;
        for (const TargetGroupTuple& one : in.forward_config->target_groups) {
            const int32_t weight = one.weight.value_or(1);
            if (weight < 0 || weight > limits::most_weight)
                return invalid("Target group weights are 0 to 999");
            action.groups.push_back({one.target_group_arn.value_or(""), weight});
        }
        if (const auto& sticky = in.forward_config->target_group_stickiness_config;
            sticky && sticky->enabled.value_or(false)) {
            action.sticky_seconds = sticky->duration_seconds.value_or(0);
            if (action.sticky_seconds < 1 || action.sticky_seconds > limits::most_sticky_seconds)
                return invalid(
                    "Target group stickiness duration must be between 1 and 604800 seconds");
        }
    } else if (in.target_group_arn) {
        action.groups.push_back({*in.target_group_arn, 1});
    }
    if (action.groups.empty())
        return invalid("A target group must be specified for a forward action");
    if (action.groups.size() > limits::groups_of_action)
        return fail("TooManyTargetGroups", "An action forwards to five target groups at the most",
                    400);
    std::set<std::string> seen;
    for (const WeightedGroupRecord& one : action.groups) {
        if (!seen.insert(one.arn).second)
            return invalid("A target group can only be specified once in a forward action");
        TRY(const GroupRecord group, find_group(call, one.arn));
        for (const std::string& other : balancers_of_group(call, group.arn))
            if (other != balancer)
                return errors::TargetGroupAssociationLimitException(
                    "The following target groups cannot be associated with more than one load "
                    "balancer: " +
                    group.arn);
        TRY(const BalancerRecord owner, find_balancer(call, balancer));
        if (!group.of_functions() && group.vpc != owner.vpc)
            return errors::InvalidConfigurationRequestException(
                "The target group '" + group.arn + "' and the load balancer are in different VPCs");
    }
    return action;
}

Result<ActionRecord> read_redirect(const Action& in) {
    if (!in.redirect_config) return invalid("A redirect action needs RedirectConfig");
    const RedirectActionConfig& config = *in.redirect_config;
    ActionRecord action{.type = "redirect"};
    action.protocol = config.protocol.value_or("#{protocol}");
    action.host = config.host.value_or("#{host}");
    action.port = config.port.value_or("#{port}");
    action.path = config.path.value_or("/#{path}");
    action.query = config.query.value_or("#{query}");
    action.status = config.status_code == "HTTP_301" ? 301 : 302;
    if (action.protocol != "#{protocol}" && action.protocol != "HTTP" && action.protocol != "HTTPS")
        return invalid("The protocol of a redirect is HTTP, HTTPS or #{protocol}");
    const auto port = parse_uint(action.port);
    if (action.port != "#{port}" && (!port || *port < 1 || *port > 65535))
        return invalid("The port of a redirect is 1 to 65535 or #{port}");
    if (!action.path.starts_with('/')) return invalid("The path of a redirect must start with '/'");
    const ActionRecord same{.protocol = "#{protocol}",
                            .host = "#{host}",
                            .port = "#{port}",
                            .path = "/#{path}",
                            .query = "#{query}"};
    if (action.protocol == same.protocol && action.host == same.host && action.port == same.port &&
        action.path == same.path)
        return errors::InvalidLoadBalancerActionException(
            "The redirect configuration is not valid because it creates a loop");
    return action;
}

Result<ActionRecord> read_fixed(const Action& in) {
    if (!in.fixed_response_config)
        return invalid("A fixed-response action needs FixedResponseConfig");
    const FixedResponseActionConfig& config = *in.fixed_response_config;
    ActionRecord action{.type = "fixed-response"};
    const auto status = parse_uint(config.status_code);
    if (!status || config.status_code.size() != 3 || *status / 100 < 2 || *status / 100 == 3 ||
        *status / 100 > 5)
        return invalid("The status code of a fixed response must be 2XX, 4XX or 5XX");
    action.status = static_cast<int32_t>(*status);
    action.content_type = config.content_type.value_or("text/plain");
    action.body = config.message_body.value_or("");
    if (action.body.size() > limits::body_bytes)
        return invalid("The body of a fixed response has 1024 bytes at the most");
    for (const std::string_view type :
         {"text/plain", "text/css", "text/html", "application/javascript", "application/json"})
        if (action.content_type == type) return action;
    return invalid("The content type '" + action.content_type + "' is not valid");
}

}  // namespace

Result<ActionRecord> read_action(aws::Call& call, const List<Action>& actions,
                                 const std::string& balancer) {
    for (const Action& action : actions)
        if (action.type.starts_with("authenticate") || action.type == "jwt-validation")
            return errors::InvalidLoadBalancerActionException(
                "Unkai's load balancers do not authenticate users yet; leave out the action " +
                action.type + ".");
    if (actions.size() != 1)
        return errors::InvalidLoadBalancerActionException(
            "Exactly one forward, redirect or fixed-response action is required");
    const Action& in = actions.front();
    Result<ActionRecord> action = invalid("Action type '" + in.type + "' is not valid");
    if (in.type == "forward")
        action = read_forward(call, in, balancer);
    else if (in.type == "redirect")
        action = read_redirect(in);
    else if (in.type == "fixed-response")
        action = read_fixed(in);
    if (action) action->order = in.order.value_or(0);
    return action;
}

List<Action> show_action(const ActionRecord& action) {
    Action out;
    out.type = action.type;
    if (action.order > 0) out.order = action.order;
    if (action.type == "forward") {
        if (action.groups.size() == 1) out.target_group_arn = action.groups.front().arn;
        ForwardActionConfig config;
        for (const WeightedGroupRecord& one : action.groups)
            config.target_groups.push_back({.target_group_arn = one.arn, .weight = one.weight});
        config.target_group_stickiness_config =
            TargetGroupStickinessConfig{.enabled = action.sticky_seconds > 0};
        if (action.sticky_seconds > 0)
            config.target_group_stickiness_config->duration_seconds = action.sticky_seconds;
        out.forward_config = std::move(config);
    } else if (action.type == "redirect") {
        out.redirect_config =
            RedirectActionConfig{.protocol = action.protocol,
                                 .port = action.port,
                                 .host = action.host,
                                 .path = action.path,
                                 .query = action.query,
                                 .status_code = action.status == 301 ? "HTTP_301" : "HTTP_302"};
    } else {
        out.fixed_response_config =
            FixedResponseActionConfig{.message_body = action.body,
                                      .status_code = std::to_string(action.status),
                                      .content_type = action.content_type};
    }
    return {out};
}

planes::proxy::Action compile_action(const ActionRecord& action) {
    namespace proxy = planes::proxy;
    if (action.type == "redirect")
        return proxy::Redirect{.status = action.status,
                               .protocol = action.protocol,
                               .host = action.host,
                               .port = action.port,
                               .path = action.path,
                               .query = action.query};
    if (action.type == "fixed-response")
        return proxy::FixedResponse{
            .status = action.status, .content_type = action.content_type, .body = action.body};
    proxy::Forward forward;
    for (const WeightedGroupRecord& one : action.groups)
        forward.groups.push_back({one.arn, static_cast<uint32_t>(one.weight)});
    forward.sticky = std::chrono::seconds(action.sticky_seconds);
    return forward;
}

}  // namespace unkai::services::elbv2
