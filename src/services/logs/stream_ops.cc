#include <fmt/format.h>

#include "aws/paging.h"
#include "services/logs/limits.h"
#include "services/logs/logs.h"

namespace unkai::services::logs {

namespace {

api::logs::LogStream describe(const aws::Call& call, const StoredGroup& group,
                              const StoredStream& stream) {
    api::logs::LogStream out;
    out.log_stream_name = stream.name;
    out.creation_time = millis(stream.created);
    if (stream.last_ingestion != 0) {
        out.first_event_timestamp = std::max(stream.first_event, expiry(group, call.now));
        out.last_event_timestamp = stream.last_event;
        out.last_ingestion_time = stream.last_ingestion;
    }
    out.upload_sequence_token = Position::at(stream.last_event).text();
    out.arn = group_arn(call, group.name) + ":log-stream:" + stream.name;
    out.stored_bytes = 0;  // As AWS answers since 2019.
    return out;
}

}  // namespace

Result<StoredStream> find_stream(aws::Call& call, const StoredGroup& group,
                                 const std::string& name) {
    auto stream = schema::streams.get(call.txn(), {group.id, name});
    if (!stream)
        return errors::ResourceNotFoundException("The specified log stream does not exist.");
    return *std::move(stream);
}

Result<CreateLogStreamOutput> Logs::CreateLogStream(aws::Call& call,
                                                    const CreateLogStreamInput& in) {
    TRY(const StoredGroup group, find_group(call, in.log_group_name));
    if (schema::streams.has(call.txn(), {group.id, in.log_stream_name}))
        return errors::ResourceAlreadyExistsException("The specified log stream already exists");
    schema::streams.put(
        call.txn(), {group.id, in.log_stream_name},
        {.id = call.env.random.hex(16), .name = in.log_stream_name, .created = call.now});
    return CreateLogStreamOutput{};
}

Result<DeleteLogStreamOutput> Logs::DeleteLogStream(aws::Call& call,
                                                    const DeleteLogStreamInput& in) {
    TRY(const StoredGroup group, find_group(call, in.log_group_name));
    TRY(const StoredStream stream, find_stream(call, group, in.log_stream_name));
    schema::streams.erase(call.txn(), {group.id, stream.name});
    schema::doomed.put(call.txn(), {group.id, stream.id}, {});
    return DeleteLogStreamOutput{};
}

Result<DescribeLogStreamsOutput> Logs::DescribeLogStreams(aws::Call& call,
                                                          const DescribeLogStreamsInput& in) {
    TRY(const std::string name, group_name(in.log_group_name, in.log_group_identifier));
    TRY(const StoredGroup group, find_group(call, name));
    const bool by_time = in.order_by.value_or("LogStreamName") == "LastEventTime";
    const bool descending = in.descending.value_or(false);
    if (by_time && in.log_stream_name_prefix)
        return errors::InvalidParameterException(
            "Cannot order by LastEventTime with a logStreamNamePrefix.");
    struct Row {
        std::string key;
        StoredStream stream;
    };
    std::vector<Row> rows;
    for (auto& [key, stream] : schema::streams.list(call.txn(), group.id)) {
        if (in.log_stream_name_prefix && !stream.name.starts_with(*in.log_stream_name_prefix))
            continue;
        // Keys that sort as wanted: a descending time counts down.
        const int64_t time = descending ? INT64_MAX - stream.last_event : stream.last_event;
        std::string sort_key = by_time ? fmt::format("{:020}{}", time, stream.name) : stream.name;
        rows.push_back({std::move(sort_key), std::move(stream)});
    }
    const bool reversed = descending && !by_time;
    std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.key < b.key; });
    if (reversed) std::reverse(rows.begin(), rows.end());
    DescribeLogStreamsOutput out;
    std::string after;
    if (in.next_token) {
        TRY(after, aws::read_token(*in.next_token, "InvalidParameterException"));
    }
    const auto most = static_cast<size_t>(in.limit.value_or(limits::described));
    std::string last;
    for (const Row& row : rows) {
        if (!after.empty() && (reversed ? row.key >= after : row.key <= after)) continue;
        if (out.log_streams.size() == most) {
            out.next_token = aws::make_token(last);
            break;
        }
        out.log_streams.push_back(describe(call, group, row.stream));
        last = row.key;
    }
    return out;
}

}  // namespace unkai::services::logs
