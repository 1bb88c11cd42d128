#include "services/route53/health_rules.h"
#include "services/route53/limits.h"
#include "services/route53/route53.h"

namespace unkai::services::route53 {

namespace {

HealthCheck describe_check(const HealthCheckRecord& record) {
    HealthCheck out;
    out.id = record.id;
    out.caller_reference = record.caller_reference;
    out.health_check_config = write_health_check(record);
    out.health_check_version = record.version;
    return out;
}

// Children exist, belong to the account, and are not calculated themselves.
Status check_children(aws::Call& call, const HealthCheckRecord& record) {
    for (const std::string& id : record.children) {
        const auto child = schema::health_checks.get(call.txn(), {id});
        if (!child || child->account != call.account)
            return errors::InvalidInput("The child health check " + id + " does not exist.");
        if (child->type == health_check_type::calculated)
            return errors::InvalidInput("The child health check " + id +
                                        " is a calculated one. A calculated health check cannot "
                                        "monitor other calculated health checks.");
    }
    return ok();
}

bool is_same_config(HealthCheckRecord a, const HealthCheckRecord& b) {
    return write_health_check(a) == write_health_check(b);
}

// What UpdateHealthCheck resets; the rest of the request is applied after it.
void reset(HealthCheckRecord& record, const List<std::string>& elements) {
    for (const std::string& element : elements) {
        if (element == resettable_element_name::fully_qualified_domain_name) record.domain.clear();
        if (element == resettable_element_name::regions) record.regions.clear();
        if (element == resettable_element_name::resource_path) record.path.clear();
        if (element == resettable_element_name::child_health_checks) record.children.clear();
    }
}

void apply(HealthCheckRecord& record, const UpdateHealthCheckInput& in) {
    reset(record, in.reset_elements);
    record.address = in.ip_address.value_or(record.address);
    record.port = in.port.value_or(record.port);
    record.path = in.resource_path.value_or(record.path);
    record.domain = in.fully_qualified_domain_name.value_or(record.domain);
    record.search = in.search_string.value_or(record.search);
    record.threshold = in.failure_threshold.value_or(record.threshold);
    record.inverted = in.inverted.value_or(record.inverted);
    record.disabled = in.disabled.value_or(record.disabled);
    record.health_threshold = in.health_threshold.value_or(record.health_threshold);
    record.sni = in.enable_sni.value_or(record.sni);
    record.without_data = in.insufficient_data_health_status.value_or(record.without_data);
    if (!in.child_health_checks.empty())
        record.children.assign(in.child_health_checks.begin(), in.child_health_checks.end());
    if (!in.regions.empty()) record.regions.assign(in.regions.begin(), in.regions.end());
    if (in.alarm_identifier) {
        record.alarm_region = in.alarm_identifier->region;
        record.alarm_name = in.alarm_identifier->name;
    }
    ++record.version;
}

}  // namespace

Result<HealthCheckRecord> find_health_check(aws::Call& call, const std::string& id) {
    auto record = schema::health_checks.get(call.txn(), {id});
    if (!record || record->account != call.account)
        return errors::NoSuchHealthCheck("A health check with id " + id + " does not exist.");
    return std::move(*record);
}

std::vector<HealthCheckRecord> health_checks_of(aws::Call& call) {
    std::vector<HealthCheckRecord> out;
    schema::health_checks.each(call.txn(), "", [&](const auto&, HealthCheckRecord record) {
        if (record.account == call.account) out.push_back(std::move(record));
        return true;
    });
    return out;
}

Result<CreateHealthCheckOutput> Route53::CreateHealthCheck(aws::Call& call,
                                                           const CreateHealthCheckInput& in) {
    TRY(HealthCheckRecord record, read_health_check(in.health_check_config));
    REQUIRE(check_children(call, record));
    const std::vector<HealthCheckRecord> existing = health_checks_of(call);
    const auto twin =
        std::ranges::find(existing, in.caller_reference, &HealthCheckRecord::caller_reference);
    if (twin != existing.end()) {
        if (!is_same_config(*twin, record))
            return errors::HealthCheckAlreadyExists(
                "A health check with the same caller reference but other settings exists: " +
                twin->id);
        record = *twin;
    } else {
        if (existing.size() >= limits::health_checks)
            return errors::TooManyHealthChecks("You can't create more than " +
                                               std::to_string(limits::health_checks) +
                                               " health checks for the current AWS account.");
        record.id = call.env.random.uuid();
        record.account = call.account;
        record.caller_reference = in.caller_reference;
        record.created = call.now;
        schema::health_checks.put(call.txn(), {record.id}, record);
    }
    CreateHealthCheckOutput out;
    out.health_check = describe_check(record);
    out.location = "https://route53.amazonaws.com/2013-04-01/healthcheck/" + record.id;
    return out;
}

Result<GetHealthCheckOutput> Route53::GetHealthCheck(aws::Call& call,
                                                     const GetHealthCheckInput& in) {
    TRY(const HealthCheckRecord record, find_health_check(call, in.health_check_id));
    GetHealthCheckOutput out;
    out.health_check = describe_check(record);
    return out;
}

Result<ListHealthChecksOutput> Route53::ListHealthChecks(aws::Call& call,
                                                         const ListHealthChecksInput& in) {
    TRY(const size_t most, page_size(in.max_items, limits::zone_page));
    ListHealthChecksOutput out;
    out.marker = in.marker.value_or("");
    out.max_items = std::to_string(most);
    for (const HealthCheckRecord& record : health_checks_of(call)) {
        if (record.id < out.marker) continue;
        if (out.health_checks.size() == most) {
            out.is_truncated = true;
            out.next_marker = record.id;
            break;
        }
        out.health_checks.push_back(describe_check(record));
    }
    return out;
}

Result<UpdateHealthCheckOutput> Route53::UpdateHealthCheck(aws::Call& call,
                                                           const UpdateHealthCheckInput& in) {
    TRY(HealthCheckRecord record, find_health_check(call, in.health_check_id));
    if (in.health_check_version && *in.health_check_version != record.version)
        return errors::HealthCheckVersionMismatch(
            "The health check " + record.id + " has version " + std::to_string(record.version) +
            ", not " + std::to_string(*in.health_check_version) + ".");
    apply(record, in);
    REQUIRE(check_health_check(record));
    REQUIRE(check_children(call, record));
    schema::health_checks.put(call.txn(), {record.id}, record);
    UpdateHealthCheckOutput out;
    out.health_check = describe_check(record);
    return out;
}

Result<DeleteHealthCheckOutput> Route53::DeleteHealthCheck(aws::Call& call,
                                                           const DeleteHealthCheckInput& in) {
    TRY(const HealthCheckRecord record, find_health_check(call, in.health_check_id));
    schema::health_checks.erase(call.txn(), {record.id});
    schema::health.erase(call.txn(), {record.id});
    return DeleteHealthCheckOutput{};
}

Result<GetHealthCheckStatusOutput> Route53::GetHealthCheckStatus(
    aws::Call& call, const GetHealthCheckStatusInput& in) {
    TRY(const HealthCheckRecord record, find_health_check(call, in.health_check_id));
    if (!is_endpoint(record))
        return errors::InvalidInput(
            "The status of health checks of type " + record.type +
            " is not reported here: see the metric HealthCheckStatus in AWS/Route53.");
    GetHealthCheckStatusOutput out;
    out.health_check_observations.present = true;
    const auto found = monitor_.find(record.id);
    if (!found || found->report.empty()) return out;  // Nobody looked yet.
    HealthCheckObservation seen;
    seen.region = std::string(health_check_region::us_east_1);
    seen.ip_address = checker_address_;
    seen.status_report = StatusReport{.status = found->report, .checked_time = found->checked};
    out.health_check_observations.push_back(std::move(seen));
    return out;
}

Result<GetHealthCheckLastFailureReasonOutput> Route53::GetHealthCheckLastFailureReason(
    aws::Call& call, const GetHealthCheckLastFailureReasonInput& in) {
    TRY(const HealthCheckRecord record, find_health_check(call, in.health_check_id));
    GetHealthCheckLastFailureReasonOutput out;
    out.health_check_observations.present = true;
    const auto found = monitor_.find(record.id);
    if (!found || found->last_failure.empty()) return out;
    HealthCheckObservation seen;
    seen.region = std::string(health_check_region::us_east_1);
    seen.ip_address = checker_address_;
    seen.status_report =
        StatusReport{.status = found->last_failure, .checked_time = found->last_failed};
    out.health_check_observations.push_back(std::move(seen));
    return out;
}

Result<GetHealthCheckCountOutput> Route53::GetHealthCheckCount(aws::Call& call,
                                                               const GetHealthCheckCountInput&) {
    GetHealthCheckCountOutput out;
    out.health_check_count = static_cast<int64_t>(health_checks_of(call).size());
    return out;
}

Result<GetCheckerIpRangesOutput> Route53::GetCheckerIpRanges(aws::Call&,
                                                             const GetCheckerIpRangesInput&) {
    GetCheckerIpRangesOutput out;
    out.checker_ip_ranges.push_back(checker_address_ + "/32");
    return out;
}

}  // namespace unkai::services::route53
