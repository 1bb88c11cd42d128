#include "aws/paging.h"
#include "services/logs/filter_pattern.h"
#include "services/logs/limits.h"
#include "services/logs/logs.h"

namespace unkai::services::logs {

namespace {

size_t size_of_event(const std::string& message) { return message.size() + limits::event_overhead; }

Status check_batch(const PutLogEventsInput& in) {
    size_t bytes = 0;
    int64_t last = INT64_MIN;
    for (const InputLogEvent& event : in.log_events) {
        bytes += size_of_event(event.message);
        if (event.timestamp < last)
            return errors::InvalidParameterException(
                "Log events in a single PutLogEvents request must be in chronological order.");
        last = event.timestamp;
    }
    if (in.log_events.empty())
        return errors::InvalidParameterException(
            "1 validation error detected: Value '[]' at 'logEvents' failed to satisfy constraint: "
            "Member must "
            "have length greater than or equal to 1");
    if (bytes > limits::batch_bytes)
        return errors::InvalidParameterException("Upload too large: " + std::to_string(bytes) +
                                                 " bytes exceeds limit of " +
                                                 std::to_string(limits::batch_bytes));
    if (last - in.log_events.front().timestamp > limits::batch_span)
        return errors::InvalidParameterException(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 "
            "hours.");
    return ok();
}

// The token of a place: f/ goes on after it, b/ before it.
std::string token(char direction, const Position& position) {
    return std::string(1, direction) + "/" + position.text() + "/s";
}

struct Place {
    bool forward;
    Position position;
};

Result<Place> read_place(const std::string& text) {
    const bool good = text.size() >= 2 && (text[0] == 'f' || text[0] == 'b') && text[1] == '/';
    const auto position =
        good ? Position::parse(std::string_view(text).substr(2, 56)) : std::nullopt;
    if (!position) return errors::InvalidParameterException("The specified nextToken is invalid.");
    return Place{text[0] == 'f', *position};
}

// A page forward: as many as fit.
std::vector<ReadEvent> page_forward(aws::Call& call, const StoredGroup& group,
                                    const StoredStream& stream, const Position& after, int64_t end,
                                    size_t most) {
    std::vector<ReadEvent> events;
    size_t bytes = 0;
    read_forward(call.txn(), group.id, stream, after, end, [&](ReadEvent&& event) {
        bytes += size_of_event(event.event.message);
        if (!events.empty() && bytes > limits::answer_bytes) return false;
        events.push_back(std::move(event));
        return events.size() < most;
    });
    return events;
}

// The end of a time range that the input may leave open; endTime is exclusive.
int64_t end_of(const std::optional<int64_t>& end) { return end ? *end : INT64_MAX; }

}  // namespace

Result<PutLogEventsOutput> Logs::PutLogEvents(aws::Call& call, const PutLogEventsInput& in) {
    TRY(const StoredGroup group, find_group(call, in.log_group_name));
    TRY(StoredStream stream, find_stream(call, group, in.log_stream_name));
    REQUIRE(check_batch(in));
    const int64_t now = millis(call.now), expired = expiry(group, call.now);
    RejectedLogEventsInfo rejected;
    std::vector<StoredEvent> taken;
    for (size_t i = 0; i < in.log_events.size(); ++i) {
        const InputLogEvent& event = in.log_events[i];
        const auto index = static_cast<int32_t>(i);
        if (event.timestamp < now - limits::oldest_event)
            rejected.too_old_log_event_end_index = index + 1;
        else if (event.timestamp < expired)
            rejected.expired_log_event_end_index = index + 1;
        else if (event.timestamp > now + limits::newest_event) {
            if (!rejected.too_new_log_event_start_index)
                rejected.too_new_log_event_start_index = index;
        } else
            taken.push_back({event.timestamp, now, event.message});
    }
    if (!taken.empty()) append(call.txn(), group.id, stream, std::move(taken));
    PutLogEventsOutput out;
    out.next_sequence_token = Position{stream.last_event, stream.next_sequence, 0}.text();
    if (rejected != RejectedLogEventsInfo{}) out.rejected_log_events_info = rejected;
    return out;
}

Result<GetLogEventsOutput> Logs::GetLogEvents(aws::Call& call, const GetLogEventsInput& in) {
    TRY(const std::string name, group_name(in.log_group_name, in.log_group_identifier));
    TRY(const StoredGroup group, find_group(call, name));
    TRY(const StoredStream stream, find_stream(call, group, in.log_stream_name));
    const int64_t start = std::max(in.start_time.value_or(0), expiry(group, call.now));
    const int64_t end = end_of(in.end_time);
    const auto most = static_cast<size_t>(in.limit.value_or(limits::answer_events));
    Place place{in.start_from_head.value_or(false), Position::at(start)};
    if (!place.forward) place.position = Position::at(end);
    if (in.next_token) {
        TRY(place, read_place(*in.next_token));
    }
    std::vector<ReadEvent> events;
    if (place.forward)
        events = page_forward(call, group, stream, std::max(place.position, Position::at(start)),
                              end, most);
    else
        events =
            read_backward(call.txn(), group.id, stream, std::min(place.position, Position::at(end)),
                          start, most, limits::answer_bytes);
    GetLogEventsOutput out;
    const bool open_end =
        place.position.timestamp == INT64_MAX;  // Nothing there yet: go on from the start.
    const Position nothing =
        open_end ? Position::at(std::max(start, stream.last_event)) : place.position;
    out.next_forward_token = token('f', events.empty() ? nothing : events.back().position);
    out.next_backward_token = token('b', events.empty() ? nothing : events.front().position);
    for (ReadEvent& event : events)
        out.events.push_back({.timestamp = event.event.timestamp,
                              .message = std::move(event.event.message),
                              .ingestion_time = event.event.ingested});
    return out;
}

namespace {

struct Hit {
    Position position;
    const StoredStream* stream;
    StoredEvent event;
    // Ordered by time, then stream, then place: what the token names.
    auto key() const {
        return std::tie(position.timestamp, stream->id, position.sequence, position.index);
    }
};

struct FilterToken {
    Position position;
    std::string stream_id;
};

Result<FilterToken> read_filter_token(const std::string& text) {
    TRY(const std::string raw, aws::read_token(text, "InvalidParameterException"));
    const auto position =
        raw.size() > 56 ? Position::parse(std::string_view(raw).substr(0, 56)) : std::nullopt;
    if (!position) return errors::InvalidParameterException("The specified nextToken is invalid.");
    return FilterToken{*position, raw.substr(56)};
}

Result<std::vector<StoredStream>> streams_to_search(aws::Call& call, const StoredGroup& group,
                                                    const FilterLogEventsInput& in) {
    std::vector<StoredStream> streams;
    if (in.log_stream_names.given() && in.log_stream_name_prefix)
        return errors::InvalidParameterException(
            "logStreamNames and logStreamNamePrefix exclude each other.");
    if (!in.log_stream_names.given()) {
        for (auto& [key, stream] : schema::streams.list(call.txn(), group.id))
            if (stream.name.starts_with(in.log_stream_name_prefix.value_or("")))
                streams.push_back(std::move(stream));
        return streams;
    }
    for (const std::string& name : in.log_stream_names) {
        TRY(StoredStream stream, find_stream(call, group, name));
        streams.push_back(std::move(stream));
    }
    return streams;
}

// The search: through all streams at once, one window of time after the other.
struct Search {
    aws::Call& call;
    const StoredGroup& group;
    const std::vector<StoredStream>& streams;
    const FilterPattern& pattern;
    std::optional<FilterToken> after;
    int64_t end;
    size_t most;

