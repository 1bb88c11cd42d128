#include "aws/paging.h"
#include "services/rds/limits.h"
#include "services/rds/rds.h"

namespace unkai::services::rds {

namespace {

// Calls `change(tags)` with the tags of the resource of that ARN and writes them back when it says
// so.
template <class Change>
Status with_tags(aws::Call& call, const std::string& arn, const Change& change) {
    const auto in_table = [&](const auto& table) -> bool {
        for (auto& [key, record] : table.list(call.txn(), call.account, call.region)) {
            if (record.arn != arn) continue;
            if (change(record.tags)) table.put(call.txn(), key, record);
            return true;
        }
        return false;
    };
    if (arn.find(":cluster:") != arn.npos) {
        if (in_table(schema::clusters)) return ok();
        return errors::DBClusterNotFoundFault(
            "The specified resource name does not match an RDS resource: " + arn);
    }
    if (in_table(schema::instances) || in_table(schema::subnet_groups) ||
        in_table(schema::parameter_groups) || in_table(schema::cluster_parameter_groups))
        return ok();
    return errors::DBInstanceNotFoundFault(
        "The specified resource name does not match an RDS resource: " + arn);
}

}  // namespace

Result<AddTagsToResourceOutput> Rds::AddTagsToResource(aws::Call& call,
                                                       const AddTagsToResourceInput& in) {
    bool too_many = false;
    REQUIRE(with_tags(call, in.resource_name, [&](auto& tags) {
        for (const auto& [key, value] : tags_from(in.tags)) tags[key] = value;
        too_many = tags.size() > limits::tags;
        return !too_many;
    }));
    if (too_many) return invalid_value("A resource can have at most 50 tags.");
    return AddTagsToResourceOutput{};
}

Result<RemoveTagsFromResourceOutput> Rds::RemoveTagsFromResource(
    aws::Call& call, const RemoveTagsFromResourceInput& in) {
    REQUIRE(with_tags(call, in.resource_name, [&](auto& tags) {
        for (const std::string& key : in.tag_keys) tags.erase(key);
        return true;
    }));
    return RemoveTagsFromResourceOutput{};
}

Result<ListTagsForResourceOutput> Rds::ListTagsForResource(aws::Call& call,
                                                           const ListTagsForResourceInput& in) {
    ListTagsForResourceOutput out;
    REQUIRE(with_tags(call, in.resource_name, [&](auto& tags) {
        out.tag_list = describe_tags(tags);
        return false;
    }));
    return out;
}

Result<DescribeEventsOutput> Rds::DescribeEvents(aws::Call& call, const DescribeEventsInput& in) {
    if (in.source_identifier && !in.source_type)
        return invalid_combination("Cannot specify source identifier without source type");
    const Time end = in.end_time.value_or(call.now);
    const Time start = in.start_time.value_or(end - std::chrono::minutes(in.duration.value_or(60)));
    struct Row {
        std::string key;
        Time at;
        EventRecord event;
    };
    std::vector<Row> rows;
    for (auto& [key, event] : schema::events.list(call.txn(), call.account, call.region)) {
        const Time at = std::get<2>(key);
        const bool category =
            in.event_categories.empty() ||
            std::any_of(in.event_categories.begin(), in.event_categories.end(),
                        [&](const std::string& wanted) {
                            return std::find(event.categories.begin(), event.categories.end(),
                                             wanted) != event.categories.end();
                        });
        if (at < start || at > end || !category ||
            in.source_type.value_or(event.type) != event.type ||
            in.source_identifier.value_or(event.source) != event.source)
            continue;
        rows.push_back({std::to_string(micros(at)) + std::get<3>(key), at, std::move(event)});
    }
    TRY(const auto page, aws::page(
                             rows, [](const Row& row) { return row.key; }, in.marker,
                             page_size(in.max_records), "InvalidParameterValue"));
    DescribeEventsOutput out{.marker = page.next};
    for (const Row* row : page.items)
        out.events.push_back({.source_identifier = row->event.source,
                              .source_type = row->event.type,
                              .message = row->event.message,
                              .event_categories = row->event.categories,
                              .date = row->at,
                              .source_arn = row->event.arn});
    return out;
}

}  // namespace unkai::services::rds
