#include "aws/paging.h"
#include "services/logs/limits.h"
#include "services/logs/logs.h"

namespace unkai::services::logs {

namespace {

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
constexpr int32_t retentions[] = {1,   3,   5,   7,   14,   30,   60,   90,   120,  150,  180,
                                  365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653};

int64_t stored_bytes(aws::Call& call, const StoredGroup& group) {
    // The last chunk of every stream is counted as it is, the others as full: an estimate, as AWS's
    // is.
    int64_t bytes = 0;
    for (const auto& [key, stream] : schema::streams.list(call.txn(), group.id))
        bytes += stream.tail.bytes + std::max<int64_t>(0, stream.next_sequence - 1) * chunk_bytes;
    return bytes;
}

api::logs::LogGroup describe(aws::Call& call, const StoredGroup& group) {
    api::logs::LogGroup out;
    out.log_group_name = group.name;
    out.creation_time = millis(group.created);
    if (group.retention_days > 0) out.retention_in_days = group.retention_days;
    out.metric_filter_count = 0;
    out.log_group_arn = group_arn(call, group.name);
    out.arn = *out.log_group_arn + ":*";
    out.stored_bytes = stored_bytes(call, group);
    out.log_group_class = group.group_class;
    out.deletion_protection_enabled = group.protected_from_deletion;
    return out;
}

}  // namespace

Result<StoredGroup> find_group(aws::Call& call, const std::string& name) {
    auto group = schema::groups.get(call.txn(), {call.account, call.region, name});
    if (!group) return errors::ResourceNotFoundException("The specified log group does not exist.");
    return *std::move(group);
}

void put_group(aws::Call& call, const StoredGroup& group) {
    schema::groups.put(call.txn(), {call.account, call.region, group.name}, group);
}

Result<std::string> group_name(const std::optional<std::string>& name,
                               const std::optional<std::string>& identifier) {
    if (name && identifier)
        return errors::InvalidParameterException(
            "LogGroupName and LogGroupIdentifier cannot both be given; use one.");
    if (!name && !identifier)
        return errors::InvalidParameterException(
            "Either LogGroupName or LogGroupIdentifier is required.");
    std::string text = name ? *name : *identifier;
    if (constexpr std::string_view mark = ":log-group:"; text.starts_with("arn:")) {
        const size_t at = text.find(mark);
        if (at == text.npos)
            return errors::InvalidParameterException("'" + text + "' is no log group's ARN.");
        text = text.substr(at + mark.size());
        if (text.ends_with(":*")) text.resize(text.size() - 2);
    }
    return text;
}

std::string group_arn(const aws::Call& call, const std::string& name) {
    return call.arn("logs", "log-group:" + name);
}

int64_t expiry(const StoredGroup& group, Time now) {
    return group.retention_days == 0 ? 0
                                     : millis(now - std::chrono::hours{24} * group.retention_days);
}

Result<CreateLogGroupOutput> Logs::CreateLogGroup(aws::Call& call, const CreateLogGroupInput& in) {
    if (in.kms_key_id)
        return errors::InvalidParameterException(
            "Unkai has no KMS: log groups are not encrypted with a key. Leave out kmsKeyId.");
    if (schema::groups.has(call.txn(), {call.account, call.region, in.log_group_name}))
        return errors::ResourceAlreadyExistsException("The specified log group already exists");
    REQUIRE(check_tags(in.tags));
    StoredGroup group{.id = call.env.random.hex(16),
                      .name = in.log_group_name,
                      .created = call.now,
                      .group_class = in.log_group_class.value_or("STANDARD"),
                      .tags = in.tags,
                      .protected_from_deletion = in.deletion_protection_enabled.value_or(false)};
    put_group(call, group);
    return CreateLogGroupOutput{};
}

Result<DeleteLogGroupOutput> Logs::DeleteLogGroup(aws::Call& call, const DeleteLogGroupInput& in) {
    TRY(const StoredGroup group, find_group(call, in.log_group_name));
    if (group.protected_from_deletion)
        return errors::InvalidParameterException(
            "The log group " + group.name + " is protected from deletion; turn that off first.");
    schema::groups.erase(call.txn(), {call.account, call.region, group.name});
    for (const auto& [key, stream] : schema::streams.list(call.txn(), group.id))
        schema::streams.erase(call.txn(), key);
    schema::doomed.put(call.txn(), {group.id, ""}, {.whole_group = true});
    return DeleteLogGroupOutput{};
}

Result<DescribeLogGroupsOutput> Logs::DescribeLogGroups(aws::Call& call,
                                                        const DescribeLogGroupsInput& in) {
    if (in.log_group_name_prefix && in.log_group_name_pattern)
        return errors::InvalidParameterException(
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.");
    std::vector<StoredGroup> groups;
    for (auto& [key, group] : schema::groups.list(call.txn(), call.account, call.region)) {
        if (in.log_group_name_prefix && !group.name.starts_with(*in.log_group_name_prefix))
            continue;
        if (in.log_group_name_pattern &&
            to_lower(group.name).find(to_lower(*in.log_group_name_pattern)) == std::string::npos)
            continue;
        if (in.log_group_class && group.group_class != *in.log_group_class) continue;
        if (in.log_group_identifiers.given() &&
            std::none_of(in.log_group_identifiers.begin(), in.log_group_identifiers.end(),
                         [&](const std::string& id) {
                             return id == group.name || id == group_arn(call, group.name);
                         }))
            continue;
        groups.push_back(std::move(group));
    }
    TRY(const auto page,
        aws::page(
            groups, [](const StoredGroup& group) { return group.name; }, in.next_token,
            static_cast<size_t>(in.limit.value_or(limits::described)),
            "InvalidParameterException"));
    DescribeLogGroupsOutput out;
    for (const StoredGroup* group : page.items) out.log_groups.push_back(describe(call, *group));
    out.next_token = page.next;
    return out;
}

Result<PutRetentionPolicyOutput> Logs::PutRetentionPolicy(aws::Call& call,
                                                          const PutRetentionPolicyInput& in) {
    TRY(StoredGroup group, find_group(call, in.log_group_name));
    if (std::find(std::begin(retentions), std::end(retentions), in.retention_in_days) ==
        std::end(retentions)) {
        std::string known;
        for (int32_t days : retentions) known += (known.empty() ? "" : ", ") + std::to_string(days);
        return errors::InvalidParameterException(
            "1 validation error detected: Value '" + std::to_string(in.retention_in_days) +
            "' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value "
            "set: [" +
            known + "]");
    }
    group.retention_days = in.retention_in_days;
    put_group(call, group);
    return PutRetentionPolicyOutput{};
}

Result<DeleteRetentionPolicyOutput> Logs::DeleteRetentionPolicy(
    aws::Call& call, const DeleteRetentionPolicyInput& in) {
    TRY(StoredGroup group, find_group(call, in.log_group_name));
    group.retention_days = 0;
    put_group(call, group);
    return DeleteRetentionPolicyOutput{};
}

}  // namespace unkai::services::logs
