#include <algorithm>

#include "aws/paging.h"
#include "services/cloudwatch/alarm_support.h"
#include "services/cloudwatch/composite_rule.h"
#include "services/cloudwatch/limits.h"

namespace unkai::services::cloudwatch {

namespace {

std::string dashboard_arn(const aws::Call& call, const std::string& name) {
    return "arn:aws:cloudwatch::" + call.account + ":dashboard/" + name;
}

Unexpected no_dashboard(const std::string& name) {
    return unexpected(errors::DashboardNotFoundError("Dashboard " + name + " does not exist"));
}

// API reference: CloudWatch-Dashboard-Body-Structure.html
Status check_body(const std::string& body) {
    const auto json = wire::Json::parse(body);
    if (!json)
        return errors::DashboardInvalidInputError(
            "The field DashboardBody must be a valid JSON object: " + json.error().message);
    const wire::Json& widgets = (*json)["widgets"];
    if (!json->is_object() || !widgets.is_array())
        return errors::DashboardInvalidInputError(
            "The dashboard body is invalid: /widgets must be an array.");
    for (const wire::Json& widget : widgets.as_array())
        if (!widget["type"].is_string() || !widget["properties"].is_object())
            return errors::DashboardInvalidInputError(
                "The dashboard body is invalid: each widget has a type and properties.");
    return ok();
}

Status check_dashboard_name(const std::string& name) {
    const bool good = !name.empty() && name.size() <= limits::name_characters &&
                      std::all_of(name.begin(), name.end(), [](unsigned char c) {
                          return std::isalnum(c) || c == '-' || c == '_';
                      });
    if (!good)
        return errors::DashboardInvalidInputError(
            "The value " + name +
            " for field DashboardName contains invalid characters. It can only contain "
            "alphanumerics, dash (-) and underscore (_).");
    return ok();
}

// The tags of an alarm or a dashboard, seen or changed by `change`; stored when they changed.
template <class Change>
Status change_tags(aws::Call& call, const std::string& arn, const Change& change) {
    if (arn.find(":alarm:") != arn.npos) {
        auto alarm =
            schema::alarms.get(call.txn(), {call.account, call.region, alarm_name_of(arn)});
        if (!alarm) return errors::ResourceNotFoundException("Unknown resource: " + arn);
        const auto before = alarm->tags;
        REQUIRE(change(alarm->tags));
        if (alarm->tags != before) put_alarm(place_of(call), *alarm);
        return ok();
    }
    const size_t at = arn.find(":dashboard/");
    if (at == arn.npos) return invalid("Unkai tags alarms and dashboards, not " + arn + ".");
    const std::string name = arn.substr(at + std::string_view(":dashboard/").size());
    auto dashboard = schema::dashboards.get(call.txn(), {call.account, name});
    if (!dashboard) return errors::ResourceNotFoundException("Unknown resource: " + arn);
    const auto before = dashboard->tags;
    REQUIRE(change(dashboard->tags));
    if (dashboard->tags != before)
        schema::dashboards.put(call.txn(), {call.account, name}, *dashboard);
    return ok();
}

}  // namespace

Result<PutDashboardOutput> CloudWatch::PutDashboard(aws::Call& call, const PutDashboardInput& in) {
    REQUIRE(check_dashboard_name(in.dashboard_name));
    REQUIRE(check_body(in.dashboard_body));
    const std::tuple key{call.account, in.dashboard_name};
    StoredDashboard dashboard = schema::dashboards.get(call.txn(), key).value_or(StoredDashboard{});
    dashboard.body = in.dashboard_body;
    dashboard.modified = call.now;
    REQUIRE(add_tags(dashboard.tags, in.tags));
    schema::dashboards.put(call.txn(), key, dashboard);
    return PutDashboardOutput{};
}

Result<GetDashboardOutput> CloudWatch::GetDashboard(aws::Call& call, const GetDashboardInput& in) {
    const auto dashboard = schema::dashboards.get(call.txn(), {call.account, in.dashboard_name});
    if (!dashboard) return no_dashboard(in.dashboard_name);
    return GetDashboardOutput{.dashboard_arn = dashboard_arn(call, in.dashboard_name),
                              .dashboard_body = dashboard->body,
                              .dashboard_name = in.dashboard_name};
}

Result<ListDashboardsOutput> CloudWatch::ListDashboards(aws::Call& call,
                                                        const ListDashboardsInput& in) {
    std::vector<DashboardEntry> entries;
    for (const auto& [key, dashboard] : schema::dashboards.list(call.txn(), call.account)) {
        const std::string& name = std::get<1>(key);
        if (!name.starts_with(in.dashboard_name_prefix.value_or(""))) continue;
        entries.push_back({.dashboard_name = name,
                           .dashboard_arn = dashboard_arn(call, name),
                           .last_modified = dashboard.modified,
                           .size = static_cast<int64_t>(dashboard.body.size())});
    }
    TRY(const auto page,
        aws::page(
            entries, [](const DashboardEntry& entry) { return *entry.dashboard_name; },
            in.next_token, limits::listed_dashboards, "InvalidNextToken"));
    ListDashboardsOutput out;
    for (const DashboardEntry* entry : page.items) out.dashboard_entries.push_back(*entry);
    out.next_token = page.next;
    return out;
}

Result<DeleteDashboardsOutput> CloudWatch::DeleteDashboards(aws::Call& call,
                                                            const DeleteDashboardsInput& in) {
    for (const std::string& name : in.dashboard_names) {
        if (!schema::dashboards.has(call.txn(), {call.account, name})) return no_dashboard(name);
        schema::dashboards.erase(call.txn(), {call.account, name});
    }
    return DeleteDashboardsOutput{};
}

Result<TagResourceOutput> CloudWatch::TagResource(aws::Call& call, const TagResourceInput& in) {
    REQUIRE(
        change_tags(call, in.resource_arn, [&](auto& tags) { return add_tags(tags, in.tags); }));
    return TagResourceOutput{};
}

Result<UntagResourceOutput> CloudWatch::UntagResource(aws::Call& call,
                                                      const UntagResourceInput& in) {
    REQUIRE(change_tags(call, in.resource_arn, [&](auto& tags) {
        for (const std::string& key : in.tag_keys) tags.erase(key);
        return ok();
    }));
    return UntagResourceOutput{};
}

Result<ListTagsForResourceOutput> CloudWatch::ListTagsForResource(
    aws::Call& call, const ListTagsForResourceInput& in) {
    ListTagsForResourceOutput out;
    REQUIRE(change_tags(call, in.resource_arn, [&](const auto& tags) {
        for (const auto& [key, value] : tags) out.tags.push_back({key, value});
        return ok();
    }));
    return out;
}

}  // namespace unkai::services::cloudwatch