    std::vector<Hit> hits;
    size_t bytes = 0, looked_at = 0;
    std::optional<std::string> next;  // The token, when more may follow.

    bool is_after_token(const Position& position, const StoredStream& stream) const {
        if (!after) return true;
        return std::tie(position.timestamp, stream.id, position.sequence, position.index) >
               std::tie(after->position.timestamp, after->stream_id, after->position.sequence,
                        after->position.index);
    }

    std::vector<Hit> window(int64_t from, int64_t to) {
        std::vector<Hit> found;
        for (const StoredStream& stream : streams) {
            size_t of_stream = 0;
            read_forward(call.txn(), group.id, stream, Position::at(from), to,
                         [&](ReadEvent&& event) {
                             ++looked_at;
                             if (!is_after_token(event.position, stream) ||
                                 !pattern.matches(event.event.message))
                                 return true;
                             found.push_back({event.position, &stream, std::move(event.event)});
                             return ++of_stream <= most;
                         });
        }
        std::sort(found.begin(), found.end(),
                  [](const Hit& a, const Hit& b) { return a.key() < b.key(); });
        return found;
    }

    // The first event at or after `from`, by the streams' own ends; INT64_MAX when none can be.
    int64_t next_start(int64_t from) const {
        int64_t next = INT64_MAX;
        for (const StoredStream& stream : streams)
            if (stream.last_ingestion != 0 && stream.last_event >= from)
                next = std::min(next, std::max(from, stream.first_event));
        return next;
    }

    void run(int64_t from) {
        int64_t width = 60 * 1000;
        for (from = next_start(from); from < end && from != INT64_MAX; from = next_start(from)) {
            const int64_t to = std::min(end, from + width);
            const size_t before = looked_at;
            for (Hit& hit : window(from, to)) {
                bytes += size_of_event(hit.event.message);
                if (hits.size() == most || (!hits.empty() && bytes > limits::answer_bytes)) {
                    next = aws::make_token(hits.back().position.text() + hits.back().stream->id);
                    return;
                }
                hits.push_back(std::move(hit));
            }
            from = to;
            if (looked_at >= limits::filter_scan && next_start(from) < end) {
                next = aws::make_token(Position{to - 1, INT32_MAX, INT32_MAX}.text() +
                                       "~");  // After all ids.
                return;
            }
            if (looked_at - before < 1000) width *= 4;
        }
    }
};

}  // namespace

Result<FilterLogEventsOutput> Logs::FilterLogEvents(aws::Call& call,
                                                    const FilterLogEventsInput& in) {
    TRY(const std::string name, group_name(in.log_group_name, in.log_group_identifier));
    TRY(const StoredGroup group, find_group(call, name));
    TRY(const auto streams, streams_to_search(call, group, in));
    TRY(const FilterPattern pattern, FilterPattern::parse(in.filter_pattern.value_or("")));
    if (!in.start_from_head.value_or(true))
        return errors::InvalidParameterException(
            "Unkai filters from the earliest event on; leave out startFromHead or set it to true.");
    Search search{call,
                  group,
                  streams,
                  pattern,
                  std::nullopt,
                  end_of(in.end_time),
                  static_cast<size_t>(in.limit.value_or(limits::answer_events)),
                  {}};
    int64_t from = std::max(in.start_time.value_or(0), expiry(group, call.now));
    if (in.next_token) {
        TRY(search.after, read_filter_token(*in.next_token));
        from = std::max(from, search.after->position.timestamp);
    }
    search.run(from);
    FilterLogEventsOutput out;
    out.next_token = search.next;
    for (Hit& hit : search.hits)
        out.events.push_back({.log_stream_name = hit.stream->name,
                              .timestamp = hit.event.timestamp,
                              .message = std::move(hit.event.message),
                              .ingestion_time = hit.event.ingested,
                              .event_id = hit.position.text()});
    return out;
}

}  // namespace unkai::services::logs
